//! The allowlist, and the domains of throw-away addresses.

use std::sync::Arc;

use authara::domain::audit::{Action, Outcome};
use authara::domain::session::Rotation;
use authara::domain::{Allowed, Audience, By, Domains, Refusal, Secret};
use authara::flows::entry::confirm;
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::entry::sign_up::{Application, direct, start};
use authara::flows::tokens::SignedIn;
use authara::flows::{Result, accounts, allowlist, refresh};

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by, operator};

const ADA: &str = "ada@example.com";

/// The same world with the allowlist on, and nobody on it.
async fn closed(world: World) -> World {
    world.with(|config| config.accounts.allowlist = true).await
}

async fn allow(world: &World, entry: &str) {
    let entry: Allowed = entry.parse().unwrap();
    assert!(
        allowlist::allow(&world.app, &operator(&world.app), &entry)
            .await
            .unwrap()
    );
}

async fn unlist(world: &World, entry: &str) {
    let entry: Allowed = entry.parse().unwrap();
    assert!(
        allowlist::unlist(&world.app, &operator(&world.app), &entry)
            .await
            .unwrap()
    );
}

fn application(email: &str) -> Application {
    Application {
        email: email.to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: None,
    }
}

async fn sign_up(world: &World, email: &str) -> Result<SignedIn> {
    direct(&world.app, &by(&world.app), application(email), Audience::App).await
}

async fn refreshed(world: &World, token: &Secret) -> Result<SignedIn> {
    let by: By = by(&world.app);
    refresh::with_token(&world.app, &by, token, Audience::App).await
}

both!(
    r078_an_address_that_is_not_allowed_signs_in_with_no_password,
    async |world: World| {
        world.sign_up(ADA).await;
        let world = closed(world).await;

        let hashed = world.app.hasher.work_done();
        let unknown = refusal(world.try_sign_in("bob@example.com", PASSWORD).await);
        let once = world.app.hasher.work_done() - hashed;
        let right = refusal(world.try_sign_in(ADA, PASSWORD).await);
        assert_eq!(world.app.hasher.work_done() - hashed, 2 * once, "the same work");
        let wrong = refusal(world.try_sign_in(ADA, "something else entirely").await);
        for answer in [unknown, right, wrong] {
            assert_eq!(answer, Refusal::CredentialsWrong);
        }
        let lines = world.audit(Action::SignIn).await;
        let mut why: Vec<_> = lines
            .iter()
            .filter(|line| line.outcome == Outcome::Refused)
            .map(|line| &*line.detail)
            .collect();
        let not_allowed = "the address is not on the allowlist";
        why.sort_unstable();
        assert_eq!(why, ["no such account", not_allowed, not_allowed]);

        allow(&world, "@example.com").await;
        assert!(world.try_sign_in(ADA, PASSWORD).await.is_ok());
    }
);

both!(
    an_address_that_is_not_allowed_is_answered_at_sign_up_as_one_that_is_taken,
    async |world: World| {
        world.sign_up(ADA).await;
        let world = closed(world).await;
        allow(&world, ADA).await;
        allow(&world, "cyd@example.com").await;

        assert_eq!(refusal(sign_up(&world, ADA).await), Refusal::EmailTaken);
        assert_eq!(refusal(sign_up(&world, "bob@example.com").await), Refusal::EmailTaken);
        assert!(sign_up(&world, "Cyd@Example.com").await.is_ok());
        assert_eq!(world.app.store.read().await.unwrap().users().count().await.unwrap(), 2);
    }
);

both!(
    a_person_who_is_not_allowed_any_more_loses_the_session_at_the_next_refresh,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let bob = world.sign_up("bob@example.com").await;
        for rotation in [Rotation::Always, Rotation::Never] {
            let world = world.fresh(|config| {
                config.accounts.allowlist = true;
                config.sessions.rotation = rotation;
            });
            let world = world.await;
            allow(&world, "@example.com").await;
            let ada = world.sign_up(ADA).await.tokens;
            let bob = world.sign_up("bob@example.com").await.tokens;
            let ada = refreshed(&world, &ada.refresh).await.unwrap().tokens;
            allow(&world, "bob@example.com").await;
            unlist(&world, "@example.com").await;

            assert_eq!(refusal(refreshed(&world, &ada.refresh).await), Refusal::SessionEnded);
            assert!(refreshed(&world, &bob.refresh).await.is_ok());

            assert_eq!(world.audit(Action::SessionRevoked).await.len(), 1);
            assert!(world.try_caller(&ada.access).await.is_err(), "it ended");
            allow(&world, ADA).await;
            assert!(refreshed(&world, &ada.refresh).await.is_err(), "for good");
            assert!(world.try_sign_in(ADA, PASSWORD).await.is_ok());
        }
        // Where the list is off, nobody is asked.
        for signed_in in [ada, bob] {
            assert!(refreshed(&world, &signed_in.tokens.refresh).await.is_ok());
        }
    }
);

