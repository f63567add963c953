//! How far a copy has come is told while it is made and put back.

use std::sync::Mutex;

use authara::domain::audit::{Action, Actor, AuditLine, Filter};
use authara::domain::time::SystemClock;
use authara::domain::{By, Clock as _};
use authara::flows::audit;
use authara::storage::backup::{self, Stage};
use authara::storage::{Store, migrate};

use super::*;
use crate::kit::database::{Database, both};

fn line() -> AuditLine {
    audit::of_restore(&By::operator(SystemClock.now()))
}

async fn is_noted(store: &Store) {
    let newest = store.read().await.unwrap().audit().newest(&Filter::default(), 1).await;
    let newest = &newest.unwrap()[0];
    assert_eq!(
        (newest.action, newest.actor),
        (Action::DatabaseRestored, Actor::Operator)
    );
}

both!(each_stage_is_told, async |db: &Database| {
    let folder = Folder::new();
    let copy = folder.0.join("copy.db");
    let told = Mutex::new(Vec::new());
    let tell = |stage: Stage| told.lock().unwrap().push(stage);

    backup::write(&db.target, &copy, &tell).await.unwrap();
    let written = std::mem::take(&mut *told.lock().unwrap());
    let file = Database::empty_sqlite().await;
    backup::restore(&file.target, &copy, &line(), &tell).await.unwrap();
    let restored = std::mem::take(&mut *told.lock().unwrap());

    assert_eq!(written.last(), Some(&Stage::Check));
    assert!(written.len() > 1, "{written:?}");
    assert!(
        matches!(&restored[..], [Stage::File { bytes: 1.., .. }, Stage::Check]),
        "{restored:?}"
    );
    migrate::check(&file.store).await.unwrap();
    is_noted(&file.store).await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_counted_on_the_way_to_a_server() {
    let Some(server) = Database::empty_postgres().await else {
        return;
    };
    let desk = Desk::new("counted");
    desk.done(&["migrate", "up"]);
    let copy = desk.copy("copy.db");
    desk.done(&["backup", &copy]);
    let last = Mutex::new(None);

    let tell = |stage: Stage| *last.lock().unwrap() = Some(stage);
    backup::restore(&server.target, Path::new(&copy), &line(), &tell)
        .await
        .unwrap();

    let last = last.into_inner().unwrap();
    let Some(Stage::Rows { done, all }) = last else {
        panic!("{last:?}");
    };
    assert!(done > 0 && done == all, "{done} of {all}");
    is_noted(&server.store).await;
    server.remove().await;
}
