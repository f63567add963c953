//! Somebody with an account: what they do, and what they have been told.

use std::cell::Cell;
use std::net::SocketAddr;
use std::process::Stdio;
use std::rc::Rc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::dice::Dice;
use crate::live::{self, Deployment, post, text_in};
use crate::visitor::Visitor;

/// Sessions that one person opens at most.
const SESSIONS: usize = 5;
/// After this a token that was exchanged, and whose successor was too, is a stolen one (with room to spare).
const STALE: Duration = Duration::from_secs(12);

/// What a session is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Live,
    Ended,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// The newest refresh token they were told.
    pub(crate) token: String,
    pub(crate) access: String,
    pub(crate) state: State,
    /// A token that is two exchanges old, and since when.
    stale: Option<(String, Instant)>,
    /// The one before the newest.
    former: Option<String>,
}

impl Session {
    /// From an answer with tokens.
    pub(crate) fn told(body: &[u8]) -> Self {
        let access = text_in(body, "access_token");
        let payload = URL_SAFE_NO_PAD.decode(access.split('.').nth(1).unwrap()).unwrap();
        Self {
            id: text_in(&payload, "sid"),
            token: text_in(body, "refresh_token"),
            access,
            state: State::Live,
            stale: None,
            former: None,
        }
    }

    /// The clock was set: how long ago the server thinks that a token was exchanged is not known any more.
    pub(crate) fn forget_former(&mut self) {
        (self.stale, self.former) = (None, None);
    }

    /// They were told the next pair.
    pub(crate) fn go_on(&mut self, body: &[u8]) {
        let next = Self::told(body);
        assert_eq!(next.id, self.id, "a token of another session");
        assert_ne!(next.token, self.token, "a token was not exchanged");
        if let Some(former) = self.former.replace(std::mem::replace(&mut self.token, next.token)) {
            self.stale.get_or_insert((former, Instant::now()));
        }
        self.access = next.access;
    }
}

/// What was asked for and not answered: it happened, or it did not.
#[derive(Debug)]
pub(crate) enum Doubt {
    SignUp,
    /// Nothing hangs on it.
    Harmless,
    /// That session may have ended.
    End(usize),
    /// The password may be this one now, and only that session live.
    Password(String, Option<usize>),
    Disable,
    Enable,
}

/// An account.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
    /// Passwords that they had before.
    pub(crate) former: Vec<String>,
    pub(crate) is_disabled: bool,
    pub(crate) sessions: Vec<Session>,
    pub(crate) doubt: Option<Doubt>,
    /// Whether the password should be tried at the next check.
    pub(crate) is_password_new: bool,
    /// What they did, for whoever wants to know how it came to this.
    pub(crate) log: Vec<String>,
    pub(crate) acknowledged: usize,
    pub(crate) unanswered: usize,
    pub(crate) checks: usize,
    serial: usize,
}

/// Signs people up until nobody answers any more.
pub(crate) async fn arrive(address: SocketAddr, csrf: String, is_over: Rc<Cell<bool>>, name: String) -> Vec<Person> {
    let mut visitor = Visitor::new(address);
    let mut people = Vec::new();
    loop {
        let mut person = Person::new(format!("{name}-{}@example.com", people.len()));
        let request = live::sign_up(&csrf, &person.email, &person.password);
        let answer = visitor.ask(&request).await;
        person.note("sign up", answer.is_some());
        match answer {
            Some((201, body)) => person.sessions.push(Session::told(&body)),
            Some((status, body)) => panic!("sign-up: {status} {}", String::from_utf8_lossy(&body)),
            None => person.doubt = Some(Doubt::SignUp),
        }
        let has_doubt = person.doubt.is_some();
        people.push(person);
        if has_doubt || is_over.get() {
            return people;
        }
    }
}

impl Person {
    fn new(email: String) -> Self {
        Self {
            password: format!("{email} has a password 0"),
            email,
            former: Vec::new(),
            is_disabled: false,
            sessions: Vec::new(),
            doubt: None,
            is_password_new: true,
            log: Vec::new(),
            acknowledged: 0,
            unanswered: 0,
            checks: 0,
            serial: 0,
        }
    }

