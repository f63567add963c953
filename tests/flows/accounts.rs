//! What operators do.

use authara::domain::audit::{Action, Actor};
use authara::domain::{PlatformRole, Refusal, Secret, User};
use authara::flows::accounts;
use authara::flows::accounts::directory::{self, Wanted};

use super::refusal;
use crate::kit::world::{PASSWORD, World, both, operator};

both!(an_operator_opens_an_account_with_roles, async |world: World| {
    let user = accounts::add(
        &world.app,
        &operator(&world.app),
        "ada@example.com",
        Secret::new(PASSWORD),
        &[PlatformRole::Admin],
    )
    .await
    .unwrap();

    let view = directory::show(&world.app, user.id, world.app.now()).await.unwrap();
    assert_eq!(view.roles, [PlatformRole::Admin]);
    assert!(view.has_password && view.sessions.is_empty());
    assert_eq!(world.audit(Action::UserCreated).await[0].actor, Actor::Operator);
    assert!(world.try_sign_in("ada@example.com", PASSWORD).await.is_ok());
    let again = accounts::add(
        &world.app,
        &operator(&world.app),
        "ADA@example.com",
        Secret::new(PASSWORD),
        &[],
    )
    .await;
    assert_eq!(refusal(again), Refusal::EmailTaken);
});

both!(a_user_is_found_by_address_or_id, async |world: World| {
    let user = world.sign_up("ada@example.com").await.user;

    assert_eq!(directory::find(&world.app, "Ada@Example.com").await.unwrap(), user);
    assert_eq!(directory::find(&world.app, &user.id.to_string()).await.unwrap(), user);
    for text in [
        "bob@example.com",
        "nonsense",
        "",
        "0190b5a0-0000-7000-8000-000000000001",
    ] {
        assert_eq!(refusal(directory::find(&world.app, text).await), Refusal::NotFound);
    }
});

both!(
    disabling_ends_every_session_and_keeps_the_person_out_until_enabled,
    async |world: World| {
        let signed_in = world.sign_up("ada@example.com").await;
        world.sign_in("ada@example.com").await;

        assert_eq!(
            accounts::disable(&world.app, &operator(&world.app), signed_in.user.id)
                .await
                .unwrap(),
            2
        );

        let access = world.try_caller(&signed_in.tokens.access).await;
        assert_eq!(refusal(access), Refusal::SignInRequired);
        assert_eq!(
            refusal(world.try_sign_in("ada@example.com", PASSWORD).await),
            Refusal::CredentialsWrong
        );
        assert!(
            accounts::enable(&world.app, &operator(&world.app), signed_in.user.id)
                .await
                .unwrap()
        );
        assert!(
            !accounts::enable(&world.app, &operator(&world.app), signed_in.user.id)
                .await
                .unwrap()
        );
        assert!(world.try_sign_in("ada@example.com", PASSWORD).await.is_ok());
    }
);

both!(the_last_admin_cannot_be_lost, async |world: World| {
    let add = async |email| {
        accounts::add(
            &world.app,
            &operator(&world.app),
            email,
            Secret::new(PASSWORD),
            &[PlatformRole::Admin],
        )
        .await
        .unwrap()
        .id
    };
    let ada = add("ada@example.com").await;

    assert_eq!(
        refusal(accounts::disable(&world.app, &operator(&world.app), ada).await),
        Refusal::LastAdmin
    );
    assert_eq!(
        refusal(accounts::revoke(&world.app, &operator(&world.app), ada, PlatformRole::Admin).await),
        Refusal::LastAdmin
    );
    let bob = add("bob@example.com").await;
    accounts::disable(&world.app, &operator(&world.app), bob).await.unwrap();
    assert_eq!(
        refusal(accounts::disable(&world.app, &operator(&world.app), ada).await),
        Refusal::LastAdmin
    );
    accounts::enable(&world.app, &operator(&world.app), bob).await.unwrap();

    assert!(
        accounts::revoke(&world.app, &operator(&world.app), ada, PlatformRole::Admin)
            .await
            .unwrap()
    );
    assert_eq!(
        refusal(accounts::revoke(&world.app, &operator(&world.app), bob, PlatformRole::Admin).await),
        Refusal::LastAdmin
    );
});

both!(two_admins_cannot_disable_each_other_at_once, async |world: World| {
    for round in 0..5 {
        let world = world.fresh(|_| {}).await;
        let mut admins = Vec::new();
        for name in ["ada", "bob"] {
            let email = format!("{name}{round}@example.com");
            let user = accounts::add(
                &world.app,
                &operator(&world.app),
                &email,
                Secret::new(PASSWORD),
                &[PlatformRole::Admin],
            )
            .await
            .unwrap();
            admins.push(user.id);
        }

        let by = operator(&world.app);
        let (first, second) = tokio::join!(
            accounts::disable(&world.app, &by, admins[0]),
            accounts::revoke(&world.app, &by, admins[1], PlatformRole::Admin)
        );

        assert!(first.is_ok() != second.is_ok(), "one goes, one stays");
    }
});

