//! What runs by itself, on a real database: woken, done and stopped.

use std::time::Duration;

use authara::app::pulse::Worker;
use authara::domain::limit::{Budget, Limit};
use authara::domain::{Clock as _, TokenHash};
use authara::storage;
use tokio::sync::watch;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, Folder, both};

const WEEK: Duration = Duration::from_hours(7 * 24);
const YEAR: Duration = Duration::from_hours(365 * 24);

/// Deletes one session that a cleanup would find, if there is one. How many it was.
async fn delete_one(app: &TestApp) -> u64 {
    let now = app.clock.now();
    let delete = async |tx: &mut storage::Tx| tx.sessions().delete_ended(now, 1).await;
    app.app.store.write(delete).await.unwrap()
}

/// Starts the workers, wakes them, waits until they are done, and stops them.
async fn work(app: &TestApp) {
    let (stop, stopping) = watch::channel(false);
    let mut workers = authara::workers::start(&app.app, &stopping);
    // Their first rounds would come up to a minute after the start.
    for worker in Worker::ALL {
        app.app.pulse.wake(worker);
    }
    let done = async {
        while app
            .app
            .pulse
            .all()
            .values()
            .any(|beat| beat.last_success < Some(app.clock.now()))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let is_done = tokio::time::timeout(Duration::from_secs(20), done).await;
    stop.send_replace(true);
    let ended = tokio::time::timeout(Duration::from_secs(20), async {
        while workers.join_next().await.is_some() {}
    });

    assert!(is_done.is_ok() && ended.await.is_ok());
}

both!(
    a_worker_that_is_woken_does_its_work_at_once_and_ends_when_told,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        app.user("ada@example.com").await;
        app.user("bob@example.com").await;
        app.clock.advance(YEAR);
        assert_eq!(delete_one(&app).await, 1, "and the other one is left to the worker");
        work(&app).await;
        assert_eq!(delete_one(&app).await, 0);
    }
);

both!(
    what_was_guessed_at_an_account_is_forgotten_after_a_quiet_week,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let window = Duration::from_hours(1);
        let budget = Budget { limit: 1, window };
        let key = TokenHash::new([7; 32]);
        let begun = app.clock.now();
        let guess = async |tx: &mut storage::Tx| tx.budgets().take(Limit::LoginAccount, &key, budget, begun).await;
        assert!(app.app.store.write(guess).await.unwrap());
        let is_kept = async || {
            let mut conn = app.app.store.read().await.unwrap();
            let end = conn.budgets().end(Limit::LoginAccount, &key).await.unwrap();
            end.is_some()
        };

        app.clock.advance(WEEK);
        work(&app).await;
        assert!(is_kept().await);

        app.clock.advance(window + Duration::from_secs(1));
        work(&app).await;
        assert!(!is_kept().await);
    }
);

both!(the_newest_copies_of_the_database_are_kept, async |db: &Database| {
    let folder = Folder::new();
    let path = folder.0.clone();
    let app = TestApp::with(db, |config| {
        config.backups.folder = Some(path);
        config.backups.keep = 3;
    })
    .await;
    app.user("ada@example.com").await;
    let copies = || {
        let files = std::fs::read_dir(&folder.0).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    // Not ours, and named while the clock was wrong.
    let (other, ahead) = ("notes.db", "authara-20990101T000000Z.db");
    for name in [other, ahead] {
        std::fs::write(folder.0.join(name), "").unwrap();
    }

    work(&app).await;
    app.clock.advance(Duration::from_hours(23));
    work(&app).await;

    let made = ["authara-20270115T080000Z.db", ahead, other];
    assert_eq!(copies(), made, "one a day");
    let copy = rusqlite::Connection::open(folder.0.join(made[0])).unwrap();
    let people: i64 = copy
        .query_row("SELECT count(*) FROM users", (), |row| row.get(0))
        .unwrap();
    assert_eq!(people, 1);
    drop(copy);

    for _ in 0..4 {
        app.clock.advance(Duration::from_hours(24));
        work(&app).await;
    }
    let open = std::fs::read_dir("/proc/self/fd").unwrap();
    let open = open.filter_map(|file| std::fs::read_link(file.unwrap().path()).ok());
    let of_copies: Vec<_> = open.filter(|file| file.starts_with(&folder.0)).collect();
    assert!(
        of_copies.is_empty(),
        "a deleted one would keep its place on the disk: {of_copies:?}"
    );
    let kept = [18, 19, 20].map(|day| format!("authara-202701{day}T070000Z.db"));
    assert_eq!(copies()[..3], kept);
    assert_eq!(copies()[3..], [ahead, other], "not ours to delete");
});
