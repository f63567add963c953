//! Password hashes, computed in a bounded pool of threads of its own.
//!
//! A hash takes tens of milliseconds of a core and tens of megabytes. In threads of their own, few,
//! counted and of low priority, they cannot slow the rest of the server down, and peak memory is
//! known in advance: threads × memory of one hash. The queue before them is shared fairly by
//! network and by account.

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ipnet::IpNet;
use tokio::sync::oneshot;

use crate::crypto::fair::{Charge, FairQueue};
use crate::crypto::phc::{self, Cost, Verified, Work};
use crate::domain::TokenHash;
use crate::domain::client::{self, CUSTOMER, SITE};
use crate::domain::password::Password;
use crate::metrics::{Counter, Histogram, SLOW};

/// How many hashes run at once and how many may wait.
#[derive(Debug, Clone, Copy)]
pub struct PoolSize {
    /// Threads.
    pub threads: usize,
    /// Hashes that wait for a thread; more are refused at once.
    pub queue: usize,
    /// How long one may wait for a thread.
    pub patience: Duration,
}

/// Who a hash is computed for. The queue is shared by network (an IPv4 address, or an IPv6 /64; a
/// /48 gets 16 times as much) and by account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    address: Option<IpAddr>,
    account: Option<TokenHash>,
}

/// What the queue is shared by.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sharer {
    Unknown,
    Network(IpNet),
    Account(TokenHash),
}

impl Share {
    /// Turns of one network for each turn of a whole IPv6 site.
    const SITE_FACTOR: u64 = 16;

    /// A person at that address; one that is unspecified tells nobody apart.
    pub fn of(address: IpAddr) -> Self {
        Self {
            address: Some(address.to_canonical()).filter(|address| !address.is_unspecified()),
            account: None,
        }
    }

    /// The same for an account, named by the keyed hash of whatever stands for it.
    #[must_use]
    pub fn and_account(self, account: &TokenHash) -> Self {
        Self {
            account: Some(*account),
            ..self
        }
    }

    fn charges(self) -> Vec<Charge<Sharer>> {
        let charge = |share, cost| Charge { share, cost };
        let network = |address, bits| Sharer::Network(client::network(address, bits));
        let account = self.account.map(Sharer::Account);
        let own = self.address.map(|address| network(address, CUSTOMER));
        let site = self
            .address
            .filter(IpAddr::is_ipv6)
            .map(|address| network(address, SITE));
        let full = account
            .into_iter()
            .chain(own)
            .map(|share| charge(share, Self::SITE_FACTOR));
        let charges: Vec<_> = full.chain(site.map(|share| charge(share, 1))).collect();
        if charges.is_empty() {
            // Callers that nothing is known of share one turn.
            return vec![charge(Sharer::Unknown, Self::SITE_FACTOR)];
        }
        charges
    }
}

/// Why no result could be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too many are waiting already.
    #[error("the password hashing queue is full")]
    Full,
    /// No thread had time for it within [`PoolSize::patience`].
    #[error("password hashing took too long")]
    TimedOut,
    /// The pool has stopped.
    #[error("the password hashing pool has stopped")]
    Stopped,
}

/// What the pool counts of itself.
#[derive(Debug)]
pub struct Counts {
    /// Hashes refused because the queue was full.
    pub refused: Counter,
    /// Hashes nobody waited for any longer.
    pub given_up: Counter,
    /// How long computing took, without waiting.
    pub durations: Histogram,
}

/// The pool. Dropping it lets its threads end.
pub struct Hasher {
    shared: Arc<Shared>,
    patience: Duration,
}

impl Hasher {
    /// Starts the threads.
    ///
    /// # Panics
    /// If the cost is beyond what [`Cost`] may be, or the system gives no threads.
    pub fn start(cost: Cost, size: PoolSize) -> Self {
        assert!(
            cost.params().is_some(),
            "the settings allow only costs that scrypt knows"
        );
        let shared = Arc::new(Shared {
            queue: Mutex::new(Queue {
                jobs: FairQueue::new(size.queue),
                is_stopped: false,
                busy: 0,
            }),
            work_came: Condvar::new(),
            threads: size.threads.max(1),
            longest: size.queue,
            work: Work::default(),
            counts: Counts {
                refused: Counter::default(),
                given_up: Counter::default(),
                durations: Histogram::new(SLOW),
            },
        });
        for number in 0..shared.threads {
            let shared = Arc::clone(&shared);
            thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || {
                    step_back();
                    shared.work(cost);
                })
                .expect("the system gives threads at start");
        }
        Self {
            shared,
            patience: size.patience,
        }
    }

    /// Hashes a new password to a PHC string.
    pub async fn hash(&self, share: Share, password: Password) -> Result<String, Unavailable> {
        let (answer, result) = oneshot::channel();
        self.run(share, Job::Hash { password, answer }, result).await
    }

    /// Compares a password with a stored PHC string. Without a stored one it takes as long and is [`Verified::Wrong`].
    pub async fn verify(
        &self,
        share: Share,
        password: Option<Password>,
        stored: Option<String>,
    ) -> Result<Verified, Unavailable> {
        let (answer, result) = oneshot::channel();
        let job = Job::Verify {
            password,
            stored,
            answer,
        };
        self.run(share, job, result).await
    }

    /// How much was computed since the start, in scrypt blocks. Whatever a refused sign-in was
    /// refused for, it has added as much.
    pub fn work_done(&self) -> u64 {
        self.shared.work.done()
    }

    /// How many hashes wait for a thread at the moment.
    pub fn waiting(&self) -> usize {
        self.shared.lock().jobs.len()
    }

    /// How many are being computed at the moment.
    pub fn running(&self) -> usize {
        self.shared.lock().busy
    }

    /// What has been counted since the start.
    pub fn counts(&self) -> &Counts {
        &self.shared.counts
    }

    /// Fails if another hash for that share would be refused at this moment. To be asked before
    /// anything else is done for a caller, so that a rush costs nobody else; the hash itself may be
    /// refused all the same.
    pub fn check_room(&self, share: Share) -> Result<(), Unavailable> {
        let mut queue = self.shared.lock();
        if self.shared.make_room(&mut queue, &share.charges()) {
            return Ok(());
        }
        self.shared.counts.refused.one();
        Err(Unavailable::Full)
    }

    async fn run<T>(&self, share: Share, job: Job, mut result: oneshot::Receiver<T>) -> Result<T, Unavailable> {
        let has_begun = Arc::new(AtomicBool::new(false));
        let queued = Queued {
            job,
            has_begun: has_begun.clone(),
        };
        self.shared.push(share, queued)?;
        let mut ended = tokio::time::timeout(self.patience, &mut result).await;
        // Where the machine is busy with other things, hashes take long; to give them up half-way, and to be asked
        // again, would keep everybody out for as long as that lasts.
        if ended.is_err() && has_begun.load(Ordering::Relaxed) {
            ended = Ok(result.await);
        }
        match ended {
            Ok(Ok(result)) => Ok(result),
            // The job was dropped: it had to make room, or nothing is computed any more.
            Ok(Err(_)) if self.shared.lock().is_stopped => Err(Unavailable::Stopped),
            Ok(Err(_)) => Err(Unavailable::Full),
            Err(_) => {
                self.shared.counts.given_up.one();
                Err(Unavailable::TimedOut)
            }
        }
    }
}

