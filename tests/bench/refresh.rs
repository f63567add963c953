//! Refreshing against what the database alone can do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cluster::Cluster;
use crate::live::Deployment;
use crate::pgbench::PgBench;
use crate::table::Line;
use crate::{BINARY, CLIENTS, ROUNDS, load, yardstick};

pub(crate) async fn on_sqlite(folder: &Path) -> [Line; 2] {
    let as_it_is = rates(None, folder).await;
    let slow = rates(Some(yardstick::slow_disk(folder)), folder).await;
    [
        Line::ratio("refresh, 32 clients : single commits", &as_it_is.0, &as_it_is.1, 5.0),
        Line::ratio("the same, where a flush takes 2 ms", &slow.0, &slow.1, 5.0),
    ]
}

async fn rates(disk: Option<PathBuf>, folder: &Path) -> (Vec<f64>, Vec<f64>) {
    let mut deployment = Deployment::new(BINARY, folder, "bench-refresh");
    deployment.preload = disk.clone();
    let (_server, _) = deployment.start().await;
    let mut sessions = load::Sessions::open(&deployment, CLIENTS).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(sessions.refresh_rate(Duration::from_secs(2)).await);
        theirs.push(yardstick::commit_rate(disk.as_deref(), folder));
    }
    (ours, theirs)
}

/// Against `pgbench`, which sends the same statement to the same server and does nothing else.
pub(crate) async fn on_postgres(folder: &Path) -> Line {
    let cluster = Cluster::start();
    let deployment = Deployment::on(BINARY, folder, "bench-postgres", cluster.address.clone());
    let (_server, _) = deployment.start().await;
    let mut sessions = load::Sessions::open(&deployment, CLIENTS).await;
    let pgbench = PgBench::new(&cluster, folder);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(sessions.refresh_rate(Duration::from_secs(3)).await);
        theirs.push(pgbench.rate(CLIENTS, Duration::from_secs(3)).await);
    }
    Line::ratio("refresh on PostgreSQL : pgbench", &ours, &theirs, 0.6)
}
