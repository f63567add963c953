//! People and their passwords.

use std::time::Duration;

use crate::domain::password::StoredPassword;
use crate::domain::{Email, PasswordMark, PlatformRole, Secret, Timestamp, User, UserId, Username};
use crate::storage::row::Row;
use crate::storage::value::{Value, args};
use crate::storage::{Conn, Error, Result};

/// See [`Conn::users`].
pub struct Users<'c>(pub(super) &'c mut Conn);

/// The columns of a user `u` that [`read`] reads.
macro_rules! columns {
    () => {
        "u.id, u.email, u.email_verified_at, u.username, u.disabled_at, u.waiting_since, u.language, u.created_at"
    };
}
pub(super) use columns;

/// Selects users.
macro_rules! select {
    ($which:literal) => {
        concat!("SELECT ", columns!(), " FROM users u ", $which)
    };
}

/// Reads [`columns!`].
pub(super) fn read(row: &mut Row) -> Result<User> {
    Ok(User {
        id: row.next("users.id")?,
        email: row.next("users.email")?,
        email_verified_at: row.next("users.email_verified_at")?,
        username: row.next("users.username")?,
        disabled_at: row.next("users.disabled_at")?,
        waiting_since: row.next("users.waiting_since")?,
        language: row.next("users.language")?,
        created_at: row.next("users.created_at")?,
    })
}

/// Reads `p.hash, p.changed_at` of an outer join.
fn read_password(row: &mut Row) -> Result<Option<StoredPassword>> {
    let hash: Option<String> = row.next("passwords.hash")?;
    let changed_at: Option<Timestamp> = row.next("passwords.changed_at")?;
    Ok(hash.zip(changed_at).map(|(hash, changed_at)| StoredPassword {
        hash: Secret::new(hash),
        mark: PasswordMark::set_at(changed_at),
    }))
}

