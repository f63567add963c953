//! Floor 5: what runs by itself beside requests. Each worker is one file; none serves HTTP.

mod cleanup;
mod keys;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::app::App;

/// Starts every worker. They end soon after `stop` turns true; await the set to wait for them.
pub fn start(app: &Arc<App>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    workers.spawn(keys::run(app.clone(), stop.clone()));
    workers.spawn(cleanup::run(app.clone(), stop.clone()));
    workers
}

/// Waits until it is time for the next round; `false` when the server stops.
async fn next_round(stop: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    let stopped = async {
        // An error means that the sender is gone, which is a stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::time::timeout(pause, stopped).await.is_err()
}
