//! Methods that no route has, and ways to smuggle one in.

use std::collections::BTreeSet;

use authara::http::routes::routes;
use hyper::Method;

use super::reading::OVERRIDES;
use super::{ADA, path};
use crate::kit::app::TestApp;
use crate::kit::client::raw;
use crate::kit::database::Database;

/// The methods of a pattern, as `Allow` lists them.
fn allowed(pattern: &str) -> String {
    let of_pattern = routes().into_iter().filter(|route| route.pattern == pattern);
    let mut names: BTreeSet<String> = of_pattern.map(|route| route.method.to_string()).collect();
    if names.contains("GET") {
        names.insert("HEAD".to_owned());
    }
    names.into_iter().collect::<Vec<_>>().join(", ")
}

once!(
    r125_a_method_that_a_route_has_not_is_refused_and_does_nothing,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        for route in routes() {
            let allowed = allowed(route.pattern);
            for method in [
                "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "TRACK", "PROPFIND", "BREW", "get", "Post",
            ] {
                if allowed.split(", ").any(|known| known == method) {
                    continue;
                }
                let call = client.call(method.parse().unwrap(), &path(&route));
                let answer = call.header("x-echo", "whatever was sent").send().await;

                let what = format!("{method} {}", route.pattern);
                let told = (answer.status, answer.header("allow"));
                assert_eq!(told, (405, allowed.as_str()), "{what}");
                assert!(!answer.text().contains("whatever was sent"), "{what}");
                assert!(answer.set_cookies().is_empty(), "{what}");
            }
        }

        assert_eq!(client.get("/auth/account").await.status, 200);
    }
);

once!(r125_no_header_or_field_changes_the_method, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;

    for route in routes().into_iter().filter(|route| route.method == Method::GET) {
        // Each on its own: who comes to the sign-in page too often in a few seconds gets another answer.
        let client = || app.twin(&client);
        let plain = client().get(&path(&route)).await;
        for name in OVERRIDES {
            for method in ["POST", "DELETE", "PUT", "TRACE", "HEAD"] {
                let another = client();
                let call = another.call(Method::GET, &path(&route)).header(name, method);
                let answer = call.send().await;
                let in_query = client().get(&format!("{}?_method={method}", path(&route))).await;

                assert_eq!(answer.status, plain.status, "{name}: {method} {}", route.pattern);
                assert_eq!(
                    answer.body.len(),
                    plain.body.len(),
                    "{name}: {method} {}",
                    route.pattern
                );
                assert_eq!(in_query.status, plain.status, "_method={method} {}", route.pattern);
            }
        }
    }
});

#[tokio::test]
async fn r125_no_tunnel_is_opened_and_no_star_is_answered() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;

    for line in [
        "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443",
        "CONNECT /auth/login HTTP/1.1\r\nhost: x",
        "OPTIONS * HTTP/1.1\r\nhost: x",
        "TRACE * HTTP/1.1\r\nhost: x",
        "GET http://evil.example/other HTTP/1.1\r\nhost: x",
        "GET ftp://evil.example/other HTTP/1.1\r\nhost: x",
        "GET /auth/health HTTP/1.1\r\nhost: x\r\nexpect: 200-ok\r\nconnection: upgrade\r\nupgrade: websocket",
    ] {
        let request = format!("{line}\r\nconnection: close\r\n\r\n");
        let said = raw(app.address, request.as_bytes()).await;

        let status = said.get(9..12).unwrap_or("").to_owned();
        let is_health = line.contains("/auth/health");
        assert!(
            is_health && status == "200" || status.starts_with('4'),
            "{line}: {said}"
        );
        assert!(!said.contains("evil.example"), "{line}: {said}");
    }
}
