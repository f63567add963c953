//! The headers of every answer there is: from every route, of every kind, and of what comes before
//! and instead of a route.

use std::collections::BTreeSet;
use std::time::Duration;

use authara::domain::Anyone;
use authara::domain::limit::{Budget, Limit};
use authara::flows::{Error, Result};
use authara::http::assets;
use authara::http::cx::Cx;
use authara::http::pipeline::Service;
use authara::http::reply::Reply;
use authara::http::route::anyone;
use authara::http::routes::routes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::{ADA, call, is_api, path};
use crate::kit::app::TestApp;
use crate::kit::client::{Answer, raw};
use crate::kit::database::Database;

async fn panicking(_: Cx, _: Anyone) -> Result<Reply> {
    panic!("a defect")
}

async fn endless(_: Cx, _: Anyone) -> Result<Reply> {
    std::future::pending().await
}

async fn away(_: Cx, _: Anyone) -> Result<Reply> {
    Err(Error::Unavailable("away".to_owned()))
}

/// What each answer has, with exactly this value and once.
const ALWAYS: [(&str, &str); 6] = [
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("strict-transport-security", "max-age=31536000"),
];

/// Where another site pretends to come from.
const ORIGINS: [&str; 6] = [
    "https://evil.example",
    "null",
    "https://localhost.evil.example",
    "http://127.0.0.1",
    "https://localhost.",
    "*",
];

/// One answer, and what was asked.
struct Seen {
    method: Method,
    target: String,
    answer: Answer,
}

/// Declares one test of what holds for each answer.
macro_rules! each {
    ($name:ident, $check:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            answers().await.iter().for_each($check);
        }
    };
}

/// The server behind https, with rows that misbehave and few seats.
async fn server(db: &Database) -> TestApp {
    let change = |config: &mut authara::config::Config| {
        config.public_url.is_https = true;
        config.server.request_timeout = Duration::from_millis(300);
        config.server.body_timeout = Duration::from_millis(100);
        config.server.max_connections = 8;
        config.limits.set(
            Limit::LoginAccount,
            Budget {
                limit: 3,
                window: std::time::Duration::from_hours(1),
            },
        );
    };
    TestApp::serving(db, change, |app| {
        let mut all = routes();
        all.push(anyone().get("/auth/panicking", panicking));
        all.push(anyone().get("/auth/endless", endless));
        all.push(anyone().get("/auth/away", away));
        all.push(anyone().get_json("/auth/api/v1/panicking", panicking));
        all.push(anyone().get_json("/auth/api/v1/endless", endless));
        all.push(anyone().get_json("/auth/api/v1/away", away));
        Service::with_routes(app, all)
    })
    .await
}

/// Every kind of answer, asked for once.
async fn answers() -> &'static [Seen] {
    static ANSWERS: OnceCell<Vec<Seen>> = OnceCell::const_new();
    ANSWERS
        .get_or_init(async || {
            let db = Database::migrated_sqlite().await;
            let app = server(&db).await;
            let mut seen = of_routes(&app).await;
            seen.extend(of_no_route(&app).await);
            seen.extend(of_trouble(&app).await);
            let statuses: BTreeSet<u16> = seen.iter().map(|seen| seen.answer.status).collect();
            for status in [
                200, 201, 204, 303, 400, 401, 403, 404, 405, 408, 413, 422, 429, 500, 503,
            ] {
                assert!(statuses.contains(&status), "no {status} among {statuses:?}");
            }
            seen
        })
        .await
}

/// What each route says to a stranger, to its user, and to those who ask in a wrong way.
async fn of_routes(app: &TestApp) -> Vec<Seen> {
    let mut seen = Vec::new();
    let stranger = app.visitor().await;
    for (number, route) in routes().iter().enumerate() {
        let user = app.user(&format!("user{number}@example.com")).await;
        let cookie = user.cookie("authara_access");
        let doubled = format!("authara_access={cookie}; authara_access={cookie}");
        let target = path(route);
        let mut add = |method: &Method, answer| {
            seen.push(Seen {
                method: method.clone(),
                target: target.clone(),
                answer,
            });
        };
        for method in [Method::HEAD, Method::OPTIONS, Method::TRACE, Method::DELETE] {
            add(&method, stranger.call(method.clone(), &target).send().await);
        }
        for origin in ORIGINS {
            let preflight = user.call(Method::OPTIONS, &target).header("origin", origin);
            let preflight = preflight
                .header("access-control-request-method", route.method.as_str())
                .header("access-control-request-headers", "content-type, x-csrf-token");
            add(&Method::OPTIONS, preflight.send().await);
            add(
                &route.method,
                call(&user, route)
                    .header("origin", origin)
                    .without("x-csrf-token")
                    .send()
                    .await,
            );
        }
        add(&route.method, call(&stranger, route).send().await);
        add(&route.method, call(&app.client(), route).send().await);
        add(
            &route.method,
            call(&user, route).header("cookie", &doubled).send().await,
        );
        add(
            &route.method,
            call(&user, route)
                .header("hx-request", "true")
                .without("x-csrf-token")
                .send()
                .await,
        );
        add(
            &route.method,
            call(&stranger, route).header("hx-request", "true").send().await,
        );
        let opened = call(&user, route)
            .header("accept", "text/html")
            .header("sec-fetch-mode", "navigate");
        add(&route.method, opened.without("x-csrf-token").send().await);
        add(
            &route.method,
            call(&user, route).header("if-none-match", "*").send().await,
        );
    }
    seen
}

