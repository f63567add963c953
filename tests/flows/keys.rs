//! Rotating signing keys.

use std::time::Duration;

use authara::domain::audit::Action;
use authara::domain::{Algorithm, Audience, Refusal};
use authara::flows::keys::{KeyState, list, reload, rotate, settle};
use authara::flows::{access, refresh};

use super::refusal;
use crate::kit::world::{World, both, by, operator};

both!(r045_a_new_key_is_published_before_it_signs, async |world: World| {
    let old = world.app.keys().active_id().to_owned();

    let new = rotate(&world.app, &operator(&world.app), false).await.unwrap();

    assert_eq!(new.state, KeyState::Upcoming);
    assert_eq!(world.app.keys().active_id(), old);
    assert!(world.app.keys().jwks().contains(&new.id) && world.app.keys().jwks().contains(&old));

    world.clock.advance(Duration::from_mins(15));
    reload(&world.app, world.app.now()).await.unwrap();
    assert_eq!(world.app.keys().active_id(), new.id);
    assert_eq!(world.audit(Action::SigningKeyCreated).await.len(), 1);
});

both!(
    an_old_key_verifies_until_its_last_token_has_expired,
    async |world: World| {
        let tokens = world.sign_up("ada@example.com").await.tokens;
        world.clock.advance(Duration::from_secs(1));
        rotate(&world.app, &operator(&world.app), false).await.unwrap();
        world.clock.advance(Duration::from_mins(14));
        let tokens = refresh::with_token(&world.app, &by(&world.app), &tokens.refresh, Audience::App)
            .await
            .unwrap()
            .tokens;

        world.clock.advance(Duration::from_mins(9));
        reload(&world.app, world.app.now()).await.unwrap();
        assert!(world.try_caller(&tokens.access).await.is_ok());

        world.clock.advance(Duration::from_mins(5));
        reload(&world.app, world.app.now()).await.unwrap();
        let states: Vec<KeyState> = list(&world.app, world.app.now())
            .await
            .unwrap()
            .into_iter()
            .map(|key| key.state)
            .collect();
        assert_eq!(states, [KeyState::Retired, KeyState::Active]);
        assert!(
            refresh::with_token(&world.app, &by(&world.app), &tokens.refresh, Audience::App)
                .await
                .is_ok()
        );
    }
);

both!(
    r045_a_leaked_key_is_refused_at_once_and_sessions_go_on,
    async |world: World| {
        let tokens = world.sign_up("ada@example.com").await.tokens;

        rotate(&world.app, &operator(&world.app), true).await.unwrap();

        let old = world.try_caller(&tokens.access).await;
        assert_eq!(refusal(old), Refusal::SignInRequired);
        let tokens = refresh::with_token(&world.app, &by(&world.app), &tokens.refresh, Audience::App)
            .await
            .unwrap()
            .tokens;
        assert!(world.try_caller(&tokens.access).await.is_ok());
    }
);

both!(
    r045_a_leaked_key_is_refused_at_once_whatever_milder_end_it_had,
    async |world: World| {
        let app = &world.app;
        let tokens = world.sign_up("ada@example.com").await.tokens;
        // Two orderly rotations: the first key is to verify for a while, the second has not signed yet.
        for _ in 0..2 {
            world.clock.advance(Duration::from_secs(1));
            rotate(app, &operator(app), false).await.unwrap();
        }
        world.clock.advance(Duration::from_secs(1));

        let new = rotate(app, &operator(app), true).await.unwrap();

        let old = access::caller(app, &by(app), Audience::App, tokens.access.expose()).await;
        assert_eq!(refusal(old), Refusal::SignInRequired);
        let states = async || {
            let keys = list(app, app.now()).await.unwrap();
            let states = keys.iter().map(|key| (key.state, key.id == new.id));
            states.collect::<Vec<_>>()
        };
        let retired = (KeyState::Retired, false);
        assert_eq!(states().await, [retired, retired, retired, (KeyState::Active, true)]);
        let jwks = app.keys().jwks().to_owned();
        assert_eq!(jwks.matches("\"kid\"").count(), 1, "{jwks}");
        // Nor does one that was published before come back when its time to sign would have come.
        world.clock.advance(Duration::from_hours(1));
        reload(app, app.now()).await.unwrap();
        assert_eq!(states().await[..3], [retired; 3]);
    }
);

both!(every_instance_signs_with_the_same_first_key, async |world: World| {
    let other = world.another_instance().await;

    assert_eq!(other.keys().active_id(), world.app.keys().active_id());
    assert_eq!(list(&world.app, world.app.now()).await.unwrap().len(), 1);
});

both!(keys_from_the_settings_are_not_rotated_here, async |world: World| {
    let world = world.with(|config| {
        let seed = authara::crypto::keys::generate_seed();
        config.tokens.keys = vec![("mine".to_owned(), seed)];
        "mine".clone_into(&mut config.tokens.active_key_id);
    });
    let world = world.await;

    let tokens = world.sign_up("ada@example.com").await.tokens;

    assert!(world.try_caller(&tokens.access).await.is_ok());
    assert_eq!(
        refusal(rotate(&world.app, &operator(&world.app), false).await),
        Refusal::KeysFromSettings
    );
    assert_eq!(list(&world.app, world.app.now()).await.unwrap()[0].id, "mine");
});

