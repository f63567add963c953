//! Forms of other sites: refused with a page, and nothing has happened.

use authara::domain::audit::Action;

use super::ADA;
use super::browser::{Browser, ORIGIN, Page, Site};
use crate::kit::world::{PASSWORD, World, both, on_sqlite};

const FOREIGN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const OURS: [(&str, &str); 2] = [("sec-fetch-site", "same-origin"), ("origin", ORIGIN)];

/// Every way in which a request can lack the proof.
async fn forgeries(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Vec<(&'static str, Page)> {
    let csrf = browser.jar["authara_csrf"].clone();
    let proved = [fields, &[("csrf_token", &csrf[..])]].concat();
    let made_up = [fields, &[("csrf_token", FOREIGN)]].concat();
    let mut answers = Vec::new();

    answers.push(("no value", browser.clone().post(path, fields).await));
    answers.push(("another value", browser.clone().post(path, &made_up).await));
    let in_query = format!("{path}?csrf_token={csrf}");
    answers.push(("value in the query", browser.clone().post(&in_query, fields).await));

    let mut without_cookie = browser.clone();
    without_cookie.jar.remove("authara_csrf");
    answers.push(("no cookie", without_cookie.post(path, &proved).await));
    let mut planted = browser.clone();
    planted.jar.insert("authara_csrf".to_owned(), FOREIGN.to_owned());
    answers.push(("a planted cookie", planted.post(path, &made_up).await));

    for (what, headers) in [
        (
            "from another site",
            [("sec-fetch-site", "cross-site"), ("origin", ORIGIN)],
        ),
        (
            "from a sibling domain",
            [("sec-fetch-site", "same-site"), ("origin", ORIGIN)],
        ),
        (
            "another origin",
            [("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")],
        ),
        (
            "a hidden origin on a sibling domain",
            [("sec-fetch-site", "same-site"), ("origin", "null")],
        ),
    ] {
        answers.push((what, browser.clone().post_with(path, &proved, &headers).await));
    }
    answers
}

both!(r060_without_the_proof_nothing_happens, async |world: World| {
    let site = Site::of(world).await;
    let browser = site.signed_up(ADA).await;
    let mut other = site.signed_in(ADA).await;
    let change = [("current_password", PASSWORD), ("new_password", "another password")];

    for (path, fields) in [
        ("/auth/sessions/logout", &[][..]),
        ("/auth/sessions/revoke-other", &[]),
        ("/auth/sessions/refresh", &[]),
        ("/auth/user/username", &[("username", "countess")]),
        ("/auth/user/delete", &[]),
        ("/auth/providers/password/change", &change),
    ] {
        for (what, answer) in forgeries(&browser, path, fields).await {
            assert_eq!(answer.status, 403, "{path}: {what}");
            assert!(answer.is_html(), "{path}: {what}");
            assert!(answer.text().contains("Not allowed"), "{path}: {what}");
            assert!(answer.set_cookie("authara_access").is_none(), "{path}: {what}");
            assert!(answer.set_cookie("authara_refresh").is_none(), "{path}: {what}");
        }
    }

    assert!(browser.clone().is_signed_in().await);
    assert!(other.is_signed_in().await);
    for action in [Action::PasswordChanged, Action::UsernameChanged, Action::UserDeleted] {
        assert!(site.world.audit(action).await.is_empty());
    }
    assert_eq!(site.browser().sign_in(ADA, PASSWORD).await.status, 303);
});

both!(r060_nobody_is_signed_in_or_up_by_another_site, async |world: World| {
    let site = Site::of(world).await;
    site.signed_up(ADA).await;
    let mut stranger = site.browser();
    stranger.get("/auth/login").await;

    for (path, email) in [("/auth/login", ADA), ("/auth/signup", "eve@example.com")] {
        let fields = [("email", email), ("password", PASSWORD)];
        for (what, answer) in forgeries(&stranger, path, &fields).await {
            assert_eq!(answer.status, 403, "{path}: {what}");
            assert!(answer.set_cookie("authara_access").is_none(), "{path}: {what}");
        }
    }

    assert_eq!(site.world.audit(Action::UserCreated).await.len(), 1);
});

#[tokio::test]
async fn the_value_outlives_sessions_and_never_changes_while_it_is_ours() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let first = browser.jar["authara_csrf"].clone();
        let form = browser.get("/auth/account").await;
        browser.submit(&form, "/auth/sessions/logout", &[]).await;
        let login = browser.get("/auth/login").await;
        let mut planted = site.browser();
        planted.jar.insert("authara_csrf".to_owned(), FOREIGN.to_owned());
        planted.get("/auth/login").await;

        assert_eq!(browser.jar["authara_csrf"], first);
        assert!(login.form("/auth/login").1.contains(&("csrf_token".to_owned(), first)));
        assert_ne!(planted.jar["authara_csrf"], FOREIGN);
    })
    .await;
}

#[tokio::test]
async fn browsers_that_send_no_fetch_metadata_can_use_the_forms() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let browser = site.signed_up(ADA).await;
        let csrf = browser.jar["authara_csrf"].clone();

        for headers in [&[][..], &OURS[..1], &OURS[1..], &[("sec-fetch-site", "none")]] {
            let answer = browser
                .clone()
                .post_with("/auth/sessions/revoke-other", &[("csrf_token", &csrf)], headers)
                .await;

            assert_eq!(answer.location(), "/auth/account", "{headers:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn whoever_opened_the_site_under_another_address_is_told_which_one_it_has() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        let mut browser = site.browser();
        let page = browser.get("/auth/login").await;
        let csrf = page.form("/auth/login").1;
        let csrf = &csrf.iter().find(|(name, _)| name == "csrf_token").unwrap().1;
        let fields = [("csrf_token", csrf.as_str()), ("email", ADA), ("password", PASSWORD)];

        for (origin, fetch_site, is_told) in [
            ("http://127.0.0.1:8080", "same-origin", true),
            ("https://www.example.com", "same-origin", true),
            ("http://[::1]:8080", "same-origin", true),
            // The browser does not vouch for it, or names no place.
            ("http://127.0.0.1:8080", "cross-site", false),
            ("http://127.0.0.1:8080", "same-site", false),
            ("http://a.example/<b>", "same-origin", false),
            ("javascript://x", "same-origin", false),
        ] {
            let headers = [("origin", origin), ("sec-fetch-site", fetch_site)];
            let answer = browser.clone().post_with("/auth/login", &fields, &headers).await;

            assert_eq!(answer.status, 403, "{origin}");
            assert!(answer.set_cookie("authara_access").is_none(), "{origin}");
            let told = format!("This site is at {ORIGIN}; you opened it at {origin}.");
            assert_eq!(answer.text().contains(&told), is_told, "{origin}: {}", answer.text());
            let there = format!("{ORIGIN}/auth/login");
            assert_eq!(answer.tag("href", &there).is_some(), is_told, "{origin}: a way there");
            assert_eq!(answer.text().contains("reload the page"), !is_told, "{origin}");
        }
    })
    .await;
}
