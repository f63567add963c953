//! What a rush of sign-ins does to everybody else.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream};
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{interval, sleep};

use crate::cluster::Cluster;
use crate::live::{self, Client, Deployment, get, post};
use crate::table::Line;
use crate::{BINARY, basics, load, yardstick};

const CALLERS: usize = 500;
const ACCOUNTS: usize = 50;
const RUSH: Duration = Duration::from_secs(15);
/// Memory of one hash at the default cost, in MB.
const OF_ONE_HASH: f64 = 33.554_432;
/// Memory of a connection while its sign-in waits, in MB, as documented in the README.
const OF_ONE_CALLER: f64 = 0.035;
/// Memory of what a small database takes: caches of SQLite, or connections to PostgreSQL, in MB.
const OF_THE_DATABASE: f64 = 10.0;

/// Which account people sign in to, and whether they know its password.
#[derive(Clone, Copy)]
struct Rush {
    name: &'static str,
    accounts: usize,
    password: &'static str,
}

const RUSHES: [Rush; 4] = [
    Rush {
        name: "one account",
        accounts: 1,
        password: load::PASSWORD,
    },
    Rush {
        name: "one account, wrong password",
        accounts: 1,
        password: "not the right one",
    },
    Rush {
        name: "fifty accounts",
        accounts: ACCOUNTS,
        password: load::PASSWORD,
    },
    Rush {
        name: "fifty accounts, wrong password",
        accounts: ACCOUNTS,
        password: "not the right one",
    },
];

pub(crate) async fn on_sqlite(folder: &Path) -> Vec<Line> {
    let mut deployment = Deployment::new(BINARY, folder, "bench-flood");
    // They fight for the processor; what else uses the disk must not count.
    deployment.preload = Some(yardstick::slow_disk(folder));
    of_sign_ins("SQLite", &deployment).await
}

pub(crate) async fn on_postgres(folder: &Path) -> Vec<Line> {
    let cluster = Cluster::start();
    let deployment = Deployment::on(BINARY, folder, "bench-flood", cluster.address.clone());
    of_sign_ins("PostgreSQL", &deployment).await
}

/// 500 people who want to sign in at once. Who is told to come back does so.
async fn of_sign_ins(database: &str, deployment: &Deployment) -> Vec<Line> {
    let (server, _) = deployment.start().await;
    let address = deployment.address;
    for number in 0..ACCOUNTS {
        load::sign_up(address, &format!("person{number}@example.com")).await;
    }
    sleep(Duration::from_secs(3)).await;
    let idle = basics::megabytes(&server, "VmRSS:");

    let threads = std::thread::available_parallelism().unwrap().get();
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let most = (threads as f64 * OF_ONE_HASH + CALLERS as f64 * OF_ONE_CALLER + OF_THE_DATABASE).round();
    let mut lines = Vec::new();
    for rush in RUSHES {
        basics::forget_peak(&server);
        let probes = Probes::prepare(address, rush.name).await;
        let is_over = Arc::new(AtomicBool::new(false));
        let watching = probes.watch(is_over.clone());
        let answered = run(rush, address, &is_over).await;
        let (refresh, health) = watching.join().unwrap();
        let what = |what| format!("{database}, {}: {what}", rush.name);
        let rate = f64::from(answered) / RUSH.as_secs_f64();
        lines.push(Line::at_most(&what("refresh p99"), percentile(refresh, 99), 50.0, "ms"));
        lines.push(Line::at_most(&what("health p99"), percentile(health, 99), 50.0, "ms"));
        lines.push(Line::at_least(&what("passwords checked"), rate, 1.0, "/s"));
        let peak = basics::megabytes(&server, "VmHWM:") - idle;
        lines.push(Line::at_most(&what("memory above idle"), peak, most, "MB"));
    }
    lines
}

