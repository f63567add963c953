//! The life of an address in any order: two people, one mailbox each, an operator, and accounts between them. Each step is
//! one act or two at once. After each, what was answered with yes holds, and nobody has what is another's.
//!
//! Ada reads the letters to her two addresses, Eve those to hers; either may ask for whatever anybody may ask for. An
//! account belongs to the person who last proved its address.

use std::collections::BTreeMap;
use std::time::Duration;

use authara::app::App;
use authara::crypto::password::Share;
use authara::crypto::phc::Verified;
use authara::domain::letter::Kind;
use authara::domain::limit::{Budget, Limit};
use authara::domain::password::Password;
use authara::domain::{Audience, Caller, ChallengeId, Refusal, Secret, UserId};
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::entry::sign_up::{Application, direct};
use authara::flows::entry::{code, confirm};
use authara::flows::tokens::{FreshTokens, SignedIn};
use authara::flows::{Error, Result, access, account, accounts, address, appeals, letters, password, reset};
use authara::outside::mail;

use crate::kit::log;
use crate::kit::world::{World, by, client, operator};

/// Steps of one sequence.
const STEPS: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Person {
    Ada,
    Eve,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    SignUp,
    SignIn,
    BeginReset,
    EndReset,
    BeginCode,
    EndCode,
    /// Also the proof of the address that the account has.
    BeginChange,
    EndChange,
    ChangePassword,
    Appeal,
    Delete,
    Disable,
    Enable,
}

const ACTS: [Act; 13] = [
    Act::SignUp,
    Act::SignIn,
    Act::BeginReset,
    Act::EndReset,
    Act::BeginCode,
    Act::EndCode,
    Act::BeginChange,
    Act::EndChange,
    Act::ChangePassword,
    Act::Appeal,
    Act::Delete,
    Act::Disable,
    Act::Enable,
];

/// What an act that was answered with yes has done.
#[derive(Debug, Clone)]
enum Done {
    Opened(UserId, String, String),
    SignedIn,
    Password(UserId, String),
    /// The same by a code, which proves the address and ends all sessions.
    Reset(UserId, String),
    /// The account has that address, proved.
    Address(UserId, String),
    /// The address is proved; if it was not before, password and sessions are gone.
    Proved(UserId),
    TakenBack(UserId, String),
    Deleted(UserId),
    Disabled(UserId),
    Enabled(UserId),
    /// Nothing that others see.
    Begun,
}

/// An account as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Account {
    address: String,
    password: Option<String>,
    is_proved: bool,
    is_disabled: bool,
}

/// A session that was opened.
#[derive(Clone)]
struct Session {
    user: UserId,
    access: Secret,
    by: Person,
    /// With which password; `None` by a code.
    password: Option<String>,
}

/// Numbers that look random and can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// What is chosen before an act begins, so that two at once share nothing.
struct Plan {
    who: Person,
    act: Act,
    address: String,
    password: String,
    session: Option<Session>,
    caller: Option<Caller>,
    pending: Option<(ChallengeId, String)>,
    code: Option<String>,
    link: Option<Secret>,
    account: Option<UserId>,
}

struct Model<'w> {
    world: &'w World,
    number: u64,
    accounts: BTreeMap<UserId, Account>,
    sessions: Vec<Session>,
    /// What each has begun: the attempt, and where its code went.
    pending: Vec<(Person, Act, ChallengeId, String)>,
    /// What came to each address, newest last.
    mail: Vec<(String, Kind, letters::Values)>,
    fresh: usize,
    succeeded: Vec<Act>,
    history: Vec<String>,
}

impl<'w> Model<'w> {
    fn new(world: &'w World, number: u64) -> Self {
        Self {
            world,
            number,
            accounts: BTreeMap::new(),
            sessions: Vec::new(),
            pending: Vec::new(),
            mail: Vec::new(),
            fresh: 0,
            succeeded: Vec::new(),
            history: Vec::new(),
        }
    }

    fn app(&self) -> &App {
        &self.world.app
    }

