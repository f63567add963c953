//! Files of a database that somebody put in place by hand: a database that SQLite would join with the changes of
//! another one (sqlite.org/howtocorrupt.html, section 1.4) is not touched, and the words say what helps.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Desk, sign_up};
use crate::live::{self, Client, Deployment, Server};

/// A deployment, seen file by file.
struct Place {
    desk: Desk,
}

impl Place {
    fn new(name: &str) -> Self {
        Self { desk: Desk::new(name) }
    }

    fn file(&self, end: &str) -> PathBuf {
        PathBuf::from(format!("{}{end}", self.desk.deployment.database().display()))
    }

    /// What is kept, by the ending of its name.
    fn files(&self) -> Vec<(&'static str, Option<Vec<u8>>)> {
        ["", "-wal", "-shm", "-journal", "-lock"]
            .map(|end| (end, fs::read(self.file(end)).ok()))
            .to_vec()
    }

    /// Exit code and what it said.
    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.desk.run(arguments);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    }

    /// Every command that opens the database says `why`, and what helps, and has touched nothing.
    fn is_not_touched(&self, why: &str) {
        let before = self.files();
        let copy = self.desk.copy("never-written.db");
        for arguments in [
            &["user", "list"][..],
            &["serve"],
            &["migrate", "up"],
            &["migrate", "status"],
            &["key", "list"],
            &["audit"],
            &["backup", &copy],
        ] {
            let (code, said) = self.run(arguments);
            assert_eq!(code, 1, "{arguments:?}: {said}");
            assert!(said.contains(why), "{arguments:?}: {said}");
            assert!(said.contains("authara restore "), "{arguments:?}: {said}");
            assert!(self.files() == before, "{arguments:?} changed something");
        }
    }

    /// Goes on with what is there, as the words say; the accounts then.
    fn adopted(&self) -> usize {
        let place = self.desk.deployment.database().display().to_string();
        let (code, said) = self.run(&["restore", &place, "--yes"]);
        assert_eq!(code, 0, "{said}");
        let (code, said) = self.run(&["user", "list", "--json"]);
        assert_eq!(code, 0, "{said}");
        said.matches("@example.com").count()
    }

    /// A copy of the kind that `sqlite3 .backup` makes.
    fn backup_of_sqlite(&self, name: &str) -> PathBuf {
        let copy = self.desk.folder.0.join(name);
        let source = Connection::open(self.desk.deployment.database()).unwrap();
        source.busy_timeout(Duration::from_mins(1)).unwrap();
        source.backup("main", &copy, None::<fn(_)>).unwrap();
        copy
    }
}

/// Ends a server as systemd does.
fn end(mut server: Server) {
    let id = server.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(server.0.wait().unwrap().success());
}

