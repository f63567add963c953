//! The public promise (`assets/contract/openapi.yaml`) and the route table are the same list.

use std::collections::{BTreeMap, BTreeSet};

use authara::http::csrf::Csrf;
use authara::http::route::{Route, Takes};
use authara::http::routes;

const CONTRACT: &str = include_str!("../assets/contract/openapi.yaml");

/// Routes that answer JSON beside those under `/auth/api`.
const META: [&str; 4] = [
    "/auth/health",
    "/auth/ready",
    "/auth/version",
    "/auth/.well-known/jwks.json",
];

/// A node of the YAML that the contract is written in: maps by indentation, one-line lists and texts.
#[derive(Debug, Clone)]
enum Node {
    Map(BTreeMap<String, Node>),
    Text(String),
}

impl Node {
    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.get(key),
            Self::Text(_) => None,
        }
    }

    fn map(&self) -> &BTreeMap<String, Self> {
        match self {
            Self::Map(map) => map,
            Self::Text(text) => panic!("a map is expected instead of {text}"),
        }
    }

    fn text(&self, key: &str) -> &str {
        match self.get(key) {
            Some(Self::Text(text)) => text,
            _ => "",
        }
    }

    fn list(&self, key: &str) -> Vec<String> {
        let inner = self.text(key).trim_start_matches('[').trim_end_matches(']');
        inner
            .split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect()
    }
}

fn parse(lines: &[&str]) -> Node {
    let mut map = BTreeMap::new();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut rest = lines;
    while let Some((line, others)) = rest.split_first() {
        let depth = indent(line);
        let inner = others.iter().take_while(|other| indent(other) > depth).count();
        let (key, value) = line
            .trim()
            .split_once(':')
            .unwrap_or_else(|| panic!("no key in {line:?}"));
        let value = value.trim();
        let node = if value.is_empty() {
            parse(&others[..inner])
        } else {
            Node::Text(value.trim_matches('"').to_owned())
        };
        // An entry of a list begins with what it is named by.
        let key = if key.starts_with("- ") {
            line.trim()
        } else {
            key.trim_matches('"')
        };
        let is_new = map.insert(key.to_owned(), node).is_none();
        assert!(is_new, "{key} stands twice");
        rest = &others[inner..];
    }
    Node::Map(map)
}

fn contract() -> Node {
    let lines: Vec<&str> = CONTRACT
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
        .collect();
    parse(&lines)
}

/// Every operation of the contract by method and path.
fn operations() -> BTreeMap<(String, String), Node> {
    let contract = contract();
    let paths = contract.get("paths").unwrap().map();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            methods
                .map()
                .iter()
                .map(move |(method, operation)| ((method.to_uppercase(), path.clone()), operation.clone()))
        })
        .collect()
}

fn json_routes() -> Vec<Route> {
    let is_json = |route: &Route| route.pattern.starts_with("/auth/api/") || META.contains(&route.pattern);
    routes::routes().into_iter().filter(is_json).collect()
}

#[test]
fn contract_and_table_name_the_same_routes() {
    let promised: BTreeSet<_> = operations().into_keys().collect();
    let kept: BTreeSet<_> = json_routes()
        .iter()
        .map(|route| (route.method.to_string(), route.pattern.to_owned()))
        .collect();

    assert_eq!(promised, kept);
}

#[test]
fn contract_and_table_agree_on_access_csrf_body_and_audience() {
    let operations = operations();

    for route in json_routes() {
        let key = (route.method.to_string(), route.pattern.to_owned());
        let operation = &operations[&key];
        let csrf = match route.rules.csrf {
            Csrf::Safe | Csrf::SameSite(_) | Csrf::Waived(_) => "none",
            Csrf::Required => "required",
            Csrf::RequiredWithoutBearer => "required-without-bearer",
            Csrf::RequiredWithCookies => "required-with-cookies",
        };
        assert_eq!(operation.text("x-access"), route.access, "{key:?}");
        assert_eq!(operation.text("x-csrf"), csrf, "{key:?}");
        assert_eq!(
            operation.get("requestBody").is_some(),
            route.takes == Takes::Json,
            "{key:?}"
        );
        let audiences: Vec<_> = route.rules.audiences.iter().map(|audience| audience.name()).collect();
        assert_eq!(operation.list("x-audience"), audiences, "{key:?}");
    }
}

