//! How often somebody may try: per network and per account, over every spelling, on any instance.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use authara::app::App;
use authara::config::Config;
use authara::crypto::password::{Hasher, PoolSize, Share};
use authara::crypto::phc::Cost;
use authara::domain::audit::{Action, Actor, Outcome};
use authara::domain::client::CUSTOMER;
use authara::domain::device::Device;
use authara::domain::limit::{Budget, Limit};
use authara::domain::password::Password;
use authara::domain::{Audience, By, Client, PasswordMark, Refusal, Secret, TokenHash, UserId};
use authara::flows::accounts;
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::entry::sign_up::{Application, direct};
use authara::flows::{Error, Result, tokens::SignedIn};
use authara::limits::Key;
use authara::storage::Tx;

use super::metric;
use crate::kit::world::{PASSWORD, World, both, by, client, operator};

/// The budgets of the contract, for one kind of attempt at a time.
fn login_address(config: &mut Config) {
    config.limits.set(
        Limit::LoginAddress,
        Budget {
            limit: 5,
            window: Duration::from_mins(1),
        },
    );
}

fn login_account(config: &mut Config) {
    config.limits.set(
        Limit::LoginAccount,
        Budget {
            limit: 10,
            window: Duration::from_hours(1),
        },
    );
}

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

async fn mark(app: &App, user: UserId) -> PasswordMark {
    let mut conn = app.store.read().await.unwrap();
    conn.users().password(user).await.unwrap().unwrap().mark
}

fn from(address: &str) -> Client {
    Client::new(address.parse().unwrap(), "a browser")
}

async fn sign_in(app: &App, client: &Client, email: &str, password: &str, device: Option<Device>) -> Result<SignedIn> {
    let input = Credentials {
        email: email.to_owned(),
        password: Secret::new(password),
        device,
    };
    with_password(app, &By::nobody(client, app.now()), input, Audience::App).await
}

/// What a try came to: `Ok` for in, else the refusal.
async fn outcome(app: &App, client: &Client, email: &str, password: &str) -> std::result::Result<(), Refusal> {
    refusal(sign_in(app, client, email, password, None).await)
}

fn refusal<T>(result: Result<T>) -> std::result::Result<(), Refusal> {
    match result {
        Ok(_) => Ok(()),
        Err(Error::Refused(refusal)) => Err(refusal),
        Err(other) => panic!("{other}"),
    }
}

const WRONG: std::result::Result<(), Refusal> = Err(Refusal::CredentialsWrong);

const fn wait(seconds: u32) -> std::result::Result<(), Refusal> {
    Err(Refusal::TooMany { retry_after: seconds })
}

both!(
    r119_wrong_passwords_from_one_network_are_limited_and_right_ones_do_not_count,
    async |world: World| {
        let world = world.with(login_address).await;
        world.sign_up("ada@example.com").await;
        let app = &world.app;
        for _ in 0..20 {
            assert_eq!(outcome(app, &client(), "ada@example.com", PASSWORD).await, Ok(()));
        }

        for number in 0..5 {
            // Somebody else each time: the network is what counts.
            let email = format!("person{number}@example.com");
            assert_eq!(outcome(app, &client(), &email, "wrong wrong").await, WRONG);
        }
        assert_eq!(outcome(app, &client(), "ada@example.com", PASSWORD).await, wait(60));
        assert_eq!(
            outcome(app, &from("192.0.2.2"), "ada@example.com", PASSWORD).await,
            Ok(())
        );

        world.clock.advance(Duration::from_mins(1));
        assert_eq!(outcome(app, &client(), "ada@example.com", PASSWORD).await, Ok(()));

        let noted = world.audit(Action::LimitReached).await;
        assert_eq!(noted.len(), 1, "one line a window");
        assert_eq!(metric(app, "authara_limit_hits_total{limit=\"login.address\"}"), 1);
        assert_eq!(noted[0].detail, "login.address");
        assert_eq!((noted[0].outcome, noted[0].actor), (Outcome::Refused, Actor::System));
        assert_eq!(noted[0].client.address, client().address);
    }
);

