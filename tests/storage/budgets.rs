//! Budgets that hold across instances.

use std::time::Duration;

use authara::domain::limit::{Budget, Limit};
use authara::domain::time::LEEWAY;
use authara::domain::{Timestamp, TokenHash};
use authara::storage::{Result, Store, Tx};

use super::NOW;
use crate::kit::database::{Database, both};

const KEY: TokenHash = TokenHash::new([7; 32]);
const BUDGET: Budget = Budget {
    limit: 3,
    window: Duration::from_hours(1),
};

async fn take(store: &Store, now: Timestamp) -> bool {
    let work = async |tx: &mut Tx| -> Result<bool> { tx.budgets().take(Limit::LoginAccount, &KEY, BUDGET, now).await };
    store.write(work).await.unwrap()
}

async fn end(db: &Database) -> Option<Timestamp> {
    let mut conn = db.store.read().await.unwrap();
    conn.budgets().end(Limit::LoginAccount, &KEY).await.unwrap()
}

both!(
    of_parallel_takers_as_many_get_one_as_there_are,
    async |db: &Database| {
        let stores = [db.store.clone(), db.another_store().await];
        let takers = (0..20).map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move { take(&store, NOW).await })
        });

        let mut got = 0;
        for taker in takers.collect::<Vec<_>>() {
            got += u32::from(taker.await.unwrap());
        }
        assert_eq!(got, BUDGET.limit);
    }
);

both!(
    what_is_given_back_can_be_taken_again_and_names_do_not_mix,
    async |db: &Database| {
        for _ in 0..3 {
            assert!(take(&db.store, NOW).await);
        }
        assert!(!take(&db.store, NOW).await);

        let give_back =
            async |tx: &mut Tx| -> Result<()> { tx.budgets().give_back(Limit::LoginAccount, &KEY, BUDGET).await };
        db.store.write(give_back).await.unwrap();
        assert!(take(&db.store, NOW).await);
        assert!(!take(&db.store, NOW).await);

        let forget = async |tx: &mut Tx| -> Result<bool> { tx.budgets().forget(Limit::LoginAccount, &KEY).await };
        assert!(db.store.write(forget).await.unwrap());
        assert!(!db.store.write(forget).await.unwrap());
        assert!(take(&db.store, NOW).await);

        let other =
            async |tx: &mut Tx| -> Result<bool> { tx.budgets().take(Limit::LoginDevice, &KEY, BUDGET, NOW).await };
        assert!(db.store.write(other).await.unwrap());
    }
);

both!(
    a_window_that_was_used_up_is_followed_by_a_longer_one,
    async |db: &Database| {
        let mut now = NOW;
        for hours in [1, 2, 4, 8, 16, 24, 24] {
            for _ in 0..3 {
                assert!(take(&db.store, now).await);
            }
            assert!(!take(&db.store, now).await);
            let ends = end(db).await.unwrap();
            assert_eq!(ends.since(now), Duration::from_hours(hours));
            now = ends;
        }

        assert!(take(&db.store, now).await);
        now = end(db).await.unwrap();
        assert!(take(&db.store, now).await);
        assert_eq!(
            end(db).await.unwrap().since(now),
            Duration::from_hours(24),
            "one that was not used up makes up for nothing"
        );
    }
);

both!(
    a_window_of_an_instance_whose_clock_is_a_little_ahead_is_not_cut,
    async |db: &Database| {
        // As long as a window gets.
        let budget = Budget {
            window: Duration::from_hours(24),
            ..BUDGET
        };
        let take = async |now| {
            let work =
                async |tx: &mut Tx| -> Result<bool> { tx.budgets().take(Limit::LoginAccount, &KEY, budget, now).await };
            db.store.write(work).await.unwrap()
        };
        let ahead = NOW + Duration::from_secs(2);
        for _ in 0..3 {
            assert!(take(ahead).await);
        }

        assert!(!take(NOW).await);
        assert!(!take(ahead).await);
        assert_eq!(end(db).await, Some(ahead + budget.window));

        // No two clocks differ by more: it was set back.
        let late = ahead - LEEWAY - Duration::from_secs(1);
        assert!(take(late).await);
        assert_eq!(end(db).await.unwrap(), late + budget.window);
    }
);

both!(
    staying_below_the_limit_for_ever_gets_slower_too,
    async |db: &Database| {
        let mut now = NOW;
        // Two each: none before, then two, four, six.
        for hours in [1, 1, 2, 4] {
            for _ in 0..2 {
                assert!(take(&db.store, now).await);
            }
            let ends = end(db).await.unwrap();
            assert_eq!(ends.since(now), Duration::from_hours(hours));
            now = ends;
        }
    }
);

both!(what_was_given_back_counts_in_no_later_window, async |db: &Database| {
    let mut now = NOW;
    for _ in 0..5 {
        for _ in 0..3 {
            assert!(take(&db.store, now).await);
        }
        for _ in 0..3 {
            let give_back =
                async |tx: &mut Tx| -> Result<()> { tx.budgets().give_back(Limit::LoginAccount, &KEY, BUDGET).await };
            db.store.write(give_back).await.unwrap();
        }
        let ends = end(db).await.unwrap();
        assert_eq!(ends.since(now), BUDGET.window);
        now = ends;
    }
});

both!(the_first_to_be_told_is_known, async |db: &Database| {
    let tell = async || {
        let work = async |tx: &mut Tx| -> Result<bool> { tx.budgets().tell(Limit::LoginAccount, &KEY, BUDGET).await };
        db.store.write(work).await.unwrap()
    };
    for _ in 0..3 {
        assert!(!tell().await);
        assert!(take(&db.store, NOW).await);
    }

    assert!(tell().await);
    assert!(!tell().await);
    assert!(!take(&db.store, NOW).await);
    // One of the three was still under way, on another instance, and succeeds.
    let give_back =
        async |tx: &mut Tx| -> Result<()> { tx.budgets().give_back(Limit::LoginAccount, &KEY, BUDGET).await };
    db.store.write(give_back).await.unwrap();
    assert!(take(&db.store, NOW).await, "two are no three");
    assert!(!take(&db.store, NOW).await);
    assert!(take(&db.store, NOW + BUDGET.window).await);
});

both!(windows_that_are_over_are_deleted, async |db: &Database| {
    assert_eq!(end(db).await, None);
    assert!(take(&db.store, NOW).await);
    let delete = async |before| {
        let work = async |tx: &mut Tx| -> Result<u64> { tx.budgets().delete_over(before, 10).await };
        db.store.write(work).await.unwrap()
    };

    assert_eq!(delete(NOW + BUDGET.window).await, 0);
    assert_eq!(delete(NOW + BUDGET.window + Duration::from_secs(1)).await, 1);
    assert_eq!(end(db).await, None);
});
