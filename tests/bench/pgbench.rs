//! `pgbench` with the very statement that a refresh sends.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use authara::storage::sessions::ROTATE;
use tokio_postgres::NoTls;

use crate::cluster::Cluster;

/// The hash of a client's token number `n`: as random as the real ones, and nobody has to remember it.
const HASH: &str = "sha256(int8send(:client_id) || int8send(:n))";
/// The session of a client.
const SESSION: &str = "CAST(md5(CAST(CAST(:client_id AS bigint) AS text)) AS uuid)";

pub(crate) struct PgBench {
    address: String,
    script: PathBuf,
}

impl PgBench {
    /// Writes the script.
    pub(crate) fn new(cluster: &Cluster, folder: &Path) -> Self {
        let next = HASH.replace(":n", ":next");
        let exchange = filled(
            ROTATE,
            &[
                HASH,
                "now()",
                "false",
                "'127.0.0.1'",
                "'pgbench'",
                "'127.0.0.1'",
                "(now() - interval '1 minute')",
                &next,
                "now() + interval '14 days'",
            ],
        );
        let script = folder.join(format!("refresh-{}.pgbench", std::process::id()));
        let text = format!("\\set next :n + 1\n{exchange};\n\\set n :next\n");
        std::fs::write(&script, text).unwrap();
        Self {
            address: cluster.address.clone(),
            script,
        }
    }

    /// Refreshes a second, each client over a connection of its own.
    pub(crate) async fn rate(&self, clients: usize, time: Duration) -> f64 {
        self.prepare(clients).await;
        let output = Command::new(program())
            .args(["--no-vacuum", "--protocol=prepared", "--define=n=0", "--jobs=1"])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={}", time.as_secs()))
            .arg("--file")
            .arg(&self.script)
            .arg(&self.address)
            .env("PGOPTIONS", "-c search_path=authara")
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        rate.unwrap().split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Gives each client a session of its own that has just been opened.
    async fn prepare(&self, clients: usize) {
        let (client, connection) = tokio_postgres::connect(&self.address, NoTls).await.unwrap();
        tokio::spawn(connection);
        let (hash, session) = (HASH.replace(":n", "0"), SESSION);
        let sql = format!(
            "SET search_path = authara;
             DELETE FROM sessions WHERE user_agent = 'pgbench';
             INSERT INTO sessions
             SELECT {session}, user_id, organization_id, created_at, expires_at, last_used_at, authenticated_at,
                    method, revoked_at, address, 'pgbench'
             FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS client FROM sessions) s
             WHERE client < {clients};
             INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at)
             SELECT {hash}, {session}, 0, now(), now() + interval '30 days'
             FROM generate_series(0, {clients} - 1) client"
        );
        client
            .batch_execute(&sql.replace(":client_id", "client"))
            .await
            .unwrap();
    }
}

impl Drop for PgBench {
    fn drop(&mut self) {
        // Nothing to be done about a file that stays.
        let _ = std::fs::remove_file(&self.script);
    }
}

/// The statement with expressions in the place of its arguments.
fn filled(sql: &str, args: &[&str]) -> String {
    let mut sql = sql.to_owned();
    // From the back, or `$1` would be found in `$10`.
    for (index, arg) in args.iter().enumerate().rev() {
        sql = sql.replace(&format!("${}", index + 1), arg);
    }
    assert!(!sql.contains('$'), "an argument is missing: {sql}");
    sql
}

fn program() -> PathBuf {
    let mut found = Command::new("sh");
    found.args([
        "-c",
        "command -v pgbench || ls /usr/lib/postgresql/*/bin/pgbench | tail -n 1",
    ]);
    let output = found.output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().into()
}
