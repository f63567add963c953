//! Whether what people were told is true.

use std::net::SocketAddr;

use tokio_postgres::NoTls;

use crate::World;
use crate::live::{self, get};
use crate::person::{Doubt, Person, Session, State};
use crate::visitor::Visitor;

/// Ended sessions of a person that are looked at; the newest.
const ENDED: usize = 4;

/// Settles what was not answered, one way or the other, and then asks whether everything fits.
/// `None` for somebody who never came to be.
pub(crate) async fn person(mut person: Person, address: SocketAddr, csrf: String) -> Option<Person> {
    let mut visitor = Visitor::new(address);
    if let Some(doubt) = person.doubt.take() {
        settle(&mut person, doubt, &mut visitor, &csrf).await;
    }
    for index in 0..person.sessions.len() {
        if person.sessions[index].state == State::Live {
            goes_on(&mut person, index, &mut visitor).await;
        }
    }
    let ended = person.sessions.iter().filter(|session| session.state == State::Ended);
    let ended: Vec<_> = ended
        .rev()
        .take(ENDED)
        .map(|one| (one.token.clone(), one.access.clone()))
        .collect();
    for (token, access) in ended {
        let (status, _) = visitor.insist(&live::refresh(&token)).await;
        assert_eq!(status, 401, "an ended session is alive: {:#?}", person.log);
        assert_eq!(
            user(&mut visitor, &access).await,
            401,
            "its access token works: {:#?}",
            person.log
        );
        person.checks += 2;
    }
    if std::mem::take(&mut person.is_password_new) {
        passwords(&mut person, &mut visitor, &csrf).await;
    }
    forget(&mut person);
    Some(person)
}

async fn settle(person: &mut Person, doubt: Doubt, visitor: &mut Visitor, csrf: &str) {
    person.log.push(format!("in doubt: {doubt:?}"));
    match doubt {
        Doubt::Harmless => {}
        Doubt::SignUp => {
            // All of the account is there or nothing of it.
            if !sign_in(person, &person.password.clone(), visitor, csrf).await {
                let request = live::sign_up(csrf, &person.email, &person.password);
                let (status, body) = visitor.insist(&request).await;
                assert_eq!(status, 201, "half an account: {:#?}", person.log);
                person.sessions.push(Session::told(&body));
            }
        }
        Doubt::End(index) => {
            let (status, body) = visitor.insist(&live::refresh(&person.sessions[index].token)).await;
            match status {
                200 => person.sessions[index].go_on(&body),
                401 => person.sessions[index].state = State::Ended,
                other => panic!("{other}: {:#?}", person.log),
            }
        }
        Doubt::Password(new, except) => {
            let count = person.sessions.len();
            if sign_in(person, &new, visitor, csrf).await {
                let opened = person.sessions.split_off(count);
                person.has_password(new, except);
                person.sessions.extend(opened);
            } else {
                person.former.push(new);
                person.is_password_new = true;
            }
        }
        Doubt::Disable => {
            if !sign_in(person, &person.password.clone(), visitor, csrf).await {
                person.is_off();
            }
        }
        Doubt::Enable => person.is_disabled = !sign_in(person, &person.password.clone(), visitor, csrf).await,
    }
}

/// Whether the password opens a session.
async fn sign_in(person: &mut Person, password: &str, visitor: &mut Visitor, csrf: &str) -> bool {
    let (status, body) = visitor.insist(&person.sign_in_request(csrf, password)).await;
    person.checks += 1;
    match status {
        200 => {
            person.sessions.push(Session::told(&body));
            true
        }
        401 => false,
        other => panic!("sign-in: {other}, {:#?}", person.log),
    }
}

/// A session that nobody ended is alive with the newest token that was told.
async fn goes_on(person: &mut Person, index: usize, visitor: &mut Visitor) {
    let (status, body) = visitor.insist(&live::refresh(&person.sessions[index].token)).await;
    assert_eq!(status, 200, "an acknowledged session is lost: {:#?}", person.log);
    person.sessions[index].go_on(&body);
    let status = user(visitor, &person.sessions[index].access).await;
    assert_eq!(status, 200, "a fresh access token does not work: {:#?}", person.log);
    person.checks += 2;
}

async fn user(visitor: &mut Visitor, access: &str) -> u16 {
    let bearer = format!("authorization: Bearer {access}\r\n");
    visitor.insist(&get("/auth/api/v1/user", &bearer)).await.0
}

async fn passwords(person: &mut Person, visitor: &mut Visitor, csrf: &str) {
    let current = person.password.clone();
    let is_right = sign_in(person, &current, visitor, csrf).await;
    assert_eq!(
        is_right, !person.is_disabled,
        "an acknowledged password: {:#?}",
        person.log
    );
    if let Some(former) = person.former.last().cloned() {
        let is_right = sign_in(person, &former, visitor, csrf).await;
        assert!(!is_right, "a former password works: {:#?}", person.log);
    }
}

/// Nobody keeps everything in mind.
fn forget(person: &mut Person) {
    let ended = person
        .sessions
        .iter()
        .filter(|session| session.state == State::Ended)
        .count();
    let mut surplus = ended.saturating_sub(ENDED);
    person.sessions.retain(|session| {
        let is_surplus = session.state == State::Ended && surplus > 0;
        surplus -= usize::from(is_surplus);
        !is_surplus
    });
    let surplus = person.log.len().saturating_sub(100);
    person.log.drain(..surplus);
}

/// What no client can see. Each finds rows that must not be.
const IMPOSSIBLE: [(&str, &str); 3] = [
    (
        "a session with no live token, or with two",
        "SELECT count(*)
         FROM (SELECT s.id
               FROM sessions s
               LEFT JOIN refresh_tokens t ON t.session_id = s.id AND t.consumed_at IS NULL
               GROUP BY s.id
               HAVING count(t.hash) <> 1) odd",
    ),
    (
        "a chain with a gap",
        "SELECT count(*)
         FROM (SELECT session_id
               FROM refresh_tokens
               GROUP BY session_id
               HAVING count(*) <> max(generation) + 1) odd",
    ),
    (
        "half an account",
        "SELECT count(*)
         FROM users u
         LEFT JOIN passwords p ON p.user_id = u.id
         LEFT JOIN memberships m ON m.user_id = u.id
         LEFT JOIN organizations o ON o.id = m.organization_id
         WHERE p.hash IS NULL OR o.id IS NULL",
    ),
];

impl World {
    /// The database itself is sound, and says nothing that could not be.
    pub(crate) async fn look_into_the_database(&mut self) {
        match &self.cluster {
            None => {
                let file = rusqlite::Connection::open(self.deployment.database()).unwrap();
                let verdict: String = file.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
                assert_eq!(verdict, "ok");
                for (what, sql) in IMPOSSIBLE {
                    let count: i64 = file.query_row(sql, [], |row| row.get(0)).unwrap();
                    assert_eq!(count, 0, "{what}");
                }
            }
            Some(cluster) => {
                let (client, connection) = tokio_postgres::connect(&cluster.address, NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute("SET search_path = authara").await.unwrap();
                for (what, sql) in IMPOSSIBLE {
                    let count: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
                    assert_eq!(count, 0, "{what}");
                }
            }
        }
        self.figures.checks += IMPOSSIBLE.len();
    }
}
