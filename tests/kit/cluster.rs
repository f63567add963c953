//! A PostgreSQL server of one test's own, which may be stopped, copied and shut off.

use std::path::PathBuf;
use std::process::Command;

use authara::domain::Secret;
use authara::storage::{PostgresTarget, Store, Target, migrate};
use tokio_postgres::{Config, NoTls};

use super::database::{Folder, is_server_there};

/// What is acknowledged outlives a crash of the server, though not of the machine.
const DURABLE: &str = "synchronous_commit=on";

/// Stopped and deleted when dropped.
pub(crate) struct Cluster {
    /// Around the server's own, which belongs to another user.
    _outer: Folder,
    folder: PathBuf,
    pub(crate) port: u16,
}

impl Cluster {
    /// `None` where there is no PostgreSQL at all. `options` are those of `scripts/postgres start`.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        is_server_there().then(|| Self::made(|folder| run("start", &[&[folder, DURABLE], options].concat())))
    }

    /// A replica of this one.
    pub(crate) fn replica(&self) -> Self {
        Self::made(|folder| run("replica", &[folder, &self.path()]))
    }

    fn made(make: impl FnOnce(&str) -> String) -> Self {
        let outer = Folder::new();
        // The server runs as another user, who must be able to walk there.
        let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&outer.0, everybody).unwrap();
        let folder = outer.0.join("cluster");
        let address: Config = make(folder.to_str().unwrap()).parse().unwrap();
        Self {
            _outer: outer,
            folder,
            port: address.get_ports()[0],
        }
    }

    /// Stops it as a crash does.
    pub(crate) fn halt(&self) {
        run("halt", &[&self.path()]);
    }

    /// Starts it again at the same address.
    pub(crate) fn again(&self, options: &[&str]) {
        run("again", &[&[&*self.path(), DURABLE], options].concat());
    }

    /// Makes a replica the primary.
    pub(crate) fn promote(&self) {
        run("promote", &[&self.path()]);
    }

    /// A file among its data.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join("data").join(name)
    }

    /// How the program reaches it.
    pub(crate) fn target(&self) -> PostgresTarget {
        PostgresTarget {
            servers: vec![("127.0.0.1".to_owned(), self.port)],
            database: "postgres".to_owned(),
            username: "postgres".to_owned(),
            password: Secret::new(""),
            schema: "authara".to_owned(),
            verify_tls: false,
            root_certificates: None,
            max_connections: 8,
            behind_pooler: false,
        }
    }

    /// A migrated database on it.
    pub(crate) async fn migrated(&self) -> Target {
        let target = Target::Postgres(Box::new(self.target()));
        migrate::up(&Store::open(&target).await.unwrap()).await.unwrap();
        target
    }

    /// Runs SQL as the owner, through the Unix socket.
    pub(crate) async fn execute(&self, sql: &str) {
        let mut config = Config::new();
        config.host_path(&self.folder).port(self.port).user("postgres");
        let (client, connection) = config.connect(NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
    }

    fn path(&self) -> String {
        self.folder.to_str().unwrap().to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        run("stop", &[&self.path()]);
    }
}

/// What `scripts/postgres` prints.
fn run(verb: &str, arguments: &[&str]) -> String {
    let output = Command::new("scripts/postgres")
        .arg(verb)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{verb}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