both!(
    r047_taking_a_role_ends_the_sessions_that_had_it,
    async |world: World| {
        let signed_in = world.sign_up("ada@example.com").await;
        accounts::grant(
            &world.app,
            &operator(&world.app),
            signed_in.user.id,
            PlatformRole::Operator,
        )
        .await
        .unwrap();

        assert!(
            !accounts::grant(
                &world.app,
                &operator(&world.app),
                signed_in.user.id,
                PlatformRole::Operator
            )
            .await
            .unwrap()
        );
        assert!(
            accounts::revoke(
                &world.app,
                &operator(&world.app),
                signed_in.user.id,
                PlatformRole::Operator
            )
            .await
            .unwrap()
        );
        assert!(
            !accounts::revoke(
                &world.app,
                &operator(&world.app),
                signed_in.user.id,
                PlatformRole::Operator
            )
            .await
            .unwrap()
        );

        let access = world.try_caller(&signed_in.tokens.access).await;
        assert_eq!(refusal(access), Refusal::SignInRequired);
    }
);

both!(
    a_password_set_by_an_operator_ends_every_session,
    async |world: World| {
        let signed_in = world.sign_up("ada@example.com").await;

        let ended = accounts::set_password(
            &world.app,
            &operator(&world.app),
            signed_in.user.id,
            Secret::new("another password"),
        )
        .await
        .unwrap();

        assert_eq!(ended, 1);
        assert_eq!(
            refusal(world.try_sign_in("ada@example.com", PASSWORD).await),
            Refusal::CredentialsWrong
        );
        assert!(world.try_sign_in("ada@example.com", "another password").await.is_ok());
    }
);

both!(r049_sessions_are_ended_one_by_one_or_all, async |world: World| {
    let first = world.sign_up("ada@example.com").await;
    let bob = world.sign_up("bob@example.com").await;
    world.sign_in("ada@example.com").await;
    world.sign_in("ada@example.com").await;
    let end = async |session| accounts::end_sessions(&world.app, &operator(&world.app), first.user.id, session).await;

    assert_eq!(refusal(end(Some(bob.tokens.session)).await), Refusal::NotFound);
    assert_eq!(end(Some(first.tokens.session)).await.unwrap(), 1);
    assert_eq!(end(None).await.unwrap(), 2);
    assert_eq!(end(None).await.unwrap(), 0);
});

both!(users_are_listed_and_searched_page_by_page, async |world: World| {
    for name in ["ada", "bob", "b_b", "cyd"] {
        world.sign_up(&format!("{name}@example.com")).await;
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    let page = async |wanted: &Wanted<'_>, after: Option<&User>| {
        let listed = directory::list(&world.app, wanted, after, 2).await.unwrap();
        listed.into_iter().map(|(user, _)| user).collect::<Vec<_>>()
    };
    let pages = async |wanted: Wanted<'_>| {
        let (mut names, mut last) = (Vec::new(), None);
        loop {
            let users = page(&wanted, last.as_ref()).await;
            names.extend(users.iter().map(|user| user.email.local_part().to_owned()));
            last = users.last().cloned();
            if last.is_none() {
                return names;
            }
        }
    };

    for name in ["ada", "bob", "cyd"] {
        let user = directory::find(&world.app, &format!("{name}@example.com"))
            .await
            .unwrap();
        let by = operator(&world.app);
        accounts::grant(&world.app, &by, user.id, PlatformRole::Admin)
            .await
            .unwrap();
    }

    assert_eq!(pages(Wanted::All).await, ["ada", "bob", "b_b", "cyd"]);
    assert_eq!(pages(Wanted::With(PlatformRole::Admin)).await, ["ada", "bob", "cyd"]);
    assert_eq!(pages(Wanted::With(PlatformRole::Operator)).await, [""; 0]);
    assert_eq!(pages(Wanted::Found("B")).await, ["b_b", "bob"]);
    assert_eq!(pages(Wanted::Found("@EXAMPLE.com")).await, ["ada", "b_b", "bob", "cyd"]);
    for nobody in ["%", "example.com", "@com", "a\0", "ada@example.com "] {
        let found = pages(Wanted::Found(nobody)).await;
        assert_eq!(found.len(), usize::from(nobody.starts_with("ada")), "{nobody:?}");
    }
});

both!(
    a_username_is_found_after_the_addresses_and_nobody_twice,
    async |world: World| {
        // Usernames are made from addresses: `ada-l-…`, `ada-lo-…`.
        for name in ["ada.l", "ada-lo", "ada", "bob"] {
            world.sign_up(&format!("{name}@example.com")).await;
        }
        let mut names = Vec::new();
        let mut last: Option<User> = None;
        loop {
            let page = directory::list(&world.app, &Wanted::Found("ada-l"), last.as_ref(), 1)
                .await
                .unwrap();
            let Some((user, _)) = page.into_iter().next() else {
                break;
            };
            names.push(user.email.local_part().to_owned());
            last = Some(user);
        }

        assert_eq!(names, ["ada-lo", "ada.l"]);
        let all = directory::list(&world.app, &Wanted::Found("ada-l"), None, 9)
            .await
            .unwrap();
        assert_eq!(all.len(), 2);
    }
);