/// Addresses that lead nowhere.
async fn of_no_route(app: &TestApp) -> Vec<Seen> {
    let client = app.user("nowhere@example.com").await;
    let mut seen = Vec::new();
    for target in [
        "/",
        "/elsewhere",
        "/auth",
        "/auth/",
        "/auth/nothing",
        "/auth/login/",
        "/auth/%6cogin",
        "/auth/account/x.css",
        "/auth/static/nothing.css",
        "/auth/api",
        "/auth/api/v1/nothing",
        "/auth/internal/v1/users",
        "//evil.example/",
    ] {
        for method in [Method::GET, Method::HEAD, Method::POST] {
            let answer = client
                .call(method.clone(), target)
                .header("accept", "text/html")
                .send()
                .await;
            seen.push(Seen {
                method,
                target: target.to_owned(),
                answer,
            });
        }
    }
    seen
}

/// What is broken, too large, too slow, too much.
async fn of_trouble(app: &TestApp) -> Vec<Seen> {
    let client = app.visitor().await;
    let mut seen = Vec::new();
    for root in ["/auth", "/auth/api/v1"] {
        for name in ["panicking", "endless", "away"] {
            let target = format!("{root}/{name}");
            let answer = client.get(&target).await;
            seen.push((Method::GET, target, answer));
        }
    }
    let form = |fields: &[(&str, &str)]| client.call(Method::POST, "/auth/login").form(fields);
    let large = form(&[("password", &"x".repeat(2 << 20))]).send().await;
    let unusable = form(&[("email", "ada@example.com\0"), ("password", "\0")]).send().await;
    let slow = "POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n";
    let slow = parse(&raw(app.address, slow.as_bytes()).await);
    let guess = [("email", "guessed@example.com"), ("password", "wrong password")];
    let mut guesses = Vec::new();
    for _ in 0..5 {
        guesses.push(form(&guess).send().await);
    }
    for answer in [large, unusable, slow].into_iter().chain(guesses) {
        seen.push((Method::POST, "/auth/login".to_owned(), answer));
    }
    seen.into_iter()
        .map(|(method, target, answer)| Seen { method, target, answer })
        .collect()
}

/// An answer from its bytes.
fn parse(said: &str) -> Answer {
    let (head, body) = said.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap()[9..12].parse().unwrap();
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            (name, HeaderValue::from_str(value).unwrap())
        })
        .collect();
    Answer {
        status,
        headers,
        body: body.to_owned().into(),
    }
}

/// The pages that show one another in frames, which are there in development only.
fn is_in_gallery(target: &str, status: u16) -> bool {
    target.starts_with("/auth/dev/pages") && status == 200
}

fn is_html(answer: &Answer) -> bool {
    answer.header("content-type").starts_with("text/html")
}

each!(r061_no_other_site_may_read, |Seen { method, target, answer }: &Seen| {
    for name in answer.headers.keys() {
        assert!(
            !name.as_str().starts_with("access-control-"),
            "{method} {target}: {name}"
        );
        assert_ne!(name, "timing-allow-origin", "{method} {target}");
    }
    if *method == Method::OPTIONS {
        assert!(answer.status >= 400, "{target}: a preflight is never granted");
    }
});

each!(
    r062_pages_run_and_load_only_what_is_ours,
    |Seen { method, target, answer }: &Seen| {
        let policy = answer.header("content-security-policy");
        let rules: BTreeSet<&str> = policy.split(';').map(str::trim).collect();
        for rule in [
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ] {
            assert!(rules.contains(rule), "{method} {target}: {rule}");
        }
        let frames = if is_in_gallery(target, answer.status) {
            "frame-ancestors 'self'"
        } else {
            "frame-ancestors 'none'"
        };
        assert!(rules.contains(frames), "{method} {target}: {frames}");
        for hole in ["unsafe", "*", "http:", "https:", "blob:", "strict-dynamic"] {
            assert!(!policy.contains(hole), "{method} {target}: {hole}");
        }
        for rule in &rules {
            assert!(
                !rule.contains("data:") || rule.starts_with("img-src"),
                "{method} {target}: {rule}"
            );
        }
    }
);

