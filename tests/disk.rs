//! A disk that is full, read-only or broken under the running server: what it cannot keep it does
//! not acknowledge, and nobody is signed out.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::kit::database::Folder;
use crate::live::{self, Client, Deployment, Server};

const PASSWORD: &str = "a password nobody guesses";
const RECOVERY: Duration = Duration::from_secs(5);

/// A running server on a disk that obeys.
struct Disk {
    folder: Folder,
    deployment: Deployment,
}

impl Disk {
    fn new(name: &str) -> Self {
        let folder = Folder::new();
        let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, name);
        deployment.preload = Some(live::library("tests/live/failing_disk.c", &folder.0));
        deployment.settings = vec![("TEST_DISK", folder.0.join("orders").display().to_string())];
        Self { folder, deployment }
    }

    fn orders(&self) -> PathBuf {
        self.folder.0.join("orders")
    }

    /// Lets a call fail with an error number.
    fn fail(&self, orders: &str) {
        std::fs::write(self.orders(), orders).unwrap();
    }

    fn mend(&self) {
        std::fs::remove_file(self.orders()).unwrap();
    }

    async fn start(&self) -> (Server, Client) {
        let (server, _) = self.deployment.start().await;
        (server, Client::connect(self.deployment.address).await.unwrap())
    }
}

async fn sign_up(client: &mut Client, email: &str) -> (u16, String, Vec<u8>) {
    let csrf = live::csrf(client).await.unwrap();
    let (head, body) = client.exchange(&live::sign_up(&csrf, email, PASSWORD)).await.unwrap();
    (head[9..12].parse().unwrap(), head, body)
}

/// Signs somebody up, which a busy machine may put off.
async fn signed_up(client: &mut Client, email: &str) -> Vec<u8> {
    let begun = Instant::now();
    loop {
        match sign_up(client, email).await {
            (201, _, body) => return body,
            (503, ..) if begun.elapsed() < RECOVERY * 4 => tokio::time::sleep(RECOVERY / 20).await,
            (status, head, _) => panic!("{status}: {head}"),
        }
    }
}

