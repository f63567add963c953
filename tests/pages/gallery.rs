//! The gallery of pages: complete, in every language, and in development only.

use std::collections::BTreeSet;

use authara::config::Environment;
use authara::domain::letter::Kind;

use super::browser::Site;
use super::templates;
use crate::kit::world::{World, on_sqlite};

const PATH: &str = "/auth/dev/pages";

#[tokio::test]
async fn every_state_is_shown_in_every_language() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();
        let list = browser.get(PATH).await;
        let states: Vec<String> = list
            .tags()
            .iter()
            .filter_map(|tag| tag.attribute("data-state").map(str::to_owned))
            .collect();
        assert!(states.len() > 20, "{states:?}");

        for state in &states {
            let mut texts = BTreeSet::new();
            for phrases in site.world.app.config.languages.all() {
                let path = format!("{PATH}/{state}?lang={}&theme=dark", phrases.tag());
                let page = browser.get(&path).await;
                let html = page.tags().into_iter().find(|tag| tag.name == "html").unwrap();

                assert_eq!(page.status, 200, "{path}");
                assert_eq!(html.attribute("lang"), Some(phrases.tag()), "{path}");
                assert_eq!(html.attribute("data-theme"), Some("dark"), "{path}");
                assert!(!page.text().contains('{'), "{path}: a placeholder was left");
                let draws_focus = page.tags().iter().any(|tag| tag.attribute("autofocus").is_some());
                assert!(!draws_focus, "{path}: the list would scroll to it");
                texts.insert(page.text());
            }
            assert_eq!(texts.len(), 6, "{state}: two languages say the same");
        }
    })
    .await;
}

#[tokio::test]
async fn every_letter_is_shown_in_every_language() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.browser();
        let list = browser.get(PATH).await;
        let letters: Vec<String> = list
            .tags()
            .iter()
            .filter_map(|tag| tag.attribute("data-letter").map(str::to_owned))
            .collect();
        assert_eq!(letters, Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>());

        for letter in letters {
            for phrases in site.world.app.config.languages.all() {
                let path = format!("{PATH}/letter/{letter}?lang={}", phrases.tag());
                let page = browser.get(&path).await;
                let html = page.tags().into_iter().find(|tag| tag.name == "html").unwrap();

                assert_eq!(page.status, 200, "{path}");
                assert_eq!(html.attribute("lang"), Some(phrases.tag()), "{path}");
                let policy = page.header("content-security-policy").unwrap();
                assert!(policy.contains("sandbox"), "{path}: {policy}");
            }
        }
        assert_eq!(browser.get(&format!("{PATH}/letter/none")).await.status, 404);
    })
    .await;
}

#[tokio::test]
async fn every_page_has_a_place_in_it() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let list = site.browser().get(PATH).await;
        let pages: BTreeSet<String> = list
            .tags()
            .iter()
            .filter_map(|tag| {
                tag.attribute("data-state")?
                    .split_once('/')
                    .map(|(page, _)| page.to_owned())
            })
            .collect();

        // The name of a page in the gallery, for each template that is a page of its own.
        for name in templates::pages() {
            let shown = match name.as_str() {
                "account/show" => "account".to_owned(),
                "signed_out" => "sign-out".to_owned(),
                "ask" => "password-reset".to_owned(),
                "not_me_over" => "not-me".to_owned(),
                // The sample application stands in for somebody else's, and the list is no page of ours.
                name if name.starts_with("sample/") || name == "gallery/index" => continue,
                // Developers alone see them, in English.
                name if name.starts_with("inbox/") => continue,
                // No pages: see above.
                name if name.starts_with("email/") => continue,
                name => name.rsplit('/').next().unwrap().replace('_', "-"),
            };
            assert!(pages.contains(&shown), "{name} is not in the gallery");
        }
    })
    .await;
}

#[tokio::test]
async fn outside_development_there_is_none() {
    on_sqlite(async |world: World| {
        let world = world.with(|config| config.environment = Environment::Prod).await;
        let site = Site::of(world).await;

        for path in ["", "/login/first", "/letter/test", "/nothing/first"].map(|path| format!("{PATH}{path}")) {
            assert_eq!(site.browser().get(&path).await.status, 404, "{path}");
        }
    })
    .await;
}
