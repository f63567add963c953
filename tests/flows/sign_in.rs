//! Signing in and out.

use authara::crypto::password::{Hasher, PoolSize, Share};
use authara::crypto::phc::Cost;
use authara::domain::password::Password;
use authara::domain::{Audience, PlatformRole, Refusal, Secret};
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::{accounts, refresh, sign_out};
use std::time::Duration;

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by, operator};

fn credentials(email: &str, password: &str) -> Credentials {
    Credentials {
        identifier: email.to_owned(),
        password: Secret::new(password),
        device: None,
    }
}

both!(
    an_address_in_any_spelling_and_the_password_as_typed_sign_in,
    async |world: World| {
        world.sign_up("ada@example.com").await;

        let signed_in = with_password(
            &world.app,
            &by(&world.app),
            credentials(" ADA@Example.com ", PASSWORD),
            Audience::App,
        )
        .await
        .unwrap();

        assert_eq!(signed_in.user.email.as_str(), "ada@example.com");
        let caller = world.try_caller(&signed_in.tokens.access).await.unwrap();
        assert_eq!(caller.user.id, signed_in.user.id);
    }
);

both!(every_cause_of_a_refused_sign_in_has_one_answer, async |world: World| {
    world.sign_up("ada@example.com").await;
    let disabled = world.sign_up("bob@example.com").await;
    accounts::disable(&world.app, &operator(&world.app), disabled.user.id)
        .await
        .unwrap();

    for (email, password) in [
        ("nobody@example.com", PASSWORD),
        ("ada@example.com", "another password"),
        ("ada@example.com", &format!("{PASSWORD} ")),
        ("ada@example.com", ""),
        ("ada@example.com", "nul\0nul\0nul"),
        ("bob@example.com", PASSWORD),
        ("not an address", PASSWORD),
    ] {
        let refused = with_password(&world.app, &by(&world.app), credentials(email, password), Audience::App).await;
        assert_eq!(refusal(refused), Refusal::CredentialsWrong, "{email} {password:?}");
    }
});

both!(the_admin_audience_needs_a_role, async |world: World| {
    let user = world.sign_up("ada@example.com").await.user;
    let as_admin = async || {
        with_password(
            &world.app,
            &by(&world.app),
            credentials("ada@example.com", PASSWORD),
            Audience::Admin,
        )
        .await
    };

    assert_eq!(refusal(as_admin().await), Refusal::AudienceRefused);
    accounts::grant(&world.app, &operator(&world.app), user.id, PlatformRole::Admin)
        .await
        .unwrap();
    let signed_in = as_admin().await.unwrap();

    assert_eq!(signed_in.roles, [PlatformRole::Admin]);
});

both!(a_weak_stored_hash_is_replaced_at_sign_in, async |world: World| {
    let user = world.sign_up("ada@example.com").await.user;
    let size = PoolSize {
        threads: 1,
        queue: 1,
        patience: Duration::from_secs(30),
    };
    let weak = Hasher::start(Cost { log_n: 4, r: 8, p: 1 }, size);
    let weak = weak
        .hash(
            Share::of([0, 0, 0, 0].into()),
            Password::typed(&Secret::new(PASSWORD)).unwrap(),
        )
        .await
        .unwrap();
    let now = world.app.now();
    let stored = async || {
        world
            .app
            .store
            .read()
            .await
            .unwrap()
            .users()
            .password(user.id)
            .await
            .unwrap()
            .unwrap()
    };
    world
        .app
        .store
        .write(async |tx| tx.users().set_password(user.id, &weak, now).await)
        .await
        .unwrap();

    world.sign_in("ada@example.com").await;
    let replaced = stored().await;
    world.sign_in("ada@example.com").await;

    assert_ne!(replaced.hash.expose(), weak);
    assert_eq!(stored().await, replaced);
});

both!(
    either_token_signs_out_and_the_session_is_over_at_once,
    async |world: World| {
        world.sign_up("ada@example.com").await;

        for uses_access in [true, false] {
            let tokens = world.sign_in("ada@example.com").await.tokens;
            let (by_access, by_refresh) = (
                uses_access.then(|| tokens.access.expose()),
                (!uses_access).then_some(&tokens.refresh),
            );

            sign_out::end(&world.app, &by(&world.app), by_access, by_refresh)
                .await
                .unwrap();
            sign_out::end(&world.app, &by(&world.app), by_access, by_refresh)
                .await
                .unwrap();

            let access = world.try_caller(&tokens.access).await;
            assert_eq!(refusal(access), Refusal::SignInRequired);
            let refreshed = refresh::with_token(&world.app, &by(&world.app), &tokens.refresh, Audience::App).await;
            assert_eq!(refusal(refreshed), Refusal::SessionEnded);
        }
    }
);

both!(signing_out_without_a_session_is_no_error, async |world: World| {
    let foreign = Secret::new("A".repeat(43));

    sign_out::end(&world.app, &by(&world.app), None, None).await.unwrap();
    sign_out::end(&world.app, &by(&world.app), Some("nonsense"), Some(&foreign))
        .await
        .unwrap();
});

both!(
    an_access_token_is_refused_after_its_ten_minutes,
    async |world: World| {
        let tokens = world.sign_up("ada@example.com").await.tokens;

        world.clock.advance(Duration::from_mins(10) + Duration::from_secs(31));

        let refused = world.try_caller(&tokens.access).await;
        assert_eq!(refusal(refused), Refusal::SignInRequired);
    }
);
