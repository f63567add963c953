//! Another address, and taking an account back from somebody who has changed it.

use std::sync::Arc;
use std::time::Duration;

use authara::domain::audit::{Action, Outcome};
use authara::domain::{Caller, ChallengeId, Domains, Refusal, Secret, UserId};
use authara::flows::tokens::Tokens;
use authara::flows::{accounts, address, allowlist, appeals, letters, refresh, reset};
use authara::workers;

use super::refusal;
use crate::kit::log;
use crate::kit::world::{PASSWORD, World, both, by, operator};

const ADA: &str = "ada@example.com";
const EVIL: &str = "evil@example.com";
const NEW: &str = "battery staple correct";

/// The letters to an address, newest first.
pub(super) async fn letters_to(world: &World, address: &str) -> Vec<String> {
    workers::letters::round(world.app.clone()).await.unwrap();
    let inbox = letters::inbox(&world.app).unwrap();
    let theirs = inbox.into_iter().filter(|entry| entry.to.as_str() == address);
    theirs.map(|entry| entry.text.clone()).collect()
}

pub(super) async fn code(world: &World, address: &str) -> String {
    let letters = letters_to(world, address).await;
    let found = letters.iter().find_map(|letter| {
        let mut lines = letter.lines().map(str::trim);
        lines
            .find(|line| line.len() == 6 && line.parse::<u32>().is_ok())
            .map(str::to_owned)
    });
    found.expect("a code")
}

/// What stands in the newest link to an address with which an account is taken back.
pub(super) async fn link(world: &World, address: &str) -> Secret {
    let letters = letters_to(world, address).await;
    let found = letters.iter().find_map(|letter| {
        let (_, after) = letter.split_once("/auth/not-me?link=")?;
        after.split_whitespace().next().map(str::to_owned)
    });
    let link = found.expect("a link");
    log::secret(&link);
    Secret::new(link)
}

/// Gives the account of the caller another address.
pub(super) async fn change(world: &World, caller: &Caller, to: &str) {
    let id = address::start(&world.app, caller, to).await.unwrap();
    let code = code(world, to).await;
    address::complete(&world.app, caller, id, &code, None).await.unwrap();
}

/// Somebody whose address is proved, with their tokens.
pub(super) async fn proved(world: &World) -> (Caller, Tokens) {
    let tokens = world.sign_up(ADA).await.tokens;
    let me = world.caller(&tokens.access).await;
    change(world, &me, ADA).await;
    (world.caller(&tokens.access).await, tokens)
}

async fn address_of(world: &World, user: UserId) -> String {
    let mut conn = world.app.store.read().await.unwrap();
    let user = conn.users().by_id(user).await.unwrap().unwrap();
    user.email.as_str().to_owned()
}

/// Enters the code of a reset that was begun for an address.
async fn set_password(world: &World, id: ChallengeId, address: &str) {
    let code = code(world, address).await;
    let new = Secret::new(NEW);
    reset::complete_with(&world.app, &by(&world.app), id, &code, &new)
        .await
        .unwrap();
}

both!(
    the_old_address_takes_the_account_back_from_a_thief,
    async |world: World| {
        let (me, stolen) = proved(&world).await;
        world.clock.advance(Duration::from_secs(5));
        let thief = world.caller(&stolen.access).await;
        change(&world, &thief, EVIL).await;
        let undo = link(&world, ADA).await;
        // And a password of the thief's own, by a reset.
        world.clock.advance(Duration::from_hours(24));
        let id = reset::start(&world.app, &by(&world.app), EVIL, None).await.unwrap();
        set_password(&world, id, EVIL).await;
        let session = world.try_sign_in(EVIL, NEW).await.unwrap().tokens;
        let thief = world.caller(&session.access).await;

        world.clock.advance(Duration::from_hours(5 * 24));
        appeals::check(&world.app, &by(&world.app), &undo).await.unwrap();
        for other in ["", "nobody", EVIL] {
            let robot = appeals::redeem(&world.app, &by(&world.app), &undo, other).await;
            assert_eq!(refusal(robot), Refusal::AppealAddressWrong, "{other}");
        }
        let id = appeals::redeem(&world.app, &by(&world.app), &undo, ADA).await.unwrap();

        assert_eq!(address_of(&world, me.user.id).await, ADA);
        assert!(world.try_caller(&session.access).await.is_err());
        let refreshed = refresh::with_token(&world.app, &by(&world.app), &session.refresh, thief.audience).await;
        assert_eq!(refusal(refreshed), Refusal::SessionEnded);
        for address in [ADA, EVIL] {
            let tried = world.try_sign_in(address, NEW).await;
            assert_eq!(refusal(tried), Refusal::CredentialsWrong, "{address}");
        }
        set_password(&world, id, ADA).await;
        assert!(world.try_sign_in(ADA, NEW).await.is_ok());
        let again = appeals::redeem(&world.app, &by(&world.app), &undo, ADA).await;
        assert_eq!(refusal(again), Refusal::LinkOver);
        let taken = world.audit(Action::TakenBack).await;
        let refused = taken.iter().filter(|line| line.outcome == Outcome::Refused).count();
        assert_eq!((taken.len(), refused), (4, 3), "each try is noted");
        assert_eq!(world.audit(Action::EmailChanged).await.len(), 1);
    }
);

