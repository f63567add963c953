//! What commands print of things that strangers wrote.

use super::*;

/// A browser that calls itself something that turns a terminal's lines around, and more.
const HOSTILE: &str = "a\u{202e}b\u{2066}c\u{200b}d\u{feff}e\u{e0041}f\u{ad}g";

/// A session of that account's from an address and a browser, and its audit line.
pub(super) async fn session_of(desk: &Desk, email: &str, address: &str, browser: &str) {
    let store = Store::open(&Target::Sqlite(desk.0.0.join("authara.db"))).await.unwrap();
    let email = Email::parse(email).unwrap();
    let mut conn = store.read().await.unwrap();
    let user = conn.users().by_email(&email).await.unwrap().unwrap().id;
    let home = conn.organizations().default_of(user).await.unwrap().unwrap();
    drop(conn);
    let now = SystemClock.now();
    let client = Client::new(address.parse().unwrap(), browser);
    let session = Session {
        id: SessionId::new(random::id(now)),
        user,
        organization: home.organization,
        created_at: now,
        expires_at: now + Duration::from_hours(1),
        last_used_at: now,
        authenticated_at: now,
        methods: Method::Password.into(),
        revoked_at: None,
        client: client.clone(),
    };
    let line = AuditLine {
        id: AuditId::new(random::id(now)),
        at: now,
        action: Action::SignIn,
        outcome: Outcome::Done,
        actor: Actor::User(user),
        subject: Some(user),
        session: Some(session.id),
        client,
        detail: browser.to_owned(),
    };
    store
        .write(async |tx| -> authara::storage::Result<()> {
            tx.sessions().add(&session).await?;
            tx.audit().add(&line).await
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_stranger_wrote_moves_nothing_on_a_terminal() {
    let desk = Desk::migrated();
    desk.add("ada@example.com");
    session_of(&desk, "ada@example.com", "192.0.2.1", HOSTILE).await;

    let name = format!("{HOSTILE}@example.com");
    let mut seen = 0;
    for command in [
        &["user", "sessions", "ada@example.com"][..],
        &["user", "show", "ada@example.com"],
        &["user", "list"],
        &["user", "list", HOSTILE],
        &["user", "show", &name],
        &["user", "disable", &name],
        &["user", "add", &name, "--password-stdin"],
        &["audit"],
        &["audit", "--user", &name],
        &["user", "sessions", "ada@example.com", "--json"],
        &["user", "show", "ada@example.com", "--json"],
        &["audit", "--json"],
    ] {
        let output = desk.run(command);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        for letter in HOSTILE.chars().filter(|letter| !letter.is_ascii()) {
            assert!(!said.contains(letter), "{command:?}: {}", said.escape_unicode());
        }
        seen += usize::from(said.contains("\\u202e"));
    }
    assert!(seen >= 6, "it is shown as an escape where it is shown at all");
    let told = desk.json(&["user", "sessions", "ada@example.com", "--json"]);
    assert!(told.to_string().contains(HOSTILE), "programs read what was written");
}
