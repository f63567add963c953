//! Embedded, numbered, checksummed migrations.
//!
//! The database's history is one table, `authara_migrations`. Its last row says which schema this is
//! and the oldest schema whose programs can work with it (`-- compatible_from: N`, first line of
//! the file). So a rolling upgrade migrates first and replaces the instances afterwards.

use sha2::{Digest, Sha256};

use crate::domain::audit::Action;
use crate::domain::time::SystemClock;
use crate::domain::{Clock as _, Timestamp};
use crate::storage::about;
use crate::storage::value::args;
use crate::storage::{Conn, Dialect, Error, Result, Store, Tx};

/// The schema that this binary needs (`version`); it starts when `compatible_from <= NEEDED <= version`.
pub const NEEDED: i64 = 9;

/// One migration and whether it has been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub number: i64,
    /// Its name, from the file.
    pub name: &'static str,
    /// Its statements for this database.
    pub sql: &'static str,
    /// Whether it has been applied.
    pub applied: bool,
}

struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal,)*) => { &[$(Migration {
        number: $number,
        name: $name,
        sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
        postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
    }),*] };
}

const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_init",
    2 "0002_audit_and_budgets",
    3 "0003_search",
    4 "0004_letters",
    5 "0005_challenges",
    6 "0006_accounts",
    7 "0007_roles",
    8 "0008_allowlist",
    9 "0009_approval",
};

const COMMAND: &str = "run `authara migrate up` with the same settings";

/// The table that says what was applied.
pub(super) const HISTORY: &str = "authara_migrations";

/// Tells an SQLite file of ours from others: "Auth" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x4175_7468;

impl Migration {
    const fn sql(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }

    const fn step(&self, dialect: Dialect, applied: bool) -> Step {
        Step {
            number: self.number,
            name: self.name,
            sql: self.sql(dialect),
            applied,
        }
    }
}

/// What a database says of itself.
enum Found {
    /// Nothing: no file, no schema, or no table in it.
    Empty,
    /// Tables, but no history of ours.
    Foreign(Vec<String>),
    /// What was applied, in order.
    Ours(Vec<Applied>),
}

struct Applied {
    number: i64,
    name: String,
    checksum: Vec<u8>,
    compatible_from: i64,
}

/// Every migration of this binary, in order. Fails for a foreign, newer or damaged database, and
/// for an applied migration whose checksum differs. Changes nothing.
pub async fn status(store: &Store) -> Result<Vec<Step>> {
    let dialect = store.backend.dialect();
    let applied = accepted(look(store).await?, dialect)?;
    Ok(MIGRATIONS
        .iter()
        .map(|migration| migration.step(dialect, migration.number <= applied))
        .collect())
}

/// Applies what is pending, one transaction each, under a lock; returns what was applied.
pub async fn up(store: &Store) -> Result<Vec<Step>> {
    up_telling(store, |_| {}).await
}

/// The same, and says of each step that it begins.
pub async fn up_telling(store: &Store, mut begins: impl FnMut(&Step)) -> Result<Vec<Step>> {
    about::check_encoding(store).await?;
    let pending = status(store).await?.into_iter().filter(|step| !step.applied);
    let mut applied = Vec::new();
    for step in pending {
        if applied.is_empty() && step.number == 1 {
            prepare(store).await?;
        }
        begins(&step);
        let is_mine = store.write(async |tx| apply(tx, &step).await).await?;
        if is_mine {
            applied.push(Step { applied: true, ..step });
        }
    }
    Ok(applied)
}

/// How many people lost a role because `applied` removed it; the audit has a line for each.
pub async fn lost_roles(store: &Store, applied: &[Step]) -> Result<i64> {
    if !applied.iter().any(|step| step.name == "0007_roles") {
        return Ok(0);
    }
    // Nothing but that migration takes a role without a person who does it.
    let sql = "SELECT count(DISTINCT subject_id) FROM audit WHERE action = $1 AND actor = 'system'";
    let mut conn = store.read().await?;
    let lost = conn.find(sql, args![Action::RoleRevoked.name()], |row| row.next("count"));
    Ok(lost.await?.unwrap_or(0))
}

