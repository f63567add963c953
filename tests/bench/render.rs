//! What a page costs once its request has been read: asked of the handlers in this process, one
//! after another, without a network between.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use authara::app::{self, App};
use authara::config::Config;
use authara::crypto::keys::generate_seed;
use authara::domain::time::SystemClock;
use authara::domain::{Anyone, Audience, By, Caller, Client, Secret, Visitor};
use authara::flows::access;
use authara::flows::entry::{password, sign_up};
use authara::http::cx::Cx;
use authara::http::pages;
use authara::http::site::Site;
use authara::storage::{Store, migrate};
use hyper::Request;

use crate::load;
use crate::table::Line;

const EMAIL: &str = "grace@example.com";
const PASSWORD: &str = "correct horse battery";
/// In the list of the account page.
const SESSIONS: usize = 10;
const LIMIT: f64 = 200.0;

pub(crate) async fn pages(folder: &Path) -> [Line; 2] {
    let folder = folder.join("render");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let config = Config::dev(8080, &folder, &generate_seed()).unwrap();
    migrate::up(&Store::open(&app::target(&config.database)).await.unwrap())
        .await
        .unwrap();
    let app = App::build(config, Arc::new(SystemClock)).await.unwrap();
    let site = Arc::new(Site::new(&app.config));
    let client = Client::new([127, 0, 0, 1].into(), "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
    let caller = signed_in(&app, &By::nobody(&client, app.now())).await;

    let cx = |path: &str| {
        let (head, ()) = Request::get(path).body(()).unwrap().into_parts();
        Cx::new(Arc::clone(&app), Arc::clone(&site), head, client.clone())
    };
    let login = microseconds(async || {
        let guest = Visitor::Guest(Anyone { client: client.clone() });
        pages::login::show(cx("/auth/login"), guest).await.unwrap();
    });
    let login = login.await;
    let account = microseconds(async || {
        pages::account::show(cx("/auth/account"), caller.clone()).await.unwrap();
    });
    let account = account.await;
    [
        Line::at_most("making the login page", login, LIMIT, "µs"),
        Line::at_most("making an account page of ten sessions", account, LIMIT, "µs"),
    ]
}

async fn signed_in(app: &App, by: &By) -> Caller {
    let application = sign_up::Application {
        email: EMAIL.to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: None,
    };
    sign_up::direct(app, by, application, Audience::App).await.unwrap();
    let mut access = String::new();
    for _ in 1..SESSIONS {
        let credentials = password::Credentials {
            identifier: EMAIL.to_owned(),
            password: Secret::new(PASSWORD),
            device: None,
        };
        let signed_in = password::with_password(app, by, credentials, Audience::App).await;
        signed_in.unwrap().tokens.access.expose().clone_into(&mut access);
    }
    access::caller(app, by, Audience::App, &access).await.unwrap()
}

/// The median of rounds, each the mean of many.
async fn microseconds(mut once: impl AsyncFnMut()) -> f64 {
    const ROUNDS: usize = 15;
    const ROUND: Duration = Duration::from_millis(100);

    let mut means = Vec::new();
    for _ in 0..ROUNDS {
        let (begun, mut count) = (Instant::now(), 0_u32);
        while begun.elapsed() < ROUND {
            once().await;
            count += 1;
        }
        means.push(begun.elapsed().as_secs_f64() * 1e6 / f64::from(count));
    }
    load::median(means)
}
