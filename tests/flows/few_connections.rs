//! More at once than there are connections to the database.

use std::sync::Arc;
use std::time::Duration;

use authara::domain::{Audience, Secret};
use authara::flows::{access, refresh};

use crate::kit::database::Database;
use crate::kit::proxy::{Proxy, Wire};
use crate::kit::world::{PASSWORD, World, by};

/// Ten for each connection.
const AT_ONCE: usize = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_at_once_wait_for_three_connections() {
    let Some(db) = Database::migrated_postgres().await else {
        return;
    };
    // As far away as another machine.
    let (proxy, db) = Proxy::before(&db).await;
    let world = World::on(db, |config| {
        if let authara::config::Database::Postgres(postgres) = &mut config.database {
            postgres.max_connections = 3;
        }
    })
    .await;
    let mut sessions = Vec::new();
    for number in 0..AT_ONCE {
        sessions.push(world.sign_up(&format!("ada{number}@example.com")).await.tokens);
    }
    proxy.set(Wire::Late(Duration::from_millis(1)));

    let tasks: Vec<_> = sessions
        .into_iter()
        .map(|tokens| {
            let app = world.app.clone();
            let call = |token: Secret| {
                let app = app.clone();
                tokio::spawn(async move {
                    let caller = access::caller(&app, &by(&app), Audience::App, token.expose()).await;
                    caller.map(|_| ())
                })
            };
            let called = call(tokens.access);
            let app = app.clone();
            let refreshed = tokio::spawn(async move {
                let refreshed = refresh::with_token(&app, &by(&app), &tokens.refresh, Audience::App).await;
                refreshed.map(|_| ())
            });
            [called, refreshed]
        })
        .collect();
    let world = Arc::new(world);
    let sign_ins = (0..AT_ONCE).map(|number| {
        let world = world.clone();
        tokio::spawn(async move {
            let signed_in = world.try_sign_in(&format!("ada{number}@example.com"), PASSWORD).await;
            signed_in.map(|_| ())
        })
    });
    let mut together = Vec::new();
    for task in tasks.into_iter().flatten().chain(sign_ins) {
        together.push(task.await.unwrap());
    }

    assert_eq!(together.len(), 3 * AT_ONCE);
    for outcome in together {
        outcome.unwrap();
    }
}
