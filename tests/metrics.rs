//! What Prometheus reads: a strict reading of its text format, and numbers that are right.

#![expect(clippy::float_cmp, reason = "counts are whole numbers, which are exact")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use authara::app::pulse::Worker;
use authara::http::metrics::Metrics;
use http_body_util::BodyExt;
use hyper::{Method, Request};
use serde_json::json;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};
use crate::live::{Client, Deployment, free_port, get};

/// Every sample by its name and labels as they are written.
type Samples = BTreeMap<String, f64>;

/// Reads a text as the format's description says, and takes nothing that is left to taste.
fn parse(text: &str) -> Samples {
    assert!(text.ends_with('\n'), "the last line has its end");
    let mut samples = Samples::new();
    let mut families = BTreeSet::new();
    let mut family = (String::new(), String::new());
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap_or_else(|| panic!("no help: {line}"));
            assert!(words.ends_with('.') && !words.contains('\\'), "{line}");
            assert!(families.insert(name.to_owned()), "{name} comes twice");
            family = (name.to_owned(), String::new());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap_or_else(|| panic!("no type: {line}"));
            assert_eq!(name, family.0, "the type follows the help");
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
            kind.clone_into(&mut family.1);
        } else {
            let (name, labels, value) = sample(line);
            let suffix = name
                .strip_prefix(&family.0)
                .unwrap_or_else(|| panic!("out of its family: {line}"));
            let allowed: &[&str] = match family.1.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"],
                "" => panic!("no type: {line}"),
                _ => &[""],
            };
            assert!(allowed.contains(&suffix), "{line}");
            assert_eq!(
                suffix == "_bucket",
                labels.iter().any(|(name, _)| name == "le"),
                "{line}"
            );
            assert!(value >= 0.0, "{line}");
            let whole = line.rsplit_once(' ').unwrap().0.to_owned();
            assert!(samples.insert(whole, value).is_none(), "{line} comes twice");
        }
    }
    check_histograms(&samples);
    samples
}

/// `name{label="value",…} 1.5`
fn sample(line: &str) -> (&str, Vec<(String, String)>, f64) {
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels: Vec<(String, String)> = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
            assert!(
                is_name(label) && !labels.iter().any(|(known, _)| known == label),
                "{line}"
            );
            let (text, after) = quoted(after).unwrap_or_else(|| panic!("no end of a label: {line}"));
            labels.push((label.to_owned(), text));
            let Some(more) = after.strip_prefix(',') else {
                rest = after
                    .strip_prefix('}')
                    .unwrap_or_else(|| panic!("no end of labels: {line}"));
                break;
            };
            rest = more;
        }
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no space: {line}"));
    assert!(value.chars().all(|c| c.is_ascii_digit() || ".e-".contains(c)), "{line}");
    (
        name,
        labels,
        value.parse().unwrap_or_else(|_| panic!("no number: {line}")),
    )
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match letters.next()?.1 {
                'n' => '\n',
                letter @ ('\\' | '"') => letter,
                _ => return None,
            }),
            letter => value.push(letter),
        }
    }
    None
}

/// Buckets grow, the last is `+Inf`, and it is the count.
fn check_histograms(samples: &Samples) {
    for (count, value) in samples.iter().filter(|(name, _)| name.contains("_seconds_count")) {
        let start = count.replace("_count", "_bucket");
        let start = start.trim_end_matches('}').to_owned() + if start.ends_with('}') { ",le=\"" } else { "{le=\"" };
        let mut buckets: Vec<_> = samples
            .iter()
            .filter_map(|(name, value)| {
                let bound = name.strip_prefix(&start)?.strip_suffix("\"}")?;
                Some((
                    if bound == "+Inf" {
                        f64::INFINITY
                    } else {
                        bound.parse().unwrap()
                    },
                    *value,
                ))
            })
            .collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        assert!(
            buckets.len() > 3 && buckets.is_sorted_by_key(|(_, value)| *value),
            "{count}: {buckets:?}"
        );
        assert_eq!(buckets.last(), Some(&(f64::INFINITY, *value)), "{count}");
        assert!(samples.contains_key(&count.replace("_count", "_sum")), "{count}");
    }
}

async fn scrape(app: &TestApp) -> Samples {
    let request = Request::get("/metrics").body(()).unwrap();
    let answer = Metrics::new(app.service.clone()).answer(&request);
    assert_eq!(answer.status(), 200);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    parse(std::str::from_utf8(&body).unwrap())
}

fn at(samples: &Samples, name: &str) -> f64 {
    *samples.get(name).unwrap_or_else(|| panic!("no {name} in {samples:#?}"))
}