/// A server with one account; another one follows in the life of the next server, which a crash ends.
async fn crashed(place: &Place, between: impl FnOnce()) {
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    sign_up(&mut client, "ada@example.com").await;
    between();
    end(server);
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    let mut token = sign_up(&mut client, "bob@example.com").await;
    for _ in 0..30 {
        let (status, body) = live::when_not_busy(&mut client, &live::refresh(&token)).await.unwrap();
        assert_eq!(status, 200);
        token = live::text_in(&body, "refresh_token");
    }
    server.kill();
    assert!(fs::metadata(place.file("-wal")).unwrap().len() > 0, "a log is left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_vacuumed_copy_beside_the_log_of_a_crash() {
    let place = Place::new("vacuumed");
    let copy = place.desk.folder.0.join("copy.db");
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    let mut token = sign_up(&mut client, "ada@example.com").await;
    let into = copy.display().to_string();
    let source = Connection::open(place.desk.deployment.database()).unwrap();
    source.execute("VACUUM INTO ?1", [into]).unwrap();
    drop(source);
    for _ in 0..30 {
        let (_, body) = live::when_not_busy(&mut client, &live::refresh(&token)).await.unwrap();
        token = live::text_in(&body, "refresh_token");
    }
    server.kill();

    for by_moving in [false, true] {
        if by_moving {
            fs::remove_file(place.file("")).unwrap();
        }
        fs::copy(&copy, place.file("")).unwrap();
        place.is_not_touched("was put in place by hand");
    }
    assert_eq!(place.adopted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_copy_of_sqlites_backup_beside_the_log_of_a_crash() {
    let place = Place::new("older");
    let mut copy = PathBuf::new();
    crashed(&place, || copy = place.backup_of_sqlite("copy.db")).await;

    fs::copy(&copy, place.file("")).unwrap();

    place.is_not_touched("was put in place by hand");
    assert_eq!(place.adopted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_without_any_log_beside_it() {
    let place = Place::new("no-log");
    let mut copy = PathBuf::new();
    crashed(&place, || copy = place.backup_of_sqlite("copy.db")).await;
    for end in ["-wal", "-shm"] {
        fs::remove_file(place.file(end)).unwrap();
    }

    fs::copy(&copy, place.file("")).unwrap();

    place.is_not_touched("was put in place by hand");
    assert_eq!(place.adopted(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_the_log_makes_whole() {
    let place = Place::new("whole");
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    sign_up(&mut client, "ada@example.com").await;
    let copy = place.backup_of_sqlite("copy.db");
    sign_up(&mut client, "bob@example.com").await;
    server.kill();

    fs::copy(&copy, place.file("")).unwrap();

    let (code, said) = place.run(&["user", "list", "--json"]);
    assert_eq!((code, said.matches("@example.com").count()), (0, 2), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_another_database() {
    let place = Place::new("log");
    let (server, _) = place.desk.deployment.start().await;
    end(server);
    let other = Place::new("other-log");
    crashed(&other, || {}).await;

    fs::copy(other.file("-wal"), place.file("-wal")).unwrap();

    place.is_not_touched("belong to another database");
    assert_eq!(place.adopted(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_from_before_the_log_was_begun_anew() {
    let place = Place::new("anew");
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    let token = sign_up(&mut client, "ada@example.com").await;
    let copy = place.backup_of_sqlite("copy.db");
    // In one life of the server.
    until_marked(&place, &mut client, token).await;
    server.kill();

    fs::copy(&copy, place.file("")).unwrap();

    place.is_not_touched("was put in place by hand");
}

/// Refreshes until the server has copied the log into the file and marked it.
async fn until_marked(place: &Place, client: &mut Client, mut token: String) {
    let marks = || fs::read(place.file("-lock")).unwrap();
    let first = marks();
    let begun = Instant::now();
    while marks() == first {
        let (status, body) = live::when_not_busy(client, &live::refresh(&token)).await.unwrap();
        assert_eq!(status, 200);
        token = live::text_in(&body, "refresh_token");
        assert!(begun.elapsed() < Duration::from_mins(5), "it never is");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_outlives_another_takes_its_place() {
    let place = Place::new("outlives");
    let mut other = Deployment::new(env!("CARGO_BIN_EXE_authara"), &place.desk.folder.0, "outlived-by");
    let url = format!("sqlite://{}", place.desk.deployment.database().display());
    other.settings = vec![("DATABASE_URL", url)];
    let (first, _) = place.desk.deployment.start().await;
    let (second, _) = other.start().await;
    let mut client = Client::connect(other.address).await.unwrap();
    let token = sign_up(&mut client, "ada@example.com").await;
    end(first);
    let copy = place.backup_of_sqlite("copy.db");

    until_marked(&place, &mut client, token).await;
    second.kill();
    fs::copy(&copy, place.file("")).unwrap();

    place.is_not_touched("was put in place by hand");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_made_anew_is_no_surprise() {
    let place = Place::new("new");
    let (server, _) = place.desk.deployment.start().await;
    end(server);
    fs::remove_file(place.file("")).unwrap();

    for arguments in [&["migrate", "up"][..], &["user", "list"]] {
        let (code, said) = place.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
    }

    // As after a crash in the middle of the first `migrate up`.
    fs::write(place.file(""), "").unwrap();
    fs::write(place.file("-journal"), "begun").unwrap();
    let (code, said) = place.run(&["migrate", "up"]);
    assert_eq!(code, 0, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_behind_a_link_is_the_one_it_leads_to() {
    let mut place = Place::new("link");
    let link = place.desk.folder.0.join("link.db");
    std::os::unix::fs::symlink(place.desk.deployment.database(), &link).unwrap();
    place.desk.deployment.settings = vec![("DATABASE_URL", format!("sqlite://{}", link.display()))];
    let copy = place.desk.folder.0.join("copy.db");
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    sign_up(&mut client, "ada@example.com").await;
    let source = Connection::open(place.desk.deployment.database()).unwrap();
    source.execute("VACUUM INTO ?1", [copy.display().to_string()]).unwrap();
    drop(source);
    sign_up(&mut client, "bob@example.com").await;
    server.kill();

    fs::copy(&copy, &link).unwrap();

    place.is_not_touched("was put in place by hand");
    assert_eq!(place.adopted(), 1);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link stays");
}

#[test]
fn a_link_in_the_place_of_the_lock_is_not_followed() {
    let place = Place::new("lock-link");
    let victim = place.desk.folder.0.join("victim");
    fs::write(&victim, "of somebody else").unwrap();
    let before = fs::metadata(&victim).unwrap();
    let lock = place.file("-lock");

    for is_hard in [false, true] {
        fs::remove_file(&lock).unwrap();
        if is_hard {
            fs::hard_link(&victim, &lock).unwrap();
        } else {
            std::os::unix::fs::symlink(&victim, &lock).unwrap();
        }
        let (code, said) = place.run(&["user", "list"]);
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("-lock"), "{said}");
    }

    let after = fs::metadata(&victim).unwrap();
    assert_eq!((before.uid(), before.len()), (after.uid(), after.len()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_database_is_gone() {
    let place = Place::new("gone");
    crashed(&place, || {}).await;
    let copy = place.desk.folder.0.join("moved.db");
    fs::rename(place.file(""), &copy).unwrap();

    place.is_not_touched("there is no database");

    // An empty file is none.
    fs::write(place.file(""), "").unwrap();
    place.is_not_touched("there is no database");
    // As it was.
    fs::rename(&copy, place.file("")).unwrap();
    let (code, said) = place.run(&["user", "list", "--json"]);
    assert_eq!((code, said.matches("@example.com").count()), (0, 2), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_happens_by_itself_is_taken_for_it() {
    let place = Place::new("itself");
    for round in 0..6 {
        let (server, _) = place.desk.deployment.start().await;
        let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
        let mut token = sign_up(&mut client, &format!("{round}@example.com")).await;
        // So much that the log is copied and begun anew.
        for _ in 0..400 {
            let (status, body) = live::when_not_busy(&mut client, &live::refresh(&token)).await.unwrap();
            assert_eq!(status, 200);
            token = live::text_in(&body, "refresh_token");
        }
        let (code, said) = place.run(&["user", "list"]);
        assert_eq!(code, 0, "{said}");
        if round % 2 == 0 {
            server.kill();
        } else {
            end(server);
        }
        if round % 3 == 0 {
            let (code, said) = place.run(&["key", "rotate"]);
            assert_eq!(code, 0, "{said}");
        }
    }
    // A machine of its own: what we keep beside it stays behind.
    fs::remove_file(place.file("-lock")).unwrap();
    let (code, said) = place.run(&["user", "list", "--json"]);
    assert_eq!((code, said.matches("@example.com").count()), (0, 6), "{said}");
}

/// What a running server has noticed makes it no worse: it answers 503, and its end leaves the files as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_written_over_the_database_of_a_running_server() {
    let place = Place::new("running");
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    sign_up(&mut client, "ada@example.com").await;
    let copy = PathBuf::from(place.desk.copy("copy.db"));
    place.desk.done(&["backup", &copy.display().to_string()]);
    end(server);
    let (server, _) = place.desk.deployment.start().await;
    let mut client = Client::connect(place.desk.deployment.address).await.unwrap();
    for name in ["bob", "cleo", "dora"] {
        sign_up(&mut client, &format!("{name}@example.com")).await;
    }

    fs::copy(&copy, place.file("")).unwrap();
    let csrf = live::csrf(&mut client).await.unwrap();
    let request = live::sign_up(&csrf, "eve@example.com", "a password nobody guesses");
    let (status, _) = client.send(&request).await.unwrap();
    let before = place.files();
    end(server);

    assert_eq!(status, 503);
    assert!(place.files() == before, "the end changed something");
    place.is_not_touched("was put in place by hand");
}
