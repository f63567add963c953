//! Kills the server and its database in the middle of their work and sets the clock, again and again, and looks whether
//! what was acknowledged is true afterwards: `scripts/chaos`.
//!
//! A killed process proves that an answer is sent only after its commit. That a commit outlives a
//! power cut is the work of the databases' own settings, which `storage` has tests for.

#![expect(clippy::unwrap_used, reason = "a harness that cannot go on says so by failing")]
#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

mod check;
#[path = "../live/cluster.rs"]
mod cluster;
mod dice;
mod fault;
#[expect(dead_code, reason = "others do more to a server than this harness")]
#[path = "../live/mod.rs"]
mod live;
mod person;
mod visitor;

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;
use tokio::time::sleep;

use cluster::Cluster;
use dice::Dice;
use fault::Fault;
use live::{Deployment, Server};
use person::{Person, Session};
use visitor::Visitor;

const BINARY: &str = env!("CARGO_BIN_EXE_authara");
/// People who do something in a round, and streams of new ones.
const BUSY: usize = 14;
const STREAMS: usize = 2;
/// People of former rounds whom the checker visits in each.
const VISITED: usize = 6;
/// How soon the server must be of use again once its database is.
const RECOVERY: Duration = Duration::from_secs(5);

/// What happened.
#[derive(Default)]
struct Figures {
    rounds: usize,
    server_kills: usize,
    database_kills: usize,
    cuts: usize,
    clock_changes: usize,
    acknowledged: usize,
    unanswered: usize,
    checks: usize,
    slowest_recovery: Duration,
}

/// One database, the server on it and everybody who has an account.
struct World {
    deployment: Rc<Deployment>,
    cluster: Option<Cluster>,
    /// Says by how much the clock is wrong.
    clock: PathBuf,
    server: Option<Server>,
    people: Vec<Person>,
    figures: Figures,
    dice: Dice,
}

fn main() {
    let (databases, rounds) = arguments();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let each = rounds.div_ceil(databases.len());
    for database in databases {
        LocalSet::new().block_on(&runtime, async {
            let begun = Instant::now();
            let mut world = World::new(database).await;
            for _ in 0..each {
                world.round().await;
            }
            world.finish().await;
            world.figures.print(database, world.people.len(), begun.elapsed());
        });
    }
}

fn arguments() -> (Vec<&'static str>, usize) {
    let (mut databases, mut rounds) = (Vec::new(), 200);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rounds" => rounds = words.next().and_then(|count| count.parse().ok()).expect("--rounds N"),
            "sqlite" => databases.push("sqlite"),
            "postgres" => databases.push("postgres"),
            // From cargo.
            "--bench" => {}
            other => panic!("{other}? It is: scripts/chaos [--rounds N] [sqlite|postgres]"),
        }
    }
    if databases.is_empty() {
        databases = vec!["sqlite", "postgres"];
    }
    (databases, rounds)
}

impl World {
    async fn new(database: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(folder).unwrap();
        let cluster = (database == "postgres").then(Cluster::start);
        let name = format!("chaos-{database}");
        let mut deployment = match &cluster {
            None => Deployment::new(BINARY, folder, &name),
            Some(cluster) => Deployment::on(BINARY, folder, &name, cluster.address.clone()),
        };
        let clock = folder.join(format!("{name}-clock"));
        fault::set(&clock, 0);
        deployment.preload = Some(live::library("tests/live/shifted_clock.c", folder));
        deployment.settings = vec![("TEST_CLOCK", clock.display().to_string())];
        let (server, _) = deployment.start().await;
        Self {
            deployment: Rc::new(deployment),
            cluster,
            clock,
            server: Some(server),
            people: Vec::new(),
            figures: Figures::default(),
            dice: Dice::new(),
        }
    }

    /// Everybody goes on with their life, something breaks, everybody is asked what is true.
    async fn round(&mut self) {
        let address = self.deployment.address;
        let csrf = Visitor::new(address).csrf().await;
        let is_over = Rc::new(Cell::new(false));
        let mut lives = Vec::new();
        for _ in 0..BUSY.min(self.people.len()) {
            let person = self.people.swap_remove(self.dice.below(self.people.len()));
            lives.push(tokio::task::spawn_local(person.live(
                self.deployment.clone(),
                csrf.clone(),
                is_over.clone(),
            )));
        }
        let streams: Vec<_> = (0..STREAMS)
            .map(|stream| {
                let name = format!("{}-{stream}", self.figures.rounds);
                tokio::task::spawn_local(person::arrive(address, csrf.clone(), is_over.clone(), name))
            })
            .collect();

        sleep(Duration::from_millis(100 + self.dice.below(600) as u64)).await;
        let fault = Fault::choose(self.cluster.is_some(), &mut self.dice);
        fault.strike(self).await;
        // Whom the fault has spared need not go on.
        is_over.set(true);

        let mut touched = Vec::new();
        for life in lives {
            touched.push(life.await.unwrap());
        }
        for stream in streams {
            touched.extend(stream.await.unwrap());
        }
        fault.mend(self).await;

        if fault == Fault::Clock {
            let everybody = self.people.iter_mut().chain(&mut touched);
            everybody
                .flat_map(|person| &mut person.sessions)
                .for_each(Session::forget_former);
        }
        // People with a token of another time ask for a new one, as browsers do by themselves.
        let count = match fault {
            Fault::Clock => self.people.len(),
            _ => VISITED.min(self.people.len()),
        };
        for _ in 0..count {
            touched.push(self.people.swap_remove(self.dice.below(self.people.len())));
        }
        self.check(touched).await;
        self.look_into_the_database().await;
        self.figures.rounds += 1;
        if self.figures.rounds.is_multiple_of(20) {
            let Figures {
                rounds,
                acknowledged,
                checks,
                ..
            } = self.figures;
            println!("round {rounds}: {acknowledged} acknowledged, {checks} checks");
        }
    }

    /// Asks everybody once more.
    async fn finish(&mut self) {
        let everybody = std::mem::take(&mut self.people);
        self.check(everybody).await;
        self.look_into_the_database().await;
    }

    async fn check(&mut self, touched: Vec<Person>) {
        let address = self.deployment.address;
        let csrf = Visitor::new(address).csrf().await;
        let checking: Vec<_> = touched
            .into_iter()
            .map(|person| tokio::task::spawn_local(check::person(person, address, csrf.clone())))
            .collect();
        for one in checking {
            let Some(mut person) = one.await.unwrap() else { continue };
            self.figures.acknowledged += std::mem::take(&mut person.acknowledged);
            self.figures.unanswered += std::mem::take(&mut person.unanswered);
            self.figures.checks += std::mem::take(&mut person.checks);
            self.people.push(person);
        }
    }
}

impl Figures {
    fn print(&self, database: &str, people: usize, time: Duration) {
        println!(
            "{database}: {} rounds in {:.0} s: {} kills of the server, {} of the database, {} cuts of connections, {} changes of the clock; \
             {people} people, {} acknowledged writes, {} without an answer; {} checks, all true; \
             slowest recovery without a restart {} ms",
            self.rounds,
            time.as_secs_f64(),
            self.server_kills,
            self.database_kills,
            self.cuts,
            self.clock_changes,
            self.acknowledged,
            self.unanswered,
            self.checks,
            self.slowest_recovery.as_millis(),
        );
    }
}
