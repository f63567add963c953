//! The outbox: letters that wait to be sent, and what became of them.

use uuid::Uuid;

use crate::domain::letter::{Kind, LONGEST_PAUSE, Letter, Queued, State};
use crate::domain::time::LEEWAY;
use crate::domain::{Email, LetterId, Timestamp, UserId};
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::letters`].
pub struct Letters<'c>(pub(super) &'c mut Conn);

/// The columns of a letter that [`read`] reads.
macro_rules! columns {
    () => {
        "id, kind, user_id, address, language, sealed, created_at, deadline, state, due_at, tries, settled_at, outcome"
    };
}

/// Reads [`columns!`].
fn read(row: &mut Row) -> Result<Queued> {
    Ok(Queued {
        letter: Letter {
            id: row.next("letters.id")?,
            kind: row.next("letters.kind")?,
            user: row.next("letters.user_id")?,
            to: row.next("letters.address")?,
            language: row.next("letters.language")?,
            sealed: row.next("letters.sealed")?,
            created_at: row.next("letters.created_at")?,
            deadline: row.next("letters.deadline")?,
        },
        state: row.next("letters.state")?,
        due_at: row.next("letters.due_at")?,
        tries: u32::try_from(row.next::<i64>("letters.tries")?).unwrap_or(u32::MAX),
        settled_at: row.next("letters.settled_at")?,
        outcome: row.next("letters.outcome")?,
    })
}

/// A time to send that lies further ahead was set by a clock that was wrong.
fn latest_due(now: Timestamp) -> Timestamp {
    now + LONGEST_PAUSE + LEEWAY
}

impl Letters<'_> {
    /// Queues a letter, due at once.
    pub async fn add(self, letter: &Letter) -> Result<()> {
        let sql = "INSERT INTO letters
                     (id, kind, user_id, address, language, sealed, created_at, deadline, state, due_at, tries, outcome)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $7, 0, '')";
        let args = args![
            letter.id,
            letter.kind.name(),
            letter.user,
            &letter.to,
            &letter.language,
            &letter.sealed,
            letter.created_at,
            letter.deadline,
        ];
        self.0.execute(sql, args).await?;
        Ok(())
    }

    /// Takes a letter out again that is not to be sent.
    pub async fn take_back(self, id: LetterId) -> Result<()> {
        let sql = "DELETE FROM letters WHERE id = $1";
        self.0.execute(sql, args![id]).await?;
        Ok(())
    }

    /// Whether a letter is due. Cheap: most of the time none is.
    pub async fn is_due(self, now: Timestamp) -> Result<bool> {
        let sql = "SELECT id FROM letters WHERE state = 'waiting' AND (due_at <= $1 OR due_at > $2) LIMIT 1";
        let found = self.0.query(sql, args![now, latest_due(now)]).await?;
        Ok(!found.is_empty())
    }

    /// Takes the letter that has been due longest, for this `lease` alone until `until`. After that it is due
    /// again, for the worker that took it may have died.
    pub async fn claim(self, lease: Uuid, now: Timestamp, until: Timestamp) -> Result<Option<Queued>> {
        let sql = concat!(
            "UPDATE letters SET lease = $1, due_at = $3, tries = tries + 1
             WHERE id = (SELECT id FROM letters
                         WHERE state = 'waiting' AND (due_at <= $2 OR due_at > $4)
                         ORDER BY due_at, created_at
                         LIMIT 1
                         {pg: FOR UPDATE SKIP LOCKED})
             RETURNING ",
            columns!()
        );
        let args = args![lease, now, until, latest_due(now)];
        self.0.find(sql, args, read).await
    }

    /// Notes the end of a letter that this `lease` took, and removes what was sealed; `false` if somebody else has
    /// taken it since.
    pub async fn settle(self, id: LetterId, lease: Uuid, state: State, outcome: &str, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE letters SET state = $3, outcome = $4, settled_at = $5, lease = NULL, sealed = $6
                   WHERE id = $1 AND lease = $2 AND state = 'waiting'";
        let args = args![id, lease, state.name(), outcome, now, &[][..]];
        Ok(self.0.execute(sql, args).await? == 1)
    }

    /// Puts a letter that this `lease` took back to be tried again; `false` if somebody else has taken it since.
    pub async fn postpone(self, id: LetterId, lease: Uuid, due_at: Timestamp, outcome: &str) -> Result<bool> {
        let sql = "UPDATE letters SET due_at = $3, outcome = $4, lease = NULL
                   WHERE id = $1 AND lease = $2 AND state = 'waiting'";
        Ok(self.0.execute(sql, args![id, lease, due_at, outcome]).await? == 1)
    }

    /// Makes a waiting letter due at once; `false` if it does not wait, or is being sent.
    pub async fn hurry(self, id: LetterId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE letters SET due_at = $2 WHERE id = $1 AND state = 'waiting' AND lease IS NULL";
        Ok(self.0.execute(sql, args![id, now]).await? == 1)
    }

    /// Makes every waiting letter due at once; returns how many.
    pub async fn hurry_all(self, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE letters SET due_at = $1 WHERE state = 'waiting' AND lease IS NULL";
        self.0.execute(sql, args![now]).await
    }

    /// How many letters of that kind were queued about an account since then.
    pub async fn count_since(self, user: UserId, kind: Kind, since: Timestamp) -> Result<i64> {
        let sql = "SELECT count(*) FROM letters WHERE user_id = $1 AND kind = $2 AND created_at > $3";
        let found = self
            .0
            .find(sql, args![user, kind.name(), since], |row| row.next("count(letters)"));
        Ok(found.await?.unwrap_or(0))
    }

    /// Whether a mail server has refused the address for good since then.
    pub async fn is_refused(self, address: &Email, since: Timestamp) -> Result<bool> {
        let sql = "SELECT id FROM letters WHERE state = 'refused' AND address = $1 AND settled_at > $2 LIMIT 1";
        Ok(!self.0.query(sql, args![address, since]).await?.is_empty())
    }

    /// The letter of that id.
    pub async fn by_id(self, id: LetterId) -> Result<Option<Queued>> {
        let sql = concat!("SELECT ", columns!(), " FROM letters WHERE id = $1");
        self.0.find(sql, args![id], read).await
    }

    /// The newest letters first, in that state if one is named, from before that letter, at most `limit`.
    pub async fn newest(
        self,
        state: Option<State>,
        before: Option<(Timestamp, LetterId)>,
        limit: u32,
    ) -> Result<Vec<Queued>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM letters
             WHERE (created_at, id) < ($1, $2) AND (CAST($3 AS TEXT) IS NULL OR state = $3)
             ORDER BY created_at DESC, id DESC
             LIMIT $4"
        );
        let (at, id) = before.unwrap_or((LAST, LetterId::new(Uuid::max())));
        let rows = self.0.scan(sql, args![at, id, state.map(State::name), limit]).await?;
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }

    /// The letters about an account, the newest first, at most `limit`.
    pub async fn of_user(self, user: UserId, limit: u32) -> Result<Vec<Queued>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM letters
             WHERE user_id = $1 AND (state <> 'waiting' OR length(sealed) > 0)
             ORDER BY created_at DESC, id DESC
             LIMIT $2"
        );
        self.0.list(sql, args![user, limit], read).await
    }

    /// How many letters wait, and since when the oldest of them does.
    pub async fn waiting(self) -> Result<(i64, Option<Timestamp>)> {
        let sql = "SELECT count(*), min(created_at) FROM letters
                   WHERE state = 'waiting' AND length(sealed) > 0";
        let found = self.0.find(sql, args![], |row| {
            Ok((row.next("count(letters)")?, row.next("min(letters.created_at)")?))
        });
        Ok(found.await?.unwrap_or((0, None)))
    }

    /// Deletes every letter to an address that is about no account; returns how many.
    pub async fn delete_of_address(self, address: &Email) -> Result<u64> {
        let sql = "DELETE FROM letters WHERE address = $1 AND user_id IS NULL";
        self.0.execute(sql, args![address]).await
    }

    /// Deletes up to `limit` letters that came to an end before `before`, or whose use was over then; returns how many.
    pub async fn delete_settled(self, before: Timestamp, limit: u32) -> Result<u64> {
        let sql = "DELETE FROM letters
                   WHERE id IN (SELECT id FROM letters
                                WHERE settled_at < $1 OR state = 'waiting' AND deadline < $1
                                ORDER BY created_at
                                LIMIT $2)";
        self.0.execute(sql, args![before, limit]).await
    }
}

/// Nothing is queued after the year 9999.
const LAST: Timestamp = Timestamp::from_seconds(253_402_300_799);