    fn addresses(&self) -> [String; 3] {
        ["ada", "countess", "eve"].map(|name| format!("{name}-{}@example.com", self.number))
    }

    /// Who reads the letters to an address.
    fn reader(address: &str) -> Person {
        if address.starts_with("eve-") {
            Person::Eve
        } else {
            Person::Ada
        }
    }

    fn plan(&mut self, dice: &mut Dice) -> Plan {
        let who = [Person::Ada, Person::Eve][dice.roll(2)];
        let act = ACTS[dice.roll(ACTS.len())];
        let address = self.addresses()[dice.roll(3)].clone();
        self.fresh += 1;
        let theirs: Vec<_> = self.sessions.iter().filter(|session| session.by == who).collect();
        let session = (!theirs.is_empty()).then(|| theirs[dice.roll(theirs.len())].clone());
        let begun = match act {
            Act::EndReset => Act::BeginReset,
            Act::EndCode => Act::BeginCode,
            _ => Act::BeginChange,
        };
        let is_own = |(by, what, ..): &&(Person, Act, ChallengeId, String)| *by == who && *what == begun;
        let pending = self
            .pending
            .iter()
            .rfind(is_own)
            .map(|(_, _, id, to)| (*id, to.clone()));
        let readable = pending.as_ref().filter(|(_, to)| Self::reader(to) == who);
        let code = readable.and_then(|(_, to)| {
            let newest = self
                .mail
                .iter()
                .rfind(|(at, _, values)| at == to && values.contains_key("code"))?;
            newest.2.get("code").cloned()
        });
        let links: Vec<_> = self
            .mail
            .iter()
            .filter(|(at, ..)| Self::reader(at) == who)
            .filter_map(|(_, _, values)| values.get("appeal"))
            .collect();
        let link = (!links.is_empty()).then(|| Secret::new(links[dice.roll(links.len())].as_str()));
        let ids: Vec<_> = self.accounts.keys().copied().collect();
        // One that the person has chosen and that opens something, or a new one.
        let known = self.accounts.values().filter_map(|account| account.password.clone());
        let own: Vec<_> = known.filter(|text| text.starts_with(&format!("{who:?}"))).collect();
        let password = match act {
            Act::SignIn if !own.is_empty() => own[dice.roll(own.len())].clone(),
            _ => format!("{who:?} chose number {} of {}", self.fresh, self.number),
        };
        Plan {
            who,
            act,
            address,
            password,
            session,
            caller: None,
            pending,
            code,
            link,
            account: (!ids.is_empty()).then(|| ids[dice.roll(ids.len())]),
        }
    }

    /// One act or two at once, and what must hold then.
    async fn step(&mut self, dice: &mut Dice) {
        let mut plans = vec![self.plan(dice)];
        if dice.roll(2) == 0 {
            plans.push(self.plan(dice));
        }
        for plan in &mut plans {
            plan.call(self.app()).await;
        }
        let said: Vec<_> = plans.iter().map(Plan::told).collect();
        self.history.push(said.join(" | "));
        let outcomes = match plans.as_slice() {
            [one] => vec![one.run(self.app()).await],
            [one, two] => {
                let (one, two) = tokio::join!(one.run(self.app()), two.run(self.app()));
                vec![one, two]
            }
            _ => unreachable!("one or two"),
        };
        let (mut done, before) = (Vec::new(), self.sessions.len());
        for (plan, outcome) in plans.iter().zip(outcomes) {
            match outcome {
                Ok(outcome) => {
                    self.succeeded.push(plan.act);
                    if let Some((begun, id, to)) = outcome.begun {
                        self.pending.push((plan.who, begun, id, to));
                    }
                    if let Some(signed_in) = outcome.session {
                        let password = (plan.act != Act::EndCode).then(|| plan.password.clone());
                        self.keep(plan.who, &signed_in, password);
                    }
                    done.push((
                        outcome.done,
                        plan.session.as_ref().map(|session| session.access.clone()),
                    ));
                }
                Err(Error::Refused(_)) => {}
                Err(other) => panic!("{other}\n{}", self.told()),
            }
        }
        self.history.push(format!(
            "    {:?}",
            done.iter().map(|(done, _)| done).collect::<Vec<_>>()
        ));
        self.deliver().await;
        self.check(&done, before).await;
        self.world.clock.advance(Duration::from_secs(31));
    }

