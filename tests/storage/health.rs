//! Whether a database answers.

use std::time::Duration;

use super::NOW;
use crate::kit::database::{Database, both};

both!(a_database_that_is_there_answers, async |db: &Database| {
    db.store.read().await.unwrap().health().ping().await.unwrap();
});

both!(
    what_is_written_to_prove_that_it_can_be_is_swept_away,
    async |db: &Database| {
        for _ in 0..3 {
            let written = db.store.write(async |tx| tx.health().write(NOW).await).await;
            written.unwrap();
        }

        for expected in [1, 0] {
            let sweep = db
                .store
                .write(async |tx| tx.budgets().delete_over(NOW + Duration::from_secs(1), 10).await);
            assert_eq!(sweep.await.unwrap(), expected);
        }
    }
);

#[tokio::test]
async fn a_file_that_is_gone_does_not_answer_and_is_not_made() {
    let db = Database::empty_sqlite().await;

    let error = db.store.read().await.unwrap().health().ping().await.unwrap_err();

    assert!(error.is_unavailable(), "{error}");
    assert!(!db.path().exists());
}
