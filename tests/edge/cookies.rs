//! The cookies of this server: how each is set in every flow, how large one can get, and what
//! becomes of a request that somebody has slipped another one into.

use std::collections::BTreeSet;
use std::time::Duration;

use authara::domain::{PlatformRole, Secret};
use authara::flows::accounts;
use authara::http::answers::Answers;
use authara::http::cookies::ALL;
use authara::http::csrf::Csrf;
use authara::http::routes::routes;
use hyper::Method;
use hyper::header::SET_COOKIE;

use super::{ADA, call};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};
use crate::kit::world::operator;

/// Every line that sets or clears a cookie on the way through every flow there is.
async fn through_every_flow(app: &TestApp) -> Vec<String> {
    let prefix = app.app.config.cookie_prefix.clone();
    let client = app.client();
    let mut lines = Vec::new();
    let mut note = |answer: &Answer| {
        let all = answer.headers.get_all(SET_COOKIE).iter();
        lines.extend(all.map(|line| line.to_str().unwrap().to_owned()));
    };
    let csrf = |client: &Client| client.cookie(&format!("{prefix}authara_csrf"));
    let credentials = serde_json::json!({ "email": ADA, "password": PASSWORD });
    let fields = [("email", ADA), ("password", PASSWORD)];

    for page in ["/auth/signup", "/auth/login", "/auth/api/v1/csrf"] {
        note(&app.client().get(page).await);
        note(&client.get(page).await);
    }
    for path in ["/auth/api/v1/signup/direct", "/auth/api/v1/login"] {
        let call = client.call(Method::POST, path).header("x-csrf-token", &csrf(&client));
        note(&call.json(&credentials).send().await);
    }
    let call = client
        .call(Method::POST, "/auth/login")
        .header("x-csrf-token", &csrf(&client));
    note(&call.form(&fields).send().await);
    for path in ["/auth/api/v1/sessions/refresh", "/auth/sessions/refresh"] {
        let call = client.call(Method::POST, path).header("x-csrf-token", &csrf(&client));
        note(&call.send().await);
    }
    let call = client
        .call(Method::POST, "/auth/password-reset")
        .header("x-csrf-token", &csrf(&client));
    note(&call.form(&[("email", "ada@example.com")]).send().await);
    for _ in 0..6 {
        note(&client.get("/auth/login").await);
    }
    let choice = [("language", "de"), ("theme", "dark")];
    note(
        &client
            .call(Method::POST, "/auth/preferences")
            .form(&choice)
            .send()
            .await,
    );
    let call = client
        .call(Method::POST, "/auth/sessions/revoke-other")
        .header("x-csrf-token", &csrf(&client));
    note(&call.form(&[]).send().await);
    note(&client.get("/auth/account").await);
    let stolen = app.twin(&client);
    app.clock.advance(Duration::from_mins(11));
    note(&client.get("/auth/account").await);
    let call = client
        .call(Method::POST, "/auth/api/v1/sessions/refresh")
        .header("x-csrf-token", &csrf(&client));
    note(&call.send().await);
    app.clock.advance(Duration::from_mins(11));
    note(&stolen.get("/auth/account").await);
    for path in ["/auth/sessions/logout", "/auth/api/v1/sessions/logout"] {
        let call = client.call(Method::POST, path).header("x-csrf-token", &csrf(&client));
        note(&call.send().await);
    }

    for cookie in ALL {
        let of_it = |line: &&String| line.starts_with(&format!("{prefix}{}=", cookie.name()));
        let set = lines
            .iter()
            .filter(of_it)
            .filter(|line| !line.contains("Max-Age=0;"))
            .count();
        assert!(set > 0, "{} was never set", cookie.name());
    }
    assert!(lines.iter().filter(|line| line.contains("Max-Age=0;")).count() >= 4);
    lines
}

/// Name, value and attributes of a line.
fn parts(line: &str) -> (&str, &str, BTreeSet<&str>) {
    let (pair, attributes) = line.split_once("; ").unwrap();
    let (name, value) = pair.split_once('=').unwrap();
    (name, value, attributes.split("; ").collect())
}

once!(
    r053_with_https_every_cookie_is_secure_and_takes_the_prefix_that_browsers_guard,
    async |db: &Database| {
        let app = TestApp::with(db, |config| {
            config.public_url.is_https = true;
            config.cookie_prefix = "__Host-".to_owned();
        })
        .await;

        for line in through_every_flow(&app).await {
            let (name, _, attributes) = parts(&line);
            assert!(name.starts_with("__Host-authara_"), "{line}");
            assert!(attributes.contains("Secure") && attributes.contains("Path=/"), "{line}");
            assert!(!line.to_lowercase().contains("domain"), "{line}");
        }
    }
);

