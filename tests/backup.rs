//! Copies of a database: made while it is in use, looked through, put back with nothing lost.

mod by_hand;
mod progress;
mod servers;
mod sessions;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::Connection;

use crate::kit::database::Folder;
use crate::live::{self, Client, Deployment};

const PASSWORD: &str = "a password nobody guesses";

struct Desk {
    folder: Folder,
    deployment: Deployment,
}

impl Desk {
    fn new(name: &str) -> Self {
        let folder = Folder::new();
        let deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, name);
        Self { folder, deployment }
    }

    fn on(name: &str, database_url: String) -> Self {
        let folder = Folder::new();
        let deployment = Deployment::on(env!("CARGO_BIN_EXE_authara"), &folder.0, name, database_url);
        Self { folder, deployment }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.deployment
            .command(arguments)
            .stdout(Stdio::piped())
            .output()
            .unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// It is refused with these words, and nothing has changed.
    fn refused(&self, arguments: &[&str], why: &str) {
        let before = self.files();
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(said.contains(why), "{arguments:?}: {said}");
        assert!(self.files() == before, "{arguments:?} changed something");
    }

    /// What lies beside the database, with the bytes of each file.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let place = self.deployment.database();
        let folder = place.parent().unwrap();
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        files
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect()
    }

    fn copy(&self, name: &str) -> String {
        self.folder.0.join(name).display().to_string()
    }

    /// A restore is refused because something uses the database, whose files may change meanwhile.
    fn keeps_away(&self, copy: &str) {
        let output = self.run(&["restore", copy, "--yes"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("is in use"), "{said}");
    }

    fn people(&self) -> usize {
        self.done(&["user", "list", "--json"]).matches("@example.com").count()
    }
}

