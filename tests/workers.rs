//! What runs by itself, on a real database: woken, done and stopped.

use std::time::Duration;

use authara::app::pulse::Worker;
use authara::domain::Clock as _;
use authara::storage;
use tokio::sync::watch;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

const YEAR: Duration = Duration::from_hours(365 * 24);

/// Deletes one session that a cleanup would find, if there is one. How many it was.
async fn delete_one(app: &TestApp) -> u64 {
    let now = app.clock.now();
    let delete = async |tx: &mut storage::Tx| tx.sessions().delete_ended(now, 1).await;
    app.app.store.write(delete).await.unwrap()
}

both!(
    a_worker_that_is_woken_does_its_work_at_once_and_ends_when_told,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        app.user("ada@example.com").await;
        app.user("bob@example.com").await;
        app.clock.advance(YEAR);
        assert_eq!(delete_one(&app).await, 1, "and the other one is left to the worker");
        let (stop, stopping) = watch::channel(false);
        let mut workers = authara::workers::start(&app.app, &stopping);

        app.app.pulse.wake(Worker::Cleanup);
        // Its first round would come a minute after the start, and the keys are read every second.
        let done = async {
            while app.app.pulse.all().values().any(|beat| beat.last_success.is_none()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let is_done = tokio::time::timeout(Duration::from_secs(20), done).await;
        stop.send_replace(true);
        let ended = tokio::time::timeout(Duration::from_secs(20), async {
            while workers.join_next().await.is_some() {}
        });

        assert!(is_done.is_ok() && ended.await.is_ok());
        assert_eq!(delete_one(&app).await, 0);
    }
);