both!(r120_an_ipv6_customer_is_one_network, async |world: World| {
    let world = world.with(login_address).await;
    let app = &world.app;
    for number in 0..5 {
        let address = from(&format!("2001:db8:0:1::{number}"));
        assert_eq!(outcome(app, &address, "nobody@example.com", "wrong wrong").await, WRONG);
    }

    let last = from("2001:db8:0:1:ffff::1");
    assert_eq!(outcome(app, &last, "nobody@example.com", "wrong wrong").await, wait(60));
    let neighbour = from("2001:db8:0:2::1");
    assert_eq!(
        outcome(app, &neighbour, "nobody@example.com", "wrong wrong").await,
        WRONG
    );

    // A whole site is counted as well, more softly: 80 in all.
    let mut tried = 6;
    for number in 3..100 {
        let address = from(&format!("2001:db8:0:{number:x}::1"));
        if outcome(app, &address, "nobody@example.com", "wrong wrong").await != WRONG {
            break;
        }
        tried += 1;
    }
    assert_eq!(tried, 80);
});

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

both!(
    r121_one_account_is_limited_over_all_spellings_networks_and_instances,
    async |world: World| {
        let world = world.with(login_account).await;
        world.sign_up("ada@example.com").await;
        let other = world.another_instance().await;
        let spellings = [
            "ada@example.com",
            "ADA@example.com",
            " ada@EXAMPLE.com ",
            "Ada@Example.Com",
        ];

        for number in 0..10 {
            let app: &App = if number % 2 == 0 { &world.app } else { &other };
            let address = from(&format!("198.51.100.{number}"));
            assert_eq!(
                outcome(app, &address, spellings[number % 4], "wrong wrong").await,
                WRONG
            );
        }
        assert_eq!(
            outcome(&world.app, &client(), "ada@example.com", PASSWORD).await,
            wait(3600)
        );
        assert_eq!(
            outcome(&other, &client(), "ada@example.com", PASSWORD).await,
            wait(3600)
        );

        let restarted = world.another_instance().await;
        assert_eq!(
            outcome(&restarted, &client(), "ada@example.com", PASSWORD).await,
            wait(3600)
        );
        world.clock.advance(Duration::from_hours(1));
        assert_eq!(
            outcome(&restarted, &client(), "ada@example.com", PASSWORD).await,
            Ok(())
        );
    }
);

both!(
    an_address_without_account_is_limited_like_one_that_has_one,
    async |world: World| {
        let world = world.with(login_account).await;
        for _ in 0..10 {
            assert_eq!(
                outcome(&world.app, &client(), "nobody@example.com", PASSWORD).await,
                WRONG
            );
        }
        assert_eq!(
            outcome(&world.app, &client(), "nobody@example.com", PASSWORD).await,
            wait(3600)
        );
    }
);

both!(
    r119_a_stranger_cannot_lock_an_owner_out_of_a_browser_they_have_used,
    async |world: World| {
        let world = world.with(login_account).await;
        let ada = world.sign_up("ada@example.com").await.user;
        let app = &world.app;
        let device = Some(Device::new(7).after_sign_in(ada.id, mark(app, ada.id).await));
        for _ in 0..11 {
            let _ = outcome(app, &from("198.51.100.1"), "ada@example.com", "wrong wrong").await;
        }
        assert_eq!(outcome(app, &client(), "ada@example.com", PASSWORD).await, wait(3600));

        let known =
            async |password: &str| refusal(sign_in(app, &client(), "ada@example.com", password, device.clone()).await);
        assert_eq!(known(PASSWORD).await, Ok(()));
        // The browser has a budget of its own, no more.
        for _ in 0..10 {
            assert_eq!(known("wrong wrong").await, WRONG);
        }
        assert_eq!(known(PASSWORD).await, wait(3600));

        // A browser that knows somebody else is a stranger here.
        let bob = world.sign_up("bob@example.com").await.user;
        let other = Some(Device::new(8).after_sign_in(bob.id, mark(app, bob.id).await));
        let as_stranger = sign_in(app, &client(), "ada@example.com", PASSWORD, other).await;
        assert_eq!(refusal(as_stranger), wait(3600));

        // Nor can somebody who shares the owner's address.
        let world = world.with(login_address).await;
        let app = &world.app;
        world.clock.advance(Duration::from_hours(2));
        for _ in 0..6 {
            let _ = outcome(app, &client(), "nobody@example.com", "wrong wrong").await;
        }
        assert_eq!(outcome(app, &client(), "ada@example.com", PASSWORD).await, wait(60));
        let owner = sign_in(app, &client(), "ada@example.com", PASSWORD, device.clone()).await;
        assert_eq!(refusal(owner), Ok(()));
    }
);

