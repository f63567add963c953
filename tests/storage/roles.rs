//! Platform roles and the last admin.

use authara::domain::PlatformRole::{Admin, Operator};
use authara::storage::Result;

use super::{NOW, add_user, user};
use crate::kit::database::{Database, both};

both!(a_role_is_given_and_taken_once, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;

    let done = db
        .store
        .write(async |tx| {
            let mut done = Vec::new();
            done.push(tx.roles().revoke(ada.id, Operator).await?);
            done.push(tx.roles().grant(ada.id, Operator, NOW).await?);
            done.push(tx.roles().grant(ada.id, Admin, NOW).await?);
            done.push(tx.roles().grant(ada.id, Admin, NOW).await?);
            Result::Ok(done)
        })
        .await
        .unwrap();

    assert_eq!(done, [false, true, true, false]);
    let roles = db.store.read().await.unwrap().roles().of_user(ada.id).await.unwrap();
    assert_eq!(roles, [Admin, Operator]);
    assert!(
        db.store
            .write(async |tx| tx.roles().revoke(ada.id, Admin).await)
            .await
            .unwrap()
    );
    let roles = db.store.read().await.unwrap().roles().of_user(ada.id).await.unwrap();
    assert_eq!(roles, [Operator]);
});

both!(the_roles_of_many_are_found_at_once, async |db: &Database| {
    let people = [user(1), user(2), user(3), user(4)];
    for person in &people {
        add_user(&db.store, person).await;
    }
    let [ada, bob, cem, dan] = people;
    db.store
        .write(async |tx| {
            for (user, role) in [(bob.id, Operator), (bob.id, Admin), (ada.id, Operator), (dan.id, Admin)] {
                tx.roles().grant(user, role, NOW).await?;
            }
            Result::Ok(())
        })
        .await
        .unwrap();

    let mut conn = db.store.read().await.unwrap();
    let some = conn.roles().between(ada.id, cem.id).await.unwrap();
    let none = conn.roles().between(cem.id, cem.id).await.unwrap();
    let admins = conn.users().with_role(Admin, None, 9).await.unwrap();
    let after = Some((bob.created_at, bob.id));
    let later = conn.users().with_role(Admin, after, 9).await.unwrap();
    let first = conn.users().with_role(Admin, None, 1).await.unwrap();

    assert_eq!(some, [(ada.id, Operator), (bob.id, Admin), (bob.id, Operator)]);
    assert!(none.is_empty());
    assert_eq!(admins, [bob.clone(), dan.clone()]);
    assert_eq!(later, [dan]);
    assert_eq!(first, [bob]);
});

both!(active_admins_are_those_whose_account_is_on, async |db: &Database| {
    let people = [user(1), user(2), user(3)];
    for person in &people {
        add_user(&db.store, person).await;
    }
    db.store
        .write(async |tx| {
            tx.roles().grant(people[0].id, Admin, NOW).await?;
            tx.roles().grant(people[1].id, Operator, NOW).await?;
            tx.roles().grant(people[2].id, Admin, NOW).await?;
            tx.users().disable(people[2].id, NOW).await
        })
        .await
        .unwrap();

    let admins = db.store.read().await.unwrap().roles().active_admins().await.unwrap();

    assert_eq!(admins, [people[0].id]);
});

both!(two_who_remove_each_other_leave_one_admin, async |db: &Database| {
    let people = [user(1), user(2), user(3)];
    for person in &people {
        add_user(&db.store, person).await;
        db.store
            .write(async |tx| {
                tx.roles().grant(person.id, Admin, NOW).await?;
                tx.roles().grant(person.id, Operator, NOW).await
            })
            .await
            .unwrap();
    }
    // Who is switched off does not count.
    db.store
        .write(async |tx| tx.users().disable(people[2].id, NOW).await)
        .await
        .unwrap();
    let stores = [db.store.clone(), db.another_store().await];

    let tasks = [(0, 0), (1, 1)].map(|(store, victim)| {
        let (store, victim) = (stores[store].clone(), people[victim].id);
        tokio::spawn(async move {
            store
                .write(async |tx| {
                    let admins = tx.roles().lock_active_admins().await?;
                    if admins.len() < 2 {
                        return Ok(false);
                    }
                    tokio::task::yield_now().await;
                    tx.users().disable(victim, NOW).await
                })
                .await
                .unwrap_or_else(|error: authara::storage::Error| panic!("{error}"))
        })
    });
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }

    done.sort_unstable();
    assert_eq!(done, [false, true]);
});
