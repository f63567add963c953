//! Attempts to prove an address with a code.

use crate::domain::challenge::{Challenge, Purpose};
use crate::domain::{ChallengeId, Email, Timestamp, TokenHash, UserId};
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::challenges`].
pub struct Challenges<'c>(pub(super) &'c mut Conn);

/// The columns of a challenge that [`read`] reads.
macro_rules! columns {
    () => {
        "id, purpose, address, user_id, code, code_ends_at, sealed, attempts, resends, sent_at, created_at, ends_at,
         redeemed_at"
    };
}

/// Reads [`columns!`].
fn read(row: &mut Row) -> Result<Challenge> {
    Ok(Challenge {
        id: row.next("challenges.id")?,
        purpose: row.next("challenges.purpose")?,
        address: row.next("challenges.address")?,
        user: row.next("challenges.user_id")?,
        code: row.next("challenges.code")?,
        code_ends_at: row.next("challenges.code_ends_at")?,
        sealed: row.next("challenges.sealed")?,
        attempts: u32::try_from(row.next::<i64>("challenges.attempts")?).unwrap_or(u32::MAX),
        resends: u32::try_from(row.next::<i64>("challenges.resends")?).unwrap_or(u32::MAX),
        sent_at: row.next("challenges.sent_at")?,
        created_at: row.next("challenges.created_at")?,
        ends_at: row.next("challenges.ends_at")?,
        redeemed_at: row.next("challenges.redeemed_at")?,
    })
}

impl Challenges<'_> {
    /// Adds one.
    pub async fn add(self, challenge: &Challenge) -> Result<()> {
        let sql = concat!(
            "INSERT INTO challenges (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        );
        let args = args![
            challenge.id,
            challenge.purpose.name(),
            &challenge.address,
            challenge.user,
            challenge.code.as_ref(),
            challenge.code_ends_at,
            &challenge.sealed,
            challenge.attempts,
            challenge.resends,
            challenge.sent_at,
            challenge.created_at,
            challenge.ends_at,
            challenge.redeemed_at,
        ];
        self.0.execute(sql, args).await?;
        Ok(())
    }

    /// The one of that id, locked until the transaction ends.
    pub async fn lock(self, id: ChallengeId) -> Result<Option<Challenge>> {
        let sql = concat!("SELECT ", columns!(), " FROM challenges WHERE id = $1 {pg: FOR UPDATE}");
        self.0.find(sql, args![id], read).await
    }

    /// The one of that id.
    pub async fn by_id(self, id: ChallengeId) -> Result<Option<Challenge>> {
        let sql = concat!("SELECT ", columns!(), " FROM challenges WHERE id = $1");
        self.0.find(sql, args![id], read).await
    }

    /// Counts a wrong code.
    pub async fn count_attempt(self, id: ChallengeId) -> Result<()> {
        let sql = "UPDATE challenges SET attempts = attempts + 1 WHERE id = $1";
        self.0.execute(sql, args![id]).await?;
        Ok(())
    }

    /// Gives it another code, or none if no code is right.
    pub async fn renew(
        self,
        id: ChallengeId,
        code: Option<&TokenHash>,
        code_ends_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let sql =
            "UPDATE challenges SET code = $2, code_ends_at = $3, sent_at = $4, resends = resends + 1 WHERE id = $1";
        self.0.execute(sql, args![id, code, code_ends_at, now]).await?;
        Ok(())
    }

    /// Uses it up; `false` if it was before.
    pub async fn redeem(self, id: ChallengeId, now: Timestamp) -> Result<bool> {
        let sql =
            "UPDATE challenges SET redeemed_at = $2, code = NULL, sealed = $3 WHERE id = $1 AND redeemed_at IS NULL";
        Ok(self.0.execute(sql, args![id, now, &[][..]]).await? == 1)
    }

    /// Makes every code for an address worthless that is for this purpose; returns how many.
    pub async fn void_of_address(self, purpose: Purpose, address: &Email) -> Result<u64> {
        let sql = "UPDATE challenges SET code = NULL WHERE address = $1 AND purpose = $2 AND code IS NOT NULL";
        self.0.execute(sql, args![address, purpose.name()]).await
    }

    /// Makes every code about an account worthless that is for this purpose; returns how many.
    pub async fn void_of_user_for(self, purpose: Purpose, user: UserId) -> Result<u64> {
        let sql = "UPDATE challenges SET code = NULL WHERE user_id = $1 AND purpose = $2 AND code IS NOT NULL";
        self.0.execute(sql, args![user, purpose.name()]).await
    }

    /// Makes every code for an address worthless, whatever it is for; returns how many.
    pub async fn void_all_of_address(self, address: &Email) -> Result<u64> {
        // One that somebody else is redeeming at this moment finds the address taken.
        let sql = "UPDATE challenges
                   SET code = NULL
                   WHERE id IN (SELECT id
                                FROM challenges
                                WHERE address = $1 AND code IS NOT NULL
                                {pg: FOR UPDATE SKIP LOCKED})";
        self.0.execute(sql, args![address]).await
    }

    /// Makes every code about an account worthless; returns how many.
    pub async fn void_of_user(self, user: UserId) -> Result<u64> {
        let sql = "UPDATE challenges SET code = NULL WHERE user_id = $1 AND code IS NOT NULL";
        self.0.execute(sql, args![user]).await
    }

    /// Deletes every one of an address that is about no account; returns how many.
    pub async fn delete_of_address(self, address: &Email) -> Result<u64> {
        let sql = "DELETE FROM challenges WHERE address = $1 AND user_id IS NULL";
        self.0.execute(sql, args![address]).await
    }

    /// Deletes up to `limit` that ended before `before`; returns how many.
    pub async fn delete_over(self, before: Timestamp, limit: u32) -> Result<u64> {
        let sql = "DELETE FROM challenges
                   WHERE id IN (SELECT id FROM challenges WHERE ends_at < $1 ORDER BY ends_at LIMIT $2)";
        self.0.execute(sql, args![before, limit]).await
    }
}
