//! "Confirm it is you".

use std::time::Duration;

use authara::domain::audit::{Action, Outcome};
use authara::domain::limit::{Budget, Limit};
use authara::domain::{Audience, Caller, Refusal, Secret};
use authara::flows::password::{Change, change};
use authara::flows::tokens::FreshTokens;
use authara::flows::{accounts, entry::confirm, refresh};

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by, operator, pair};

/// A caller whose sign-in is longer ago than a change allows, with their tokens.
async fn stale(world: &World) -> (Caller, Secret) {
    let tokens = world.sign_up("ada@example.com").await.tokens;
    world.clock.advance(Duration::from_mins(10) + Duration::from_secs(1));
    let tokens = refresh::with_token(&world.app, &by(&world.app), &tokens.refresh, Audience::App)
        .await
        .unwrap()
        .tokens;
    (world.caller(&tokens.access).await, tokens.refresh)
}

both!(
    a_sign_in_is_recent_for_as_long_as_the_setting_says,
    async |world: World| {
        let world = world
            .with(|config| config.step_up_max_age = Duration::from_mins(3))
            .await;
        let tokens = world.sign_up("ada@example.com").await.tokens;

        world.clock.advance(Duration::from_mins(3));
        let me = world.caller(&tokens.access).await;
        assert!(confirm::recent(&world.app, &me).is_ok());
        world.clock.advance(Duration::from_micros(1));
        let me = world.caller(&tokens.access).await;

        assert_eq!(
            confirm::recent(&world.app, &me).map(drop),
            Err(Refusal::ReauthenticationRequired)
        );
    }
);

both!(
    r031_a_confirmation_makes_the_session_recent_and_exchanges_its_tokens,
    async |world: World| {
        let (me, token) = stale(&world).await;

        let fresh = pair(
            confirm::confirm(&world.app, &me, &Secret::new(PASSWORD), Some(&token), None)
                .await
                .unwrap(),
        );

        assert_ne!(fresh.refresh, token);
        let me_again = world.caller(&fresh.access).await;
        assert_eq!(
            (me_again.session, me_again.authenticated_at),
            (me.session, world.app.now())
        );
        assert!(confirm::recent(&world.app, &me_again).is_ok());
        // Once the successor is used, the token from before is a stolen one.
        let used = refresh::with_token(&world.app, &by(&world.app), &fresh.refresh, Audience::App).await;
        used.unwrap();
        world.clock.advance(Duration::from_mins(2));
        let old = refresh::with_token(&world.app, &by(&world.app), &token, Audience::App).await;
        assert_eq!(refusal(old), Refusal::SessionEnded);
    }
);

both!(
    a_token_from_before_a_confirmation_gains_nothing_by_it,
    async |world: World| {
        let (me, token) = stale(&world).await;
        let before = refresh::with_token(&world.app, &by(&world.app), &token, Audience::App).await;
        let before = before.unwrap().tokens;

        let fresh = confirm::confirm(&world.app, &me, &Secret::new(PASSWORD), None, None)
            .await
            .unwrap();

        let FreshTokens::Access { token: fresh, .. } = fresh.tokens else {
            panic!("no refresh token was shown");
        };
        let confirmed = world.caller(&fresh).await;
        assert!(confirm::recent(&world.app, &confirmed).is_ok());
        let stolen = world.caller(&before.access).await;
        assert_eq!(stolen.session, confirmed.session);
        assert_eq!(
            confirm::recent(&world.app, &stolen).map(drop),
            Err(Refusal::ReauthenticationRequired)
        );
        // The holder of the refresh token goes on as the session does.
        let refreshed = refresh::with_token(&world.app, &by(&world.app), &before.refresh, Audience::App).await;
        let refreshed = world.caller(&refreshed.unwrap().tokens.access).await;
        assert!(confirm::recent(&world.app, &refreshed).is_ok());
    }
);

both!(
    a_copy_of_the_tokens_is_worth_little_once_the_password_has_changed,
    async |world: World| {
        let app = &world.app;
        let here = world.sign_up("ada@example.com").await.tokens;
        let me = world.caller(&here.access).await;
        world.clock.advance(Duration::from_secs(2));
        let input = |new: &str, current: Option<&str>| Change {
            new: Secret::new(new),
            current: current.map(Secret::new),
            refresh: Some(here.refresh.clone()),
        };
        let me_now = world.caller(&here.access).await;
        let fresh = change(app, &me_now, input("a new and better password", Some(PASSWORD))).await;
        let fresh = pair(fresh.unwrap());

        // The thief has both tokens from before, and sits anywhere.
        let stolen = world.caller(&here.access).await;
        assert_eq!(stolen.authenticated_at, me.authenticated_at);
        let set = change(app, &stolen, input("the thief's own password", None)).await;
        assert_eq!(refusal(set), Refusal::ReauthenticationRequired);
        let proof = confirm::recent(app, &stolen).unwrap();
        let ended = authara::flows::sessions::revoke_others(app, &proof).await;
        assert_eq!(refusal(ended), Refusal::ReauthenticationRequired);
        let deleted = authara::flows::account::delete(app, &proof).await;
        assert_eq!(refusal(deleted), Refusal::ReauthenticationRequired);
        for _ in 0..2 {
            let refreshed = refresh::with_token(app, &by(app), &here.refresh, Audience::App).await;
            assert_eq!(
                refusal(refreshed),
                Refusal::TokenReplaced,
                "no successor can be derived"
            );
        }

        let owner = world.caller(&fresh.access).await;
        let mut another = input("and yet another password", None);
        another.refresh = Some(fresh.refresh);
        let fresh = pair(change(app, &owner, another).await.unwrap());
        let mine = refresh::with_token(app, &by(app), &fresh.refresh, Audience::App).await;
        assert!(mine.is_ok());
    }
);

