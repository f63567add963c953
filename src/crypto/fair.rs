//! A bounded queue that is shared fairly: start-time fair queueing, after Goyal, Vin and Cheng
//! (SIGCOMM 1996), with several shares for each job.
//!
//! Each job has a start tag: the highest of the present virtual time and the finish tags of its
//! shares. The job with the lowest tag runs next, and each of its shares then finishes later. So a
//! share that asks for much gets its turn and no more, and one that has asked for nothing lately is
//! served next. When the queue is full, the job with the highest tag makes room.

use std::collections::HashMap;
use std::hash::Hash;

/// Who a job is counted against, and how much: a share with a cost of 16 gets a sixteenth of the
/// turns that a share with a cost of 1 gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charge<S> {
    pub(super) share: S,
    pub(super) cost: u64,
}

/// The queue.
pub(super) struct FairQueue<S, J> {
    most: usize,
    waiting: Vec<Waiting<J>>,
    /// When each share has had what it asked for; only those later than `now`.
    finish: HashMap<S, u64>,
    /// Virtual time: the start tag of the job that was taken last.
    now: u64,
    count: u64,
}

struct Waiting<J> {
    rank: Rank,
    job: J,
}

/// The order of jobs. At one tag, a share that has nothing else under way goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    start: u64,
    is_backlogged: bool,
    number: u64,
}

impl<S: Copy + Eq + Hash, J> FairQueue<S, J> {
    /// Finish tags that may be kept, however few jobs may wait.
    const MOST_TAGS: usize = 1024;

