//! The same on a PostgreSQL server, and from one database to the other.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::{Desk, sign_up};
use crate::kit::database::{Database, on_postgres};
use crate::live::{self, Client};

/// Every row of a copy, by table. The history of the schema is each database's own.
fn contents(copy: &str) -> Vec<(String, Vec<Vec<Value>>)> {
    let file = Connection::open(copy).unwrap();
    let mut tables = file
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('authara_migrations', '_litestream_seq')
             ORDER BY name")
        .unwrap();
    let names: Vec<String> = tables
        .query_map((), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let rows_of = |name: &String| {
        let mut rows = file.prepare(&format!("SELECT * FROM {name} ORDER BY 1, 2")).unwrap();
        let columns = rows.column_count();
        let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
        rows.query_map((), row).unwrap().map(Result::unwrap).collect()
    };
    names.iter().map(|name| (name.clone(), rows_of(name))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_server_is_put_back_and_nothing_is_lost() {
    on_postgres(async |db: &Database| {
        let desk = Desk::on("server", db.url());
        let copy = desk.copy("copy.db");
        let (server, _) = desk.deployment.start().await;
        let mut client = Client::connect(desk.deployment.address).await.unwrap();
        let before = sign_up(&mut client, "ada@example.com").await;
        let said = desk.done(&["backup", &copy]);
        assert!(said.contains("1 account,"), "{said}");
        let names = std::fs::read_dir(&desk.folder.0)
            .unwrap()
            .map(|file| file.unwrap().file_name());
        let copies = names.filter(|name| name.to_string_lossy().contains("copy"));
        assert_eq!(copies.count(), 1, "nothing is left beside it");
        let after = sign_up(&mut client, "bob@example.com").await;
        desk.keeps_away(&copy);
        server.kill();

        let said = until_nobody_is_there(&desk, &copy);

        assert!(said.starts_with("Restored: 1 account.\n"), "{said}");
        let schema = said
            .split_whitespace()
            .find(|word| word.starts_with("before_restore_"))
            .unwrap();
        let kept = db
            .text(&format!("SELECT CAST(count(*) AS text) FROM {schema}.users"))
            .await;
        assert_eq!(
            (desk.people(), kept.as_str()),
            (1, "2"),
            "what was acknowledged is there"
        );
        let (_server, _) = desk.deployment.start().await;
        let mut client = Client::connect(desk.deployment.address).await.unwrap();
        assert_eq!(client.send(&live::refresh(&before)).await.unwrap().0, 200);
        assert_eq!(client.send(&live::refresh(&after)).await.unwrap().0, 401);
    })
    .await;
}

/// The server notices only later that a killed program has gone.
pub(super) fn until_nobody_is_there(desk: &Desk, copy: &str) -> String {
    let begun = std::time::Instant::now();
    loop {
        let output = desk.run(&["restore", copy, "--yes"]);
        if output.status.success() {
            return String::from_utf8(output.stdout).unwrap();
        }
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains("is in use") && begun.elapsed().as_secs() < 300, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_goes_from_one_database_to_the_other_and_back_unchanged() {
    on_postgres(async |db: &Database| {
        let file = Desk::new("from-file");
        let (first, second, third) = (file.copy("first.db"), file.copy("second.db"), file.copy("third.db"));
        let (server, _) = file.deployment.start().await;
        let mut client = Client::connect(file.deployment.address).await.unwrap();
        let token = sign_up(&mut client, "ada@example.com").await;
        sign_up(&mut client, "bob@example.com").await;
        file.done(&["user", "disable", "bob@example.com", "--yes"]);
        file.done(&["key", "rotate"]);
        file.done(&["backup", &first]);
        server.kill();

        // Litestream leaves tables of its own in what it copies.
        let theirs = "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)";
        Connection::open(&first).unwrap().execute_batch(theirs).unwrap();

        let desk = Desk::on("to-server", db.url());
        until_nobody_is_there(&desk, &first);
        desk.done(&["backup", &second]);
        until_nobody_is_there(&file, &second);
        file.done(&["backup", &third]);

        let (first, second, third) = (contents(&first), contents(&second), contents(&third));
        for ((one, two), three) in first.iter().zip(&second).zip(&third) {
            // Each restore leaves a line in the audit.
            if one.0 == "audit" {
                assert!(one.1.iter().all(|line| two.1.contains(line) && three.1.contains(line)));
                assert_eq!((two.1.len(), three.1.len()), (one.1.len() + 1, one.1.len() + 2));
            } else {
                assert!(one == two && two == three, "{}", one.0);
            }
        }
        assert!(first.len() > 8 && first.len() == second.len() && second.len() == third.len());
        let (_server, _) = desk.deployment.start().await;
        let mut client = Client::connect(desk.deployment.address).await.unwrap();
        assert_eq!(
            client.send(&live::refresh(&token)).await.unwrap().0,
            200,
            "with the same keys"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_good_copy_changes_nothing_on_a_server() {
    on_postgres(async |db: &Database| {
        let desk = Desk::on("refused", db.url());
        let copy = desk.copy("copy.db");
        desk.done(&["user", "list"]);
        desk.done(&["backup", &copy]);
        let bytes = std::fs::read(&copy).unwrap();
        let cut = desk.copy("cut.db");
        std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
        // A row that the other database does not take, so that it fails at the end.
        let odd = desk.copy("odd.db");
        std::fs::copy(&copy, &odd).unwrap();
        let made = "INSERT INTO users (id, email, username, username_normalized, created_at)
                    VALUES (x'00', 'ada@example.com', 'ada', 'ada', 0)";
        Connection::open(&odd).unwrap().execute_batch(made).unwrap();

        for copy in [&cut, &odd] {
            let begun = std::time::Instant::now();
            let mut output = desk.run(&["restore", copy, "--yes"]);
            while String::from_utf8_lossy(&output.stderr).contains("is in use") {
                assert!(begun.elapsed().as_secs() < 300, "it stays in use");
                output = desk.run(&["restore", copy, "--yes"]);
            }
            assert_eq!(output.status.code(), Some(1), "{copy}");
            let schemas = "SELECT CAST(count(*) AS text) FROM pg_namespace WHERE nspname LIKE 'before%'";
            assert_eq!(db.text(schemas).await, "0");
            assert_eq!(desk.people(), 0);
        }
    })
    .await;
}
