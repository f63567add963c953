//! Rotation, parallel use, lost answers and theft.

use std::sync::Arc;
use std::time::Duration;

use authara::app::App;
use authara::crypto::token;
use authara::domain::audit::Action;
use authara::domain::limit::{Budget, Limit};
use authara::domain::session::Rotation;
use authara::domain::{Audience, By, Client, PlatformRole, Refusal, Secret};
use authara::flows::tokens::SignedIn;
use authara::flows::{Result, access, accounts, refresh, sessions};

use super::refusal;
use crate::kit::world::{World, both, by, client, operator};

async fn refreshed(world: &World, token: &Secret, from: &Client) -> Result<SignedIn> {
    refresh::with_token(&world.app, &By::nobody(from, world.app.now()), token, Audience::App).await
}

both!(r032_a_refresh_token_is_exchanged_at_every_use, async |world: World| {
    let first = world.sign_up("ada@example.com").await.tokens;

    let second = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;
    let third = refreshed(&world, &second.refresh, &client()).await.unwrap().tokens;

    assert_ne!(first.refresh, second.refresh);
    assert_ne!(second.refresh, third.refresh);
    assert_ne!(first.access, third.access);
    assert!(world.try_caller(&third.access).await.is_ok());
});

both!(
    r034_fifty_parallel_refreshes_leave_one_live_chain_and_log_nobody_out,
    async |world: World| {
        let first = world.sign_up("ada@example.com").await.tokens;
        let other_instance = world.another_instance().await;

        let given = in_parallel(50, &[world.app.clone(), other_instance], &first.refresh).await;

        for tokens in &given {
            assert_eq!(tokens.tokens.refresh, given[0].tokens.refresh);
        }
        let next = refreshed(&world, &given[0].tokens.refresh, &client())
            .await
            .unwrap()
            .tokens;
        assert!(refreshed(&world, &next.refresh, &client()).await.is_ok());
        assert!(world.audit(Action::RefreshTokenReused).await.is_empty());
    }
);

async fn in_parallel(count: usize, instances: &[Arc<App>], token: &Secret) -> Vec<SignedIn> {
    let tasks: Vec<_> = (0..count)
        .map(|n| {
            let (app, token) = (instances[n % instances.len()].clone(), token.clone());
            tokio::spawn(async move { refresh::with_token(&app, &by(&app), &token, Audience::App).await })
        })
        .collect();
    let mut given = Vec::new();
    for task in tasks {
        given.push(task.await.unwrap().expect("nobody is logged out"));
    }
    given
}

both!(
    another_tab_gets_the_head_of_the_chain_for_ten_seconds,
    async |world: World| {
        let first = world.sign_up("ada@example.com").await.tokens;
        let second = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;
        let third = refreshed(&world, &second.refresh, &client()).await.unwrap().tokens;

        world.clock.advance(Duration::from_secs(9));
        let late_tab = refreshed(&world, &first.refresh, &stranger()).await.unwrap().tokens;

        assert_eq!(late_tab.refresh, third.refresh);
    }
);

both!(a_lost_answer_is_given_again_to_the_same_client, async |world: World| {
    let first = world.sign_up("ada@example.com").await.tokens;
    let lost = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;

    world.clock.advance(Duration::from_hours(24));
    let again = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;

    assert_eq!(again.refresh, lost.refresh);
    assert!(refreshed(&world, &again.refresh, &client()).await.is_ok());
});

both!(
    a_lost_answer_is_given_to_anybody_for_a_minute_only,
    async |world: World| {
        let first = world.sign_up("ada@example.com").await.tokens;
        let lost = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;

        world.clock.advance(Duration::from_secs(59));
        let within = refreshed(&world, &first.refresh, &stranger()).await.unwrap().tokens;
        world.clock.advance(Duration::from_secs(1));
        let after = refreshed(&world, &first.refresh, &stranger()).await;

        assert_eq!(within.refresh, lost.refresh);
        assert_eq!(refusal(after), Refusal::SessionEnded);
    }
);

