//! Requests that somebody else made a browser send: each is refused on every route that changes
//! something, and nothing has happened.

use authara::domain::Secret;
use authara::http::route::Takes;
use authara::http::routes::routes;

use super::{ADA, call, call_at, guarded, path};
use crate::api::checks::sound_body;
use crate::kit::app::TestApp;
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};
use crate::kit::dump::dump;

/// Somebody who is signed in, in a browser that proves what they mean.
async fn signed_in(db: &Database) -> (TestApp, Client) {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    (app, client)
}

#[track_caller]
fn forbidden(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 403, "{what}: {}", answer.text());
    for name in ["authara_access", "authara_refresh"] {
        assert_eq!(answer.cookie_line(name), "", "{what}");
    }
}

both!(
    r060_every_route_that_changes_something_asks_for_the_proof,
    async |db: &Database| {
        let (_app, client) = signed_in(db).await;
        let before = dump(db).await;

        for route in guarded() {
            let answer = call(&client, &route).without("x-csrf-token").send().await;

            forbidden(&answer, route.pattern);
        }

        assert_eq!(dump(db).await, before);
    }
);

once!(
    r057_only_a_value_that_this_deployment_made_is_a_proof,
    async |db: &Database| {
        let (app, client) = signed_in(db).await;
        let own = client.cookie("authara_csrf");
        let elsewhere = Database::migrated_sqlite().await;
        let other = TestApp::with(&elsewhere, |config| {
            config.secret_key = Secret::new("YW5vdGhlciBzZWNyZXQsIGFsc28gMzIgYnl0ZXMgISE=");
        })
        .await;
        let foreign = other.visitor().await.cookie("authara_csrf");
        assert_eq!(foreign.len(), own.len());
        let access = client.cookie("authara_access");
        let refresh = client.cookie("authara_refresh");
        let flipped = |at: usize| {
            let mut value = own.clone().into_bytes();
            value[at] = if value[at] == b'A' { b'B' } else { b'A' };
            String::from_utf8(value).unwrap()
        };
        let before = dump(db).await;

        // In both places, as somebody does who can plant a cookie.
        for route in guarded() {
            for value in [
                foreign.as_str(),
                &"A".repeat(43),
                &flipped(0),
                &flipped(20),
                &flipped(30),
                &own[..42],
                &format!("{own}A"),
                &format!("{own}="),
                &own.to_uppercase(),
                &own[..22],
                &refresh,
                &access,
                "x",
                "null",
            ] {
                let victim = app.twin(&client);
                victim.jar().insert("authara_csrf".to_owned(), value.to_owned());

                let answer = call(&victim, &route).header("x-csrf-token", value).send().await;

                forbidden(&answer, &format!("{}: {value}", route.pattern));
            }
        }

        assert_eq!(dump(db).await, before);
    }
);

once!(
    r057_the_value_counts_only_where_another_site_cannot_put_it,
    async |db: &Database| {
        let (app, client) = signed_in(db).await;
        let own = client.cookie("authara_csrf");
        let another = app.visitor().await.cookie("authara_csrf");
        assert_ne!(own, another);
        let before = dump(db).await;

        for route in guarded() {
            let what = route.pattern;
            let in_query = format!("{}?csrf_token={own}&x-csrf-token={own}", path(&route));
            let in_query = call_at(&client, &route, &in_query).without("x-csrf-token");
            forbidden(&in_query.send().await, what);
            let of_another = call(&client, &route).header("x-csrf-token", &another);
            forbidden(&of_another.send().await, what);
            let twice = call(&client, &route).line("x-csrf-token", &own);
            forbidden(&twice.send().await, what);
            let listed = call(&client, &route).header("x-csrf-token", &format!("{own}, {own}"));
            forbidden(&listed.send().await, what);
            let without_cookie = app.twin(&client);
            without_cookie.jar().remove("authara_csrf");
            let sent = call(&without_cookie, &route).header("x-csrf-token", &own);
            forbidden(&sent.send().await, what);
            let by_name = call(&client, &route)
                .without("x-csrf-token")
                .header("x-xsrf-token", &own)
                .header("csrf_token", &own);
            forbidden(&by_name.send().await, what);
        }

        assert_eq!(dump(db).await, before);
    }
);

once!(
    r058_another_origin_cannot_send_it_whatever_it_knows,
    async |db: &Database| {
        let (app, client) = signed_in(db).await;
        let own = app.app.config.public_url.origin.clone();
        let host = own.trim_start_matches("http://").to_owned();
        let name = host.split(':').next().unwrap().to_owned();
        let before = dump(db).await;
        let origins = [
            "null".to_owned(),
            String::new(),
            "https://evil.example".to_owned(),
            format!("{own}.evil.example"),
            format!("http://evil.example#{host}"),
            format!("http://evil{host}"),
            format!("http://{host}@evil.example"),
            format!("https://{host}"),
            format!("http://{name}"),
            format!("http://{name}:1"),
            format!("http://{name}.:{}", app.address.port()),
            format!("{own}/"),
            own.to_uppercase(),
            format!("{own}, {own}"),
            format!("file://{host}"),
            host.clone(),
            "*".to_owned(),
        ];
        let sites = [
            "cross-site",
            "same-site",
            "",
            "Same-Origin",
            "none, none",
            "same-origin;",
            "x",
        ];

        for route in guarded() {
            for origin in &origins {
                let call = call(&client, &route).line("origin", origin);
                forbidden(&call.send().await, &format!("{} from {origin}", route.pattern));
            }
            for site in sites {
                let call = call(&client, &route)
                    .header("origin", &own)
                    .line("sec-fetch-site", site);
                forbidden(&call.send().await, &format!("{} from {site}", route.pattern));
            }
            let two_origins = call(&client, &route).line("origin", &own).line("origin", "null");
            forbidden(&two_origins.send().await, route.pattern);
            let two_sites = call(&client, &route)
                .line("sec-fetch-site", "same-origin")
                .line("sec-fetch-site", "cross-site");
            forbidden(&two_sites.send().await, route.pattern);
        }

        assert_eq!(dump(db).await, before);
    }
);

once!(
    r059_a_body_of_a_type_that_a_form_or_a_careless_script_sends_is_refused,
    async |db: &Database| {
        let (_app, client) = signed_in(db).await;
        let csrf = client.cookie("authara_csrf");
        let refresh = client.cookie("authara_refresh");
        let before = dump(db).await;

        for route in routes().iter().filter(|route| route.takes != Takes::Nothing) {
            let is_json = route.takes == Takes::Json;
            let body = match sound_body(route) {
                Some(body) => body.to_string().replace(&"A".repeat(43), &refresh),
                None => format!("csrf_token={csrf}"),
            };
            for kind in [
                "text/plain",
                "text/plain; application/json",
                "text/plain, application/json",
                "multipart/form-data; boundary=x",
                "application/x-www-form-urlencoded-x",
                "application/json-patch+json",
                "application/jsonp",
                "text/json",
                "*/*",
                "",
                if is_json {
                    "application/x-www-form-urlencoded"
                } else {
                    "application/json"
                },
            ] {
                let target = path(route);
                let call = client.call(route.method.clone(), &target).body(kind, body.clone());
                let answer = call.send().await;

                assert_eq!(answer.status, 400, "{} {kind}: {}", route.pattern, answer.text());
                assert!(answer.set_cookies().is_empty(), "{}", route.pattern);
            }
        }

        assert_eq!(dump(db).await, before);
    }
);