    fn note(&mut self, what: &str, is_acknowledged: bool) {
        self.log
            .push(format!("{what}: {}", if is_acknowledged { "done" } else { "?" }));
        if is_acknowledged {
            self.acknowledged += 1;
        } else {
            self.unanswered += 1;
        }
    }

    /// Does this and that until something is not answered.
    pub(crate) async fn live(mut self, deployment: Rc<Deployment>, csrf: String, is_over: Rc<Cell<bool>>) -> Self {
        let mut visitor = Visitor::new(deployment.address);
        let mut dice = Dice::new();
        while self.doubt.is_none() && !is_over.get() {
            if self.is_disabled {
                self.enable(&deployment).await;
                continue;
            }
            let live: Vec<_> = (0..self.sessions.len())
                .filter(|index| self.sessions[*index].state == State::Live)
                .collect();
            if live.is_empty() {
                self.sign_in(&mut visitor, &csrf).await;
                continue;
            }
            let one = live[dice.below(live.len())];
            match dice.below(100) {
                0..60 => self.refresh(&mut visitor, one).await,
                60..76 => self.refresh_twice_at_once(&mut visitor, one).await,
                76..82 if live.len() < SESSIONS => self.sign_in(&mut visitor, &csrf).await,
                82..86 => self.sign_out(&mut visitor, one).await,
                86..90 => self.change_password(&mut visitor, one).await,
                90..94 => self.show_a_stolen_token(&mut visitor, one).await,
                94..96 => self.end_by_operator(&deployment, one).await,
                96..98 => self.reset_by_operator(&deployment).await,
                98 => self.disable(&deployment).await,
                _ => {}
            }
        }
        self
    }

    async fn refresh(&mut self, visitor: &mut Visitor, one: usize) {
        let answer = visitor.ask(&live::refresh(&self.sessions[one].token)).await;
        self.note("refresh", answer.is_some());
        self.take_successor(one, answer);
    }

    /// Two tabs of one browser: both go on, with the same token.
    async fn refresh_twice_at_once(&mut self, visitor: &mut Visitor, one: usize) {
        let request = live::refresh(&self.sessions[one].token);
        let mut other = Visitor::new(visitor.address());
        let (first, second) = tokio::join!(visitor.ask(&request), other.ask(&request));
        self.note("refresh twice", first.is_some() && second.is_some());
        if let (Some((_, first)), Some((_, second))) = (&first, &second) {
            let [first, second] = [first, second].map(|body| text_in(body, "refresh_token"));
            assert_eq!(first, second, "one token was exchanged for two: {:#?}", self.log);
        }
        let is_answered = first.is_some() && second.is_some();
        self.take_successor(one, first.or(second));
        if !is_answered {
            self.doubt = Some(Doubt::Harmless);
        }
    }

    fn take_successor(&mut self, one: usize, answer: Option<(u16, Vec<u8>)>) {
        match answer {
            Some((200, body)) => self.sessions[one].go_on(&body),
            Some((status, _)) => panic!("refresh of a live session: {status}, {:#?}", self.log),
            // The token is good for another try, whichever way it went.
            None => self.doubt = Some(Doubt::Harmless),
        }
    }

    async fn sign_in(&mut self, visitor: &mut Visitor, csrf: &str) {
        let answer = visitor.ask(&self.sign_in_request(csrf, &self.password)).await;
        self.note("sign in", answer.is_some());
        match answer {
            Some((200, body)) => self.sessions.push(Session::told(&body)),
            Some((status, _)) => panic!("sign-in: {status}, {:#?}", self.log),
            // There may be a session that they know nothing of.
            None => self.doubt = Some(Doubt::Harmless),
        }
    }

    pub(crate) fn sign_in_request(&self, csrf: &str, password: &str) -> Vec<u8> {
        let body = json!({ "email": self.email, "password": password });
        post("/auth/api/v1/login", csrf, &body)
    }

    async fn sign_out(&mut self, visitor: &mut Visitor, one: usize) {
        let bearer = format!("authorization: Bearer {}\r\n", self.sessions[one].access);
        let answer = visitor
            .ask(&post("/auth/api/v1/sessions/logout", &bearer, &json!({})))
            .await;
        self.note("sign out", answer.is_some());
        match answer {
            Some((204, _)) => self.sessions[one].state = State::Ended,
            Some((status, _)) => panic!("sign-out: {status}, {:#?}", self.log),
            None => self.doubt = Some(Doubt::End(one)),
        }
    }

