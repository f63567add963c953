//! People, passwords, the list of users.

use std::time::Duration;

use authara::domain::organization::{OrganizationKind, OrganizationRole};
use authara::domain::password::StoredPassword;
use authara::domain::time::LEEWAY;
use authara::domain::{Email, PlatformRole, Secret, Timestamp, User, Username};
use authara::storage::{Error, Result, Store, Tx};

use super::{HOUR, NOW, add_user, count, organization, session, session_id, token, user, user_id};
use crate::kit::database::{Database, both};
use crate::kit::dump::dump;

both!(a_user_is_found_as_it_was_added, async |db: &Database| {
    let mut ada = user(1);
    ada.email_verified_at = Some(Timestamp::from_micros(1));
    ada.disabled_at = Some(NOW);
    add_user(&db.store, &ada).await;

    let mut conn = db.store.read().await.unwrap();
    assert_eq!(conn.users().by_id(ada.id).await.unwrap(), Some(ada.clone()));
    assert_eq!(conn.users().by_email(&ada.email).await.unwrap(), Some(ada.clone()));
    assert_eq!(conn.users().by_id(user_id(9)).await.unwrap(), None);
    assert_eq!(conn.users().by_email(&user(9).email).await.unwrap(), None);
});

both!(
    an_address_and_a_username_in_any_case_belong_to_one_user,
    async |db: &Database| {
        let ada = user(1);
        add_user(&db.store, &ada).await;
        let mut same_address = user(2);
        same_address.email = ada.email.clone();
        let mut same_name = user(3);
        same_name.username = Username::parse("uSER-1").unwrap();

        let added = db
            .store
            .write(async |tx| {
                let first = tx.users().add(&same_address).await?;
                let second = tx.users().add(&same_name).await?;
                // A taken name leaves the transaction usable.
                let third = tx.users().add(&user(4)).await?;
                authara::storage::Result::Ok((first, second, third))
            })
            .await
            .unwrap();

        assert_eq!(added, (false, false, true));
        assert_eq!(count(&db.store).await, 2);
    }
);

both!(a_password_is_set_replaced_and_upgraded, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    let mut conn = db.store.read().await.unwrap();
    assert_eq!(
        conn.users().credentials(&ada.email).await.unwrap(),
        Some((ada.clone(), None))
    );
    assert_eq!(conn.users().password(ada.id).await.unwrap(), None);
    drop(conn);

    let (marks, upgraded) = db
        .store
        .write(async |tx| {
            let one = tx.users().set_password(ada.id, "one", NOW + HOUR).await?;
            // The clock has been set back.
            let two = tx.users().set_password(ada.id, "two", NOW).await?;
            let marks = [one, two];
            let stale = tx.users().upgrade_password_hash(ada.id, "one", "three").await?;
            let fresh = tx.users().upgrade_password_hash(ada.id, "two", "three").await?;
            authara::storage::Result::Ok((marks, (stale, fresh)))
        })
        .await
        .unwrap();

    assert_ne!(marks[0], marks[1], "each password has its own mark");
    assert_eq!(upgraded, (false, true));
    let mut conn = db.store.read().await.unwrap();
    // A stronger hash of it is still the same password.
    let stored = StoredPassword {
        hash: Secret::new("three"),
        mark: marks[1],
    };
    assert_eq!(conn.users().password(ada.id).await.unwrap(), Some(stored.clone()));
    let credentials = conn.users().credentials(&ada.email).await.unwrap();
    assert_eq!(credentials, Some((ada, Some(stored))));
    let nobody = Email::parse("nobody@example.com").unwrap();
    assert_eq!(conn.users().credentials(&nobody).await.unwrap(), None);
});