/// Exchanges a token once it can be, which must be soon.
async fn refreshed(client: &mut Client, token: &str) -> String {
    let begun = Instant::now();
    loop {
        let (status, body) = client.send(&live::refresh(token)).await.unwrap();
        if status == 200 {
            return live::text_in(&body, "refresh_token");
        }
        assert_eq!(status, 503, "an outage signs nobody out");
        assert!(begun.elapsed() < RECOVERY, "the disk is not used again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r038_what_the_disk_cannot_keep_is_not_acknowledged() {
    let disk = Disk::new("disk");
    let (server, mut client) = disk.start().await;
    let body = signed_up(&mut client, "ada@example.com").await;
    let mut token = live::text_in(&body, "refresh_token");
    let access = live::text_in(&body, "access_token");

    // Full, read-only, broken; and a flush that fails.
    for (number, fault) in ["write 28", "write 30", "write 5", "sync 5"].into_iter().enumerate() {
        let somebody = format!("{number}@example.com");
        disk.fail(fault);
        let (refused, head, _) = sign_up(&mut client, &somebody).await;
        let (refresh, _) = client.exchange(&live::refresh(&token)).await.unwrap();
        let mine = live::get("/auth/api/v1/user", &format!("authorization: Bearer {access}\r\n"));
        let (read, _) = client.send(&mine).await.unwrap();
        let (page, _) = client.send(&live::get("/auth/login", "")).await.unwrap();
        let (ready, _) = client.send(&live::get("/auth/ready", "")).await.unwrap();
        disk.mend();

        assert_eq!((refused, read, page, ready), (503, 200, 200, 503), "{fault}");
        for head in [&head, &refresh] {
            assert!(
                head.contains(" 503 ") && head.contains("retry-after: "),
                "{fault}: {head}"
            );
            assert!(!head.contains("set-cookie"), "{fault}: {head}");
        }
        token = refreshed(&mut client, &token).await;
        let (ready, _) = client.send(&live::get("/auth/ready", "")).await.unwrap();
        assert_eq!(ready, 200, "{fault}");
        // What was refused has left nothing.
        signed_up(&mut client, &somebody).await;
    }

    // The flush fails, and the power goes.
    disk.fail("sync 5");
    assert_eq!(sign_up(&mut client, "bob@example.com").await.0, 503);
    server.kill();
    disk.mend();
    let (_server, mut client) = disk.start().await;
    refreshed(&mut client, &token).await;
    for number in 0..4 {
        let csrf = live::csrf(&mut client).await.unwrap();
        let body = serde_json::json!({ "email": format!("{number}@example.com"), "password": PASSWORD });
        let login = live::post("/auth/api/v1/login", &csrf, &body);
        let (status, _) = client.send(&login).await.unwrap();
        assert!(matches!(status, 200 | 503), "what was acknowledged is there: {status}");
    }
    let database = rusqlite::Connection::open(disk.deployment.database()).unwrap();
    let verdict: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_once_a_file_of_the_database_was_taken_away() {
    for (end, by_another) in [
        ("-wal", false),
        ("-wal", true),
        ("-shm", false),
        ("", false),
        ("", true),
    ] {
        let folder = Folder::new();
        let deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "away");
        let (_server, _) = deployment.start().await;
        let mut client = Client::connect(deployment.address).await.unwrap();
        let body = signed_up(&mut client, "ada@example.com").await;
        let token = live::text_in(&body, "refresh_token");
        let file = PathBuf::from(format!("{}{end}", deployment.database().display()));
        let aside = folder.0.join("aside");

        std::fs::rename(&file, &aside).unwrap();
        if by_another {
            std::fs::copy(&aside, &file).unwrap();
        }

        for _ in 0..5 {
            let (refresh, _) = client.send(&live::refresh(&token)).await.unwrap();
            let (sign_up, ..) = sign_up(&mut client, "bob@example.com").await;
            let (ready, _) = client.send(&live::get("/auth/ready", "")).await.unwrap();
            assert_eq!((refresh, sign_up, ready), (503, 503, 503), "{end} {by_another}");
        }
        // It is put back as it was.
        std::fs::rename(&aside, &file).unwrap();
        refreshed(&mut client, &token).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_acknowledged_once_a_copy_was_written_over_the_database() {
    let folder = Folder::new();
    let deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "over");
    let (_server, _) = deployment.start().await;
    let mut client = Client::connect(deployment.address).await.unwrap();
    let body = signed_up(&mut client, "ada@example.com").await;
    let token = live::text_in(&body, "refresh_token");
    let copy = folder.0.join("copy.db");
    let copied = deployment
        .command(&["backup", &copy.display().to_string()])
        .output()
        .unwrap();
    assert!(copied.status.success());

    std::fs::copy(&copy, deployment.database()).unwrap();

    let (refresh, _) = client.send(&live::refresh(&token)).await.unwrap();
    let (ready, _) = client.send(&live::get("/auth/ready", "")).await.unwrap();
    assert_eq!((refresh, ready), (503, 503));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_is_refused_with_the_file_that_cannot_be_written_and_its_owner() {
    const SERVICE: u32 = 65_534;
    let folder = Folder::new();
    let deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "owner");
    let place = deployment.database();
    let home = place.parent().unwrap();
    // Only root can give files away.
    if chown(home, Some(SERVICE), Some(SERVICE)).is_err() {
        return;
    }
    std::fs::set_permissions(&folder.0, Permissions::from_mode(0o755)).unwrap();
    let file = |end: &str| PathBuf::from(format!("{}{end}", place.display()));
    for end in ["", "-lock"] {
        chown(file(end), Some(SERVICE), Some(SERVICE)).unwrap();
    }
    let starts = |arguments: &[&str]| {
        let mut command = deployment.command(arguments);
        let output = command
            .uid(SERVICE)
            .gid(SERVICE)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (is_done, said) = starts(&["user", "list"]);
    assert!(is_done, "{said}");

    for end in ["", "-wal", "-shm", "-lock"] {
        if !file(end).exists() {
            std::fs::write(file(end), "").unwrap();
        }
        chown(file(end), Some(0), Some(0)).unwrap();
        std::fs::set_permissions(file(end), Permissions::from_mode(0o644)).unwrap();
        for arguments in [&["serve"][..], &["user", "list"]] {
            let (is_done, said) = starts(arguments);
            assert!(!is_done, "{end}");
            let words = format!("{} may not be written", file(end).display());
            assert!(said.contains(&words) && said.contains("belongs to root"), "{said}");
            assert!(said.contains("; as root: chown "), "{said}");
        }
        chown(file(end), Some(SERVICE), Some(SERVICE)).unwrap();
    }
    chown(home, Some(0), Some(0)).unwrap();
    let (is_done, said) = starts(&["serve"]);
    assert!(!is_done && said.contains("may not be written"), "{said}");
}

/// Makes all that is mounted read-only, but for the folder it is run in, and becomes what is named.
const CONTAINER: &str = r#"
    set -e
    mount --bind . .
    data=$PWD
    mount -o remount,bind,ro /
    for folder in /tmp /var/tmp; do
        ! mountpoint -q $folder || mount -o remount,bind,ro $folder
    done
    cd /
    ! touch /tmp/writable 2>/dev/null
    touch "$data/writable"
    exec "$0" "$@"
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_outside_the_folder_of_the_database() {
    let folder = Folder::new();
    let deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "container");
    let inner = |arguments: &[&str]| {
        let inner = deployment.command(arguments);
        let is_root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let mut outer = Command::new("unshare");
        outer
            .args(if is_root {
                &["--mount"][..]
            } else {
                &["--map-root-user", "--mount"]
            })
            .args(["sh", "-c", CONTAINER])
            .arg(inner.get_program())
            .args(inner.get_args())
            .env_clear()
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .env("DATABASE_URL", format!("sqlite://{}", deployment.database().display()))
            .current_dir(deployment.database().parent().unwrap());
        outer
    };
    std::fs::remove_file(deployment.database()).unwrap();

    let migrated = inner(&["migrate", "up"]).output().unwrap();
    assert!(
        migrated.status.success(),
        "{}",
        String::from_utf8_lossy(&migrated.stderr)
    );
    let mut server = Server(inner(&["serve"]).spawn().unwrap());
    deployment.until_ready(&mut server).await;
    let mut client = Client::connect(deployment.address).await.unwrap();
    let body = signed_up(&mut client, "ada@example.com").await;
    let refreshed = client
        .send(&live::refresh(&live::text_in(&body, "refresh_token")))
        .await;
    assert_eq!(refreshed.unwrap().0, 200);
    let listed = inner(&["user", "list"]).output().unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
}
