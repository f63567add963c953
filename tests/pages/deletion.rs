//! Deleting one's own account.

use std::time::Duration;

use authara::domain::audit::Action;
use authara::domain::organization::OrganizationRole;
use authara::domain::{OrganizationId, PlatformRole, User};
use authara::flows::accounts;
use authara::flows::accounts::directory;

use super::browser::Site;
use super::{ADA, BOB};
use crate::kit::world::{PASSWORD, World, both, on_sqlite, operator};

const PATH: &str = "/auth/user/delete";
const DONE: &str = "/auth/successful-deletion";

async fn user(site: &Site, email: &str) -> User {
    directory::find(&site.world.app, email).await.unwrap()
}

async fn initial_organization(site: &Site, user: &User) -> OrganizationId {
    let mut conn = site.world.app.store.read().await.unwrap();
    let found = conn.organizations().default_of(user.id).await.unwrap();
    found.unwrap().organization
}

both!(r026_an_account_is_deleted_and_out_everywhere, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let mut elsewhere = site.signed_in(ADA).await;
    let mut bob = site.signed_up(BOB).await;
    let id = user(&site, ADA).await.id;

    let account = browser.get("/auth/account").await;
    assert!(account.body.contains("href=\"/auth/user/delete\""));
    let page = browser.get(PATH).await;
    assert!(page.text().contains(ADA), "says which account");
    let answer = browser.submit(&page, PATH, &[]).await;

    assert_eq!(answer.location(), DONE);
    for cookie in ["authara_access", "authara_refresh", "authara_device"] {
        assert!(!browser.jar.contains_key(cookie), "{cookie}");
    }
    let goodbye = browser.get(DONE).await;
    assert_eq!(goodbye.status, 200);
    assert!(goodbye.text().contains("deleted"));
    assert!(!browser.is_signed_in().await && !elsewhere.is_signed_in().await);
    assert!(!elsewhere.has_session(), "its cookies are gone too");
    assert!(bob.is_signed_in().await);

    // Like an address that never had an account, and free again.
    let refused = site.browser().sign_in(ADA, PASSWORD).await;
    let unknown = site.browser().sign_in("eve@example.com", PASSWORD).await;
    assert_eq!((refused.status, unknown.status), (422, 422));
    assert_eq!(refused.text(), unknown.text());
    let mut again = site.signed_up(ADA).await;
    assert!(again.is_signed_in().await);
    assert_ne!(user(&site, ADA).await.id, id);
});

both!(
    r048_a_deletion_leads_by_a_confirmation_and_back,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let early = browser.get(PATH).await;
        site.world.clock.advance(Duration::from_mins(11));

        for answer in [browser.get(PATH).await, browser.submit(&early, PATH, &[]).await] {
            assert_eq!(
                answer.location(),
                "/auth/reauthenticate?return_to=%2Fauth%2Fuser%2Fdelete"
            );
        }
        assert!(browser.is_signed_in().await, "nothing has happened yet");
        let form = browser
            .get("/auth/reauthenticate?return_to=%2Fauth%2Fuser%2Fdelete")
            .await;
        let confirmed = browser
            .submit(&form, "/auth/reauthenticate", &[("password", PASSWORD)])
            .await;
        assert_eq!(confirmed.location(), PATH);
        let page = browser.get(PATH).await;
        assert_eq!(browser.submit(&page, PATH, &[]).await.location(), DONE);
    }
);

both!(the_last_admin_is_told_before_and_after, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let early = browser.get(PATH).await;
    let ada = user(&site, ADA).await;
    accounts::grant(&site.world.app, &operator(&site.world.app), ada.id, PlatformRole::Admin)
        .await
        .unwrap();

    let page = browser.get(PATH).await;
    let refused = browser.submit(&early, PATH, &[]).await;

    assert_eq!((page.status, refused.status), (200, 422));
    for page in [page, refused] {
        assert!(
            page.text().contains("This is the last administrator"),
            "{}",
            page.text()
        );
        assert!(!page.body.contains("method=\"post\" action=\"/auth/user/delete\""));
    }
    assert!(browser.is_signed_in().await);
});

both!(
    r101_the_only_owner_is_told_which_organization_needs_another,
    async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let mut other = site.signed_up(BOB).await;
        let (ada, bob) = (user(&site, ADA).await, user(&site, BOB).await);
        let team = initial_organization(&site, &ada).await;
        let now = site.world.app.now();
        let early = browser.get(PATH).await;
        site.world
            .app
            .store
            .write(async |tx| {
                tx.organizations()
                    .join(team, bob.id, OrganizationRole::Member, now)
                    .await
            })
            .await
            .unwrap();

        let refused = browser.submit(&early, PATH, &[]).await;
        assert_eq!(refused.status, 422);
        let words = format!(
            "The organization {} would be left without an owner",
            ada.username.as_str()
        );
        assert!(refused.text().contains(&words), "{}", refused.text());
        assert!(browser.is_signed_in().await);

        // Once the member has gone, nothing is in the way.
        let page = other.get(PATH).await;
        other.submit(&page, PATH, &[]).await;
        let page = browser.get(PATH).await;
        assert_eq!(browser.submit(&page, PATH, &[]).await.location(), DONE);
    }
);

#[tokio::test]
async fn a_browser_forgets_only_the_account_that_is_gone() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        site.signed_up(BOB).await;
        let page = browser.get("/auth/account").await;
        browser.submit(&page, "/auth/sessions/logout", &[]).await;
        browser.sign_in(BOB, PASSWORD).await;
        let before = browser.jar["authara_device"].clone();

        let page = browser.get(PATH).await;
        browser.submit(&page, PATH, &[]).await;

        let device = browser.jar["authara_device"].clone();
        assert_ne!(device, before);
        let (app, year) = (&site.world.app, std::time::Duration::from_hours(24 * 365));
        let text = app.device.unwrap_text(&device, "", year, app.now()).unwrap();
        assert!(text.contains(&user(&site, ADA).await.id.to_string()));
        assert_eq!(text.split(' ').count(), 2, "{text}");
    })
    .await;
}

#[tokio::test]
async fn no_other_site_deletes_an_account() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;
        let mut browser = site.signed_up(ADA).await;
        let csrf = browser.jar["authara_csrf"].clone();
        let foreign = [("sec-fetch-site", "cross-site"), ("origin", "http://evil.example")];

        let without = browser.post(PATH, &[]).await;
        let from_elsewhere = browser.post_with(PATH, &[("csrf_token", &csrf)], &foreign).await;
        let stranger = site.browser().post(PATH, &[]).await;

        assert_eq!((without.status, from_elsewhere.status), (403, 403));
        assert_eq!(stranger.location(), "/auth/login?return_to=%2Fauth%2Fuser%2Fdelete");
        assert!(browser.is_signed_in().await);
        assert!(site.world.audit(Action::UserDeleted).await.is_empty());
    })
    .await;
}