    fn keep(&mut self, by: Person, signed_in: &SignedIn, password: Option<String>) {
        log::secret(signed_in.tokens.access.expose());
        log::secret(signed_in.tokens.refresh.expose());
        self.sessions.push(Session {
            user: signed_in.user.id,
            access: signed_in.tokens.access.clone(),
            by,
            password,
        });
    }

    async fn deliver(&mut self) {
        while let Some(claimed) = letters::claim(self.app()).await.unwrap() {
            let (to, kind) = (claimed.letter.to.as_str().to_owned(), claimed.letter.kind);
            self.mail.push((to, kind, claimed.values.clone()));
            letters::settle(self.app(), &claimed, &mail::Outcome::Ok("taken".to_owned()))
                .await
                .unwrap();
        }
    }

    fn told(&self) -> String {
        format!("sequence {}:\n{}", self.number, self.history.join("\n"))
    }

    /// Compares the accounts with what they must be, and the sessions with whose they may be.
    async fn check(&mut self, done: &[(Done, Option<Secret>)], opened_from: usize) {
        let mut wanted = self.accounts.clone();
        for (done, _) in done {
            if let Done::Opened(id, address, password) = done {
                let account = Account {
                    address: address.clone(),
                    password: Some(password.clone()),
                    is_proved: false,
                    is_disabled: false,
                };
                wanted.insert(*id, account);
            }
        }
        let acts: Vec<_> = done.iter().map(|(done, _)| done.clone()).collect();
        for (id, before) in wanted {
            match self.found(id, &before, &acts).await {
                Some(account) => self.accounts.insert(id, account),
                None => self.accounts.remove(&id),
            };
        }
        for (at, session) in self.sessions.clone().into_iter().enumerate() {
            let is_live = access::caller(self.app(), &by(self.app()), Audience::App, session.access.expose())
                .await
                .is_ok();
            if is_live {
                self.may_live(&session, at >= opened_from, done);
            }
        }
        for account in self.accounts.values().filter(|account| account.is_proved) {
            let owner = format!("{:?}", Self::reader(&account.address));
            let is_theirs = account.password.as_ref().is_none_or(|text| text.starts_with(&owner));
            assert!(
                is_theirs,
                "{account:?} has a password of somebody else\n{}",
                self.told()
            );
        }
    }

