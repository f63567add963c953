//! A language of a site's own that is written from the right and not translated yet, but for a few
//! messages.

use authara::words::{Languages, MessageFile};
use hyper::Method;
use serde_json::{Map, Value};

use super::ADA;
use super::browser::{Page, Site};
use super::html::Tag;
use crate::kit::world::{World, on_sqlite};

const TITLE: &str = "כניסה";

async fn site(world: World) -> Site {
    let own = |(key, text): (&str, &str)| (key.to_owned(), text.to_owned());
    let file = MessageFile {
        tag: "he".to_owned(),
        messages: [("language.name", "עברית"), ("sign_in.title", TITLE)].map(own).to_vec(),
    };
    let languages = Languages::new(&[], &[file]).unwrap();
    Site::of(world.with(|config| config.languages = languages.clone()).await).await
}

/// The pages of the gallery, and some that come from real forms.
async fn pages(site: &Site) -> Vec<(String, Page)> {
    let mut browser = site.browser().with("accept-language", "he");
    let list = browser.get("/auth/dev/pages").await.tags();
    let states: Vec<&str> = list.iter().filter_map(|tag| tag.attribute("data-state")).collect();
    let mut pages = Vec::new();
    for state in states {
        let page = browser.get(&format!("/auth/dev/pages/{state}?lang=he")).await;
        pages.push((state.to_owned(), page));
    }
    assert!(pages.len() > 20);
    let form = browser.get("/auth/login").await;
    let refused = browser.submit(&form, "/auth/login", &[("email", ADA)]).await;
    pages.push(("refused".to_owned(), refused));
    pages.push(("nothing".to_owned(), browser.get("/auth/nothing").await));
    let mut user = site.signed_up(ADA).await.with("accept-language", "he");
    let account = user.get("/auth/account").await;
    user.submit(&account, "/auth/user/username", &[("username", "countess")])
        .await;
    pages.push(("notice".to_owned(), user.get("/auth/account").await));
    pages
}

/// What stands on a page, outside and inside of elements that are said to be in English.
fn texts(tags: &[Tag]) -> [String; 2] {
    let (mut texts, mut depths) = ([String::new(), String::new()], Vec::new());
    for tag in tags {
        let is_english = tag.attribute("lang").map(|lang| lang == "en");
        if let Some(name) = tag.name.strip_prefix('/') {
            while depths.pop().is_some_and(|(open, _): (String, bool)| open != name) {}
        } else {
            let around = depths.last().is_some_and(|(_, is_english)| *is_english);
            assert!(
                is_english != Some(true) || tag.attribute("dir") == Some("ltr"),
                "{tag:?}"
            );
            depths.push((tag.name.clone(), is_english.unwrap_or(around)));
        }
        let is_inside = depths.last().is_some_and(|(_, is_english)| *is_english);
        // Only text can stand there.
        if !matches!(tag.name.as_str(), "title" | "option") {
            texts[usize::from(is_inside)].extend([&tag.text, " "]);
        }
    }
    texts
}

/// Every part of an English message that no other text is likely to have.
fn english() -> Vec<String> {
    fn parts(message: &Value, found: &mut Vec<String>) {
        match message {
            Value::String(text) => found.extend(text.split(['{', '}']).map(str::to_owned)),
            Value::Object(forms) => forms.values().for_each(|form| parts(form, found)),
            _ => unreachable!("texts and forms"),
        }
    }
    let messages: Map<String, Value> = serde_json::from_str(include_str!("../../assets/messages/en.json")).unwrap();
    let mut found = Vec::new();
    messages.values().for_each(|message| parts(message, &mut found));
    found.retain(|part| part.len() > 8);
    found
}

#[tokio::test]
async fn what_is_not_translated_is_said_to_be_english() {
    on_sqlite(async |world: World| {
        let site = site(world).await;
        let english = english();

        for (name, page) in pages(&site).await {
            let tags = page.tags();
            let root = tags.iter().find(|tag| tag.name == "html").unwrap();
            let [outside, inside] = texts(&tags);

            assert_eq!(
                (root.attribute("lang"), root.attribute("dir")),
                (Some("he"), Some("rtl")),
                "{name}"
            );
            for message in &english {
                assert!(!outside.contains(message), "{name}: {message}: {outside}");
            }
            assert!(inside.contains("Sign-in by Authara"), "{name}: {inside}");
            assert!(!page.body.contains(['\u{fdd0}', '\u{fdd1}']), "{name}: {}", page.body);
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_translated_and_what_can_only_be_text_stands_as_it_is() {
    on_sqlite(async |world: World| {
        let site = site(world).await;
        let mut browser = site.browser().with("accept-language", "he");

        let login = browser.get("/auth/login").await;
        let signup = browser.get("/auth/signup").await;
        let script = browser.fetch(Method::GET, "/auth/nothing").await;
        let english = site.browser().get("/auth/signup").await;

        assert!(login.body.contains(&format!("<h1>{TITLE}</h1>")), "{}", login.body);
        assert!(signup.body.contains("<title>Sign up · "), "{}", signup.body);
        assert!(signup.tag("aria-label", "Show password").is_some(), "{}", signup.body);
        assert_eq!(
            signup.tag("id", "password-hint").unwrap().attribute("data-enough"),
            Some("Long enough")
        );
        assert!(script.body.contains("\"not found\""), "{}", script.body);
        assert!(!english.body.contains("<span lang"), "{}", english.body);
    })
    .await;
}
