//! The life of an address in any order: two people, one mailbox each, an operator, and accounts between them. Each step is
//! one act or two at once. After each, what was answered with yes holds, and nobody has what is another's.
//!
//! Two addresses are Ada's and one is Eve's, and letters are read by the one whose address it is; either may ask for what
//! anybody may ask for. An account belongs to the person who last proved its address.

mod acts;
mod check;

use std::collections::BTreeMap;
use std::time::Duration;

use acts::{Plan, application, credentials};
use authara::app::App;
use authara::domain::letter::Kind;
use authara::domain::limit::{Budget, Limit};
use authara::domain::{Audience, ChallengeId, Secret, UserId};
use authara::flows::entry::password::with_password;
use authara::flows::entry::sign_up::direct;
use authara::flows::tokens::SignedIn;
use authara::flows::{Error, accounts, letters, reset};
use authara::outside::mail;

use crate::kit::log;
use crate::kit::world::{World, by, operator};

/// Steps of one sequence.
const STEPS: usize = 8;

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
        let ready = self.ready(who);
        let act = if !ready.is_empty() && dice.roll(2) == 0 {
            ready[dice.roll(ready.len())]
        } else {
            ACTS[dice.roll(ACTS.len())]
        };
        let mut addresses = self.addresses().to_vec();
        if dice.roll(2) == 0 {
            addresses.retain(|address| Self::reader(address) == who);
        }
        let mut address = addresses[dice.roll(addresses.len())].clone();
        let with_account: Vec<_> = self.accounts.values().map(|account| &account.address).collect();
        let is_for_owners = matches!(act, Act::BeginReset | Act::BeginCode);
        if is_for_owners && !with_account.is_empty() && dice.roll(3) > 0 {
            address.clone_from(with_account[dice.roll(with_account.len())]);
        }
        self.fresh += 1;
        let theirs: Vec<_> = self.sessions.iter().filter(|session| session.by == who).collect();
        let session = (!theirs.is_empty()).then(|| theirs[dice.roll(theirs.len())].clone());
        let (begun, kind) = match act {
            Act::EndReset => (Act::BeginReset, Kind::PasswordResetCode),
            Act::EndCode => (Act::BeginCode, Kind::SignInCode),
            _ => (Act::BeginChange, Kind::EmailChangeCode),
        };
        let is_own = |(by, what, ..): &&(Person, Act, ChallengeId, String)| *by == who && *what == begun;
        let pending = self
            .pending
            .iter()
            .rfind(is_own)
            .map(|(_, _, id, to)| (*id, to.clone()));
        let readable = pending.as_ref().filter(|(_, to)| Self::reader(to) == who);
        let code = readable.and_then(|(_, to)| {
            let newest = self.mail.iter().rfind(|(at, of, _)| at == to && *of == kind)?;
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
        let own = self.accounts.values().filter_map(|account| {
            let text = account.password.clone()?;
            text.starts_with(&format!("{who:?}"))
                .then(|| (account.address.clone(), text))
        });
        let own: Vec<_> = own.collect();
        let password = if act == Act::SignIn && !own.is_empty() {
            let (at, text) = own[dice.roll(own.len())].clone();
            address = at;
            text
        } else {
            format!("{who:?} chose number {} of {}", self.fresh, self.number)
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

    /// What the person can end: attempts of theirs whose code they can read, and links that came to them.
    fn ready(&self, who: Person) -> Vec<Act> {
        let mut ready: Vec<_> = self
            .pending
            .iter()
            .filter(|(by, _, _, to)| *by == who && Self::reader(to) == who)
            .map(|(_, begun, ..)| match begun {
                Act::BeginCode => Act::EndCode,
                Act::BeginChange => Act::EndChange,
                _ => Act::EndReset,
            })
            .collect();
        let has_link = |(at, _, values): &(String, Kind, letters::Values)| {
            Self::reader(at) == who && values.contains_key("appeal")
        };
        if self.mail.iter().any(has_link) {
            ready.push(Act::Appeal);
        }
        ready
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

/// Sequences from `from` on, each with addresses of its own. One that fails is found again by its number.
async fn sequences(world: World, count: u64) {
    let plenty = Budget {
        limit: 1_000_000,
        window: Duration::from_mins(1),
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
        assert!(times >= count / 100, "{act:?} was done {times} times: {done:?}");
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