both!(
    a_mark_that_a_wrong_clock_left_far_ahead_is_followed_by_the_present,
    async |db: &Database| {
        let ada = user(1);
        add_user(&db.store, &ada).await;
        let set = async |now| {
            let work = async |tx: &mut authara::storage::Tx| tx.users().set_password(ada.id, "hash", now).await;
            db.store.write(work).await.unwrap().at()
        };

        let ahead = set(NOW + LEEWAY / 2).await;
        assert!(set(NOW).await > ahead, "clocks differ by so much");
        set(NOW + HOUR).await;
        assert_eq!(set(NOW).await, NOW);
    }
);

both!(an_account_is_switched_off_and_on_once, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;

    let changed = db
        .store
        .write(async |tx| {
            let off = tx.users().disable(ada.id, NOW + HOUR).await?;
            let off_again = tx.users().disable(ada.id, NOW).await?;
            let found = tx.users().by_id(ada.id).await?.unwrap();
            let on = tx.users().enable(ada.id).await?;
            let on_again = tx.users().enable(ada.id).await?;
            authara::storage::Result::Ok((off, off_again, found.disabled_at, on, on_again))
        })
        .await
        .unwrap();

    assert_eq!(changed, (true, false, Some(NOW + HOUR), true, false));
});

both!(users_are_paged_in_the_order_they_signed_up, async |db: &Database| {
    for number in 1..=5 {
        add_user(&db.store, &user(number)).await;
    }
    let mut conn = db.store.read().await.unwrap();

    let first = conn.users().page(None, 2).await.unwrap();
    let after = Some((first[1].created_at, first[1].id));
    let second = conn.users().page(after, 10).await.unwrap();

    assert_eq!(first, [user(1), user(2)]);
    assert_eq!(second, [user(3), user(4), user(5)]);
    assert_eq!(conn.users().count().await.unwrap(), 5);
});

both!(
    users_are_found_by_beginning_and_domain_without_wildcards,
    async |db: &Database| {
        let people = [
            ("ada@example.com", "queen"),
            ("adam@example.org", "ada-2"),
            ("b_b@example.com", "ADAM"),
            ("x@mail.example.com", "bab"),
        ];
        for ((email, username), number) in people.into_iter().zip(1..) {
            let mut person = user(number);
            person.email = Email::parse(email).unwrap();
            person.username = Username::parse(username).unwrap();
            add_user(&db.store, &person).await;
        }
        let names = |users: Vec<User>| {
            users
                .iter()
                .map(|user| user.email.local_part().to_owned())
                .collect::<Vec<_>>()
        };
        let mut conn = db.store.read().await.unwrap();

        for (beginning, after, found) in [
            ("ada", "", vec!["ada", "adam"]),
            ("ada", "ada@example.com", vec!["adam"]),
            ("", "b", vec!["b_b", "x"]),
            ("bab", "", vec![]),
            ("%", "", vec![]),
            ("_", "", vec![]),
            ("'", "", vec![]),
        ] {
            let users = conn.users().by_address(beginning, after, 10).await.unwrap();
            assert_eq!(names(users), found, "{beginning:?}");
        }
        for (beginning, after, found) in [
            ("ada", "", vec!["b_b"]),
            ("ada", "adam", vec![]),
            ("b", "", vec!["x"]),
            ("quee", "", vec!["ada"]),
        ] {
            let users = conn.users().by_username_alone(beginning, after, 10).await.unwrap();
            assert_eq!(names(users), found, "{beginning:?}");
        }
        for (domain, after, found) in [
            ("example.com", "", vec!["ada", "b_b"]),
            ("example.com", "ada@example.com", vec!["b_b"]),
            ("mail.example.com", "", vec!["x"]),
            ("com", "", vec![]),
            ("", "", vec![]),
        ] {
            let users = conn.users().by_domain(domain, after, 10).await.unwrap();
            assert_eq!(names(users), found, "{domain:?}");
        }
        assert_eq!(conn.users().by_address("ada", "", 1).await.unwrap().len(), 1);
    }
);