both!(
    a_browser_is_a_stranger_once_the_password_has_changed,
    async |world: World| {
        let two = |config: &mut Config| {
            config.limits.set(
                Limit::LoginAccount,
                Budget {
                    limit: 2,
                    window: Duration::from_hours(1),
                },
            );
        };
        let world = world.with(two).await;
        let app = &world.app;
        let ada = world.sign_up("ada@example.com").await.user.id;
        let old = mark(app, ada).await;
        let devices: Vec<_> = (0..6)
            .map(|number| Device::new(number).after_sign_in(ada, old))
            .collect();
        let new = Secret::new("set by an operator");
        accounts::set_password(app, &operator(app), ada, new).await.unwrap();

        let mut guessed = 0;
        for device in devices.iter().chain(&devices) {
            let guess = sign_in(app, &client(), "ada@example.com", "wrong wrong", Some(device.clone())).await;
            guessed += u32::from(refusal(guess) == WRONG);
        }

        assert_eq!(guessed, 2);
    }
);

both!(
    whatever_browsers_an_attacker_holds_an_account_is_guessed_at_a_hundred_times,
    async |world: World| {
        let world = world.with(login_account).await;
        let app = &world.app;
        let ada = world.sign_up("ada@example.com").await.user.id;
        let known = mark(app, ada).await;
        let guess = async |device: Option<Device>| {
            let guess = sign_in(app, &client(), "ada@example.com", "wrong wrong", device).await;
            u32::from(refusal(guess) == WRONG)
        };

        let mut guessed = 0;
        for number in 0..20 {
            for _ in 0..10 {
                guessed += guess(Some(Device::new(number).after_sign_in(ada, known))).await;
            }
        }
        for _ in 0..20 {
            guessed += guess(None).await;
        }
        assert_eq!(guessed, 100);

        assert!(accounts::unlock(app, &operator(app), ada).await.unwrap());
        assert_eq!(guess(Some(Device::new(99).after_sign_in(ada, known))).await, 1);
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

both!(an_operator_can_let_everybody_try_again, async |world: World| {
    let world = world.with(login_account).await;
    let ada = world.sign_up("ada@example.com").await.user;
    let use_up = async || {
        while outcome(&world.app, &client(), "ada@example.com", "wrong wrong").await == WRONG {}
        assert_eq!(
            outcome(&world.app, &client(), "ada@example.com", PASSWORD).await,
            wait(3600)
        );
    };

    use_up().await;
    assert!(
        accounts::unlock(&world.app, &operator(&world.app), ada.id)
            .await
            .unwrap()
    );
    assert_eq!(
        outcome(&world.app, &client(), "ada@example.com", PASSWORD).await,
        Ok(())
    );
    assert_eq!(world.audit(Action::UserUnlocked).await.len(), 1);

    use_up().await;
    accounts::set_password(
        &world.app,
        &operator(&world.app),
        ada.id,
        Secret::new("another long password"),
    )
    .await
    .unwrap();
    let with_the_new = outcome(&world.app, &client(), "ada@example.com", "another long password").await;
    assert_eq!(with_the_new, Ok(()));
});

both!(r121_parallel_guesses_get_no_more_tries, async |world: World| {
    let world = world.with(login_account).await;
    world.sign_up("ada@example.com").await;
    let apps = [world.app.clone(), world.another_instance().await];
    let guesses = (0..40).map(|number| {
        let app: Arc<App> = apps[number % 2].clone();
        tokio::spawn(async move { outcome(&app, &client(), "ada@example.com", "wrong wrong").await })
    });

    let mut tried = 0;
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.unwrap() {
            WRONG => tried += 1,
            other => assert!(matches!(other, Err(Refusal::TooMany { .. })), "{other:?}"),
        }
    }
    assert_eq!(tried, 10);
});

both!(parallel_sign_ins_of_an_owner_all_pass, async |world: World| {
    let change = |config: &mut Config| {
        login_account(config);
        login_address(config);
        config.hashing.queue = 100;
    };
    let world = world.with(change).await;
    world.sign_up("ada@example.com").await;
    let sign_ins = (0..40).map(|_| {
        let app = world.app.clone();
        tokio::spawn(async move { outcome(&app, &client(), "ada@example.com", PASSWORD).await })
    });

    for sign_in in sign_ins.collect::<Vec<_>>() {
        assert_eq!(sign_in.await.unwrap(), Ok(()));
    }
});

both!(a_right_password_without_the_role_is_no_guess, async |world: World| {
    let world = world.with(login_address).await;
    world.sign_up("ada@example.com").await;
    for _ in 0..10 {
        let input = Credentials {
            email: "ada@example.com".to_owned(),
            password: Secret::new(PASSWORD),
            device: None,
        };
        let refused = with_password(&world.app, &by(&world.app), input, Audience::Admin).await;
        assert_eq!(refusal(refused), Err(Refusal::AudienceRefused));
    }
    let noted = world.audit(Action::SignIn).await;
    let refused = noted.iter().filter(|line| line.outcome == Outcome::Refused);
    assert_eq!(refused.count(), 10);
});

async fn sign_up(app: &App, client: &Client, email: &str) -> std::result::Result<(), Refusal> {
    let input = Application {
        email: email.to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: None,
    };
    refusal(direct(app, &By::nobody(client, app.now()), input, Audience::App).await)
}

both!(looking_for_taken_addresses_is_limited, async |world: World| {
    let change = |config: &mut Config| {
        let three = |window| Budget { limit: 3, window };
        config.limits.set(Limit::SignUpAddress, three(Duration::from_hours(1)));
        config.limits.set(Limit::SignUpAccount, three(Duration::from_hours(24)));
    };
    let world = world.with(change).await;
    let app = &world.app;
    world.sign_up("ada@example.com").await;
    for number in 0..6 {
        let email = format!("person{number}@example.com");
        assert_eq!(sign_up(app, &client(), &email).await, Ok(()));
    }

    for number in 0..3 {
        let email = format!("person{number}@example.com");
        assert_eq!(sign_up(app, &client(), &email).await, Err(Refusal::EmailTaken));
    }
    assert_eq!(sign_up(app, &client(), "new@example.com").await, wait(3600));

    for number in 0..3 {
        let address = from(&format!("198.51.100.{number}"));
        assert_eq!(
            sign_up(app, &address, "Ada@Example.com").await,
            Err(Refusal::EmailTaken)
        );
    }
    assert_eq!(
        sign_up(app, &from("198.51.100.9"), "ada@example.com").await,
        wait(86_400)
    );
});

both!(accounts_opened_from_one_network_are_limited, async |world: World| {
    let change = |config: &mut Config| {
        config.limits.set(
            Limit::NewAccounts,
            Budget {
                limit: 2,
                window: Duration::from_hours(1),
            },
        );
        config
            .limits
            .set(Limit::SignUpAccount, config.limits.of(Limit::NewAccounts).unwrap());
    };
    let world = world.with(change).await;
    let app = &world.app;
    for (email, expected) in [
        ("a@example.com", Ok(())),
        // What is refused opens none.
        ("a@example.com", Err(Refusal::EmailTaken)),
        ("b@example.com", Ok(())),
        ("c@example.com", wait(3600)),
        // To be turned away for others' sake costs the person nothing.
        ("c@example.com", wait(3600)),
        ("c@example.com", wait(3600)),
    ] {
        assert_eq!(sign_up(app, &client(), email).await, expected, "{email}");
    }
    assert_eq!(sign_up(app, &from("198.51.100.9"), "c@example.com").await, Ok(()));
});

both!(
    a_refresh_is_limited_by_session_and_only_if_that_is_wanted,
    async |world: World| {
        let change = |config: &mut Config| {
            config.limits.set(
                Limit::RefreshSession,
                Budget {
                    limit: 3,
                    window: Duration::from_mins(1),
                },
            );
        };
        let world = world.with(change).await;
        let mut ada = world.sign_up("ada@example.com").await.tokens.refresh;
        let bob = world.sign_up("bob@example.com").await.tokens.refresh;
        let refresh = async |token: &Secret| {
            authara::flows::refresh::with_token(&world.app, &by(&world.app), token, Audience::App).await
        };

        for _ in 0..3 {
            ada = refresh(&ada).await.unwrap().tokens.refresh;
        }
        assert_eq!(refusal(refresh(&ada).await), wait(60));
        assert!(refresh(&bob).await.is_ok());

        world.clock.advance(Duration::from_mins(1));
        assert!(refresh(&ada).await.is_ok(), "nothing was lost");
    }
);

both!(r127_every_sign_in_and_refusal_is_noted, async |world: World| {
    let ada = world.sign_up("ada@example.com").await.user;
    let caller = client().in_request("req-1".to_owned());
    for email in ["ada@example.com", "nobody@example.com"] {
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(outcome(&world.app, &caller, email, "wrong wrong").await, WRONG);
    }
    world.clock.advance(Duration::from_secs(1));
    let signed_in = sign_in(&world.app, &caller, "ada@example.com", PASSWORD, None)
        .await
        .unwrap();

    let noted = world.audit(Action::SignIn).await;
    let said: Vec<_> = noted
        .iter()
        .map(|line| (line.outcome, line.actor, line.subject, line.detail.as_str()))
        .collect();
    // Newest first; the last one is the sign-up itself.
    let ada = ada.id;
    assert_eq!(
        said,
        [
            (Outcome::Done, Actor::User(ada), Some(ada), "pwd"),
            (Outcome::Refused, Actor::System, None, "no such account"),
            (Outcome::Refused, Actor::System, Some(ada), "wrong password"),
            (Outcome::Done, Actor::User(ada), Some(ada), "pwd"),
        ]
    );
    assert_eq!(noted[0].session, Some(signed_in.tokens.session));
    assert_eq!(noted[1].client, caller);
});

both!(r052_one_account_keeps_only_so_many_sessions, async |world: World| {
    let world = world.with(|config| config.sessions.most_per_user = 3).await;
    let first = world.sign_up("ada@example.com").await;
    for _ in 0..20 {
        world.clock.advance(Duration::from_secs(1));
        world.sign_in("ada@example.com").await;
    }

    let mut conn = world.app.store.read().await.unwrap();
    let kept = conn.sessions().of_user(first.user.id, world.app.now()).await.unwrap();
    assert_eq!(kept.len(), 3);
    assert!(kept.iter().all(|session| session.id != first.tokens.session));

    // A sign-in that waited for its turn, while the other sessions were used.
    let by = by(&world.app);
    let used = kept.iter().map(|session| session.id);
    world.clock.advance(Duration::from_secs(1));
    let later = world.app.now();
    for id in used {
        let touch = async |tx: &mut Tx| {
            let token = TokenHash::new([7; 32]);
            tx.sessions().touch(id, &token, later, &by.client, later).await
        };
        world.app.store.write(touch).await.unwrap();
    }
    let input = Credentials {
        email: "ada@example.com".to_owned(),
        password: Secret::new(PASSWORD),
        device: None,
    };
    let last = with_password(&world.app, &by, input, Audience::App).await.unwrap();
    assert!(world.try_caller(&last.tokens.access).await.is_ok());
});
