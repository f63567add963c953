//! Attacks on addresses, codes and the right to take an account back. Each says what must hold.

use std::time::Duration;

use authara::domain::limit::{Budget, Limit};
use authara::domain::{Audience, By, Client, Refusal, Secret, UserId};
use authara::flows::entry::code as by_code;
use authara::flows::password::Change;
use authara::flows::{account, accounts, address, appeals, password, refresh, reset};
use authara::workers;

use super::addresses::{change, code, letters_to, link, proved};
use super::refusal;
use crate::kit::world::{PASSWORD, World, both, by, operator};

const ADA: &str = "ada@example.com";
const EVIL: &str = "evil@example.com";
const NEW: &str = "battery staple correct";

async fn address_of(world: &World, user: UserId) -> Option<String> {
    let mut conn = world.app.store.read().await.unwrap();
    let user = conn.users().by_id(user).await.unwrap();
    user.map(|user| user.email.as_str().to_owned())
}

fn from(world: &World, network: u8) -> By {
    let address = std::net::Ipv4Addr::new(198, 51, network, 1);
    By::nobody(&Client::new(address.into(), "a browser"), world.app.now())
}

both!(
    a_thief_cannot_get_an_appeal_that_is_older_than_the_owners,
    async |world: World| {
        let (me, stolen) = proved(&world).await;
        world.clock.advance(Duration::from_secs(5));
        // A change of the password is under way (it hashes) while the address changes.
        let slow = world.caller(&stolen.access).await;
        world.clock.advance(Duration::from_millis(300));
        let thief = world.caller(&stolen.access).await;
        change(&world, &thief, EVIL).await;
        let input = Change {
            new: Secret::new(NEW),
            current: None,
            refresh: None,
        };
        password::change(&world.app, &slow, input).await.unwrap();
        let (owners, thiefs) = (link(&world, ADA).await, link(&world, EVIL).await);

        // The thief uses theirs at once; the owner reads their mail an hour later.
        appeals::redeem(&world.app, &by(&world.app), &thiefs, EVIL)
            .await
            .unwrap();
        world.clock.advance(Duration::from_hours(1));
        let taken = appeals::redeem(&world.app, &by(&world.app), &owners, ADA).await;

        assert!(taken.is_ok(), "the owner's link is dead: {taken:?}");
        assert_eq!(address_of(&world, me.user.id).await.as_deref(), Some(ADA));
    }
);

both!(an_owner_who_took_their_account_back_keeps_it, async |world: World| {
    let (me, stolen) = proved(&world).await;
    world.clock.advance(Duration::from_secs(5));
    let slow = world.caller(&stolen.access).await;
    world.clock.advance(Duration::from_millis(300));
    let thief = world.caller(&stolen.access).await;
    change(&world, &thief, EVIL).await;
    let input = Change {
        new: Secret::new(NEW),
        current: None,
        refresh: None,
    };
    password::change(&world.app, &slow, input).await.unwrap();
    let (owners, thiefs) = (link(&world, ADA).await, link(&world, EVIL).await);

    appeals::redeem(&world.app, &by(&world.app), &owners, ADA)
        .await
        .unwrap();
    let late = appeals::redeem(&world.app, &by(&world.app), &thiefs, EVIL).await;

    assert!(late.is_err(), "the thief took it again");
    assert_eq!(address_of(&world, me.user.id).await.as_deref(), Some(ADA));
});