both!(
    another_algorithm_takes_over_once_its_key_is_known_and_no_session_ends,
    async |world: World| {
        let before = world.sign_up("ada@example.com").await.tokens;
        assert_eq!(settle(&world.app, world.app.now()).await.unwrap(), None);
        world.clock.advance(Duration::from_secs(1));
        let world = world.with(|config| config.tokens.algorithm = Algorithm::Es256).await;
        let app = &world.app;

        let new = settle(app, app.now()).await.unwrap().expect("a key is made");

        assert_eq!((new.algorithm, new.state), (Algorithm::Es256, KeyState::Upcoming));
        assert_eq!(settle(app, app.now()).await.unwrap(), None);
        assert_eq!(world.audit(Action::SigningKeyCreated).await.len(), 1);
        assert_eq!(app.keys().algorithm(), Algorithm::EdDsa);
        for kind in ["Ed25519", "P-256"] {
            assert!(app.keys().jwks().contains(kind), "{kind}");
        }
        assert!(world.try_caller(&before.access).await.is_ok());

        let renew = async |refresh| {
            let renewed = refresh::with_token(app, &by(app), refresh, Audience::App).await;
            renewed.unwrap().tokens
        };
        world.clock.advance(Duration::from_mins(14));
        let between = renew(&before.refresh).await;
        world.clock.advance(Duration::from_mins(2));
        reload(app, app.now()).await.unwrap();
        assert_eq!(app.keys().algorithm(), Algorithm::Es256);
        let after = renew(&between.refresh).await;
        for access in [&between.access, &after.access] {
            assert!(world.try_caller(access).await.is_ok());
        }

        // What signed before is refused once its last token has expired, and a rotation keeps the algorithm.
        world.clock.advance(Duration::from_mins(12));
        reload(app, app.now()).await.unwrap();
        assert!(!app.keys().jwks().contains("Ed25519"));
        let next = rotate(app, &operator(app), true).await.unwrap();
        assert_eq!((next.algorithm, next.state), (Algorithm::Es256, KeyState::Active));
        renew(&after.refresh).await;
    }
);

both!(
    servers_that_start_together_make_one_key_of_another_algorithm,
    async |world: World| {
        let world = world.with(|config| config.tokens.algorithm = Algorithm::Es256).await;
        let mut instances = Vec::new();
        for _ in 0..4 {
            instances.push(world.another_instance().await);
        }

        let starts = instances
            .into_iter()
            .map(|app| tokio::spawn(async move { settle(&app, app.now()).await.map(|made| made.is_some()) }));
        let mut made = 0;
        for start in starts.collect::<Vec<_>>() {
            made += usize::from(start.await.unwrap().unwrap());
        }

        assert_eq!(made, 1);
        assert_eq!(list(&world.app, world.app.now()).await.unwrap().len(), 2);
    }
);

both!(
    the_first_key_of_a_database_is_of_the_algorithm_of_the_settings,
    async |world: World| {
        let world = world.fresh(|config| config.tokens.algorithm = Algorithm::Es256).await;

        assert_eq!(world.app.keys().algorithm(), Algorithm::Es256);
        let tokens = world.sign_up("ada@example.com").await.tokens;
        assert!(world.try_caller(&tokens.access).await.is_ok());
    }
);

both!(
    a_rotation_keeps_the_algorithm_whatever_the_settings_of_the_caller,
    async |world: World| {
        let world = world.fresh(|config| config.tokens.algorithm = Algorithm::Es256).await;
        world.clock.advance(Duration::from_secs(1));
        let world = world.with(|config| config.tokens.algorithm = Algorithm::EdDsa).await;

        let next = rotate(&world.app, &operator(&world.app), false).await.unwrap();

        assert_eq!(next.algorithm, Algorithm::Es256);
    }
);

both!(
    while_the_algorithm_changes_no_token_is_signed_that_ends_early,
    async |world: World| {
        let tokens = world.sign_up("ada@example.com").await.tokens;
        let untold = world.another_instance().await;
        // The clock is behind when the change is made, and is put right soon.
        world.clock.set_back(Duration::from_hours(24));
        let world = world.with(|config| config.tokens.algorithm = Algorithm::Es256).await;
        settle(&world.app, world.app.now())
            .await
            .unwrap()
            .expect("a key is made");
        world.clock.advance(Duration::from_hours(24));
        let mut token = tokens.refresh;

        for _ in 0..8 {
            for app in [&untold, &world.app] {
                reload(app, app.now()).await.unwrap();
            }
            let issued = refresh::with_token(&untold, &by(&untold), &token, Audience::App).await;
            let issued = issued.unwrap().tokens;
            world.clock.advance(Duration::from_mins(9));
            for app in [&untold, &world.app] {
                reload(app, app.now()).await.unwrap();
                let caller = access::caller(app, &by(app), Audience::App, issued.access.expose()).await;
                assert!(caller.is_ok(), "a token is refused before its time is over");
            }
            token = issued.refresh;
        }
        assert_eq!(untold.keys().algorithm(), Algorithm::Es256);
    }
);
