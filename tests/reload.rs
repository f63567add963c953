//! What SIGHUP changes under a running server.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::kit::database::Folder;
use crate::live::{Client, Deployment, Server, get, post};

/// A server whose settings of the pages are in files.
struct Desk {
    folder: Folder,
    deployment: Deployment,
    server: Server,
    log: PathBuf,
}

impl Desk {
    async fn start() -> Self {
        let folder = Folder::new();
        let log = folder.0.join("log");
        let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "reload");
        deployment.log = Some(std::fs::File::create(&log).unwrap());
        std::fs::write(folder.0.join("env"), "AUTHARA_PRODUCT_NAME=Stadtrad\n").unwrap();
        std::fs::create_dir(folder.0.join("messages")).unwrap();
        std::fs::write(folder.0.join("own.css"), ".card { color: red }").unwrap();
        deployment.settings = vec![
            ("AUTHARA_MESSAGES_DIR", folder.0.join("messages").display().to_string()),
            (
                "AUTHARA_CUSTOM_CSS_FILE",
                folder.0.join("own.css").display().to_string(),
            ),
        ];
        let env_file = folder.0.join("env").display().to_string();
        let mut server = Server(deployment.command(&["serve", "--env-file", &env_file]).spawn().unwrap());
        deployment.until_ready(&mut server).await;
        Self {
            folder,
            deployment,
            server,
            log,
        }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.0.join(name), text).unwrap();
    }

    /// Sends the signal and waits until the log says this.
    async fn hang_up(&mut self, words: &str) {
        let id = self.server.0.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
        let begun = Instant::now();
        loop {
            let said = std::fs::read_to_string(&self.log).unwrap();
            if said.contains(words) {
                return;
            }
            assert_eq!(self.server.0.try_wait().unwrap(), None, "it ended");
            assert!(begun.elapsed() < Duration::from_mins(1), "{said}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let mut client = Client::connect(self.deployment.address).await.unwrap();
        let (status, body) = client.send(&get(path, "")).await.unwrap();
        (status, String::from_utf8(body).unwrap())
    }

    /// The sign-in page, and the address of its style sheet.
    async fn page(&self, query: &str) -> (String, String) {
        let (status, page) = self.get(&format!("/auth/login{query}")).await;
        assert_eq!(status, 200);
        let (_, rest) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
        let sheet = rest.split('"').next().unwrap().to_owned();
        (page, sheet)
    }
}

#[tokio::test]
async fn branding_and_messages_are_read_again_and_files_of_before_are_still_there() {
    let mut desk = Desk::start().await;
    let (page, before) = desk.page("").await;
    assert!(page.contains("Stadtrad") && !page.contains("Hereinspaziert"), "{page}");

    desk.write("env", "AUTHARA_PRODUCT_NAME=Landrad\n");
    desk.write("own.css", ".card { color: green }");
    desk.write("messages/de.json", r#"{ "sign_in.title": "Hereinspaziert" }"#);
    desk.hang_up("were read again").await;

    let (page, after) = desk.page("").await;
    assert!(page.contains("Landrad") && !page.contains("Stadtrad"), "{page}");
    assert_ne!(before, after);
    assert!(desk.get(&before).await.1.contains("color: red"));
    assert!(desk.get(&after).await.1.contains("color: green"));
    let mut client = Client::connect(desk.deployment.address).await.unwrap();
    let german = client
        .send(&get("/auth/login", "accept-language: de\r\n"))
        .await
        .unwrap();
    let german = String::from_utf8(german.1).unwrap();
    assert!(german.contains("Hereinspaziert"), "{german}");
}

#[tokio::test]
async fn disposable_domains_are_read_again() {
    let mut desk = Desk::start().await;
    let try_out = async |desk: &Desk| {
        let body = json!({ "email": "ada@mailer.example", "password": "short" });
        let request = post("/auth/api/v1/signup/direct", "", &body);
        let mut client = Client::connect(desk.deployment.address).await.unwrap();
        let (_, body) = client.send(&request).await.unwrap();
        String::from_utf8(body).unwrap()
    };
    assert!(try_out(&desk).await.contains("at least 8"));

    desk.write("domains", "mailer.example\n");
    let list = desk.folder.0.join("domains").display().to_string();
    desk.write("env", &format!("AUTHARA_DISPOSABLE_DOMAINS_FILE={list}\n"));
    desk.hang_up("were read again").await;

    assert!(try_out(&desk).await.contains("of that domain cannot be used"));
}

#[tokio::test]
async fn what_is_wrong_is_named_and_changes_nothing() {
    let mut desk = Desk::start().await;

    desk.write("env", "AUTHARA_PRODUCT_NAME=Landrad\nAUTHARA_ORG_MODE=many\n");
    desk.hang_up("SIGHUP changes nothing").await;

    let said = std::fs::read_to_string(&desk.log).unwrap();
    assert!(said.contains("AUTHARA_ORG_MODE"), "{said}");
    let (page, _) = desk.page("").await;
    assert!(page.contains("Stadtrad"), "{page}");
    // What is settled at the start stays as it was.
    desk.write(
        "env",
        "AUTHARA_PRODUCT_NAME=Landrad\nAUTHARA_DEFAULT_RETURN_TO=/elsewhere\n",
    );
    desk.hang_up("were read again").await;
    let (page, _) = desk.page("").await;
    assert!(page.contains("Landrad") && !page.contains("/elsewhere"), "{page}");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_again_holds_nothing_up() {
    let mut desk = Desk::start().await;
    let file = desk.folder.0.join("env");
    std::fs::remove_file(&file).unwrap();
    let made = Command::new("mkfifo").arg(&file).status().unwrap();
    assert!(made.success());

    desk.hang_up("SIGHUP changes nothing").await;

    let (page, _) = desk.page("").await;
    assert!(page.contains("Stadtrad"), "{page}");
}

#[tokio::test]
async fn a_signal_at_any_moment_of_the_start_does_not_end_it() {
    let desk = Desk::start().await;
    let binary = env!("CARGO_BIN_EXE_authara");
    for moment in (0..20).map(|step| Duration::from_millis(step * 7)) {
        let deployment = Deployment::new(binary, &desk.folder.0, "reload-early");
        let mut server = deployment.spawn();
        // Before the program itself has begun, the system's own rule holds.
        let began = Instant::now();
        while !handles_hangups(&server) {
            assert!(began.elapsed() < Duration::from_mins(1));
        }
        tokio::time::sleep(moment).await;
        let id = server.0.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
        deployment.until_ready(&mut server).await;
    }
}

/// Whether the process has a handler for the signal, by what the system says (proc(5)).
fn handles_hangups(server: &Server) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    u64::from_str_radix(caught.unwrap().trim(), 16).unwrap() & 1 == 1
}
