//! Organizations, memberships, the mode.

use authara::domain::User;
use authara::domain::organization::{Departure, Membership, OrganizationKind, OrganizationMode, OrganizationRole};
use authara::domain::page::Page;
use authara::storage::Result;

use super::{HOUR, NOW, add_user, organization, organization_id, user};
use crate::kit::database::{Database, both};

both!(an_organization_is_found_as_it_was_added, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    let team = organization(1, OrganizationKind::Team, &ada);

    db.store
        .write(async |tx| tx.organizations().add(&team).await)
        .await
        .unwrap();

    let mut conn = db.store.read().await.unwrap();
    assert_eq!(conn.organizations().by_id(team.id).await.unwrap(), Some(team));
    assert_eq!(conn.organizations().by_id(organization_id(2)).await.unwrap(), None);
});

both!(
    a_person_has_one_personal_organization_and_any_number_of_teams,
    async |db: &Database| {
        let ada = user(1);
        add_user(&db.store, &ada).await;
        let add = async |number, kind| {
            let added = organization(number, kind, &ada);
            db.store.write(async |tx| tx.organizations().add(&added).await).await
        };

        assert!(add(1, OrganizationKind::Personal).await.is_ok());
        assert!(add(2, OrganizationKind::Team).await.is_ok());
        assert!(add(3, OrganizationKind::Team).await.is_ok());
        assert!(add(4, OrganizationKind::Personal).await.is_err());
    }
);

both!(
    memberships_are_listed_oldest_first_and_the_personal_one_is_the_default,
    async |db: &Database| {
        let (ada, bob) = (user(1), user(2));
        add_user(&db.store, &ada).await;
        add_user(&db.store, &bob).await;
        let joined = db
            .store
            .write(async |tx| {
                let team = organization(1, OrganizationKind::Team, &bob);
                let own = organization(2, OrganizationKind::Personal, &ada);
                tx.organizations().add(&team).await?;
                tx.organizations().add(&own).await?;
                let first = tx
                    .organizations()
                    .join(team.id, ada.id, OrganizationRole::Member, NOW)
                    .await?;
                let again = tx
                    .organizations()
                    .join(team.id, ada.id, OrganizationRole::Owner, NOW)
                    .await?;
                tx.organizations()
                    .join(team.id, bob.id, OrganizationRole::Owner, NOW)
                    .await?;
                tx.organizations()
                    .join(own.id, ada.id, OrganizationRole::Owner, NOW + HOUR)
                    .await?;
                Result::Ok((first, again))
            })
            .await
            .unwrap();
        let membership = |number, role| Membership {
            organization: organization_id(number),
            name: format!("Organization {number}"),
            role,
        };
        let team = membership(1, OrganizationRole::Member);
        let own = membership(2, OrganizationRole::Owner);

        assert_eq!(joined, (true, false));
        let mut conn = db.store.read().await.unwrap();
        assert_eq!(conn.organizations().of_user(ada.id).await.unwrap(), [team, own.clone()]);
        assert_eq!(conn.organizations().default_of(ada.id).await.unwrap(), Some(own));
        let bobs = membership(1, OrganizationRole::Owner);
        assert_eq!(conn.organizations().default_of(bob.id).await.unwrap(), Some(bobs));
        assert_eq!(conn.organizations().default_of(user(3).id).await.unwrap(), None);
    }
);

both!(the_mode_is_settled_once, async |db: &Database| {
    assert_eq!(
        db.store.read().await.unwrap().organizations().mode().await.unwrap(),
        None
    );

    let settle = async |mode| {
        db.store
            .write(async |tx| tx.organizations().settle_mode(mode, NOW).await)
            .await
            .unwrap()
    };

    assert_eq!(settle(OrganizationMode::Single).await, OrganizationMode::Single);
    assert_eq!(settle(OrganizationMode::Multi).await, OrganizationMode::Single);
    let mode = db.store.read().await.unwrap().organizations().mode().await.unwrap();
    assert_eq!(mode, Some(OrganizationMode::Single));
});