both!(
    a_session_is_not_confirmed_for_an_address_that_is_not_allowed,
    async |world: World| {
        let ada = world.sign_up(ADA).await;
        let world = closed(world).await;
        let caller = world.caller(&ada.tokens.access).await;

        let confirmed = confirm::confirm(&world.app, &caller, &Secret::new(PASSWORD), None, None).await;

        assert_eq!(refusal(confirmed), Refusal::EmailNotAllowed);
    }
);

both!(
    r133_an_address_that_is_taken_from_the_list_meanwhile_opens_no_session,
    async |world: World| {
        let world = closed(world).await;
        allow(&world, "@example.com").await;
        world.sign_up(ADA).await;
        for _ in 0..10 {
            let (app, other) = (world.app.clone(), world.app.clone());
            let input = Credentials {
                identifier: ADA.to_owned(),
                password: Secret::new(PASSWORD),
                device: None,
            };
            let trying = tokio::spawn(async move { with_password(&other, &by(&other), input, Audience::App).await });
            let entry: Allowed = "@example.com".parse().unwrap();
            allowlist::unlist(&app, &operator(&app), &entry).await.unwrap();
            if let Ok(signed_in) = trying.await.unwrap() {
                // It was first: the next refresh ends it.
                assert!(refreshed(&world, &signed_in.tokens.refresh).await.is_err());
            }
            allowlist::allow(&app, &operator(&app), &entry).await.unwrap();
        }
    }
);

both!(an_account_that_is_deleted_leaves_the_list, async |world: World| {
    let ada = world.sign_up(ADA).await.user.id;
    for entry in [ADA, "@example.com"] {
        allow(&world, entry).await;
    }

    accounts::delete(&world.app, &operator(&world.app), ada).await.unwrap();

    let left = allowlist::list(&world.app, None, 9).await.unwrap();
    let left: Vec<_> = left.iter().map(|(entry, _)| entry.to_string()).collect();
    assert_eq!(left, ["@example.com"]);
});

both!(
    who_may_have_an_account_is_in_the_audit_without_addresses,
    async |world: World| {
        let ada = world.sign_up(ADA).await.user.id;
        for entry in [ADA, "bob@example.com", "@example.org"] {
            allow(&world, entry).await;
        }
        unlist(&world, ADA).await;

        let added = world.audit(Action::AddressAllowed).await;
        let mut told: Vec<_> = added.iter().map(|line| (line.subject, &*line.detail)).collect();
        told.sort_unstable();
        assert_eq!(
            told,
            [(None, "@example.org"), (None, "an address"), (Some(ada), "an address")]
        );
        assert_eq!(world.audit(Action::AddressUnlisted).await[0].subject, Some(ada));
    }
);

both!(
    nobody_signs_up_with_an_address_of_a_disposable_domain,
    async |world: World| {
        let domains = Arc::new(Domains::parse("mailer.example").unwrap());
        let world = world.with(|config| config.accounts.disposable = domains).await;

        for email in ["ada@mailer.example", "ada@a.mailer.example"] {
            assert_eq!(refusal(sign_up(&world, email).await), Refusal::EmailDisposable);
            let coded = world.fresh(|config| {
                config.accounts.disposable = Arc::new(Domains::parse("mailer.example").unwrap());
                config.challenges.at_sign_up = true;
            });
            let coded = coded.await;
            let begun = start(&coded.app, &by(&coded.app), application(email), Audience::App).await;
            assert_eq!(refusal(begun), Refusal::EmailDisposable);
        }
        assert!(sign_up(&world, ADA).await.is_ok());
        // The operator knows what they do.
        let password = Secret::new(PASSWORD);
        let made = accounts::add(&world.app, &operator(&world.app), "bob@mailer.example", password, &[]).await;
        assert!(made.is_ok());
    }
);
