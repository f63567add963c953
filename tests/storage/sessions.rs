//! Sessions, refresh tokens, and their rotation under many hands.

use std::time::Duration;

use authara::domain::organization::{Membership, OrganizationKind, OrganizationRole};
use authara::domain::page::{Page, Place};
use authara::domain::session::{Consumed, Session};
use authara::domain::{Client, Methods, PlatformRole, User};
use authara::storage::sessions::{Found, Standing};
use authara::storage::{Result, Store, Tx};

use super::{HOUR, NOW, add_user, client, organization, session, session_id, token, user};
use crate::kit::database::{Database, both};

/// A user with an organization, and session 1 with its first token.
pub(super) async fn signed_in(store: &Store) -> (User, Session) {
    let ada = user(1);
    let opened = session(1, &ada);
    store
        .write(async |tx| {
            tx.users().add(&ada).await?;
            let own = organization(1, OrganizationKind::Personal, &ada);
            tx.organizations().add(&own).await?;
            tx.organizations()
                .join(own.id, ada.id, OrganizationRole::Owner, NOW)
                .await?;
            tx.sessions().add(&opened).await?;
            tx.sessions().add_token(&token(0, opened.id)).await
        })
        .await
        .unwrap();
    (ada, opened)
}

pub(super) async fn standing(store: &Store, number: u128) -> Option<Standing> {
    let mut conn = store.read().await.unwrap();
    conn.sessions().standing(session_id(number)).await.unwrap()
}

pub(super) async fn found(store: &Store, generation: i64) -> Option<Found> {
    let hash = token(generation, session_id(1)).hash;
    store.read().await.unwrap().sessions().by_token(&hash).await.unwrap()
}

both!(a_standing_has_all_that_tokens_say, async |db: &Database| {
    let (ada, opened) = signed_in(&db.store).await;
    let own = Membership {
        organization: opened.organization,
        name: "Organization 1".to_owned(),
        role: OrganizationRole::Owner,
    };
    let mut expected = Standing {
        session: opened,
        user: ada.clone(),
        membership: Some(own),
        roles: Vec::new(),
    };
    assert_eq!(standing(&db.store, 1).await, Some(expected.clone()));

    db.store
        .write(async |tx| {
            for role in [PlatformRole::Operator, PlatformRole::Admin] {
                tx.roles().grant(ada.id, role, NOW).await?;
            }
            Result::Ok(())
        })
        .await
        .unwrap();
    // A membership may end while a session in it exists.
    db.tamper("DELETE FROM memberships").await;

    expected.membership = None;
    expected.roles = PlatformRole::ALL.to_vec();
    assert_eq!(standing(&db.store, 1).await, Some(expected.clone()));
    assert_eq!(found(&db.store, 0).await.unwrap().standing, expected);
    assert_eq!(standing(&db.store, 2).await, None);
    assert_eq!(found(&db.store, 5).await, None);
});

both!(a_token_is_added_once, async |db: &Database| {
    let (_, opened) = signed_in(&db.store).await;
    let mut spent = token(3, opened.id);
    spent.consumed = Some(Consumed {
        at: NOW,
        network: client().network(),
        user_agent: "x".to_owned(),
    });

    let added = db
        .store
        .write(async |tx| {
            let new = tx.sessions().add_token(&spent).await?;
            let old = tx.sessions().add_token(&token(0, opened.id)).await?;
            Result::Ok((new, old))
        })
        .await
        .unwrap();

    assert_eq!(added, (true, false));
    assert_eq!(found(&db.store, 3).await.unwrap().token, spent);
});

both!(a_use_and_a_new_proof_are_noted, async |db: &Database| {
    let (_, opened) = signed_in(&db.store).await;
    let elsewhere = Client::new("198.51.100.9".parse().unwrap(), "");
    let current = token(0, opened.id).hash;

    db.store
        .write(async |tx| {
            tx.sessions()
                .touch(opened.id, &current, NOW + 5 * HOUR, &elsewhere, NOW + HOUR / 2)
                .await?;
            let methods = Methods::parse("otp pwd").unwrap();
            tx.sessions().reauthenticated(opened.id, &methods, NOW + 2 * HOUR).await
        })
        .await
        .unwrap();

    let noted = standing(&db.store, 1).await.unwrap().session;
    assert_eq!(
        found(&db.store, 0).await.unwrap().token.expires_at,
        NOW + 5 * HOUR,
        "the idle time begins anew"
    );
    assert_eq!(noted.client, elsewhere);
    assert_eq!(noted.last_used_at, NOW + HOUR / 2);
    assert_eq!(noted.authenticated_at, NOW + 2 * HOUR);
    assert_eq!(
        noted.methods.to_string(),
        "otp pwd",
        "names that only a newer version knows are kept"
    );
});