both!(a_row_that_cannot_be_read_names_its_column, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    db.tamper("UPDATE users SET email = 'not an address'").await;

    let error = db.store.read().await.unwrap().users().by_id(ada.id).await.unwrap_err();

    assert_eq!(error.to_string(), "unreadable data in users.email");
});

both!(a_username_leads_to_its_address, async |db: &Database| {
    add_user(&db.store, &user(1)).await;
    let mut conn = db.store.read().await.unwrap();

    let found = conn.users().address_of_username("user-1").await.unwrap();
    let nobody = conn.users().address_of_username("User-1").await.unwrap();

    assert_eq!(found.unwrap().as_str(), "user1@example.com");
    assert!(nobody.is_none(), "in lower case alone");
});

both!(an_address_is_proved_once, async |db: &Database| {
    add_user(&db.store, &user(1)).await;
    let id = user(1).id;
    let prove = async |now| {
        db.store
            .write(async |tx| tx.users().prove_address(id, now).await)
            .await
            .unwrap()
    };

    assert!(prove(NOW).await);
    assert!(!prove(NOW + HOUR).await);

    let found = db.store.read().await.unwrap().users().by_id(id).await.unwrap();
    assert_eq!(found.unwrap().email_verified_at, Some(NOW));
});

both!(the_language_of_a_person_is_kept, async |db: &Database| {
    add_user(&db.store, &user(1)).await;
    let id = user(1).id;

    db.store
        .write(async |tx| tx.users().set_language(id, "de").await)
        .await
        .unwrap();

    let found = db.store.read().await.unwrap().users().by_id(id).await.unwrap();
    assert_eq!(found.unwrap().language, "de");
});

/// Changes a username in a transaction of its own.
async fn rename(store: &Store, number: u128, name: &str) -> Result<bool> {
    let name = Username::parse(name).unwrap();
    store
        .write(async |tx| tx.users().rename(user_id(number), &name).await)
        .await
}

both!(
    r022_a_username_is_changed_to_any_that_nobody_has_in_whatever_case,
    async |db: &Database| {
        add_user(&db.store, &user(1)).await;
        add_user(&db.store, &user(2)).await;
        let names = async || {
            let users = db.store.read().await.unwrap().users().page(None, 9).await.unwrap();
            users
                .iter()
                .map(|user| user.username.as_str().to_owned())
                .collect::<Vec<_>>()
        };

        assert!(rename(&db.store, 1, "USER-1").await.unwrap());
        assert!(rename(&db.store, 1, "ada").await.unwrap());
        assert!(!rename(&db.store, 9, "nobody").await.unwrap());

        assert!(
            rename(&db.store, 2, "ADA").await.is_err(),
            "nothing else of that transaction is kept"
        );
        assert_eq!(names().await, ["ada", "User-2"]);
        assert!(rename(&db.store, 2, "User-1").await.unwrap(), "it is free again");
    }
);

both!(of_many_who_want_one_username_one_gets_it, async |db: &Database| {
    for number in 1..=6 {
        add_user(&db.store, &user(number)).await;
    }
    let other = db.another_store().await;
    let name = Username::parse("ada").unwrap();

    let tasks: Vec<_> = (1..=6)
        .map(|number| {
            let (store, name) = (if number % 2 == 0 { &db.store } else { &other }.clone(), name.clone());
            let add = async move |tx: &mut Tx| {
                let is_renamed = tx.users().rename(user_id(number), &name).await?;
                // What the flow does: nothing is kept of a transaction that was refused.
                is_renamed
                    .then_some(())
                    .ok_or_else(|| Error::Taken("refused".to_owned()))
            };
            tokio::spawn(async move { store.write(add).await })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(()) => done += 1,
            Err(error) => assert_eq!(error.to_string(), "already taken: refused"),
        }
    }

    assert_eq!(done, 1);
});