once!(
    r053_secure_follows_the_public_url_and_nothing_else,
    async |db: &Database| {
        for is_https in [true, false] {
            let app = TestApp::with(db, |config| {
                config.public_url.is_https = is_https;
                config.environment = authara::config::Environment::Dev;
            })
            .await;
            let client = app.client();
            let claims = client
                .call(Method::GET, "/auth/login")
                .header("x-forwarded-proto", "https");
            let answer = claims.header("forwarded", "proto=https").send().await;

            assert_eq!(answer.cookie_line("authara_csrf").contains("; Secure"), is_https);
        }
    }
);

once!(
    r054_tokens_are_hidden_from_scripts_and_no_cookie_goes_to_other_sites,
    async |db: &Database| {
        let app = TestApp::start(db).await;

        for line in through_every_flow(&app).await {
            let (name, _, attributes) = parts(&line);
            assert!(
                attributes.contains("SameSite=Lax") && attributes.contains("Path=/"),
                "{line}"
            );
            // The one that scripts send back as proof that they are of this origin.
            assert_eq!(attributes.contains("HttpOnly"), name != "authara_csrf", "{line}");
        }
    }
);

both!(
    r055_the_largest_cookie_there_can_be_fits_in_every_browser,
    async |db: &Database| {
        let label = "x".repeat(63);
        let app = TestApp::with(db, |config| {
            config.public_url.is_https = true;
            config.cookie_prefix = "__Host-".to_owned();
            // As long as the settings let it be, of letters that take two in JSON.
            config.tokens.issuer = "\"".repeat(255);
        })
        .await;
        let email = format!("{}@{label}.{label}.{}", "a".repeat(64), &label[..61]);
        assert_eq!(email.len(), 254);
        accounts::add(
            &app.app,
            &operator(&app.app),
            &email,
            Secret::new(PASSWORD),
            &PlatformRole::ALL,
        )
        .await
        .unwrap();

        let client = app.client();
        client.get("/auth/login").await;
        let csrf = client.cookie("__Host-authara_csrf");
        let body = serde_json::json!({ "email": email, "password": PASSWORD });
        let call = client.call(Method::POST, "/auth/api/v1/login?audience=admin");
        let answer = call.header("x-csrf-token", &csrf).json(&body).send().await;

        assert_eq!(answer.status, 200, "{}", answer.text());
        let lines: Vec<_> = answer
            .headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|line| line.to_str().unwrap())
            .collect();
        assert!(lines.len() >= 3, "{lines:?}");
        for line in lines {
            let (name, value, _) = parts(line);
            // Browsers count name and value, and all of the line in another limit.
            assert!(name.len() + value.len() < 4096, "{name}: {}", value.len());
            assert!(line.len() < 4096, "{name}: {}", line.len());
        }
    }
);