both!(
    what_an_organization_would_be_without_somebody_is_counted,
    async |db: &Database| {
        let people = [user(1), user(2), user(3)];
        let [ada, bob, cyd] = &people;
        for person in &people {
            add_user(&db.store, person).await;
        }
        let team = organization(1, OrganizationKind::Team, ada);
        let own = organization(2, OrganizationKind::Personal, ada);
        db.store
            .write(async |tx| {
                for (organization, person, role) in [
                    (&team, ada, OrganizationRole::Owner),
                    (&team, bob, OrganizationRole::Owner),
                    (&team, cyd, OrganizationRole::Member),
                    (&own, ada, OrganizationRole::Owner),
                ] {
                    if person.id == ada.id {
                        tx.organizations().add(organization).await?;
                    }
                    tx.organizations().join(organization.id, person.id, role, NOW).await?;
                }
                Result::Ok(())
            })
            .await
            .unwrap();
        let departures = async |person: &User| {
            let found = db
                .store
                .read()
                .await
                .unwrap()
                .organizations()
                .departures(person.id)
                .await
                .unwrap();
            found
                .into_iter()
                .map(|departure| {
                    let number = if departure.membership.organization == team.id {
                        1
                    } else {
                        2
                    };
                    (
                        number,
                        departure.others,
                        departure.other_owners,
                        departure.leaves_no_owner(),
                    )
                })
                .collect::<Vec<_>>()
        };

        assert_eq!(departures(ada).await, [(1, 2, 1, false), (2, 0, 0, false)]);
        assert_eq!(departures(cyd).await, [(1, 2, 2, false)]);
        assert_eq!(departures(&user(9)).await, []);
        db.store
            .write(async |tx| tx.users().disable(bob.id, NOW).await)
            .await
            .unwrap();
        assert_eq!(departures(ada).await, [(1, 2, 0, true), (2, 0, 0, false)]);
        assert_eq!(departures(cyd).await, [(1, 2, 1, false)]);
    }
);

both!(organizations_go_in_which_nobody_else_is, async |db: &Database| {
    let (ada, bob) = (user(1), user(2));
    add_user(&db.store, &ada).await;
    add_user(&db.store, &bob).await;
    let gone = db
        .store
        .write(async |tx| {
            let owner = OrganizationRole::Owner;
            for (number, kind, opener, members) in [
                (1, OrganizationKind::Team, &ada, vec![&ada, &bob]),
                (2, OrganizationKind::Personal, &ada, vec![&ada]),
                (3, OrganizationKind::Team, &ada, vec![]),
                (4, OrganizationKind::Team, &ada, vec![&bob]),
                (5, OrganizationKind::Team, &bob, vec![&ada]),
                (6, OrganizationKind::Personal, &bob, vec![&bob]),
                (7, OrganizationKind::Team, &bob, vec![]),
            ] {
                let organization = organization(number, kind, opener);
                tx.organizations().add(&organization).await?;
                for member in members {
                    tx.organizations().join(organization.id, member.id, owner, NOW).await?;
                }
            }
            tx.organizations().lock_of_user(ada.id).await?;
            tx.organizations().delete_without(ada.id).await
        })
        .await
        .unwrap();

    assert_eq!(gone, 3);
    let mut conn = db.store.read().await.unwrap();
    let mut left = Vec::new();
    for number in 1..=7 {
        if conn
            .organizations()
            .by_id(organization_id(number))
            .await
            .unwrap()
            .is_some()
        {
            left.push(number);
        }
    }
    assert_eq!(left, [1, 4, 6, 7]);
});

both!(
    of_two_owners_who_leave_at_once_the_second_sees_that_the_first_has_left,
    async |db: &Database| {
        let people = [user(1), user(2), user(3)];
        for person in &people {
            add_user(&db.store, person).await;
        }
        let team = organization(1, OrganizationKind::Team, &people[0]);
        db.store
            .write(async |tx| {
                tx.organizations().add(&team).await?;
                for (person, role) in people.iter().zip([
                    OrganizationRole::Owner,
                    OrganizationRole::Owner,
                    OrganizationRole::Member,
                ]) {
                    tx.organizations().join(team.id, person.id, role, NOW).await?;
                }
                Result::Ok(())
            })
            .await
            .unwrap();
        let stores = [db.store.clone(), db.another_store().await];

        let tasks = [0, 1].map(|number| {
            let (store, id) = (stores[number].clone(), people[number].id);
            tokio::spawn(async move {
                store
                    .write(async |tx| {
                        tx.organizations().lock_of_user(id).await?;
                        let departures = tx.organizations().departures(id).await?;
                        if departures.iter().any(Departure::leaves_no_owner) {
                            return Ok(false);
                        }
                        tokio::task::yield_now().await;
                        tx.users().delete(id).await
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
    }
);

both!(memberships_come_in_parts_the_oldest_first, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    db.store
        .write(async |tx| {
            for number in 1..=3 {
                let team = organization(number, OrganizationKind::Team, &ada);
                tx.organizations().add(&team).await?;
                let at = NOW + HOUR * u32::from(number == 3);
                tx.organizations()
                    .join(team.id, ada.id, OrganizationRole::Owner, at)
                    .await?;
            }
            Result::Ok(())
        })
        .await
        .unwrap();
    let part = async |after, limit| {
        let mut conn = db.store.read().await.unwrap();
        let found = conn.organizations().page_of_user(ada.id, Page { after, limit }).await;
        found.unwrap()
    };

    let first = part(None, 1).await;
    let ids: Vec<_> = first.iter().map(|(membership, _)| membership.organization).collect();
    assert_eq!(ids, [1, 2].map(organization_id), "one more than the limit");
    let rest = part(Some(first[1].1), 9).await;
    assert_eq!(rest.len(), 1);
    assert_eq!(rest[0].0.organization, organization_id(3));
    assert_eq!(rest[0].1.at, NOW + HOUR);
});
