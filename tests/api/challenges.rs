//! `/auth/api/v1/…/challenges…`: codes by mail, for programs (contract, v0.22 2.1).

use authara::flows::letters;
use authara::workers;
use serde_json::{Value, json};

use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};

const ADA: &str = "ada@example.com";
const NEW: &str = "another long password";
const START: &str = "/auth/api/v1/signup/challenges";
const VERIFY: &str = "/auth/api/v1/signup/challenges/verify";
const RESET: &str = "/auth/api/v1/password-reset/challenges";
const VERIFY_RESET: &str = "/auth/api/v1/password-reset/challenges/verify";
const RESEND: &str = "/auth/api/v1/challenges/resend";

async fn with_codes(db: &Database) -> TestApp {
    TestApp::with(db, |config| config.challenges.at_sign_up = true).await
}

/// The code in the newest letter.
async fn code(app: &TestApp) -> String {
    workers::letters::round(app.app.clone()).await.unwrap();
    let inbox = letters::inbox(&app.app).unwrap();
    let lines = inbox[0].text.lines().map(str::trim);
    let code = lines
        .filter(|line| line.len() == 6)
        .find(|line| line.parse::<u32>().is_ok());
    code.expect("a code").to_owned()
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1);
    body["challenge_id"].as_str().unwrap().to_owned()
}

async fn start(client: &Client) -> String {
    id(&client
        .post_json(START, &json!({ "email": ADA, "password": PASSWORD }))
        .await)
}

async fn reset(client: &Client, address: &str) -> Answer {
    client
        .post_json(RESET, &json!({ "email": address, "new_password": NEW }))
        .await
}

fn entered(id: &str, code: &str) -> Value {
    json!({ "challenge_id": id, "code": code })
}

both!(a_code_opens_an_account_and_signs_in, async |db: &Database| {
    let app = with_codes(db).await;
    let client = app.visitor().await;
    let direct = json!({ "email": ADA, "password": PASSWORD });
    let direct = client.post_json("/auth/api/v1/signup/direct", &direct).await;
    assert_eq!(direct.refusal(), (404, "not_found".into()));

    let id = start(&client).await;
    assert_eq!(client.get("/auth/api/v1/user").await.status, 401, "not yet");
    let answer = client.post_json(VERIFY, &entered(&id, &code(&app).await)).await;

    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["user"]["email"], ADA);
    assert_eq!(client.get("/auth/api/v1/user").await.json()["email_verified"], true);
});

both!(
    where_no_code_is_asked_for_there_is_no_such_route,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.visitor().await;

        let started = client
            .post_json(START, &json!({ "email": ADA, "password": PASSWORD }))
            .await;
        let entered = entered("0190b5a0-0000-7000-8000-00000000000a", "123456");
        let verified = client.post_json(VERIFY, &entered).await;

        assert_eq!(started.refusal(), (404, "not_found".into()));
        assert_eq!(verified.refusal(), (404, "not_found".into()));
    }
);

both!(a_code_sets_a_password_and_signs_nobody_in, async |db: &Database| {
    let app = TestApp::start(db).await;
    let signed_in = app.user(ADA).await;
    let client = app.visitor().await;
    let id = id(&reset(&client, ADA).await);
    let right = code(&app).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let refused = client.post_json(VERIFY_RESET, &entered(&id, wrong)).await;
    assert_eq!(refused.refusal(), (400, "invalid_request".into()));

    let answer = client.post_json(VERIFY_RESET, &entered(&id, &right)).await;

    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert!(
        answer
            .set_cookies()
            .iter()
            .all(|line| !line.starts_with("authara_access"))
    );
    assert_eq!(
        signed_in.get("/auth/api/v1/user").await.status,
        401,
        "every session ended"
    );
    let login = async |password: &str| {
        let body = json!({ "email": ADA, "password": password });
        client.post_json("/auth/api/v1/login", &body).await.status
    };
    assert_eq!(login(PASSWORD).await, 401);
    assert_eq!(login(NEW).await, 200);
});

both!(without_mail_no_password_can_be_reset, async |db: &Database| {
    let app = TestApp::with(db, |config| config.mail.transport = None).await;

    let answer = reset(&app.visitor().await, ADA).await;

    assert_eq!(answer.refusal(), (404, "not_found".into()));
});

both!(another_code_is_always_on_its_way, async |db: &Database| {
    let app = with_codes(db).await;
    let client = app.visitor().await;
    let id = start(&client).await;

    for id in [id.as_str(), "0190b5a0-0000-7000-8000-00000000000a", "no id"] {
        let answer = client.post_json(RESEND, &json!({ "challenge_id": id })).await;
        assert_eq!((answer.status, answer.text().as_str()), (204, ""), "{id}");
    }
});

both!(
    too_many_wrong_codes_from_one_network_are_stopped,
    async |db: &Database| {
        let app = with_codes(db).await;
        let client = app.visitor().await;

        let body = entered("0190b5a0-0000-7000-8000-00000000000a", "123456");
        let mut statuses = Vec::new();
        for _ in 0..31 {
            statuses.push(client.post_json(VERIFY, &body).await.status);
        }

        assert_eq!(statuses[..30], [400; 30]);
        assert_eq!(statuses[30], 429);
    }
);
