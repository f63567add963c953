//! People, passwords, the list of users.

use authara::domain::{Email, Timestamp, Username};

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

both!(
    users_are_paged_in_order_and_searched_without_wildcards,
    async |db: &Database| {
        for number in 1..=5 {
            add_user(&db.store, &user(number)).await;
        }
        let mut odd = user(6);
        odd.username = Username::parse("a_b-c").unwrap();
        add_user(&db.store, &odd).await;
        let mut conn = db.store.read().await.unwrap();

        let first = conn.users().page(None, None, 2).await.unwrap();
        let after = Some((first[1].created_at, first[1].id));
        let second = conn.users().page(None, after, 10).await.unwrap();
        assert_eq!(first, [user(1), user(2)]);
        assert_eq!(second.len(), 4);
        assert_eq!(second[0], user(3));

        for (search, found) in [
            ("USER3@", 1),
            ("example.com", 6),
            ("a_b", 1),
            ("A_B", 1),
            ("r_3", 0),
            ("%", 0),
            ("\\", 0),
            ("'", 0),
            ("\0", 0),
        ] {
            let users = conn.users().page(Some(search), None, 10).await.unwrap();
            assert_eq!(users.len(), found, "{search:?}");
        }
        assert_eq!(conn.users().count().await.unwrap(), 6);
    }
);

both!(a_row_that_cannot_be_read_names_its_column, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    db.tamper("UPDATE users SET email = 'not an address'").await;

    let error = db.store.read().await.unwrap().users().by_id(ada.id).await.unwrap_err();

    assert_eq!(error.to_string(), "unreadable data in users.email");
});
