//! Pages for what did not work, and HEAD.

use authara::config;
use hyper::Method;

use super::ADA;
use super::browser::{Browser, ORIGIN, Page, Site};
use crate::kit::world::{PASSWORD, World, both, on_sqlite};

const SAME_SITE: [(&str, &str); 3] = [
    ("accept", "text/html"),
    ("sec-fetch-site", "same-origin"),
    ("origin", ORIGIN),
];
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

#[tokio::test]
async fn an_address_without_a_page_says_so() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();

        for path in ["/auth/nothing", "/auth/login/", "/"] {
            let page = browser.get(path).await;

            assert_eq!(page.status, 404, "{path}");
            assert!(page.is_html() && page.text().contains("Page not found"), "{path}");
            assert!(page.tag("href", "/").is_some(), "a way out");
        }
        let script = browser.fetch(Method::GET, "/auth/nothing").await;
        assert_eq!((script.status, script.error_code().as_str()), (404, "not_found"));
    })
    .await;
}

#[tokio::test]
async fn an_error_page_begins_with_what_to_do() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();

        for (page, order) in [
            (
                browser.get("/auth/nothing").await,
                ["Page not found", "Check the address", "There is nothing", "Error 404"],
            ),
            (
                browser.navigate(Method::PUT, "/auth/login").await,
                [
                    "Not possible here",
                    "Go back and use",
                    "This address exists",
                    "Error 405",
                ],
            ),
            (
                browser.post("/auth/login", &[]).await,
                ["Not allowed", "Go back, reload", "The form is too old", "Error 403"],
            ),
        ] {
            let text = page.text();
            let main = text.split_once("Skip to the content").unwrap().1;
            let places = order.map(|words| main.find(words).unwrap_or_else(|| panic!("no {words}: {main}")));
            assert!(places.is_sorted(), "{main}");
        }
    })
    .await;
}

#[tokio::test]
async fn another_method_is_told_which_ones_fit() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;

        for (method, path, allow) in [
            (Method::PUT, "/auth/login", "GET, HEAD, POST"),
            (Method::DELETE, "/auth/account", "GET, HEAD"),
            (Method::GET, "/auth/sessions/refresh", "POST"),
            (Method::PUT, "/auth/sessions/logout", "GET, HEAD, POST"),
            (Method::HEAD, "/auth/sessions/refresh", "POST"),
            (Method::OPTIONS, "/auth/signup", "GET, HEAD, POST"),
        ] {
            let page = browser.navigate(method.clone(), path).await;

            assert_eq!(page.status, 405, "{method} {path}");
            assert_eq!(page.header("allow"), Some(allow), "{method} {path}");
            assert_eq!(page.text().contains("Not possible here"), method != Method::HEAD);
        }
        assert!(browser.is_signed_in().await, "no link signs anybody out");
    })
    .await;
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_told_and_ends_the_connection() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();
        let headers = [&SAME_SITE[..], &[FORM]].concat();

        for mebibytes in [1, 8] {
            let body = format!("email={}", "x".repeat(mebibytes << 20));
            let page = browser.send(Method::POST, "/auth/login", &headers, &body).await;

            assert_eq!(page.status, 413, "{mebibytes} MiB");
            assert!(page.text().contains("Too much at once"));
            assert_eq!(page.header("connection"), Some("close"));
        }
    })
    .await;
}

#[tokio::test]
async fn a_request_that_cannot_be_understood_is_told() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();
        browser.get("/auth/login").await;
        let csrf = format!("csrf_token={}", browser.jar["authara_csrf"]);
        let doubled = format!("{csrf}&email=a%40b.c&email=d%40e.f&password=x");
        let many = (0..70)
            .map(|number| format!("f{number}="))
            .collect::<Vec<_>>()
            .join("&");

        for (what, kind, body) in [
            ("a field twice", FORM.1, doubled.as_str()),
            ("no text", FORM.1, "email=%ff&password=%fe"),
            ("too many fields", FORM.1, many.as_str()),
            ("another type", "application/json", "{}"),
            ("another form type", "multipart/form-data; boundary=x", "--x--"),
        ] {
            let headers = [&SAME_SITE[..], &[("content-type", kind)]].concat();
            let page = browser.send(Method::POST, "/auth/login", &headers, body).await;

            assert_eq!(page.status, 400, "{what}");
            assert!(page.text().contains("Request not understood"), "{what}: {}", page.body);
        }
        let twice = [&SAME_SITE[..], &[("cookie", "authara_csrf=other")]].concat();
        let page = browser.send(Method::GET, "/auth/login", &twice, "").await;
        assert_eq!(page.status, 200, "a cookie twice");
        assert!(
            page.text().contains("sent a cookie of this site twice"),
            "{}",
            page.text()
        );
    })
    .await;
}

#[tokio::test]
async fn r125_head_is_get_without_the_body() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let signed_in = site.signed_up(ADA).await;
        let mut stranger = site.browser();
        stranger.get("/auth/login").await;

        for browser in [signed_in, stranger] {
            for path in [
                "/auth/login",
                "/auth/signup?return_to=%2Fa",
                "/auth/account",
                "/auth/providers/password/change",
                "/auth/nothing",
                "/auth/ready",
                "/auth/health",
                "/auth/.well-known/jwks.json",
            ] {
                let get = browser.clone().get(path).await;
                let mut head = browser.clone().navigate(Method::HEAD, path).await;

                assert_eq!(head.status, get.status, "{path}");
                assert_eq!(head.body, "", "{path}");
                for (name, value) in &get.headers {
                    if name != "date" && name != "x-request-id" {
                        assert_eq!(head.headers.get(name), Some(value), "{path}: {name}");
                    }
                    head.headers.remove(name);
                }
                assert!(head.headers.is_empty(), "{path}: {:?}", head.headers);
            }
        }
    })
    .await;
}