both!(live_sessions_are_listed_last_used_first, async |db: &Database| {
    let (ada, opened) = signed_in(&db.store).await;
    let bob = user(2);
    add_user(&db.store, &bob).await;
    let mut over = session(4, &ada);
    over.expires_at = NOW;
    db.store
        .write(async |tx| {
            for other in [&session(2, &ada), &session(3, &bob), &over, &session(5, &ada)] {
                tx.sessions().add(other).await?;
            }
            tx.sessions().revoke(session_id(5), ada.id, NOW).await
        })
        .await
        .unwrap();

    let listed = db
        .store
        .read()
        .await
        .unwrap()
        .sessions()
        .of_user(ada.id, NOW)
        .await
        .unwrap();

    assert_eq!(listed, [session(2, &ada), opened]);
});

both!(
    every_session_that_is_kept_is_listed_for_its_owner,
    async |db: &Database| {
        let (ada, opened) = signed_in(&db.store).await;
        let bob = user(2);
        add_user(&db.store, &bob).await;
        let mut over = session(2, &ada);
        over.revoked_at = Some(NOW);
        over.last_used_at = NOW + HOUR;
        db.store
            .write(async |tx| {
                for other in [&over, &session(3, &bob)] {
                    tx.sessions().add(other).await?;
                }
                Result::Ok(())
            })
            .await
            .unwrap();

        let mut conn = db.store.read().await.unwrap();
        let kept = conn.sessions().kept_of(ada.id).await.unwrap();

        assert_eq!(kept, [over, opened]);
    }
);

both!(a_session_is_ended_once_and_by_its_owner_alone, async |db: &Database| {
    let (ada, opened) = signed_in(&db.store).await;
    let bob = user(2);

    let ended = db
        .store
        .write(async |tx| {
            let mut ended = Vec::new();
            ended.push(tx.sessions().revoke(opened.id, bob.id, NOW).await?);
            ended.push(tx.sessions().revoke(opened.id, ada.id, NOW).await?);
            ended.push(tx.sessions().revoke(opened.id, ada.id, NOW).await?);
            ended.push(tx.sessions().revoke(session_id(9), ada.id, NOW).await?);
            Result::Ok(ended)
        })
        .await
        .unwrap();

    assert_eq!(ended, [false, true, false, false]);
    assert_eq!(standing(&db.store, 1).await.unwrap().session.revoked_at, Some(NOW));
});

both!(
    all_live_sessions_of_a_user_end_but_the_one_kept,
    async |db: &Database| {
        let (ada, opened) = signed_in(&db.store).await;
        let bob = user(2);
        add_user(&db.store, &bob).await;
        let mut over = session(4, &ada);
        over.expires_at = NOW;

        let ended = db
            .store
            .write(async |tx| {
                for other in [&session(2, &ada), &session(3, &bob), &over] {
                    tx.sessions().add(other).await?;
                }
                let others = tx.sessions().revoke_of_user(ada.id, Some(opened.id), NOW).await?;
                let all = tx.sessions().revoke_of_user(ada.id, None, NOW).await?;
                Result::Ok((others, all))
            })
            .await
            .unwrap();

        assert_eq!(ended, (1, 1));
        assert_eq!(standing(&db.store, 3).await.unwrap().session.revoked_at, None);
    }
);

