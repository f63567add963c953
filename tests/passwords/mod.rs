//! Passwords on every way in and on every way to set one: the same rule must hold at each door.

mod changing;
mod choosing;
mod commands;
mod refusals;
mod spelling;

use authara::domain::Secret;
use authara::flows::accounts::directory;
use authara::flows::{self, accounts};
use hyper::Method;
use serde_json::json;

use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::world::operator;

/// Every way to set a password. Of the commands only the flow behind them: they hash with the real
/// cost, see `commands`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    JsonSignUp,
    PageSignUp,
    JsonSet,
    JsonChange,
    PageChange,
    OperatorAdd,
    OperatorPassword,
}

const WAYS: [Way; 7] = [
    Way::JsonSignUp,
    Way::PageSignUp,
    Way::JsonSet,
    Way::JsonChange,
    Way::PageChange,
    Way::OperatorAdd,
    Way::OperatorPassword,
];

/// What became of a password.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Taken,
    /// What the person was told.
    Refused(String),
}

impl Way {
    /// Sets `password` for `email`, whose account is opened first where this way needs one.
    async fn set(self, app: &TestApp, email: &str, password: &str) -> Outcome {
        match self {
            Self::JsonSignUp => {
                let body = json!({ "email": email, "password": password });
                let client = app.visitor().await;
                of_json(&client.post_json("/auth/api/v1/signup/direct", &body).await)
            }
            Self::PageSignUp => {
                let client = app.visitor().await;
                let fields = [("email", email), ("password", password)];
                of_page(&form(&client, "/auth/signup", &fields).await, "password")
            }
            Self::JsonSet => {
                let body = json!({ "password": password, "current_password": PASSWORD });
                let client = app.user(email).await;
                of_json(&client.put_json("/auth/api/v1/users/password", &body).await)
            }
            Self::JsonChange => {
                let body = json!({ "new_password": password, "current_password": PASSWORD });
                let client = app.user(email).await;
                of_json(&client.put_json("/auth/api/v1/account/password", &body).await)
            }
            Self::PageChange => {
                let client = app.user(email).await;
                let fields = [("current_password", PASSWORD), ("new_password", password)];
                of_page(
                    &form(&client, "/auth/providers/password/change", &fields).await,
                    "new_password",
                )
            }
            Self::OperatorAdd => {
                of_flow(accounts::add(&app.app, &operator(&app.app), email, Secret::new(password), &[]).await)
            }
            Self::OperatorPassword => {
                app.user(email).await;
                let user = directory::find(&app.app, email).await.unwrap();
                of_flow(accounts::set_password(&app.app, &operator(&app.app), user.id, Secret::new(password)).await)
            }
        }
    }
}

/// An address for each way, so that all can be tried on one database.
fn address(way: Way, number: usize) -> String {
    format!("{way:?}-{number}@mail.example.com").to_lowercase()
}

async fn form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.call(Method::POST, path).form(fields).send().await
}

/// Whether that pair opens a session, at both doors alike.
async fn opens(app: &TestApp, email: &str, password: &str) -> bool {
    let body = json!({ "email": email, "password": password });
    let by_json = app.visitor().await.post_json("/auth/api/v1/login", &body).await.status;
    let fields = [("email", email), ("password", password)];
    let by_page = form(&app.visitor().await, "/auth/login", &fields).await.status;
    match (by_json, by_page) {
        (200, 303) => true,
        (401, 422) => false,
        other => panic!("{other:?}"),
    }
}

fn of_json(answer: &Answer) -> Outcome {
    match answer.status {
        201 | 204 => Outcome::Taken,
        400 => {
            assert_eq!(answer.code(), "invalid_request");
            Outcome::Refused(answer.json()["error"]["message"].as_str().unwrap().to_owned())
        }
        _ => panic!("{answer:?}"),
    }
}

/// A page says what is wrong beside the field.
fn of_page(answer: &Answer, field: &str) -> Outcome {
    match answer.status {
        303 => Outcome::Taken,
        422 => {
            let body = answer.text();
            let mark = format!("id=\"{field}-problem\">");
            let (_, words) = body.split_once(&mark).unwrap_or_else(|| panic!("{body}"));
            let words = words.split('<').next().unwrap().trim_end_matches('.');
            Outcome::Refused(words.to_lowercase())
        }
        _ => panic!("{answer:?}"),
    }
}

fn of_flow<T>(result: flows::Result<T>) -> Outcome {
    match result {
        Ok(_) => Outcome::Taken,
        Err(flows::Error::Refused(refusal)) => Outcome::Refused(refusal.to_string()),
        Err(other) => panic!("{other}"),
    }
}

async fn stored_hash(app: &TestApp, email: &str) -> String {
    let mut conn = app.app.store.read().await.unwrap();
    let email = authara::domain::Email::parse(email).unwrap();
    let (_, hash) = conn.users().credentials(&email).await.unwrap().unwrap();
    hash.unwrap().hash.expose().to_owned()
}
