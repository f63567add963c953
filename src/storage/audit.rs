//! Audit lines: added, read, never changed, deleted only when their time is over.

use crate::domain::audit::{Action, Actor, AuditLine, Filter, Outcome};
use crate::domain::{AuditId, Client, Timestamp, UserId};
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Error, Result};

/// See [`Conn::audit`].
pub struct Audit<'c>(pub(super) &'c mut Conn);

/// The columns of a line.
macro_rules! columns {
    () => {
        "id, at, action, result, actor, actor_id, subject_id, session_id, address, user_agent, request_id, detail"
    };
}

/// Reads [`columns!`].
fn read(row: &mut Row) -> Result<AuditLine> {
    Ok(AuditLine {
        id: row.next("audit.id")?,
        at: row.next("audit.at")?,
        action: row.next("audit.action")?,
        outcome: row.next("audit.result")?,
        actor: read_actor(row)?,
        subject: row.next("audit.subject_id")?,
        session: row.next("audit.session_id")?,
        client: Client {
            address: row.next("audit.address")?,
            user_agent: row.next("audit.user_agent")?,
            request_id: row.next("audit.request_id")?,
        },
        detail: row.next("audit.detail")?,
    })
}

fn read_actor(row: &mut Row) -> Result<Actor> {
    let kind: String = row.next("audit.actor")?;
    let user: Option<UserId> = row.next("audit.actor_id")?;
    match (kind.as_str(), user) {
        ("user", Some(user)) => Ok(Actor::User(user)),
        ("operator", None) => Ok(Actor::Operator),
        ("system", None) => Ok(Actor::System),
        _ => Err(Error::Unreadable("audit.actor".to_owned())),
    }
}

/// The statement of [`Audit::newest`]; what a further condition says, an index may serve.
macro_rules! newest {
    ($condition:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM audit
             WHERE (at, id) < ($1, $2)
               AND at >= $3
               AND (CAST($4 AS TEXT) IS NULL OR action = $4)
               AND (CAST($5 AS TEXT) IS NULL OR result = $5)
               AND (CAST($6 AS TEXT) IS NULL OR address = $6)
               AND (CAST($7 AS TEXT) IS NULL OR request_id = $7) ",
            $condition,
            " ORDER BY at DESC, id DESC
              LIMIT $8"
        )
    };
}

impl Audit<'_> {
    /// Adds a line.
    pub async fn add(self, line: &AuditLine) -> Result<()> {
        let sql = concat!(
            "INSERT INTO audit (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        );
        let (actor, actor_id) = match line.actor {
            Actor::User(user) => ("user", Some(user)),
            Actor::Operator => ("operator", None),
            Actor::System => ("system", None),
        };
        let args = args![
            line.id,
            line.at,
            line.action.name(),
            line.outcome.name(),
            actor,
            actor_id,
            line.subject,
            line.session,
            line.client.address,
            &line.client.user_agent,
            &line.client.request_id,
            &line.detail,
        ];
        self.0.execute(sql, args).await?;
        Ok(())
    }

    /// The newest lines first that fit, at most `limit`. May read the whole table.
    pub async fn newest(self, filter: &Filter, limit: u32) -> Result<Vec<AuditLine>> {
        let (at, id) = filter.before.unwrap_or((LAST, AuditId::new(uuid::Uuid::max())));
        let mut args = args![
            at,
            id,
            filter.since.unwrap_or(FIRST),
            filter.action.map(Action::name),
            filter.outcome.map(Outcome::name),
            filter.address,
            filter.request_id.as_deref(),
            limit,
        ];
        let rows = match filter.subject {
            None => self.0.scan(newest!(""), args).await?,
            Some(user) => {
                args.push(user.into());
                self.0.scan(newest!("AND subject_id = $9"), args).await?
            }
        };
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }

    /// Deletes up to `limit` lines from before `before`; returns how many.
    pub async fn delete_old(self, before: Timestamp, limit: u32) -> Result<u64> {
        let sql = "DELETE FROM audit
                   WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at LIMIT $2)";
        self.0.execute(sql, args![before, limit]).await
    }
}

/// Nothing was noted before 1970, and nothing will be after the year 9999.
const FIRST: Timestamp = Timestamp::from_seconds(0);
const LAST: Timestamp = Timestamp::from_seconds(253_402_300_799);
