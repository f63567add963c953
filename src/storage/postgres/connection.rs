//! One connection of the pool, with or without a transaction.

use std::pin::pin;

use async_trait::async_trait;
use deadpool::managed::Object;
use deadpool_postgres::ClientWrapper as Client;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::timeout;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use super::servers::Servers;
use super::{ANSWER_TIMEOUT, Postgres, Shared, is_stale_plan, statement_error};
use crate::storage::backend::{Connection, ROWS, Table};
use crate::storage::row::Row;
use crate::storage::sql::for_postgres;
use crate::storage::value::Value;
use crate::storage::{Error, Result};

/// Where a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No transaction, and none wanted.
    Reading,
    /// `BEGIN` will be sent with the first statement.
    Waiting,
    /// In a write transaction.
    Open,
    /// Each statement is a write transaction of its own.
    Alone,
}

pub(super) struct PostgresConnection {
    postgres: Postgres,
    /// Taken by `drop`.
    link: Option<Object<Servers>>,
    state: State,
    /// Whether a statement's answer is outstanding or was lost. Then the connection is good for nothing.
    is_unknown: bool,
    /// Whether it has proved to be alive since it left the pool.
    is_proven: bool,
}

/// What a statement gives: rows, or how many it changed.
enum Answer {
    Rows(Vec<tokio_postgres::Row>),
    Changed(u64),
}

type Attempt = std::result::Result<Answer, tokio_postgres::Error>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Rows,
    Changed,
}

impl PostgresConnection {
    pub(super) fn new(postgres: Postgres, link: Object<Servers>, state: State) -> Self {
        Self {
            postgres,
            link: Some(link),
            state,
            is_unknown: false,
            is_proven: false,
        }
    }

    /// Runs a statement. If it is the first, so that nothing can have happened yet, it is tried
    /// again where the server had closed the connection or a migration overtook its plan. One that
    /// commits by itself may have taken effect unless the server says that it has not.
    async fn run(&mut self, sql: &'static str, args: &[Value], wanted: Wanted) -> Result<Answer> {
        let text = for_postgres(sql);
        let mut result = self.attempt(&text, args, wanted).await?;
        // After a restart of the server every connection in the pool is a dead one.
        let mut tries = self.postgres.pool(self.state).status().max_size;
        while let Err(error) = &result
            && !self.is_proven
            && tries > 0
            && (is_stale_plan(error) || is_lost(error, self.state))
            && (self.state != State::Alone || was_refused(error))
        {
            tries -= 1;
            self.renew().await?;
            result = self.attempt(&text, args, wanted).await?;
        }
        self.is_proven = true;
        if self.state == State::Waiting {
            self.state = State::Open;
        }
        result.map_err(|error| {
            if let Some(link) = self.link.as_ref().filter(|_| is_stale_plan(&error)) {
                link.client.statement_cache.clear();
            }
            statement_error(&error, sql, self.state != State::Reading)
        })
    }

    async fn attempt(&mut self, sql: &str, args: &[Value], wanted: Wanted) -> Result<Attempt> {
        let client = usable(self.link.as_ref(), &mut self.is_unknown)?;
        let sending = send(client, &self.postgres.shared, self.state, sql, args, wanted);
        let answered = timeout(ANSWER_TIMEOUT, sending).await;
        let Ok(result) = answered else {
            return Err(self.silence("the server does not answer"));
        };
        self.is_unknown = result.as_ref().is_err_and(|error| is_lost(error, self.state));
        Ok(result)
    }

    /// The server would have said no by itself, so it is gone or stuck, and with it every connection.
    fn silence(&self, what: &str) -> Error {
        self.postgres.pool(self.state).manager().retire();
        Error::unavailable(what)
    }

    fn answered<T>(&mut self, result: std::result::Result<T, tokio_postgres::Error>, what: &str) -> Result<T> {
        self.is_unknown = result.as_ref().is_err_and(|error| is_lost(error, self.state));
        result.map_err(|error| statement_error(&error, what, true))
    }

