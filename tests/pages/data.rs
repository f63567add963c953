//! `/auth/account/data`: a person takes what is kept about them with them.

use std::time::Duration;

use authara::domain::audit::{Action, Actor};
use authara::domain::{By, PlatformRole, Secret};
use authara::flows::accounts;
use authara::flows::accounts::directory;
use authara::workers;
use serde_json::Value;

use super::browser::{Browser, Page, Site};
use super::{ADA, BOB};
use crate::kit::world::{PASSWORD, World, both, client, operator};

const PATH: &str = "/auth/account/data";

async fn download(browser: &mut Browser) -> (Page, Value) {
    let page = browser.get(PATH).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let answer = browser.submit(&page, PATH, &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let data = serde_json::from_str(&answer.body).unwrap();
    (answer, data)
}

/// One member of every object in a list.
fn all<'d>(data: &'d Value, list: &str, member: &str) -> Vec<&'d str> {
    let list = data[list].as_array().unwrap();
    list.iter().map(|entry| entry[member].as_str().unwrap()).collect()
}

both!(
    a_person_downloads_what_is_kept_about_them_and_nothing_of_others,
    async |world: World| {
        let site = Site::of(world).await;
        let (mut browser, mut over) = (site.signed_up(ADA).await, site.signed_in(ADA).await);
        site.signed_up(BOB).await;
        let app = &site.world.app;
        let ada = directory::find(app, ADA).await.unwrap();
        let bobs_id = directory::find(app, BOB).await.unwrap().id;
        // An admin elsewhere gives a role; somebody unknown guesses a password.
        let from_office = client();
        let admin = By {
            actor: Actor::User(bobs_id),
            ..By::nobody(&from_office, app.now())
        };
        accounts::grant(app, &admin, ada.id, PlatformRole::Admin).await.unwrap();
        site.browser().sign_in(ADA, "not the password").await;
        over.submit(&over.clone().get("/auth/account").await, "/auth/sessions/logout", &[])
            .await;
        workers::letters::round(app.clone()).await.unwrap();

        let (answer, data) = download(&mut browser).await;

        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(
            answer.header("content-disposition"),
            Some("attachment; filename=\"authara-data.json\"")
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(data["profile"]["email"], ADA);
        assert_eq!(data["profile"]["id"], ada.id.to_string());
        assert_eq!(data["profile"]["roles"][0], "admin");
        assert_eq!(all(&data, "sign_in_methods", "method"), ["password"]);
        assert_eq!(
            data["sessions"].as_array().unwrap().len(),
            2,
            "also the one that is over"
        );
        assert!(all(&data, "sessions", "user_agent")[0].contains("Firefox"));
        assert_eq!(all(&data, "organizations", "role"), ["owner"]);
        assert_eq!(all(&data, "letters", "kind"), ["admin_access_changed"]);
        let actions = all(&data, "events", "action");
        for action in [
            Action::UserCreated,
            Action::RoleGranted,
            Action::SignIn,
            Action::DataExported,
        ] {
            assert!(actions.contains(&action.name()), "{actions:?}");
        }
        let events = data["events"].as_array().unwrap();
        let granted = events.iter().find(|event| event["by"] == "admin").unwrap();
        assert_eq!(
            (&granted["address"], &granted["user_agent"]),
            (&Value::Null, &Value::Null)
        );
        assert!(
            events
                .iter()
                .any(|event| event["by"] == "unknown" && event["result"] == "refused")
        );

        let stored = app.store.read().await.unwrap().users().password(ada.id).await.unwrap();
        let hash = stored.unwrap().hash;
        for secret in [hash.expose(), "$scrypt$", PASSWORD, BOB, &bobs_id.to_string()] {
            assert!(!answer.body.contains(secret), "{secret}");
        }
        assert_eq!(site.world.audit(Action::DataExported).await.len(), 1);
    }
);

both!(a_download_needs_a_sign_in_that_is_not_long_ago, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let page = browser.get(PATH).await;
    site.world.clock.advance(Duration::from_mins(11));
    browser.get("/auth/account").await;

    let asked = browser.submit(&page, PATH, &[]).await;
    let opened = browser.get(PATH).await;
    let form = browser.get(opened.location()).await;
    let confirmed = browser
        .submit(&form, "/auth/reauthenticate", &[("password", PASSWORD)])
        .await;

    assert_eq!(asked.status, 303, "no file");
    assert_eq!(confirmed.location(), PATH);
    download(&mut browser).await;
    assert_eq!(site.browser().get(PATH).await.status, 303, "nobody is signed in");
});

both!(a_password_that_was_replaced_opens_no_download, async |world: World| {
    let site = Site::of(world).await;
    let mut browser = site.signed_up(ADA).await;
    let page = browser.get(PATH).await;
    let (app, by) = (&site.world.app, operator(&site.world.app));
    let ada = directory::find(app, ADA).await.unwrap().id;
    accounts::set_password(app, &by, ada, Secret::new("battery staple correct"))
        .await
        .unwrap();

    assert_eq!(browser.submit(&page, PATH, &[]).await.status, 303);

    assert!(site.world.audit(Action::DataExported).await.is_empty());
});
