//! Copies of a PostgreSQL database, in a file as SQLite's are, and putting one back into a server.
//!
//! Both databases have the same tables, and [`Value`](crate::storage::value::Value) knows what a column of one
//! is in the other; so a copy of one can be put into the other.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::copies::{
    Problem, Restored, Result, check_complete, failed, flushing, look_through, mark, new_file, some_letters,
};
use super::progress::{Stage, Tell};
use super::sessions::{IS_LATER, Reason, Sessions, TAKE_OVER, TAKE_OVER_ENDS, hide_former, show_former};
use crate::domain::Timestamp;
use crate::domain::audit::AuditLine;
use crate::storage::backend::Table;
use crate::storage::row::Row;
use crate::storage::sqlite::files::beside;
use crate::storage::value::args;
use crate::storage::{Conn, Error, PostgresTarget, Store, Target, Tx, migrate, sqlite};
use time::macros::format_description;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Fills a new file with all that the database held at one moment.
pub(super) async fn write(target: &Target, copy: &Path, tell: Tell<'_>) -> Result<()> {
    let server = Store::open(target).await?;
    migrate::check_whole(&server).await?;
    let file = Store::of_a_copy(copy);
    migrate::up(&file).await?;
    let tables = tables(&file).await?;
    let copied = server.write(async |from| {
        let snapshot = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
        from.connection.batch(snapshot).await?;
        let counted = Counted::of(about(from).await?, tell);
        file.write(async |to| copy_all(&tables, from, to, &counted).await).await
    });
    let files = ["", "-wal"].map(|end| beside(copy, end));
    flushing(&files, Box::pin(copied)).await??;
    drop(file);
    mark(copy).await?;
    Ok(())
}

/// Puts a copy in the place of what the schema holds, which is moved to a schema of its own: all of it or nothing.
pub(super) async fn restore(
    target: &PostgresTarget,
    from: &Path,
    line: &AuditLine,
    tell: Tell<'_>,
) -> Result<Restored> {
    let server = Store::open(&Target::Postgres(Box::new(target.clone()))).await?;
    // Behind a pooler it cannot be told; then nothing is lost either, for the tables are locked.
    let others = server.write(async |tx| others(tx).await).await?;
    if others > 0 && !target.behind_pooler {
        let text = format!(
            "the database {} is in use; stop the server and wait for commands to end",
            target.database
        );
        return Err(Problem::Refused(text));
    }
    check_complete(from)?;
    let private = Private::of(from)?;
    tell(Stage::Check);
    let contents = look_through(&private.path, from).await?;
    let file = Store::of_a_copy(&private.path);
    migrate::up(&file).await?;
    // Other programs leave tables of their own in a file, and anybody any names.
    let tables = tables_of_ours(&private.folder).await?;
    let counted = Counted::of(rows(&private.path, &tables).await?, tell);

    migrate::status(&server).await?;
    migrate::make_place(&server).await?;
    let aside = free_schema(&server, line.at).await?;
    let is_of_this_version = migrate::check_whole(&server).await.is_ok();
    let done = server.write(async |to| -> crate::storage::Result<(bool, Sessions)> {
        to.connection.batch("SET LOCAL lock_timeout = '5s'").await?;
        let is_replaced = set_aside(to, &tables, &aside).await?;
        migrate::make_all(to).await?;
        copy_all(&tables, &mut file.read().await?, to, &counted).await?;
        let sessions = match (is_replaced, is_of_this_version) {
            (true, true) => take_over_sessions(to, &aside).await?,
            (true, false) => Sessions::AsInTheCopy(Reason::OtherVersion),
            (false, _) => Sessions::AsInTheCopy(Reason::NoneBefore),
        };
        to.audit().add(line).await?;
        for table in &tables {
            to.connection.batch(&format!("ANALYZE {}", table.name)).await?;
        }
        Ok((is_replaced, sessions))
    });
    let (is_replaced, sessions) = done.await?;
    Ok(Restored {
        contents,
        aside: is_replaced.then(|| format!("in the schema {aside}")),
        sessions,
    })
}

