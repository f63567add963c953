//! Password hashes, computed in a bounded pool of threads of its own.

use std::time::Duration;

use crate::domain::password::Password;

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

/// How many hashes run at once and how many may wait.
#[derive(Debug, Clone, Copy)]
pub struct PoolSize {
    /// Threads.
    pub threads: usize,
    /// Hashes that wait for a thread; more are refused at once.
    pub queue: usize,
    /// How long one may wait for its result.
    pub patience: Duration,
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

/// Why no result could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too many are waiting already.
    #[error("the password hashing queue is full")]
    Full,
    /// It took longer than [`PoolSize::patience`].
    #[error("password hashing took too long")]
    TimedOut,
    /// The pool has stopped.
    #[error("the password hashing pool has stopped")]
    Stopped,
}

/// The pool. Dropping it lets its threads end.
pub struct Hasher {}

impl Hasher {
    /// Starts the threads.
    pub fn start(_cost: Cost, _size: PoolSize) -> Self {
        todo!()
    }

    /// Hashes a new password to a PHC string.
    pub async fn hash(&self, _password: Password) -> Result<String, Unavailable> {
        todo!()
    }

    /// Compares a password with a stored PHC string. Without a stored one it takes as long and is [`Verified::Wrong`].
    pub async fn verify(&self, _password: Option<Password>, _stored: Option<String>) -> Result<Verified, Unavailable> {
        todo!()
    }
}