    /// The account as it is, which must be what some order of the acts makes of it.
    async fn found(&self, id: UserId, before: &Account, acts: &[Done]) -> Option<Account> {
        let mut conn = self.app().store.read().await.unwrap();
        let user = conn.users().by_id(id).await.unwrap();
        let stored = conn.users().password(id).await.unwrap();
        drop(conn);
        let is_deleted = acts
            .iter()
            .any(|act| matches!(act, Done::Deleted(deleted) if *deleted == id));
        let Some(user) = user else {
            // It made way for the owner of its address, who took another account back.
            let made_way = !before.is_proved
                && acts
                    .iter()
                    .any(|act| matches!(act, Done::TakenBack(_, address) if *address == before.address));
            assert!(is_deleted || made_way, "{before:?} is gone\n{}", self.told());
            return None;
        };
        assert!(!is_deleted, "{before:?} is still there\n{}", self.told());
        let (mut addresses, mut passwords, mut disabled) = (Vec::new(), Vec::new(), Vec::new());
        let (mut is_proved, mut provers) = (before.is_proved, 0);
        let mut takes_password = false;
        for act in acts {
            match act {
                Done::Password(of, text) if *of == id => passwords.push(Some(text.clone())),
                Done::Reset(of, text) if *of == id => {
                    passwords.push(Some(text.clone()));
                    provers += 1;
                }
                Done::Address(of, address) if *of == id => {
                    addresses.push(address.clone());
                    provers += 1;
                }
                Done::TakenBack(of, address) if *of == id => {
                    addresses.push(address.clone());
                    passwords.push(None);
                    provers += 1;
                }
                Done::Proved(of) if *of == id => {
                    takes_password = !before.is_proved;
                    provers += 1;
                }
                Done::Disabled(of) if *of == id => disabled.push(true),
                Done::Enabled(of) if *of == id => disabled.push(false),
                _ => {}
            }
        }
        is_proved |= provers > 0;
        if takes_password {
            passwords.push(None);
        }
        // Where another act has proved the address before it, the code takes nothing away.
        if passwords.is_empty() || (takes_password && provers > 1) {
            passwords.push(before.password.clone());
        }
        let address = user.email.as_str().to_owned();
        let is_address = if addresses.is_empty() {
            address == before.address
        } else {
            addresses.contains(&address)
        };
        assert!(is_address, "{before:?} has {address}\n{}", self.told());
        assert_eq!(
            user.email_verified_at.is_some(),
            is_proved,
            "{before:?}\n{}",
            self.told()
        );
        let is_disabled = user.disabled_at.is_some();
        let is_state = if disabled.is_empty() {
            is_disabled == before.is_disabled
        } else {
            disabled.contains(&is_disabled)
        };
        assert!(is_state, "{before:?} is disabled: {is_disabled}\n{}", self.told());
        for text in passwords {
            let is_it = match (&text, &stored) {
                (None, None) => true,
                (Some(text), Some(stored)) => self.verifies(text, stored.hash.expose()).await,
                _ => false,
            };
            if is_it {
                return Some(Account {
                    address,
                    password: text,
                    is_proved,
                    is_disabled,
                });
            }
        }
        panic!("{before:?} has none of the passwords it may have\n{}", self.told());
    }

    async fn verifies(&self, text: &str, hash: &str) -> bool {
        let share = Share::of(client().address);
        let typed = Password::typed(&Secret::new(text));
        let verified = self.app().hasher.verify(share, typed, Some(hash.to_owned())).await;
        verified.unwrap() != Verified::Wrong
    }

    /// Fails if a session is live that must not be.
    fn may_live(&self, session: &Session, is_new: bool, done: &[(Done, Option<Secret>)]) {
        let Some(account) = self.accounts.get(&session.user) else {
            panic!("a session of an account that is gone\n{}", self.told());
        };
        assert!(
            !account.is_disabled,
            "a session of an account that is off\n{}",
            self.told()
        );
        if account.is_proved {
            let owner = Self::reader(&account.address);
            assert_eq!(
                session.by,
                owner,
                "a session in the account of somebody else\n{}",
                self.told()
            );
        }
        for (act, by) in done {
            let (ends, spares_own) = match act {
                Done::Reset(of, _) | Done::TakenBack(of, _) | Done::Disabled(of) => (*of == session.user, false),
                Done::Password(of, _) => (*of == session.user, true),
                _ => (false, false),
            };
            let is_own = spares_own && by.as_ref() == Some(&session.access);
            if !ends || is_own {
                continue;
            }
            assert!(is_new, "{act:?} left a session\n{}", self.told());
            // It was opened after that, with what holds since.
            if !matches!(act, Done::Disabled(_)) && session.password.is_some() {
                assert_eq!(session.password, account.password, "{act:?}\n{}", self.told());
            }
        }
    }

