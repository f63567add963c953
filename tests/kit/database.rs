//! Fresh databases, one per test: an SQLite file in a folder of its own, and a PostgreSQL database
//! on the server that `AUTHARA_TEST_POSTGRES` names (`scripts/postgres run` sets it).

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use authara::domain::Secret;
use authara::storage::{PostgresTarget, Store, Target, migrate};
use tokio::sync::OnceCell;
use tokio_postgres::{Config, NoTls};

use super::cluster::Cluster;

/// Declares one test that runs on both databases: `both!(rule, async |db: &Database| { … })`.
macro_rules! both {
    ($name:ident, $test:expr) => {
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn sqlite() {
                crate::kit::database::on_sqlite($test).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn postgres() {
                crate::kit::database::on_postgres($test).await;
            }
        }
    };
}
pub(crate) use both;

/// Runs a test on a migrated SQLite file.
pub(crate) async fn on_sqlite(test: impl AsyncFnOnce(&Database)) {
    test(&Database::migrated_sqlite().await).await;
}

/// Runs a test on a migrated PostgreSQL database, if there is a server.
pub(crate) async fn on_postgres(test: impl AsyncFnOnce(&Database)) {
    let Some(db) = Database::migrated_postgres().await else {
        return;
    };
    test(&db).await;
    db.remove().await;
}

/// A database of one test.
pub(crate) struct Database {
    pub(crate) target: Target,
    pub(crate) store: Store,
    folder: Option<Folder>,
}

impl Database {
    /// No file yet.
    pub(crate) async fn empty_sqlite() -> Self {
        let folder = Folder::new();
        let target = Target::Sqlite(folder.0.join("authara.db"));
        Self {
            store: Store::open(&target).await.unwrap(),
            target,
            folder: Some(folder),
        }
    }

    /// A database without our schema; `None` without a server.
    pub(crate) async fn empty_postgres() -> Option<Self> {
        Self::postgres_with("").await
    }

    /// The same, made with further options; `None` without a server.
    pub(crate) async fn postgres_with(options: &str) -> Option<Self> {
        Some(Self::on_server(&server()?, None, options).await)
    }

    /// A file with our schema.
    pub(crate) async fn migrated_sqlite() -> Self {
        let db = Self::empty_sqlite().await;
        migrate::up(&db.store).await.unwrap();
        db
    }

    /// A database with our schema; `None` without a server.
    pub(crate) async fn migrated_postgres() -> Option<Self> {
        let server = server()?;
        let template = template(&server).await;
        Some(Self::on_server(&server, Some(template), "").await)
    }

    async fn on_server(server: &Config, template: Option<&str>, options: &str) -> Self {
        let name = unique("authara_test");
        let template = template.unwrap_or("template0");
        execute(server, &format!("CREATE DATABASE {name} TEMPLATE {template} {options}")).await;
        let target = target(server, &name);
        Self {
            store: Store::open(&target).await.unwrap(),
            target,
            folder: None,
        }
    }

    /// A migrated database on a server of the test's own.
    pub(crate) async fn on_cluster(cluster: &Cluster) -> Self {
        Self::of(cluster.migrated().await).await
    }

    /// A database that is there, by whichever way.
    pub(crate) async fn of(target: Target) -> Self {
        Self {
            store: Store::open(&target).await.unwrap(),
            target,
            folder: None,
        }
    }

    /// A second program on the same database.
    pub(crate) async fn another_store(&self) -> Store {
        Store::open(&self.target).await.unwrap()
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        self.folder.is_some()
    }

    pub(crate) fn path(&self) -> PathBuf {
        match &self.target {
            Target::Sqlite(path) => path.clone(),
            Target::Postgres(_) => panic!("no file"),
        }
    }

    /// `DATABASE_URL` for a process of its own.
    pub(crate) fn url(&self) -> String {
        match &self.target {
            Target::Sqlite(path) => format!("sqlite://{}", path.display()),
            Target::Postgres(target) => {
                let (host, port) = &target.servers[0];
                let (name, password) = (&target.username, target.password.expose());
                format!(
                    "postgres://{name}:{password}@{host}:{port}/{}?sslmode=disable",
                    target.database
                )
            }
        }
    }

    /// Settings that reach the database, for an ordinary client.
    pub(crate) fn config(&self) -> Config {
        let Target::Postgres(target) = &self.target else {
            panic!("no server")
        };
        let mut config = server().unwrap();
        config.dbname(&target.database).options("-c search_path=authara");
        config
    }

