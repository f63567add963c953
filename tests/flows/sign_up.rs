//! Signing up.

use authara::domain::audit::{Action, Actor};
use authara::domain::organization::{OrganizationKind, OrganizationMode, OrganizationRole};
use authara::domain::{Audience, Refusal, Secret};
use authara::flows::Result;
use authara::flows::entry::sign_up::{Application, direct};
use authara::flows::tokens::SignedIn;

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by};

async fn sign_up(world: &World, email: &str, password: &str) -> Result<SignedIn> {
    let input = Application {
        email: email.to_owned(),
        password: Secret::new(password),
        invitation_code: None,
    };
    direct(&world.app, &by(&world.app), input, Audience::App).await
}

both!(signing_up_opens_an_account_and_a_session, async |world: World| {
    let signed_in = sign_up(&world, "Ada.L@Example.com", PASSWORD).await.unwrap();

    assert_eq!(signed_in.user.email.as_str(), "ada.l@example.com");
    assert!(signed_in.user.username.as_str().starts_with("ada-l-"));
    assert_eq!(signed_in.user.email_verified_at, None);
    let lines = world.audit(Action::UserCreated).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].actor, lines[0].subject),
        (Actor::User(signed_in.user.id), Some(signed_in.user.id))
    );
});

both!(each_mode_opens_its_kind_of_organization, async |world: World| {
    for (mode, kind) in [
        (OrganizationMode::Personal, OrganizationKind::Personal),
        (OrganizationMode::Single, OrganizationKind::Team),
        (OrganizationMode::Multi, OrganizationKind::Personal),
    ] {
        let world = world.fresh(|config| config.organization_mode = mode).await;

        let signed_in = sign_up(&world, "ada@example.com", PASSWORD).await.unwrap();

        assert_eq!(signed_in.membership.role, OrganizationRole::Owner);
        assert_eq!(signed_in.membership.name, signed_in.user.username.as_str());
        let mut conn = world.app.store.read().await.unwrap();
        let organization = conn
            .organizations()
            .by_id(signed_in.membership.organization)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(organization.kind, kind);
        assert_eq!(organization.created_by, Some(signed_in.user.id));
    }
});

both!(
    an_address_has_one_account_in_whatever_spelling_and_hurry,
    async |world: World| {
        let spellings = [
            "ada@example.com",
            "ADA@example.com",
            " ada@EXAMPLE.com",
            "Ada@Example.com",
        ];
        let tasks: Vec<_> = spellings
            .map(|email| {
                let app = world.app.clone();
                let input = Application {
                    email: email.to_owned(),
                    password: Secret::new(PASSWORD),
                    invitation_code: None,
                };
                tokio::spawn(async move { direct(&app, &by(&app), input, Audience::App).await })
            })
            .into();
        let mut opened = 0;
        for task in tasks {
            match task.await.unwrap() {
                Ok(_) => opened += 1,
                refused => assert_eq!(refusal(refused), Refusal::EmailTaken),
            }
        }

        assert_eq!(opened, 1);
        assert_eq!(world.app.store.read().await.unwrap().users().count().await.unwrap(), 1);
    }
);

both!(what_is_refused_leaves_nothing_behind, async |world: World| {
    for (email, password, why) in [
        ("nonsense", PASSWORD, Refusal::EmailInvalid),
        ("ada@example.com", "short", Refusal::PasswordTooShort),
        ("ada@example.com", &"x".repeat(129), Refusal::PasswordTooLong),
        ("ada.lovelace@example.com", "ada.lovelace", Refusal::PasswordIsAddress),
        ("ada@example.com", "nul\0nul\0nul", Refusal::PasswordUnusable),
    ] {
        assert_eq!(refusal(sign_up(&world, email, password).await), why);
    }
    let invited = Application {
        email: "ada@example.com".to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: Some(Secret::new("x")),
    };
    assert_eq!(
        refusal(direct(&world.app, &by(&world.app), invited, Audience::App).await),
        Refusal::InvitationInvalid
    );

    assert_eq!(world.app.store.read().await.unwrap().users().count().await.unwrap(), 0);
    assert!(world.audit(Action::UserCreated).await.is_empty());
});
