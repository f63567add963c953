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

#[tokio::test]
async fn a_target_on_another_site_is_ignored() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        site.signed_up(ADA).await;
        for target in [
            "https://evil.example",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            " //evil.example",
            "/%2e%2e//evil.example",
            "/..//evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "evil.example",
            "/a\r\nset-cookie: x=y",
            "",
        ] {
            let mut browser = site.browser();
            let page = browser.get(&with_target("/auth/login", target)).await;
            let csrf = browser.jar["authara_csrf"].clone();
            let fields = [("csrf_token", &csrf[..]), ("email", ADA), ("password", PASSWORD)];
            let answer = browser.post(&with_target("/auth/login", target), &fields).await;
            let again = browser.get(&with_target("/auth/login", target)).await;

            assert_eq!(page.form("/auth/login").0, "/auth/login", "{target:?}");
            assert_eq!(answer.location(), "/", "{target:?}");
            assert_eq!(again.location(), "/", "{target:?}");
        }
    })
    .await;
}
