//! Limits that hold across instances and restarts.

use crate::domain::limit::{Budget, Limit};
use crate::domain::time::LEEWAY;
use crate::domain::{Timestamp, TokenHash};
use crate::storage::value::{Value, args};
use crate::storage::{Conn, Result};

/// See [`Conn::budgets`]. `key` is a keyed hash of what is counted.
pub struct Budgets<'c>(pub(super) &'c mut Conn);

impl Budgets<'_> {
    /// Takes one from a budget; `false` if it is spent. A window that is over begins anew; the more
    /// was taken in all those before it, the longer it is ([`Budget::window_after`]). `strikes` is how much.
    /// A window that would end later than the longest, by more than clocks differ, is over as well: the
    /// clock was set back since.
    pub async fn take(self, limit: Limit, key: &TokenHash, budget: Budget, now: Timestamp) -> Result<bool> {
        // $5 to $10 are `ends_at` of the next window, after no whole budget, one, two, and so on; $11 is the
        // latest that is believed.
        let sql = "INSERT INTO budgets (name, key, spent, strikes, ends_at)
                   VALUES ($1, $2, 1, 0, $5)
                   ON CONFLICT (name, key) DO UPDATE
                   SET spent = CASE WHEN budgets.ends_at <= $3 OR budgets.ends_at > $11 THEN 1
                                    ELSE budgets.spent + 1 END,
                       strikes = CASE WHEN budgets.ends_at <= $3 OR budgets.ends_at > $11
                                      THEN budgets.strikes + CASE WHEN budgets.spent > $4 THEN $4 ELSE budgets.spent END
                                      ELSE budgets.strikes END,
                       ends_at = CASE WHEN budgets.ends_at > $3 AND budgets.ends_at <= $11 THEN budgets.ends_at
                                      ELSE CASE (budgets.strikes + budgets.spent) / $4
                                           WHEN 0 THEN $5
                                           WHEN 1 THEN $6
                                           WHEN 2 THEN $7
                                           WHEN 3 THEN $8
                                           WHEN 4 THEN $9
                                           ELSE $10 END END
                   WHERE budgets.ends_at <= $3 OR budgets.ends_at > $11 OR budgets.spent < $4";
        let mut args = args![limit.name(), key, now, budget.limit];
        args.extend((0..Budget::STEPS).map(|used_up| Value::from(now + budget.window_after(used_up))));
        args.push(Value::from(now + budget.window_after(Budget::STEPS) + LEEWAY));
        Ok(self.0.execute(sql, args).await? == 1)
    }

    /// Gives one back that was taken.
    pub async fn give_back(self, limit: Limit, key: &TokenHash, budget: Budget) -> Result<()> {
        // What [`Budgets::tell`] added is no attempt.
        let sql = "UPDATE budgets
                   SET spent = CASE WHEN spent > $3 THEN $3 ELSE spent END - 1
                   WHERE name = $1 AND key = $2 AND spent > 0";
        self.0.execute(sql, args![limit.name(), key, budget.limit]).await?;
        Ok(())
    }

    /// Notes that somebody was told that the budget is spent; `true` for the first in a window.
    pub async fn tell(self, limit: Limit, key: &TokenHash, budget: Budget) -> Result<bool> {
        let sql = "UPDATE budgets SET spent = spent + 1 WHERE name = $1 AND key = $2 AND spent = $3";
        Ok(self.0.execute(sql, args![limit.name(), key, budget.limit]).await? == 1)
    }

    /// Begins a budget anew; `true` if anything of it was spent.
    pub async fn forget(self, limit: Limit, key: &TokenHash) -> Result<bool> {
        let sql = "DELETE FROM budgets WHERE name = $1 AND key = $2";
        Ok(self.0.execute(sql, args![limit.name(), key]).await? == 1)
    }

    /// When the present window ends, if there is one.
    pub async fn end(self, limit: Limit, key: &TokenHash) -> Result<Option<Timestamp>> {
        let sql = "SELECT ends_at FROM budgets WHERE name = $1 AND key = $2";
        let args = args![limit.name(), key];
        self.0.find(sql, args, |row| row.next("budgets.ends_at")).await
    }

    /// Deletes up to `limit` windows that ended before `before`; returns how many.
    pub async fn delete_over(self, before: Timestamp, limit: u32) -> Result<u64> {
        let sql = "DELETE FROM budgets
                   WHERE (name, key) IN (SELECT name, key FROM budgets WHERE ends_at < $1 LIMIT $2)";
        self.0.execute(sql, args![before, limit]).await
    }
}
