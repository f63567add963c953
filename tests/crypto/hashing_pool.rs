//! The pool that hashes passwords: bounded, patient up to a point, and out of everybody's way.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use authara::crypto::password::{Hasher, PoolSize, Share, Unavailable};
use authara::crypto::phc::{Cost, Verified};
use authara::domain::password::Password;
use authara::domain::{Secret, TokenHash};

const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };
/// Some tens of milliseconds.
const SLOW: Cost = Cost { log_n: 14, r: 8, p: 2 };
const LONG: Duration = Duration::from_mins(5);

/// Nobody in particular.
fn nobody() -> Share {
    Share::of(Ipv4Addr::UNSPECIFIED.into())
}

fn password(text: &str) -> Password {
    Password::typed(&Secret::new(text)).expect("a password")
}

fn pool(cost: Cost, queue: usize, patience: Duration) -> Hasher {
    let size = PoolSize {
        threads: 1,
        queue,
        patience,
    };
    Hasher::start(cost, size)
}

#[tokio::test]
async fn a_hashed_password_verifies_and_another_does_not() {
    let hasher = pool(CHEAP, 8, LONG);
    let hash = hasher.hash(nobody(), password("correct horse")).await.expect("a hash");
    let verify = async |text, stored: Option<&str>| {
        let stored = stored.map(str::to_owned);
        hasher
            .verify(nobody(), Some(password(text)), stored)
            .await
            .expect("a verdict")
    };

    assert_eq!(verify("correct horse", Some(&hash)).await, Verified::Right);
    assert_eq!(verify("wrong horse", Some(&hash)).await, Verified::Wrong);
    assert_eq!(verify("correct horse", Some("garbage")).await, Verified::Wrong);
    assert_eq!(verify("correct horse", None).await, Verified::Wrong);
    assert_eq!(hasher.verify(nobody(), None, Some(hash)).await, Ok(Verified::Wrong));
}

