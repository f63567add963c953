//! People and sessions that do not exist, for pages that show some.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::organization::{Membership, OrganizationRole};
use crate::domain::session::Session;
use crate::domain::{
    Audience, Caller, Client, Email, Method, OrganizationId, PlatformRole, Refusal, SessionId, User, UserId, Username,
};
use crate::flows::account::Farewell;
use crate::http::cx::Cx;
use crate::http::flash::{Flash, FlashKind};
use crate::http::pages::account::Shown;
use crate::words::Phrases;

pub(super) const USERNAME: &str = "ada-lovelace";
pub(super) const EMAIL: &str = "ada@example.com";
/// A username that somebody has.
pub(super) const TAKEN: &str = "Ada";
pub(super) const ORGANIZATION: &str = "Analytical Engines";
/// As long as an address may be before the `@`.
pub(super) const LONG_EMAIL: &str =
    "augusta.ada.king.countess.of.lovelace.and.of.the.analytical.engi@a-rather-long-domain-name.example.com";
const LONG_USERNAME: &str = "augusta-ada-king-of-lovelace-1";

/// Program and address, the second line as if typed by somebody mischievous.
pub(super) const CLIENTS: [(&str, &str); 6] = [
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
        "192.0.2.17",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
        "2001:db8:85a3::8a2e:370:7334",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "198.51.100.4",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1",
        "203.0.113.80",
    ),
    ("curl/8.5.0", "203.0.113.81"),
    ("", "203.0.113.82"),
];
/// How long ago each was used.
const AGO: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_mins(5),
    Duration::from_hours(3),
    Duration::from_hours(2 * 24),
    Duration::from_hours(20 * 24),
    Duration::from_hours(40 * 24),
];

fn id(number: usize) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + number as u128)
}

/// Somebody with an ordinary name.
pub(super) fn caller(cx: &Cx) -> Caller {
    named(cx, USERNAME, EMAIL, &[])
}

/// Somebody of whom everything is long.
pub(super) fn long_caller(cx: &Cx) -> Caller {
    named(cx, LONG_USERNAME, LONG_EMAIL, &PlatformRole::ALL)
}

fn named(cx: &Cx, username: &str, email: &str, roles: &[PlatformRole]) -> Caller {
    let (username, email) = (Username::parse(username), Email::parse(email));
    let (Some(username), Some(email)) = (username, email) else {
        unreachable!("the samples are sound")
    };
    Caller {
        token: None,
        user: User {
            id: UserId::new(id(0)),
            email,
            email_verified_at: None,
            username,
            disabled_at: None,
            waiting_since: None,
            language: String::new(),
            created_at: cx.now() - Duration::from_hours(400 * 24),
        },
        session: SessionId::new(id(0)),
        authenticated_at: cx.now(),
        now: cx.now(),
        audience: Audience::App,
        organization: OrganizationId::new(id(0)),
        organization_role: OrganizationRole::Owner,
        membership: None,
        roles: roles.to_vec(),
        client: cx.client().clone(),
    }
}

/// What the account page shows beside the caller, with that many sessions; of more than one person
/// if there is more than one.
pub(super) fn account(cx: &Cx, sessions: usize) -> Shown {
    let session = |(at, (user_agent, address)): (usize, &(&str, &str))| Session {
        id: SessionId::new(id(at)),
        user: UserId::new(id(0)),
        organization: OrganizationId::new(id(0)),
        created_at: cx.now() - AGO[at] - Duration::from_hours(30),
        expires_at: cx.now() + Duration::from_hours(24),
        last_used_at: cx.now() - AGO[at],
        authenticated_at: cx.now() - AGO[at],
        methods: Method::Password.into(),
        revoked_at: None,
        client: Client::new(address.parse().unwrap_or(cx.client().address), user_agent),
    };
    Shown {
        organization: (sessions > 1).then(|| membership(ORGANIZATION, OrganizationRole::Owner)),
        sessions: CLIENTS.iter().take(sessions).enumerate().map(session).collect(),
        has_password: sessions != 2,
        has_mail: true,
        refuses_mail: false,
    }
}

fn membership(name: &str, role: OrganizationRole) -> Membership {
    Membership {
        organization: OrganizationId::new(id(0)),
        name: name.to_owned(),
        role,
    }
}

/// What deleting an account would mean.
pub(super) fn farewell(obstacle: Option<Refusal>) -> Farewell {
    Farewell {
        ending: vec![membership(USERNAME, OrganizationRole::Owner)],
        remaining: vec![membership(ORGANIZATION, OrganizationRole::Member)],
        obstacle,
    }
}

/// The notice on states of that name.
pub(super) fn notice(say: &Phrases, state: &str) -> Option<Flash> {
    (state == "notice").then(|| Flash {
        kind: FlashKind::Success,
        text: say.password_changed().to_owned(),
    })
}
