//! What a branded server sends.

use std::fs;
use std::io::Read as _;

use authara::http::assets;
use authara::look::Theme;
use hyper::Method;

use super::{ICO, PNG, SVG, brand, file};
use crate::kit::app::TestApp;
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, Folder};

/// A server with these settings, and its database.
pub(super) async fn server(settings: &[(&str, &str)]) -> (TestApp, Database) {
    let brand = brand(settings);
    let db = Database::migrated_sqlite().await;
    (TestApp::with(&db, |config| config.brand = brand).await, db)
}

/// What a page's link of that kind leads to.
async fn linked(client: &Client, rel: &str) -> String {
    let page = client.get("/auth/login").await.text();
    let link = page
        .split("<link ")
        .find(|link| link.starts_with(&format!("rel=\"{rel}\"")));
    let href = link.and_then(|link| link.split("href=\"").nth(1)).expect("a link");
    href.split('"').next().unwrap().to_owned()
}

async fn packed(client: &Client, url: &str, coding: &str) -> Answer {
    let call = client.call(Method::GET, url).header("accept-encoding", coding);
    call.send().await
}

#[tokio::test]
async fn an_own_colour_and_own_rules_come_in_the_one_style_sheet() {
    let folder = Folder::new();
    let css = file(&folder, "own.css", b".card { border-radius: 0 }");
    let (app, _db) = server(&[("AUTHARA_ACCENT_COLOR", "#ffcc00"), ("AUTHARA_CUSTOM_CSS_FILE", &css)]).await;
    // Whatever happens to the files, the server has what it read.
    fs::remove_file(&css).unwrap();
    let client = app.client();
    let embedded = client.get(assets::url("style.css")).await.text();

    let url = linked(&client, "stylesheet").await;
    let sheet = client.get(&url).await;
    let gzip = packed(&client, &url, "gzip, br").await;

    assert_eq!(
        (sheet.status, sheet.header("content-type")),
        (200, "text/css; charset=utf-8")
    );
    assert_eq!(sheet.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(
        (sheet.header("vary"), sheet.header("content-encoding")),
        ("accept-encoding", "")
    );
    let text = sheet.text();
    let own = text.strip_prefix(&embedded).expect("ours come first");
    assert!(
        own.starts_with("\n:root{--accent:var(--is-light,#ffcc00) var(--is-dark,#ffcc00);--on-accent:var(--is-light,#"),
        "{own}"
    );
    assert!(own.ends_with("}\n.card { border-radius: 0 }"), "{own}");
    assert_eq!(gzip.header("content-encoding"), "gzip");
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(&gzip.body[..])
        .read_to_string(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, text);
    assert!(gzip.body.len() < sheet.body.len() / 2);
}

#[tokio::test]
async fn its_address_changes_with_its_content_and_with_nothing_else() {
    let folder = Folder::new();
    let address = async |colour: &str, css: &[u8]| {
        let css = file(&folder, "own.css", css);
        let (app, _db) = server(&[("AUTHARA_ACCENT_COLOR", colour), ("AUTHARA_CUSTOM_CSS_FILE", &css)]).await;
        linked(&app.client(), "stylesheet").await
    };

    let first = address("#ffcc00", b"a{}").await;

    assert!(
        first.starts_with("/auth/static/style.") && first.rsplit('.').next() == Some("css"),
        "{first}"
    );
    assert_eq!(address("#fc0", b"a{}").await, first, "after a restart");
    assert_ne!(address("#fc0", b"a{b:c}").await, first);
    assert_ne!(address("#fc1", b"a{}").await, first);
}

#[tokio::test]
async fn without_settings_the_embedded_files_are_used() {
    let (app, _db) = server(&[("AUTHARA_PRODUCT_NAME", "Only a name")]).await;
    let client = app.client();

    assert_eq!(linked(&client, "stylesheet").await, assets::url("style.css"));
    assert_eq!(
        packed(&client, assets::url("style.css"), "gzip, br")
            .await
            .header("content-encoding"),
        "br"
    );
}

#[tokio::test]
async fn pictures_are_sent_as_what_they_are() {
    for (content, ending, content_type) in [
        (SVG, "svg", "image/svg+xml"),
        (PNG, "png", "image/png"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "webp", "image/webp"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "jpg", "image/jpeg"),
    ] {
        let folder = Folder::new();
        let (app, _db) = server(&[("AUTHARA_LOGO_FILE", &file(&folder, "logo", content))]).await;
        let url = app.service.site().logo.clone().unwrap();

        let logo = app.client().get(&url).await;

        assert!(url.starts_with("/auth/static/logo.") && url.ends_with(ending), "{url}");
        assert_eq!((logo.status, logo.header("content-type")), (200, content_type));
        assert_eq!(logo.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(logo.header("x-content-type-options"), "nosniff");
        assert_eq!(logo.body, content);
    }
}

#[tokio::test]
async fn r062_a_drawing_that_is_opened_as_a_page_runs_nothing() {
    let folder = Folder::new();
    let svg = file(&folder, "a.svg", SVG);
    let (app, _db) = server(&[("AUTHARA_LOGO_FILE", &svg), ("AUTHARA_FAVICON_FILE", &svg)]).await;
    let client = app.client();

    for url in [app.service.site().logo.clone().unwrap(), linked(&client, "icon").await] {
        let answer = client.get(&url).await;
        assert_eq!(
            answer.header("content-security-policy"),
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            "{url}"
        );
    }
}

#[tokio::test]
async fn the_tab_has_the_icon_that_was_named() {
    let folder = Folder::new();
    let (app, _db) = server(&[("AUTHARA_FAVICON_FILE", &file(&folder, "icon", ICO))]).await;
    let client = app.client();

    let url = linked(&client, "icon").await;
    let icon = client.get(&url).await;

    assert!(
        url.starts_with("/auth/static/icon.") && url.rsplit('.').next() == Some("ico"),
        "{url}"
    );
    assert_eq!((icon.status, icon.header("content-type")), (200, "image/x-icon"));
    assert!(
        client
            .get("/auth/login")
            .await
            .text()
            .contains(&format!("href=\"{url}\" type=\"image/x-icon\""))
    );
}

#[tokio::test]
async fn other_names_lead_to_nothing() {
    let folder = Folder::new();
    let (app, _db) = server(&[
        ("AUTHARA_LOGO_FILE", &file(&folder, "logo.svg", SVG)),
        ("AUTHARA_ACCENT_COLOR", "#15c"),
    ])
    .await;
    let client = app.client();
    let logo = app.service.site().logo.clone().unwrap();
    let sheet = linked(&client, "stylesheet").await;

    for path in [
        "/auth/static/logo.svg",
        "/auth/static/logo.0000000000000000.svg",
        "/auth/static/icon.0000000000000000.svg",
        &format!("{logo}.gz"),
        &format!("{sheet}/"),
        &sheet.to_uppercase(),
        &format!("/auth/static/..{}", folder.0.display()),
    ] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    assert_eq!(client.call(Method::POST, &logo).send().await.status, 405);
}

#[test]
fn contrast_is_computed_on_the_backgrounds_that_pages_have() {
    let tokens = fs::read_to_string("assets/source/style/1-tokens.css").unwrap();

    for (name, light, dark) in [
        ("surface", Theme::LIGHT.surface, Theme::DARK.surface),
        ("ground", Theme::LIGHT.ground, Theme::DARK.ground),
    ] {
        let line = format!("--{name}: var(--is-light, {light}) var(--is-dark, {dark});");
        assert!(tokens.contains(&line), "{line}");
    }
    for name in ["accent", "on-accent", "accent-strong", "accent-text", "accent-wash"] {
        assert_eq!(tokens.matches(&format!("--{name}:")).count(), 1, "{name}");
    }
}
