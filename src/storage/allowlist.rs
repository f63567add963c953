//! Addresses and domains that accounts may have.

use crate::domain::{Allowed, Email, PlatformRole, Timestamp};
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::allowlist`].
pub struct Allowlist<'c>(pub(super) &'c mut Conn);

/// Accounts that are on and whose address the list does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptOut {
    /// All of them.
    pub accounts: i64,
    /// The admins among them.
    pub admins: i64,
}

impl Allowlist<'_> {
    /// Adds an entry; `false` if it is there.
    pub async fn add(self, entry: &Allowed, now: Timestamp) -> Result<bool> {
        let sql = "INSERT INTO allowed_emails (entry, added_at)
                   VALUES ($1, $2)
                   ON CONFLICT (entry) DO NOTHING";
        Ok(self.0.execute(sql, args![entry.to_string(), now]).await? == 1)
    }

    /// Removes an entry; `false` if it is not there.
    pub async fn remove(self, entry: &Allowed) -> Result<bool> {
        let sql = "DELETE FROM allowed_emails WHERE entry = $1";
        Ok(self.0.execute(sql, args![entry.to_string()]).await? == 1)
    }

    /// Whether an entry allows the address: itself, or its whole domain.
    pub async fn admits(self, email: &Email) -> Result<bool> {
        let sql = "SELECT entry FROM allowed_emails WHERE entry = $1 OR entry = $2 LIMIT 1";
        let domain = Allowed::domain_of(email).to_string();
        let found: Option<String> = self.0.find(sql, args![email, domain], |row| row.next("entry")).await?;
        Ok(found.is_some())
    }

    /// The entries after that one, in the order of their bytes; at most `limit`.
    pub async fn page(self, after: Option<&Allowed>, limit: u32) -> Result<Vec<(Allowed, Timestamp)>> {
        let sql = "SELECT entry, added_at FROM allowed_emails
                   WHERE entry > $1
                   ORDER BY entry
                   LIMIT $2";
        let after = after.map(ToString::to_string).unwrap_or_default();
        self.0
            .list(sql, args![after, limit], |row| {
                Ok((row.next("allowed_emails.entry")?, row.next("allowed_emails.added_at")?))
            })
            .await
    }

    /// Who is kept out where the list is on. Reads all accounts.
    pub async fn kept_out(self) -> Result<KeptOut> {
        let sql = "SELECT count(*), count(r.role)
                   FROM users u
                   LEFT JOIN user_roles r ON r.user_id = u.id AND r.role = $1
                   WHERE u.disabled_at IS NULL
                     AND NOT EXISTS (
                       SELECT 1 FROM allowed_emails a
                       WHERE a.entry = u.email
                          OR a.entry = '@' || substr(
                               u.email, length(rtrim(u.email, 'abcdefghijklmnopqrstuvwxyz0123456789-.')) + 1))";
        let counted = self.0.find(sql, args![PlatformRole::Admin.name()], |row| {
            Ok(KeptOut {
                accounts: row.next("count")?,
                admins: row.next("count")?,
            })
        });
        Ok(counted.await?.unwrap_or(KeptOut { accounts: 0, admins: 0 }))
    }
}
