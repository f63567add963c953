//! A clock that was wrong, and was set: whoever is signed in stays so, and no wait grows.

use std::time::Duration;

use authara::domain::limit::{Budget, Limit};
use authara::domain::{Audience, Refusal, Secret};
use authara::flows::entry::confirm;
use authara::flows::password::{Change, change};
use authara::flows::tokens::Tokens;
use authara::flows::{account, keys, refresh, sessions};

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by, operator, pair};

const JUMPS: [Duration; 4] = [
    Duration::from_secs(2),
    Duration::from_secs(40),
    Duration::from_mins(2),
    Duration::from_hours(24),
];

both!(
    whoever_is_signed_in_stays_so_when_the_clock_is_set_back,
    async |world: World| {
        for (number, jump) in JUMPS.into_iter().enumerate() {
            let here = world.sign_up(&format!("person{number}@example.com")).await.tokens;
            world.clock.set_back(jump);

            let by = by(&world.app);
            let again = refresh::with_token(&world.app, &by, &here.refresh, Audience::App).await;
            let again = again.unwrap_or_else(|error| panic!("{jump:?}: {error}")).tokens;
            let me = world.caller(&again.access).await;

            // Nobody knows how long ago that was.
            let is_known = jump <= Duration::from_secs(30);
            assert_eq!(confirm::recent(&world.app, &me).is_ok(), is_known, "{jump:?}");
            let confirmed = confirm::confirm(&world.app, &me, &Secret::new(PASSWORD), Some(&again.refresh), None).await;
            let confirmed = pair(confirmed.unwrap());
            let me = world.caller(&confirmed.access).await;
            assert!(confirm::recent(&world.app, &me).is_ok(), "{jump:?}");
        }
    }
);

/// Sets another password in the session of these tokens, as a person who has just proved who they are.
async fn set_password(world: &World, tokens: &Tokens, new: &str) -> authara::flows::Result<Tokens> {
    let input = Change {
        new: Secret::new(new),
        current: None,
        refresh: Some(tokens.refresh.clone()),
    };
    let me = world.caller(&tokens.access).await;
    change(&world.app, &me, input).await.map(pair)
}

both!(
    a_password_that_was_set_while_the_clock_was_ahead_binds_nobody_once_it_is_set_back,
    async |world: World| {
        for (number, jump) in JUMPS.into_iter().enumerate() {
            let email = format!("person{number}@example.com");
            world.clock.advance(jump);
            let before = world.sign_up(&email).await.tokens;
            set_password(&world, &before, "set while the clock was ahead")
                .await
                .unwrap();
            world.clock.set_back(jump);

            let here = world.try_sign_in(&email, "set while the clock was ahead").await;
            let here = here.unwrap().tokens;
            let proof = confirm::recent(&world.app, &world.caller(&here.access).await).unwrap();
            let ended = sessions::revoke_others(&world.app, &proof).await;
            assert_eq!(ended.unwrap_or_else(|error| panic!("{jump:?}: {error}")), 1);

            let again = set_password(&world, &here, "set by the right clock").await;
            let again = again.unwrap_or_else(|error| panic!("{jump:?}: {error}"));
            let proof = confirm::recent(&world.app, &world.caller(&again.access).await);
            let proof = proof.unwrap_or_else(|refusal| panic!("{jump:?}: {refusal:?}"));
            let deleted = account::delete(&world.app, &proof).await;
            deleted.unwrap_or_else(|error| panic!("{jump:?}: {error}"));
        }
    }
);

both!(
    a_copy_of_a_token_whose_proof_lies_ahead_gains_nothing_by_a_later_one,
    async |world: World| {
        let app = &world.app;
        world.clock.advance(Duration::from_hours(24));
        let tokens = world.sign_up("ada@example.com").await.tokens;
        world.clock.set_back(Duration::from_hours(24));
        let refreshed = refresh::with_token(app, &by(app), &tokens.refresh, Audience::App).await;
        let copied = refreshed.unwrap().tokens;

        let me = world.caller(&copied.access).await;
        let confirmed = confirm::confirm(app, &me, &Secret::new(PASSWORD), Some(&copied.refresh), None).await;
        let confirmed = pair(confirmed.unwrap());

        assert!(confirm::recent(app, &world.caller(&confirmed.access).await).is_ok());
        let thief = world.caller(&copied.access).await;
        assert!(
            confirm::recent(app, &thief).is_err(),
            "it is from before the confirmation"
        );
    }
);

both!(
    a_token_that_was_used_is_no_token_of_another_tab_because_the_clock_was_set_back,
    async |world: World| {
        let here = world.sign_up("ada@example.com").await.tokens;
        let with = async |by, token: &Secret| refresh::with_token(&world.app, &by, token, Audience::App).await;
        let next = with(by(&world.app), &here.refresh).await.unwrap().tokens;
        with(by(&world.app), &next.refresh).await.unwrap();

        world.clock.set_back(Duration::from_hours(1));
        let mut thief = by(&world.app);
        thief.client.address = [203, 0, 113, 66].into();

        assert_eq!(refusal(with(thief, &here.refresh).await), Refusal::SessionEnded);
    }
);

both!(no_wait_grows_when_the_clock_is_set_back, async |mut world: World| {
    let budget = Budget {
        limit: 2,
        window: Duration::from_hours(1),
    };
    for (number, limit) in [Limit::LoginAccount, Limit::LoginAddress].into_iter().enumerate() {
        world = world.with(|config| config.limits.set(limit, budget)).await;
        let email = format!("person{number}@example.com");
        world.sign_up(&email).await;
        for _ in 0..2 {
            assert_eq!(
                refusal(world.try_sign_in(&email, "wrong wrong").await),
                Refusal::CredentialsWrong
            );
        }
        assert!(matches!(
            refusal(world.try_sign_in(&email, PASSWORD).await),
            Refusal::TooMany { retry_after: ..=3600 }
        ));

        world.clock.set_back(Duration::from_hours(24 * 30));

        match world.try_sign_in(&email, PASSWORD).await {
            Ok(_) => {}
            Err(error) => {
                let Refusal::TooMany { retry_after } = refusal::<()>(Err(error)) else {
                    panic!("another refusal")
                };
                assert!(retry_after <= 3600, "{retry_after}");
                world.clock.advance(Duration::from_hours(1));
                assert!(world.try_sign_in(&email, PASSWORD).await.is_ok());
            }
        }
    }
});

both!(
    the_oldest_key_signs_while_the_clock_is_behind_all_of_them,
    async |world: World| {
        let first = keys::list(&world.app, world.app.now()).await.unwrap()[0].id.clone();
        world.clock.advance(Duration::from_secs(5));
        keys::rotate(&world.app, &operator(&world.app), false).await.unwrap();

        world.clock.set_back(Duration::from_hours(48));

        keys::reload(&world.app, world.app.now()).await.unwrap();
        assert_eq!(world.app.keys().active_id(), first);
        let listed = keys::list(&world.app, world.app.now()).await.unwrap();
        assert_eq!(listed[0].state, keys::KeyState::Active);
        let started = world.another_instance().await;
        assert_eq!(started.keys().active_id(), first);
        let here = world.sign_up("ada@example.com").await.tokens;
        world.caller(&here.access).await;
    }
);
