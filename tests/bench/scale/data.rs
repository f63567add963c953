//! Databases full of people.

use std::path::Path;
use std::time::{Duration, Instant};

use authara::crypto::token;
use authara::domain::{Secret, TokenHash};
use authara::storage::{PostgresTarget, Store, Target};
use tokio_postgres::{Config, NoTls};

use crate::BINARY;
use crate::cluster::Cluster;
use crate::live::{Deployment, Server};

/// Refresh tokens of sessions anywhere among the others.
const SAMPLE: i64 = 6000;

/// A database with so many users, and a server on it.
pub(super) struct Data {
    pub(super) deployment: Deployment,
    pub(super) store: Store,
    /// Live tokens, a session each.
    pub(super) tokens: Vec<Secret>,
    target: Target,
    /// Of the database, for an ordinary client.
    address: String,
    server: Option<Server>,
}

impl Data {
    pub(super) async fn on_sqlite(folder: &Path, users: u32) -> Self {
        let deployment = Deployment::new(BINARY, folder, &format!("bench-scale-{users}"));
        let begun = Instant::now();
        let file = rusqlite::Connection::open(deployment.database()).unwrap();
        let sql = include_str!("sqlite.sql").replace("{users}", &users.to_string());
        file.execute_batch(&sql).unwrap();
        let mut find = file
            .prepare("SELECT hash FROM refresh_tokens WHERE generation = 1 ORDER BY random() LIMIT ?1")
            .unwrap();
        let hashes = find.query_map([SAMPLE], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let hashes: Vec<_> = hashes.map(Result::unwrap).collect();
        let tokens = fresh_tokens(hashes.len());
        file.execute_batch("BEGIN").unwrap();
        for ((token, hash), old) in tokens.iter().zip(&hashes) {
            let sql = "UPDATE refresh_tokens SET hash = ?1 WHERE hash = ?2";
            file.execute(sql, (hash.bytes(), old)).unwrap();
            assert_eq!(token.expose().len(), 43);
        }
        file.execute_batch("COMMIT; PRAGMA journal_mode = WAL").unwrap();
        said(users, "SQLite", begun.elapsed());
        let target = Target::Sqlite(deployment.database());
        drop(find);
        Self::serve(deployment, target, String::new(), tokens).await
    }

    pub(super) async fn on_postgres(cluster: &Cluster, folder: &Path, users: u32) -> Self {
        let name = format!("scale_{users}");
        let (client, connection) = tokio_postgres::connect(&cluster.address, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let (server, _) = cluster.address.rsplit_once('/').unwrap();
        let address = format!("{server}/{name}");
        let deployment = Deployment::on(
            BINARY,
            folder,
            &format!("bench-scale-postgres-{users}"),
            address.clone(),
        );

        let begun = Instant::now();
        let (mut client, connection) = tokio_postgres::connect(&address, NoTls).await.unwrap();
        tokio::spawn(connection);
        let sql = include_str!("postgres.sql").replace("{users}", &users.to_string());
        client.batch_execute(&sql).await.unwrap();
        let find = format!("SELECT hash FROM refresh_tokens WHERE generation = 1 ORDER BY random() LIMIT {SAMPLE}");
        let hashes = client.query(&find, &[]).await.unwrap();
        let tokens = fresh_tokens(hashes.len());
        let transaction = client.transaction().await.unwrap();
        let update = "UPDATE refresh_tokens SET hash = $1 WHERE hash = $2";
        let update = transaction.prepare(update).await.unwrap();
        for ((_, hash), old) in tokens.iter().zip(&hashes) {
            let old: &[u8] = old.get(0);
            transaction.execute(&update, &[&&hash.bytes()[..], &old]).await.unwrap();
        }
        transaction.commit().await.unwrap();
        // What autovacuum does by and by.
        client.batch_execute("VACUUM ANALYZE").await.unwrap();
        client.batch_execute("CHECKPOINT").await.unwrap();
        said(users, "PostgreSQL", begun.elapsed());
        Self::serve(deployment, target(&address), address, tokens).await
    }

    /// Ends the server, which would have a part in what is done to its database.
    pub(super) fn stop_server(&mut self) {
        self.server = None;
    }

    /// Every sixth session has ended long ago, as when nobody has cleaned up for long.
    pub(super) async fn end_every_sixth_session(&self) {
        match &self.target {
            Target::Sqlite(path) => {
                let file = rusqlite::Connection::open(path).unwrap();
                let sql = "UPDATE sessions SET revoked_at = created_at - 60 * 86400000000 WHERE rowid % 6 = 0";
                file.execute_batch(sql).unwrap();
            }
            Target::Postgres(_) => {
                let (client, connection) = tokio_postgres::connect(&self.address, NoTls).await.unwrap();
                tokio::spawn(connection);
                let sql = "UPDATE authara.sessions SET revoked_at = created_at - interval '60 days'
                           WHERE mod(get_byte(uuid_send(id), 15), 6) = 0";
                client.batch_execute(sql).await.unwrap();
            }
        }
    }

    async fn serve(deployment: Deployment, target: Target, address: String, tokens: Vec<(Secret, TokenHash)>) -> Self {
        let (server, _) = deployment.start().await;
        Self {
            store: Store::open(&target).await.unwrap(),
            target,
            address,
            deployment,
            tokens: tokens.into_iter().map(|(token, _)| token).collect(),
            server: Some(server),
        }
    }
}

fn said(users: u32, database: &str, time: Duration) {
    println!("{users} users on {database} made in {:.0} s", time.as_secs_f64());
}

fn fresh_tokens(count: usize) -> Vec<(Secret, TokenHash)> {
    let pair = || {
        let token = token::new();
        let hash = token::hash(&token).unwrap();
        (token, hash)
    };
    std::iter::repeat_with(pair).take(count).collect()
}

fn target(address: &str) -> Target {
    let config: Config = address.parse().unwrap();
    Target::Postgres(Box::new(PostgresTarget {
        servers: vec![("127.0.0.1".to_owned(), config.get_ports()[0])],
        database: config.get_dbname().unwrap().to_owned(),
        username: config.get_user().unwrap().to_owned(),
        password: Secret::new(""),
        schema: "authara".to_owned(),
        verify_tls: false,
        root_certificates: None,
        max_connections: 8,
        behind_pooler: false,
    }))
}