    /// Holds `most` jobs at most.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            waiting: Vec::new(),
            finish: HashMap::new(),
            now: 0,
            count: 0,
        }
    }

    /// How many jobs wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Changes how many jobs may wait.
    pub(super) fn hold(&mut self, most: usize) {
        self.most = most;
    }

    /// Whether a job with these charges would be taken in.
    pub(super) fn has_room(&self, charges: &[Charge<S>]) -> bool {
        self.waiting.len() < self.most || self.last().is_some_and(|last| self.rank(charges) < last)
    }

    /// Takes a job in. Gives back the job that must go if there is no room for all: this one, or
    /// one that waits and comes after it.
    pub(super) fn push(&mut self, charges: &[Charge<S>], job: J) -> Option<J> {
        if !self.has_room(charges) {
            return Some(job);
        }
        let rank = self.rank(charges);
        self.count += 1;
        for Charge { share, cost } in charges {
            // From its own tag: a share pays for what it asked for, not for what the others did.
            let own = self.finish.get(share).copied().unwrap_or(0).max(self.now);
            self.finish.insert(*share, own + cost);
        }
        self.waiting.push(Waiting { rank, job });
        if self.waiting.len() <= self.most {
            return None;
        }
        let last = self.position(|one, other| one > other)?;
        Some(self.waiting.swap_remove(last).job)
    }

    /// The job whose turn it is.
    pub(super) fn pop(&mut self) -> Option<J> {
        let first = self.position(|one, other| one < other)?;
        let Waiting { rank, job } = self.waiting.swap_remove(first);
        self.now = self.now.max(rank.start);
        if self.waiting.is_empty() {
            // Nobody waits for a turn, so nobody has had more than a fair share.
            self.finish.clear();
        }
        self.forget();
        Some(job)
    }

    /// Drops the finish tags that say nothing any more. Where there are too many, virtual time
    /// moves on: a stream of ever new shares must not take memory without an end.
    fn forget(&mut self) {
        let room = Self::MOST_TAGS.max(8 * self.most);
        while self.finish.len() > room {
            self.now = self.finish.values().copied().min().unwrap_or(self.now);
            let now = self.now;
            self.finish.retain(|_, finish| *finish > now);
        }
        let now = self.now;
        self.finish.retain(|_, finish| *finish > now);
    }

    /// Drops the jobs that are not to be kept.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&J) -> bool) {
        self.waiting.retain(|waiting| keep(&waiting.job));
    }

    fn rank(&self, charges: &[Charge<S>]) -> Rank {
        let finish = charges.iter().filter_map(|charge| self.finish.get(&charge.share)).max();
        Rank {
            start: finish.copied().unwrap_or(self.now).max(self.now),
            is_backlogged: finish.is_some(),
            number: self.count,
        }
    }

    fn last(&self) -> Option<Rank> {
        self.waiting.iter().map(|waiting| waiting.rank).max()
    }

    /// Where the job stands that comes before all others by this order.
    fn position(&self, is_before: impl Fn(Rank, Rank) -> bool) -> Option<usize> {
        let mut found: Option<usize> = None;
        for (at, waiting) in self.waiting.iter().enumerate() {
            if found.is_none_or(|best| is_before(waiting.rank, self.waiting[best].rank)) {
                found = Some(at);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(shares: &[u128]) -> Vec<Charge<u128>> {
        shares.iter().map(|&share| Charge { share, cost: 1 }).collect()
    }

    #[test]
    fn a_share_that_asks_for_little_is_served_next_whatever_another_asks_for() {
        let mut queue = FairQueue::new(100);
        for number in 0..50 {
            queue.push(&by(&[1]), (1, number));
        }
        queue.pop();
        queue.pop();

        queue.push(&by(&[2]), (2, 0));

        assert_eq!(queue.pop(), Some((2, 0)));
        assert_eq!(queue.pop(), Some((1, 2)), "each share keeps its own order");
    }

    #[test]
    fn neither_many_networks_nor_many_accounts_take_the_turn_of_others() {
        let mut queue = FairQueue::new(1000);
        // 100 networks for one account, and one network for 100 accounts.
        for number in 0..100 {
            queue.push(&by(&[1000 + number, 1]), "many networks");
            queue.push(&by(&[2, 2000 + number]), "many accounts");
        }
        for _ in 0..4 {
            queue.pop();
        }

        queue.push(&by(&[3, 4]), "honest");

        assert_eq!(queue.pop(), Some("honest"));
    }

    #[test]
    fn two_that_ask_for_much_get_as_much_as_each_other() {
        let mut queue = FairQueue::new(100);
        for _ in 0..30 {
            queue.push(&by(&[1]), 1);
        }
        for _ in 0..10 {
            queue.push(&by(&[2]), 2);
        }

        let first: Vec<i32> = (0..20).filter_map(|_| queue.pop()).collect();

        assert_eq!(first.iter().filter(|share| **share == 2).count(), 10);
    }

    #[test]
    fn a_full_queue_turns_away_the_share_that_asked_for_most() {
        let mut queue = FairQueue::new(10);
        for number in 0..10 {
            assert_eq!(queue.push(&by(&[1]), (1, number)), None);
        }

        assert_eq!(queue.push(&by(&[1]), (1, 10)), Some((1, 10)));
        assert!(!queue.has_room(&by(&[1])) && queue.has_room(&by(&[2])));
        assert_eq!(queue.push(&by(&[2]), (2, 0)), Some((1, 9)));
        assert_eq!(queue.len(), 10);
    }

    #[test]
    fn a_cheaper_share_gets_more_turns_and_still_an_end() {
        let mut queue = FairQueue::new(1000);
        for number in 0..200 {
            // One site, each time another network in it.
            let charges = [
                Charge { share: 1, cost: 1 },
                Charge {
                    share: 100 + number,
                    cost: 16,
                },
            ];
            queue.push(&charges, "site");
        }
        for _ in 0..20 {
            queue.push(&[Charge { share: 2, cost: 16 }], "network");
        }

        let first: Vec<&str> = (0..100).filter_map(|_| queue.pop()).collect();

        let networks = first.iter().filter(|name| **name == "network").count();
        assert!((5..=7).contains(&networks), "{networks}");
    }

    #[test]
    fn a_share_does_not_pay_for_what_another_one_asked_for() {
        let mut queue = FairQueue::new(1000);
        let of = |network, account| {
            let full = |share| Charge { share, cost: 16 };
            [Charge { share: 0, cost: 1 }, full(network), full(account)]
        };
        // One network of a site floods, and names somebody's account once.
        for _ in 0..60 {
            queue.push(&of(1, 10), "flood");
        }
        queue.push(&of(1, 11), "flood");

        queue.push(&of(2, 12), "neighbour");
        queue.push(&of(3, 11), "named");

        let first: Vec<&str> = (0..8).filter_map(|_| queue.pop()).collect();
        assert!(first.contains(&"neighbour") && first.contains(&"named"), "{first:?}");
    }

    #[test]
    fn a_stream_of_new_shares_takes_no_memory() {
        let mut queue = FairQueue::new(10);
        queue.push(&by(&[0]), 0);
        for share in 1..10_000 {
            queue.push(&by(&[share]), share);
            assert_eq!(queue.pop(), Some(share - 1));
        }
        assert!(queue.finish.len() <= 1025, "{}", queue.finish.len());

        queue.pop();

        assert!(queue.finish.is_empty());
    }
}