impl Drop for Hasher {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.is_stopped = true;
        queue.jobs.retain(|_| false);
        drop(queue);
        self.shared.work_came.notify_all();
    }
}

/// Lets every other thread go first: a hash may take a core for as long as it likes when nobody else
/// wants it, and the rest of the server wants it for microseconds at a time.
fn step_back() {
    // A priority belongs to a thread on Linux only; elsewhere this would slow the whole process down.
    #[cfg(target_os = "linux")]
    {
        const BY: i32 = 10;
        // Where it is forbidden, hashing competes as everybody does.
        let _ = rustix::process::nice(BY);
    }
}

/// A job that waits for a thread.
struct Queued {
    job: Job,
    /// Set once a thread has it.
    has_begun: Arc<AtomicBool>,
}

/// One hash to compute, and where its result goes.
enum Job {
    Hash {
        password: Password,
        answer: oneshot::Sender<String>,
    },
    Verify {
        password: Option<Password>,
        stored: Option<String>,
        answer: oneshot::Sender<Verified>,
    },
}

impl Job {
    /// Whether nobody waits for the result any more.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Hash { answer, .. } => answer.is_closed(),
            Self::Verify { answer, .. } => answer.is_closed(),
        }
    }

    fn run(self, cost: Cost, work: &Work) {
        // A send fails only if the caller left meanwhile.
        match self {
            Self::Hash { password, answer } => {
                let _ = answer.send(phc::hash(cost, &password, work));
            }
            Self::Verify {
                password,
                stored,
                answer,
            } => {
                let _ = answer.send(phc::verify(cost, password.as_ref(), stored.as_deref(), work));
            }
        }
    }
}

struct Shared {
    queue: Mutex<Queue>,
    work_came: Condvar,
    threads: usize,
    longest: usize,
    work: Work,
    counts: Counts,
}

struct Queue {
    jobs: FairQueue<Sharer, Queued>,
    is_stopped: bool,
    busy: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, share: Share, job: Queued) -> Result<(), Unavailable> {
        let charges = share.charges();
        let mut queue = self.lock();
        if !self.make_room(&mut queue, &charges) {
            self.counts.refused.one();
            return Err(Unavailable::Full);
        }
        // Another share's job may have to go for it. Who waits for that one learns it by its being dropped.
        if queue.jobs.push(&charges, job).is_some() {
            self.counts.refused.one();
        }
        drop(queue);
        self.work_came.notify_one();
        Ok(())
    }

    /// Whether there is room for another job, once those that nobody waits for have gone.
    fn make_room(&self, queue: &mut Queue, charges: &[Charge<Sharer>]) -> bool {
        // An idle thread takes its job at once: only what exceeds the idle ones has to wait.
        queue.jobs.hold(self.longest + (self.threads - queue.busy));
        if !queue.jobs.has_room(charges) {
            queue.jobs.retain(|queued| !queued.job.is_abandoned());
        }
        queue.jobs.has_room(charges)
    }

    /// What each thread does until the pool stops.
    fn work(&self, cost: Cost) {
        while let Some(job) = self.next() {
            let begun = Instant::now();
            // A thread lost to a panic would be missing for ever; the caller sees `Full`.
            if catch_unwind(AssertUnwindSafe(|| job.run(cost, &self.work))).is_err() {
                tracing::error!("a password hash panicked");
            }
            self.counts.durations.add(begun.elapsed());
            self.lock().busy -= 1;
        }
    }

    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        while !queue.is_stopped {
            match queue.jobs.pop() {
                Some(queued) if queued.job.is_abandoned() => {}
                Some(queued) => {
                    queued.has_begun.store(true, Ordering::Relaxed);
                    queue.busy += 1;
                    return Some(queued.job);
                }
                None => queue = self.work_came.wait(queue).unwrap_or_else(PoisonError::into_inner),
            }
        }
        None
    }
}
