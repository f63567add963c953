//! Codes by mail: opening an account and choosing a new password, on both databases.

use std::time::Duration;

use authara::app::App;
use authara::config::SignUp;
use authara::domain::audit::Action;
use authara::domain::{Audience, By, ChallengeId, Client, Refusal, Secret};
use authara::flows::entry::sign_up::{Application, complete, direct, start};
use authara::flows::tokens::SignedIn;
use authara::flows::{Error, accounts, allowlist, challenges, letters, reset};
use authara::workers;

use crate::kit::world::{PASSWORD, World, both, by, operator};

const EMAIL: &str = "ada@example.com";
const NEW: &str = "another long password";

fn refusal<T>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was done"),
    }
}

fn application() -> Application {
    Application {
        email: EMAIL.to_owned(),
        password: Secret::new(PASSWORD),
        invitation_code: None,
    }
}

async fn with_codes(world: World) -> World {
    world.with(|config| config.challenges.at_sign_up = true).await
}

async fn begin(app: &App) -> ChallengeId {
    start(app, &by(app), application(), Audience::App).await.unwrap()
}

async fn enter(app: &App, id: ChallengeId, code: &str) -> Result<SignedIn, Error> {
    complete(app, &by(app), id, code).await
}

async fn begin_reset(app: &App) -> ChallengeId {
    reset::start(app, &by(app), EMAIL, None).await.unwrap()
}

async fn enter_reset(app: &App, id: ChallengeId, code: &str) -> Result<(), Error> {
    reset::complete_with(app, &by(app), id, code, &Secret::new(NEW)).await
}

/// Subject and code of the newest letter.
async fn newest(world: &World) -> (String, String) {
    workers::letters::round(world.app.clone()).await.unwrap();
    let inbox = letters::inbox(&world.app).unwrap();
    let letter = inbox.first().expect("a letter");
    let code = letter
        .text
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 6 && line.parse::<u32>().is_ok());
    (letter.subject.clone(), code.unwrap_or_default().to_owned())
}

async fn letters_sent(world: &World) -> usize {
    workers::letters::round(world.app.clone()).await.unwrap();
    letters::inbox(&world.app).unwrap().len()
}

fn other_than(code: &str) -> String {
    if code == "000000" { "000001" } else { "000000" }.to_owned()
}

both!(an_account_is_opened_once_the_code_was_entered, async |world: World| {
    let world = with_codes(world).await;
    let at_once = direct(&world.app, &by(&world.app), application(), Audience::App).await;
    assert_eq!(refusal(at_once), Refusal::NotFound);

    let id = begin(&world.app).await;
    let (subject, code) = newest(&world).await;
    assert_eq!(subject, "Confirm your e-mail address · localhost");
    let signed_in = enter(&world.app, id, &format!(" {} {}", &code[..3], &code[3..]))
        .await
        .unwrap();

    assert_eq!(signed_in.user.email.as_str(), EMAIL);
    let user = accounts::directory::find(&world.app, EMAIL).await.unwrap();
    assert!(user.email_verified_at.is_some(), "the address was proved");
    world.try_sign_in(EMAIL, PASSWORD).await.unwrap();
    assert_eq!(refusal(enter(&world.app, id, &code).await), Refusal::CodeWrong, "once");
});

both!(
    r094_a_code_ends_in_time_and_after_five_wrong_ones,
    async |world: World| {
        let world = with_codes(world).await;
        let id = begin(&world.app).await;
        let (_, code) = newest(&world).await;
        world.clock.advance(Duration::from_mins(10));
        assert_eq!(
            refusal(enter(&world.app, id, &code).await),
            Refusal::CodeWrong,
            "too late"
        );

        let id = begin(&world.app).await;
        let (_, code) = newest(&world).await;
        for _ in 0..5 {
            assert_eq!(
                refusal(enter(&world.app, id, &other_than(&code)).await),
                Refusal::CodeWrong
            );
        }
        assert_eq!(
            refusal(enter(&world.app, id, &code).await),
            Refusal::CodeWrong,
            "too often"
        );

        let first = begin(&world.app).await;
        let (_, old) = newest(&world).await;
        let second = begin(&world.app).await;
        let (_, code) = newest(&world).await;
        assert_eq!(
            refusal(enter(&world.app, first, &old).await),
            Refusal::CodeWrong,
            "a newer attempt counts"
        );
        assert_eq!(
            refusal(enter(&world.app, first, &code).await),
            Refusal::CodeWrong,
            "a code is one attempt's"
        );
        enter(&world.app, second, &code).await.unwrap();
    }
);