    async fn renew(&mut self) -> Result<()> {
        if let Some(link) = self.link.take() {
            drop(Object::take(link));
        }
        self.link = Some(self.postgres.link(self.state).await?);
        self.is_unknown = false;
        Ok(())
    }
}

/// The client of a connection that is in step, which counts as unknown until the next answer is in.
fn usable<'l>(link: Option<&'l Object<Servers>>, is_unknown: &mut bool) -> Result<&'l Client> {
    let link = link.filter(|_| !*is_unknown);
    let link = link.ok_or_else(|| Error::unavailable("the connection was lost"))?;
    *is_unknown = true;
    Ok(&link.client)
}

/// Sends a statement, and in the same go what must stand before and after it.
async fn send(client: &Client, shared: &Shared, state: State, sql: &str, args: &[Value], wanted: Wanted) -> Attempt {
    let statement = if shared.is_pooled {
        None
    } else {
        Some(client.prepare_cached(sql).await?)
    };
    let run = async {
        if let Some(statement) = &statement {
            let args: Vec<_> = args.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
            match wanted {
                Wanted::Rows => client.query(statement, &args).await.map(Answer::Rows),
                Wanted::Changed => client.execute(statement, &args).await.map(Answer::Changed),
            }
        } else {
            let args: Vec<(&(dyn ToSql + Sync), Type)> = args.iter().map(|value| (value as _, value.kind())).collect();
            match wanted {
                Wanted::Rows => client.query_typed(sql, &args).await.map(Answer::Rows),
                Wanted::Changed => client.execute_typed(sql, &args).await.map(Answer::Changed),
            }
        }
    };
    // Each future sends when it is first polled, so `biased` keeps the order on the wire.
    match state {
        State::Waiting => {
            let (opened, answer) = tokio::join!(biased; client.batch_execute(&shared.begin_write), run);
            opened?;
            answer
        }
        State::Reading if shared.is_pooled => {
            let begin = client.batch_execute(&shared.begin_read);
            let (opened, answer, closed) = tokio::join!(biased; begin, run, client.batch_execute("COMMIT"));
            opened?;
            let answer = answer?;
            closed?;
            Ok(answer)
        }
        State::Alone if shared.is_pooled => {
            let begin = client.batch_execute(&shared.begin_write);
            let (opened, answer, closed) = tokio::join!(biased; begin, run, client.batch_execute("COMMIT"));
            opened?;
            let answer = answer?;
            closed?;
            Ok(answer)
        }
        State::Reading | State::Open | State::Alone => run.await,
    }
}

/// Whether the connection is gone. A server that merely says no is still in step; after anything
/// else than an answer, or a good-bye, nobody knows.
fn is_lost(error: &tokio_postgres::Error, state: State) -> bool {
    error.code().is_none_or(|code| {
        // Still in step, but a replica by now.
        let is_demoted = *code == SqlState::READ_ONLY_SQL_TRANSACTION && state != State::Reading;
        is_demoted
            || [
                SqlState::ADMIN_SHUTDOWN,
                SqlState::CRASH_SHUTDOWN,
                SqlState::CANNOT_CONNECT_NOW,
                SqlState::IDLE_SESSION_TIMEOUT,
                SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            ]
            .contains(code)
    })
}

/// Whether the server says of a statement that it has done nothing of it.
fn was_refused(error: &tokio_postgres::Error) -> bool {
    is_stale_plan(error) || error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION)
}

