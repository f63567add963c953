//! What every page has: headers that bind the browser, markup without scripts in it, and whatever
//! people typed only as text.

use std::collections::BTreeSet;
use std::time::Duration;

use super::ADA;
use super::browser::{Browser, Page, Site};
use super::html::Tag;
use crate::kit::world::{PASSWORD, World, both, on_sqlite};

/// One of each.
async fn every_page(site: &Site) -> Vec<(&'static str, Page, Browser)> {
    let mut guest = site.browser();
    let mut user = site.signed_up(ADA).await;
    site.signed_in(ADA).await;
    let mut pages = Vec::new();
    for path in ["/auth/login", "/auth/signup"] {
        let page = guest.get(path).await;
        let wrong = guest.submit(&page, path, &[("email", ADA), ("password", "x")]).await;
        pages.push((path, page, guest.clone()));
        pages.push(("refused", wrong, guest.clone()));
    }
    pages.push(("signed out", guest.get("/auth/sessions/logout").await, guest.clone()));
    for path in [
        "/auth/account",
        "/auth/user/delete",
        "/auth/successful-deletion",
        "/auth/providers/password/change",
        "/auth/sessions/logout",
        "/auth/nothing",
    ] {
        pages.push((path, user.get(path).await, user.clone()));
    }
    let account = user.get("/auth/account").await;
    let wrong = user
        .submit(&account, "/auth/user/username", &[("username", "\"><b>")])
        .await;
    pages.push(("username refused", wrong, user.clone()));
    for _ in 0..4 {
        user.get("/auth/login").await;
    }
    pages.push(("not accepted", user.get("/auth/login").await, user.clone()));
    site.world.clock.advance(std::time::Duration::from_mins(11));
    let page = user.get("/auth/reauthenticate").await;
    let wrong = user.submit(&page, "/auth/reauthenticate", &[("password", "x")]).await;
    pages.push(("confirm", page, user.clone()));
    pages.push(("confirm refused", wrong, user.clone()));
    pages
}

fn ids(tags: &[Tag]) -> Vec<&str> {
    tags.iter().filter_map(|tag| tag.attribute("id")).collect()
}

#[tokio::test]
async fn r062_no_page_can_run_or_load_what_is_not_ours() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;

        for (name, page, _) in every_page(&site).await {
            let policy = page.header("content-security-policy").unwrap();
            assert!(
                !policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"),
                "{policy}"
            );
            for rule in [
                "default-src 'self'",
                "script-src 'self'",
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ] {
                assert!(policy.contains(rule), "{name}: {rule}");
            }
            assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{name}");
            assert_eq!(page.header("cache-control"), Some("no-store"), "{name}");
            assert_eq!(page.header("x-frame-options"), Some("DENY"), "{name}");
            for tag in page.tags() {
                assert_ne!(tag.name, "style", "{name}");
                assert!(tag.name != "script" || (tag.attribute("src").is_some() && tag.text.trim().is_empty()));
                for (attribute, value) in &tag.attributes {
                    assert!(
                        attribute != "style" && !attribute.starts_with("on"),
                        "{name}: {attribute}"
                    );
                    assert!(!value.trim_start().starts_with("javascript:"), "{name}: {value}");
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn every_page_is_sound_and_its_files_are_there() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut files = BTreeSet::new();

        for (name, page, browser) in every_page(&site).await {
            let tags = page.tags();
            let known = ids(&tags);
            let distinct: BTreeSet<_> = known.iter().collect();
            assert_eq!(distinct.len(), known.len(), "{name}: an id twice in {known:?}");
            assert_eq!(tags.iter().filter(|tag| tag.name == "h1").count(), 1, "{name}");
            assert_eq!(
                tags.iter().find(|tag| tag.name == "html").unwrap().attribute("lang"),
                Some("en")
            );
            for tag in &tags {
                for reference in [
                    "for",
                    "aria-describedby",
                    "aria-labelledby",
                    "data-reveals",
                    "data-counts",
                    "data-asks",
                ] {
                    for id in tag.attribute(reference).unwrap_or("").split_whitespace() {
                        assert!(known.contains(&id), "{name}: {reference} leads to no {id}");
                    }
                }
                // How a page looks is nobody's secret, and pages for errors have the form too.
                if tag.name == "form" && tag.attribute("action") != Some("/auth/preferences") {
                    let action = tag.attribute("action").unwrap().split('?').next().unwrap();
                    let proof = ("csrf_token".to_owned(), browser.jar["authara_csrf"].clone());
                    assert!(page.form(action).1.contains(&proof), "{name}: {action}");
                }
                let is_file = |value: &&str| value.starts_with("/auth/static/");
                let file = tag.attribute("src").or_else(|| tag.attribute("href"));
                files.extend(file.filter(is_file).map(str::to_owned));
            }
        }

        assert_eq!(files.len(), 2, "{files:?}");
        for file in files {
            let answer = site.browser().get(&file).await;
            assert_eq!(answer.status, 200, "{file}");
            assert!(answer.header("cache-control").unwrap().contains("immutable"), "{file}");
        }
    })
    .await;
}