both!(
    an_appeal_beats_those_that_came_after_it_and_none_before,
    async |world: World| {
        let (me, stolen) = proved(&world).await;
        world.clock.advance(Duration::from_secs(5));
        let thief = world.caller(&stolen.access).await;
        change(&world, &thief, EVIL).await;
        let owners = link(&world, ADA).await;
        world.clock.advance(Duration::from_secs(5));
        let thief = world.caller(&stolen.access).await;
        change(&world, &thief, "evil2@example.com").await;
        let thiefs = link(&world, EVIL).await;

        // The thief goes first, and the owner's is still good.
        appeals::redeem(&world.app, &by(&world.app), &thiefs, EVIL)
            .await
            .unwrap();
        assert_eq!(address_of(&world, me.user.id).await, EVIL);
        appeals::redeem(&world.app, &by(&world.app), &owners, ADA)
            .await
            .unwrap();
        assert_eq!(address_of(&world, me.user.id).await, ADA);
    }
);

both!(
    a_later_appeal_is_worth_nothing_once_the_owner_has_acted,
    async |world: World| {
        let (me, stolen) = proved(&world).await;
        for (seconds, to) in [(5, EVIL), (5, "evil2@example.com")] {
            world.clock.advance(Duration::from_secs(seconds));
            let thief = world.caller(&stolen.access).await;
            change(&world, &thief, to).await;
        }
        let (owners, thiefs) = (link(&world, ADA).await, link(&world, EVIL).await);

        appeals::redeem(&world.app, &by(&world.app), &owners, ADA)
            .await
            .unwrap();
        let late = appeals::redeem(&world.app, &by(&world.app), &thiefs, EVIL).await;

        assert_eq!(refusal(late), Refusal::LinkOver);
        assert_eq!(address_of(&world, me.user.id).await, ADA);
    }
);

both!(an_appeal_is_good_for_seven_days, async |world: World| {
    let (_, tokens) = proved(&world).await;
    world.clock.advance(Duration::from_secs(5));
    let me = world.caller(&tokens.access).await;
    change(&world, &me, EVIL).await;
    let undo = link(&world, ADA).await;

    world.clock.advance(Duration::from_hours(7 * 24));

    let late = appeals::redeem(&world.app, &by(&world.app), &undo, ADA).await;
    assert_eq!(refusal(late), Refusal::LinkOver);
    for wrong in ["", "x", &"A".repeat(43)] {
        let wrong = appeals::redeem(&world.app, &by(&world.app), &Secret::new(wrong), ADA).await;
        assert_eq!(refusal(wrong), Refusal::LinkOver);
    }
});

both!(of_two_at_once_with_one_link_one_gets_through, async |world: World| {
    let (_, tokens) = proved(&world).await;
    world.clock.advance(Duration::from_secs(5));
    let me = world.caller(&tokens.access).await;
    change(&world, &me, EVIL).await;
    let undo = link(&world, ADA).await;
    let by = by(&world.app);

    let (one, other) = tokio::join!(
        appeals::redeem(&world.app, &by, &undo, ADA),
        appeals::redeem(&world.app, &by, &undo, ADA)
    );

    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
});

both!(
    a_stranger_on_the_old_address_makes_way_unless_they_proved_it,
    async |world: World| {
        let (me, tokens) = proved(&world).await;
        world.clock.advance(Duration::from_secs(5));
        let caller = world.caller(&tokens.access).await;
        change(&world, &caller, EVIL).await;
        let undo = link(&world, ADA).await;
        // The address is free, and somebody signs up with it without a proof.
        let squatter = world.sign_up(ADA).await;
        let squatting = world.caller(&squatter.tokens.access).await;

        change(&world, &squatting, ADA).await;
        let refused = appeals::redeem(&world.app, &by(&world.app), &undo, ADA).await;
        assert_eq!(refusal(refused), Refusal::EmailElsewhere);
        assert_eq!(address_of(&world, me.user.id).await, EVIL, "nothing was done");
        accounts::delete(&world.app, &operator(&world.app), squatting.user.id)
            .await
            .unwrap();
        let squatter = world.sign_up(ADA).await;
        appeals::redeem(&world.app, &by(&world.app), &undo, ADA).await.unwrap();

        assert_eq!(address_of(&world, me.user.id).await, ADA);
        assert!(world.try_caller(&squatter.tokens.access).await.is_err());
    }
);