both!(a_database_that_is_away_signs_nobody_out, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let form = browser.get("/auth/account").await;
    let mut expired = browser.clone();
    expired.jar.remove("authara_access");
    let mut stranger = site.browser();
    let login = stranger.get("/auth/login").await;
    let fields = [("email", ADA), ("password", PASSWORD)];

    // Every connection is taken, and nobody waits for one for ever.
    let mut taken = Vec::new();
    while let Ok(Ok(conn)) =
        tokio::time::timeout(std::time::Duration::from_millis(500), site.world.app.store.read()).await
    {
        taken.push(conn);
    }
    let mut script = expired.clone();
    let mut by_script = expired.clone();
    let mut leaving = browser.clone();
    let (account, refresh, arrival, logout, sign_in, by_fetch) = tokio::join!(
        browser.get("/auth/account"),
        expired.get("/auth/account"),
        script.get("/auth/login"),
        leaving.submit(&form, "/auth/sessions/logout", &[]),
        stranger.submit(&login, "/auth/login", &fields),
        by_script.fetch(Method::POST, "/auth/sessions/refresh"),
    );
    drop(taken);

    for page in [account, refresh, arrival, logout, sign_in] {
        assert_eq!(page.status, 503, "{}", page.text());
        assert!(page.is_html() && page.text().contains("Not available right now"));
        assert!(page.header("retry-after").is_some());
        no_cookie_is_cleared(&page);
    }
    // Refreshing has connections of its own; of several at once with one token, one needs no other.
    no_cookie_is_cleared(&by_fetch);
    if by_fetch.status != 200 {
        assert_eq!(
            (by_fetch.status, by_fetch.error_code().as_str()),
            (503, "service_unavailable")
        );
        assert!(by_fetch.header("retry-after").is_some());
    }
    assert!(browser.is_signed_in().await);
    assert!(expired.is_signed_in().await);
});

#[tokio::test]
async fn what_broke_is_told_by_a_reference_and_nothing_else() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let mut stranger = site.browser();
        let login = stranger.get("/auth/login").await;
        let config::Database::Sqlite { path } = &site.world.app.config.database else {
            unreachable!("asked for SQLite")
        };
        let file = rusqlite::Connection::open(path).unwrap();
        file.execute_batch("ALTER TABLE users RENAME TO lost").unwrap();

        let page = browser.get("/auth/account").await;
        let form = stranger
            .submit(&login, "/auth/login", &[("email", ADA), ("password", PASSWORD)])
            .await;
        let script = browser.fetch(Method::POST, "/auth/sessions/refresh").await;
        file.execute_batch("ALTER TABLE lost RENAME TO users").unwrap();

        for page in [page, form] {
            let reference = page.header("x-request-id").unwrap();
            assert_eq!(page.status, 500);
            assert!(page.text().contains(reference), "{}", page.text());
            for inside in ["no such table", "SELECT", PASSWORD] {
                assert!(!page.body.contains(inside), "{inside}");
            }
        }
        assert_eq!((script.status, script.error_code().as_str()), (500, "internal_error"));
        assert!(browser.is_signed_in().await, "no cookie was cleared");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_busy_hashing_asks_to_try_again_and_keeps_the_address() {
    on_sqlite(async |world: World| {
        let world = world
            .with(|config| {
                config.hashing.threads = 1;
                config.hashing.queue = 1;
            })
            .await;
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        let mut browser = site.browser();
        let form = browser.get("/auth/login").await;

        let mut busy = Vec::new();
        // On a machine that is busy itself, forty may come one after the other.
        for _ in 0..50 {
            busy = all_at_once(&browser, &form).await;
            if !busy.is_empty() {
                break;
            }
        }

        assert!(!busy.is_empty());
        for (answer, email) in busy {
            assert!(answer.header("retry-after").is_some());
            assert_eq!(
                answer.tag("id", "email").unwrap().attribute("value"),
                Some(email.as_str())
            );
            answer.form("/auth/login");
        }
        assert_eq!(browser.sign_in(ADA, PASSWORD).await.status, 303);
    })
    .await;
}

/// Forty sign-ins of people without an account; the answers to those that were too many, with their address.
async fn all_at_once(browser: &Browser, form: &Page) -> Vec<(Page, String)> {
    // Attempts at one account wait for one another; these do not.
    let tries = (0..40).map(|number| {
        let (mut browser, form) = (browser.clone(), form.clone());
        tokio::spawn(async move {
            let email = format!("nobody{number}@example.com");
            let fields = [("email", email.as_str()), ("password", PASSWORD)];
            (browser.submit(&form, "/auth/login", &fields).await, email)
        })
    });
    let tries: Vec<_> = tries.collect();
    let mut busy = Vec::new();
    for answer in tries {
        let (answer, email) = answer.await.unwrap();
        assert!(matches!(answer.status, 422 | 503), "{}", answer.text());
        busy.extend((answer.status == 503).then_some((answer, email)));
    }
    busy
}

fn no_cookie_is_cleared(page: &Page) {
    for name in ["authara_access", "authara_refresh"] {
        assert!(
            page.set_cookie(name).is_none_or(|line| !line.contains("Max-Age=0;")),
            "{name}"
        );
    }
}
