//! All that a database holds, as text: two of them are equal if nothing has been changed in between,
//! and what stands nowhere in one is nowhere in the database. Bytes are written in hexadecimal digits.

use rusqlite::types::ValueRef;

use crate::kit::database::Database;

/// Every row of every table.
pub(crate) async fn dump(db: &Database) -> Vec<String> {
    let mut rows = if db.is_sqlite() { sqlite(db) } else { postgres(db).await };
    rows.sort();
    assert!(rows.len() > 3, "there is something to compare");
    rows
}

fn sqlite(db: &Database) -> Vec<String> {
    let file = rusqlite::Connection::open(db.path()).unwrap();
    let mut tables = file
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table'")
        .unwrap();
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut all = Vec::new();
    for table in tables {
        let mut every = file.prepare(&format!("SELECT * FROM \"{table}\"")).unwrap();
        let columns = every.column_count();
        let mut rows = every.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<_> = (0..columns).map(|at| written(row.get_ref(at).unwrap())).collect();
            all.push(format!("{table} ({})", values.join(",")));
        }
    }
    all
}

fn written(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => format!("\\x{}", hex(bytes)),
        other => format!("{other:?}"),
    }
}

/// Bytes as they stand in a dump.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

async fn postgres(db: &Database) -> Vec<String> {
    let (client, connection) = db.config().connect(tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let tables = client
        .query("SELECT tablename FROM pg_tables WHERE schemaname = 'authara'", &[])
        .await
        .unwrap();
    let mut all = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!("SELECT row::text FROM authara.\"{table}\" row");
        for row in client.query(&sql, &[]).await.unwrap() {
            all.push(format!("{table} {}", row.get::<_, String>(0)));
        }
    }
    drop(client);
    let _ = connection.await;
    all
}
