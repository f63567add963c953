//! scrypt hashes as PHC strings: `$scrypt$ln=15,r=8,p=3$salt$hash`.

use std::sync::atomic::{AtomicU64, Ordering};

use scrypt::Params;
use scrypt::password_hash::PasswordHasher;
use scrypt::password_hash::phc::{Output, PasswordHash};
use subtle::ConstantTimeEq;

use crate::crypto::random;
use crate::domain::password::Password;

/// Memory of the costliest hash that is looked at, in bytes: the highest `AUTHARA_HASH_COST`.
const MOST_MEMORY: u64 = 1 << 30;
/// Its work, in units of [`Cost::work`].
const MOST_WORK: u64 = (1 << 20) * 8 * 3;

/// The cost of new hashes. Weaker stored ones are replaced at the next sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Binary logarithm of N; memory is `128 * r * N` bytes.
    pub log_n: u8,
    /// Block size.
    pub r: u32,
    /// Parallelisation, computed one after the other.
    pub p: u32,
}

impl Cost {
    /// N=2^15 r=8 p=3: 32 MiB for each hash (product, section 6).
    pub const DEFAULT: Self = Self { log_n: 15, r: 8, p: 3 };
}

impl Cost {
    /// Bytes of memory of one hash.
    pub(super) fn memory(self) -> u64 {
        128_u64.saturating_mul(self.block_work())
    }

    /// Time of one hash, in mixed blocks.
    fn work(self) -> u64 {
        self.block_work().saturating_mul(self.p.into())
    }

    /// Time of one of the `p` rounds.
    fn block_work(self) -> u64 {
        1_u64
            .checked_shl(self.log_n.into())
            .unwrap_or(u64::MAX)
            .saturating_mul(self.r.into())
    }

    fn is_cheaper_than(self, other: Self) -> bool {
        self.memory() < other.memory() || self.work() < other.work()
    }

    /// The crate's own form; `None` for parameters that scrypt does not know or that nobody would use in earnest.
    pub(super) fn params(self) -> Option<Params> {
        // Before `Params::new`, which multiplies r and p without care.
        let fits = self.memory() <= MOST_MEMORY && self.work() <= MOST_WORK && self.r <= 1024;
        fits.then(|| Params::new(self.log_n, self.r, self.p).ok())?
    }
}

/// What comparing a password with a stored hash gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It is another password, or the stored hash cannot be read.
    Wrong,
    /// It is the one.
    Right,
    /// It is the one, and the stored hash is cheaper than new ones are.
    RightButWeak,
}

/// A stored hash in the form in which it is compared.
struct Stored {
    cost: Cost,
    params: Params,
    salt: Vec<u8>,
    output: Output,
}

/// Counts what was computed, in mixed blocks.
#[derive(Debug, Default)]
pub(super) struct Work(AtomicU64);

impl Work {
    pub(super) fn done(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, cost: Cost) {
        self.0.fetch_add(cost.work(), Ordering::Relaxed);
    }
}

/// Hashes a new password with a fresh salt.
pub(super) fn hash(cost: Cost, password: &Password, work: &Work) -> String {
    let params = cost.params().expect("the pool was started with a cost that fits");
    work.add(cost);
    let salt = random::bytes::<16>();
    scrypt::Scrypt::new_with_params(params)
        .hash_password_with_salt(password.expose().as_bytes(), &salt)
        .expect("the parameters have been checked, the salt has its recommended length")
        .to_string()
}

/// Compares. What is wrong takes the time of a hash of `cost` or, with a stored one that costs more, of that one.
pub(super) fn verify(cost: Cost, password: Option<&Password>, stored: Option<&str>, work: &Work) -> Verified {
    let readable = stored.and_then(parse);
    if stored.is_some() && readable.is_none() {
        tracing::warn!("a stored password hash cannot be read or costs too much; the sign-in fails");
    }
    let (Some(password), Some(stored)) = (password, readable) else {
        spend(cost, work);
        return Verified::Wrong;
    };

    let is_right = stored.is_of(password, work);
    let is_weak = stored.cost.is_cheaper_than(cost);
    if !is_right && let Some(rest) = rest(cost, stored.cost) {
        spend(rest, work);
    }
    match (is_right, is_weak) {
        (false, _) => Verified::Wrong,
        (true, false) => Verified::Right,
        (true, true) => Verified::RightButWeak,
    }
}

