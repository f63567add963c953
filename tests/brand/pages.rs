//! What people see of it.

use hyper::Method;

use super::served::server;
use super::{SVG, brand, file};
use crate::kit::app::TestApp;
use crate::kit::database::{Database, Folder};

#[tokio::test]
async fn a_name_is_shown_as_it_is_wherever_it_stands() {
    let (app, _db) = server(&[("AUTHARA_PRODUCT_NAME", "A & \"B\" <c> {site} ü")]).await;
    let written = "A &amp; &quot;B&quot; &lt;c&gt; {site} ü";

    let page = app.client().get("/auth/login").await.text();

    assert!(page.contains(&format!(" · {written}</title>")), "{page}");
    assert!(
        page.contains(&format!("<a class=\"brand\" href=\"/\">{written}</a>")),
        "{page}"
    );
    assert!(page.contains(&format!("to continue to {written}</p>")), "{page}");
    assert!(!page.contains("<c>"), "{page}");
}

#[tokio::test]
async fn a_logo_stands_in_place_of_icon_and_name_and_says_it() {
    let folder = Folder::new();
    let settings = [
        ("AUTHARA_PRODUCT_NAME", "A & \"B\" <c>"),
        ("AUTHARA_LOGO_FILE", &file(&folder, "logo.svg", SVG)),
    ];
    let (app, _db) = server(&settings).await;
    let logo = app.service.site().logo.clone().unwrap();

    for path in ["/auth/login", "/auth/signup", "/auth/nothing"] {
        let page = app.client().get(path).await.text();

        let shown = format!("<img src=\"{logo}\" alt=\"A &amp; &quot;B&quot; &lt;c&gt;\"></a>");
        assert!(page.contains(&shown), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_site_has_its_own_mark_or_none() {
    let folder = Folder::new();
    let without = [
        ("AUTHARA_PRODUCT_NAME", "Stadtrad"),
        ("AUTHARA_ACCENT_COLOR", "#ffcc00"),
    ];
    let (plain, _db) = server(&without).await;
    let icon = ("AUTHARA_FAVICON_FILE", &file(&folder, "icon.svg", SVG)[..]);
    let (own, _other_db) = server(&[&without[..], &[icon]].concat()).await;

    for path in ["/auth/login", "/auth/nothing"] {
        let [plain, own] = [
            plain.client().get(path).await.text(),
            own.client().get(path).await.text(),
        ];

        assert!(
            !plain.contains("<img") && !plain.contains("rel=\"icon\""),
            "{path}: {plain}"
        );
        assert!(plain.contains("href=\"/\">Stadtrad</a>"), "{path}: {plain}");
        assert!(
            own.contains("alt=\"\" width=\"28\" height=\"28\">Stadtrad</a>"),
            "{path}: {own}"
        );
    }
}

#[tokio::test]
async fn who_forgot_their_password_is_led_to_whom_they_can_ask() {
    let without_mail = async |settings: &[(&str, &str)]| {
        let brand = brand(settings);
        let db = Database::migrated_sqlite().await;
        let app = TestApp::with(&db, |config| {
            config.brand = brand;
            config.mail.transport = None;
        });
        (app.await, db)
    };
    let (app, _db) = without_mail(&[("AUTHARA_SUPPORT", "help@example.com")]).await;
    let (alone, _other_db) = without_mail(&[]).await;

    let page = app.client().get("/auth/login").await.text();
    let without = alone.client().get("/auth/login").await.text();

    let link = "<a href=\"mailto:help@example.com\">Forgot your password?</a>";
    assert!(page.contains(link), "{page}");
    assert!(!without.contains("Forgot"), "{without}");
}

#[tokio::test]
async fn who_forgot_their_password_gets_a_code_where_mail_is_sent() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;

    let page = app.client().get("/auth/login").await.text();

    let link = "<a href=\"/auth/password-reset\" data-keeps-typed>Forgot your password?</a>";
    assert!(page.contains(link), "{page}");
}

#[tokio::test]
async fn the_links_stand_in_the_foot_of_every_page() {
    let settings = [
        ("AUTHARA_TERMS_URL", "https://example.com/terms?a=1&b=2"),
        ("AUTHARA_PRIVACY_URL", "/privacy"),
        ("AUTHARA_IMPRINT_URL", "/imprint"),
        ("AUTHARA_SUPPORT", "help@example.com"),
    ];
    let (app, _db) = server(&settings).await;
    let (stranger, user) = (app.client(), app.user("ada@example.com").await);

    for path in ["/auth/signup", "/auth/account", "/auth/nothing"] {
        let client = if path == "/auth/account" { &user } else { &stranger };
        let page = client
            .call(Method::GET, path)
            .header("accept-language", "de")
            .send()
            .await
            .text();
        let foot = page.split("<footer").nth(1).unwrap_or_default();
        for link in [
            "<a href=\"https://example.com/terms?a=1&amp;b=2\">Nutzungsbedingungen</a>",
            "<a href=\"/privacy\">Datenschutz</a>",
            "<a href=\"/imprint\">Impressum</a>",
            "<a href=\"mailto:help@example.com\">Hilfe</a>",
        ] {
            assert!(foot.contains(link), "{path}: {foot}");
        }
    }
}

#[tokio::test]
async fn without_links_there_is_no_list_of_them() {
    let (app, _db) = server(&[]).await;

    let page = app.client().get("/auth/login").await.text();

    assert!(!page.contains("class=\"legal\"") && !page.contains("mailto:"), "{page}");
}

#[tokio::test]
async fn who_meets_trouble_is_told_whom_to_tell() {
    let (app, _db) = server(&[("AUTHARA_SUPPORT", "https://example.com/help")]).await;
    let client = app.client();
    let told = "tell us: <a href=\"https://example.com/help\">example.com/help</a>";

    let refused = client.call(Method::POST, "/auth/login").form(&[]).send().await;
    let missing = client.get("/auth/nothing").await;

    assert_eq!((refused.status, missing.status), (403, 404));
    assert!(refused.text().contains(told), "{}", refused.text());
    assert!(
        !missing.text().contains(told),
        "the address is wrong, and nobody else can mend that"
    );
}