#[async_trait]
impl Connection for PostgresConnection {
    async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        match self.run(sql, &args, Wanted::Changed).await? {
            Answer::Changed(count) => Ok(count),
            Answer::Rows(rows) => Ok(rows.len() as u64),
        }
    }

    async fn query(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        match self.run(sql, &args, Wanted::Rows).await? {
            Answer::Rows(rows) => rows.iter().map(read).collect(),
            Answer::Changed(_) => Ok(Vec::new()),
        }
    }

    async fn scan(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        self.query(sql, args).await
    }

    async fn give(&mut self, table: &Table, to: Sender<Vec<Row>>) -> Result<()> {
        let (name, columns) = (&table.name, table.columns.join(", "));
        self.batch(&format!(
            "DECLARE given NO SCROLL CURSOR FOR SELECT {columns} FROM {name}"
        ))
        .await?;
        loop {
            let client = usable(self.link.as_ref(), &mut self.is_unknown)?;
            let fetched = client.query_typed(&format!("FETCH {ROWS} FROM given"), &[]).await;
            let rows = self.answered(fetched, name)?;
            let rows: Vec<_> = rows.iter().map(read).collect::<Result<_>>()?;
            let is_last = rows.len() < ROWS;
            // The receiver reports why it stopped.
            if to.send(rows).await.is_err() || is_last {
                return self.batch("CLOSE given").await;
            }
        }
    }

    async fn take(&mut self, table: &Table, mut from: Receiver<Vec<Row>>) -> Result<()> {
        let (name, columns) = (&table.name, table.columns.join(", "));
        // Opens the transaction and turns the statement timeout off.
        self.batch("").await?;
        let client = usable(self.link.as_ref(), &mut self.is_unknown)?;
        let filled = async {
            let columns_of = format!("SELECT {columns} FROM {name} LIMIT 0");
            let kinds = client.prepare(&columns_of).await?;
            let kinds: Vec<Type> = kinds.columns().iter().map(|column| column.type_().clone()).collect();
            let sink = client
                .copy_in(&format!("COPY {name} ({columns}) FROM STDIN BINARY"))
                .await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &kinds));
            while let Some(rows) = from.recv().await {
                for row in rows {
                    writer.as_mut().write_raw(&row.into_values()).await?;
                }
            }
            writer.finish().await
        };
        let filled = filled.await;
        self.answered(filled, name).map(drop)
    }

    async fn batch(&mut self, sql: &str) -> Result<()> {
        let begin = if self.state == State::Waiting {
            self.postgres.shared.begin_write.as_str()
        } else {
            ""
        };
        let text = format!("{begin}; SET LOCAL statement_timeout = 0; {sql}");
        let client = usable(self.link.as_ref(), &mut self.is_unknown)?;
        let result = client.batch_execute(&text).await;
        self.is_unknown = result.as_ref().is_err_and(|error| is_lost(error, self.state));
        self.state = State::Open;
        result.map_err(|error| match error.as_db_error() {
            // Migrations have no values, and whoever runs them wants to know.
            Some(answer) => Error::Statement(format!("{}: {}", answer.code().code(), answer.message())),
            None => statement_error(&error, sql, true),
        })
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        if self.state != State::Open {
            return Ok(());
        }
        let client = usable(self.link.as_ref(), &mut self.is_unknown)?;
        let Ok(result) = timeout(ANSWER_TIMEOUT, client.batch_execute("COMMIT")).await else {
            return Err(self.silence("the server does not answer; the commit may have happened"));
        };
        self.is_unknown = result.as_ref().is_err_and(|error| is_lost(error, self.state));
        self.state = State::Reading;
        result.map_err(|error| statement_error(&error, "COMMIT", true))
    }
}

impl Drop for PostgresConnection {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(link));
            return;
        };
        if self.is_unknown {
            let token = link.client.cancel_token();
            let is_closed = link.client.is_closed();
            drop(Object::take(link));
            if !is_closed {
                let shared = self.postgres.shared.clone();
                // Without this the server would go on with what nobody waits for.
                runtime.spawn(async move { timeout(ANSWER_TIMEOUT, shared.tls.cancel(token)).await });
            }
        } else if self.state == State::Open {
            runtime.spawn(async move {
                let undone = timeout(ANSWER_TIMEOUT, link.client.batch_execute("ROLLBACK")).await;
                if !matches!(undone, Ok(Ok(()))) {
                    drop(Object::take(link));
                }
            });
        }
    }
}

fn read(row: &tokio_postgres::Row) -> Result<Row> {
    let columns = row.columns().iter().enumerate();
    let values: Result<Vec<_>> = columns
        .map(|(index, column)| {
            row.try_get(index)
                .map_err(|_| Error::Unreadable(column.name().to_owned()))
        })
        .collect();
    values.map(Row::new)
}
