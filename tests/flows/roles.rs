//! Platform roles, and the areas that they open.

use authara::domain::{Audience, PlatformRole, Refusal, Secret, UserId};
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::tokens::SignedIn;
use authara::flows::{Result, access, accounts, refresh};

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by, operator};

const ADA: &str = "ada@example.com";
const AREAS: [(Audience, PlatformRole); 2] = [
    (Audience::Admin, PlatformRole::Admin),
    (Audience::Operator, PlatformRole::Operator),
];

async fn grant(world: &World, user: UserId, role: PlatformRole) {
    let is_new = accounts::grant(&world.app, &operator(&world.app), user, role)
        .await
        .unwrap();
    assert!(is_new);
}

async fn by_password(world: &World, wanted: Audience) -> Result<SignedIn> {
    let input = Credentials {
        identifier: ADA.to_owned(),
        password: Secret::new(PASSWORD),
        device: None,
    };
    with_password(&world.app, &by(&world.app), input, wanted).await
}

async fn by_refresh(world: &World, wanted: Audience) -> Result<SignedIn> {
    let token = world.sign_in(ADA).await.tokens.refresh;
    refresh::with_token(&world.app, &by(&world.app), &token, wanted).await
}

/// Which audiences the access token opens.
async fn opened(world: &World, signed_in: &SignedIn) -> Vec<Audience> {
    let mut opened = Vec::new();
    for audience in Audience::ALL {
        let token = signed_in.tokens.access.expose();
        if access::caller(&world.app, &by(&world.app), audience, token)
            .await
            .is_ok()
        {
            opened.push(audience);
        }
    }
    opened
}

both!(
    each_role_opens_its_own_area_and_the_application,
    async |world: World| {
        let ada = world.sign_up(ADA).await.user.id;
        let bob = world.sign_up("bob@example.com").await.user.id;
        // The last admin could not be tried without the role.
        grant(&world, bob, PlatformRole::Admin).await;

        for (own, role) in AREAS {
            grant(&world, ada, role).await;
            for (wanted, _) in AREAS {
                let (password, token) = (by_password(&world, wanted).await, by_refresh(&world, wanted).await);

                if wanted == own {
                    for signed_in in [password.unwrap(), token.unwrap()] {
                        assert_eq!(opened(&world, &signed_in).await, [Audience::App, own]);
                    }
                } else {
                    assert_eq!(refusal(password), Refusal::AudienceRefused, "{role} for {wanted:?}");
                    assert_eq!(refusal(token), Refusal::SignInRequired, "{role} for {wanted:?}");
                }
            }
            accounts::revoke(&world.app, &operator(&world.app), ada, role)
                .await
                .unwrap();
        }
    }
);

both!(a_person_with_both_roles_has_one_area_at_a_time, async |world: World| {
    let ada = world.sign_up(ADA).await.user.id;
    for (_, role) in AREAS {
        grant(&world, ada, role).await;
    }

    for (area, _) in AREAS {
        let signed_in = by_refresh(&world, area).await.unwrap();
        assert_eq!(signed_in.roles, PlatformRole::ALL);
        assert_eq!(opened(&world, &signed_in).await, [Audience::App, area]);
    }
});

both!(
    a_role_that_went_with_an_upgrade_leaves_its_owner_in_the_application,
    async |world: World| {
        let ada = world.sign_up(ADA).await.user.id;
        grant(&world, ada, PlatformRole::Operator).await;
        let before = by_refresh(&world, Audience::Operator).await.unwrap();

        // As a migration takes it: the session goes on.
        world.database().tamper("DELETE FROM user_roles").await;

        assert_eq!(opened(&world, &before).await, [Audience::App]);
        let caller = world.caller(&before.tokens.access).await;
        assert_eq!((caller.audience, caller.roles), (Audience::App, vec![]));
        let after = refresh::with_token(&world.app, &by(&world.app), &before.tokens.refresh, Audience::App).await;
        assert!(after.is_ok());
    }
);