both!(another_code_takes_the_place_of_the_first, async |world: World| {
    let world = with_codes(world).await;
    let id = begin(&world.app).await;
    let (_, first) = newest(&world).await;
    challenges::resend(&world.app, &by(&world.app), id).await.unwrap();
    assert_eq!(letters_sent(&world).await, 1, "not within half a minute");
    for sent in 2..=4 {
        world.clock.advance(Duration::from_secs(30));
        challenges::resend(&world.app, &by(&world.app), id).await.unwrap();
        assert_eq!(letters_sent(&world).await, sent);
    }
    world.clock.advance(Duration::from_secs(30));
    challenges::resend(&world.app, &by(&world.app), id).await.unwrap();
    assert_eq!(letters_sent(&world).await, 4, "three times");

    let (_, code) = newest(&world).await;
    if first != code {
        assert_eq!(refusal(enter(&world.app, id, &first).await), Refusal::CodeWrong);
    }
    enter(&world.app, id, &code).await.unwrap();
    let unknown = "0190b5a0-0000-7000-8000-00000000000a".parse().unwrap();
    challenges::resend(&world.app, &by(&world.app), unknown).await.unwrap();
});

both!(
    r018_nobody_learns_from_a_sign_up_who_has_an_account,
    async |world: World| {
        world.sign_up(EMAIL).await;
        let world = with_codes(world).await;

        let id = begin(&world.app).await;
        let (subject, code) = newest(&world).await;
        assert_eq!(subject, "You have an account already · localhost", "the owner is told");
        assert_eq!(code, "");
        for guess in ["000000", "123456"] {
            assert_eq!(refusal(enter(&world.app, id, guess).await), Refusal::CodeWrong);
        }
        world.clock.advance(Duration::from_secs(30));
        challenges::resend(&world.app, &by(&world.app), id).await.unwrap();

        assert_eq!(letters_sent(&world).await, 1, "and not again for every further code");
    }
);

both!(
    of_two_who_sign_up_with_one_address_the_first_to_prove_it_has_it,
    async |world: World| {
        let world = with_codes(world).await;
        let id = begin(&world.app).await;
        let (_, code) = newest(&world).await;
        accounts::add(&world.app, &operator(&world.app), EMAIL, Secret::new(NEW), &[])
            .await
            .unwrap();

        assert_eq!(refusal(enter(&world.app, id, &code).await), Refusal::CodeWrong);
        world.try_sign_in(EMAIL, NEW).await.unwrap();
    }
);

both!(
    r095_of_parallel_callers_with_the_code_one_opens_the_account,
    async |world: World| {
        let world = with_codes(world).await;
        let id = begin(&world.app).await;
        let (_, code) = newest(&world).await;

        let (one, two, three) = tokio::join!(
            enter(&world.app, id, &code),
            enter(&world.app, id, &code),
            enter(&world.app, id, &code)
        );

        let opened = [one, two, three].into_iter().flatten().count();
        assert_eq!(opened, 1);
    }
);

both!(
    a_new_password_is_set_with_a_code_and_ends_every_session,
    async |world: World| {
        let ada = world.sign_up(EMAIL).await;
        let id = begin_reset(&world.app).await;
        let (subject, code) = newest(&world).await;
        assert_eq!(subject, "Choose a new password · localhost");
        assert_eq!(
            refusal(enter_reset(&world.app, id, &other_than(&code)).await),
            Refusal::CodeWrong
        );
        let short = Secret::new("short");
        let short = reset::complete_with(&world.app, &by(&world.app), id, &code, &short).await;
        assert_eq!(refusal(short), Refusal::PasswordTooShort, "which uses nothing up");

        enter_reset(&world.app, id, &code).await.unwrap();

        assert!(world.try_caller(&ada.tokens.access).await.is_err(), "sessions ended");
        assert_eq!(
            refusal(world.try_sign_in(EMAIL, PASSWORD).await),
            Refusal::CredentialsWrong
        );
        let signed_in = world.try_sign_in(EMAIL, NEW).await.unwrap();
        assert!(signed_in.user.email_verified_at.is_some());
        let (subject, _) = newest(&world).await;
        assert_eq!(subject, "Your password was changed · localhost", "the owner is told");
        assert_eq!(
            refusal(enter_reset(&world.app, id, &code).await),
            Refusal::CodeWrong,
            "once"
        );
    }
);

both!(
    r098_a_password_that_was_named_before_counts_only_with_the_code,
    async |world: World| {
        world.sign_up(EMAIL).await;
        let new = Secret::new(NEW);
        let id = reset::start(&world.app, &by(&world.app), EMAIL, Some(&new))
            .await
            .unwrap();
        let (_, code) = newest(&world).await;
        world.try_sign_in(EMAIL, PASSWORD).await.unwrap();

        assert_eq!(
            refusal(reset::complete(&world.app, &by(&world.app), id, &other_than(&code)).await),
            Refusal::CodeWrong
        );
        reset::complete(&world.app, &by(&world.app), id, &code).await.unwrap();

        world.try_sign_in(EMAIL, NEW).await.unwrap();
    }
);

both!(
    r019_a_reset_for_nobody_or_for_an_account_that_is_off_sends_nothing,
    async |world: World| {
        let id = begin_reset(&world.app).await;
        assert_eq!(letters_sent(&world).await, 0);
        assert_eq!(refusal(enter_reset(&world.app, id, "000000").await), Refusal::CodeWrong);
        let ada = world.sign_up(EMAIL).await.user.id;
        let pending = begin_reset(&world.app).await;
        let (_, code) = newest(&world).await;
        accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();
        let sent = letters_sent(&world).await;

        assert_eq!(
            refusal(enter_reset(&world.app, pending, &code).await),
            Refusal::CodeWrong
        );
        begin_reset(&world.app).await;

        assert_eq!(letters_sent(&world).await, sent);
    }
);