both!(what_happens_is_counted, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;
    let stolen = client.cookie("authara_refresh");

    let refresh = async |token: &str| {
        let body = json!({ "refresh_token": token });
        let answer = app.client().post_json("/auth/api/v1/tokens/refresh", &body).await;
        (answer.status, answer.text())
    };
    assert_eq!(refresh(&stolen).await.0, 200);
    assert_eq!(refresh(&stolen).await.0, 200);
    app.clock.advance(Duration::from_mins(5));
    let (_, text) = refresh(&stolen).await;
    let newest: serde_json::Value = serde_json::from_str(&text).unwrap();
    let newest = newest["refresh_token"].as_str().unwrap_or(&stolen).to_owned();
    refresh(&newest).await;
    app.clock.advance(Duration::from_mins(5));
    assert_eq!(refresh(&stolen).await.0, 401);
    assert_eq!(refresh(&"A".repeat(43)).await.0, 401);
    for path in ["/auth/nothing", "/auth/other", "/auth/health"] {
        client.get(path).await;
    }
    client
        .call(Method::from_bytes(b"BREW").unwrap(), "/auth/login")
        .send()
        .await;
    app.app.metrics.limit_hits("login.address");
    app.app.pulse.beat(Worker::Keys);
    app.app.pulse.miss(Worker::Cleanup);
    let samples = scrape(&app).await;

    let requests = |route: &str, method: &str, status: u16| {
        let labels = format!("route=\"{route}\",method=\"{method}\",status=\"{status}\"");
        at(&samples, &format!("authara_http_requests_total{{{labels}}}"))
    };
    assert_eq!(requests("/auth/api/v1/signup/direct", "POST", 201), 1.0);
    assert_eq!(requests("/auth/health", "GET", 200), 1.0);
    assert_eq!(requests("none", "GET", 404), 2.0);
    assert_eq!(requests("/auth/login", "other", 405), 1.0);
    assert_eq!(
        at(
            &samples,
            "authara_http_request_duration_seconds_count{route=\"/auth/api/v1/signup/direct\"}"
        ),
        1.0
    );
    let outcome = |name: &str| at(&samples, &format!("authara_refreshes_total{{outcome=\"{name}\"}}"));
    assert!(outcome("rotated") >= 1.0);
    assert!(outcome("successor_again") >= 1.0);
    assert_eq!((outcome("theft"), outcome("unknown"), outcome("kept")), (1.0, 1.0, 0.0));
    assert_eq!(at(&samples, "authara_limit_hits_total{limit=\"login.address\"}"), 1.0);
    assert_eq!(
        at(
            &samples,
            "authara_worker_last_success_timestamp_seconds{worker=\"keys\"}"
        ),
        1_800_000_600.0
    );
    assert_eq!(at(&samples, "authara_worker_failures_total{worker=\"cleanup\"}"), 1.0);
    for worker in Worker::ALL {
        // Also one that has not fallen yet: an alert needs a number to compare with.
        let name = format!("authara_worker_restarts_total{{worker=\"{}\"}}", worker.name());
        assert_eq!(at(&samples, &name), 0.0);
    }
    assert!(at(&samples, "authara_password_hash_duration_seconds_count") >= 1.0);
    assert_eq!(at(&samples, "authara_password_hashes_waiting"), 0.0);
    assert!(at(&samples, "authara_database_transactions_total") >= 3.0);
    assert!(at(&samples, "authara_database_commits_total") >= 3.0);
    assert!(at(&samples, "authara_database_connections_max") >= 8.0);
    assert!(at(&samples, "authara_http_connections_total") >= 10.0);
    assert_eq!(at(&samples, "authara_http_connections_refused_total"), 0.0);
    assert!(at(&samples, "process_resident_memory_bytes") > 1e6);
    assert!(at(&samples, "process_open_fds") > 3.0);
    assert_eq!(at(&samples, "process_start_time_seconds"), 1_800_000_000.0);
    assert_eq!(
        at(
            &samples,
            concat!("authara_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}")
        ),
        1.0
    );
});

/// What is at an address, as head and body.
async fn fetch(address: std::net::SocketAddr, request: &[u8]) -> (String, String) {
    let mut client = Client::connect(address).await.unwrap();
    let (head, body) = client.exchange(request).await.unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn r129_metrics_are_on_their_own_listener_and_nowhere_else() {
    let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &std::env::temp_dir(), "metrics");
    deployment.log = Some(crate::kit::log::file());
    deployment
        .settings
        .push(("AUTHARA_METRICS_LISTEN", metrics.to_string()));
    let (_server, _) = deployment.start().await;
    let main = deployment.address;

    for path in ["/metrics", "/auth/metrics", "/auth/api/v1/metrics"] {
        assert!(
            fetch(main, &get(path, "")).await.0.starts_with("HTTP/1.1 404"),
            "{path}"
        );
    }
    for path in ["/", "/metrics/", "/auth/login", "/auth/health", "//metrics"] {
        let (head, body) = fetch(metrics, &get(path, "")).await;
        assert!(head.starts_with("HTTP/1.1 404") && body.is_empty(), "{path}: {head}");
    }
    let posted = b"POST /metrics HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n";
    let (head, _) = fetch(metrics, posted).await;
    assert!(
        head.starts_with("HTTP/1.1 405") && head.contains("allow: GET, HEAD\r\n"),
        "{head}"
    );

    let (head, text) = fetch(metrics, &get("/metrics", "")).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    for line in [
        "content-type: text/plain; version=0.0.4; charset=utf-8\r\n",
        "x-content-type-options: nosniff\r\n",
        "cache-control: no-store\r\n",
    ] {
        assert!(head.contains(line), "{head}");
    }
    let samples = parse(&text);
    assert_eq!(at(&samples, "authara_http_connections_open"), 0.0);
    assert!(at(&samples, "process_cpu_seconds_total") >= 0.0);
}