/// Takes over what became of a copy's sessions, from the tables in the schema `aside`, unless they cannot be read.
async fn take_over_sessions(tx: &mut Tx, aside: &str) -> crate::storage::Result<Sessions> {
    // An error inside that comes from other or damaged tables undoes the block alone; any other undoes all. A view that
    // is left says how far it came.
    let block = format!(
        "DO $$ BEGIN
           {show}
           IF EXISTS ({IS_LATER}) THEN
             {take_over};
             CREATE VIEW former_taken_over AS SELECT 1 AS done;
           ELSE
             CREATE VIEW former_not_later AS SELECT 1 AS done;
           END IF;
           {ends};
           {hide}
         EXCEPTION
           WHEN syntax_error_or_access_rule_violation OR data_exception OR integrity_constraint_violation
             OR internal_error OR io_error
           THEN RAISE WARNING 'the tables of before: %', SQLERRM;
         END $$",
        show = show_former("VIEW", aside),
        take_over = TAKE_OVER.join(";"),
        ends = TAKE_OVER_ENDS.join(";"),
        hide = hide_former(),
    );
    tx.connection.batch(&block).await?;
    let sql = "SELECT CAST(c.relname AS text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = current_schema() AND c.relname IN ('former_taken_over', 'former_not_later')";
    let left: Option<String> = tx.find(sql, args![], |row| row.next("pg_class.relname")).await?;
    let Some(view) = left else {
        return Ok(Sessions::AsInTheCopy(Reason::Unreadable));
    };
    tx.connection.batch(&format!("DROP VIEW {view}")).await?;
    Ok(match view.as_str() {
        "former_taken_over" => Sessions::GoOn,
        _ => Sessions::AsInTheCopy(Reason::NotLater),
    })
}

/// A copy of the copy, which may be opened and brought to this version, in a folder that only this user may enter.
/// Removed when dropped.
struct Private {
    folder: PathBuf,
    path: PathBuf,
}

impl Private {
    fn of(from: &Path) -> Result<Self> {
        let mut source = File::open(from).map_err(|error| failed(from, &error))?;
        let folder = std::env::temp_dir().join(format!("authara-restore-{}", some_letters()));
        let made = DirBuilder::new().mode(0o700).create(&folder);
        made.map_err(|error| failed(&folder, &error))?;
        let path = folder.join("copy.db");
        let private = Self { folder, path };
        let mut file = new_file(&private.path)?;
        io::copy(&mut source, &mut file).map_err(|error| failed(&private.path, &error))?;
        Ok(private)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A name for what is set aside, which no schema has.
async fn free_schema(server: &Store, now: Timestamp) -> Result<String> {
    let stamp = now.written(format_description!(
        "before_restore_[year][month][day]t[hour][minute][second]z"
    ));
    let sql = "SELECT CAST(nspname AS text) FROM pg_namespace WHERE nspname LIKE 'before\\_restore\\_%'";
    let taken: Vec<String> = server
        .read()
        .await?
        .list(sql, args![], |row| row.next("pg_namespace.nspname"))
        .await?;
    let names = (1..).map(|number: u32| match number {
        1 => stamp.clone(),
        _ => format!("{stamp}_{number}"),
    });
    let mut free = names.filter(|name| !taken.contains(name));
    Ok(free.next().unwrap_or_else(|| stamp.clone()))
}

/// Connections of other programs of ours to this database.
async fn others(tx: &mut Tx) -> crate::storage::Result<i64> {
    let sql = "SELECT CAST(count(*) AS BIGINT) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'authara' AND pid <> pg_backend_pid()";
    let found = tx.find(sql, args![], |row| row.next("pg_stat_activity.count")).await?;
    Ok(found.unwrap_or(0))
}

/// Moves the tables that are there to a schema of their own; `false` if there are none.
async fn set_aside(tx: &mut Tx, tables: &[Table], schema: &str) -> crate::storage::Result<bool> {
    let there = tables_here(tx).await?;
    let is_ours = |name: &&String| name.as_str() == migrate::HISTORY || tables.iter().any(|table| table.name == **name);
    let ours: Vec<_> = there.iter().filter(is_ours).collect();
    if ours.is_empty() {
        return Ok(false);
    }
    let made = tx.connection.batch(&format!("CREATE SCHEMA {schema}")).await;
    made.map_err(|error| match error {
        Error::Statement(what) if what.starts_with("42501") => Error::Schema(
            "the role may not make a schema to keep what is there now. Nothing was changed; let it: \
             GRANT CREATE ON DATABASE … TO …"
                .to_owned(),
        ),
        other => other,
    })?;
    for table in ours {
        tx.connection
            .batch(&format!("ALTER TABLE {table} SET SCHEMA {schema}"))
            .await?;
    }
    Ok(true)
}

/// The tables that the migrations make.
async fn tables_of_ours(folder: &Path) -> Result<Vec<Table>> {
    let path = folder.join("empty.db");
    drop(new_file(&path)?);
    let empty = Store::of_a_copy(&path);
    migrate::up(&empty).await?;
    Ok(tables(&empty).await?)
}

async fn tables_here(tx: &mut Tx) -> crate::storage::Result<Vec<String>> {
    let sql = "SELECT CAST(c.relname AS text) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = current_schema() AND c.relkind = 'r'";
    tx.list(sql, args![], |row| row.next("pg_class.relname")).await
}

/// The tables of a file, each behind those that it refers to.
async fn tables(file: &Store) -> crate::storage::Result<Vec<Table>> {
    let sql = "SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
               WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY t.rowid, c.cid";
    let mut conn = file.read().await?;
    let columns: Vec<(String, String)> = conn
        .list(sql, args![], |row| {
            Ok((row.next("table.name")?, row.next("table.column")?))
        })
        .await?;
    let mut tables: Vec<Table> = Vec::new();
    for (name, column) in columns {
        match tables.last_mut() {
            Some(table) if table.name == name => table.columns.push(column),
            _ => tables.push(Table {
                name,
                columns: vec![column],
            }),
        }
    }
    // Each database has a history of its own.
    tables.retain(|table| table.name != migrate::HISTORY);
    Ok(tables)
}

/// Rows that are copied.
struct Counted<'t> {
    done: AtomicU64,
    all: u64,
    tell: Tell<'t>,
}

impl<'t> Counted<'t> {
    fn of(all: u64, tell: Tell<'t>) -> Self {
        let done = AtomicU64::new(0);
        Self { done, all, tell }
    }