both!(a_notice_has_a_link_that_takes_the_account_back, async |world: World| {
    let (_, tokens) = proved(&world).await;
    accounts::set_password(
        &world.app,
        &operator(&world.app),
        world.caller(&tokens.access).await.user.id,
        Secret::new(NEW),
    )
    .await
    .unwrap();
    let session = world.try_sign_in(ADA, NEW).await.unwrap().tokens;
    let link = link(&world, ADA).await;

    let id = appeals::redeem(&world.app, &by(&world.app), &link, ADA).await.unwrap();

    assert!(world.try_caller(&session.access).await.is_err());
    assert_eq!(refusal(world.try_sign_in(ADA, NEW).await), Refusal::CredentialsWrong);
    assert_eq!(
        refusal(world.try_sign_in(ADA, PASSWORD).await),
        Refusal::CredentialsWrong
    );
    set_password(&world, id, ADA).await;
    assert!(world.try_sign_in(ADA, NEW).await.is_ok());
});

both!(
    a_change_ends_with_its_session_and_with_the_account,
    async |world: World| {
        let (me, tokens) = proved(&world).await;
        let id = address::start(&world.app, &me, EVIL).await.unwrap();
        let right = code(&world, EVIL).await;
        accounts::disable(&world.app, &operator(&world.app), me.user.id)
            .await
            .unwrap();
        accounts::enable(&world.app, &operator(&world.app), me.user.id)
            .await
            .unwrap();

        let done = address::complete(&world.app, &me, id, &right, None).await;

        assert!(matches!(refusal(done), Refusal::CodeWrong | Refusal::SignInRequired));
        assert!(world.try_caller(&tokens.access).await.is_err());
        assert_eq!(address_of(&world, me.user.id).await, ADA);
    }
);

both!(
    accounts_that_had_to_be_proved_go_after_seven_days_and_free_the_address,
    async |world: World| {
        let old = world.sign_up("old@example.com").await.user;
        let world = world.with(|config| config.challenges.is_proof_required = true).await;
        let unproved = world.sign_up(ADA).await.user;
        let bob = world.sign_up("bob@example.com").await;
        let me = world.caller(&bob.tokens.access).await;
        change(&world, &me, "bob@example.com").await;
        let operator = operator(&world.app);
        let added = accounts::add(&world.app, &operator, "eve@example.com", Secret::new(PASSWORD), &[]);
        let operators = added.await.unwrap();
        let left = async || {
            let mut there = Vec::new();
            for id in [old.id, unproved.id, bob.user.id, operators.id] {
                let mut conn = world.app.store.read().await.unwrap();
                there.push(conn.users().by_id(id).await.unwrap().is_some());
            }
            there
        };

        world.clock.advance(Duration::from_hours(7 * 24));
        accounts::expire(&world.app, world.app.now(), 10).await.unwrap();
        assert_eq!(left().await, [true, true, true, true]);
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(accounts::expire(&world.app, world.app.now(), 10).await.unwrap(), 1);

        assert_eq!(left().await, [true, false, true, true], "only one had to");
        assert_eq!(accounts::expire(&world.app, world.app.now(), 10).await.unwrap(), 0);
        world.sign_up(ADA).await;
        assert_eq!(world.audit(Action::Expired).await.len(), 1);
    }
);

both!(an_account_gets_no_address_that_is_not_allowed, async |world: World| {
    let (me, _) = proved(&world).await;
    let domains = Arc::new(Domains::parse("mailer.example").unwrap());
    let start = async |world: &World, to: &str| address::start(&world.app, &me, to).await;
    let entry = "new@example.org".parse().unwrap();

    let world = world
        .with(|config| {
            config.accounts.allowlist = true;
            config.accounts.disposable = domains;
        })
        .await;
    assert_eq!(
        refusal(start(&world, "ada@mailer.example").await),
        Refusal::EmailDisposable
    );
    start(&world, "new@example.org").await.unwrap();
    assert!(
        letters_to(&world, "new@example.org").await.is_empty(),
        "no code is sent"
    );

    allowlist::allow(&world.app, &operator(&world.app), &entry)
        .await
        .unwrap();
    let id = start(&world, "new@example.org").await.unwrap();
    let code = code(&world, "new@example.org").await;
    allowlist::unlist(&world.app, &operator(&world.app), &entry)
        .await
        .unwrap();
    let late = address::complete(&world.app, &me, id, &code, None).await;
    assert_eq!(refusal(late), Refusal::CodeWrong, "checked again when the code is used");
    assert_eq!(address_of(&world, me.user.id).await, ADA);
});
