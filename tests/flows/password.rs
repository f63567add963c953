//! Changing one's password.

use std::time::Duration;

use authara::domain::{Audience, By, Caller, Refusal, Secret};
use authara::flows::password::{Change, change};
use authara::flows::tokens::{FreshTokens, Renewed};
use authara::flows::{Result, refresh};

use super::{metric, refusal};
use crate::kit::world::{PASSWORD, World, both, by, pair};

const NEW: &str = "a new and better password";

async fn set(world: &World, caller: &Caller, current: Option<&str>, refresh: Option<&Secret>) -> Result<Renewed> {
    let input = Change {
        new: Secret::new(NEW),
        current: current.map(Secret::new),
        refresh: refresh.cloned(),
    };
    change(&world.app, caller, input).await
}

both!(
    a_new_password_ends_the_other_sessions_and_this_one_goes_on,
    async |world: World| {
        let here = world.sign_up("ada@example.com").await.tokens;
        let there = world.sign_in("ada@example.com").await.tokens;
        let me = world.caller(&here.access).await;

        let fresh = pair(set(&world, &me, None, Some(&here.refresh)).await.unwrap());

        let other = refresh::with_token(&world.app, &by(&world.app), &there.refresh, Audience::App).await;
        assert_eq!(refusal(other), Refusal::SessionEnded);
        let other = world.try_caller(&there.access).await;
        assert_eq!(refusal(other), Refusal::SignInRequired);
        world.caller(&fresh.access).await;
        assert!(
            refresh::with_token(&world.app, &by(&world.app), &fresh.refresh, Audience::App)
                .await
                .is_ok()
        );
        assert_eq!(
            refusal(world.try_sign_in("ada@example.com", PASSWORD).await),
            Refusal::CredentialsWrong
        );
        assert!(world.try_sign_in("ada@example.com", NEW).await.is_ok());
    }
);

both!(
    a_client_that_drops_the_fresh_tokens_signs_in_again_and_ends_nothing,
    async |world: World| {
        let here = world.sign_up("ada@example.com").await.tokens;
        let me = world.caller(&here.access).await;
        let fresh = pair(set(&world, &me, None, Some(&here.refresh)).await.unwrap());
        let with = async |token: &Secret| refresh::with_token(&world.app, &by(&world.app), token, Audience::App).await;

        // Nobody can tell it from a thief with a copy. Cookies stay, for another tab may have set new ones.
        assert_eq!(refusal(with(&here.refresh).await), Refusal::TokenReplaced);
        assert_eq!(metric(&world.app, "authara_refreshes_total{outcome=\"unknown\"}"), 1);
        assert!(with(&fresh.refresh).await.is_ok());
    }
);

both!(
    whoever_refreshed_with_a_copy_is_cut_off_by_the_owners_new_password,
    async |world: World| {
        let here = world.sign_up("ada@example.com").await.tokens;
        let me = world.caller(&here.access).await;
        let mut thief = by(&world.app);
        thief.client.address = "203.0.113.66".parse().unwrap();
        let with = async |by: &By, token: &Secret| refresh::with_token(&world.app, by, token, Audience::App).await;
        let stolen = with(&thief, &here.refresh).await.unwrap().tokens;

        let fresh = pair(set(&world, &me, Some(PASSWORD), Some(&here.refresh)).await.unwrap());

        assert!(with(&thief, &stolen.refresh).await.is_err());
        assert!(with(&thief, &here.refresh).await.is_err());
        assert!(with(&by(&world.app), &fresh.refresh).await.is_ok());
        world.clock.advance(Duration::from_mins(5));
        // By now it is told from a lost answer.
        let mut thief = by(&world.app);
        thief.client.address = "203.0.113.66".parse().unwrap();
        assert_eq!(refusal(with(&thief, &stolen.refresh).await), Refusal::SessionEnded);
    }
);

both!(
    a_token_that_the_session_never_had_replaces_none_of_its_own,
    async |world: World| {
        let here = world.sign_up("ada@example.com").await.tokens;
        let me = world.caller(&here.access).await;

        let unknown = Secret::new("c4I51HD6F-mVJP0u0tcCCp3NvRa1lr6R_87A9lXj6Qc");
        let fresh = set(&world, &me, None, Some(&unknown)).await.unwrap();

        assert!(matches!(fresh.tokens, FreshTokens::Access { .. }));
        let mine = refresh::with_token(&world.app, &by(&world.app), &here.refresh, Audience::App).await;
        assert!(mine.is_ok());
    }
);

both!(an_old_sign_in_needs_the_current_password, async |world: World| {
    let here = world.sign_up("ada@example.com").await.tokens;
    world.clock.advance(Duration::from_mins(10) + Duration::from_secs(1));
    let here = refresh::with_token(&world.app, &by(&world.app), &here.refresh, Audience::App).await;
    let me = world.caller(&here.unwrap().tokens.access).await;

    assert_eq!(
        refusal(set(&world, &me, None, None).await),
        Refusal::ReauthenticationRequired
    );
    assert_eq!(
        refusal(set(&world, &me, Some("not this one"), None).await),
        Refusal::CurrentPasswordWrong
    );
    assert!(world.try_sign_in("ada@example.com", PASSWORD).await.is_ok());

    set(&world, &me, Some(PASSWORD), None).await.unwrap();
    assert!(world.try_sign_in("ada@example.com", NEW).await.is_ok());
});

both!(
    a_refresh_token_of_another_session_is_left_alone,
    async |world: World| {
        let here = world.sign_up("ada@example.com").await.tokens;
        let bob = world.sign_up("bob@example.com").await.tokens;
        let me = world.caller(&here.access).await;

        let fresh = set(&world, &me, None, Some(&bob.refresh)).await.unwrap();

        assert!(matches!(fresh.tokens, FreshTokens::Access { .. }));
        assert!(
            refresh::with_token(&world.app, &by(&world.app), &bob.refresh, Audience::App)
                .await
                .is_ok()
        );
    }
);