both!(
    r096_what_was_under_way_is_worthless_after_a_change,
    async |world: World| {
        let ada = world.sign_up(EMAIL).await.user.id;
        let id = begin_reset(&world.app).await;
        let (_, code) = newest(&world).await;
        accounts::set_password(
            &world.app,
            &operator(&world.app),
            ada,
            Secret::new("a third long password"),
        )
        .await
        .unwrap();

        assert_eq!(refusal(enter_reset(&world.app, id, &code).await), Refusal::CodeWrong);
        world.try_sign_in(EMAIL, "a third long password").await.unwrap();
    }
);

both!(
    resets_are_limited_alike_for_known_and_unknown_addresses,
    async |world: World| {
        world.sign_up(EMAIL).await;
        for address in [EMAIL, "nobody@example.com"] {
            let world = world.another_instance().await;
            let ask = async || reset::start(&world, &by(&world), address, None).await;
            for _ in 0..3 {
                ask().await.unwrap();
            }
            assert!(matches!(refusal(ask().await), Refusal::TooMany { .. }), "{address}");
        }
    }
);

both!(another_name_behind_a_plus_is_no_other_mailbox, async |world: World| {
    let ask = async |tag: &str| {
        let address = format!("ada{tag}@example.com");
        reset::start(&world.app, &by(&world.app), &address, None).await
    };
    for tag in ["", "+x", "+y"] {
        ask(tag).await.unwrap();
    }

    assert!(matches!(refusal(ask("+z").await), Refusal::TooMany { .. }));
});

both!(
    r119_a_stranger_keeps_nobody_from_a_new_password,
    async |world: World| {
        world.sign_up(EMAIL).await;
        let from = |address: &str| {
            let client = Client::new(address.parse().unwrap(), "a browser").in_request("r1".to_owned());
            By::nobody(&client, world.app.now())
        };
        let stranger = from("203.0.113.7");
        for _ in 0..3 {
            reset::start(&world.app, &stranger, EMAIL, None).await.unwrap();
        }
        let more = reset::start(&world.app, &stranger, EMAIL, None).await;
        assert!(matches!(refusal(more), Refusal::TooMany { .. }));

        newest(&world).await;
        world.clock.advance(Duration::from_secs(1));

        let id = reset::start(&world.app, &from("198.51.100.9"), EMAIL, None)
            .await
            .unwrap();
        let (_, code) = newest(&world).await;
        enter_reset(&world.app, id, &code).await.unwrap();
    }
);

both!(r127_a_wrong_code_stands_in_the_audit, async |world: World| {
    let ada = world.sign_up(EMAIL).await.user.id;
    let id = begin_reset(&world.app).await;
    enter_reset(&world.app, id, "12345").await.unwrap_err();

    let lines = world.audit(Action::CodeRefused).await;

    assert_eq!(lines.len(), 1);
    assert_eq!(
        (lines[0].subject, lines[0].detail.as_str()),
        (Some(ada), "password_reset")
    );
});

both!(r028_nothing_of_an_address_outlives_its_account, async |world: World| {
    let world = with_codes(world).await;
    let id = begin(&world.app).await;
    let (_, code) = newest(&world).await;
    let ada = enter(&world.app, id, &code).await.unwrap().user.id;
    assert!(!letters::list(&world.app, None, None, 9).await.unwrap().is_empty());

    accounts::delete(&world.app, &operator(&world.app), ada).await.unwrap();

    assert!(letters::list(&world.app, None, None, 9).await.unwrap().is_empty());
    assert_eq!(challenges::address(&world.app, id).await.unwrap(), "");
});

both!(a_code_opens_no_account_once_sign_up_was_closed, async |world: World| {
    let world = with_codes(world).await;
    let id = begin(&world.app).await;
    let (_, code) = newest(&world).await;
    let world = world.with(|config| config.accounts.sign_up = SignUp::Closed).await;

    assert_eq!(refusal(enter(&world.app, id, &code).await), Refusal::SignUpClosed);

    assert_eq!(world.app.store.read().await.unwrap().users().count().await.unwrap(), 0);
});

both!(
    a_sign_up_by_code_looks_the_same_for_addresses_that_are_not_allowed,
    async |world: World| {
        let world = with_codes(world)
            .await
            .with(|config| config.accounts.allowlist = true)
            .await;
        let (app, entry) = (&world.app, EMAIL.parse().unwrap());

        begin(app).await;
        workers::letters::round(app.clone()).await.unwrap();
        assert_eq!(letters::inbox(app).unwrap().len(), 0, "no code is sent");

        allowlist::allow(app, &operator(app), &entry).await.unwrap();
        let id = begin(app).await;
        let (_, code) = newest(&world).await;
        allowlist::unlist(app, &operator(app), &entry).await.unwrap();
        assert_eq!(refusal(enter(app, id, &code).await), Refusal::CodeWrong);
        assert_eq!(app.store.read().await.unwrap().users().count().await.unwrap(), 0);
    }
);
