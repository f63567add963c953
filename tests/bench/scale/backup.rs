//! A copy of a database full of people, made while 200 of them come back every second.

use std::cell::Cell;
use std::path::Path;
use std::process::Stdio;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;
use tokio::time::{sleep, sleep_until};

use super::data::Data;
use crate::cluster::Cluster;
use crate::flood::percentile;
use crate::live::{self, Client};
use crate::table::Line;

const USERS: u32 = 100_000;
const CONNECTIONS: u32 = 16;
/// Between two refreshes of one connection: 200 a second together.
const PAUSE: Duration = Duration::from_millis(80);

/// Makes the data on SQLite and measures.
pub(crate) async fn on_sqlite(folder: &Path) -> Vec<Line> {
    let data = Data::on_sqlite(folder, USERS).await;
    measure("SQLite", folder, data).await
}

/// The same on PostgreSQL.
pub(crate) async fn on_postgres(folder: &Path) -> Vec<Line> {
    let cluster = Cluster::start();
    let data = Data::on_postgres(&cluster, folder, USERS).await;
    measure("PostgreSQL", folder, data).await
}

async fn measure(database: &str, folder: &Path, mut data: Data) -> Vec<Line> {
    let copy = folder.join(format!("bench-copy-{}.db", std::process::id()));
    let to = copy.display().to_string();
    let people = LocalSet::new();
    let is_over = Rc::new(Cell::new(false));
    let mut running = Vec::new();
    for number in 0..CONNECTIONS {
        let token = data.tokens.pop().unwrap().expose().to_owned();
        let refreshing = refresh(
            data.deployment.address,
            token,
            PAUSE * number / CONNECTIONS,
            is_over.clone(),
        );
        running.push(people.spawn_local(refreshing));
    }
    let seconds = people
        .run_until(async {
            sleep(Duration::from_secs(2)).await;
            let begun = Instant::now();
            let mut command = data.deployment.command(&["backup", &to]);
            let mut command = command.stderr(Stdio::inherit()).spawn().unwrap();
            let status = loop {
                match command.try_wait().unwrap() {
                    Some(status) => break status,
                    None => sleep(Duration::from_millis(20)).await,
                }
            };
            assert!(status.success());
            is_over.set(true);
            begun.elapsed().as_secs_f64()
        })
        .await;
    people.await;
    let mut times = Vec::new();
    for person in running {
        times.extend(person.await.unwrap());
    }
    let bytes = std::fs::metadata(&copy).unwrap().len();
    std::fs::remove_file(&copy).unwrap();
    println!(
        "{database}: a copy of {} MB, {} refreshes meanwhile",
        bytes >> 20,
        times.len()
    );
    vec![
        Line::at_most(
            &format!("{database}: a copy of {USERS} users under load"),
            seconds,
            30.0,
            "s",
        ),
        Line::at_most(
            &format!("{database}: refresh while it is made, p99"),
            percentile(times, 99),
            50.0,
            "ms",
        ),
    ]
}

/// Refreshes one session again and again, at fixed times; how late each answer was, in milliseconds.
async fn refresh(
    address: std::net::SocketAddr,
    mut token: String,
    first: Duration,
    is_over: Rc<Cell<bool>>,
) -> Vec<f64> {
    let mut client = Client::connect(address).await.unwrap();
    let mut times = Vec::new();
    let mut due = tokio::time::Instant::now() + first;
    while !is_over.get() {
        sleep_until(due).await;
        let (status, body) = client.send(&live::refresh(&token)).await.unwrap();
        assert_eq!(status, 200);
        token = live::text_in(&body, "refresh_token");
        times.push(due.elapsed().as_secs_f64() * 1e3);
        due += PAUSE;
    }
    times
}
