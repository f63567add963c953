//! `/auth/reauthenticate`: the step before what decides over an account.

use std::time::Duration;

use hyper::Method;

use super::ADA;
use super::browser::{Browser, Page, Site, says_it_once};
use crate::kit::world::{PASSWORD, World, both, on_sqlite};

const PATH: &str = "/auth/reauthenticate";
const REVOKE_OTHERS: &str = "/auth/sessions/revoke-other";

/// A browser whose sign-in is too long ago, on the account page; and another session of the same person.
async fn at_the_account_page(site: &Site) -> (Browser, Page, Browser) {
    let mut browser = site.signed_up(ADA).await;
    let other = site.signed_in(ADA).await;
    site.world.clock.advance(Duration::from_mins(11));
    let page = browser.get("/auth/account").await;
    (browser, page, other)
}

both!(
    r048_ending_other_sessions_leads_by_a_confirmation_and_back,
    async |world: World| {
        let site = Site::of(world).await;
        let (mut browser, account, mut other) = at_the_account_page(&site).await;
        let one = account
            .tags()
            .iter()
            .filter_map(|tag| tag.attribute("action"))
            .find(|action| action.ends_with("/revoke"))
            .unwrap()
            .to_owned();

        for action in [&one, REVOKE_OTHERS] {
            let answer = browser.submit(&account, action, &[]).await;
            assert_eq!(answer.location(), "/auth/reauthenticate?return_to=%2Fauth%2Faccount");
        }
        assert!(other.is_signed_in().await, "nothing has happened yet");

        let form = browser.get("/auth/reauthenticate?return_to=%2Fauth%2Faccount").await;
        let before = browser.jar.clone();
        let confirmed = browser.submit(&form, PATH, &[("password", PASSWORD)]).await;
        assert_eq!(confirmed.location(), "/auth/account");
        for cookie in ["authara_access", "authara_refresh"] {
            assert_ne!(browser.jar[cookie], before[cookie], "r031: {cookie}");
        }
        let account = browser.get("/auth/account").await;
        assert!(account.text().contains("You can make the change now."));
        assert!(other.is_signed_in().await, "nothing is sent again by itself");

        let answer = browser.submit(&account, REVOKE_OTHERS, &[]).await;
        assert_eq!(answer.location(), "/auth/account");
        assert!(!other.is_signed_in().await);
        assert!(browser.is_signed_in().await);
    }
);

both!(a_refused_confirmation_says_so_at_the_field, async |world: World| {
    let site = Site::of(world).await;
    let (mut browser, account, mut other) = at_the_account_page(&site).await;
    browser.submit(&account, REVOKE_OTHERS, &[]).await;
    let form = browser.get("/auth/reauthenticate?return_to=%2Fauth%2Faccount").await;

    let empty = browser.submit(&form, PATH, &[]).await;
    let wrong = browser.submit(&form, PATH, &[("password", "not the password")]).await;

    assert_eq!((empty.status, wrong.status), (400, 422));
    assert_eq!(empty.problem("password").unwrap(), "Enter your password.");
    assert_eq!(wrong.problem("password").unwrap(), "The current password is incorrect.");
    for page in [&empty, &wrong] {
        says_it_once(page, "password");
    }
    assert!(
        wrong.form(PATH).0.ends_with("?return_to=%2Fauth%2Faccount"),
        "the way back is kept"
    );
    assert!(!wrong.body.contains("not the password"));
    let still = browser.submit(&account, REVOKE_OTHERS, &[]).await;
    assert!(still.location().starts_with(PATH));
    assert!(other.is_signed_in().await);
});

#[tokio::test]
async fn the_page_says_who_is_asked_and_leads_only_to_this_origin() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let (mut browser, _, _) = at_the_account_page(&site).await;

        let page = browser.get(PATH).await;
        assert!(page.text().contains("You are signed in as ada@"), "{}", page.text());
        for (target, leads_to) in [
            ("", "/auth/account"),
            ("?return_to=https%3A%2F%2Fevil.example", "/auth/account"),
            ("?return_to=%2F%2Fevil.example", "/auth/account"),
            ("?return_to=%2Fauth%2Freauthenticate", "/auth/account"),
            ("?return_to=%2Fpay%3Fa%3Db", "/pay?a=b"),
        ] {
            let form = browser.get(&format!("{PATH}{target}")).await;
            let answer = browser.submit(&form, PATH, &[("password", PASSWORD)]).await;
            assert_eq!(answer.location(), leads_to, "{target}");
            // Nothing to confirm now.
            assert_eq!(
                browser.get(&format!("{PATH}{target}")).await.location(),
                leads_to,
                "{target}"
            );
            site.world.clock.advance(Duration::from_mins(11));
        }
    })
    .await;
}

#[tokio::test]
async fn a_script_is_told_instead_of_led_and_a_stranger_signs_in_first() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let (mut browser, _, mut other) = at_the_account_page(&site).await;

        let told = browser.fetch(Method::POST, REVOKE_OTHERS).await;
        let stranger = site.browser().get("/auth/reauthenticate?return_to=%2Fpay").await;

        assert_eq!(
            (told.status, told.error_code()),
            (428, "recent_authentication_required".to_owned())
        );
        assert!(
            stranger
                .location()
                .starts_with("/auth/login?return_to=%2Fauth%2Freauthenticate")
        );
        assert!(other.is_signed_in().await);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_asked_to_confirm_what_they_did_not_mean_to_do() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let (mut browser, _, _) = at_the_account_page(&site).await;

        let without = browser.post(REVOKE_OTHERS, &[]).await;
        let confirm = browser.post(PATH, &[("password", PASSWORD)]).await;

        assert_eq!((without.status, confirm.status), (403, 403));
    })
    .await;
}
