//! Organizations, memberships, the mode.

use authara::domain::organization::{Membership, OrganizationKind, OrganizationMode, OrganizationRole};
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
