//! Language and appearance: what a browser asks for, and what somebody chose in the foot of a page.

use authara::flows::{accounts, letters};
use authara::workers;

use super::browser::{Browser, Page, Site};
use super::{ADA, BOB};
use crate::kit::world::{World, both, on_sqlite, operator};

const CHOOSE: &str = "/auth/preferences";

/// What the root of a page says of itself.
fn root(page: &Page, attribute: &str) -> Option<String> {
    let tags = page.tags();
    let html = tags.iter().find(|tag| tag.name == "html").unwrap();
    html.attribute(attribute).map(str::to_owned)
}

async fn language(browser: &mut Browser) -> String {
    root(&browser.get("/auth/login").await, "lang").unwrap()
}

#[tokio::test]
async fn a_page_speaks_the_language_the_browser_asks_for() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let asks = |header: &str| site.browser().with("accept-language", header);

        assert_eq!(language(&mut site.browser()).await, "en");
        assert_eq!(language(&mut asks("de-AT,de;q=0.9,en;q=0.5")).await, "de");
        assert_eq!(language(&mut asks("it,pt-PT;q=0.8,en;q=0.7")).await, "pt-BR");
        assert_eq!(language(&mut asks("zh-TW,zh-CN;q=0.9")).await, "zh-Hans");
        assert_eq!(language(&mut asks("xx, *;q=0.1")).await, "en");
        assert_eq!(language(&mut asks(&"x".repeat(4000))).await, "en");
    })
    .await;
}

#[tokio::test]
async fn whatever_a_form_is_refused_for_is_told_in_the_readers_language() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser().with("accept-language", "de");
        let form = browser.get("/auth/login").await;

        let empty = browser.submit(&form, "/auth/login", &[]).await;
        let wrong = browser
            .submit(&form, "/auth/login", &[("email", ADA), ("password", "not it")])
            .await;
        let missing = browser.get("/auth/nothing").await;
        let script = browser.fetch(hyper::Method::GET, "/auth/nothing").await;

        assert_eq!(empty.problem("password").unwrap(), "Geben Sie Ihr Passwort ein.");
        for page in [&empty, &wrong, &missing] {
            let text = page.text();
            assert_eq!(root(page, "lang").as_deref(), Some("de"));
            for english in ["Sign in", "Enter", "incorrect", "Page", "Password"] {
                assert!(!text.contains(english), "{english}: {text}");
            }
        }
        assert!(script.body.contains("not found"), "programs read English");
    })
    .await;
}

#[tokio::test]
async fn a_language_once_chosen_stays_chosen() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser().with("accept-language", "fr");
        let page = browser.get("/auth/signup?return_to=%2Fa").await;
        let (_, fields) = page.form(CHOOSE);
        let back = &fields.iter().find(|(name, _)| name == "return_to").unwrap().1;

        let answer = browser.post(CHOOSE, &[("language", "es"), ("return_to", back)]).await;
        let line = answer.set_cookie("authara_lang").unwrap().to_owned();
        let mut account = site.signed_up(BOB).await;
        account
            .jar
            .insert("authara_lang".to_owned(), browser.jar["authara_lang"].clone());

        assert_eq!(answer.location(), "/auth/signup?return_to=%2Fa");
        assert!(line.contains("Max-Age=31536000") && line.contains("HttpOnly"), "{line}");
        assert_eq!(language(&mut browser).await, "es");
        assert_eq!(root(&account.get("/auth/account").await, "lang").as_deref(), Some("es"));
    })
    .await;
}

both!(
    a_language_that_is_chosen_while_signed_in_is_that_of_letters,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let (mut bob, mut stranger) = (site.signed_up(BOB).await, site.browser());
        let app = &site.world.app;
        let of = async |email| accounts::directory::find(app, email).await.unwrap().language;

        browser.post(CHOOSE, &[("language", "es")]).await;
        browser.post(CHOOSE, &[("theme", "dark")]).await;
        bob.post(CHOOSE, &[("language", "tlh")]).await;
        stranger.post(CHOOSE, &[("language", "fr")]).await;

        assert_eq!((of(ADA).await.as_str(), of(BOB).await.as_str()), ("es", "en"));
        let ada = accounts::directory::find(app, ADA).await.unwrap().id;
        accounts::disable(app, &operator(app), ada).await.unwrap();
        workers::letters::round(app.clone()).await.unwrap();
        let letter = &letters::inbox(app).unwrap()[0];
        assert!(letter.html.contains("<html lang=\"es\""), "{}", letter.html);
    }
);