both!(
    r033_a_consumed_token_shown_again_ends_the_session_for_good,
    async |world: World| {
        let first = world.sign_up("ada@example.com").await.tokens;
        let second = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;
        let third = refreshed(&world, &second.refresh, &client()).await.unwrap().tokens;

        world.clock.advance(Duration::from_secs(10));
        let theft = refreshed(&world, &first.refresh, &client()).await;

        assert_eq!(refusal(theft), Refusal::SessionEnded);
        let restarted = world.another_instance().await;
        for app in [&world.app, &restarted] {
            let newest = refresh::with_token(app, &by(app), &third.refresh, Audience::App).await;
            assert_eq!(refusal(newest), Refusal::SessionEnded);
            let access = access::caller(app, &by(app), Audience::App, third.access.expose()).await;
            assert_eq!(refusal(access), Refusal::SignInRequired);
        }
        let lines = world.audit(Action::RefreshTokenReused).await;
        assert_eq!(lines.len(), 1);
        assert_eq!(lines[0].session, Some(first.session));
    }
);

both!(r032_only_the_session_of_the_stolen_token_ends, async |world: World| {
    let stolen = world.sign_up("ada@example.com").await.tokens;
    let other = world.sign_in("ada@example.com").await.tokens;
    let second = refreshed(&world, &stolen.refresh, &client()).await.unwrap().tokens;
    refreshed(&world, &second.refresh, &client()).await.unwrap();

    world.clock.advance(Duration::from_secs(10));
    refusal(refreshed(&world, &stolen.refresh, &stranger()).await);

    assert!(refreshed(&world, &other.refresh, &client()).await.is_ok());
});

both!(a_token_nobody_was_given_is_refused, async |world: World| {
    world.sign_up("ada@example.com").await;

    for text in ["", "x", &"A".repeat(43), &"A".repeat(5000), "äöü"] {
        let refused = refreshed(&world, &Secret::new(text), &client()).await;
        assert_eq!(refusal(refused), Refusal::SessionEnded, "{text:?}");
    }
});

both!(r036_a_session_ends_when_it_is_idle, async |world: World| {
    let tokens = world.sign_up("ada@example.com").await.tokens;

    world.clock.advance(Duration::from_hours(14 * 24));

    assert_eq!(
        refusal(refreshed(&world, &tokens.refresh, &client()).await),
        Refusal::SessionEnded
    );
});

both!(
    r035_a_session_ends_after_sixty_days_however_often_it_is_refreshed,
    async |world: World| {
        let mut tokens = world.sign_up("ada@example.com").await.tokens;

        for _ in 0..5 {
            world.clock.advance(Duration::from_hours(10 * 24));
            tokens = refreshed(&world, &tokens.refresh, &client()).await.unwrap().tokens;
        }
        world.clock.advance(Duration::from_hours(9 * 24));
        tokens = refreshed(&world, &tokens.refresh, &client()).await.unwrap().tokens;
        assert_eq!(tokens.refresh_ttl, Duration::from_hours(24));
        world.clock.advance(Duration::from_hours(24));

        assert_eq!(
            refusal(refreshed(&world, &tokens.refresh, &client()).await),
            Refusal::SessionEnded
        );
    }
);

both!(a_token_that_is_not_due_is_handed_back, async |world: World| {
    let world = world
        .with(|config| config.sessions.rotation = Rotation::After(Duration::from_hours(24)))
        .await;
    let first = world.sign_up("ada@example.com").await.tokens;

    world.clock.advance(Duration::from_hours(23));
    let kept = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;
    world.clock.advance(Duration::from_hours(1));
    let exchanged = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;

    assert_eq!(kept.refresh, first.refresh);
    assert_ne!(kept.access, first.access);
    assert_ne!(exchanged.refresh, first.refresh);
});

both!(
    a_use_from_elsewhere_is_seen_at_once_however_tokens_are_exchanged,
    async |mut world: World| {
        for (number, rotation) in [Rotation::Always, Rotation::Never].into_iter().enumerate() {
            world = world.with(|config| config.sessions.rotation = rotation).await;
            let tokens = world.sign_up(&format!("person{number}@example.com")).await.tokens;
            let elsewhere = Client::new([198, 51, 100, 7].into(), "another browser");

            world.clock.advance(Duration::from_secs(1));
            let tokens = refreshed(&world, &tokens.refresh, &elsewhere).await.unwrap().tokens;

            let me = world.caller(&tokens.access).await;
            let listed = sessions::list(&world.app, &me).await.unwrap();
            assert_eq!(listed[0].client, elsewhere, "{rotation:?}");
        }
    }
);

