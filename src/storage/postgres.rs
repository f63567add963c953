//! PostgreSQL: a pool of connections that own their transactions.
//!
//! Sessions are read-only unless a transaction says otherwise, so that a write outside one fails as
//! it does on SQLite. `BEGIN` travels with the first statement and costs no round trip. A transaction
//! that is one statement needs neither `BEGIN` nor `COMMIT`: such have connections of their own, so
//! that conversations, which may wait for one another's locks, never take them all. A
//! connection goes back to the pool only when its state is known: after an interrupted
//! statement it is closed, and the server is told to stop.

mod connection;
mod own_certificate;
mod servers;
mod tls;
mod types;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool::Runtime;
use deadpool::managed::{Manager as _, Object, Pool, PoolError};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::error::SqlState;

use crate::storage::backend::{Backend, Connection, Dialect, Job};
use crate::storage::row::Row;
use crate::storage::{Error, Figures, PATIENCE, PostgresTarget, Result};
use connection::{PostgresConnection, State};
use servers::{Known, Servers, Use};
use tls::Tls;

/// How long the server works on one statement at most.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long this side waits for the answer to one: a little longer, so that the server's no comes first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(6);

/// A database on a server, or on several that copy one another.
#[derive(Clone)]
pub(super) struct Postgres {
    reading: Pool<Servers>,
    conversations: Pool<Servers>,
    statements: Pool<Servers>,
    shared: Arc<Shared>,
}

/// What every connection needs to know.
struct Shared {
    schema: String,
    tls: Tls,
    /// Whether a transaction-mode pooler stands between: then nothing may be kept in a session.
    is_pooled: bool,
    begin_read: String,
    begin_write: String,
}

impl Postgres {
    /// Prepares the pool; connects at first use.
    pub(super) fn new(target: &PostgresTarget) -> Result<Self> {
        let tls = Tls::new(target)?;
        let known = Arc::<Known>::default();
        let pool = |use_for, size| {
            Pool::builder(Servers::new(target, tls.clone(), use_for, known.clone()))
                .max_size(size)
                .runtime(Runtime::Tokio1)
                .wait_timeout(Some(PATIENCE))
                .create_timeout(Some(PATIENCE))
                .recycle_timeout(Some(PATIENCE))
                .build()
                .map_err(Error::unavailable)
        };
        let [reading, conversations, statements] = shares(target.max_connections);
        let reading = pool(Use::Reading, reading)?;
        let conversations = pool(Use::Conversations, conversations)?;
        let statements = pool(Use::Statements, statements)?;
        let local = if target.behind_pooler {
            let timeout = STATEMENT_TIMEOUT.as_millis();
            let schema = quoted(&target.schema);
            format!("; SET LOCAL search_path = {schema}; SET LOCAL statement_timeout = {timeout}")
        } else {
            String::new()
        };
        let shared = Shared {
            schema: target.schema.clone(),
            tls,
            is_pooled: target.behind_pooler,
            begin_read: format!("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY{local}"),
            begin_write: format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE{local}"),
        };
        Ok(Self {
            reading,
            conversations,
            statements,
            shared: Arc::new(shared),
        })
    }

    fn pool(&self, state: State) -> &Pool<Servers> {
        match state {
            State::Reading => &self.reading,
            State::Waiting | State::Open => &self.conversations,
            State::Alone => &self.statements,
        }
    }

    async fn link(&self, state: State) -> Result<Object<Servers>> {
        let pool = self.pool(state);
        let link = link(pool).await?;
        if link.takes_writes || state == State::Reading {
            return Ok(link);
        }
        // How the database was set when a session began counts for all of it, so if that was
        // read-only, a fresh session tells whether it still is.
        if !pool.manager().create().await?.takes_writes {
            return Err(Error::unavailable("the database is read-only"));
        }
        pool.manager().retire();
        drop(link);
        self::link(pool).await
    }

    async fn connection(&self, state: State) -> Result<PostgresConnection> {
        let link = self.link(state).await?;
        Ok(PostgresConnection::new(self.clone(), link, state))
    }
}

/// How many connections there are for reading, for conversations and for single statements.
fn shares(most: usize) -> [usize; 3] {
    let statements = (most * 2 / 5).max(1);
    let conversations = (most * 3 / 10).max(1);
    let reading = most.saturating_sub(statements + conversations).max(1);
    [reading, conversations, statements]
}

async fn link(pool: &Pool<Servers>) -> Result<Object<Servers>> {
    // The pool's own limits are for each of its steps.
    match timeout(PATIENCE, pool.get()).await {
        Ok(Ok(link)) => Ok(link),
        Ok(Err(PoolError::Backend(error))) => Err(error),
        Ok(Err(error)) => Err(Error::unavailable(error)),
        Err(_) => Err(Error::unavailable("every connection is busy or still being opened")),
    }
}

