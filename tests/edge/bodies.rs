//! Bodies that two programs could read in two ways, and bodies meant to bring one down: refused on
//! every route that reads one, and nothing has happened.

use authara::http::route::{Route, Takes};
use authara::http::routes::routes;
use hyper::Method;
use serde_json::{Value, json};

use super::{ADA, path};
use crate::api::checks::sound_body;
use crate::kit::app::TestApp;
use crate::kit::client::Client;
use crate::kit::database::Database;
use crate::kit::dump::dump;

fn taking(takes: Takes) -> Vec<Route> {
    let mut all = routes();
    all.retain(|route| route.takes == takes);
    assert!(all.len() >= 4, "all routes are seen");
    all
}

/// Sends it as JSON, with every proof the route asks for.
async fn is_refused(client: &Client, route: &Route, body: &[u8]) {
    let target = path(route);
    let call = client
        .call(route.method.clone(), &target)
        .body("application/json", body.to_vec());
    let answer = call.send().await;

    let shown = String::from_utf8_lossy(&body[..body.len().min(120)]).into_owned();
    assert_eq!(
        answer.refusal(),
        (400, "invalid_request".into()),
        "{} {shown}",
        route.pattern
    );
    assert!(answer.set_cookies().is_empty(), "{} {shown}", route.pattern);
}

once!(
    r131_json_that_can_be_read_in_two_ways_is_refused,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let before = dump(db).await;

        for route in taking(Takes::Json) {
            let sound = sound_body(&route).unwrap();
            let text = sound.to_string();
            let (first, value) = sound.as_object().unwrap().iter().next().unwrap();
            let inner = text.trim_start_matches('{').trim_end_matches('}');
            let escaped = first.replacen(&first[..1], &format!("\\u{:04x}", u32::from(first.as_bytes()[0])), 1);
            for body in [
                format!("{{\"{first}\":{value},{inner}}}"),
                format!("{{{inner},\"{first}\":{value}}}"),
                format!("{{{inner},\"{escaped}\":{value}}}"),
                format!("[{text}]"),
                format!("{text}{text}"),
                format!("{text},"),
                format!("/* */{text}"),
                format!("\u{feff}{text}"),
                text.replace('"', "'"),
                format!("{first}={}", value.as_str().unwrap_or_default()),
                json!({ "data": sound }).to_string(),
            ] {
                is_refused(&client, &route, body.as_bytes()).await;
            }
            for other in [
                json!([value]),
                json!({ "value": value }),
                json!(null),
                json!(1),
                json!(true),
                json!([]),
            ] {
                let mut body = sound.clone();
                body[first] = other;
                is_refused(&client, &route, body.to_string().as_bytes()).await;
            }
            for name in [
                "role",
                "roles",
                "is_admin",
                "user_id",
                "email_verified",
                "org_id",
                "id",
                "__proto__",
                "",
            ] {
                let mut body = sound.clone();
                body[name] = Value::Bool(true);
                is_refused(&client, &route, body.to_string().as_bytes()).await;
            }
        }

        assert_eq!(dump(db).await, before);
    }
);

once!(r131_a_form_with_a_field_twice_is_refused, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let csrf = client.cookie("authara_csrf");
    let before = dump(db).await;

    for route in taking(Takes::Form) {
        for body in [
            format!("csrf_token={csrf}&csrf_token={csrf}"),
            format!("csrf_token={csrf}&csrf%5ftoken={csrf}"),
            format!("csrf_token={csrf}&email=a%40b.c&email=ada%40example.com"),
            format!("csrf_token={csrf}&x=&x="),
            format!("{{\"csrf_token\":\"{csrf}\"}}&csrf_token={csrf}&x=%ff"),
        ] {
            let call = client.call(Method::POST, &path(&route)).without("x-csrf-token");
            let answer = call
                .body("application/x-www-form-urlencoded", body.clone())
                .send()
                .await;

            assert_eq!(answer.status, 400, "{} {body}", route.pattern);
            assert!(answer.set_cookies().is_empty(), "{} {body}", route.pattern);
        }
    }

    assert_eq!(dump(db).await, before);
});

once!(r126_no_body_is_too_much_for_the_server, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let csrf = client.cookie("authara_csrf");
    let before = dump(db).await;
    let arrays = "[".repeat(500_000);
    let objects = "{\"a\":".repeat(200_000);
    let digits = "9".repeat(900_000);
    let names = (0..60_000)
        .map(|number| format!("\"{number}\":1,"))
        .collect::<Vec<_>>()
        .concat();

    for route in taking(Takes::Json) {
        let sound = sound_body(&route).unwrap();
        let first = sound.as_object().unwrap().keys().next().unwrap();
        for body in [
            arrays.clone(),
            objects.clone(),
            format!("{{\"{first}\":{arrays}"),
            format!("{{\"{first}\":{objects}"),
            format!("{{\"unknown\":{arrays}"),
            format!("{{\"{first}\":{digits}}}"),
            format!("{{\"{first}\":-1e{digits}}}"),
            format!("{{\"{first}\":1e999999999}}"),
            format!("{{\"{}\":1}}", "k".repeat(900_000)),
            format!("{{{names}\"x\":1}}"),
            format!("{{\"{first}\":\"{}\"", "\\u0000".repeat(150_000)),
            format!("{{\"{first}\":\"{}\"}}", "x".repeat(1 << 20)),
            " ".repeat(1_000_000),
        ] {
            is_refused(&client, &route, body.as_bytes()).await;
        }
    }
    let fields = |count: usize| {
        (0..count)
            .map(|number| format!("&f{number}=x"))
            .collect::<Vec<_>>()
            .concat()
    };
    for route in taking(Takes::Form) {
        for (body, status) in [
            (format!("csrf_token={csrf}{}", fields(64)), 400),
            (format!("csrf_token={csrf}{}", fields(50_000)), 400),
            (format!("csrf_token={csrf}{}", "&".repeat(1 << 20)), 413),
            (format!("csrf_token={csrf}&x={}", "%41".repeat(400_000)), 413),
        ] {
            let target = path(&route);
            let call = client
                .call(Method::POST, &target)
                .body("application/x-www-form-urlencoded", body);
            let answer = call.send().await;

            assert_eq!(answer.status, status, "{}", route.pattern);
            assert!(answer.set_cookies().is_empty(), "{}", route.pattern);
        }
    }

    assert_eq!(dump(db).await, before);
    assert_eq!(client.get("/auth/account").await.status, 200);
});
