//! THE table: every route of this server, with the proof it needs.

use crate::domain::Audience::{self, App};
use crate::http::csrf::Csrf;
use crate::http::route::{Older, Route, anyone, newcomer, recent, user, visitor};
use crate::http::{api, files, meta, pages};

/// Every route.
pub fn routes() -> Vec<Route> {
    [
        about(),
        entrance(),
        account(),
        development(),
        api_entrance(),
        api_account(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// About the server, and the front door.
fn about() -> Vec<Route> {
    vec![
        // About the server. `/auth/health` is answered before the table is asked (see `pipeline`).
        anyone().get("/auth/health", meta::health).probe(),
        anyone().get("/auth/ready", meta::ready).probe(),
        anyone().get("/auth/version", meta::version).probe(),
        anyone().get("/auth/.well-known/jwks.json", meta::jwks).probe(),
        anyone().get("/auth/static/{file}", files::show).file(),
        // The front door
        anyone().get("/auth", pages::front_door),
        anyone().get("/auth/", pages::front_door),
    ]
}

/// Pages on the way in.
fn entrance() -> Vec<Route> {
    vec![
        // Pages: signing in and up
        visitor().get("/auth/login", pages::login::show),
        anyone().post("/auth/login", pages::login::submit),
        visitor().get("/auth/signup", pages::signup::show),
        anyone().post("/auth/signup", pages::signup::submit),
        visitor().get("/auth/login/code", pages::login_code::show),
        anyone().post("/auth/login/code", pages::login_code::submit),
        // Pages: codes and links by mail
        anyone().get("/auth/password-reset", pages::password_reset::show),
        anyone().post("/auth/password-reset", pages::password_reset::submit),
        newcomer().get("/auth/verify-challenge/email-change", pages::verify::show_address),
        newcomer().post("/auth/verify-challenge/email-change", pages::verify::submit_address),
        anyone().get("/auth/verify-challenge/{action}", pages::verify::show),
        anyone().post("/auth/verify-challenge/{action}", pages::verify::submit),
        anyone().post("/auth/resend-challenge", pages::verify::resend),
        newcomer().get("/auth/verify-email", pages::verify_email::show),
        newcomer().post("/auth/verify-email", pages::verify_email::submit),
        anyone().get("/auth/not-me", pages::not_me::show),
        anyone().post("/auth/not-me", pages::not_me::submit),
        // Pages: language and appearance
        visitor()
            .post("/auth/preferences", pages::preferences::submit)
            .same_site_only(
                "changes only how pages look and in which language one reads, and error pages have no value",
            ),
    ]
}

/// Pages of people who are signed in.
fn account() -> Vec<Route> {
    vec![
        // Pages: sessions; scripts call the two POSTs as well
        visitor().get("/auth/sessions/logout", pages::sessions::ask),
        anyone().post("/auth/sessions/logout", pages::sessions::sign_out),
        anyone()
            .post("/auth/sessions/refresh", pages::sessions::refresh)
            .audience(&Audience::ALL),
        newcomer().get("/auth/reauthenticate", pages::confirm::show),
        newcomer().post("/auth/reauthenticate", pages::confirm::submit),
        anyone()
            .get("/auth/sessions/confirm", pages::confirm::moved)
            .older_spelling_of("/auth/reauthenticate", "2026-11-29"),
        // Pages: the account
        user().get("/auth/account", pages::account::show),
        user().post("/auth/user/username", pages::account::username::submit),
        recent().get("/auth/email-change", pages::account::email::show),
        recent().post("/auth/email-change", pages::account::email::submit),
        recent().get("/auth/account/data", pages::account::data::show),
        recent().post("/auth/account/data", pages::account::data::submit),
        recent().get("/auth/user/delete", pages::account::delete::show),
        recent().post("/auth/user/delete", pages::account::delete::submit),
        anyone().get("/auth/successful-deletion", pages::account::delete::done),
        user().get("/auth/providers/password/change", pages::account::password::show),
        user().post("/auth/providers/password/change", pages::account::password::submit),
        recent().get("/auth/providers/password/link", pages::account::password::show_first),
        recent().post("/auth/providers/password/link", pages::account::password::submit_first),
        recent().post("/auth/sessions/revoke-other", pages::account::sessions::revoke_others),
        recent().post("/auth/sessions/{session}/revoke", pages::account::sessions::revoke),
    ]
}

/// Pages for those who work on pages, or with a development server.
fn development() -> Vec<Route> {
    vec![
        // Pages: all of them, for those who work on them; only with APP_ENV=dev
        anyone().get("/auth/dev/pages", pages::gallery::index),
        anyone().get("/auth/dev/pages/{page}/{state}", pages::gallery::show),
        // Pages: letters that nobody sends; only in `authara dev`
        anyone().get("/auth/dev/mail", pages::inbox::list),
        anyone().get("/auth/dev/mail/{letter}", pages::inbox::show),
        anyone().get("/auth/dev/mail/{letter}/html", pages::inbox::html),
    ]
}

/// JSON on the way in.
fn api_entrance() -> Vec<Route> {
    vec![
        // JSON: signing in and up
        anyone().get_json("/auth/api/v1/csrf", api::csrf::show),
        anyone()
            .post_json("/auth/api/v1/signup/direct", api::signup::direct)
            .audience(&[App])
            .no_csrf_without_cookies(),
        anyone()
            .post_json("/auth/api/v1/login", api::login::submit)
            .audience(&Audience::ALL)
            .no_csrf_without_cookies(),
        // JSON: codes by mail
        anyone()
            .post_json("/auth/api/v1/login/challenges", api::challenges::sign_in)
            .no_csrf_without_cookies(),
        anyone()
            .post_json("/auth/api/v1/login/challenges/verify", api::challenges::verify_sign_in)
            .audience(&Audience::ALL)
            .no_csrf_without_cookies(),
        anyone()
            .post_json("/auth/api/v1/signup/challenges", api::challenges::sign_up)
            .audience(&[App])
            .no_csrf_without_cookies(),
        anyone()
            .post_json("/auth/api/v1/signup/challenges/verify", api::challenges::verify_sign_up)
            .audience(&[App])
            .no_csrf_without_cookies(),
        anyone()
            .post_json("/auth/api/v1/password-reset/challenges", api::challenges::reset)
            .no_csrf_without_cookies(),
        anyone()
            .post_json(
                "/auth/api/v1/password-reset/challenges/verify",
                api::challenges::verify_reset,
            )
            .no_csrf_without_cookies(),
        anyone()
            .post_json("/auth/api/v1/challenges/resend", api::challenges::resend)
            .no_csrf_without_cookies(),
        // JSON: sessions
        anyone()
            .post_bare("/auth/api/v1/sessions/refresh", api::sessions::refresh)
            .audience(&Audience::ALL)
            .no_csrf_without_cookies(),
        anyone()
            .post_bare("/auth/api/v1/sessions/logout", api::sessions::logout)
            .no_csrf_with_bearer(),
        anyone()
            .post_json("/auth/api/v1/tokens/refresh", api::tokens::refresh)
            .no_csrf("the token is in the body; no cookie is read"),
    ]
}

/// JSON for people who are signed in.
fn api_account() -> Vec<Route> {
    vec![
        // JSON: proving again that it is oneself
        recent().post_bare("/auth/api/v1/reauthenticate/check", api::reauthenticate::check),
        newcomer().post_json("/auth/api/v1/reauthenticate/password", api::reauthenticate::by_password),
        // JSON: the person signed in
        user().get_json("/auth/api/v1/user", api::user::show),
        user().put_json("/auth/api/v1/users/password", api::user::set_password),
        user().get_json("/auth/api/v1/account", api::account::show),
        newcomer().post_json(
            "/auth/api/v1/account/email-change/challenges",
            api::account::change_email,
        ),
        newcomer().post_json(
            "/auth/api/v1/account/email-change/challenges/verify",
            api::account::verify_email,
        ),
        recent().post_json("/auth/api/v1/account/password", api::account::add_password),
        recent().delete_json(
            "/auth/api/v1/account/auth-methods/{provider}",
            api::account::remove_method,
        ),
        user().patch_json("/auth/api/v1/account/username", api::account::rename),
        user().put_json("/auth/api/v1/account/password", api::account::change_password),
        recent().delete_json("/auth/api/v1/account/sessions/others", api::account::end_others),
        recent().delete_json("/auth/api/v1/account/sessions/{session}", api::account::end_session),
        user().get_json("/auth/api/v1/capabilities", api::capabilities::show),
        user().get_json("/auth/api/v1/organizations", api::organizations::list),
        user().get_json("/auth/api/v1/organizations/current", api::organizations::current),
    ]
}

/// One line of the printed table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The method.
    pub method: String,
    /// The path.
    pub pattern: &'static str,
    /// Who may.
    pub access: &'static str,
    /// The CSRF check, or why there is none.
    pub csrf: String,
    /// The route of which it is an older spelling, if it is one.
    pub older: Option<Older>,
}

/// The table for people to read.
pub fn table() -> Vec<Line> {
    routes().iter().map(line).collect()
}

fn line(route: &Route) -> Line {
    let csrf = match route.rules.csrf {
        Csrf::Safe => "-".to_owned(),
        Csrf::Required => "csrf".to_owned(),
        Csrf::RequiredWithoutBearer => "csrf, or bearer token".to_owned(),
        Csrf::RequiredWithCookies => "csrf, if there are cookies".to_owned(),
        Csrf::SameSite(reason) => format!("same site only: {reason}"),
        Csrf::Waived(reason) => format!("no csrf: {reason}"),
    };
    Line {
        method: route.method.to_string(),
        pattern: route.pattern,
        access: route.access,
        csrf,
        older: route.older,
    }
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::*;
    use crate::http::router::{Found, Router};

    fn older() -> Route {
        anyone()
            .get("/auth/old-login", meta::health)
            .older_spelling_of("/auth/login", "2026-11-28")
    }

    #[test]
    fn an_older_spelling_says_what_to_use_and_since_when() {
        let older = line(&older()).older.expect("an older spelling");

        assert_eq!((older.now, older.since), ("/auth/login", "2026-11-28"));
    }

    #[test]
    fn a_request_by_an_older_spelling_is_answered_and_known_as_one() {
        let router = Router::new(vec![older()]);

        let Found::Route(route, path) = router.find(&Method::GET, "/auth/old-login") else {
            panic!("not found")
        };

        assert_eq!(route.pattern, "/auth/old-login");
        assert_eq!(path.moved_to, Some("/auth/login"));
    }

    #[test]
    fn what_to_use_in_place_of_an_older_spelling_is_a_route_that_is_none() {
        let table = table();

        for line in &table {
            if let Some(older) = line.older {
                let is_route = |other: &&Line| other.pattern == older.now && other.method == line.method;
                let now = table.iter().find(is_route).expect(older.now);
                assert_eq!(now.older, None, "{}", line.pattern);
            }
        }
    }
}
