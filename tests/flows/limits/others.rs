//! Limits of sign-ups, refreshes and sessions, and what is noted of sign-ins.

use super::*;

async fn sign_up(app: &App, client: &Client, email: &str) -> std::result::Result<(), Refusal> {
    let input = Application {
        email: email.to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: None,
    };
    refusal(direct(app, &By::nobody(client, app.now()), input, Audience::App).await)
}

both!(looking_for_taken_addresses_is_limited, async |world: World| {
    let change = |config: &mut Config| {
        let three = |window| Budget { limit: 3, window };
        config.limits.set(Limit::SignUpAddress, three(Duration::from_hours(1)));
        config.limits.set(Limit::SignUpAccount, three(Duration::from_hours(24)));
    };
    let world = world.with(change).await;
    let app = &world.app;
    world.sign_up("ada@example.com").await;
    for number in 0..6 {
        let email = format!("person{number}@example.com");
        assert_eq!(sign_up(app, &client(), &email).await, Ok(()));
    }

    for number in 0..3 {
        let email = format!("person{number}@example.com");
        assert_eq!(sign_up(app, &client(), &email).await, Err(Refusal::EmailTaken));
    }
    assert_eq!(sign_up(app, &client(), "new@example.com").await, wait(3600));

    for number in 0..3 {
        let address = from(&format!("198.51.100.{number}"));
        assert_eq!(
            sign_up(app, &address, "Ada@Example.com").await,
            Err(Refusal::EmailTaken)
        );
    }
    assert_eq!(
        sign_up(app, &from("198.51.100.9"), "ada@example.com").await,
        wait(86_400)
    );
});

both!(accounts_opened_from_one_network_are_limited, async |world: World| {
    let change = |config: &mut Config| {
        config.limits.set(
            Limit::NewAccounts,
            Budget {
                limit: 2,
                window: Duration::from_hours(1),
            },
        );
        config
            .limits
            .set(Limit::SignUpAccount, config.limits.of(Limit::NewAccounts).unwrap());
    };
    let world = world.with(change).await;
    let app = &world.app;
    for (email, expected) in [
        ("a@example.com", Ok(())),
        // What is refused opens none.
        ("a@example.com", Err(Refusal::EmailTaken)),
        ("b@example.com", Ok(())),
        ("c@example.com", wait(3600)),
        // To be turned away for others' sake costs the person nothing.
        ("c@example.com", wait(3600)),
        ("c@example.com", wait(3600)),
    ] {
        assert_eq!(sign_up(app, &client(), email).await, expected, "{email}");
    }
    assert_eq!(sign_up(app, &from("198.51.100.9"), "c@example.com").await, Ok(()));
});

both!(
    a_refresh_is_limited_by_session_and_only_if_that_is_wanted,
    async |world: World| {
        let change = |config: &mut Config| {
            config.limits.set(
                Limit::RefreshSession,
                Budget {
                    limit: 3,
                    window: Duration::from_mins(1),
                },
            );
        };
        let world = world.with(change).await;
        let mut ada = world.sign_up("ada@example.com").await.tokens.refresh;
        let bob = world.sign_up("bob@example.com").await.tokens.refresh;
        let refresh = async |token: &Secret| {
            authara::flows::refresh::with_token(&world.app, &by(&world.app), token, Audience::App).await
        };

        for _ in 0..3 {
            ada = refresh(&ada).await.unwrap().tokens.refresh;
        }
        assert_eq!(refusal(refresh(&ada).await), wait(60));
        assert!(refresh(&bob).await.is_ok());

        world.clock.advance(Duration::from_mins(1));
        assert!(refresh(&ada).await.is_ok(), "nothing was lost");
    }
);

both!(r127_every_sign_in_and_refusal_is_noted, async |world: World| {
    let ada = world.sign_up("ada@example.com").await.user;
    let caller = client().in_request("req-1".to_owned());
    for email in ["ada@example.com", "nobody@example.com"] {
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(outcome(&world.app, &caller, email, "wrong wrong").await, WRONG);
    }
    world.clock.advance(Duration::from_secs(1));
    let signed_in = sign_in(&world.app, &caller, "ada@example.com", PASSWORD, None)
        .await
        .unwrap();

    let noted = world.audit(Action::SignIn).await;
    let said: Vec<_> = noted
        .iter()
        .map(|line| (line.outcome, line.actor, line.subject, line.detail.as_str()))
        .collect();
    // Newest first; the last one is the sign-up itself.
    let ada = ada.id;
    assert_eq!(
        said,
        [
            (Outcome::Done, Actor::User(ada), Some(ada), "pwd"),
            (Outcome::Refused, Actor::System, None, "no such account"),
            (Outcome::Refused, Actor::System, Some(ada), "wrong password"),
            (Outcome::Done, Actor::User(ada), Some(ada), "pwd"),
        ]
    );
    assert_eq!(noted[0].session, Some(signed_in.tokens.session));
    assert_eq!(noted[1].client, caller);
});

both!(r052_one_account_keeps_only_so_many_sessions, async |world: World| {
    let world = world.with(|config| config.sessions.most_per_user = 3).await;
    let first = world.sign_up("ada@example.com").await;
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(1));
        world.sign_in("ada@example.com").await;
    }

    let mut conn = world.app.store.read().await.unwrap();
    let kept = conn.sessions().of_user(first.user.id, world.app.now()).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|session| session.id != first.tokens.session));

    // A sign-in that waited for its turn, while the other sessions were used.
    let by = by(&world.app);
    let used = kept.iter().map(|session| session.id);
    world.clock.advance(Duration::from_secs(1));
    let later = world.app.now();
    for id in used {
        let touch = async |tx: &mut Tx| {
            let token = TokenHash::new([7; 32]);
            tx.sessions().touch(id, &token, later, &by.client, later).await
        };
        world.app.store.write(touch).await.unwrap();
    }
    let input = Credentials {
        identifier: "ada@example.com".to_owned(),
        password: Secret::new(PASSWORD),
        device: None,
    };
    let last = with_password(&world.app, &by, input, Audience::App).await.unwrap();
    assert!(world.try_caller(&last.tokens.access).await.is_ok());
});
