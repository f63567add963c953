//! What the account page says.

use authara::domain::organization::OrganizationRole;
use authara::flows::accounts::directory;

use super::browser::Site;
use super::{ADA, BOB};
use crate::kit::world::{World, both, on_sqlite};

const PATH: &str = "/auth/account";

both!(an_organization_is_shown_once_others_are_in_it, async |world: World| {
    let site = Site::of(world).await;
    let (mut browser, _) = (site.signed_up(ADA).await, site.signed_up(BOB).await);
    let app = &site.world.app;
    let ada = directory::find(app, ADA).await.unwrap();
    let bob = directory::find(app, BOB).await.unwrap();
    let team = app.store.read().await.unwrap().organizations().default_of(ada.id).await;
    let team = team.unwrap().unwrap().organization;

    let alone = browser.get(PATH).await.text();
    let now = app.now();
    let joined = app.store.write(async |tx| {
        tx.organizations()
            .join(team, bob.id, OrganizationRole::Member, now)
            .await
    });
    joined.await.unwrap();
    let together = browser.get(PATH).await.text();

    assert!(!alone.contains("Organization"), "{alone}");
    let shown = format!("Organization{} (Owner)", ada.username.as_str());
    assert!(together.contains(&shown), "{together}");
});

#[tokio::test]
async fn the_danger_zone_says_what_would_happen() {
    on_sqlite(async |world: World| {
        let site = Site::of(world).await;

        let page = site.signed_up(ADA).await.get(PATH).await.text();

        assert!(
            page.contains("If you delete your account, it cannot be brought back."),
            "{page}"
        );
        assert!(!page.contains("deleted for good"), "{page}");
    })
    .await;
}