#[tokio::test]
async fn r066_what_people_send_is_only_text() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let attack = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'`&#34;{{7*7}}";
        let odd = "x'&amp{/y}=`$@example.com";
        let encoded: String = form_urlencoded::byte_serialize(attack.as_bytes()).collect();
        let mut browser = site.signed_up(odd).await;
        let mut other = site.browser().with("user-agent", attack);
        other.sign_in(odd, PASSWORD).await;
        let mut guest = site.browser();
        guest.get("/auth/login").await;
        let csrf = guest.jar["authara_csrf"].clone();

        let account = browser.get("/auth/account").await;
        let login = guest.get(&format!("/auth/login?return_to=%2F{encoded}")).await;
        let mut pages = vec![account.clone(), login.clone()];
        for path in ["/auth/login", "/auth/signup"] {
            let form = guest.get(path).await;
            let typed = guest
                .submit(&form, path, &[("email", attack), ("password", PASSWORD)])
                .await;
            assert_eq!(
                typed.tag("id", "email").unwrap().attribute("value"),
                Some(attack),
                "{path}"
            );
            pages.push(typed);
        }
        for parameter in [
            "error",
            "message",
            "flash",
            "notice",
            "email",
            "audience",
            "csrf_token",
            "code",
            "next",
        ] {
            for path in ["/auth/login", "/auth/signup", "/auth/account", "/auth/nothing"] {
                pages.push(guest.get(&format!("{path}?{parameter}={encoded}")).await);
                pages.push(browser.clone().get(&format!("{path}?{parameter}={encoded}")).await);
            }
        }
        let fields = [("csrf_token", &csrf[..]), (attack, attack), ("email", attack)];
        pages.push(
            guest
                .clone()
                .post("/auth/sessions/refresh?audience=%3Cscript%3Ealert(1)", &fields[..1])
                .await,
        );
        pages.push(guest.clone().post("/auth/login", &fields).await);
        pages.push(
            browser
                .clone()
                .post(&format!("/auth/sessions/{encoded}/revoke"), &fields[..1])
                .await,
        );
        for place in [
            "/auth/%3Cscript%3Ealert(1)",
            &format!("/auth/{encoded}"),
            "/auth/static/%3Cscript%3E.css",
        ] {
            pages.push(guest.get(place).await);
        }
        for name in [
            "x-request-id",
            "referer",
            "accept-language",
            "x-forwarded-host",
            "x-forwarded-for",
            "forwarded",
        ] {
            pages.push(guest.clone().with(name, attack).get("/auth/nothing").await);
            pages.push(browser.clone().with(name, attack).get("/auth/account").await);
        }
        for cookie in ["authara_flash", "authara_arrivals", "authara_csrf"] {
            let mut planted = guest.clone();
            planted.jar.insert(cookie.to_owned(), attack.replace(';', ""));
            pages.push(planted.get("/auth/login").await);
        }

        assert!(account.text().contains("<script>alert"), "shown as it is");
        assert!(account.text().contains(odd), "{}", account.text());
        for page in pages {
            assert!(!page.body.contains("<script>alert"), "{}", page.body);
            assert!(!page.body.contains("<img src=x"), "{}", page.body);
            for (name, value) in &page.headers {
                assert!(!value.to_str().unwrap().contains("<script"), "{name}");
            }
            for tag in page.tags() {
                assert_ne!(tag.attribute("src"), Some("x"), "{}", page.body);
                assert!(tag.attribute("onerror").is_none(), "{}", page.body);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn r053_pages_work_with_the_prefix_that_browsers_guard() {
    on_sqlite(async |world: World| {
        let world = world
            .with(|config| {
                config.public_url.is_https = true;
                config.cookie_prefix = "__Host-".to_owned();
            })
            .await;
        let site = Site::of(world).await;
        let mut browser = site.browser();

        let form = browser.get("/auth/signup").await;
        let fields = [("email", ADA), ("password", PASSWORD)];
        let answer = browser.submit(&form, "/auth/signup", &fields).await;
        let account = browser.get("/auth/account").await;

        for name in ["access", "refresh", "csrf"] {
            let line = answer.set_cookie(&format!("__Host-authara_{name}")).unwrap();
            assert!(line.contains("; Secure") && line.contains("; Path=/;"), "{line}");
            assert!(!line.contains("Domain"), "{line}");
        }
        assert_eq!(account.status, 200);
        assert!(account.header("strict-transport-security").is_some());
    })
    .await;
}

both!(
    a_notice_is_shown_in_its_browser_within_a_minute_and_nowhere_else,
    async |world: World| {
        let site = Site::of(world).await;
        let browser = site.signed_up(ADA).await;
        let renamed = async || {
            let mut browser = browser.clone();
            let form = browser.get("/auth/account").await;
            let name = format!("countess-{}", site.world.app.now().seconds());
            let answer = browser
                .submit(&form, "/auth/user/username", &[("username", &name)])
                .await;
            assert_eq!(answer.status, 303, "{}", answer.text());
            browser
        };
        let shown = async |mut browser: Browser| {
            let page = browser.get("/auth/account").await;
            page.text().contains("Your username was changed.")
        };

        let noticed = renamed().await;
        let mut other = site.signed_in(ADA).await;
        other
            .jar
            .insert("authara_flash".to_owned(), noticed.jar["authara_flash"].clone());
        assert!(shown(noticed).await);
        assert!(!shown(other).await, "it was taken to another browser");

        site.world.clock.advance(Duration::from_secs(1));
        let late = renamed().await;
        site.world.clock.advance(Duration::from_secs(62));
        assert!(!shown(late).await);
    }
);

both!(the_front_door_leads_to_the_account_page, async |world: World| {
    let site = Site::of(world).await;
    let mut stranger = site.browser();

    for path in ["/auth", "/auth/"] {
        assert_eq!(stranger.get(path).await.location(), "/auth/account");
    }
});