    /// In the end each gets into the account of each address of theirs, or opens one.
    async fn nobody_is_stuck(&mut self) {
        self.world.clock.advance(Duration::from_hours(25));
        for id in self.accounts.keys().copied().collect::<Vec<_>>() {
            accounts::enable(self.app(), &operator(self.app()), id).await.unwrap();
        }
        for address in self.addresses() {
            let who = Self::reader(&address);
            let new = format!("{who:?} gets into {address}");
            let by = by(self.app());
            if !self.accounts.values().any(|account| account.address == address) {
                let opened = direct(self.app(), &by, application(&address, &new), Audience::App).await;
                assert!(opened.is_ok(), "{address}\n{}", self.told());
                continue;
            }
            let id = reset::start(self.app(), &by, &address, None).await.unwrap();
            self.deliver().await;
            let newest = self
                .mail
                .iter()
                .rfind(|(to, _, values)| *to == address && values.contains_key("code"));
            let code = newest.map(|(.., values)| values["code"].clone()).unwrap_or_default();
            let set = reset::complete_with(self.app(), &by, id, &code, &Secret::new(new.as_str())).await;
            assert!(set.is_ok(), "{address}: {set:?}\n{}", self.told());
            let opened = with_password(self.app(), &by, credentials(&address, &new), Audience::App).await;
            assert!(opened.is_ok(), "{address}\n{}", self.told());
        }
    }
}

/// What an act gave.
struct Outcome {
    done: Done,
    session: Option<SignedIn>,
    begun: Option<(Act, ChallengeId, String)>,
}

impl From<Done> for Outcome {
    fn from(done: Done) -> Self {
        Self {
            done,
            session: None,
            begun: None,
        }
    }
}

impl Plan {
    fn told(&self) -> String {
        let Self {
            who,
            act,
            address,
            account,
            pending,
            ..
        } = self;
        format!(
            "{who:?} {act:?} {address} {account:?} {:?}",
            pending.as_ref().map(|(_, to)| to)
        )
    }

    /// Who they are by the session that was chosen.
    async fn call(&mut self, app: &App) {
        if let Some(session) = &self.session {
            self.caller = access::caller(app, &by(app), Audience::App, session.access.expose())
                .await
                .ok();
        }
    }

    fn caller(&self) -> Result<&Caller> {
        Ok(self.caller.as_ref().ok_or(Refusal::SignInRequired)?)
    }

    /// The attempt and the code to enter. Whoever cannot read it may guess.
    fn entered(&self) -> Result<(ChallengeId, &str)> {
        let (id, _) = self.pending.as_ref().ok_or(Refusal::CodeWrong)?;
        Ok((*id, self.code.as_deref().unwrap_or("00000x")))
    }

    async fn run(&self, app: &App) -> Result<Outcome> {
        let by = by(app);
        match self.act {
            Act::SignUp => {
                let signed_in = direct(app, &by, application(&self.address, &self.password), Audience::App).await?;
                let done = Done::Opened(signed_in.user.id, self.address.clone(), self.password.clone());
                Ok(Outcome {
                    session: Some(signed_in),
                    ..done.into()
                })
            }
            Act::SignIn => {
                let signed_in =
                    with_password(app, &by, credentials(&self.address, &self.password), Audience::App).await?;
                let done = Done::SignedIn;
                Ok(Outcome {
                    session: Some(signed_in),
                    ..done.into()
                })
            }
            Act::BeginReset => self.begun(reset::start(app, &by, &self.address, None).await?),
            Act::BeginCode => self.begun(code::start(app, &by, &self.address).await?),
            Act::BeginChange => self.begun(address::start(app, self.caller()?, &self.address).await?),
            Act::EndReset => {
                let (id, code) = self.entered()?;
                let user = about(app, id).await;
                reset::complete_with(app, &by, id, code, &Secret::new(self.password.as_str())).await?;
                Ok(Done::Reset(user.unwrap(), self.password.clone()).into())
            }
            Act::EndCode => {
                let (id, code) = self.entered()?;
                let signed_in = code::complete(app, &by, id, code, Audience::App).await?;
                let done = Done::Proved(signed_in.user.id);
                Ok(Outcome {
                    session: Some(signed_in),
                    ..done.into()
                })
            }
            Act::EndChange => {
                let (id, code) = self.entered()?;
                let renewed = address::complete(app, self.caller()?, id, code, None).await?;
                let to = self.pending.as_ref().map(|(_, to)| to.clone());
                Ok(Done::Address(renewed.user, to.unwrap()).into())
            }
            Act::ChangePassword => {
                let caller = self.caller()?;
                let input = password::Change {
                    new: Secret::new(self.password.as_str()),
                    current: None,
                    refresh: None,
                };
                let renewed = password::change(app, caller, input).await?;
                assert!(matches!(renewed.tokens, FreshTokens::Access { .. }));
                Ok(Done::Password(renewed.user, self.password.clone()).into())
            }
            Act::Appeal => self.appeal(app).await,
            Act::Delete => {
                let proof = confirm::earned(app, self.caller()?).await?;
                let user = proof.caller().user.id;
                account::delete(app, &proof).await?;
                Ok(Done::Deleted(user).into())
            }
            Act::Disable => {
                let user = self.account.ok_or(Refusal::NotFound)?;
                accounts::disable(app, &operator(app), user).await?;
                Ok(Done::Disabled(user).into())
            }
            Act::Enable => {
                let user = self.account.ok_or(Refusal::NotFound)?;
                accounts::enable(app, &operator(app), user).await?;
                Ok(Done::Enabled(user).into())
            }
        }
    }

