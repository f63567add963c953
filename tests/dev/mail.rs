//! The inbox of `authara dev`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Dev;
use crate::kit::database::Folder;
use crate::live::{self, Client, Deployment, get, post, when_not_busy};

const PASSWORD: &str = "correct horse battery";
const INBOX: &str = "/auth/dev/mail";

/// Signs a person up, and in again with another program, which they are told of.
async fn cause_a_letter(client: &mut Client) {
    let csrf = live::csrf(client).await.unwrap();
    let signed_up = when_not_busy(client, &live::sign_up(&csrf, "ada@example.com", PASSWORD))
        .await
        .unwrap();
    assert_eq!(signed_up.0, 201);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let request = post("/auth/api/v1/login", "user-agent: another program\r\n", &body);
    assert_eq!(when_not_busy(client, &request).await.unwrap().0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_letter_is_there_at_once_as_a_page_and_as_json() {
    let folder = Folder::new();
    let dev = Dev::start(&folder.0);
    let mut client = Client::connect(dev.address).await.unwrap();
    let (status, page) = client.send(&get(INBOX, "")).await.unwrap();
    assert_eq!(status, 200);
    assert!(String::from_utf8(page).unwrap().contains("No letters yet"));

    cause_a_letter(&mut client).await;
    let begun = Instant::now();
    let letters = loop {
        let (status, body) = client.send(&get(INBOX, "accept: application/json\r\n")).await.unwrap();
        assert_eq!(status, 200);
        let found: Value = serde_json::from_slice(&body).unwrap();
        if found["letters"] != json!([]) {
            break found["letters"].clone();
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "no letter");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };

    let letter = &letters[0];
    assert_eq!(letter["to"], "ada@example.com");
    assert_eq!(letter["subject"], "New sign-in to your account · localhost");
    assert!(letter["text"].as_str().unwrap().contains("another"), "{letter}");
    let members: Vec<_> = letter.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["at", "html", "id", "subject", "text", "to"]);
    let at = format!("{INBOX}/{}", letter["id"].as_str().unwrap());
    let (status, list) = client.send(&get(INBOX, "accept: text/html\r\n")).await.unwrap();
    assert!(status == 200 && String::from_utf8(list).unwrap().contains(&at));
    let (status, page) = client.send(&get(&at, "")).await.unwrap();
    assert!(status == 200 && String::from_utf8(page).unwrap().contains("New sign-in"));
    let (head, html) = client.exchange(&get(&format!("{at}/html"), "")).await.unwrap();
    assert!(String::from_utf8(html).unwrap().contains("max-width:560px"));
    assert!(
        head.contains("sandbox allow-popups") && !head.contains("script-src"),
        "{head}"
    );
    let missing = format!("{INBOX}/0190b5a0-0000-7000-8000-000000000001");
    assert_eq!(client.send(&get(&missing, "")).await.unwrap().0, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_is_no_inbox_but_in_dev() {
    let folder = Folder::new();
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "mail");
    let mail = folder.0.join("mail");
    std::fs::create_dir(&mail).unwrap();
    deployment.settings = vec![
        ("APP_ENV", "dev".to_owned()),
        ("AUTHARA_MAIL_DIR", mail.display().to_string()),
        ("AUTHARA_EMAIL_FROM", "login@example.com".to_owned()),
        ("AUTHARA_CHALLENGE_ENABLED", "false".to_owned()),
    ];
    let (server, _) = deployment.start().await;
    let mut client = Client::connect(deployment.address).await.unwrap();
    cause_a_letter(&mut client).await;
    let begun = Instant::now();
    while std::fs::read_dir(&mail)
        .unwrap()
        .filter(|file| {
            file.as_ref()
                .unwrap()
                .path()
                .extension()
                .is_some_and(|end| end == "eml")
        })
        .count()
        == 0
    {
        assert!(begun.elapsed() < Duration::from_mins(1), "no letter");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    for accept in ["", "accept: application/json\r\n"] {
        assert_eq!(client.send(&get(INBOX, accept)).await.unwrap().0, 404);
    }
    server.kill();
}