both!(
    an_old_session_of_an_account_that_is_not_proved_cannot_give_it_another_address,
    async |world: World| {
        let stolen = world.sign_up(ADA).await.tokens;
        // Hours after the sign-in: a change of the password would ask for the current one.
        world.clock.advance(Duration::from_hours(5));
        let now = by(&world.app);
        let renewed = refresh::with_token(&world.app, &now, &stolen.refresh, Audience::App).await;
        let stolen = renewed.unwrap().tokens;
        let thief = world.caller(&stolen.access).await;
        let input = Change {
            new: Secret::new(NEW),
            current: None,
            refresh: None,
        };
        assert_eq!(
            refusal(password::change(&world.app, &thief, input).await),
            Refusal::ReauthenticationRequired
        );

        let begun = address::start(&world.app, &thief, EVIL).await;
        if let Ok(id) = begun {
            let right = code(&world, EVIL).await;
            address::complete(&world.app, &thief, id, &right, None).await.unwrap();
            let id = reset::start(&world.app, &by(&world.app), EVIL, None).await.unwrap();
            let right = code(&world, EVIL).await;
            reset::complete_with(&world.app, &by(&world.app), id, &right, &Secret::new(NEW))
                .await
                .unwrap();
            let told = letters_to(&world, ADA).await;
            assert!(
                world.try_sign_in(ADA, PASSWORD).await.is_ok(),
                "the owner is out; letters to them: {}",
                told.len()
            );
        }
    }
);

both!(
    who_signs_in_by_code_every_few_hours_is_not_locked_out,
    async |world: World| {
        let world = world.with(|config| config.challenges.at_sign_in = true).await;
        let (me, _) = proved(&world).await;
        world.clock.advance(Duration::from_hours(48));
        for turn in 1..=5 {
            world.clock.advance(Duration::from_hours(3));
            let by = by(&world.app);
            let id = by_code::start(&world.app, &by, ADA).await;
            let id = id.unwrap_or_else(|error| panic!("sign-in {turn}: {error:?}"));
            let right = code(&world, ADA).await;
            let signed_in = by_code::complete(&world.app, &by, id, &right, Audience::App)
                .await
                .unwrap();
            assert_eq!(signed_in.user.id, me.user.id);
        }
    }
);

both!(
    two_accounts_of_a_stranger_cannot_keep_somebody_from_their_letters,
    async |world: World| {
        let world = world.with(|config| config.challenges.at_sign_in = true).await;
        let (_, _) = proved(&world).await;
        world.clock.advance(Duration::from_hours(48));
        for name in ["eve@example.com", "mallory@example.com", "trudy@example.com"] {
            let tokens = world.sign_up(name).await.tokens;
            let stranger = world.caller(&tokens.access).await;
            for _ in 0..10 {
                let _ = address::start(&world.app, &stranger, ADA).await;
            }
        }

        // Ada is at home, in another network.
        let by = from(&world, 7);
        let by_code = by_code::start(&world.app, &by, ADA).await;
        let by_reset = reset::start(&world.app, &by, ADA, None).await;

        assert!(by_code.is_ok() || by_reset.is_ok(), "{by_code:?} {by_reset:?}");
    }
);

both!(
    the_limit_of_a_mailbox_cannot_be_reset_by_an_account_of_a_stranger,
    async |world: World| {
        let (_, _) = proved(&world).await;
        world.clock.advance(Duration::from_hours(48));
        let mut asked = 0;
        for network in 0..30 {
            asked += u32::from(
                reset::start(&world.app, &from(&world, network), ADA, None)
                    .await
                    .is_ok(),
            );
        }
        assert_eq!(asked, 20, "as many as a mailbox gets");

        // No letter to this address is ever read by the stranger.
        let tokens = world.sign_up("ada+x@example.com").await.tokens;
        let stranger = world.caller(&tokens.access).await;
        let proof = authara::flows::entry::confirm::recent(&world.app, &stranger).unwrap();
        account::delete(&world.app, &proof).await.unwrap();

        let again = reset::start(&world.app, &from(&world, 99), ADA, None).await;
        assert!(again.is_err(), "the limit is gone");
    }
);

