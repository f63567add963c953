//! What a file of settings and the public address do to `authara dev`.

use super::*;
use crate::live::free_port;

#[tokio::test]
async fn a_file_may_set_all_but_what_dev_settles_by_itself() {
    let folder = Folder::new();
    let file = "APP_ENV=prod\nPUBLIC_URL=https://example.com\nDATABASE_URL=postgres://nobody@nowhere/x?sslmode=disable\n\
                AUTHARA_PRODUCT_NAME=\"Stadtrad \\\"2\\\"\"\nAUTHARA_JWT_ALGORITHM=ES256\nAUTHARA_METRICS_LISTEN=127.0.0.1:9999\n";
    std::fs::write(folder.0.join("some.env"), file).unwrap();
    let (_, dev) = Dev::start_with(&folder.0, &["--port", "0", "--env-file", "some.env"]);
    let mut browser = dev.browser().await;

    let page = browser.open("/auth/signup").await;
    let fields = [("email", "ada@example.com"), ("password", "correct horse battery")];
    browser.submit("/auth/signup", &fields).await;
    let private = browser.open("/private").await;
    let keys = browser.open("/auth/.well-known/jwks.json").await;

    assert!(page.text.contains("Stadtrad"), "{}", page.text);
    assert_eq!(private.status, 200, "the sample application reads ES256 as well");
    assert!(keys.text.contains("P-256"), "{}", keys.text);
    for name in ["APP_ENV", "PUBLIC_URL", "DATABASE_URL", "AUTHARA_METRICS_LISTEN"] {
        assert!(
            dev.words.contains(&format!("Note: {name}: is not used")),
            "{}",
            dev.words
        );
    }
    // The other commands work with the same settings on the same data.
    let listed = command(&folder.0, &["key", "list", "--env-file", ".authara/dev.env"]);
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("ES256") && listed.contains("active"), "{listed}");
    let shown = command(&folder.0, &["config", "check", "--env-file", ".authara/dev.env"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("Stadtrad \"2\""), "{shown}");
}

#[test]
fn a_file_with_problems_is_refused_before_anything_is_made() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("some.env"), "AUTHARA_ORG_MODE=many\n").unwrap();

    for (arguments, words) in [
        (&["--env-file", "some.env"][..], "AUTHARA_ORG_MODE"),
        (&["--env-file", "nowhere.env"], "cannot be read"),
        (&["--public-url", "example.com"], "PUBLIC_URL"),
    ] {
        let refused = command(&folder.0, &[&["dev", "--port", "0"], arguments].concat());

        assert_eq!(refused.status.code(), Some(1));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(words), "{said}");
        assert!(!folder.0.join(".authara/authara.db").exists());
    }
}

#[tokio::test]
async fn behind_a_proxy_the_public_address_counts() {
    let folder = Folder::new();
    let port = free_port().to_string();
    let arguments = ["--port", &port, "--public-url", "https://dev.example.test"];
    let (shown, dev) = Dev::start_with(&folder.0, &arguments);
    assert_eq!(shown, 0, "{}", dev.words);
    let mut browser = dev.browser().await;
    browser.origin = "https://dev.example.test".to_owned();
    browser.named = |_, name| name.to_owned();

    let page = browser.open("/auth/signup").await;
    let fields = [("email", "ada@example.com"), ("password", "correct horse battery")];
    let signed_up = browser.submit("/auth/signup?return_to=%2Fprivate", &fields).await;

    assert_eq!(page.status, 200);
    assert_eq!(signed_up.location.as_deref(), Some("/private"), "{}", signed_up.text);
    assert!(signed_up.head.contains("authara_access=") && signed_up.head.contains("; Secure"));
}

#[test]
fn what_the_environment_sets_is_told_to_count_for_nothing() {
    let folder = Folder::new();
    let mut child = Command::new(BINARY)
        .args(["dev", "--port", "0"])
        .current_dir(&folder.0)
        .env_clear()
        .env("PUBLIC_URL", "https://example.com")
        .stdout(Stdio::piped())
        .stderr(log::file())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap()).lines();
    let _server = Server(child);

    let note = printed.find_map(|line| line.unwrap().strip_prefix("Note: ").map(str::to_owned));

    assert!(note.unwrap().starts_with("PUBLIC_URL: the environment is not read"));
}
