//! The two schemas say the same thing, each in its own types.

use std::collections::BTreeSet;

use tokio_postgres::NoTls;

use crate::kit::database::{Database, on_postgres};

/// One fact about a schema, as a line of text that reads the same for both.
type Facts = BTreeSet<String>;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_schemas_have_the_same_tables_columns_keys_and_references() {
    on_postgres(async |postgres| {
        let sqlite = Database::empty_sqlite().await;
        authara::storage::migrate::up(&sqlite.store).await.unwrap();

        let sqlite_has = sqlite_facts(&sqlite);
        let postgres_has = postgres_facts(postgres).await;

        let extra: Vec<_> = sqlite_has.difference(&postgres_has).collect();
        let missing: Vec<_> = postgres_has.difference(&sqlite_has).collect();
        assert!(sqlite_has.len() > 60, "facts were found at all");
        assert!(
            extra.is_empty() && missing.is_empty(),
            "only SQLite: {extra:#?}\nonly PostgreSQL: {missing:#?}"
        );
    })
    .await;
}

fn sqlite_facts(db: &Database) -> Facts {
    let handle = rusqlite::Connection::open(db.path()).unwrap();
    let list = |sql: &str| -> Facts {
        let mut statement = handle.prepare(sql).unwrap();
        let rows = statement.query_map((), |row| row.get::<_, String>(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut facts = list("SELECT 'table ' || name FROM pragma_table_list WHERE type = 'table' AND strict = 1");
    facts.extend(list(
        "SELECT 'column ' || t.name || '.' || c.name || ' ' || c.type || iif(c.\"notnull\", ' required', '')
         FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table'",
    ));
    facts.extend(list(
        "SELECT 'unique ' || t.name || ' (' || (SELECT group_concat(name, ', ') FROM pragma_index_info(i.name)) || ')'
                || iif(i.partial, ' partial', '')
         FROM sqlite_schema t, pragma_index_list(t.name) i
         WHERE t.type = 'table' AND i.\"unique\"
         UNION
         SELECT 'unique ' || t.name || ' (' || group_concat(c.name, ', ') || ')'
         FROM sqlite_schema t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.pk > 0
         GROUP BY t.name",
    ));
    facts.extend(list(
        "SELECT 'reference ' || t.name || '.' || f.\"from\" || ' to ' || f.\"table\" || '.' || f.\"to\"
                || ' on delete ' || f.on_delete
         FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
         WHERE t.type = 'table'",
    ));
    facts
}

async fn postgres_facts(db: &Database) -> Facts {
    let (client, connection) = db.config().connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    let queries = [
        "SELECT 'table ' || relname FROM pg_class WHERE relnamespace = 'authara'::regnamespace AND relkind = 'r'",
        "SELECT 'column ' || table_name || '.' || column_name || ' '
                || CASE data_type WHEN 'uuid' THEN 'BLOB' WHEN 'bytea' THEN 'BLOB' WHEN 'text' THEN 'TEXT'
                                  WHEN 'bigint' THEN 'INTEGER'
                                  WHEN 'timestamp with time zone' THEN 'INTEGER' ELSE data_type END
                || CASE is_nullable WHEN 'NO' THEN ' required' ELSE '' END
         FROM information_schema.columns
         WHERE table_schema = 'authara'",
        "SELECT 'unique ' || c.relname || ' (' || string_agg(a.attname, ', ' ORDER BY k.place) || ')'
                || CASE WHEN i.indpred IS NULL THEN '' ELSE ' partial' END
         FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid
         CROSS JOIN unnest(i.indkey) WITH ORDINALITY k (number, place)
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
         WHERE c.relnamespace = 'authara'::regnamespace AND i.indisunique
         GROUP BY i.indexrelid, c.relname, i.indpred",
        "SELECT 'reference ' || c.relname || '.' || a.attname || ' to ' || r.relname || '.' || b.attname
                || ' on delete ' || CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'
                                                       ELSE 'NO ACTION' END
         FROM pg_constraint f
         JOIN pg_class c ON c.oid = f.conrelid
         JOIN pg_class r ON r.oid = f.confrelid
         JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
         JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]
         WHERE f.contype = 'f' AND f.connamespace = 'authara'::regnamespace",
    ];
    let mut facts = Facts::new();
    for query in queries {
        let rows = client.query(query, &[]).await.unwrap();
        facts.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    facts
}

#[test]
fn what_a_type_reads_is_listed_once() {
    let mut source = String::new();
    for file in std::fs::read_dir("src/storage").unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            source.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
    // A column of each list that no condition names.
    for column in [
        "u.email_verified_at,",
        "s.authenticated_at,",
        "m.role, o.name",
        "o.name, m.role",
        "t.consumer_network,",
        "actor, actor_id,",
        "public, sealed,",
        "name, kind,",
    ] {
        assert_eq!(source.matches(column).count(), 1, "{column}");
    }
}
