//! What holds for every request and answer, whatever the route. Everything here walks the route
//! table, so that a new route is covered on the day it is added.

/// Declares a test on one database, where no database has a say.
macro_rules! once {
    ($name:ident, $test:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $name() {
            crate::kit::database::on_sqlite($test).await;
        }
    };
}

mod bodies;
mod cookies;
mod csrf;
mod headers;
mod methods;
mod reading;

use authara::http::assets;
use authara::http::csrf::Csrf;
use authara::http::route::{Route, Takes};
use authara::http::routes::routes;

use crate::api::checks::sound_body;
use crate::kit::client::{Call, Client};

const ADA: &str = "ada@example.com";

/// A path that fits a pattern.
fn path(route: &Route) -> String {
    let place = |segment| match segment {
        "{file}" => assets::url("style.css").rsplit('/').next().unwrap(),
        segment if segment.starts_with('{') => "01234567-89ab-7def-8123-456789abcdef",
        segment => segment,
    };
    route.pattern.split('/').map(place).collect::<Vec<_>>().join("/")
}

fn is_api(route: &Route) -> bool {
    route.pattern.starts_with("/auth/api/")
}

/// Routes that change something and ask for the proof that it was meant.
fn guarded() -> Vec<Route> {
    let mut all = routes();
    all.retain(|route| {
        matches!(
            route.rules.csrf,
            Csrf::Required | Csrf::RequiredWithoutBearer | Csrf::RequiredWithCookies
        )
    });
    assert!(all.len() >= 11, "all routes are seen");
    all
}

/// A request with everything the route asks for, to `target`.
fn call_at<'c>(client: &'c Client, route: &Route, target: &str) -> Call<'c> {
    let call = client.call(route.method.clone(), target);
    match (sound_body(route), route.takes) {
        (Some(body), _) => call.json(&body),
        (None, Takes::Form) => call.form(&[]),
        (None, _) => call,
    }
}

fn call<'c>(client: &'c Client, route: &Route) -> Call<'c> {
    call_at(client, route, &path(route))
}