    fn begun(&self, id: ChallengeId) -> Result<Outcome> {
        let begun = Some((self.act, id, self.address.clone()));
        Ok(Outcome {
            begun,
            ..Done::Begun.into()
        })
    }

    async fn appeal(&self, app: &App) -> Result<Outcome> {
        let link = self.link.as_ref().ok_or(Refusal::LinkOver)?;
        let hash = authara::crypto::token::hash(link).unwrap();
        let mut conn = app.store.read().await?;
        let appeal = conn.appeals().by_hash(&hash).await?.ok_or(Refusal::LinkOver)?;
        drop(conn);
        let to = appeal.address.as_str().to_owned();
        let id = appeals::redeem(app, &by(app), link, &to).await?;
        let done = Done::TakenBack(appeal.user, to.clone());
        Ok(Outcome {
            begun: Some((Act::BeginReset, id, to)),
            ..done.into()
        })
    }
}

/// The account that an attempt is about.
async fn about(app: &App, id: ChallengeId) -> Option<UserId> {
    let mut conn = app.store.read().await.unwrap();
    conn.challenges().by_id(id).await.unwrap()?.user
}

fn application(address: &str, password: &str) -> Application {
    Application {
        email: address.to_owned(),
        password: Secret::new(password),
        invitation_code: None,
    }
}

fn credentials(address: &str, password: &str) -> Credentials {
    Credentials {
        identifier: address.to_owned(),
        password: Secret::new(password),
        device: None,
    }
}

/// Sequences from `from` on, each with addresses of its own. One that fails is found again by its number.
async fn sequences(world: World, count: u64) {
    let plenty = Budget {
        limit: 1_000_000,
        window: Duration::from_secs(60),
    };
    let world = world
        .with(|config| {
            config.challenges.at_sign_in = true;
            for limit in Limit::ALL {
                config.limits.set(*limit, plenty);
            }
        })
        .await;
    let mut done: BTreeMap<String, u64> = BTreeMap::new();
    for number in 1..=count {
        let mut dice = Dice(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut model = Model::new(&world, number);
        for _ in 0..STEPS {
            model.step(&mut dice).await;
        }
        model.nobody_is_stuck().await;
        for act in model.succeeded {
            *done.entry(format!("{act:?}")).or_default() += 1;
        }
    }
    // Otherwise nothing was tried.
    for act in ACTS {
        let times = done.get(&format!("{act:?}")).copied().unwrap_or_default();
        assert!(times >= count / 40, "{act:?} was done {times} times: {done:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite() {
    crate::kit::world::on_sqlite(async |world: World| sequences(world, 2_000).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres() {
    crate::kit::world::on_postgres(async |world: World| sequences(world, 300).await).await;
}
