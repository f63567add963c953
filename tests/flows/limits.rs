//! How often somebody may try: per network and per account, over every spelling, on any instance.

mod others;
mod places;

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

async fn mark(app: &App, user: UserId) -> PasswordMark {
    let mut conn = app.store.read().await.unwrap();
    conn.users().password(user).await.unwrap().unwrap().mark
}

fn from(address: &str) -> Client {
    Client::new(address.parse().unwrap(), "a browser")
}

async fn sign_in(app: &App, client: &Client, email: &str, password: &str, device: Option<Device>) -> Result<SignedIn> {
    let input = Credentials {
        identifier: email.to_owned(),
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
            identifier: "ada@example.com".to_owned(),
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
