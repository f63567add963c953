//! People, passwords, the list of users.

use authara::domain::{Email, Timestamp, User, Username};

use super::{HOUR, NOW, add_user, count, user, user_id};
use crate::kit::database::{Database, both};

both!(a_user_is_found_as_he_was_added, async |db: &Database| {
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
    assert_eq!(conn.users().password_hash(ada.id).await.unwrap(), None);
    drop(conn);

    let upgraded = db
        .store
        .write(async |tx| {
            tx.users().set_password(ada.id, "one", NOW).await?;
            tx.users().set_password(ada.id, "two", NOW).await?;
            let stale = tx.users().upgrade_password_hash(ada.id, "one", "three").await?;
            let fresh = tx.users().upgrade_password_hash(ada.id, "two", "three").await?;
            authara::storage::Result::Ok((stale, fresh))
        })
        .await
        .unwrap();

    assert_eq!(upgraded, (false, true));
    let mut conn = db.store.read().await.unwrap();
    assert_eq!(
        conn.users().password_hash(ada.id).await.unwrap().as_deref(),
        Some("three")
    );
    let credentials = conn.users().credentials(&ada.email).await.unwrap();
    assert_eq!(credentials, Some((ada, Some("three".to_owned()))));
    let nobody = Email::parse("nobody@example.com").unwrap();
    assert_eq!(conn.users().credentials(&nobody).await.unwrap(), None);
});

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
