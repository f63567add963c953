//! Exchanging refresh tokens, alone and under many hands.

use std::sync::Arc;
use std::time::Duration;

use authara::domain::organization::OrganizationRole;
use authara::domain::session::{Consumed, RefreshToken};
use authara::domain::{Client, PlatformRole, TokenHash};
use authara::storage::sessions::{Exchange, ROTATE};
use authara::storage::{Result, Store, Target, Tx};
use tokio::sync::Barrier;
use tokio_postgres::{NoTls, SimpleQueryMessage};

use super::sessions::{found, signed_in, standing};
use super::{HOUR, NOW, add_user, client, session_id, token, user};
use crate::kit::database::{Database, both, on_postgres};

fn exchange<'a>(shown: &'a TokenHash, next: &'a TokenHash, client: &'a Client) -> Exchange<'a> {
    Exchange {
        shown,
        next,
        until: NOW + HOUR,
        role: None,
        client,
        now: NOW + Duration::from_mins(1),
    }
}

/// Exchanges token `from` of session 1 for the next.
async fn rotate(store: &Store, from: i64) -> Result<bool> {
    let (old, next) = (token(from, session_id(1)).hash, token(from + 1, session_id(1)).hash);
    let rotated = store.rotate(&exchange(&old, &next, &client())).await?;
    Ok(rotated.is_some())
}

both!(
    a_rotation_consumes_the_token_adds_the_next_and_notes_the_use,
    async |db: &Database| {
        let (ada, opened) = signed_in(&db.store).await;
        db.store
            .write(async |tx| {
                for role in [PlatformRole::Operator, PlatformRole::Admin] {
                    tx.roles().grant(ada.id, role, NOW).await?;
                }
                Result::Ok(())
            })
            .await
            .unwrap();
        let elsewhere = Client::new("2001:db8::1".parse().unwrap(), "other");

        for from in [0, 1] {
            let before = found(&db.store, from).await.unwrap();
            let (old, next) = (token(from, opened.id), token(from + 1, opened.id));
            let mut exchange = exchange(&old.hash, &next.hash, &elsewhere);
            exchange.role = Some(PlatformRole::Admin);
            // The session ends before.
            exchange.until = NOW + 2 * HOUR;

            let standing = db.store.rotate(&exchange).await.unwrap().unwrap();

            assert_eq!(standing.user, before.standing.user);
            assert_eq!(standing.membership, before.standing.membership);
            assert_eq!(standing.roles, before.standing.roles);
            assert_eq!(standing.session.id, before.standing.session.id);
            let spent = found(&db.store, from).await.unwrap();
            let consumed = Consumed {
                at: exchange.now,
                network: elsewhere.network(),
                user_agent: "other".to_owned(),
            };
            assert_eq!(spent.token.consumed, Some(consumed));
            assert_eq!(spent.standing.session.last_used_at, exchange.now);
            assert_eq!(spent.standing.session.client, elsewhere);
            let current = found(&db.store, from + 1).await.unwrap();
            let added = RefreshToken {
                created_at: exchange.now,
                expires_at: opened.expires_at,
                ..next
            };
            assert_eq!(current.token, added);
            assert_eq!(current.head, from + 1);
        }
    }
);

both!(
    a_use_is_noted_once_a_minute_or_when_it_comes_from_elsewhere,
    async |db: &Database| {
        let (_, opened) = signed_in(&db.store).await;
        let elsewhere = Client::new("2001:db8::1".parse().unwrap(), "other");
        let begun = opened.last_used_at;
        let minute = Duration::from_mins(1);

        for (from, now, client, noted) in [
            (0, begun + minute / 2, client(), begun),
            (1, begun + minute / 2, client(), begun),
            (2, begun + minute, client(), begun + minute),
            (3, begun + 2 * minute, client(), begun + 2 * minute),
            (4, begun + 5 * minute / 2, elsewhere, begun + 5 * minute / 2),
        ] {
            let (old, next) = (token(from, opened.id).hash, token(from + 1, opened.id).hash);
            let exchange = Exchange {
                now,
                ..exchange(&old, &next, &client)
            };
            assert!(db.store.rotate(&exchange).await.unwrap().is_some());

            let session = standing(&db.store, 1).await.unwrap().session;
            assert_eq!(session.last_used_at, noted, "{from}");
            assert_eq!(session.client, client);
        }
    }
);