#[async_trait]
impl Backend for Postgres {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    fn figures(&self) -> Figures {
        let mut figures = Figures::default();
        for pool in [&self.reading, &self.conversations, &self.statements] {
            let status = pool.status();
            figures.in_use += status.size.saturating_sub(status.available);
            figures.idle += status.available;
            figures.most += status.max_size;
            figures.waiting += status.waiting;
        }
        figures
    }

    async fn read(&self) -> Result<Box<dyn Connection>> {
        Ok(Box::new(self.connection(State::Reading).await?))
    }

    async fn begin(&self) -> Result<Box<dyn Connection>> {
        Ok(Box::new(self.connection(State::Waiting).await?))
    }

    async fn once(&self, job: Job) -> Result<Vec<Row>> {
        let mut connection = self.connection(State::Alone).await?;
        connection.query(job.postgres.sql, job.postgres.args).await
    }

    fn read_certificates(&self) -> Result<()> {
        self.shared.tls.read_again()
    }

    async fn exists(&self) -> Result<bool> {
        // A schema that is not there has no tables, which is all that anybody asks of it.
        Ok(true)
    }

    async fn create(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        // The statement that follows asks for a right on the whole database even if there is nothing to do.
        let sql = "SELECT CAST(1 AS BIGINT) FROM pg_namespace WHERE nspname = $1";
        let args = vec![self.shared.schema.as_str().into()];
        if tx.query(sql, args).await?.is_empty() {
            let schema = quoted(&self.shared.schema);
            tx.batch(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
        }
        tx.commit().await
    }
}

fn settings(target: &PostgresTarget, host: &str, port: u16) -> Config {
    let mut config = Config::new();
    config
        .host(host)
        .port(port)
        .dbname(&target.database)
        .user(&target.username)
        .application_name("authara")
        .tcp_user_timeout(ANSWER_TIMEOUT)
        .keepalives_idle(Duration::from_secs(30));
    if !target.password.is_empty() {
        config.password(target.password.expose());
    }
    if target.verify_tls {
        config.ssl_mode(tokio_postgres::config::SslMode::Require);
    } else {
        config.ssl_mode(tokio_postgres::config::SslMode::Disable);
    }
    if !target.behind_pooler {
        let timeout = STATEMENT_TIMEOUT.as_millis();
        let schema = option_escaped(&quoted(&target.schema));
        config.options(format!("-c search_path={schema} -c statement_timeout={timeout}"));
    }
    config
}

/// A name as it stands in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A value as it stands in the start-up options, where spaces separate.
fn option_escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(' ', "\\ ")
}

fn connect_reason(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;

    match (error.as_db_error(), error.source()) {
        (Some(answer), _) => answer.message().to_owned(),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    }
}

/// The server's messages may quote values, so only code, name and the statement itself are kept.
fn statement_error(error: &tokio_postgres::Error, sql: &str, is_write: bool) -> Error {
    let Some(answer) = error.as_db_error() else {
        return Error::Unavailable(connect_reason(error));
    };
    let code = answer.code();
    let class = code.code().get(..2).unwrap_or_default();
    let may_pass = matches!(class, "08" | "53" | "57" | "58")
        || [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::LOCK_NOT_AVAILABLE,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ]
        .contains(code)
        || is_stale_plan(error)
        || (is_write && *code == SqlState::READ_ONLY_SQL_TRANSACTION);
    let name = answer
        .constraint()
        .or(answer.column())
        .or(answer.table())
        .unwrap_or("-");
    let sketch: String = sql.split_whitespace().take(6).collect::<Vec<_>>().join(" ");
    let text = format!("{} {name} in `{sketch} …`", code.code());
    if may_pass {
        Error::Unavailable(text)
    } else if *code == SqlState::UNIQUE_VIOLATION {
        Error::Taken(text)
    } else {
        Error::Statement(text)
    }
}

/// A prepared statement that a migration has overtaken, or that the session no longer has.
fn is_stale_plan(error: &tokio_postgres::Error) -> bool {
    matches!(
        error.code(),
        Some(&SqlState::FEATURE_NOT_SUPPORTED | &SqlState::INVALID_SQL_STATEMENT_NAME)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_use_has_its_share_of_the_connections() {
        for most in 3..1000 {
            let shares = shares(most);
            assert_eq!(shares.iter().sum::<usize>(), most);
            assert!(
                shares.iter().all(|share| *share > 0 && *share <= most.div_ceil(2)),
                "{shares:?}"
            );
        }
        assert_eq!(shares(1), [1, 1, 1], "below three there would be none for something");
    }

    #[test]
    fn a_schema_name_cannot_become_anything_else() {
        assert_eq!(quoted(r#"a"b"#), r#""a""b""#);
        assert_eq!(option_escaped(r#""a b\c""#), r#""a\ b\\c""#);
    }
}