#[tokio::test]
async fn a_theme_is_chosen_and_given_up_again() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();
        let before = browser.get("/auth/login").await;

        browser.post(CHOOSE, &[("theme", "dark")]).await;
        let dark = browser.get("/auth/login").await;
        let light = browser.fetch_form(CHOOSE, &[("theme", "light")]).await;
        let chosen = browser.get("/auth/nothing").await;
        browser.post(CHOOSE, &[("theme", "system")]).await;
        let after = browser.get("/auth/login").await;

        assert_eq!(root(&before, "data-theme"), None);
        assert_eq!(root(&dark, "data-theme").as_deref(), Some("dark"));
        assert_eq!(
            dark.tag("name", "color-scheme").unwrap().attribute("content"),
            Some("dark")
        );
        assert_eq!(light.status, 204, "a script stays where it is");
        assert_eq!(root(&chosen, "data-theme").as_deref(), Some("light"));
        assert_eq!(root(&after, "data-theme"), None);
        let pressed = after.tag("aria-pressed", "true").unwrap();
        assert_eq!(pressed.attribute("value"), Some("system"));
    })
    .await;
}

#[tokio::test]
async fn r058_another_site_chooses_nothing() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let fields = [("language", "de"), ("theme", "dark")];

        for headers in [
            [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
            [("sec-fetch-site", "same-origin"), ("origin", "null")],
        ] {
            let answer = site.browser().post_with(CHOOSE, &fields, &headers).await;

            assert_eq!(answer.status, 403);
            assert!(answer.set_cookie("authara_lang").is_none() && answer.set_cookie("authara_theme").is_none());
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_not_offered_changes_nothing() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();

        for fields in [
            [("language", "tlh"), ("theme", "dark")],
            [("language", "de"), ("theme", "\"><script>")],
        ] {
            let answer = browser.post(CHOOSE, &fields).await;
            assert_eq!(answer.status, 400);
            assert!(answer.set_cookie("authara_lang").is_none() && answer.set_cookie("authara_theme").is_none());
        }
        for target in ["//evil.example", "https://evil.example", "/\\evil", ""] {
            let answer = browser.post(CHOOSE, &[("language", "de"), ("return_to", target)]).await;
            assert_eq!(answer.location(), "/", "{target}");
        }
        browser.jar.insert("authara_lang".to_owned(), "xx".to_owned());
        browser.jar.insert("authara_theme".to_owned(), "pink".to_owned());
        let page = browser.get("/auth/login").await;
        assert_eq!(
            (root(&page, "lang").as_deref(), root(&page, "data-theme")),
            (Some("en"), None)
        );
    })
    .await;
}

#[tokio::test]
async fn a_site_offers_the_languages_it_wants_to() {
    on_sqlite(async |world: World| {
        let only = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            authara::words::Languages::new(&tags, &[]).unwrap()
        };
        let world = world.with(|config| config.languages = only(&["de", "en"])).await;
        let site = Site::of(world).await;
        let page = site.browser().get("/auth/login").await;
        let world = site.world.fresh(|config| config.languages = only(&["fr"])).await;
        let other = Site::of(world).await;
        let alone = other.browser().with("accept-language", "en").get("/auth/login").await;

        assert_eq!(root(&page, "lang").as_deref(), Some("de"));
        let offered = page.tags();
        let offered: Vec<_> = offered
            .iter()
            .filter(|tag| tag.attribute("name") == Some("language"))
            .collect();
        assert_eq!(offered.len(), 2);
        assert_eq!(root(&alone, "lang").as_deref(), Some("fr"));
        assert!(alone.tag("name", "language").is_none(), "nothing to choose");
    })
    .await;
}
