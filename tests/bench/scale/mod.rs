//! The same questions to a small and to a large database.

pub(crate) mod backup;
mod data;

use std::path::Path;
use std::time::{Duration, Instant};

use authara::crypto::token;
use authara::domain::time::SystemClock;
use authara::domain::{Client as Caller, Clock as _, Secret, User};
use authara::storage::sessions::Exchange;
use authara::storage::{self, Conn, Store, Tx};
use authara::workers::cleanup::BATCH;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::flood::percentile;
use crate::live::{self, Client};
use crate::load;
use crate::table::Line;
use data::Data;

/// Users; each has three sessions.
const SMALL: u32 = 10_000;
const LARGE: u32 = 1_000_000;
/// Users on a page.
const PAGE: u32 = 100;

/// Makes the data on SQLite and measures.
pub(crate) async fn on_sqlite(folder: &Path) -> Vec<Line> {
    let small = Data::on_sqlite(folder, SMALL).await;
    let large = Data::on_sqlite(folder, LARGE).await;
    compare("SQLite", large, small).await
}

/// The same on PostgreSQL.
pub(crate) async fn on_postgres(folder: &Path) -> Vec<Line> {
    let cluster = Cluster::start();
    let small = Data::on_postgres(&cluster, folder, SMALL).await;
    let large = Data::on_postgres(&cluster, folder, LARGE).await;
    compare("PostgreSQL", large, small).await
}

async fn compare(database: &str, mut large: Data, mut small: Data) -> Vec<Line> {
    let mut lines = Vec::new();
    let [large_times, small_times] = refresh_in_turn(&mut large, &mut small).await;
    for percent in [50, 99] {
        lines.push(Line::times(
            format!("{database}: refresh, {LARGE} : {SMALL} users, p{percent}"),
            percentile(large_times.clone(), percent),
            percentile(small_times.clone(), percent),
            1.5,
        ));
    }
    for question in QUESTIONS {
        let [large, small] = ask_in_turn(question, &large.store, &small.store).await;
        lines.push(Line::times(
            format!("{database}: {}", question.name()),
            large,
            small,
            3.0,
        ));
    }
    let (times, seconds) = refresh_while_cleaning(&mut large).await;
    println!("{database}: {} sessions deleted in {seconds:.0} s", LARGE / 2);
    let what = format!("{database}: refresh while the cleanup runs, p99");
    lines.push(Line::at_most(&what, percentile(times, 99), 50.0, "ms"));
    lines
}

/// Refreshes over HTTP, one after the other, a few here and a few there; milliseconds.
async fn refresh_in_turn(large: &mut Data, small: &mut Data) -> [Vec<f64>; 2] {
    const TURNS: usize = 100;
    const TURN: usize = 40;

    let mut times = [Vec::new(), Vec::new()];
    let mut clients = [
        Client::connect(large.deployment.address).await.unwrap(),
        Client::connect(small.deployment.address).await.unwrap(),
    ];
    for turn in 0..TURNS {
        for (side, data) in [&mut *large, &mut *small].into_iter().enumerate() {
            for token in data.tokens.split_off(data.tokens.len() - TURN) {
                let begun = Instant::now();
                let request = live::refresh(token.expose());
                let (status, _) = clients[side].send(&request).await.unwrap();
                assert_eq!(status, 200);
                // The first turns find nothing in any cache.
                if turn >= TURNS / 10 {
                    times[side].push(begun.elapsed().as_secs_f64() * 1e3);
                }
            }
        }
    }
    times
}

/// What operators ask.
#[derive(Clone, Copy)]
enum Question {
    FirstPage,
    PageInTheMiddle,
    Address,
    ManyAddresses,
    Username,
    SmallDomain,
    LargeDomain,
    Nobody,
    Sessions,
}

const QUESTIONS: [Question; 9] = [
    Question::FirstPage,
    Question::PageInTheMiddle,
    Question::Address,
    Question::ManyAddresses,
    Question::Username,
    Question::SmallDomain,
    Question::LargeDomain,
    Question::Nobody,
    Question::Sessions,
];

