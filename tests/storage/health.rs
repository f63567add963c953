//! Whether a database answers.

use crate::kit::database::{Database, both};

both!(a_database_that_is_there_answers, async |db: &Database| {
    db.store.read().await.unwrap().health().ping().await.unwrap();
});

#[tokio::test]
async fn a_file_that_is_gone_does_not_answer_and_is_not_made() {
    let db = Database::empty_sqlite().await;

    let error = db.store.read().await.unwrap().health().ping().await.unwrap_err();

    assert!(error.is_unavailable(), "{error}");
    assert!(!db.path().exists());
}
