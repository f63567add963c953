//! Changing the password.

use std::time::Duration;

use super::ADA;
use super::browser::{Site, says_it_once};
use crate::kit::world::{PASSWORD, World, both, on_sqlite};

const PATH: &str = "/auth/providers/password/change";
const NEW: &str = "battery staple correct";

both!(a_new_password_ends_every_other_session, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let mut other = site.signed_in(ADA).await;
    let refresh = browser.jar["authara_refresh"].clone();

    let page = browser.get(PATH).await;
    let fields = [("current_password", PASSWORD), ("new_password", NEW)];
    let answer = browser.submit(&page, PATH, &fields).await;
    let account = browser.get(answer.location()).await;

    assert_eq!(answer.location(), "/auth/account");
    assert!(account.text().contains("Your password was changed."));
    assert_ne!(browser.jar["authara_refresh"], refresh);
    assert!(!other.is_signed_in().await);
    assert_eq!(site.browser().sign_in(ADA, PASSWORD).await.status, 422);
    assert_eq!(site.browser().sign_in(ADA, NEW).await.status, 303);

    site.world.clock.advance(Duration::from_hours(24));
    assert!(browser.is_signed_in().await, "its refresh token is good");
});

both!(
    what_is_wrong_with_a_change_is_told_at_the_field,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let mut other = site.signed_in(ADA).await;
        let page = browser.get(PATH).await;
        assert!(page.focus("current_password"), "the first field has the focus");
        let cases = [
            ("", "", 400, &["current_password", "new_password"][..]),
            (PASSWORD, "", 400, &["new_password"]),
            ("wrong password", NEW, 422, &["current_password"]),
            (PASSWORD, "short", 422, &["new_password"]),
            (PASSWORD, ADA, 422, &["new_password"]),
        ];

        for (current, new, status, wrong) in cases {
            let fields = [("current_password", current), ("new_password", new)];
            let answer = browser.submit(&page, PATH, &fields).await;

            assert_eq!(answer.status, status, "{new}");
            for field in ["current_password", "new_password"] {
                assert_eq!(
                    answer.problem(field).is_some(),
                    wrong.contains(&field),
                    "{field}: {new}"
                );
                assert_eq!(answer.tag("id", field).unwrap().attribute("value"), None);
            }
            match wrong {
                [field] => says_it_once(&answer, field),
                _ => assert!(answer.tag("role", "alert").is_some(), "a summary"),
            }
        }
        assert!(browser.is_signed_in().await && other.is_signed_in().await);
        assert_eq!(site.browser().sign_in(ADA, PASSWORD).await.status, 303);
    }
);

#[tokio::test]
async fn a_change_with_an_access_token_that_ran_out_keeps_one_signed_in() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let page = browser.get(PATH).await;

        site.world.clock.advance(Duration::from_hours(1));
        let mut copy = browser.clone();
        let fields = [("current_password", PASSWORD), ("new_password", NEW)];
        let answer = browser.submit(&page, PATH, &fields).await;

        assert_eq!(answer.location(), "/auth/account");
        assert!(browser.is_signed_in().await);
        assert!(
            !copy.is_signed_in().await,
            "a copy of the refresh token leads nowhere, not even at once"
        );
        site.world.clock.advance(Duration::from_hours(1));
        assert!(browser.is_signed_in().await);
    })
    .await;
}

#[tokio::test]
async fn a_browser_that_lost_the_answer_signs_in_again() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let page = browser.get(PATH).await;
        let fields = [("current_password", PASSWORD), ("new_password", NEW)];
        browser.clone().submit(&page, PATH, &fields).await;

        site.world.clock.advance(Duration::from_mins(11));
        for path in ["/auth/account", "/auth/login", "/auth/login?return_to=/admin"] {
            let answer = browser.get(path).await;
            match answer.status {
                303 => assert!(answer.location().starts_with("/auth/login"), "{path}"),
                status => assert_eq!(
                    (status, answer.form("/auth/login").1.is_empty()),
                    (200, false),
                    "{path}"
                ),
            }
        }
        let csrf = page.form(PATH).1.into_iter().find(|(name, _)| name == "csrf_token");
        let refreshed = browser
            .post("/auth/sessions/refresh", &[("csrf_token", &csrf.unwrap().1)])
            .await;
        assert!(
            refreshed.location().starts_with("/auth/login"),
            "{}",
            refreshed.location()
        );
        assert_eq!(browser.get("/auth/sessions/logout").await.status, 200);
        assert_eq!(browser.sign_in(ADA, NEW).await.status, 303);
        assert!(browser.is_signed_in().await);
    })
    .await;
}
