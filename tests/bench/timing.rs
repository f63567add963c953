//! Whether the time of an answer tells who has an account: everything that anybody can ask about an address, in turn for
//! addresses that have an account and for addresses that have none.

use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};

use crate::cluster::Cluster;
use crate::flood::percentile;
use crate::live::{self, Client, Deployment, post, text_in};
use crate::table::Line;
use crate::{BINARY, load};

/// Lives of a challenge for either kind of address.
const LIVES: usize = 200;
/// Addresses of either kind: a mailbox gets only so many letters a day.
const ADDRESSES: usize = 20;
/// Wrong codes before a challenge is over.
const WRONG: usize = 5;

const KINDS: [&str; 2] = ["known", "nobody"];
/// Out of reach, like those of every deployment.
const UNLIMITED: [&str; 6] = [
    "AUTHARA_RATE_LIMIT_PASSWORD_RESET_IP_LIMIT",
    "AUTHARA_RATE_LIMIT_PASSWORD_RESET_EMAIL_LIMIT",
    "AUTHARA_RATE_LIMIT_SIGNUP_CODES_EMAIL_LIMIT",
    "AUTHARA_RATE_LIMIT_CHALLENGE_VERIFY_IP_LIMIT",
    "AUTHARA_RATE_LIMIT_CHALLENGE_RESEND_IP_LIMIT",
    "AUTHARA_RATE_LIMIT_LOGIN_EMAIL_LIMIT",
];

/// A life of a challenge: where it begins, with what, and where its code is entered.
struct Life {
    name: &'static str,
    start: &'static str,
    password: &'static str,
    verify: &'static str,
}

const LIFE: [Life; 2] = [
    Life {
        name: "sign-up",
        start: "/auth/api/v1/signup/challenges",
        password: "password",
        verify: "/auth/api/v1/signup/challenges/verify",
    },
    Life {
        name: "reset",
        start: "/auth/api/v1/password-reset/challenges",
        password: "new_password",
        verify: "/auth/api/v1/password-reset/challenges/verify",
    },
];
const RESEND: &str = "/auth/api/v1/challenges/resend";
const LOGIN: &str = "/auth/api/v1/login";

pub(crate) async fn on_sqlite(folder: &Path) -> Vec<Line> {
    of("SQLite", Deployment::new(BINARY, folder, "bench-timing"), folder).await
}

pub(crate) async fn on_postgres(folder: &Path) -> Vec<Line> {
    let cluster = Cluster::start();
    let deployment = Deployment::on(BINARY, folder, "bench-timing", cluster.address.clone());
    of("PostgreSQL", deployment, folder).await
}

async fn of(database: &str, mut deployment: Deployment, folder: &Path) -> Vec<Line> {
    let (server, _) = deployment.start().await;
    for number in 0..ADDRESSES {
        load::sign_up(deployment.address, &address(KINDS[0], number)).await;
    }
    server.kill();
    let letters = folder.join(format!("authara-bench-letters-{}", std::process::id()));
    std::fs::create_dir_all(&letters).unwrap();
    let unlimited = UNLIMITED.map(|name| (name, "1000000".to_owned()));
    deployment.settings.extend(unlimited);
    deployment.settings.extend([
        ("AUTHARA_EMAIL_FROM", "login@example.com".to_owned()),
        ("AUTHARA_MAIL_DIR", letters.display().to_string()),
        ("AUTHARA_CHALLENGE_MIN_RESEND_INTERVAL", "0s".to_owned()),
    ]);
    let (_server, _) = deployment.start().await;
    let mut asking = Asking {
        csrf: live::csrf(&mut Client::connect(deployment.address).await.unwrap())
            .await
            .unwrap(),
        client: Client::connect(deployment.address).await.unwrap(),
        steps: Vec::new(),
    };

    for life in &LIFE {
        for (kind, number) in interleaved() {
            asking.live(life, kind, &address(KINDS[kind], number)).await;
        }
    }
    for (kind, number) in interleaved() {
        let body = json!({ "email": address(KINDS[kind], number), "password": "not the right one" });
        asking.ask("sign-in, wrong password", kind, LOGIN, &body, 401).await;
    }

    std::fs::remove_dir_all(&letters).unwrap();
    asking.lines(database)
}

/// Kinds and numbers in turn. Which kind comes first changes from pair to pair, so that what the server still does for
/// one answer delays both kinds alike.
fn interleaved() -> impl Iterator<Item = (usize, usize)> {
    (0..2 * LIVES).map(|at| ((at + at / 2) % 2, at / 2 % ADDRESSES))
}

fn address(kind: &str, number: usize) -> String {
    format!("{kind}{number}@example.com")
}

/// What one step took in milliseconds, for either kind.
struct Step {
    name: String,
    times: [Vec<f64>; 2],
}

struct Asking {
    client: Client,
    csrf: String,
    steps: Vec<Step>,
}

impl Asking {
    async fn live(&mut self, life: &Life, kind: usize, email: &str) {
        let step = |what: &str| format!("{}, {what}", life.name);
        let mut typed = json!({ "email": email });
        typed[life.password] = load::PASSWORD.into();
        let begun = self.ask(&step("start"), kind, life.start, &typed, 202).await;
        let id = text_in(&begun, "challenge_id");

        let again = json!({ "challenge_id": id });
        self.ask(&step("resend"), kind, RESEND, &again, 204).await;
        // No code has a letter in it.
        let wrong = json!({ "challenge_id": id, "code": "00000x" });
        for _ in 0..WRONG {
            self.ask(&step("wrong code"), kind, life.verify, &wrong, 400).await;
        }
        self.ask(&step("wrong code too many"), kind, life.verify, &wrong, 400)
            .await;
        self.ask(&step("resend too late"), kind, RESEND, &again, 204).await;
    }

    async fn ask(&mut self, step: &str, kind: usize, path: &str, body: &Value, expected: u16) -> Vec<u8> {
        let request = post(path, &self.csrf, body);
        let begun = Instant::now();
        let (status, answer) = self.client.send(&request).await.unwrap();
        let took = begun.elapsed().as_secs_f64() * 1e3;
        assert_eq!(status, expected, "{step}: {}", String::from_utf8_lossy(&answer));
        let at = self.steps.iter().position(|known| known.name == step);
        let at = at.unwrap_or_else(|| {
            self.steps.push(Step {
                name: step.to_owned(),
                times: Default::default(),
            });
            self.steps.len() - 1
        });
        self.steps[at].times[kind].push(took);
        answer
    }

    fn lines(self, database: &str) -> Vec<Line> {
        let of = |percent: usize, step: &Step| {
            let [known, unknown] = step.times.clone().map(|times| percentile(times, percent));
            Line::alike(&format!("{database}, {}: p{percent}", step.name), known, unknown, 5.0)
        };
        let steps = self.steps.iter();
        steps.flat_map(|step| [of(50, step), of(95, step)]).collect()
    }
}
