//! What an operator should know of a database, and what no database may be like.

use crate::domain::Timestamp;
use crate::storage::value::args;
use crate::storage::{Conn, Dialect, Error, Result, Store};

/// A database as it is now.
#[derive(Debug, Clone)]
pub struct About {
    /// Product and version, such as `PostgreSQL 17.2`.
    pub version: String,
    /// How text is kept.
    pub encoding: String,
    /// Settings of the server by which it may forget what it has acknowledged when the power fails; `None` if none is so.
    pub durability_lost_by: Option<String>,
    /// Seconds by which its clock is ahead of this machine's; negative if it is behind. SQLite has no clock.
    pub clock_ahead: Option<i64>,
    /// Whether the one who asks may make tables in the schema, as `authara migrate up` does.
    pub may_migrate: bool,
    /// Bytes that it takes on the disk.
    pub bytes: u64,
}

/// Looks at a database that is there. Changes nothing.
pub async fn about(store: &Store, now: Timestamp) -> Result<About> {
    let mut conn = store.read().await?;
    match conn.dialect {
        Dialect::Sqlite => of_file(&mut conn).await,
        Dialect::Postgres => of_server(&mut conn, now).await,
    }
}

/// Fails for a database that cannot keep all text that people write.
pub async fn check_encoding(store: &Store) -> Result<()> {
    if store.backend.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    let encoding = encoding(&mut store.read().await?).await?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Error::Schema(format!(
        "the database has the encoding {encoding}, which lacks most letters of the world; make one with: \
         CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )))
}

/// Settings of the server by which it may forget what it has acknowledged when the power fails, if there are any.
pub async fn durability_lost_by(store: &Store) -> Result<Option<String>> {
    match store.backend.dialect() {
        // Each connection flushes at each commit (`sqlite.rs`).
        Dialect::Sqlite => Ok(None),
        Dialect::Postgres => settings_off(&mut store.read().await?).await,
    }
}

async fn of_file(conn: &mut Conn) -> Result<About> {
    let sql = "SELECT sqlite_version(), (SELECT encoding FROM pragma_encoding),
                      (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size)";
    let found = conn.find(sql, args![], |row| {
        let version: String = row.next("sqlite_version")?;
        Ok((version, row.next::<String>("encoding")?, row.next::<i64>("bytes")?))
    });
    let (version, encoding, bytes) = found.await?.ok_or_else(nothing)?;
    Ok(About {
        version: format!("SQLite {version}"),
        encoding,
        durability_lost_by: None,
        clock_ahead: None,
        may_migrate: true,
        bytes: u64::try_from(bytes).unwrap_or(0),
    })
}

async fn of_server(conn: &mut Conn, now: Timestamp) -> Result<About> {
    let sql = "SELECT current_setting('server_version'), clock_timestamp(),
                      CAST(CAST(COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS int) AS bigint),
                      pg_database_size(current_database())";
    let found = conn.find(sql, args![], |row| {
        let version: String = row.next("server_version")?;
        let clock: Timestamp = row.next("clock_timestamp")?;
        Ok((
            version,
            clock,
            row.next::<i64>("may_migrate")? == 1,
            row.next::<i64>("bytes")?,
        ))
    });
    let (version, clock, may_migrate, bytes) = found.await?.ok_or_else(nothing)?;
    Ok(About {
        version: format!("PostgreSQL {version}"),
        encoding: encoding(conn).await?,
        durability_lost_by: settings_off(conn).await?,
        clock_ahead: Some((clock.micros() - now.micros()) / 1_000_000),
        may_migrate,
        bytes: u64::try_from(bytes).unwrap_or(0),
    })
}

async fn encoding(conn: &mut Conn) -> Result<String> {
    let sql = "SELECT current_setting('server_encoding')";
    let found = conn.find(sql, args![], |row| row.next("server_encoding")).await?;
    found.ok_or_else(nothing)
}

async fn settings_off(conn: &mut Conn) -> Result<Option<String>> {
    let sql = "SELECT name FROM pg_settings
               WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name";
    let off: Vec<String> = conn.list(sql, args![], |row| row.next("pg_settings.name")).await?;
    Ok((!off.is_empty()).then(|| off.join(", ")))
}

fn nothing() -> Error {
    Error::Unreadable("what the database says of itself".to_owned())
}
