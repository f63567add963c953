//! What all share is not taken by one: places for hashing and for waiting.

use super::*;

fn password() -> Password {
    Password::typed(&Secret::new(PASSWORD)).unwrap()
}

fn nobody() -> Share {
    Share::of(std::net::Ipv4Addr::UNSPECIFIED.into())
}

/// A comparison with a hash that costs much more than the others, already begun.
fn dear_comparison(app: &Arc<App>, stored: &str) -> tokio::task::JoinHandle<()> {
    let before = app.hasher.running();
    let (other, stored) = (app.clone(), stored.to_owned());
    let comparison = tokio::spawn(async move {
        let _ = other.hasher.verify(nobody(), Some(password()), Some(stored)).await;
    });
    while app.hasher.running() == before {
        std::thread::yield_now();
    }
    comparison
}

both!(
    r120_whoever_waits_in_one_network_takes_no_place_of_the_others_around_it,
    async |world: World| {
        let budget = Budget {
            limit: 5,
            window: Duration::from_mins(1),
        };
        let world = world
            .with(|config| config.limits.set(Limit::LoginAddress, budget))
            .await;
        let here = from("2001:db8:0:1::1");
        let key = Key::network(Limit::LoginAddress, here.address, CUSTOMER);
        let mut under_way = Vec::new();
        for _ in 0..5 {
            under_way.push(world.app.limiter.enter(key, budget, &*world.app.clock).await);
        }
        // As many as the whole site may have, and more, wait for those.
        let waiting: Vec<_> = (0..100)
            .map(|_| {
                let (app, here) = (world.app.clone(), here.clone());
                tokio::spawn(async move { outcome(&app, &here, "nobody@example.com", "wrong wrong").await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;

        let neighbour = from("2001:db8:0:2::1");
        let tried = outcome(&world.app, &neighbour, "nobody@example.com", "wrong wrong");
        let tried = tokio::time::timeout(Duration::from_secs(8), tried).await;

        assert_eq!(tried.expect("the neighbour waits too"), WRONG);
        for one in waiting {
            one.abort();
        }
    }
);

both!(a_flood_of_right_passwords_keeps_no_others_out, async |world: World| {
    let few = |config: &mut Config| {
        config.hashing.threads = 1;
        config.hashing.queue = 4;
    };
    let world = Arc::new(world.with(few).await);
    let mallory = world.sign_up("mallory@example.com").await.user.id;
    let known = mark(&world.app, mallory).await;
    world.sign_up("ada@example.com").await;
    let stop = Arc::new(AtomicBool::new(false));
    let flood: Vec<_> = (0..40)
        .map(|number| {
            let (world, stop) = (world.clone(), stop.clone());
            let device = Device::new(number % 4).after_sign_in(mallory, known);
            tokio::spawn(async move {
                let (app, here) = (&world.app, from("198.51.100.1"));
                while !stop.load(Ordering::SeqCst) {
                    let _ = sign_in(app, &here, "mallory@example.com", PASSWORD, Some(device.clone())).await;
                }
            })
        })
        .collect();

    let mut refused = Vec::new();
    for _ in 0..30 {
        let honest = outcome(&world.app, &client(), "ada@example.com", PASSWORD).await;
        refused.extend(honest.err());
    }
    stop.store(true, Ordering::SeqCst);
    for flooding in flood {
        flooding.await.unwrap();
    }

    assert_eq!(refused, []);
});

both!(
    an_attempt_that_is_given_up_before_it_is_judged_is_no_attempt,
    async |world: World| {
        let change = |config: &mut Config| {
            let two = Budget {
                limit: 2,
                window: Duration::from_hours(1),
            };
            config.limits.set(Limit::LoginAccount, two);
            config.limits.set(Limit::LoginAddress, two);
            config.hashing.threads = 1;
        };
        let world = world.with(change).await;
        let app = &world.app;
        let ada = world.sign_up("ada@example.com").await.user.id;

        let size = PoolSize {
            threads: 1,
            queue: 1,
            patience: Duration::from_mins(1),
        };
        let dear = Hasher::start(Cost::DEFAULT, size)
            .hash(nobody(), password())
            .await
            .unwrap();
        let mut given_up = 0;
        while given_up < 4 {
            // The one thread is busy, so the attempt waits for it and is given up while it does.
            let keep_busy = dear_comparison(app, &dear);
            let is_waiting = async {
                while app.hasher.waiting() == 0 {
                    tokio::task::yield_now().await;
                }
            };
            let here = client();
            tokio::select! {
                () = is_waiting => given_up += 1,
                // A machine too busy for the plan: once more.
                _ = outcome(app, &here, "ada@example.com", "wrong wrong") => {
                    accounts::unlock(app, &operator(app), ada).await.unwrap();
                    world.clock.advance(Duration::from_hours(1));
                }
            }
            keep_busy.await.unwrap();
        }

        // What was taken is given back by a task of its own.
        let mut in_the_end = wait(3600);
        for _ in 0..50 {
            in_the_end = match outcome(app, &client(), "ada@example.com", PASSWORD).await {
                Ok(()) => break,
                Err(refusal) => Err(refusal),
            };
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(
            outcome(app, &client(), "ada@example.com", PASSWORD).await,
            Ok(()),
            "{in_the_end:?}"
        );
        assert_eq!(outcome(app, &client(), "ada@example.com", "wrong wrong").await, WRONG);
    }
);