/// Fails with the command to run unless the database's schema fits this binary. Changes nothing.
pub async fn check(store: &Store) -> Result<()> {
    let history = match look(store).await? {
        Found::Empty => return Err(Error::Schema(format!("the database is empty; {COMMAND}"))),
        Found::Foreign(tables) => return Err(foreign(&tables)),
        Found::Ours(history) => history,
    };
    verify(&history, store.backend.dialect())?;
    match history.last() {
        Some(last) if last.number < NEEDED => Err(Error::Schema(format!(
            "the database has schema {}, this program needs {NEEDED}; {COMMAND}",
            last.number
        ))),
        Some(last) if last.compatible_from > NEEDED => Err(newer(last.number)),
        Some(_) => Ok(()),
        None => Err(Error::Schema(format!("the database is empty; {COMMAND}"))),
    }
}

/// Fails unless the database has just the schema of this binary, for what copies all of it.
pub(super) async fn check_whole(store: &Store) -> Result<()> {
    check(store).await?;
    status(store).await.map(drop)
}

/// Makes the empty place that the first migration needs.
pub(super) async fn make_place(store: &Store) -> Result<()> {
    store.backend.create().await
}

/// Makes every table, where none is.
pub(super) async fn make_all(tx: &mut Tx) -> Result<()> {
    make_history(tx).await?;
    for migration in MIGRATIONS {
        apply(tx, &migration.step(tx.dialect, false)).await?;
    }
    Ok(())
}

/// The number of the last applied migration, unless there is a reason to keep away.
fn accepted(found: Found, dialect: Dialect) -> Result<i64> {
    match found {
        Found::Empty => Ok(0),
        Found::Foreign(tables) => Err(foreign(&tables)),
        Found::Ours(history) => {
            verify(&history, dialect)?;
            let last = history.last().map_or(0, |applied| applied.number);
            if last > NEEDED { Err(newer(last)) } else { Ok(last) }
        }
    }
}

/// Compares what was applied with what this binary knows; numbers beyond that are not judged.
fn verify(history: &[Applied], dialect: Dialect) -> Result<()> {
    for (applied, expected) in history.iter().zip(1..) {
        if applied.number != expected {
            return Err(Error::Schema(format!(
                "the database is damaged: migration {expected} is missing from its history; restore a backup"
            )));
        }
        let Some(migration) = MIGRATIONS.iter().find(|migration| migration.number == expected) else {
            continue;
        };
        if applied.name != migration.name || applied.checksum != checksum(migration.sql(dialect)) {
            return Err(Error::Schema(format!(
                "migration {} was applied from another text than this program has; use the program that applied it",
                migration.name
            )));
        }
    }
    Ok(())
}

fn newer(version: i64) -> Error {
    Error::Schema(format!(
        "the database has schema {version}, newer than what this program works with ({NEEDED}); use the newer program"
    ))
}

fn foreign(tables: &[String]) -> Error {
    let some = tables.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    Error::Schema(format!(
        "the database holds tables of another program ({some}), perhaps an older Authara; nothing was changed. \
         Name an empty file, database or schema, then {COMMAND}"
    ))
}

async fn look(store: &Store) -> Result<Found> {
    if !store.backend.exists().await? {
        return Ok(Found::Empty);
    }
    let mut conn = store.read().await?;
    let sql = match store.backend.dialect() {
        Dialect::Sqlite => r"SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name",
        Dialect::Postgres => {
            "SELECT CAST(c.relname AS text)
             FROM pg_class c
             JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
             ORDER BY c.relname"
        }
    };
    let tables: Vec<String> = conn.list(sql, args![], |row| row.next("schema.name")).await?;
    if tables.is_empty() && is_marked(&mut conn).await? {
        Ok(Found::Foreign(vec!["none, but the file bears its mark".to_owned()]))
    } else if tables.is_empty() {
        Ok(Found::Empty)
    } else if tables.iter().any(|table| table == "authara_migrations") {
        Ok(Found::Ours(history(&mut conn).await?))
    } else {
        Ok(Found::Foreign(tables))
    }
}

