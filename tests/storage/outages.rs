//! Databases that go away and come back.

use std::time::Duration;

use authara::storage::{Error, Result, Store, Target};

use super::{add_user, count, try_add, user};
use crate::kit::database::{Database, Folder, both, on_postgres, on_sqlite};

both!(
    after_every_connection_was_cut_the_next_callers_notice_nothing,
    async |db: &Database| {
        let mut held = Vec::new();
        for _ in 0..6 {
            let mut conn = db.store.read().await.unwrap();
            conn.users().count().await.unwrap();
            held.push(conn);
        }
        drop(held);

        db.end_connections().await;

        for number in 0..10 {
            add_user(&db.store, &user(number)).await;
        }
        assert_eq!(count(&db.store).await, 10);
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transaction_that_is_cut_off_is_unavailable_and_leaves_nothing() {
    on_postgres(async |db| {
        let result = db
            .store
            .write(async |tx| {
                tx.users().add(&user(1)).await?;
                db.end_connections().await;
                tx.users().add(&user(2)).await
            })
            .await;

        assert!(result.unwrap_err().is_unavailable());
        assert_eq!(count(&db.store).await, 0);
        add_user(&db.store, &user(1)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_waits_for_a_lock_too_long_is_told_to_come_back() {
    on_postgres(async |db| {
        add_user(&db.store, &user(1)).await;
        let other = db.another_store().await;

        let result = db
            .store
            .write(async |tx| {
                tx.users().disable(user(1).id, super::NOW).await?;
                let blocked = other.write(async |tx| tx.users().disable(user(1).id, super::NOW).await);
                Result::Ok(blocked.await)
            })
            .await
            .unwrap();

        assert!(result.unwrap_err().is_unavailable());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dropped_query_is_stopped_on_the_server_and_its_connection_is_not_used_again() {
    on_postgres(async |db| {
        add_user(&db.store, &user(1)).await;
        let other = db.another_store().await;
        db.store
            .write(async |tx| {
                tx.users().disable(user(1).id, super::NOW).await?;
                // More that wait for the lock than there are connections.
                for _ in 0..8 {
                    let other = other.clone();
                    let task =
                        tokio::spawn(async move { other.write(async |tx| tx.users().enable(user(1).id).await).await });
                    tokio::time::sleep(Duration::from_millis(60)).await;
                    task.abort();
                    let _ = task.await;
                }
                let soon = tokio::time::timeout(Duration::from_secs(4), count(&other)).await;
                assert_eq!(soon.expect("connections are free again"), 1);
                Result::Ok(())
            })
            .await
            .unwrap();
        let off = db.store.read().await.unwrap().users().by_id(user(1).id).await.unwrap();
        assert!(off.unwrap().is_disabled(), "none of the dropped ones took effect later");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn behind_a_pooler_everything_works_without_a_session() {
    on_postgres(async |db| {
        let Target::Postgres(target) = &db.target else {
            unreachable!()
        };
        let mut target = target.clone();
        target.behind_pooler = true;
        let store = Store::open(&Target::Postgres(target)).await.unwrap();

        add_user(&store, &user(1)).await;
        let mut conn = store.read().await.unwrap();
        let found = conn.users().by_address("user", "", 5).await.unwrap();
        let outside = conn.users().add(&user(2)).await;

        assert_eq!(found, [user(1)]);
        assert!(matches!(outside, Err(Error::Statement(_))), "{outside:?}");
        assert_eq!(count(&store).await, 1);
        authara::storage::migrate::check(&store).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_changed_table_does_not_break_prepared_statements() {
    on_postgres(async |db| {
        add_user(&db.store, &user(1)).await;
        let email = user(1).email;
        let mut conn = db.store.read().await.unwrap();
        conn.users().by_email(&email).await.unwrap();
        drop(conn);

        db.tamper("ALTER TABLE users ALTER COLUMN username TYPE varchar(100)")
            .await;

        let mut conn = db.store.read().await.unwrap();
        assert_eq!(conn.users().by_email(&email).await.unwrap(), Some(user(1)));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let Some(db) = Database::empty_postgres().await else {
        return;
    };
    let Target::Postgres(target) = &db.target else {
        unreachable!()
    };
    let mut target = target.clone();
    target.servers[0].1 = 1;

    let store = Store::open(&Target::Postgres(target)).await.unwrap();

    assert!(store.read().await.err().unwrap().is_unavailable());
    assert!(try_add(&store, &user(1)).await.unwrap_err().is_unavailable());
    db.remove().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_another_program_keeps_locked_is_unavailable_until_it_lets_go() {
    on_sqlite(async |db| {
        let other = rusqlite::Connection::open(db.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();

        assert!(try_add(&db.store, &user(1)).await.unwrap_err().is_unavailable());
        assert_eq!(count(&db.store).await, 0);

        other.execute_batch("COMMIT").unwrap();
        add_user(&db.store, &user(1)).await;
    })
    .await;
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_unavailable() {
    let folder = Folder::new();
    let target = Target::Sqlite(folder.0.join("nowhere/authara.db"));
    let store = Store::open(&target).await.unwrap();

    let error = authara::storage::migrate::up(&store).await.unwrap_err();

    assert!(error.is_unavailable(), "{error}");
}