both!(
    a_thief_cannot_take_a_letter_to_the_owner_out_of_the_queue,
    async |world: World| {
        let (_, stolen) = proved(&world).await;
        world.clock.advance(Duration::from_secs(5));
        let thief = world.caller(&stolen.access).await;
        let id = address::start(&world.app, &thief, EVIL).await.unwrap();
        let right = code(&world, EVIL).await;
        address::complete(&world.app, &thief, id, &right, None).await.unwrap();
        // Before a worker (or the mail server) gets to it.
        let squatter = world.sign_up(ADA).await.tokens;
        let squatter = world.caller(&squatter.access).await;
        let proof = authara::flows::entry::confirm::recent(&world.app, &squatter).unwrap();
        account::delete(&world.app, &proof).await.unwrap();

        let told = letters_to(&world, ADA).await;
        assert!(
            told.iter().any(|text| text.contains("/auth/not-me?link=")),
            "the owner was told nothing"
        );
    }
);

both!(
    accounts_are_not_deleted_for_a_proof_that_nobody_asked_them_for,
    async |world: World| {
        let world = world.with(|config| config.challenges.is_proof_required = true).await;
        let user = world.sign_up(ADA).await.user;
        // The operator stops asking for a proof; the account is used for a year.
        let world = world.with(|config| config.challenges.is_proof_required = false).await;
        // The worker notices within an hour.
        accounts::expect_no_proof(&world.app).await.unwrap();
        world.clock.advance(Duration::from_hours(365 * 24));
        world.sign_in(ADA).await;
        // And asks again. The worker runs within a minute.
        let world = world.with(|config| config.challenges.is_proof_required = true).await;
        accounts::expire(&world.app, world.app.now(), 10).await.unwrap();

        assert!(address_of(&world, user.id).await.is_some(), "deleted, used today");
    }
);

both!(the_address_that_an_appeal_takes_away_is_told, async |world: World| {
    let (_, tokens) = proved(&world).await;
    world.clock.advance(Duration::from_secs(5));
    // The owner leaves an address that is somebody else's from now on.
    let me = world.caller(&tokens.access).await;
    change(&world, &me, "ada@new.example").await;
    let undo = link(&world, ADA).await;
    let before = letters_to(&world, "ada@new.example").await.len();

    world.clock.advance(Duration::from_hours(24));
    appeals::redeem(&world.app, &by(&world.app), &undo, ADA).await.unwrap();

    assert!(
        letters_to(&world, "ada@new.example").await.len() > before,
        "told nothing"
    );
});

both!(nobody_learns_which_usernames_there_are, async |world: World| {
    let world = world
        .with(|config| {
            config.username_login = true;
            config.limits.set(
                Limit::LoginAccount,
                Budget {
                    limit: 3,
                    window: Duration::from_hours(1),
                },
            );
        })
        .await;
    let known = world.sign_up(ADA).await.user.username.as_str().to_ascii_lowercase();
    let mut answers = Vec::new();
    for name in [known.as_str(), "nobody-12345"] {
        // Uses up what a name that nobody has would have.
        for _ in 0..3 {
            let _ = world
                .try_sign_in(&format!("{name}@username.invalid"), "wrong password")
                .await;
        }
        let tried = refusal(world.try_sign_in(name, "wrong password").await);
        answers.push(matches!(tried, Refusal::TooMany { .. }));
    }
    assert_eq!(
        answers[0], answers[1],
        "too many: known {}, unknown {}",
        answers[0], answers[1]
    );
});

both!(a_name_that_nobody_has_opens_no_account, async |world: World| {
    let world = world.with(|config| config.username_login = true).await;
    world.sign_up("nobody-12345@username.invalid").await;
    let tried = world.try_sign_in("nobody-12345", PASSWORD).await;
    assert!(tried.is_err(), "signed in by a username that does not exist");
});

