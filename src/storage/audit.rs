//! Audit lines: added, read, never changed.

use crate::domain::audit::{Actor, AuditLine};
use crate::domain::{Client, UserId};
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Error, Result};

/// See [`Conn::audit`].
pub struct Audit<'c>(pub(super) &'c mut Conn);

fn read(row: &mut Row) -> Result<AuditLine> {
    Ok(AuditLine {
        id: row.next("audit.id")?,
        at: row.next("audit.at")?,
        action: row.next("audit.action")?,
        actor: read_actor(row)?,
        subject: row.next("audit.subject_id")?,
        session: row.next("audit.session_id")?,
        client: Client {
            address: row.next("audit.address")?,
            user_agent: row.next("audit.user_agent")?,
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

impl Audit<'_> {
    /// Adds a line.
    pub async fn add(self, line: &AuditLine) -> Result<()> {
        let sql = "INSERT INTO audit
                     (id, at, action, actor, actor_id, subject_id, session_id, address, user_agent, detail)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let (actor, actor_id) = match line.actor {
            Actor::User(user) => ("user", Some(user)),
            Actor::Operator => ("operator", None),
            Actor::System => ("system", None),
        };
        let args = args![
            line.id,
            line.at,
            line.action.name(),
            actor,
            actor_id,
            line.subject,
            line.session,
            line.client.address,
            &line.client.user_agent,
            &line.detail,
        ];
        self.0.execute(sql, args).await?;
        Ok(())
    }

    /// The newest lines first, of one subject or of all, at most `limit`.
    pub async fn newest(self, subject: Option<UserId>, limit: u32) -> Result<Vec<AuditLine>> {
        let of_all = "SELECT id, at, action, actor, actor_id, subject_id, session_id, address, user_agent, detail
                      FROM audit
                      ORDER BY at DESC, id DESC
                      LIMIT $1";
        let of_one = "SELECT id, at, action, actor, actor_id, subject_id, session_id, address, user_agent, detail
                      FROM audit
                      WHERE subject_id = $2
                      ORDER BY at DESC, id DESC
                      LIMIT $1";
        match subject {
            None => self.0.list(of_all, args![limit], read).await,
            Some(user) => self.0.list(of_one, args![limit, user], read).await,
        }
    }
}