both!(
    the_idle_end_counts_from_the_last_use_however_tokens_are_exchanged,
    async |mut world: World| {
        const DAY: Duration = Duration::from_hours(24);

        for (number, rotation) in [
            Rotation::Always,
            Rotation::After(Duration::from_hours(1)),
            Rotation::After(20 * DAY),
            Rotation::Never,
        ]
        .into_iter()
        .enumerate()
        {
            world = world.with(|config| config.sessions.rotation = rotation).await;
            let mut tokens = world.sign_up(&format!("person{number}@example.com")).await.tokens;

            for _ in 0..3 {
                world.clock.advance(13 * DAY);
                tokens = refreshed(&world, &tokens.refresh, &client()).await.unwrap().tokens;
                assert_eq!(
                    tokens.refresh_ttl,
                    14 * DAY,
                    "{rotation:?}: the browser keeps it as long"
                );
            }
            world.clock.advance(Duration::from_hours(14 * 24 - 1));
            tokens = refreshed(&world, &tokens.refresh, &client()).await.unwrap().tokens;
            assert!(tokens.refresh_ttl < 8 * DAY, "{rotation:?}: the session ends before");
            world.clock.advance(8 * DAY);
            let over = refreshed(&world, &tokens.refresh, &client()).await;
            assert_eq!(refusal(over), Refusal::SessionEnded, "{rotation:?}: the session's end");

            let tokens = world.sign_in(&format!("person{number}@example.com")).await.tokens;
            world.clock.advance(13 * DAY);
            let tokens = refreshed(&world, &tokens.refresh, &client()).await.unwrap().tokens;
            world.clock.advance(14 * DAY);
            let idle = refreshed(&world, &tokens.refresh, &client()).await;
            assert_eq!(refusal(idle), Refusal::SessionEnded, "{rotation:?}: idle");
        }
    }
);

both!(an_answer_given_again_is_a_use_too, async |world: World| {
    const DAY: Duration = Duration::from_hours(24);
    let first = world.sign_up("ada@example.com").await.tokens;
    refreshed(&world, &first.refresh, &client()).await.unwrap();

    world.clock.advance(13 * DAY);
    let again = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;
    world.clock.advance(2 * DAY);

    assert!(refreshed(&world, &again.refresh, &client()).await.is_ok());
});

both!(a_disabled_account_cannot_refresh, async |world: World| {
    let signed_in = world.sign_up("ada@example.com").await;
    accounts::disable(&world.app, &operator(&world.app), signed_in.user.id)
        .await
        .unwrap();
    accounts::enable(&world.app, &operator(&world.app), signed_in.user.id)
        .await
        .unwrap();

    let refused = refreshed(&world, &signed_in.tokens.refresh, &client()).await;

    assert_eq!(refusal(refused), Refusal::SessionEnded);
});

both!(a_refused_audience_does_not_end_the_session, async |world: World| {
    let signed_in = world.sign_up("ada@example.com").await;
    let as_admin =
        async |token: &Secret| refresh::with_token(&world.app, &by(&world.app), token, Audience::Admin).await;

    let refused = as_admin(&signed_in.tokens.refresh).await;
    assert_eq!(refusal(refused), Refusal::SignInRequired);
    accounts::grant(
        &world.app,
        &operator(&world.app),
        signed_in.user.id,
        PlatformRole::Admin,
    )
    .await
    .unwrap();
    let granted = as_admin(&signed_in.tokens.refresh).await.unwrap();

    assert_eq!(granted.roles, [PlatformRole::Admin]);
    for audience in [Audience::App, Audience::Admin] {
        assert!(
            access::caller(&world.app, &by(&world.app), audience, granted.tokens.access.expose())
                .await
                .is_ok()
        );
    }
});

both!(
    a_refusal_by_the_limit_of_a_session_spends_no_token,
    async |world: World| {
        let one = Budget {
            limit: 1,
            window: Duration::from_mins(1),
        };
        let world = world.with(|config| config.limits.set(Limit::RefreshSession, one)).await;
        let first = world.sign_up("ada@example.com").await.tokens;
        let second = refreshed(&world, &first.refresh, &client()).await.unwrap().tokens;

        let refused = refreshed(&world, &second.refresh, &client()).await;

        assert!(matches!(refusal(refused), Refusal::TooMany { .. }));
        let hash = token::hash(&second.refresh).unwrap();
        let mut conn = world.app.store.read().await.unwrap();
        let found = conn.sessions().by_token(&hash).await.unwrap().unwrap();
        assert_eq!(found.token.consumed, None, "its client got no successor");
    }
);

fn stranger() -> Client {
    Client::new("198.51.100.7".parse().unwrap(), "somebody else")
}