both!(a_wrong_password_confirms_nothing, async |world: World| {
    let (me, token) = stale(&world).await;

    for wrong in ["", "not this one", &format!("{PASSWORD} "), "nul\0nul\0nul"] {
        let refused = confirm::confirm(&world.app, &me, &Secret::new(wrong), Some(&token), None).await;
        assert_eq!(refusal(refused), Refusal::CurrentPasswordWrong, "{wrong:?}");
    }

    let tokens = refresh::with_token(&world.app, &by(&world.app), &token, Audience::App)
        .await
        .unwrap()
        .tokens;
    let me = world.caller(&tokens.access).await;
    assert!(confirm::recent(&world.app, &me).is_err());
});

both!(
    what_a_session_began_is_not_done_once_it_has_ended,
    async |world: World| {
        let tokens = world.sign_up("ada@example.com").await.tokens;
        let me = world.caller(&tokens.access).await;
        accounts::end_sessions(&world.app, &operator(&world.app), me.user.id, None)
            .await
            .unwrap();

        // As if both had waited for their turn to be hashed.
        let input = Change {
            new: Secret::new("the thief's own password"),
            current: Some(Secret::new(PASSWORD)),
            refresh: Some(tokens.refresh.clone()),
        };
        let changed = change(&world.app, &me, input).await;
        let confirmed = confirm::confirm(&world.app, &me, &Secret::new(PASSWORD), Some(&tokens.refresh), None).await;

        assert_eq!(refusal(changed), Refusal::SignInRequired);
        assert_eq!(refusal(confirmed), Refusal::SignInRequired);
        assert!(world.try_sign_in("ada@example.com", PASSWORD).await.is_ok());
    }
);

both!(of_two_password_changes_at_once_one_counts, async |world: World| {
    for round in 0..5 {
        let email = format!("ada{round}@example.com");
        let here = world.sign_up(&email).await.tokens;
        let there = world.sign_in(&email).await.tokens;
        let (here, there) = (world.caller(&here.access).await, world.caller(&there.access).await);
        let input = |new: &str| Change {
            new: Secret::new(new),
            current: Some(Secret::new(PASSWORD)),
            refresh: None,
        };

        let (first, second) = tokio::join!(
            change(&world.app, &here, input("the password from here")),
            change(&world.app, &there, input("the password from there"))
        );

        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        let password = if first.is_ok() {
            "the password from here"
        } else {
            "the password from there"
        };
        assert!(world.try_sign_in(&email, password).await.is_ok());
    }
});

both!(
    r090_wrong_passwords_of_somebody_signed_in_count_together_at_every_door,
    async |world: World| {
        let budget = Budget {
            limit: 3,
            window: Duration::from_hours(1),
        };
        let world = world
            .with(|config| config.limits.set(Limit::PasswordSession, budget))
            .await;
        let (me, _) = stale(&world).await;
        let confirm = async |text: &str| {
            let confirmed = confirm::confirm(&world.app, &me, &Secret::new(text), None, None).await;
            confirmed.map(drop)
        };
        let by_change = async |text: &str| {
            let input = Change {
                new: Secret::new("a new and better password"),
                current: Some(Secret::new(text)),
                refresh: None,
            };
            change(&world.app, &me, input).await.map(drop)
        };

        confirm(PASSWORD).await.unwrap();
        for wrong in [confirm("one").await, by_change("two").await, confirm("three").await] {
            assert_eq!(refusal(wrong), Refusal::CurrentPasswordWrong);
        }
        let wait = Refusal::TooMany { retry_after: 3600 };
        assert_eq!(refusal(confirm(PASSWORD).await), wait);
        assert_eq!(refusal(by_change(PASSWORD).await), wait);
        // It is no way to keep the owner from signing in, nor from proving it there.
        let anew = world.try_sign_in("ada@example.com", PASSWORD).await.unwrap().tokens;
        let anew = world.caller(&anew.access).await;
        let confirmed = confirm::confirm(&world.app, &anew, &Secret::new(PASSWORD), None, None).await;
        assert!(confirmed.is_ok());
        world.clock.advance(Duration::from_hours(1));
        confirm(PASSWORD).await.unwrap();

        let outcomes: Vec<_> = world.audit(Action::Reauthentication).await;
        let count = |wanted| outcomes.iter().filter(|line| line.outcome == wanted).count();
        assert_eq!((count(Outcome::Done), count(Outcome::Refused)), (3, 3));
    }
);