both!(a_spent_or_unknown_token_is_not_exchanged, async |db: &Database| {
    signed_in(&db.store).await;

    assert!(rotate(&db.store, 0).await.unwrap());
    let before = found(&db.store, 0).await;
    assert!(!rotate(&db.store, 0).await.unwrap());
    assert!(!rotate(&db.store, 7).await.unwrap());
    assert_eq!(found(&db.store, 0).await, before);
    assert!(rotate(&db.store, 1).await.unwrap());
});

both!(
    nothing_is_exchanged_once_token_session_account_or_membership_is_over,
    async |db: &Database| {
        let (ada, opened) = signed_in(&db.store).await;
        let is_sqlite = db.is_sqlite();
        // A minute after `NOW`, or back at an hour, in each database's own words.
        let set = |column: &str, table: &str, back: bool| {
            let value = match (is_sqlite, back) {
                (true, false) => "1800000060123456",
                (true, true) => "1800003600123456",
                (false, false) => "to_timestamp(1800000060) + interval '123456 microseconds'",
                (false, true) => "to_timestamp(1800003600) + interval '123456 microseconds'",
            };
            format!("UPDATE {table} SET {column} = {value}")
        };
        let is_refused = async |what: &str| {
            assert!(!rotate(&db.store, 0).await.unwrap(), "{what}");
        };

        for (column, table) in [("expires_at", "refresh_tokens"), ("expires_at", "sessions")] {
            db.tamper(&set(column, table, false)).await;
            is_refused(table).await;
            db.tamper(&set(column, table, true)).await;
        }
        for (column, table) in [("revoked_at", "sessions"), ("disabled_at", "users")] {
            db.tamper(&set(column, table, false)).await;
            is_refused(table).await;
            db.tamper(&format!("UPDATE {table} SET {column} = NULL")).await;
        }
        db.tamper("DELETE FROM memberships").await;
        is_refused("memberships").await;
        let join = async |tx: &mut Tx| {
            let role = OrganizationRole::Member;
            tx.organizations().join(opened.organization, ada.id, role, NOW).await
        };
        assert!(db.store.write(join).await.unwrap());
        let (old, next) = (token(0, opened.id).hash, token(1, opened.id).hash);
        let mut exchange = exchange(&old, &next, &opened.client);
        exchange.role = Some(PlatformRole::Admin);
        assert_eq!(db.store.rotate(&exchange).await.unwrap(), None, "no role");
        let grant = async |tx: &mut Tx| tx.roles().grant(ada.id, PlatformRole::Operator, NOW).await;
        assert!(db.store.write(grant).await.unwrap());
        assert_eq!(db.store.rotate(&exchange).await.unwrap(), None, "another role");
        assert_eq!(found(&db.store, 0).await.unwrap().token.consumed, None);
        assert!(rotate(&db.store, 0).await.unwrap());
    }
);

both!(
    of_fifty_parallel_rotations_in_two_programs_one_wins,
    async |db: &Database| {
        signed_in(&db.store).await;
        let stores = [db.store.clone(), db.another_store().await];
        let start = Arc::new(Barrier::new(50));

        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let (store, start) = (stores[number % 2].clone(), start.clone());
                tokio::spawn(async move {
                    let old = token(0, session_id(1)).hash;
                    let next = TokenHash::new([100 + u8::try_from(number).unwrap(); 32]);
                    start.wait().await;
                    let rotated = store.rotate(&exchange(&old, &next, &client())).await;
                    rotated.unwrap().is_some()
                })
            })
            .collect();
        let mut won = 0;
        for task in tasks {
            won += u32::from(task.await.unwrap());
        }

        assert_eq!(won, 1);
        assert_eq!(found(&db.store, 0).await.unwrap().head, 1);
    }
);

