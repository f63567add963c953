//! What a transaction promises, whatever becomes of whoever holds it.

use std::time::Duration;

use authara::storage::{Error, Result};

use super::{NOW, add_user, count, try_add, user};
use crate::kit::database::{Database, both};

both!(what_is_committed_is_seen_by_others, async |db: &Database| {
    add_user(&db.store, &user(1)).await;

    assert_eq!(count(&db.another_store().await).await, 1);
});

both!(an_error_rolls_back, async |db: &Database| {
    let result: Result<()> = db
        .store
        .write(async |tx| {
            tx.users().add(&user(1)).await?;
            Err(Error::Unreadable("test".to_owned()))
        })
        .await;

    assert_eq!(result.unwrap_err().to_string(), "unreadable data in test");
    assert_eq!(count(&db.store).await, 0);
    add_user(&db.store, &user(1)).await;
});

both!(a_panic_rolls_back, async |db: &Database| {
    let store = db.store.clone();

    let task = tokio::spawn(async move {
        store
            .write(async |tx| -> Result<()> {
                tx.users().add(&user(1)).await?;
                panic!("on purpose");
            })
            .await
    });

    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(count(&db.store).await, 0);
    add_user(&db.store, &user(1)).await;
});

both!(a_write_outside_a_transaction_fails, async |db: &Database| {
    let mut conn = db.store.read().await.unwrap();

    let result = conn.users().add(&user(1)).await;

    assert!(matches!(result, Err(Error::Statement(_))), "{result:?}");
    assert_eq!(count(&db.store).await, 0);
});

both!(a_failed_statement_cannot_be_committed_over, async |db: &Database| {
    let result = db
        .store
        .write(async |tx| {
            tx.users().add(&user(1)).await?;
            // Nobody has this id, so the key to the user is broken.
            let _ = tx.users().set_password(user(9).id, "hash", NOW).await;
            Result::Ok(())
        })
        .await;

    assert!(matches!(result, Err(Error::Statement(_))), "{result:?}");
    assert_eq!(count(&db.store).await, 0);
    add_user(&db.store, &user(1)).await;
});

both!(
    fifty_cancelled_transactions_leave_nothing_and_block_nobody,
    async |db: &Database| {
        let tasks: Vec<_> = (0..50)
            .map(|number| {
                let store = db.store.clone();
                tokio::spawn(async move {
                    store
                        .write(async |tx| -> Result<()> {
                            tx.users().add(&user(2 * number)).await?;
                            tokio::task::yield_now().await;
                            tx.users().add(&user(2 * number + 1)).await?;
                            tx.users().by_id(user(0).id).await?;
                            if number % 3 == 0 {
                                return Err(Error::Unreadable("test".to_owned()));
                            }
                            std::future::pending().await
                        })
                        .await
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            // A different moment for each.
            tokio::time::sleep(Duration::from_micros(number as u64 * 37 % 900)).await;
            task.abort();
            let _ = task.await;
        }

        for number in 0..20 {
            let added = tokio::time::timeout(Duration::from_secs(4), try_add(&db.store, &user(number))).await;
            assert!(added.expect("nobody is in the way").unwrap());
        }
        assert_eq!(count(&db.store).await, 20);
    }
);

both!(
    a_transaction_inside_a_transaction_gives_up_waiting,
    async |db: &Database| {
        if !db.is_sqlite() {
            // A server has more than one writer: here only an empty pool makes one wait.
            let mut held = Vec::new();
            let refused = loop {
                match db.store.read().await {
                    Ok(conn) => held.push(conn),
                    Err(error) => break error,
                }
            };
            assert!(refused.is_unavailable());
            assert!(try_add(&db.store, &user(1)).await.unwrap(), "writers have their own");
            return;
        }

        let inner = db
            .store
            .write(async |tx| {
                tx.users().add(&user(1)).await?;
                Result::Ok(try_add(&db.store, &user(2)).await)
            })
            .await
            .unwrap();

        assert!(inner.unwrap_err().is_unavailable());
        assert_eq!(count(&db.store).await, 1);
    }
);

both!(
    thirty_two_parallel_writers_are_all_durable_and_a_failing_one_undoes_none,
    async |db: &Database| {
        let tasks: Vec<_> = (0..64)
            .map(|number| {
                let store = db.store.clone();
                tokio::spawn(async move {
                    store
                        .write(async |tx| {
                            tx.users().add(&user(number)).await?;
                            tokio::task::yield_now().await;
                            if number % 2 == 0 {
                                Ok(())
                            } else {
                                Err(Error::Unreadable("test".to_owned()))
                            }
                        })
                        .await
                        .is_ok()
                })
            })
            .collect();
        let mut done = 0;
        for task in tasks {
            done += u32::from(task.await.unwrap());
        }

        assert_eq!(done, 32);
        let other = db.another_store().await;
        assert_eq!(count(&other).await, 32);
        for number in (0..64).step_by(2) {
            let id = user(number).id;
            assert!(other.read().await.unwrap().users().by_id(id).await.unwrap().is_some());
        }
    }
);

both!(two_programs_write_to_one_database_at_once, async |db: &Database| {
    let stores = [db.store.clone(), db.another_store().await];

    let tasks: Vec<_> = (0..8)
        .map(|writer| {
            let store = stores[writer as usize % 2].clone();
            tokio::spawn(async move {
                for number in 0..25 {
                    assert!(try_add(&store, &user(writer * 100 + number)).await.unwrap());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }

    assert_eq!(count(&db.store).await, 200);
});