both!(a_user_goes_with_all_that_hangs_on_it, async |db: &Database| {
    let (ada, bob) = (user(1), user(2));
    add_user(&db.store, &ada).await;
    add_user(&db.store, &bob).await;
    let team = organization(1, OrganizationKind::Team, &ada);
    let delete = async || {
        db.store
            .write(async |tx| tx.users().delete(ada.id).await)
            .await
            .unwrap()
    };
    db.store
        .write(async |tx| {
            tx.users().set_password(ada.id, "hash", NOW).await?;
            tx.users().set_password(bob.id, "hash", NOW).await?;
            tx.roles().grant(ada.id, PlatformRole::Operator, NOW).await?;
            tx.organizations().add(&team).await?;
            for person in [&ada, &bob] {
                tx.organizations()
                    .join(team.id, person.id, OrganizationRole::Owner, NOW)
                    .await?;
            }
            tx.sessions().add(&session(1, &ada)).await?;
            tx.sessions().add_token(&token(0, session_id(1))).await
        })
        .await
        .unwrap();

    assert!(delete().await);
    assert!(!delete().await);

    let rows = dump(db).await;
    let of = |table: &str| rows.iter().filter(|row| row.starts_with(&format!("{table} "))).count();
    let left = [
        "users",
        "passwords",
        "user_roles",
        "memberships",
        "sessions",
        "refresh_tokens",
    ]
    .map(of);
    assert_eq!(left, [1, 1, 0, 1, 0, 0], "{rows:?}");
    let mut conn = db.store.read().await.unwrap();
    assert_eq!(conn.users().by_id(bob.id).await.unwrap(), Some(bob));
    let stays = conn.organizations().by_id(team.id).await.unwrap().unwrap();
    assert_eq!(stays.created_by, None);
});

both!(
    who_is_locked_is_neither_locked_again_nor_deleted_meanwhile,
    async |db: &Database| {
        let ada = user(1);
        let id = ada.id;
        add_user(&db.store, &ada).await;
        let other = db.another_store().await;
        let mut second = Box::pin(other.write(async |tx| {
            let found = tx.users().lock(id).await?.unwrap();
            assert_eq!(found.username.as_str(), "ada", "it sees what it waited for");
            tx.users().delete(id).await
        }));

        let renamed = db
            .store
            .write(async |tx| {
                tx.users().lock(id).await?;
                let early = tokio::time::timeout(Duration::from_millis(50), &mut second).await;
                assert!(early.is_err(), "it waits");
                tx.users().rename(id, &Username::parse("ada").unwrap()).await
            })
            .await;

        assert!(renamed.unwrap());
        assert!(second.await.unwrap());
        let nobody = db.store.write(async |tx| tx.users().lock(id).await).await;
        assert_eq!(nobody.unwrap(), None);
    }
);

both!(an_account_waits_until_it_is_approved_once, async |db: &Database| {
    let [mut ada, bob, mut cyd] = [user(1), user(2), user(3)];
    ada.waiting_since = Some(NOW);
    cyd.waiting_since = Some(NOW);
    for person in [&ada, &bob, &cyd] {
        add_user(&db.store, person).await;
    }
    let waiting = async |after: Option<&User>, limit| {
        let after = after.map(|user| (user.created_at, user.id));
        db.store
            .read()
            .await
            .unwrap()
            .users()
            .waiting(after, limit)
            .await
            .unwrap()
    };
    let approve = async |id| db.store.write(async |tx| tx.users().approve(id).await).await.unwrap();

    assert_eq!(waiting(None, 9).await, [ada.clone(), cyd.clone()]);
    assert_eq!(waiting(None, 1).await, [ada.clone()]);
    assert_eq!(waiting(Some(&ada), 9).await, [cyd.clone()]);
    assert_eq!(
        [approve(ada.id).await, approve(ada.id).await, approve(bob.id).await],
        [true, false, false]
    );
    assert_eq!(waiting(None, 9).await, [cyd]);
});