both!(
    a_token_in_place_of_the_current_one_leaves_no_other_of_the_session,
    async |db: &Database| {
        let (_, opened) = signed_in(&db.store).await;
        assert!(rotate(&db.store, 0).await.unwrap());
        let elsewhere = Client::new("2001:db8::1".parse().unwrap(), "other");
        let (next, until, now) = (token(9, opened.id).hash, NOW + HOUR, NOW + Duration::from_mins(1));

        let replace = async |tx: &mut Tx| -> Result<()> {
            tx.sessions()
                .replace_token(opened.id, &next, until, &elsewhere, now)
                .await
        };
        db.store.write(replace).await.unwrap();

        assert!(!rotate(&db.store, 1).await.unwrap(), "it was the current one");
        let spent = found(&db.store, 1).await.unwrap();
        let consumed = Consumed {
            at: now,
            network: elsewhere.network(),
            user_agent: "other".to_owned(),
        };
        assert_eq!((spent.token.consumed, spent.head), (Some(consumed), 2));
        let current = db.store.read().await.unwrap().sessions().by_token(&next).await.unwrap();
        let current = current.unwrap().token;
        assert_eq!(
            (current.generation, current.created_at, current.expires_at),
            (2, now, until)
        );
        assert_eq!(current.consumed, None);
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn conversations_that_wait_and_readers_leave_connections_to_exchanges() {
    on_postgres(async |db| {
        signed_in(&db.store).await;
        add_user(&db.store, &user(2)).await;
        let other = db.another_store().await;
        other
            .write(async |tx| {
                tx.users().lock(user(2).id).await?;
                let waiting: Vec<_> = (0..50)
                    .map(|_| {
                        let store = db.store.clone();
                        tokio::spawn(async move { store.write(async |tx| tx.users().lock(user(2).id).await).await })
                    })
                    .collect();
                while db.store.figures().waiting == 0 {
                    tokio::task::yield_now().await;
                }

                // A session's check, and its refresh.
                let soon = Duration::from_secs(2);
                let checked = tokio::time::timeout(soon, standing(&db.store, 1)).await;
                assert!(checked.expect("a connection is free").is_some());
                let rotated = tokio::time::timeout(soon, rotate(&db.store, 0)).await;
                assert!(rotated.expect("a connection is free").unwrap());

                waiting.iter().for_each(tokio::task::JoinHandle::abort);
                Result::Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_exchange_that_is_cut_off_is_not_tried_again_by_itself() {
    on_postgres(async |db| {
        let (_, opened) = signed_in(&db.store).await;
        let other = db.another_store().await;
        let store = db.store.clone();
        let mut cut_off = None;
        // The exchange waits for the lock when its connection is cut.
        let _ = other
            .write(async |tx| {
                tx.sessions().reauthenticated(opened.id, &opened.methods, NOW).await?;
                let task = tokio::spawn(async move { rotate(&store, 0).await });
                // That one alone: the lock is held until then.
                let cut = "SELECT CAST(count(pg_terminate_backend(pid)) AS text) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'";
                while db.text(cut).await == "0" {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                cut_off = Some(task.await.unwrap());
                Result::Ok(())
            })
            .await;

        assert!(cut_off.unwrap().unwrap_err().is_unavailable());
        assert_eq!(found(&db.store, 0).await.unwrap().token.consumed, None);
        assert!(rotate(&db.store, 0).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behind_a_pooler_an_exchange_is_a_transaction_of_its_own() {
    on_postgres(async |db| {
        let Target::Postgres(target) = &db.target else {
            unreachable!()
        };
        let mut target = target.clone();
        target.behind_pooler = true;
        let store = Store::open(&Target::Postgres(target)).await.unwrap();
        signed_in(&db.store).await;

        assert!(rotate(&store, 0).await.unwrap());
        assert!(!rotate(&store, 0).await.unwrap());

        assert_eq!(found(&db.store, 1).await.unwrap().head, 1);
    })
    .await;
}

both!(
    an_exchange_after_every_connection_was_cut_works,
    async |db: &Database| {
        signed_in(&db.store).await;
        assert!(rotate(&db.store, 0).await.unwrap());

        db.end_connections().await;

        // Whether the server ended it before or after is not known, so one caller may be told to come back.
        let first = rotate(&db.store, 1).await;
        match first {
            Ok(rotated) => assert!(rotated),
            Err(error) => {
                assert!(error.is_unavailable());
                assert!(rotate(&db.store, 1).await.unwrap());
            }
        }
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_plan_made_while_the_tables_are_small_reads_no_whole_table() {
    on_postgres(async |db| {
        let (client, connection) = db.config().connect(NoTls).await.unwrap();
        tokio::spawn(connection);
        client
            .batch_execute(&format!(
                "SET search_path = authara; SET plan_cache_mode = force_generic_plan; PREPARE rotate AS {ROTATE}"
            ))
            .await
            .unwrap();

        let explain = "EXPLAIN EXECUTE rotate ('', now(), false, '', '', '', now(), '', now())";
        let plan = client.simple_query(explain).await.unwrap();

        let lines: Vec<_> = plan
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            })
            .collect();
        assert!(lines.iter().any(|line| line.contains("Index Scan")), "{lines:#?}");
        assert!(!lines.iter().any(|line| line.contains("Seq Scan")), "{lines:#?}");
    })
    .await;
}