#[tokio::test]
async fn a_hash_of_lower_cost_is_right_but_weak() {
    let weak = pool(CHEAP, 8, LONG)
        .hash(nobody(), password("correct horse"))
        .await
        .expect("a hash");
    let hasher = pool(Cost { p: 2, ..CHEAP }, 8, LONG);

    let verdict = hasher
        .verify(nobody(), Some(password("correct horse")), Some(weak))
        .await;

    assert_eq!(verdict, Ok(Verified::RightButWeak));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_the_rest_is_served() {
    let hasher = pool(SLOW, 2, LONG);
    let hash = || hasher.hash(nobody(), password("correct horse"));
    let refused_after = async {
        // The three before are queued when this is polled: `join!` polls in order.
        let start = Instant::now();
        (hasher.check_room(nobody()), hash().await, start.elapsed())
    };

    let (one, two, three, (room, four, waited)) = tokio::join!(hash(), hash(), hash(), refused_after);

    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    assert_eq!(room, Err(Unavailable::Full));
    assert_eq!(hasher.check_room(nobody()), Ok(()));
    assert_eq!(four, Err(Unavailable::Full));
    assert!(waited < Duration::from_millis(20), "{waited:?}");
    assert_eq!(hasher.waiting(), 0);
}

#[tokio::test]
async fn the_runtime_stays_free_while_hashes_are_computed() {
    let hasher = pool(SLOW, 8, LONG);
    let mut hash = std::pin::pin!(hasher.hash(nobody(), password("correct horse")));
    let mut turns = 0;

    // The one thread of this runtime turns thousands of times meanwhile; blocked, it would turn once.
    let done = loop {
        tokio::select! {
            biased;
            done = &mut hash => break done,
            () = tokio::task::yield_now() => turns += 1,
        }
    };

    assert!(done.is_ok());
    assert!(turns > 100, "{turns} turns");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn hashing_gives_way_to_every_other_thread() {
    // No other pool here is as large, so the name of its last thread is its own.
    let _hasher = Hasher::start(
        CHEAP,
        PoolSize {
            threads: 40,
            queue: 1,
            patience: LONG,
        },
    );
    let priority_of = |wanted: &str| {
        let threads = std::fs::read_dir("/proc/self/task").expect("our threads");
        threads.flatten().find_map(|thread| {
            // A thread may end while we look.
            let stat = std::fs::read_to_string(thread.path().join("stat")).ok()?;
            let (name, rest) = stat.split_once(" (")?.1.rsplit_once(") ")?;
            let nice = rest.split(' ').nth(16)?.parse::<i32>().ok()?;
            (name == wanted).then_some(nice)
        })
    };
    let ours = rustix::process::nice(0).expect("our own priority");
    let start = Instant::now();

    while priority_of("hash-39").is_none_or(|nice| nice <= ours) {
        assert!(start.elapsed() < Duration::from_secs(10), "it competes as others do");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn whoever_waits_too_long_is_told_so_and_the_job_is_dropped() {
    let hasher = pool(SLOW, 8, Duration::from_millis(1));

    // One thread: while it computes the first, which takes longer than that and is not given up, the second waits.
    let begun = Instant::now();
    loop {
        let (first, second) = tokio::join!(
            biased;
            hasher.hash(nobody(), password("one")),
            hasher.hash(nobody(), password("two"))
        );
        assert_eq!(second, Err(Unavailable::TimedOut));
        if first.is_ok() {
            return;
        }
        // On a busy machine the thread may not have come to the first in time either.
        assert_eq!(first, Err(Unavailable::TimedOut));
        assert!(begun.elapsed() < LONG, "what has begun is given up");
    }
}

#[tokio::test]
async fn jobs_of_callers_that_left_make_room_and_are_not_computed() {
    let hasher = pool(SLOW, 4, LONG);
    let start = Instant::now();
    hasher.hash(nobody(), password("correct horse")).await.expect("a hash");
    let one_hash = start.elapsed();

    // Forty times the queue fills and its callers leave: without a place left, the last one would be refused.
    let start = Instant::now();
    for _ in 0..40 {
        let crowd = async {
            let hash = || hasher.hash(nobody(), password("correct horse"));
            let all = tokio::join!(hash(), hash(), hash(), hash());
            [all.0, all.1, all.2, all.3]
        };
        let gone = tokio::time::timeout(Duration::ZERO, crowd).await;
        assert!(gone.is_err(), "{gone:?}");
    }
    let last = hasher.hash(nobody(), password("correct horse")).await;

    assert!(last.is_ok());
    assert!(
        start.elapsed() < one_hash * 40,
        "{:?} for {one_hash:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn without_a_stored_hash_the_work_is_done_all_the_same() {
    let hasher = pool(SLOW, 8, LONG);
    let stored = hasher.hash(nobody(), password("correct horse")).await.expect("a hash");
    let cases = [Some(&*stored), None, Some("garbage")];
    let mut fastest = [Duration::MAX; 3];

    // In turns, so that a busy machine slows all of them down alike.
    for _ in 0..7 {
        for (case, fastest) in cases.iter().zip(&mut fastest) {
            let start = Instant::now();
            let verdict = hasher
                .verify(nobody(), Some(password("wrong")), case.map(str::to_owned))
                .await;
            *fastest = start.elapsed().min(*fastest);
            assert_eq!(verdict, Ok(Verified::Wrong));
        }
    }

    // A skipped hash would take a thousandth.
    let [known, unknown, unreadable] = fastest;
    assert!(unknown > known / 3, "{unknown:?}, known {known:?}");
    assert!(unreadable > known / 3, "{unreadable:?}, known {known:?}");
}

/// Who completes before the one who came last, of a flood that came before.
async fn before_the_last(hasher: &Hasher, flood: Vec<Share>, last: Share) -> usize {
    let order = std::sync::Mutex::new(Vec::new());
    let order = &order;
    let hash = |share, number: usize| async move {
        let outcome = hasher.hash(share, password("correct horse")).await;
        if outcome.is_ok() {
            order.lock().expect("no panic").push(number);
        }
        outcome
    };
    let mut waiting: Vec<std::pin::Pin<Box<dyn Future<Output = _>>>> = Vec::new();
    for (number, share) in flood.into_iter().enumerate() {
        waiting.push(Box::pin(hash(share, number)));
    }
    waiting.push(Box::pin(hash(last, usize::MAX)));
    // Polled in order, so that they stand in the queue in order.
    let mut done = vec![false; waiting.len()];
    std::future::poll_fn(|cx| {
        for (future, done) in waiting.iter_mut().zip(&mut done) {
            *done = *done || future.as_mut().poll(cx).is_ready();
        }
        if done.iter().all(|done| *done) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    let order = order.lock().expect("no panic");
    order
        .iter()
        .position(|number| *number == usize::MAX)
        .expect("the last was served")
}

fn at(address: [u8; 4], account: u8) -> Share {
    Share::of(address.into()).and_account(&TokenHash::new([account; 32]))
}

#[tokio::test]
async fn a_flood_holds_up_a_person_elsewhere_for_two_hashes_at_most() {
    let hasher = pool(SLOW, 64, LONG);
    let honest = at([192, 0, 2, 1], 1);

    // One at one account from everywhere; one from one place at all accounts; the same everywhere.
    let one_account = (0..40).map(|number| at([198, 51, 100, number], 9)).collect();
    let one_network = (0..40).map(|number| at([198, 51, 100, 1], number + 10)).collect();
    let both = vec![at([198, 51, 100, 1], 9); 40];

    for flood in [one_account, one_network, both] {
        assert!(before_the_last(&hasher, flood, honest).await <= 2);
    }
}

#[tokio::test]
async fn a_flood_fills_no_place_of_a_person_elsewhere() {
    let hasher = pool(SLOW, 8, LONG);
    let flood = vec![at([198, 51, 100, 1], 9); 40];

    assert!(before_the_last(&hasher, flood, at([192, 0, 2, 1], 1)).await <= 2);
}
