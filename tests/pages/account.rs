//! What the account page says.

use std::time::Duration;

use authara::domain::organization::OrganizationRole;
use authara::flows::accounts::{self, directory};
use authara::workers;

use super::browser::Site;
use super::{ADA, BOB};
use crate::kit::database::Folder;
use crate::kit::smtp::{Script, Server};
use crate::kit::world::{World, both, on_sqlite, operator};
use crate::mail::outbox::with_smtp;

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

both!(
    a_person_whose_address_refuses_letters_is_told_on_their_page_alone,
    async |world: World| {
        const REFUSED: &str = "Messages to ada@example.com are refused";
        let folder = Folder::new();
        let refusing = Script {
            recipients: &[("ada@", "550 5.1.1 who?")],
            ..Script::default()
        };
        let server = Server::start(&folder.0, refusing).await;
        let site = Site::of(with_smtp(world, &server).await).await;
        let (mut browser, mut stranger) = (site.signed_up(ADA).await, site.browser());
        let (app, by) = (&site.world.app, operator(&site.world.app));
        assert!(!browser.get(PATH).await.text().contains(REFUSED));

        let ada = directory::find(app, ADA).await.unwrap().id;
        accounts::disable(app, &by, ada).await.unwrap();
        accounts::enable(app, &by, ada).await.unwrap();
        workers::letters::round(app.clone()).await.unwrap();
        let mut browser = site.signed_in(ADA).await;

        assert!(browser.get(PATH).await.text().contains(REFUSED));
        for address in [ADA, BOB] {
            let form = stranger.get("/auth/password-reset").await;
            let answer = stranger
                .submit(&form, "/auth/password-reset", &[("email", address)])
                .await;
            let page = stranger.get(answer.location()).await.text();
            assert!(!page.contains("refused"), "a stranger learns nothing: {page}");
        }
        site.world.clock.advance(Duration::from_hours(25));
        assert!(!site.signed_in(ADA).await.get(PATH).await.text().contains(REFUSED));
    }
);

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
