//! What the counters in memory promise.

use super::*;
use crate::domain::time::ManualClock;

const BUDGET: Budget = Budget {
    limit: 3,
    window: Duration::from_mins(1),
};

fn clock() -> ManualClock {
    ManualClock::new(Timestamp::from_seconds(1_800_000_000))
}

fn key(address: &str) -> Key {
    Key::network(Limit::LoginAddress, address.parse().unwrap(), 64)
}

async fn fail(limiter: &Limiter, key: Key, clock: &ManualClock) -> Result<(), Full> {
    limiter.enter(key, BUDGET, clock).await.map(drop)
}

#[tokio::test]
async fn failures_count_until_the_window_ends_and_successes_do_not() {
    let (limiter, clock) = (Limiter::new(10), clock());
    let here = key("192.0.2.1");
    for _ in 0..10 {
        limiter.enter(here, BUDGET, &clock).await.unwrap().spare();
    }
    for _ in 0..3 {
        fail(&limiter, here, &clock).await.unwrap();
    }
    clock.advance(Duration::from_secs(59));

    let told = [fail(&limiter, here, &clock).await, fail(&limiter, here, &clock).await];
    let until = Timestamp::from_seconds(1_800_000_060);
    assert_eq!(told[0], Err(Full::Spent { until, is_first: true }));
    assert_eq!(told[1], Err(Full::Spent { until, is_first: false }));
    assert_eq!(fail(&limiter, key("192.0.2.2"), &clock).await, Ok(()));

    clock.advance(Duration::from_secs(1));
    assert_eq!(fail(&limiter, here, &clock).await, Ok(()));
}

#[test]
fn an_ipv6_customer_is_one_and_a_mapped_address_is_ipv4() {
    assert_eq!(key("2001:db8:0:1::1"), key("2001:db8:0:1:ffff::2"));
    assert_ne!(key("2001:db8:0:1::1"), key("2001:db8:0:2::1"));
    assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    let site = |address: &str| Key::network(Limit::LoginAddress, address.parse().unwrap(), 48);
    assert_eq!(site("2001:db8:0:1::1"), site("2001:db8:0:2::1"));
    assert_ne!(site("2001:db8::1"), key("2001:db8::1"));
}

#[tokio::test(start_paused = true)]
async fn parallel_attempts_wait_for_room_and_get_no_more_tries_than_there_are() {
    let (limiter, clock) = (Limiter::new(10), clock());
    let here = key("192.0.2.1");
    let parallel = |fails: bool| {
        let tasks = (0..50).map(|_| {
            let (limiter, clock) = (limiter.clone(), clock.clone());
            tokio::spawn(async move {
                let attempt = limiter.enter(here, BUDGET, &clock).await?;
                tokio::time::sleep(Duration::from_millis(100)).await;
                if fails {
                    drop(attempt);
                } else {
                    attempt.spare();
                }
                Ok::<_, Full>(())
            })
        });
        tasks.collect::<Vec<_>>()
    };

    let mut passed = 0;
    for task in parallel(false) {
        passed += u32::from(task.await.unwrap().is_ok());
    }
    assert_eq!(passed, 50, "nobody is refused who fails at nothing");

    let mut tried = 0;
    for task in parallel(true) {
        tried += u32::from(task.await.unwrap().is_ok());
    }
    assert_eq!(tried, 3);
}

#[tokio::test]
async fn a_window_that_ends_while_attempts_are_under_way_is_followed_by_one_that_ends() {
    let (limiter, clock) = (Limiter::new(10), clock());
    let here = key("192.0.2.1");
    let mut under_way = Vec::new();
    for _ in 0..3 {
        under_way.push(limiter.enter(here, BUDGET, &clock).await.unwrap());
    }
    clock.advance(Duration::from_mins(1));
    // One more comes as the window ends, and waits for an outcome.
    assert!(matches!(limiter.try_enter(here, BUDGET, clock.now()), Ok(Err(_))));

    drop(under_way);

    assert!(matches!(fail(&limiter, here, &clock).await, Err(Full::Spent { .. })));
    clock.advance(Duration::from_mins(1));
    assert_eq!(fail(&limiter, here, &clock).await, Ok(()));
}

#[tokio::test]
async fn r122_a_flood_of_keys_frees_no_counter_and_takes_no_memory() {
    let (limiter, clock) = (Limiter::new(1000), clock());
    let victim = key("192.0.2.1");
    for _ in 0..3 {
        fail(&limiter, victim, &clock).await.unwrap();
    }

    for number in 0..1_000_000_u32 {
        let address = IpAddr::V4(std::net::Ipv4Addr::from_bits(number << 3));
        let _ = fail(&limiter, Key::network(Limit::LoginAddress, address, 64), &clock).await;
    }
    assert!(matches!(fail(&limiter, victim, &clock).await, Err(Full::Spent { .. })));
    assert_eq!(limiter.lock().counters.len(), 1000);

    clock.advance(Duration::from_mins(1));
    assert_eq!(fail(&limiter, key("203.0.113.1"), &clock).await, Ok(()));
    assert_eq!(
        limiter.lock().counters.len(),
        1,
        "what is over goes when room is needed"
    );
}
