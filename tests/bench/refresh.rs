//! Refreshing against what the database alone can do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cluster::Cluster;
use crate::live::Deployment;
use crate::pgbench::PgBench;
use crate::table::Line;
use crate::{BINARY, CLIENTS, ROUNDS, basics, load, yardstick};

/// Processor time of the server for one refresh, in microseconds.
const PROCESSOR: f64 = 115.0;

/// Rates measured in turn, and what one refresh took of the processor.
struct Measured {
    ours: Vec<f64>,
    theirs: Vec<f64>,
    processor: Vec<f64>,
}

impl Measured {
    fn ratio(&self, what: &str, limit: f64) -> Line {
        Line::ratio(what, &self.ours, &self.theirs, limit)
    }

    fn processor(&self, what: &str) -> Line {
        Line::at_most(what, load::median(self.processor.clone()), PROCESSOR, "µs")
    }
}

pub(crate) async fn on_sqlite(folder: &Path) -> [Line; 3] {
    let as_it_is = against_commits(None, folder).await;
    let slow = against_commits(Some(yardstick::slow_disk(folder)), folder).await;
    [
        as_it_is.ratio("refresh, 32 clients : single commits", 1.5),
        slow.ratio("the same, where a flush takes 2 ms", 10.0),
        as_it_is.processor("processor time of a refresh, SQLite"),
    ]
}

async fn against_commits(disk: Option<PathBuf>, folder: &Path) -> Measured {
    let mut deployment = Deployment::new(BINARY, folder, "bench-refresh");
    deployment.preload = disk.clone();
    measure(&deployment, async || yardstick::commit_rate(disk.as_deref(), folder)).await
}

/// Against `pgbench`, which sends the same statement to the same server and does nothing else.
pub(crate) async fn on_postgres(folder: &Path) -> [Line; 2] {
    let cluster = Cluster::start();
    let deployment = Deployment::on(BINARY, folder, "bench-postgres", cluster.address.clone());
    let pgbench = PgBench::new(&cluster, folder);
    let measured = measure(&deployment, async || pgbench.rate(CLIENTS, TIME).await).await;
    [
        measured.ratio("refresh on PostgreSQL : pgbench", 0.75),
        measured.processor("processor time of a refresh, PostgreSQL"),
    ]
}

const TIME: Duration = Duration::from_secs(2);

async fn measure(deployment: &Deployment, yardstick: impl AsyncFn() -> f64) -> Measured {
    let (server, _) = deployment.start().await;
    let mut sessions = load::Sessions::open(deployment, CLIENTS).await;
    let mut measured = Measured {
        ours: Vec::new(),
        theirs: Vec::new(),
        processor: Vec::new(),
    };
    for _ in 0..ROUNDS {
        let before = basics::processor_seconds(&server);
        let rate = sessions.refresh_rate(TIME).await;
        let taken = basics::processor_seconds(&server) - before;
        measured.processor.push(taken * 1e6 / (rate * TIME.as_secs_f64()));
        measured.ours.push(rate);
        measured.theirs.push(yardstick().await);
    }
    measured
}
