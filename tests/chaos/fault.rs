//! What breaks.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::time::sleep;
use tokio_postgres::NoTls;

use crate::cluster::{Cluster, DURABLE};
use crate::dice::Dice;
use crate::live::{Client, get};
use crate::{RECOVERY, World};

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9` of the server.
    Server,
    /// `kill -9` of the database; the server stays.
    Database,
    /// An immediate stop of the database, as of a failing machine; the server stays.
    Stop,
    /// Every connection to the database is ended, again and again; both stay.
    Connections,
    /// `kill -9` of both.
    Both,
    /// The clock is set while nobody asks for anything; server and database stay.
    Clock,
}

/// By how many seconds the clock may be wrong.
const WRONG_BY: [i64; 7] = [-86_400, -120, -2, 0, 2, 120, 86_400];

impl Fault {
    pub(crate) fn choose(has_server: bool, dice: &mut Dice) -> Self {
        if dice.below(4) == 0 {
            return Self::Clock;
        }
        if !has_server {
            return Self::Server;
        }
        match dice.below(8) {
            0..3 => Self::Server,
            3 => Self::Database,
            4 => Self::Stop,
            5 | 6 => Self::Connections,
            _ => Self::Both,
        }
    }

    pub(crate) async fn strike(self, world: &mut World) {
        if matches!(self, Self::Server | Self::Both) {
            world.server.take().unwrap().kill();
            world.figures.server_kills += 1;
        }
        let Some(cluster) = &world.cluster else { return };
        match self {
            // Once everybody has stopped, for who is in the middle of something may be told no.
            Self::Server | Self::Clock => {}
            Self::Database | Self::Both => {
                kill(cluster);
                world.figures.database_kills += 1;
            }
            Self::Stop => {
                signal("QUIT", &postmaster(cluster));
                world.figures.database_kills += 1;
            }
            Self::Connections => {
                let (client, connection) = tokio_postgres::connect(&cluster.address, NoTls).await.unwrap();
                tokio::spawn(connection);
                let sql =
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'authara'";
                for _ in 0..5 {
                    client.execute(sql, &[]).await.unwrap();
                    world.figures.cuts += 1;
                    sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    /// Gets everything going again. A server that was not killed has to find its own way.
    pub(crate) async fn mend(self, world: &mut World) {
        if self == Self::Clock {
            let wrong_by = WRONG_BY[world.dice.below(WRONG_BY.len())];
            set(&world.clock, wrong_by);
            world.figures.clock_changes += 1;
        }
        if let Some(cluster) = &world.cluster
            && matches!(self, Self::Database | Self::Stop | Self::Both)
        {
            start_again(cluster);
        }
        if world.server.is_none() {
            let (server, _) = world.deployment.start().await;
            world.server = Some(server);
            return;
        }
        let begun = Instant::now();
        while !is_ready(world).await {
            assert!(
                begun.elapsed() < RECOVERY,
                "no recovery without a restart after {self:?}"
            );
            sleep(Duration::from_millis(10)).await;
        }
        world.figures.slowest_recovery = world.figures.slowest_recovery.max(begun.elapsed());
    }
}

/// Sets the clock: in place, for the programs that run have the file mapped.
pub(crate) fn set(clock: &Path, wrong_by: i64) {
    let mut file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(clock)
        .unwrap();
    file.write_all(&wrong_by.to_ne_bytes()).unwrap();
}

fn start_again(cluster: &Cluster) {
    // A killed process that nobody has buried yet would be taken for a running one.
    for file in std::fs::read_dir(&cluster.folder).unwrap().flatten() {
        if file.file_name().to_string_lossy().starts_with(".s.PGSQL.") {
            let _ = std::fs::remove_file(file.path());
        }
    }
    let _ = std::fs::remove_file(cluster.folder.join("data/postmaster.pid"));
    Cluster::script("again", &cluster.folder, &DURABLE);
}

async fn is_ready(world: &World) -> bool {
    let Ok(mut client) = Client::connect(world.deployment.address).await else {
        return false;
    };
    matches!(client.send(&get("/auth/ready", "")).await, Ok((200, _)))
}

/// The process that all others of the database come from.
fn postmaster(cluster: &Cluster) -> String {
    let note = std::fs::read_to_string(cluster.folder.join("data/postmaster.pid")).unwrap();
    note.lines().next().unwrap().to_owned()
}

/// All of its processes, the first one first so that it does not start anything again.
fn kill(cluster: &Cluster) {
    let first = postmaster(cluster);
    signal("STOP", &first);
    let children = Command::new("pgrep").args(["-P", &first]).output().unwrap();
    signal("KILL", &first);
    for child in String::from_utf8(children.stdout).unwrap().lines() {
        signal("KILL", child);
    }
}

fn signal(name: &str, process: &str) {
    // It may have ended already.
    let _ = Command::new("kill").args(["-s", name, process]).status();
}