each!(
    r063_every_answer_carries_every_header_once,
    |Seen { method, target, answer }: &Seen| {
        for (name, value) in ALWAYS {
            let is_framed = name == "x-frame-options" && is_in_gallery(target, answer.status);
            let value = if is_framed { "SAMEORIGIN" } else { value };
            let all: Vec<_> = answer.headers.get_all(name).iter().collect();
            // Their addresses may hold a code.
            let is_about_a_code = ["/verify", "/resend-challenge", "/not-me"]
                .iter()
                .any(|part| target.contains(part));
            let value = if name == "referrer-policy" && is_about_a_code && all == ["no-referrer"] {
                "no-referrer"
            } else {
                value
            };
            assert_eq!(all, [value], "{method} {target} {}: {name}", answer.status);
        }
        for name in ["permissions-policy", "content-security-policy", "cache-control"] {
            let count = answer.headers.get_all(name).iter().count();
            assert_eq!(count, 1, "{method} {target} {}: {name}", answer.status);
        }
    }
);

each!(
    r064_nothing_is_kept_but_what_is_the_same_for_all,
    |Seen { method, target, answer }: &Seen| {
        let what = format!("{method} {target} {}", answer.status);
        let is_same_for_all = target.starts_with("/auth/static/") || target == "/auth/.well-known/jwks.json";
        let kept = answer.header("cache-control");
        if is_same_for_all && answer.status == 200 {
            assert!(kept.starts_with("public, max-age="), "{what}: {kept}");
            assert!(answer.set_cookies().is_empty(), "{what}");
        } else {
            assert_eq!(kept, "no-store", "{what}");
        }
        assert!(!target.ends_with("/x.css") || answer.status == 404, "{what}");
    }
);

each!(
    r068_what_is_not_a_page_cannot_be_shown_as_one,
    |Seen { method, target, answer }: &Seen| {
        let what = format!("{method} {target} {}: {}", answer.status, answer.text());
        let is_for_programs = routes().iter().any(|route| is_api(route) && path(route) == *target)
            || target.starts_with("/auth/api")
            || target.starts_with("/auth/internal");
        if is_for_programs {
            assert!(!is_html(answer), "{what}");
        }
        let is_said = !answer.body.is_empty();
        assert!(!is_said || !answer.header("content-type").is_empty(), "{what}");
        if answer.header("content-type") == "application/json" && is_said {
            answer.json();
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r063_also_who_finds_no_seat_gets_them() {
    let db = Database::migrated_sqlite().await;
    let app = server(&db).await;
    let usual = app.client().get("/auth/ready").await;
    let mut seats = Vec::new();
    for _ in 0..8 {
        seats.push(TcpStream::connect(app.address).await.unwrap());
    }

    let said = loop {
        // The one that asked before may still be leaving its seat. Whoever gets it hears nothing, and
        // stays, so that the next finds none.
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        let mut said = String::new();
        let heard = timeout(Duration::from_secs(1), stream.read_to_string(&mut said)).await;
        if heard.is_ok() && !said.is_empty() {
            break parse(&said);
        }
        seats.push(stream);
    };

    assert_eq!((said.status, said.header("retry-after")), (503, "2"));
    for name in usual.headers.keys() {
        // The socket does not know the settings, and a request without a name has none.
        let is_of_requests = ["content-type", "content-length", "x-request-id", "date"].contains(&name.as_str());
        if name != "strict-transport-security" && !is_of_requests {
            assert!(said.headers.contains_key(name), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r063_without_https_browsers_are_not_told_to_insist_on_it() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;
    let client = app.user(ADA).await;

    for target in [
        "/auth/health",
        "/auth/account",
        "/auth/nothing",
        assets::url("style.css"),
    ] {
        assert_eq!(
            client.get(target).await.header("strict-transport-security"),
            "",
            "{target}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r067_after_signing_out_going_back_shows_nothing_and_the_application_keeps_its_cache() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;
    let client = app.user(ADA).await;

    let account = client.get("/auth/account").await;
    let goodbye = client
        .call(Method::POST, "/auth/sessions/logout")
        .form(&[])
        .send()
        .await;
    let back = client.get("/auth/account").await;

    // `no-store` keeps a page out of both of the browser's memories, the one behind its back button
    // too. Why there is no `Clear-Site-Data` is told in `http::reply`.
    assert_eq!((account.status, account.header("cache-control")), (200, "no-store"));
    assert_eq!((goodbye.status, goodbye.header("cache-control")), (303, "no-store"));
    assert_eq!(goodbye.header("clear-site-data"), "");
    assert_eq!(goodbye.set_cookies(), ["authara_access", "authara_refresh"]);
    assert_eq!(back.status, 303);
    assert!(!back.text().contains(ADA));
}