    async fn change_password(&mut self, visitor: &mut Visitor, one: usize) {
        let new = self.next_password();
        let body = json!({ "password": new, "current_password": self.password });
        let bearer = format!("authorization: Bearer {}\r\n", self.sessions[one].access);
        let request = live::with_body("PUT", "/auth/api/v1/users/password", &bearer, &body);
        let answer = visitor.ask(&request).await;
        self.note(&format!("password {}", self.serial), answer.is_some());
        match answer {
            Some((204, _)) => self.has_password(new, Some(one)),
            Some((status, body)) => {
                panic!("password: {status} {}, {:#?}", String::from_utf8_lossy(&body), self.log)
            }
            None => self.doubt = Some(Doubt::Password(new, Some(one))),
        }
    }

    fn next_password(&mut self) -> String {
        self.serial += 1;
        format!("{} has a password {}", self.email, self.serial)
    }

    /// The password is this one, and all sessions but that have ended.
    pub(crate) fn has_password(&mut self, new: String, except: Option<usize>) {
        self.former.push(std::mem::replace(&mut self.password, new));
        self.is_password_new = true;
        for (index, session) in self.sessions.iter_mut().enumerate() {
            if Some(index) != except {
                session.state = State::Ended;
            }
        }
    }

    /// Whoever shows a token that is long spent ends the session.
    async fn show_a_stolen_token(&mut self, visitor: &mut Visitor, one: usize) {
        let stale = self.sessions[one].stale.as_ref();
        let Some((token, _)) = stale.filter(|(_, since)| since.elapsed() > STALE) else {
            return;
        };
        let answer = visitor.ask(&live::refresh(token)).await;
        self.note("theft", answer.is_some());
        match answer {
            Some((401, _)) => self.sessions[one].state = State::Ended,
            Some((status, _)) => panic!("a token was used twice: {status}, {:#?}", self.log),
            None => self.doubt = Some(Doubt::End(one)),
        }
    }

    async fn end_by_operator(&mut self, deployment: &Deployment, one: usize) {
        let id = self.sessions[one].id.clone();
        let is_done = self
            .operator(deployment, &["sessions", "--end", &id, "--yes"], "")
            .await;
        if is_done {
            self.sessions[one].state = State::Ended;
        } else {
            self.doubt = Some(Doubt::End(one));
        }
    }

    async fn reset_by_operator(&mut self, deployment: &Deployment) {
        let new = self.next_password();
        if self.operator(deployment, &["password", "--password-stdin"], &new).await {
            self.has_password(new, None);
        } else {
            self.doubt = Some(Doubt::Password(new, None));
        }
    }

    async fn disable(&mut self, deployment: &Deployment) {
        if self.operator(deployment, &["disable", "--yes"], "").await {
            self.is_off();
        } else {
            self.doubt = Some(Doubt::Disable);
        }
    }

    pub(crate) fn is_off(&mut self) {
        self.is_disabled = true;
        for session in &mut self.sessions {
            session.state = State::Ended;
        }
    }

    async fn enable(&mut self, deployment: &Deployment) {
        if self.operator(deployment, &["enable"], "").await {
            self.is_disabled = false;
        } else {
            self.doubt = Some(Doubt::Enable);
        }
    }

    /// `authara user …` for this person; whether it said that it is done.
    async fn operator(&mut self, deployment: &Deployment, arguments: &[&str], input: &str) -> bool {
        let mut words = vec!["user", arguments[0], &self.email];
        words.extend(&arguments[1..]);
        let mut command = deployment.command(&words);
        command.stdin(Stdio::piped()).stderr(Stdio::null());
        let input = format!("{input}\n");
        let is_done = tokio::task::spawn_blocking(move || {
            use std::io::Write as _;
            let mut child = command.spawn().unwrap();
            // It may not want to read.
            let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
            child.wait().unwrap().success()
        });
        let is_done = is_done.await.unwrap();
        self.note(&format!("operator: {}", arguments[0]), is_done);
        is_done
    }
}