#[test]
fn every_operation_is_complete() {
    let mut ids = BTreeSet::new();

    for (key, operation) in operations() {
        assert!(
            ids.insert(operation.text("operationId").to_owned()),
            "{key:?}: the id is taken"
        );
        let responses = operation.get("responses").unwrap().map();
        let good: Vec<_> = responses.keys().filter(|status| status.starts_with('2')).collect();
        assert_eq!(good.len(), 1, "{key:?}");
        for (status, response) in responses.iter().filter(|(status, _)| !status.starts_with('2')) {
            assert!(!response.list("x-codes").is_empty(), "{key:?} {status} lists no codes");
        }
        if key.1 != "/auth/health" {
            assert_eq!(responses["500"].list("x-codes"), ["internal_error"], "{key:?}");
        }
        let has_required_csrf = operation.text("x-csrf").starts_with("required");
        assert!(
            !has_required_csrf || responses["403"].list("x-codes").contains(&"forbidden".to_owned()),
            "{key:?}"
        );
        let access = operation.text("x-access");
        assert!(
            !matches!(access, "user" | "recent") || responses.contains_key("401"),
            "{key:?}"
        );
        let unconfirmed = "recent_authentication_required".to_owned();
        assert!(
            access != "recent" || responses["428"].list("x-codes").contains(&unconfirmed),
            "{key:?}"
        );
    }
}

#[test]
fn every_schema_that_is_named_exists() {
    let contract = contract();
    let components = contract.get("components").unwrap();
    let schemas = components.get("schemas").unwrap().map();

    for line in CONTRACT.lines() {
        if let Some((_, name)) = line.split_once("#/components/schemas/") {
            assert!(schemas.contains_key(name.trim_end_matches(['"', '}', ' '])), "{line}");
        }
    }
}

/// Rows that come before one with a place that they fit as well; no id is spelled so.
const BEFORE_A_PLACE: &[&str] = &[
    "/auth/verify-challenge/email-change",
    "/auth/api/v1/account/sessions/others",
];

#[test]
fn no_two_rows_fit_one_request() {
    let routes = routes::routes();
    let fits = |one: &str, other: &str| {
        let (one, other): (Vec<_>, Vec<_>) = (one.split('/').collect(), other.split('/').collect());
        let is_open = |segment: &str| segment.starts_with('{');
        one.len() == other.len() && one.iter().zip(&other).all(|(a, b)| a == b || is_open(a) || is_open(b))
    };

    for (index, one) in routes.iter().enumerate() {
        for other in &routes[index + 1..] {
            let is_same = one.method == other.method && fits(one.pattern, other.pattern);
            let is_meant = BEFORE_A_PLACE.contains(&one.pattern);
            assert!(
                !is_same || is_meant,
                "{} {} and {}",
                one.method,
                one.pattern,
                other.pattern
            );
        }
    }
}

#[test]
fn r060_every_row_that_changes_something_asks_for_the_proof_or_says_why_not() {
    for route in routes::routes() {
        match route.rules.csrf {
            Csrf::Safe => assert_eq!(route.method, "GET", "{}", route.pattern),
            Csrf::SameSite(reason) | Csrf::Waived(reason) => assert!(reason.len() > 10, "{}", route.pattern),
            Csrf::RequiredWithoutBearer | Csrf::RequiredWithCookies => {
                assert!(route.pattern.starts_with("/auth/api/"), "{}", route.pattern);
            }
            Csrf::Required => assert_ne!(route.method, "GET", "{}", route.pattern),
        }
    }
}

/// Rows for people who are signed in that change something without asking for a recent proof of
/// who they are, each with the reason.
const NOT_RECENT: &[(&str, &str)] = &[
    (
        "/auth/verify-challenge/email-change",
        "needs a code that was asked for with a proof",
    ),
    ("/auth/verify-email", "proves an address that was never proved"),
    ("/auth/reauthenticate", "is how one gives the proof"),
    (
        "/auth/user/username",
        "the contract asks for none; each try is counted and each change noted",
    ),
    (
        "/auth/providers/password/change",
        "asks for the current password in its form",
    ),
    (
        "/auth/api/v1/reauthenticate/password",
        "is how a program gives the proof",
    ),
    (
        "/auth/api/v1/users/password",
        "takes the current password in its body instead",
    ),
    (
        "/auth/api/v1/account/email-change/challenges",
        "its flow asks for the proof once the address is proved",
    ),
    (
        "/auth/api/v1/account/email-change/challenges/verify",
        "needs a code that was asked for with a proof",
    ),
    (
        "/auth/api/v1/account/username",
        "the contract asks for none; each try is counted and each change noted",
    ),
    (
        "/auth/api/v1/account/password",
        "asks for the current password in its body",
    ),
];

#[test]
fn r010_every_row_that_changes_an_account_asks_for_a_recent_proof_or_says_why_not() {
    let without: Vec<_> = routes::routes()
        .iter()
        .filter(|route| route.method != "GET" && matches!(route.access, "user" | "newcomer"))
        .map(|route| route.pattern)
        .collect();
    let excused: Vec<_> = NOT_RECENT.iter().map(|(pattern, _)| *pattern).collect();

    assert_eq!(without, excused);
    assert!(routes::routes().iter().any(|route| route.access == "recent"));
}

#[test]
fn every_route_is_under_the_mount() {
    for line in routes::table() {
        assert!(
            line.pattern == "/auth" || line.pattern.starts_with("/auth/"),
            "{}",
            line.pattern
        );
    }
}