async fn sign_up(client: &mut Client, email: &str) -> String {
    let csrf = live::csrf(client).await.unwrap();
    let request = live::sign_up(&csrf, email, PASSWORD);
    let (status, body) = live::when_not_busy(client, &request).await.unwrap();
    assert_eq!(status, 201);
    live::text_in(&body, "refresh_token")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_database_in_use_is_whole_and_its_owners_alone() {
    let desk = Desk::new("copied");
    let (server, _) = desk.deployment.start().await;
    let mut client = Client::connect(desk.deployment.address).await.unwrap();
    let mut token = sign_up(&mut client, "ada@example.com").await;
    let is_over = Arc::new(AtomicBool::new(false));
    let told = is_over.clone();
    let refreshing = tokio::spawn(async move {
        while !told.load(Ordering::SeqCst) {
            let (status, body) = client.send(&live::refresh(&token)).await.unwrap();
            assert_eq!(status, 200);
            token = live::text_in(&body, "refresh_token");
        }
    });

    let first = desk.copy("first.db");
    let said = desk.done(&["backup", &first]);
    let told = desk.done(&["backup", &desk.copy("second.db"), "--json"]);
    is_over.store(true, Ordering::SeqCst);
    refreshing.await.unwrap();

    assert!(
        said.contains("1 account,") && told.contains("\"accounts\": 1"),
        "{said} {told}"
    );
    assert_eq!(std::fs::metadata(&first).unwrap().permissions().mode() & 0o777, 0o600);
    for (to, why) in [
        (first.as_str(), "exists already"),
        ("/nowhere/copy.db", "/nowhere is not a folder"),
    ] {
        let output = desk.run(&["backup", to]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(why), "{said}");
    }
    let names = std::fs::read_dir(&desk.folder.0)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(!names.iter().any(|name| name.contains("partial")), "{names:?}");
    drop(server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_put_back_after_a_crash_and_nothing_is_lost() {
    let desk = Desk::new("restored");
    let copy = desk.copy("copy.db");
    let (server, _) = desk.deployment.start().await;
    let mut client = Client::connect(desk.deployment.address).await.unwrap();
    let before = sign_up(&mut client, "ada@example.com").await;
    desk.done(&["backup", &copy]);
    let after = sign_up(&mut client, "bob@example.com").await;
    desk.keeps_away(&copy);
    // As after a loss of power: the log is full of what the file lacks.
    server.kill();

    let said = desk.done(&["restore", &copy, "--yes"]);

    assert!(said.starts_with("Restored: 1 account.\n"), "{said}");
    let place = desk.deployment.database();
    for end in ["-wal", "-shm"] {
        assert!(
            !PathBuf::from(format!("{}{end}", place.display())).exists(),
            "a stale {end}"
        );
    }
    let aside = Path::new(said.lines().last().unwrap().rsplit(' ').next().unwrap());
    let kept: i64 = Connection::open(aside)
        .unwrap()
        .query_row("SELECT count(*) FROM users", (), |row| row.get(0))
        .unwrap();
    assert_eq!((desk.people(), kept), (1, 2), "what was acknowledged is there");
    let (_server, _) = desk.deployment.start().await;
    let mut client = Client::connect(desk.deployment.address).await.unwrap();
    assert_eq!(
        client.send(&live::refresh(&before)).await.unwrap().0,
        200,
        "whoever was signed in still is"
    );
    assert_eq!(client.send(&live::refresh(&after)).await.unwrap().0, 401);
}

#[test]
fn what_is_no_good_copy_is_refused_and_nothing_changes() {
    let desk = Desk::new("refused");
    let copy = desk.copy("copy.db");
    desk.done(&["backup", &copy]);
    let bytes = std::fs::read(&copy).unwrap();
    let restore = |path: &str, why: &str| desk.refused(&["restore", path, "--yes"], why);

    restore(&desk.copy("missing.db"), "No such file");
    restore("/usr", "/usr is a folder; name the copy in it");
    restore(
        &desk.deployment.database().display().to_string(),
        "is the database itself",
    );
    let cut = desk.copy("cut.db");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    restore(&cut, "is no database of Authara that can be used");
    let other = desk.copy("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE users (id INTEGER); PRAGMA application_id = 7")
        .unwrap();
    restore(&other, "the mark of another program");
    let text = desk.copy("text.db");
    std::fs::write(&text, "no database at all").unwrap();
    restore(&text, "is no database of Authara that can be used");
    let newer = desk.copy("newer.db");
    std::fs::copy(&copy, &newer).unwrap();
    Connection::open(&newer)
        .unwrap()
        .execute_batch(
            "INSERT INTO authara_migrations SELECT max(number) + 1, 'later', checksum, applied_at, max(number) + 1
             FROM authara_migrations",
        )
        .unwrap();
    restore(&newer, "newer");
    let with_log = desk.copy("with-log.db");
    std::fs::copy(&copy, &with_log).unwrap();
    std::fs::write(format!("{with_log}-wal"), "changes").unwrap();
    restore(&with_log, "is no whole copy");
    desk.refused(&["restore", &copy], "--yes");
}

#[test]
fn a_copy_is_put_where_there_is_no_database() {
    let desk = Desk::new("empty");
    let copy = desk.copy("copy.db");
    desk.done(&["backup", &copy]);
    std::fs::remove_file(desk.deployment.database()).unwrap();

    let said = desk.done(&["restore", &copy, "--yes"]);

    assert!(said.contains("There was no database before it."), "{said}");
    assert_eq!(desk.people(), 0);
}

#[test]
fn a_copy_that_sqlites_own_program_made_is_as_good() {
    let desk = Desk::new("backup-api");
    desk.done(&["user", "list"]);
    let copy = desk.copy("copy.db");
    let source = Connection::open(desk.deployment.database()).unwrap();
    source.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    // What its `.backup` does.
    source.backup("main", &copy, None::<fn(_)>).unwrap();
    drop(source);

    desk.done(&["restore", &copy, "--yes"]);

    let place = desk.deployment.database();
    let names: Vec<_> = desk.files().into_keys().collect();
    let lock = PathBuf::from(format!("{}-lock", place.display()));
    let is_ours =
        |path: &PathBuf| [&place, &lock].contains(&path) || path.to_string_lossy().contains("before-restore-");
    assert!(names.iter().all(is_ours), "{names:?}");
    assert_eq!(desk.people(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_server_and_every_command_keeps_a_restore_away() {
    let desk = Desk::new("in-use");
    let copy = desk.copy("copy.db");
    desk.done(&["backup", &copy]);

    let (first, _) = desk.deployment.start().await;
    let mut second = Deployment::new(env!("CARGO_BIN_EXE_authara"), &desk.folder.0, "in-use-too");
    second.settings = vec![(
        "DATABASE_URL",
        format!("sqlite://{}", desk.deployment.database().display()),
    )];
    let (second, _) = second.start().await;
    first.kill();
    desk.keeps_away(&copy);
    second.kill();

    // It waits for the password.
    let mut command = desk
        .deployment
        .command(&["user", "add", "ada@example.com", "--password-stdin"]);
    let mut command = command.stdin(Stdio::piped()).spawn().unwrap();
    while desk.run(&["restore", &copy, "--yes"]).status.success() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    desk.keeps_away(&copy);
    writeln!(command.stdin.take().unwrap(), "{PASSWORD}").unwrap();
    assert!(command.wait().unwrap().success());
    assert_eq!(desk.people(), 1);

    // A program that knows nothing of our lock.
    let other = Connection::open(desk.deployment.database()).unwrap();
    let read = "BEGIN; SELECT count(*) FROM users";
    other.execute_batch(read).unwrap();
    desk.keeps_away(&copy);
    drop(other);

    desk.done(&["restore", &copy, "--yes"]);
    assert_eq!(desk.people(), 0);
}

#[test]
fn nothing_that_belongs_to_another_database_stays_beside_the_restored_one() {
    let desk = Desk::new("side-files");
    let copy = desk.copy("copy.db");
    desk.done(&["backup", &copy]);
    let place = desk.deployment.database();
    let beside = |end: &str| PathBuf::from(format!("{}{end}", place.display()));
    std::fs::write(&place, "a database that cannot be opened any more").unwrap();
    for end in ["-wal", "-shm", "-journal"] {
        std::fs::write(beside(end), end).unwrap();
    }

    desk.done(&["restore", &copy, "--yes"]);

    let kept = desk.files();
    for end in ["", "-wal", "-shm", "-journal"] {
        let is_kept =
            |path: &PathBuf| path.to_string_lossy().contains("before-restore-") && kept[path].ends_with(end.as_bytes());
        assert!(kept.keys().any(is_kept), "{end}: {:?}", kept.keys());
        assert!(end.is_empty() || !beside(end).exists(), "{end}");
    }
    std::fs::write(format!("{copy}-journal"), "changes").unwrap();
    desk.refused(&["restore", &copy, "--yes"], "is no whole copy");
}

#[test]
fn each_restore_keeps_what_it_replaces() {
    let desk = Desk::new("again");
    let copy = desk.copy("copy.db");
    desk.done(&["backup", &copy]);

    for _ in 0..3 {
        desk.done(&["restore", &copy, "--yes"]);
    }

    let kept = desk
        .files()
        .into_keys()
        .filter(|path| path.to_string_lossy().contains("before-restore-"));
    assert_eq!(kept.count(), 3);
}

#[test]
fn what_root_restores_belongs_to_the_owner_of_the_folder() {
    let desk = Desk::new("owner");
    let copy = desk.copy("copy.db");
    desk.done(&["backup", &copy]);
    let place = desk.deployment.database();
    let folder = place.parent().unwrap();
    // Only root can give files away.
    if chown(folder, Some(65_534), None).is_err() {
        return;
    }
    std::fs::remove_file(&place).unwrap();

    desk.done(&["restore", &copy, "--yes"]);

    for path in desk.files().keys() {
        assert_eq!(std::fs::metadata(path).unwrap().uid(), 65_534, "{}", path.display());
    }
}
