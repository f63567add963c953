//! Where people go after signing in: where they wanted to, and never to another site.

use super::ADA;
use super::browser::Site;
use crate::kit::world::{PASSWORD, World, on_sqlite};

fn with_target(path: &str, target: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("return_to", target)
        .finish();
    format!("{path}?{query}")
}

#[tokio::test]
async fn the_target_stays_with_every_link_and_form_until_it_is_reached() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let target = "/a?b=c&d=%2F#e";
        let login = with_target("/auth/login", target);
        let signup = with_target("/auth/signup", target);
        site.signed_up(ADA).await;
        let mut browser = site.browser();

        let page = browser.get(&login).await;
        let refused = browser
            .submit(&page, "/auth/login", &[("email", ADA), ("password", "wrong password")])
            .await;
        let other = browser.get(&signup).await;
        let answer = browser
            .submit(&refused, "/auth/login", &[("email", ADA), ("password", PASSWORD)])
            .await;

        assert_eq!(page.form("/auth/login").0, login);
        assert!(page.tag("href", &signup).is_some());
        assert_eq!(refused.form("/auth/login").0, login);
        assert_eq!(other.form("/auth/signup").0, signup);
        assert!(other.tag("href", &login).is_some());
        assert_eq!(answer.location(), target);
    })
    .await;
}

/// Ways that have led browsers elsewhere, at one place or another.
const ELSEWHERE: [&str; 48] = [
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://evil.example",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "//evil.example/%2e%2e",
    "//localhost:8080@evil.example",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "\\evil.example",
    "/\\/evil.example",
    "/a\\evil",
    "/\t/evil.example",
    "\t//evil.example",
    "/\t\\evil.example",
    "/\n/evil.example",
    "/\r/evil.example",
    "/\u{c}/evil.example",
    "/\0/evil.example",
    " //evil.example",
    " /a",
    "/a ",
    "/\u{a0}/evil.example",
    "/\u{2028}/evil.example",
    "/\u{85}/evil.example",
    "/%09/evil.example",
    "/%0a/evil.example",
    "/%0d/evil.example",
    "/%2f/evil.example",
    "/%2Fevil.example",
    "/%5cevil.example",
    "/%5C%5Cevil.example",
    "/%2e%2e//evil.example",
    "/%2e%2e%2f%2fevil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/./\\evil.example",
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/a\r\nset-cookie: x=y",
    "/%0d%0aset-cookie:x=y",
    "",
];

/// Opens each door that leads on: every redirect there is, and the address in every form.
async fn no_door_leads_elsewhere(by_htmx: bool) {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let signed_in = site.signed_up(ADA).await;
        let mut guest = site.browser();
        guest.get("/auth/login").await;
        if by_htmx {
            guest = guest.with("hx-request", "true");
        }
        let long = format!("/{}", "a".repeat(3000));

        for (number, target) in ELSEWHERE.into_iter().chain([long.as_str()]).enumerate() {
            let (login, signup) = (with_target("/auth/login", target), with_target("/auth/signup", target));
            let csrf = guest.jar["authara_csrf"].clone();
            let new = format!("new{number}@example.com");
            let known = [("csrf_token", &csrf[..]), ("email", ADA), ("password", PASSWORD)];
            let unknown = [("csrf_token", &csrf[..]), ("email", &new), ("password", PASSWORD)];
            let page = guest.clone().get(&login).await;
            let other = guest.clone().get(&signup).await;
            let mut browser = guest.clone();
            let entered = browser.post(&login, &known).await;
            let joined = guest.clone().post(&signup, &unknown).await;
            let passed = browser.get(&login).await;
            let proof = [("csrf_token", &csrf[..])];
            let went_on = browser
                .post(&with_target("/auth/sessions/refresh", target), &proof)
                .await;
            let refused = guest.post(&with_target("/auth/sessions/refresh", target), &proof).await;
            let left = browser
                .post(&with_target("/auth/sessions/logout", target), &proof)
                .await;

            assert_eq!(page.form("/auth/login").0, "/auth/login", "{target:?}");
            assert_eq!(other.form("/auth/signup").0, "/auth/signup", "{target:?}");
            for (answer, to) in [
                (entered, "/"),
                (joined, "/"),
                (passed, "/"),
                (went_on, "/"),
                (refused, "/auth/login"),
                (left, "/"),
            ] {
                let (header, none) = if by_htmx {
                    ("hx-redirect", "location")
                } else {
                    ("location", "hx-redirect")
                };
                assert_eq!(answer.header(header), Some(to), "{target:?}: {}", answer.text());
                assert_eq!(answer.header(none), None, "{target:?}");
            }
        }
        assert!(signed_in.clone().is_signed_in().await);
    })
    .await;
}

#[tokio::test]
async fn r065_a_target_on_another_site_is_ignored() {
    no_door_leads_elsewhere(false).await;
}

#[tokio::test]
async fn r065_a_target_on_another_site_is_ignored_by_htmx_as_well() {
    no_door_leads_elsewhere(true).await;
}

#[tokio::test]
async fn r065_a_page_that_needs_a_sign_in_is_no_way_to_another_site() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;

        for place in [
            "/auth/account?x=//evil.example",
            "/auth/account?return_to=https://evil.example",
            "/auth/account?%0d%0aset-cookie:x=y",
            "/auth/account?/../..//evil.example",
        ] {
            let answer = site.browser().get(place).await;
            let expected = with_target("/auth/login", place);

            assert_eq!(answer.location(), expected);
            assert!(answer.set_cookie("x").is_none());
        }
    })
    .await;
}