impl Stored {
    fn is_of(&self, password: &Password, work: &Work) -> bool {
        work.add(self.cost);
        let mut output = [0; Output::MAX_LENGTH];
        let output = &mut output[..self.output.len()];
        let computed = scrypt::scrypt(password.expose().as_bytes(), &self.salt, &self.params, output);

        computed.is_ok() && bool::from(output.ct_eq(self.output.as_bytes()))
    }
}

fn parse(text: &str) -> Option<Stored> {
    let hash = PasswordHash::new(text).ok()?;
    if hash.algorithm.as_str() != "scrypt" || hash.version.is_some() {
        return None;
    }
    let names = hash.params.iter().map(|(name, _)| name);
    if !names.eq(["ln", "r", "p"].map(|name| name.try_into().expect("a parameter name"))) {
        return None;
    }
    let number = |name: &str| hash.params.get_decimal(name);
    let cost = Cost {
        log_n: number("ln")?.try_into().ok()?,
        r: number("r")?,
        p: number("p")?,
    };
    Some(Stored {
        cost,
        params: cost.params()?,
        salt: hash.salt?.to_vec(),
        output: hash.hash?,
    })
}

/// What comparing with a stored hash would cost.
#[cfg(fuzzing)]
pub(super) fn cost_of(text: &str) -> Option<Cost> {
    parse(text).map(|stored| stored.cost)
}

/// Takes the time of a hash of that cost.
fn spend(cost: Cost, work: &Work) {
    if let Some(params) = cost.params() {
        work.add(cost);
        // The result is of no interest; that it cannot fail is checked by `params`.
        let _ = scrypt::scrypt(b"nobody's password", b"nobody's salt", &params, &mut [0; 32]);
    }
}