    /// Does to the database what the program never would.
    pub(crate) async fn tamper(&self, sql: &str) {
        match &self.target {
            Target::Sqlite(path) => rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap(),
            Target::Postgres(_) => execute(&self.config(), sql).await,
        }
    }

    /// What a query of a server finds: one text.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let (client, connection) = self.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client.query_one(sql, &[]).await.unwrap().get(0)
    }

    /// Ends every connection to the database, as a restart of the server does.
    pub(crate) async fn end_connections(&self) {
        let Target::Postgres(target) = &self.target else { return };
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            target.database
        );
        execute(&server().unwrap(), &sql).await;
    }

    /// Keeps everybody out of the database, or lets them in again, as a server does that is away for a while.
    pub(crate) async fn refuse_connections(&self, refuse: bool) {
        let Target::Postgres(target) = &self.target else { return };
        let sql = format!("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}", target.database, !refuse);
        execute(&server().unwrap(), &sql).await;
        if refuse {
            self.end_connections().await;
        }
    }

    /// Makes the database read-only for sessions that begin from now on, or gives that up.
    pub(crate) async fn forbid_writes(&self, forbid: bool) {
        let Target::Postgres(target) = &self.target else { return };
        let setting = if forbid {
            "SET default_transaction_read_only = on"
        } else {
            "RESET default_transaction_read_only"
        };
        execute(
            &server().unwrap(),
            &format!("ALTER DATABASE {} {setting}", target.database),
        )
        .await;
        if forbid {
            self.end_connections().await;
        }
    }

    /// A server has room for so many; files go with their folder.
    pub(crate) async fn remove(self) {
        if let Target::Postgres(target) = &self.target {
            let sql = format!("DROP DATABASE {} WITH (FORCE)", target.database);
            execute(&server().unwrap(), &sql).await;
        }
    }
}

/// Whether there is a PostgreSQL to test with.
pub(crate) fn is_server_there() -> bool {
    server().is_some()
}

#[expect(clippy::disallowed_methods, reason = "the address of the test server is no setting")]
fn server() -> Option<Config> {
    static SKIPPED: Once = Once::new();
    if let Ok(address) = std::env::var("AUTHARA_TEST_POSTGRES") {
        return Some(address.parse().expect("AUTHARA_TEST_POSTGRES is an address"));
    }
    SKIPPED.call_once(|| {
        // Past the test runner, which keeps what a passing test prints to itself.
        let note = b"skipped: the PostgreSQL half; use `scripts/postgres run cargo test`\n";
        std::io::stderr().write_all(note).unwrap();
    });
    None
}

/// A migrated database to copy, which is quicker than migrating each.
async fn template(server: &Config) -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(async || {
            let name = unique("authara_template");
            execute(server, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
            let store = Store::open(&target(server, &name)).await.unwrap();
            migrate::up(&store).await.unwrap();
            drop(store);
            // A database with connections cannot be copied.
            let sql = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false");
            execute(server, &sql).await;
            let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
            execute(server, &sql).await;
            name
        })
        .await
}

fn target(server: &Config, database: &str) -> Target {
    let tokio_postgres::config::Host::Tcp(host) = &server.get_hosts()[0] else {
        panic!("a host name is expected")
    };
    Target::Postgres(Box::new(PostgresTarget {
        servers: vec![(host.clone(), server.get_ports()[0])],
        database: database.to_owned(),
        username: server.get_user().unwrap().to_owned(),
        password: Secret::new(String::from_utf8_lossy(server.get_password().unwrap_or_default())),
        schema: "authara".to_owned(),
        verify_tls: false,
        root_certificates: None,
        // Six that read, six for conversations, eight for single statements.
        max_connections: 20,
        behind_pooler: false,
    }))
}

async fn execute(config: &Config, sql: &str) {
    let mut tries = 0;
    loop {
        let (client, connection) = config.connect(NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let result = client.batch_execute(sql).await;
        drop(client);
        let _ = connection.await;
        match result {
            // A copy has to wait until the last connection to the template is gone.
            Err(error) if tries < 100 && error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE) => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            result => return result.unwrap(),
        }
    }
}

/// A folder that goes with the test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(unique("authara_test"));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unique(prefix: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{prefix}_{}_{count}", std::process::id())
}