both!(
    a_copy_of_ones_data_does_not_tell_which_addresses_have_an_account,
    async |world: World| {
        world.sign_up(ADA).await;
        let mut counts = Vec::new();
        for (name, wanted) in [("eve@example.com", ADA), ("mallory@example.com", "free@example.com")] {
            let tokens = world.sign_up(name).await.tokens;
            let me = world.caller(&tokens.access).await;
            address::start(&world.app, &me, wanted).await.unwrap();
            workers::letters::round(world.app.clone()).await.unwrap();
            let proof = authara::flows::entry::confirm::recent(&world.app, &me).unwrap();
            let copy = authara::flows::account_data::copy(&world.app, &proof).await.unwrap();
            counts.push(copy.letters.len());
        }
        assert_eq!(counts[0], counts[1], "letters: taken {}, free {}", counts[0], counts[1]);
    }
);

both!(the_last_admin_is_not_removed_by_an_appeal, async |world: World| {
    let (_, tokens) = proved(&world).await;
    world.clock.advance(Duration::from_secs(5));
    let me = world.caller(&tokens.access).await;
    change(&world, &me, EVIL).await;
    let undo = link(&world, ADA).await;
    let roles = [authara::domain::PlatformRole::Admin];
    let operator = operator(&world.app);
    let added = accounts::add(&world.app, &operator, ADA, Secret::new(PASSWORD), &roles);
    let admin = added.await.unwrap();

    let _ = appeals::redeem(&world.app, &by(&world.app), &undo, ADA).await;

    assert!(address_of(&world, admin.id).await.is_some(), "no admin is left");
});

both!(
    what_was_begun_before_the_address_was_proved_needs_a_recent_proof_after_it,
    async |world: World| {
        let stolen = world.sign_up(ADA).await.tokens;
        world.clock.advance(Duration::from_hours(5));
        let now = by(&world.app);
        let stolen = refresh::with_token(&world.app, &now, &stolen.refresh, Audience::App).await;
        let stolen = stolen.unwrap().tokens;
        // The thief's request is under way (it waits for its turn at a limit) while the owner proves the address.
        let thief = world.caller(&stolen.access).await;
        let owner = world.sign_in(ADA).await.tokens;
        let owner = world.caller(&owner.access).await;
        change(&world, &owner, ADA).await;

        let begun = address::start(&world.app, &thief, EVIL).await;

        assert!(begun.is_err(), "an address that is proved, and no recent proof");
    }
);

both!(
    two_who_get_one_address_at_once_do_not_block_each_other,
    async |world: World| {
        for round in 0..10 {
            let to = format!("shared{round}@example.com");
            let mut begun = Vec::new();
            for name in ["eve", "mallory"] {
                let tokens = world.sign_up(&format!("{name}{round}@example.com")).await.tokens;
                let me = world.caller(&tokens.access).await;
                let id = address::start(&world.app, &me, &to).await.unwrap();
                let right = code(&world, &to).await;
                begun.push((me, id, right));
                world.clock.advance(Duration::from_secs(1));
            }
            let [(one, id, code), (two, id2, code2)] = begun.try_into().unwrap_or_else(|_| panic!("two"));
            let (first, second) = tokio::join!(
                address::complete(&world.app, &one, id, &code, None),
                address::complete(&world.app, &two, id2, &code2, None)
            );
            for done in [&first, &second] {
                let is_broken = matches!(done, Err(error) if !matches!(error, authara::flows::Error::Refused(_)));
                assert!(!is_broken, "round {round}: {done:?}");
            }
        }
    }
);

both!(
    the_owner_is_told_that_a_code_took_their_password_away,
    async |world: World| {
        let world = world.with(|config| config.challenges.at_sign_in = true).await;
        world.sign_up(ADA).await;
        world.clock.advance(Duration::from_mins(5));
        let now = by(&world.app);
        let id = by_code::start(&world.app, &now, ADA).await.unwrap();
        let right = code(&world, ADA).await;
        let before = letters_to(&world, ADA).await.len();
        by_code::complete(&world.app, &now, id, &right, Audience::App)
            .await
            .unwrap();

        assert!(world.try_sign_in(ADA, PASSWORD).await.is_err(), "it is gone");
        assert!(letters_to(&world, ADA).await.len() > before, "told nothing");
    }
);