once!(
    r056_a_cookie_that_comes_twice_is_cleared_wherever_it_can_be_and_never_used,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        // One keeps the cookies, the other sends them: answers change a jar.
        let known = app.user(ADA).await;
        let client = app.client();

        for route in routes().iter().filter(|route| route.method == Method::GET) {
            for cookie in ALL {
                let name = cookie.name();
                let own = known.cookie(name);
                let rest = app.twin(&known);
                rest.jar().remove(name);
                let others = all_of(&rest);
                for (one, other) in [("x", own.as_str()), (&own, "x"), ("", &own), (&own, &own)] {
                    let (one, other) = (format!("{name}={one}"), format!("{name}={other}"));
                    let in_one_line = call(&client, route).header("cookie", &format!("{others}; {one}; {other}"));
                    let tightly = call(&client, route).header("cookie", &format!("{others};{one};{other};"));
                    let in_two_lines = call(&client, route)
                        .line("cookie", format!("{others}; {one}"))
                        .line("cookie", &other);
                    for request in [in_one_line, tightly, in_two_lines] {
                        let answer = request.send().await;
                        let what = format!("{} {one}; {other}: {}", route.pattern, answer.status);
                        assert!(![400, 500].contains(&answer.status), "{what}");
                        // In two forms at least: our own, and that of a deeper path.
                        let set = answer.set_cookies();
                        let cleared = set.iter().filter(|set| *set == name);
                        match route.rules.answers {
                            Answers::Page | Answers::Json => assert!(cleared.count() >= 2, "{what}"),
                            Answers::Probe | Answers::File => assert!(set.is_empty(), "{what}"),
                        }
                    }
                }
            }
        }

        // Neither of two is used, also where both are right.
        let twice = |name: &str| format!("{}; {name}={}", all_of(&known), known.cookie(name));
        let whoami = async |cookies: &str| {
            let call = client.call(Method::GET, "/auth/api/v1/user").header("cookie", cookies);
            call.send().await.status
        };
        assert_eq!(whoami(&all_of(&known)).await, 200);
        assert_eq!(whoami(&twice("authara_access")).await, 401);
        for cosmetic in ALL.into_iter().filter(|cookie| cookie.is_cosmetic()) {
            assert_eq!(whoami(&twice(cosmetic.name())).await, 200, "{}", cosmetic.name());
        }
        let refresh = client.call(Method::POST, "/auth/api/v1/sessions/refresh");
        let refused = refresh
            .header("cookie", &twice("authara_refresh"))
            .header("x-csrf-token", &known.cookie("authara_csrf"))
            .send()
            .await;
        assert_eq!(refused.status, 401);
        let logout = client.call(Method::POST, "/auth/api/v1/sessions/logout");
        let refused = logout
            .header("cookie", &twice("authara_csrf"))
            .header("x-csrf-token", &known.cookie("authara_csrf"))
            .send()
            .await;
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("came twice"), "{}", refused.text());
        // Nobody is told that they are signed out while a session of theirs may go on.
        for path in ["/auth/api/v1/sessions/logout", "/auth/sessions/logout"] {
            for name in ["authara_refresh", "authara_access"] {
                let logout = client.call(Method::POST, path).header("cookie", &twice(name));
                let refused = logout
                    .header("x-csrf-token", &known.cookie("authara_csrf"))
                    .send()
                    .await;
                assert_eq!(refused.status, 403, "{path} {name}");
            }
        }
        assert_eq!(known.get("/auth/account").await.status, 200);
    }
);

fn all_of(client: &Client) -> String {
    let pairs: Vec<_> = client
        .jar()
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("; ")
}

once!(
    r056_where_a_bearer_token_stands_for_all_cookies_none_matters,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let bearer = format!("Bearer {}", client.cookie("authara_access"));
        let twice = format!(
            "{}; authara_csrf=x; authara_refresh=x; authara_access=x",
            all_of(&client)
        );

        let mut seen = 0;
        for route in routes().iter().filter(|route| route.rules.takes_bearer) {
            if route.pattern.ends_with("/logout") {
                continue;
            }
            let call = call(&client, route)
                .header("cookie", &twice)
                .header("authorization", &bearer);
            let answer = call.send().await;

            assert!(
                ![401, 403].contains(&answer.status),
                "{}: {}",
                route.pattern,
                answer.text()
            );
            assert_ne!(route.rules.csrf, Csrf::Required, "{}", route.pattern);
            seen += 1;
        }
        assert!(seen >= 4);
    }
);

once!(r056_with_the_prefix_no_other_cookie_counts, async |db: &Database| {
    let app = TestApp::with(db, |config| {
        config.public_url.is_https = true;
        config.cookie_prefix = "__Host-".to_owned();
    })
    .await;
    let plain = TestApp::start(db).await;
    let attacker = plain.user("eve@example.com").await;
    let tossed = all_of(&attacker);
    let client = app.client();
    client.get("/auth/login").await;
    let csrf = client.cookie("__Host-authara_csrf");
    let body = serde_json::json!({ "email": ADA, "password": PASSWORD });
    let call = client.call(Method::POST, "/auth/api/v1/signup/direct").json(&body);
    assert_eq!(call.header("x-csrf-token", &csrf).send().await.status, 201);
    let own = all_of(&client);

    let whoami = async |cookies: &str| {
        let answer = client
            .call(Method::GET, "/auth/api/v1/user")
            .header("cookie", cookies)
            .send()
            .await;
        (answer.status, answer.text())
    };

    assert_eq!(whoami(&tossed).await.0, 401);
    for cookies in [format!("{tossed}; {own}"), format!("{own}; {tossed}")] {
        let (status, text) = whoami(&cookies).await;
        assert_eq!(status, 200);
        assert!(text.contains(ADA), "{text}");
    }
    for near in ["__host-", "__HOST-", "__Secure-", "__Host", "__Host- "] {
        let near = own.replace("__Host-", near);
        assert_eq!(whoami(&near).await.0, 401, "{near}");
    }
    assert_eq!(whoami(&format!("{own}; __Host-authara_access=x")).await.0, 401);
});