/// What `spent` is cheaper than `wanted` by, as another hash in the smaller memory of the two. An
/// account with an old or imported hash must not show by a quick answer that it exists.
fn rest(wanted: Cost, spent: Cost) -> Option<Cost> {
    let round = if spent.block_work() < wanted.block_work() {
        spent
    } else {
        wanted
    };
    let missing = wanted.work().saturating_sub(spent.work());
    match u32::try_from(missing.div_ceil(round.block_work().max(1))) {
        Ok(p @ 1..) => Some(Cost { p, ..round }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::{Debug, Write as _};
    use std::sync::{Arc, Mutex};

    use tracing::field::Field;
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use crate::domain::Secret;

    const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 2 };

    fn password(text: &str) -> Password {
        Password::typed(&Secret::new(text)).expect("a password")
    }

    fn hash(cost: Cost, password: &Password) -> String {
        super::hash(cost, password, &Work::default())
    }

    fn verify(cost: Cost, password: Option<&Password>, stored: Option<&str>) -> Verified {
        super::verify(cost, password, stored, &Work::default())
    }

    #[test]
    fn a_hash_carries_its_parameters_and_a_fresh_salt() {
        let one = hash(CHEAP, &password("pässword"));
        let other = hash(CHEAP, &password("pässword"));

        assert!(one.starts_with("$scrypt$ln=4,r=8,p=2$"), "{one}");
        assert_ne!(one, other);
        assert_eq!(verify(CHEAP, Some(&password("pässword")), Some(&one)), Verified::Right);
        assert_eq!(verify(CHEAP, Some(&password("passwort")), Some(&one)), Verified::Wrong);
        assert_eq!(verify(CHEAP, None, Some(&one)), Verified::Wrong);
        assert_eq!(verify(CHEAP, Some(&password("pässword")), None), Verified::Wrong);
    }

    /// The example of passlib's documentation.
    #[test]
    fn a_hash_of_another_program_is_read() {
        let stored = "$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";

        assert_eq!(
            verify(CHEAP, Some(&password("password")), Some(stored)),
            Verified::Right
        );
        assert_eq!(
            verify(Cost::DEFAULT, Some(&password("password")), Some(stored)),
            Verified::RightButWeak
        );
    }

    #[test]
    fn a_hash_that_is_cheaper_in_time_or_memory_is_weak() {
        let stored = |log_n, r, p| hash(Cost { log_n, r, p }, &password("password"));
        for (hash, verdict) in [
            (stored(4, 8, 2), Verified::Right),
            (stored(5, 8, 1), Verified::Right),
            (stored(5, 8, 9), Verified::Right),
            (stored(3, 8, 9), Verified::RightButWeak),
            (stored(4, 8, 1), Verified::RightButWeak),
            (stored(4, 4, 9), Verified::RightButWeak),
        ] {
            assert_eq!(
                verify(CHEAP, Some(&password("password")), Some(&hash)),
                verdict,
                "{hash}"
            );
        }
    }

    #[test]
    fn a_hash_that_cannot_be_read_or_costs_too_much_is_a_wrong_password() {
        let salt = "aM15713r3Xsvxbi31lqr1Q";
        let output = "nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";
        let mut hashes: Vec<String> = [
            "ln=31,r=8,p=1",
            "ln=63,r=8,p=1",
            "ln=64,r=8,p=1",
            "ln=255,r=8,p=1",
            "ln=256,r=8,p=1",
            "ln=21,r=8,p=1",
            "ln=1,r=4294967295,p=1",
            "ln=1,r=1,p=4294967295",
            "ln=1,r=1048576,p=1048576",
            "ln=4,r=0,p=1",
            "ln=4,r=8,p=0",
            "ln=4,r=8",
            "r=8,p=1,ln=4",
            "ln=4,r=8,p=1,x=1",
            "ln=-4,r=8,p=1",
            "ln=4,ln=4,r=8,p=1",
        ]
        .map(|params| format!("$scrypt${params}${salt}${output}"))
        .to_vec();
        hashes.extend([
            String::new(),
            "garbage".to_owned(),
            "$scrypt$".to_owned(),
            format!("$scrypt$ln=4,r=8,p=1${salt}"),
            format!("$scrypt$ln=4,r=8,p=1$${output}"),
            format!("$scrypt$v=1$ln=4,r=8,p=1${salt}${output}"),
            format!("$argon2id$v=19$m=65536,t=2,p=1${salt}${output}"),
            "$2b$12$abcdefghijklmnopqrstuv".to_owned(),
            "\0".to_owned(),
            "$".repeat(100_000),
        ]);

        for hash in hashes {
            let verdict = verify(CHEAP, Some(&password("password")), Some(&hash));
            assert_eq!(verdict, Verified::Wrong, "{hash:.80}");
        }
    }

    #[test]
    fn r015_a_hash_that_cannot_be_read_leaves_a_line_in_the_log_without_its_text() {
        let log = Log::default();
        let stored = "$scrypt$ln=40,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2g";

        let verdict = tracing::subscriber::with_default(log.clone(), || {
            verify(CHEAP, Some(&password("hunter2 hunter2")), Some(stored))
        });

        let lines = log.0.lock().expect("no test panicked").clone();
        assert_eq!(verdict, Verified::Wrong);
        assert!(
            lines.contains("WARN") && lines.contains("cannot be read or costs too much"),
            "{lines}"
        );
        assert!(!lines.contains("c2Fsd") && !lines.contains("hunter2"), "{lines}");
    }

    /// Keeps what is logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<String>>);

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut lines = self.0.lock().expect("no test panicked");
            lines.push_str(event.metadata().level().as_str());
            event.record(&mut |field: &Field, value: &dyn Debug| {
                // Writing to a string cannot fail.
                let _ = write!(lines, " {field}={value:?}");
            });
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }
}