impl Users<'_> {
    /// Adds a user; `false` if the address or the username is taken.
    pub async fn add(self, user: &User) -> Result<bool> {
        let sql = "INSERT INTO users
                     (id, email, email_verified_at, username, username_normalized, disabled_at, waiting_since, language,
                      created_at)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                   ON CONFLICT DO NOTHING";
        let args = args![
            user.id,
            &user.email,
            user.email_verified_at,
            &user.username,
            user.username.normalized(),
            user.disabled_at,
            user.waiting_since,
            &user.language,
            user.created_at,
        ];
        Ok(self.0.execute(sql, args).await? == 1)
    }

    /// The user with that id.
    pub async fn by_id(self, id: UserId) -> Result<Option<User>> {
        let sql = select!("WHERE u.id = $1");
        self.0.find(sql, args![id], read).await
    }

    /// The user with that id, locked until the transaction ends: nobody else changes or deletes
    /// them, sets their password, opens a session for them or ends one.
    pub async fn lock(self, id: UserId) -> Result<Option<User>> {
        // At once as strong as a change of a unique column needs it: two that hold the row by a weaker
        // lock and then ask for more would block each other.
        let sql = select!("WHERE u.id = $1 {pg: FOR UPDATE}");
        self.0.find(sql, args![id], read).await
    }

    /// The user with that address.
    pub async fn by_email(self, email: &Email) -> Result<Option<User>> {
        let sql = select!("WHERE u.email = $1");
        self.0.find(sql, args![email], read).await
    }

    /// The user with that address and their password, if there is one.
    pub async fn credentials(self, email: &Email) -> Result<Option<(User, Option<StoredPassword>)>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            ", p.hash, p.changed_at
             FROM users u
             LEFT JOIN passwords p ON p.user_id = u.id
             WHERE u.email = $1"
        );
        let read = |row: &mut Row| Ok((read(row)?, read_password(row)?));
        self.0.find(sql, args![email], read).await
    }

    /// The user's password, if there is one.
    pub async fn password(self, id: UserId) -> Result<Option<StoredPassword>> {
        let sql = "SELECT hash, changed_at FROM passwords WHERE user_id = $1";
        Ok(self.0.find(sql, args![id], read_password).await?.flatten())
    }

    /// Sets or replaces the password and returns its mark, which no earlier one had. The user is
    /// [locked](Self::lock) before.
    pub async fn set_password(self, id: UserId, hash: &str, now: Timestamp) -> Result<PasswordMark> {
        let sql = "INSERT INTO passwords (user_id, hash, changed_at)
                   VALUES ($1, $2, $3)
                   ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at";
        // The clock may stand still, and those of two instances differ. After a clock that was far ahead
        // the present follows, which no password had: one would have to be set in the same microsecond.
        let before = Users(self.0).password(id).await?;
        let next = before.map(|before| before.mark.at() + Duration::from_micros(1));
        let mark = next.map_or(now, |next| now.not_before(next));
        self.0.execute(sql, args![id, hash, mark]).await?;
        Ok(PasswordMark::set_at(mark))
    }

    /// Replaces the stored hash by a stronger one of the same password; `false` if it changed in between.
    pub async fn upgrade_password_hash(self, id: UserId, from: &str, to: &str) -> Result<bool> {
        let sql = "UPDATE passwords SET hash = $3 WHERE user_id = $1 AND hash = $2";
        Ok(self.0.execute(sql, args![id, from, to]).await? == 1)
    }

    /// Changes the username; `false` if somebody has it, which also ends the transaction, or if the
    /// account does not exist.
    pub async fn rename(self, id: UserId, username: &Username) -> Result<bool> {
        // No look before: somebody could take the name in between, and the index decides anyway.
        let sql = "UPDATE users SET username = $2, username_normalized = $3 WHERE id = $1";
        match self.0.execute(sql, args![id, username, username.normalized()]).await {
            Err(Error::Taken(_)) => Ok(false),
            changed => Ok(changed? == 1),
        }
    }

    /// Notes that the owner has proved the address; `false` if they had before.
    pub async fn prove_address(self, id: UserId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE users
                   SET email_verified_at = $2, proof_due_at = NULL
                   WHERE id = $1 AND email_verified_at IS NULL";
        Ok(self.0.execute(sql, args![id, now]).await? == 1)
    }

    /// Gives the account another address, which its owner has proved; `false` if it has an account, which also ends the
    /// transaction, or if the account does not exist.
    pub async fn set_address(self, id: UserId, address: &Email, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE users SET email = $2, email_verified_at = $3, proof_due_at = NULL WHERE id = $1";
        match self.0.execute(sql, args![id, address, now]).await {
            Err(Error::Taken(_)) => Ok(false),
            changed => Ok(changed? == 1),
        }
    }

    /// Notes until when the address must be proved; `None` for ever.
    pub async fn set_proof_due(self, id: UserId, at: Option<Timestamp>) -> Result<()> {
        let sql = "UPDATE users SET proof_due_at = $2 WHERE id = $1";
        self.0.execute(sql, args![id, at]).await?;
        Ok(())
    }

    /// Nobody has to prove their address any more; returns of how many that was expected.
    pub async fn clear_proof_due(self) -> Result<u64> {
        let sql = "UPDATE users SET proof_due_at = NULL WHERE proof_due_at IS NOT NULL";
        self.0.execute(sql, args![]).await
    }

    /// Up to `limit` users whose address should have been proved before `now`, the longest due first.
    pub async fn overdue(self, now: Timestamp, limit: u32) -> Result<Vec<UserId>> {
        let sql = "SELECT id FROM users WHERE proof_due_at < $1 ORDER BY proof_due_at LIMIT $2";
        self.0.list(sql, args![now, limit], |row| row.next("users.id")).await
    }

    /// Whether the address should have been proved before `now`, and was not.
    pub async fn is_overdue(self, id: UserId, now: Timestamp) -> Result<bool> {
        let sql = "SELECT id FROM users WHERE id = $1 AND proof_due_at < $2 AND email_verified_at IS NULL";
        Ok(!self.0.query(sql, args![id, now]).await?.is_empty())
    }

    /// Takes the password away; `false` if there is none.
    pub async fn remove_password(self, id: UserId) -> Result<bool> {
        let sql = "DELETE FROM passwords WHERE user_id = $1";
        Ok(self.0.execute(sql, args![id]).await? == 1)
    }

    /// Notes the language in which a person reads.
    pub async fn set_language(self, id: UserId, language: &str) -> Result<()> {
        let sql = "UPDATE users SET language = $2 WHERE id = $1";
        self.0.execute(sql, args![id, language]).await?;
        Ok(())
    }

    /// Deletes the account with password, roles, memberships, sessions and their tokens; `false` if
    /// it does not exist. Organizations stay, see [`Organizations::delete_without`].
    ///
    /// [`Organizations::delete_without`]: crate::storage::organizations::Organizations::delete_without
    pub async fn delete(self, id: UserId) -> Result<bool> {
        let sql = "DELETE FROM users WHERE id = $1";
        Ok(self.0.execute(sql, args![id]).await? == 1)
    }

    /// Switches the account off; `false` if it was off, or does not exist.
    pub async fn disable(self, id: UserId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE users SET disabled_at = $2 WHERE id = $1 AND disabled_at IS NULL";
        Ok(self.0.execute(sql, args![id, now]).await? == 1)
    }

    /// Switches the account on; `false` if it was on, or does not exist.
    pub async fn enable(self, id: UserId) -> Result<bool> {
        let sql = "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL";
        Ok(self.0.execute(sql, args![id]).await? == 1)
    }

    /// Lets the account be used that waited for it; `false` if it did not wait, or does not exist.
    pub async fn approve(self, id: UserId) -> Result<bool> {
        let sql = "UPDATE users SET waiting_since = NULL WHERE id = $1 AND waiting_since IS NOT NULL";
        Ok(self.0.execute(sql, args![id]).await? == 1)
    }

    /// Users who wait for approval, in the order they signed up, after `after`, at most `limit`.
    pub async fn waiting(self, after: Option<(Timestamp, UserId)>, limit: u32) -> Result<Vec<User>> {
        let sql = select!(
            "WHERE u.waiting_since IS NOT NULL AND (u.created_at, u.id) > ($1, $2)
             ORDER BY u.created_at, u.id
             LIMIT $3"
        );
        let (at, id) = after.unwrap_or(BEFORE_ANYBODY);
        self.scan(sql, args![at, id, limit]).await
    }

    /// Users in the order they signed up, after `after`, at most `limit`.
    pub async fn page(self, after: Option<(Timestamp, UserId)>, limit: u32) -> Result<Vec<User>> {
        let sql = select!(
            "WHERE (u.created_at, u.id) > ($1, $2)
             ORDER BY u.created_at, u.id
             LIMIT $3"
        );
        let (at, id) = after.unwrap_or(BEFORE_ANYBODY);
        self.scan(sql, args![at, id, limit]).await
    }

    /// Users with that role in the order they signed up, after `after`, at most `limit`.
    pub async fn with_role(
        self,
        role: PlatformRole,
        after: Option<(Timestamp, UserId)>,
        limit: u32,
    ) -> Result<Vec<User>> {
        let sql = select!(
            "JOIN user_roles r ON r.user_id = u.id
             WHERE r.role = $1 AND (u.created_at, u.id) > ($2, $3)
             ORDER BY u.created_at, u.id
             LIMIT $4"
        );
        let (at, id) = after.unwrap_or(BEFORE_ANYBODY);
        self.scan(sql, args![role.name(), at, id, limit]).await
    }

    /// The address of the user with that username, in lower case.
    pub async fn address_of_username(self, normalized: &str) -> Result<Option<Email>> {
        let sql = "SELECT email FROM users WHERE username_normalized = $1";
        self.0.find(sql, args![normalized], |row| row.next("users.email")).await
    }

    /// Users whose address begins so, in the order of addresses, after the address `after`, at most `limit`.
    pub async fn by_address(self, beginning: &str, after: &str, limit: u32) -> Result<Vec<User>> {
        let sql = select!(
            "WHERE u.email >= $1 AND u.email < $2 AND u.email > $3
             ORDER BY u.email
             LIMIT $4"
        );
        let args = args![beginning, end_of(beginning), after, limit];
        self.scan(sql, args).await
    }

    /// Users whose username begins so, in lower case, but not their address; in the order of
    /// usernames, after the username `after`, at most `limit`.
    pub async fn by_username_alone(self, beginning: &str, after: &str, limit: u32) -> Result<Vec<User>> {
        let sql = select!(
            "WHERE u.username_normalized >= $1 AND u.username_normalized < $2 AND u.username_normalized > $3
               AND NOT (u.email >= $1 AND u.email < $2)
             ORDER BY u.username_normalized
             LIMIT $4"
        );
        let args = args![beginning, end_of(beginning), after, limit];
        self.scan(sql, args).await
    }

    /// Users whose address has this domain, in the order of addresses, after the address `after`, at most `limit`.
    pub async fn by_domain(self, domain: &str, after: &str, limit: u32) -> Result<Vec<User>> {
        // The expression is that of the index `users_by_domain`: what remains of an address when its
        // beginning, up to the `@`, is taken away. Both databases know these functions by these names.
        let sql = select!(
            "WHERE substr(u.email, length(rtrim(u.email, 'abcdefghijklmnopqrstuvwxyz0123456789-.')) + 1) = $1
               AND u.email > $2
             ORDER BY u.email
             LIMIT $3"
        );
        self.scan(sql, args![domain, after, limit]).await
    }

    async fn scan(self, sql: &'static str, args: Vec<Value>) -> Result<Vec<User>> {
        let rows = self.0.scan(sql, args).await?;
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }

    /// How many there are.
    pub async fn count(self) -> Result<i64> {
        let sql = "SELECT count(*) FROM users";
        let mut rows = self.0.scan(sql, args![]).await?;
        rows.first_mut().map_or(Ok(0), |row| row.next("count(users)"))
    }
}

/// Nobody signed up before 1970.
const BEFORE_ANYBODY: (Timestamp, UserId) = (Timestamp::from_micros(-1), UserId::new(uuid::Uuid::nil()));

/// What comes after every text that begins so: no address and no username has a letter as high.
fn end_of(beginning: &str) -> String {
    format!("{beginning}{}", char::MAX)
}
