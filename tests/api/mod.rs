//! The JSON door, route by route, on both databases. Mirrors the URL tree.

mod account;
mod addresses;
mod assets;
mod bad_input;
mod breakage;
mod challenges;
pub(crate) mod checks;
mod csrf;
mod doors;
mod enumeration;
mod floods;
mod hang_ups;
mod limits;
mod login;
mod meta;
mod organizations;
mod outages;
mod reauthenticate;
mod requests;
mod revocation;
mod secrets;
mod sessions;
mod signup;
mod stalls;
mod user;

use authara::domain::SessionId;
use serde_json::{Value, json};

use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";

const LOGIN: &str = "/auth/api/v1/login";
const LOGOUT: &str = "/auth/api/v1/sessions/logout";
const REFRESH: &str = "/auth/api/v1/sessions/refresh";
const SET_PASSWORD: &str = "/auth/api/v1/users/password";
const SIGN_UP: &str = "/auth/api/v1/signup/direct";
const TOKENS: &str = "/auth/api/v1/tokens/refresh";
const USER: &str = "/auth/api/v1/user";

/// The body of a sign-in or sign-up with the right password.
fn credentials(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

/// Whether the jar still opens the account.
async fn is_signed_in(client: &Client) -> bool {
    client.get(USER).await.status == 200
}

async fn users(app: &TestApp) -> i64 {
    app.app.store.read().await.unwrap().users().count().await.unwrap()
}

/// Asserts a refusal that touches no cookie.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.refusal(), (status, code.to_owned()), "{answer:?}");
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

/// The session of the client's access token.
fn session_of(client: &Client) -> SessionId {
    use base64::Engine as _;

    let token = client.cookie("authara_access");
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["sid"].as_str().unwrap().parse().unwrap()
}