impl Question {
    const fn name(self) -> &'static str {
        match self {
            Self::FirstPage => "list, first page",
            Self::PageInTheMiddle => "list, a page in the middle",
            Self::Address => "search for one address",
            Self::ManyAddresses => "search that fits one in eighteen",
            Self::Username => "search for one username",
            Self::SmallDomain => "search for a domain of a hundred",
            Self::LargeDomain => "search for the domain of every other",
            Self::Nobody => "search that nobody fits",
            Self::Sessions => "sessions of one user",
        }
    }

    /// Asks, as `flows::operator` does; how many were found.
    async fn ask(self, store: &Store, someone: &User) -> storage::Result<usize> {
        let mut conn = store.read().await?;
        let users = match self {
            Self::FirstPage => conn.users().page(None, PAGE).await?,
            Self::PageInTheMiddle => {
                let after = (SystemClock.now() - Duration::from_hours(24 * 300), someone.id);
                conn.users().page(Some(after), PAGE).await?
            }
            Self::Address => beginning(&mut conn, "bob37@").await?,
            Self::ManyAddresses => beginning(&mut conn, "bob").await?,
            Self::Username => beginning(&mut conn, "bob-37").await?,
            Self::SmallDomain => conn.users().by_domain("company7.example", "", PAGE).await?,
            Self::LargeDomain => conn.users().by_domain("mail.example", "", PAGE).await?,
            Self::Nobody => beginning(&mut conn, "zzz").await?,
            Self::Sessions => return Ok(conn.sessions().of_user(someone.id, SystemClock.now()).await?.len()),
        };
        Ok(users.len())
    }
}

async fn beginning(conn: &mut Conn, text: &str) -> storage::Result<Vec<User>> {
    let mut users = conn.users().by_address(text, "", PAGE).await?;
    if users.len() < PAGE as usize {
        users.extend(conn.users().by_username_alone(text, "", PAGE).await?);
    }
    Ok(users)
}

/// Medians in milliseconds.
async fn ask_in_turn(question: Question, large: &Store, small: &Store) -> [f64; 2] {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..40 {
        for (side, store) in [large, small].into_iter().enumerate() {
            let found = store.read().await.unwrap().users().page(None, PAGE).await.unwrap();
            let begun = Instant::now();
            question.ask(store, &found[37]).await.unwrap();
            times[side].push(begun.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.map(load::median)
}

/// Refreshes while the cleanup deletes every sixth session, as `workers::cleanup` does; milliseconds.
async fn refresh_while_cleaning(data: &mut Data) -> (Vec<f64>, f64) {
    let sessions = 3 * u64::from(LARGE);
    data.stop_server();
    data.end_every_sixth_session().await;
    let store = data.store.clone();
    let cleaning = tokio::spawn(async move {
        let begun = Instant::now();
        let mut total = 0;
        loop {
            let before = SystemClock.now() - Duration::from_hours(24 * 30);
            let batch = async |tx: &mut Tx| tx.sessions().delete_ended(before, BATCH).await;
            let deleted = store.write(batch).await.unwrap();
            total += deleted;
            if deleted < u64::from(BATCH) {
                assert!(total > sessions / 7, "{total}");
                return begun.elapsed().as_secs_f64();
            }
        }
    });
    let mut times = Vec::new();
    while !cleaning.is_finished() {
        let Some(token) = data.tokens.pop() else { break };
        let begun = Instant::now();
        exchange(&data.store, &token).await;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        sleep(Duration::from_millis(20)).await;
    }
    (times, cleaning.await.unwrap())
}

/// What a refresh asks of the database. A session may be among those that go.
async fn exchange(store: &Store, old: &Secret) {
    let now = SystemClock.now();
    let exchange = Exchange {
        shown: &token::hash(old).unwrap(),
        next: &token::hash(&token::new()).unwrap(),
        until: now + Duration::from_hours(14 * 24),
        role: None,
        client: &Caller::new([192, 0, 2, 1].into(), "bench"),
        now,
    };
    store.rotate(&exchange).await.unwrap();
}
