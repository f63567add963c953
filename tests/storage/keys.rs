//! Signing keys.

use authara::domain::signing_key::SigningKey;
use authara::storage::Tx;

use super::{HOUR, NOW};
use crate::kit::database::{Database, both};

fn key(id: &str) -> SigningKey {
    SigningKey {
        id: id.to_owned(),
        public: vec![0, 255, 1],
        sealed: vec![7; 60],
        created_at: NOW,
        active_from: NOW + HOUR,
        retired_at: None,
    }
}

both!(
    keys_are_listed_oldest_first_and_retired_but_for_one,
    async |db: &Database| {
        let mut newer = key("a");
        newer.created_at = NOW + HOUR;

        let added = db
            .store
            .write(async |tx| {
                let first = tx.keys().add(&newer).await?;
                let second = tx.keys().add(&key("b")).await?;
                let taken = tx.keys().add(&key("b")).await?;
                authara::storage::Result::Ok((first, second, taken))
            })
            .await
            .unwrap();

        assert_eq!(added, (true, true, false));
        let keys = db.store.read().await.unwrap().keys().all().await.unwrap();
        assert_eq!(keys, [key("b"), newer.clone()]);
        let retired = async || {
            db.store
                .write(async |tx| tx.keys().retire_others("a", NOW).await)
                .await
                .unwrap()
        };
        assert_eq!(retired().await, 1);
        assert_eq!(retired().await, 0);
        let keys = db.store.read().await.unwrap().keys().all().await.unwrap();
        assert_eq!(keys[0].retired_at, Some(NOW));
        assert_eq!(keys[1], newer);
    }
);

both!(
    instances_that_start_together_make_one_first_key,
    async |db: &Database| {
        let stores = [db.store.clone(), db.another_store().await];

        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let store = stores[number % 2].clone();
                tokio::spawn(async move {
                    let key = key(&format!("key-{number}"));
                    let add_first = async |tx: &mut Tx| {
                        tx.keys().lock().await?;
                        if tx.keys().all().await?.is_empty() {
                            return tx.keys().add(&key).await;
                        }
                        Ok(false)
                    };
                    store.write(add_first).await.unwrap()
                })
            })
            .collect();
        let mut made = 0;
        for task in tasks {
            made += u32::from(task.await.unwrap());
        }

        assert_eq!(made, 1);
        assert_eq!(db.store.read().await.unwrap().keys().all().await.unwrap().len(), 1);
    }
);
