//! The list of sessions on the account page, and ending them.

use std::time::Duration;

use super::browser::{Browser, Page, Site};
use super::{ADA, BOB};
use crate::kit::world::{World, both, on_sqlite};

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1";

/// The actions of the buttons that end one session.
fn ends(page: &Page) -> Vec<String> {
    let tags = page.tags();
    let actions = tags.iter().filter_map(|tag| tag.attribute("action"));
    actions
        .filter(|action| action.ends_with("/revoke"))
        .map(str::to_owned)
        .collect()
}

async fn on_a_phone(site: &Site) -> Browser {
    let mut browser = site.browser().with("user-agent", PHONE);
    let answer = browser.sign_in(ADA, crate::kit::world::PASSWORD).await;
    assert_eq!(answer.status, 303);
    browser
}

both!(sessions_are_listed_with_the_present_one_first, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    site.signed_up(BOB).await;
    site.world.clock.advance(Duration::from_mins(1));
    on_a_phone(&site).await;

    let page = browser.get("/auth/account").await;
    let text = page.text();

    assert_eq!(text.matches("Last used just now").count(), 1);
    assert_eq!(text.matches("Active now").count(), 1);
    assert_eq!(text.matches("This device").count(), 1);
    let (here, there) = (text.find("Firefox on Linux"), text.find("Safari on iPhone"));
    assert!(here.unwrap() < text.find("This device").unwrap());
    assert!(text.find("This device") < there);
    assert_eq!(ends(&page).len(), 1, "the present session is ended by signing out");
    assert!(text.contains("127.0.0.1"));
});

both!(one_session_is_ended_by_its_button, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let mut phone = on_a_phone(&site).await;

    let page = browser.get("/auth/account").await;
    let action = &ends(&page)[0];
    let answer = browser.submit(&page, action, &[]).await;
    let told = browser.get(answer.location()).await;
    let later = browser.get("/auth/account").await;
    let again = browser.submit(&page, action, &[]).await;

    assert_eq!(answer.location(), "/auth/account");
    assert!(told.text().contains("The session has ended."));
    assert!(!later.text().contains("The session has ended."), "said once");
    assert!(ends(&told).is_empty());
    assert!(!phone.is_signed_in().await);
    assert!(browser.is_signed_in().await);
    assert_eq!(again.status, 404, "there is nothing left to end");
});

both!(all_other_sessions_are_ended_at_once, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let mut others = [on_a_phone(&site).await, site.signed_in(ADA).await];
    let mut stranger = site.signed_up(BOB).await;

    let page = browser.get("/auth/account").await;
    let answer = browser.submit(&page, "/auth/sessions/revoke-other", &[]).await;
    let told = browser.get(answer.location()).await;

    assert!(told.text().contains("All 2 other sessions have ended."));
    assert!(!told.text().contains("Last used") && told.text().contains("You are not signed in anywhere else."));
    assert!(!told.body.contains("revoke-other"), "nothing is left to end");
    for other in &mut others {
        assert!(!other.is_signed_in().await);
    }
    assert!(stranger.is_signed_in().await);
});

both!(somebody_elses_session_is_not_found, async |world: World| {
    let site = Site::of(world).await;
    let mut ada = site.signed_up(ADA).await;
    on_a_phone(&site).await;
    let mut bob = site.signed_up(BOB).await;
    let hers = ends(&ada.get("/auth/account").await).remove(0);
    let csrf = bob.jar["authara_csrf"].clone();

    let answer = bob.post(&hers, &[("csrf_token", &csrf)]).await;
    let nobodys = "/auth/sessions/00000000-0000-7000-8000-000000000000/revoke";
    let unknown = bob.post(nobodys, &[("csrf_token", &csrf)]).await;

    assert_eq!((answer.status, unknown.status), (404, 404));
    assert_eq!(answer.body, unknown.body);
    assert_eq!(ends(&ada.get("/auth/account").await), [hers]);
});

#[tokio::test]
async fn ending_ones_own_session_is_to_sign_out() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut ada = site.signed_up(ADA).await;
        let mut other = site.signed_in(ADA).await;
        let own = ends(&other.get("/auth/account").await).remove(0);
        let csrf = ada.jar["authara_csrf"].clone();

        let odd = ada.post("/auth/sessions/no-id/revoke", &[("csrf_token", &csrf)]).await;
        let answer = ada.post(&own, &[("csrf_token", &csrf)]).await;

        assert_eq!(odd.status, 400);
        assert_eq!(answer.location(), "/auth/login");
        assert!(!ada.has_session() && !ada.jar.contains_key("authara_access"));
    })
    .await;
}