    /// Hands on what comes, and counts it.
    async fn pass(&self, mut from: Receiver<Vec<Row>>, to: Sender<Vec<Row>>) {
        while let Some(rows) = from.recv().await {
            let number = rows.len() as u64;
            // The receiver reports why it stopped.
            if to.send(rows).await.is_err() {
                return;
            }
            let done = self.done.fetch_add(number, Ordering::Relaxed) + number;
            (self.tell)(Stage::Rows { done, all: self.all });
        }
    }
}

/// How many rows the schema of a server has, as far as it knows without counting.
async fn about(tx: &mut Tx) -> crate::storage::Result<u64> {
    let sql = "SELECT CAST(COALESCE(sum(GREATEST(c.reltuples, 0)), 0) AS BIGINT)
               FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE n.nspname = current_schema() AND c.relkind = 'r'";
    let about: Option<i64> = tx.find(sql, args![], |row| row.next("pg_class.reltuples")).await?;
    Ok(about.and_then(|about| u64::try_from(about).ok()).unwrap_or(0))
}

/// How many rows these tables have in a file.
async fn rows(copy: &Path, tables: &[Table]) -> Result<u64> {
    let copy = copy.to_owned();
    let counts: Vec<_> = tables
        .iter()
        .map(|table| format!("SELECT count(*) FROM {}", table.name))
        .collect();
    let count = move || -> rusqlite::Result<i64> {
        let handle = sqlite::open(&copy)?;
        let mut all = 0;
        for sql in counts {
            all += handle.query_row(&sql, (), |row| row.get::<_, i64>(0))?;
        }
        Ok(all)
    };
    let counted = tokio::task::spawn_blocking(count).await.map_err(Error::unavailable)?;
    let counted = counted.map_err(|error| sqlite::reading_error(&error))?;
    Ok(u64::try_from(counted).unwrap_or(0))
}

async fn copy_all(tables: &[Table], from: &mut Conn, to: &mut Tx, counted: &Counted<'_>) -> crate::storage::Result<()> {
    for table in tables {
        let (sender, passed) = channel(2);
        let (passing, receiver) = channel(1);
        let (given, (), taken) = tokio::join!(
            from.connection.give(table, sender),
            counted.pass(passed, passing),
            to.connection.take(table, receiver)
        );
        taken?;
        given?;
    }
    Ok(())
}