/// Whether another program has put its mark on an SQLite file.
async fn is_marked(conn: &mut Conn) -> Result<bool> {
    if conn.dialect == Dialect::Postgres {
        return Ok(false);
    }
    let sql = "SELECT application_id FROM pragma_application_id";
    let mark: Option<i64> = conn.find(sql, args![], |row| row.next("application_id")).await?;
    Ok(mark.is_some_and(|mark| mark != 0 && mark != APPLICATION_ID))
}

async fn history(conn: &mut Conn) -> Result<Vec<Applied>> {
    let sql = "SELECT number, name, checksum, compatible_from FROM authara_migrations ORDER BY number";
    conn.list(sql, args![], |row| {
        Ok(Applied {
            number: row.next("authara_migrations.number")?,
            name: row.next("authara_migrations.name")?,
            checksum: row.next("authara_migrations.checksum")?,
            compatible_from: row.next("authara_migrations.compatible_from")?,
        })
    })
    .await
}

/// Makes the history. Several may try at once; the losers see the winner's.
async fn prepare(store: &Store) -> Result<()> {
    let mut tries = 0;
    loop {
        let result = async {
            store.backend.create().await?;
            store.write(make_history).await
        };
        match result.await {
            // PostgreSQL's IF NOT EXISTS fails if another makes the same thing at the same moment.
            Err(Error::Statement(_) | Error::Taken(_)) if tries < 3 => tries += 1,
            result => return result,
        }
    }
}

async fn make_history(tx: &mut Tx) -> Result<()> {
    let (bytes, time, rest) = match tx.dialect {
        Dialect::Sqlite => (
            "BLOB",
            "INTEGER",
            format!("STRICT; PRAGMA application_id = {APPLICATION_ID}"),
        ),
        Dialect::Postgres => ("bytea", "timestamptz", String::new()),
    };
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS authara_migrations (
           number BIGINT NOT NULL PRIMARY KEY,
           name TEXT NOT NULL,
           checksum {bytes} NOT NULL,
           applied_at {time} NOT NULL,
           compatible_from BIGINT NOT NULL
         ) {rest}"
    );
    let sql = match tx.dialect {
        Dialect::Sqlite => sql.replace("BIGINT", "INTEGER"),
        Dialect::Postgres => sql,
    };
    tx.connection.batch(&sql).await
}

/// Applies one migration; `false` if another process has done so in the meantime.
async fn apply(tx: &mut Tx, step: &Step) -> Result<bool> {
    if tx.dialect == Dialect::Postgres {
        // The single writer's place on a server: the others wait here, readers go on.
        let lock = "LOCK TABLE authara_migrations IN SHARE ROW EXCLUSIVE MODE";
        tx.connection.batch(lock).await?;
    }
    let done = "SELECT number FROM authara_migrations WHERE number = $1";
    if !tx.query(done, args![step.number]).await?.is_empty() {
        return Ok(false);
    }
    tx.connection.batch(step.sql).await?;
    let record = "INSERT INTO authara_migrations (number, name, checksum, applied_at, compatible_from)
                  VALUES ($1, $2, $3, $4, $5)";
    let checksum = checksum(step.sql);
    let args = args![
        step.number,
        step.name,
        &checksum,
        applied_at(),
        compatible_from(step.sql)
    ];
    tx.execute(record, args).await?;
    Ok(true)
}

/// For whoever looks at the history; nothing is decided by it, so it needs no clock from outside.
fn applied_at() -> Timestamp {
    SystemClock.now()
}

fn checksum(sql: &str) -> Vec<u8> {
    Sha256::digest(sql).to_vec()
}

/// Reads the mark at the top of a migration.
fn compatible_from(sql: &str) -> i64 {
    sql.lines()
        .find_map(|line| line.strip_prefix("-- compatible_from: ")?.trim().parse().ok())
        .expect("a test holds that every migration says it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_without_gaps_and_say_what_they_are_compatible_with() {
        for (migration, expected) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.number, expected);
            assert!(migration.name.starts_with(&format!("{expected:04}_")));
            assert_eq!(compatible_from(migration.sqlite), compatible_from(migration.postgres));
            assert!(compatible_from(migration.sqlite) <= expected);
        }
        assert_eq!(MIGRATIONS.last().map(|last| last.number), Some(NEEDED));
    }
}