both!(
    sessions_that_ended_long_ago_go_with_their_tokens,
    async |db: &Database| {
        let (ada, _) = signed_in(&db.store).await;
        let mut revoked = session(3, &ada);
        revoked.expires_at = NOW + 10 * HOUR;
        revoked.revoked_at = Some(NOW);
        let mut live = session(4, &ada);
        live.expires_at = NOW + 10 * HOUR;
        db.store
            .write(async |tx| {
                for other in [&session(2, &ada), &revoked, &live] {
                    tx.sessions().add(other).await?;
                }
                Result::Ok(())
            })
            .await
            .unwrap();
        let delete = async |before, limit| {
            db.store
                .write(async |tx| tx.sessions().delete_ended(before, limit).await)
                .await
                .unwrap()
        };

        assert_eq!(delete(NOW, 10).await, 0);
        assert_eq!(delete(NOW + 2 * HOUR, 2).await, 2);
        assert_eq!(delete(NOW + 2 * HOUR, 2).await, 1);
        assert_eq!(delete(NOW + 2 * HOUR, 2).await, 0);
        assert!(standing(&db.store, 4).await.is_some());
        assert_eq!(found(&db.store, 0).await, None);
    }
);

both!(
    beyond_the_most_that_are_kept_ended_sessions_go_first_then_the_oldest,
    async |db: &Database| {
        let (ada, _) = signed_in(&db.store).await;
        db.store
            .write(async |tx| {
                for number in 2..=5 {
                    let mut session = session(number, &ada);
                    session.last_used_at = NOW + Duration::from_secs(u64::try_from(number).unwrap());
                    tx.sessions().add(&session).await?;
                }
                // The newest of all, but over.
                tx.sessions().revoke(session_id(5), ada.id, NOW).await
            })
            .await
            .unwrap();
        let left_with = async |most, opened| {
            let opened = session_id(opened);
            let work =
                async |tx: &mut Tx| -> Result<u64> { tx.sessions().delete_surplus(ada.id, opened, most, NOW).await };
            db.store.write(work).await.unwrap();
            let mut left = Vec::new();
            for number in 1..=5 {
                if standing(&db.store, number).await.is_some() {
                    left.push(number);
                }
            }
            left
        };

        assert_eq!(left_with(5, 4).await, [1, 2, 3, 4, 5]);
        assert_eq!(left_with(4, 4).await, [1, 2, 3, 4]);
        assert_eq!(left_with(3, 2).await, [2, 3, 4], "the one just opened stays");
        assert!(found(&db.store, 0).await.is_none(), "its tokens went with it");
        assert_eq!(left_with(2, 4).await, [3, 4]);
    }
);

both!(from_where_an_account_was_used_is_known, async |db: &Database| {
    let (ada, opened) = signed_in(&db.store).await;
    let mut later = session(2, &ada);
    later.last_used_at = NOW + HOUR;
    later.client = Client::new("203.0.113.7".parse().unwrap(), "another");
    db.store
        .write(async |tx| tx.sessions().add(&later).await)
        .await
        .unwrap();

    let mut conn = db.store.read().await.unwrap();
    let all = conn.sessions().clients_of(ada.id, 9).await.unwrap();
    let last = conn.sessions().clients_of(ada.id, 1).await.unwrap();

    let pair = |session: &Session| (session.client.address, session.client.user_agent.clone());
    assert_eq!(all, [pair(&later), pair(&opened)]);
    assert_eq!(last, [pair(&later)]);
    assert!(conn.sessions().clients_of(user(9).id, 9).await.unwrap().is_empty());
});

both!(live_sessions_come_in_parts_the_newest_first, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    for number in 1..=4 {
        let added = Session {
            // Two of one moment.
            created_at: NOW + Duration::from_secs(if number == 3 { 2 } else { u64::try_from(number).unwrap() }),
            revoked_at: (number == 1).then_some(NOW),
            ..session(number, &ada)
        };
        db.store
            .write(async |tx| tx.sessions().add(&added).await)
            .await
            .unwrap();
    }
    let part = async |after: Option<&Session>, limit| {
        let after = after.map(|session| Place {
            at: session.created_at,
            id: session.id.uuid(),
        });
        let mut conn = db.store.read().await.unwrap();
        let page = Page { after, limit };
        conn.sessions().page_of_user(ada.id, NOW, page).await.unwrap()
    };
    let ids = |sessions: &[Session]| sessions.iter().map(|session| session.id).collect::<Vec<_>>();

    let first = part(None, 1).await;
    assert_eq!(ids(&first), [4, 3].map(session_id), "one more than the limit");
    assert_eq!(ids(&part(Some(&first[1]), 9).await), [2].map(session_id));
    assert_eq!(ids(&part(Some(&first[0]), 9).await), [3, 2].map(session_id));
});
