//! The account page: who one is, and where one is signed in.

pub mod data;
pub mod delete;
pub mod email;
pub mod password;
pub mod sessions;
pub mod username;

use std::net::IpAddr;

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::organization::{Membership, OrganizationRole};
use crate::domain::session::Session;
use crate::domain::{Caller, PlatformRole, SessionId, Timestamp};
use crate::flows::{self, Result};
use crate::http::cx::Cx;
use crate::http::pages::form;
use crate::http::pages::form::Problems;
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;
use crate::words::program::{self, Kind};
use crate::words::{Phrases, dates};

pub(super) const PATH: &str = "/auth/account";

/// What the page shows beside the caller.
pub(super) struct Shown {
    /// The organization, if others are in it too.
    pub(super) organization: Option<Membership>,
    pub(super) sessions: Vec<Session>,
    /// Whether the account has a password.
    pub(super) has_password: bool,
    /// Whether a code can be mailed, to prove an address with.
    pub(super) has_mail: bool,
    /// Whether letters to the caller are refused.
    pub(super) refuses_mail: bool,
}

#[derive(TemplateSimple)]
#[template(path = "account/show.stpl")]
struct AccountPage {
    layout: Layout,
    username: String,
    typed: String,
    problems: Problems,
    initial: String,
    email: String,
    is_proved: bool,
    has_password: bool,
    has_mail: bool,
    organization: Option<String>,
    roles: Vec<PlatformRole>,
    since: When,
    /// What to do where letters to the person are refused.
    mail_refused: Option<String>,
    sessions: Vec<Row>,
}

/// A session in the list.
struct Row {
    id: SessionId,
    kind: Kind,
    program: String,
    address: IpAddr,
    opened: When,
    used: When,
    is_current: bool,
}

/// A point in time in the middle of a sentence.
struct When {
    before: String,
    words: String,
    after: String,
    machine: String,
    exact: String,
    is_day: bool,
}

impl When {
    /// `sentence` puts the words for the time in their place.
    fn new(at: Timestamp, now: Option<Timestamp>, say: &Phrases, sentence: impl FnOnce(char) -> String) -> Self {
        /// Stands for the time while the sentence is taken apart; no message has it.
        const PLACE: char = '\u{0}';

        let day = say.day(at);
        let words = now.map_or_else(|| day.clone(), |now| say.ago(at, now));
        let sentence = sentence(PLACE);
        let (before, after) = sentence.split_once(PLACE).unwrap_or((&sentence, ""));
        Self {
            before: before.to_owned(),
            after: after.to_owned(),
            is_day: words == day,
            words,
            machine: dates::machine(at),
            exact: say.moment(at),
        }
    }
}

impl Row {
    fn new(session: &Session, current: SessionId, now: Timestamp, say: &Phrases) -> Self {
        let user_agent = &session.client.user_agent;
        Self {
            id: session.id,
            kind: program::kind(user_agent),
            program: program::in_words(say, user_agent),
            address: session.client.address,
            opened: When::new(session.created_at, None, say, |date| say.session_opened(date)),
            used: When::new(session.last_used_at, Some(now), say, |when| say.session_used(when)),
            is_current: session.id == current,
        }
    }
}

/// `GET /auth/account`.
pub async fn show(cx: Cx, caller: Caller) -> Result<Reply> {
    page(&cx, &caller, &shown(&cx, &caller).await?)
}

async fn shown(cx: &Cx, caller: &Caller) -> Result<Shown> {
    Ok(Shown {
        organization: flows::organizations::shared(&cx.app, caller).await?,
        sessions: flows::sessions::list(&cx.app, caller).await?,
        has_password: flows::password::has_one(&cx.app, caller).await?,
        has_mail: flows::challenges::can_be_mailed(&cx.app),
        refuses_mail: flows::letters::are_refused(&cx.app, caller).await?,
    })
}

pub(super) fn page(cx: &Cx, caller: &Caller, shown: &Shown) -> Result<Reply> {
    let username = caller.user.username.as_str();
    page_again(cx, caller, shown, StatusCode::OK, username, Problems::default())
}

/// The page after a username was refused: `typed` stands in the field.
pub(super) fn page_again(
    cx: &Cx,
    caller: &Caller,
    shown: &Shown,
    status: StatusCode,
    typed: &str,
    problems: Problems,
) -> Result<Reply> {
    let say = cx.say();
    let problems = problems.within(&[username::FIELD]);
    let row = |session| Row::new(session, caller.session, cx.now(), say);
    let organization = |it: &Membership| say.account_organization_role(&it.name, role(say, it.role));
    let username = caller.user.username.as_str();
    let page = AccountPage {
        layout: Layout {
            shape: "wide",
            ..Layout::signed_in(cx, say.account_title(), PATH).with(&problems)
        },
        username: username.to_owned(),
        typed: typed.to_owned(),
        problems,
        initial: username.chars().take(1).collect(),
        email: caller.user.email.as_str().to_owned(),
        is_proved: caller.user.email_verified_at.is_some(),
        has_password: shown.has_password,
        has_mail: shown.has_mail,
        organization: shown.organization.as_ref().map(organization),
        roles: caller.roles.clone(),
        since: When::new(caller.user.created_at, None, say, String::from),
        mail_refused: shown
            .refuses_mail
            .then(|| say.account_mail_refused(caller.user.email.as_str())),
        sessions: shown.sessions.iter().map(row).collect(),
    };
    form::render(status, page)
}

fn role(say: &Phrases, role: OrganizationRole) -> &str {
    match role {
        OrganizationRole::Owner => say.role_owner(),
        OrganizationRole::Admin => say.role_admin(),
        OrganizationRole::Member => say.role_member(),
    }
}

/// Back to the account page.
fn back(cx: &Cx) -> Result<Reply> {
    Ok(cx.redirect(&form::own_page(PATH)?))
}