/// How many were let in or told that the password is wrong.
async fn run(rush: Rush, address: SocketAddr, is_over: &Arc<AtomicBool>) -> u32 {
    let mut client = Client::connect(address).await.unwrap();
    let csrf = live::csrf(&mut client).await.unwrap();
    let answered = Arc::new(AtomicU32::new(0));
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let email = format!("person{}@example.com", number % rush.accounts);
        let body = serde_json::json!({ "email": email, "password": rush.password });
        let request = post("/auth/api/v1/login", &csrf, &body);
        let (answered, is_over) = (answered.clone(), is_over.clone());
        callers.spawn(async move {
            let mut client = Client::over(from_another_place(address, number).await).unwrap();
            while !is_over.load(Ordering::Relaxed) {
                let (head, _) = client.exchange(&request).await.unwrap();
                match live::status(&head) {
                    Some(200 | 401) => _ = answered.fetch_add(1, Ordering::Relaxed),
                    Some(503) => sleep(Duration::from_secs(live::number(&head, "retry-after").unwrap() as u64)).await,
                    other => panic!("{other:?}: {head}"),
                }
            }
        });
    }
    sleep(RUSH).await;
    let count = answered.load(Ordering::Relaxed);
    is_over.store(true, Ordering::Relaxed);
    callers.abort_all();
    while callers.join_next().await.is_some() {}
    count
}

/// One address may open so many connections only.
async fn from_another_place(address: SocketAddr, number: usize) -> TcpStream {
    let place = u8::try_from(2 + number / 50).unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, place], 0).into()).unwrap();
    socket.connect(address).await.unwrap()
}

/// People who go on with what they do.
struct Probes {
    address: SocketAddr,
    tokens: Vec<String>,
}

impl Probes {
    const PAUSE: Duration = Duration::from_millis(25);

    async fn prepare(address: SocketAddr, rush: &str) -> Self {
        let mut tokens = Vec::new();
        for number in 0..8 {
            let email = format!("{}{number}@example.com", rush.replace([' ', ','], "-"));
            tokens.push(load::sign_up(address, &email).await.refresh);
        }
        Self { address, tokens }
    }

    /// Eight refresh and eight ask for health, each forty times a second, on a thread that has nothing
    /// else to do: a client elsewhere would have a core for itself. The times it took, in milliseconds.
    fn watch(self, is_over: Arc<AtomicBool>) -> std::thread::JoinHandle<(Vec<f64>, Vec<f64>)> {
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let people = LocalSet::new();
            people.block_on(&runtime.unwrap(), async {
                let (mut refreshing, mut asking) = (JoinSet::new(), JoinSet::new());
                for token in self.tokens {
                    refreshing.spawn_local(keep_refreshing(self.address, token, is_over.clone()));
                    asking.spawn_local(keep_asking(self.address, is_over.clone()));
                }
                (refreshing.join_all().await.concat(), asking.join_all().await.concat())
            })
        })
    }
}

async fn keep_refreshing(address: SocketAddr, mut token: String, is_over: Arc<AtomicBool>) -> Vec<f64> {
    let mut client = Client::connect(address).await.unwrap();
    let (mut times, mut tick) = (Vec::new(), interval(Probes::PAUSE));
    while !is_over.load(Ordering::Relaxed) {
        // Late answers are followed at once by what should have been sent meanwhile, so that a stall counts in full.
        let due = tick.tick().await;
        let (status, body) = client.send(&live::refresh(&token)).await.unwrap();
        times.push(due.elapsed().as_secs_f64() * 1e3);
        assert_eq!(status, 200);
        token = live::text_in(&body, "refresh_token");
    }
    times
}

async fn keep_asking(address: SocketAddr, is_over: Arc<AtomicBool>) -> Vec<f64> {
    let mut client = Client::connect(address).await.unwrap();
    let (mut times, mut tick) = (Vec::new(), interval(Probes::PAUSE));
    while !is_over.load(Ordering::Relaxed) {
        let due = tick.tick().await;
        let (status, _) = client.send(&get("/auth/health", "")).await.unwrap();
        times.push(due.elapsed().as_secs_f64() * 1e3);
        assert_eq!(status, 200);
    }
    times
}

/// The value that so many in a hundred do not exceed.
pub(crate) fn percentile(mut times: Vec<f64>, percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    times[(times.len() * percent / 100).min(times.len() - 1)]
}
