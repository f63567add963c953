//! nobody learns from an answer, or from when answers change, who has an account.

use std::time::Duration;

use authara::domain::limit::{Budget, Limit};
use authara::domain::{By, Secret};
use authara::flows::accounts;
use serde_json::{Value, json};
use uuid::Uuid;

use super::LOGIN;
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};

/// Pairs of an address that has an account and one that has none.
const PAIRS: usize = 100;
/// A mailbox gets only so many letters a day.
const MAILBOXES: usize = 10;
/// More than a challenge forgives.
const WRONG: usize = 7;

const SIGN_UP: &str = "/auth/api/v1/signup/challenges";
const RESET: &str = "/auth/api/v1/password-reset/challenges";
const RESEND: &str = "/auth/api/v1/challenges/resend";

const KINDS: [&str; 2] = ["known", "nobody"];

/// A site that asks for codes, where some have an account.
async fn site(db: &Database, limits: &[(Limit, u32)]) -> TestApp {
    let app = TestApp::with(db, |config| {
        config.challenges.at_sign_up = true;
        for (limit, count) in limits {
            let budget = Budget {
                limit: *count,
                window: Duration::from_hours(24),
            };
            config.limits.set(*limit, budget);
        }
    })
    .await;
    let by = By::operator(app.app.now());
    for number in 0..MAILBOXES {
        let (email, password) = (address("known", number), Secret::new(PASSWORD));
        accounts::add(&app.app, &by, &email, password, &[]).await.unwrap();
    }
    app
}

fn address(kind: &str, number: usize) -> String {
    format!("{kind}{number}@example.com")
}

/// What an answer looks like without what no two have in common.
fn looks(answer: &Answer) -> (u16, Vec<String>, Value) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, value)| match name.as_str() {
            "date" | "x-request-id" => format!("{name}: {} bytes", value.len()),
            _ => format!("{name}: {}", value.to_str().unwrap()),
        })
        .collect();
    headers.sort();
    let mut body = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    if let Some(id) = body.get_mut("challenge_id") {
        id.as_str().unwrap().parse::<Uuid>().unwrap();
        *id = "an id".into();
    }
    (answer.status, headers, body)
}

async fn begin(client: &Client, path: &str, email: &str) -> Answer {
    let password = if path == SIGN_UP { "password" } else { "new_password" };
    let mut body = json!({ "email": email });
    body[password] = PASSWORD.into();
    client.post_json(path, &body).await
}

/// All that one can do with a challenge without its code, until it is over.
async fn life(app: &TestApp, client: &Client, path: &str, email: &str) -> Vec<(u16, Vec<String>, Value)> {
    let begun = begin(client, path, email).await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    let id = begun.json()["challenge_id"].clone();
    let mut answers = vec![looks(&begun)];
    app.clock.advance(Duration::from_secs(30));
    let resend = async || looks(&client.post_json(RESEND, &json!({ "challenge_id": id })).await);
    answers.push(resend().await);
    for _ in 0..WRONG {
        // No code has a letter in it.
        let entered = json!({ "challenge_id": id, "code": "00000x" });
        answers.push(looks(&client.post_json(&format!("{path}/verify"), &entered).await));
    }
    answers.push(resend().await);
    answers
}

both!(
    r018_every_answer_is_the_same_for_a_known_and_an_unknown_address,
    async |db: &Database| {
        const PLENTY: u32 = 1_000_000;
        let limits = [
            Limit::ResetAddress,
            Limit::ResetAccount,
            Limit::SignUpCodes,
            Limit::ChallengeVerify,
            Limit::ChallengeResend,
        ];
        let app = site(db, &limits.map(|limit| (limit, PLENTY))).await;
        let client = app.visitor().await;

        for pair in 0..PAIRS {
            let mut lives = Vec::new();
            let order = if pair % 2 == 0 { [0, 1] } else { [1, 0] };
            for kind in order {
                let email = address(KINDS[kind], pair % MAILBOXES);
                let mut answers = life(&app, &client, SIGN_UP, &email).await;
                answers.extend(life(&app, &client, RESET, &email).await);
                let body = json!({ "email": email, "password": "not the right one" });
                answers.push(looks(&client.post_json(LOGIN, &body).await));
                lives.push(answers);
            }

            for (step, (one, other)) in lives[0].iter().zip(&lives[1]).enumerate() {
                assert_eq!(one, other, "pair {pair}, step {step}");
            }
            let of_a_challenge = [&[202, 204][..], &[400; WRONG], &[204]].concat();
            let expected = [&of_a_challenge[..], &of_a_challenge, &[401]].concat();
            for life in &lives {
                let statuses: Vec<_> = life.iter().map(|(status, ..)| *status).collect();
                assert_eq!(statuses, expected);
            }
        }
    }
);

both!(
    r018_both_are_told_to_wait_after_as_many_answers,
    async |db: &Database| {
        let app = site(
            db,
            &[
                (Limit::ResetAddress, 1000),
                (Limit::LoginAccount, 10),
                (Limit::LoginAddress, 1000),
            ],
        )
        .await;
        let client = app.visitor().await;
        let wrong = async |email: &str| {
            let body = json!({ "email": email, "password": "not the right one" });
            client.post_json(LOGIN, &body).await
        };

        let mut counts = Vec::new();
        for kind in KINDS {
            let email = address(kind, 0);
            let mut of_this = Vec::new();
            for path in [SIGN_UP, RESET, LOGIN] {
                let mut answers = Vec::new();
                while answers.len() < 100 && answers.last().is_none_or(|(status, _)| *status != 429) {
                    let answer = match path {
                        LOGIN => wrong(&email).await,
                        path => begin(&client, path, &email).await,
                    };
                    answers.push((answer.status, answer.header("retry-after").to_owned()));
                }
                of_this.push(answers);
            }
            counts.push(of_this);
        }

        assert_eq!(counts[0], counts[1]);
        let counts: Vec<_> = counts[0].iter().map(Vec::len).collect();
        assert_eq!(counts, [6, 4, 11]);
    }
);
