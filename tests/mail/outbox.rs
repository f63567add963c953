//! From the change that a letter tells of to the server that takes it, on both databases.

use std::sync::Arc;
use std::time::Duration;

use authara::app::App;
use authara::domain::device::Device;
use authara::domain::letter::{Kind, Queued, State};
use authara::domain::{Audience, By, Client, Refusal, Secret};
use authara::flows::entry::password::{Credentials, with_password};
use authara::flows::password::{Change, change};
use authara::flows::{accounts, letters};
use authara::outside::mail::Entry;
use authara::workers;

use crate::kit::database::Folder;
use crate::kit::smtp::{Script, Server};
use crate::kit::world::{PASSWORD, World, both, operator};

const EMAIL: &str = "ada@example.com";

async fn round(app: &Arc<App>) {
    workers::letters::round(app.clone()).await.unwrap();
}

async fn queued(app: &App) -> Vec<Queued> {
    letters::list(app, None, None, 100).await.unwrap()
}

fn inbox(app: &App) -> Vec<Entry> {
    letters::inbox(app).unwrap()
}

/// A world whose letters go to that server.
pub(crate) async fn with_smtp(world: World, server: &Server) -> World {
    let (port, certificate) = (server.address.port(), server.certificate.clone());
    world
        .with(|config| {
            config.mail.transport = Some(authara::config::mail::Transport::Smtp(authara::config::mail::Smtp {
                host: "localhost".to_owned(),
                port,
                security: authara::config::mail::Security::StartTls,
                login: None,
                root_certificates: Some(certificate),
            }));
        })
        .await
}

both!(
    the_owner_is_told_of_a_new_password_in_their_language,
    async |world: World| {
        let ada = world.sign_up(EMAIL).await;
        world
            .app
            .store
            .write(async |tx| tx.users().set_language(ada.user.id, "de").await)
            .await
            .unwrap();
        world.clock.advance(Duration::from_secs(1));
        let caller = world.caller(&ada.tokens.access).await;
        let input = Change {
            new: Secret::new("another long password"),
            current: Some(Secret::new(PASSWORD)),
            refresh: None,
        };

        change(&world.app, &caller, input).await.unwrap();
        assert!(inbox(&world.app).is_empty(), "only a worker sends");
        round(&world.app).await;

        let letters = inbox(&world.app);
        let [letter] = letters.as_slice() else {
            panic!("{letters:?}");
        };
        assert_eq!(letter.to.as_str(), EMAIL);
        assert_eq!(letter.subject, "Ihr Passwort wurde geändert · localhost");
        for text in [&letter.text, &letter.html] {
            assert!(
                text.contains("http://localhost:8080/auth/providers/password/change"),
                "{text}"
            );
            assert!(!text.contains("another long password"));
        }
        let queued = queued(&world.app).await;
        assert_eq!(
            (queued[0].state, queued[0].letter.kind),
            (State::Sent, Kind::PasswordChanged)
        );
        assert!(queued[0].letter.sealed.is_empty());
    }
);

both!(a_change_that_is_undone_sends_no_letter, async |world: World| {
    let ada = world.sign_up(EMAIL).await;
    let caller = world.caller(&ada.tokens.access).await;
    let input = Change {
        new: Secret::new("another long password"),
        current: Some(Secret::new("a wrong password")),
        refresh: None,
    };

    change(&world.app, &caller, input).await.unwrap_err();

    assert!(queued(&world.app).await.is_empty());
});

both!(an_operators_changes_are_told, async |world: World| {
    let ada = world.sign_up(EMAIL).await.user.id;
    let by = operator(&world.app);

    accounts::grant(&world.app, &by, ada, authara::domain::PlatformRole::Operator)
        .await
        .unwrap();
    accounts::grant(&world.app, &by, ada, authara::domain::PlatformRole::Operator)
        .await
        .unwrap();
    accounts::disable(&world.app, &by, ada).await.unwrap();
    accounts::disable(&world.app, &by, ada).await.unwrap();
    accounts::enable(&world.app, &by, ada).await.unwrap();

    let kinds: Vec<_> = queued(&world.app)
        .await
        .iter()
        .rev()
        .map(|queued| queued.letter.kind)
        .collect();
    assert_eq!(kinds.len(), 3, "what changes nothing tells nothing");
    for kind in [Kind::RoleChanged, Kind::AccountDisabled, Kind::AccountEnabled] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
    round(&world.app).await;
    assert!(inbox(&world.app).iter().any(|letter| letter.text.contains("operator")));
});

both!(letters_wait_out_an_hour_without_a_server, async |world: World| {
    let folder = Folder::new();
    let server = Server::start(&folder.0, Script::default()).await;
    let away = Script {
        banner: "421 4.3.2 busy",
        ..Script::default()
    };
    server.tell(away);
    let world = with_smtp(world, &server).await;
    let ada = world.sign_up(EMAIL).await.user.id;
    accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();

    let mut tries = 0;
    for _ in 0..60 {
        round(&world.app).await;
        world.clock.advance(Duration::from_mins(1));
        tries = queued(&world.app).await[0].tries;
    }
    assert!((5..=10).contains(&tries), "pauses grow: {tries} tries");
    assert_eq!(queued(&world.app).await[0].state, State::Waiting);
    assert!(
        queued(&world.app).await[0].outcome.contains("421"),
        "an operator can see why"
    );

    server.tell(Script::default());
    world.clock.advance(Duration::from_hours(2));
    round(&world.app).await;
    assert_eq!(server.heard().letters.len(), 1);
    assert_eq!(queued(&world.app).await[0].state, State::Sent);
});

both!(
    a_letter_whose_sender_died_is_sent_again_under_the_same_name,
    async |world: World| {
        let folder = Folder::new();
        let server = Server::start(&folder.0, Script::default()).await;
        let world = with_smtp(world, &server).await;
        let ada = world.sign_up(EMAIL).await.user.id;
        accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();

        // Sent, and then the program is gone before it can note that.
        let claimed = letters::claim(&world.app).await.unwrap().unwrap();
        let message = workers::letters::message(&world.app, &claimed.letter, &claimed.values).unwrap();
        let mailer = world.app.mailer.as_ref().unwrap();
        mailer.send(&message, world.app.now()).await.unwrap();
        round(&world.app).await;
        assert_eq!(server.heard().letters.len(), 1, "it is still taken");
        world.clock.advance(Duration::from_mins(2));
        let other = world.another_instance().await;
        round(&other).await;

        let letters = server.heard().letters;
        assert_eq!(letters.len(), 2);
        let name = |at: usize| {
            letters[at]
                .data
                .lines()
                .find(|line| line.starts_with("Message-ID:"))
                .unwrap()
                .to_owned()
        };
        assert_eq!(name(0), name(1));
        assert!(letters.iter().all(|letter| letter.to == [EMAIL]));
        assert_eq!(queued(&world.app).await[0].state, State::Sent);
    }
);

both!(
    an_address_that_was_refused_gets_nothing_for_a_day,
    async |world: World| {
        let folder = Folder::new();
        let server = Server::start(
            &folder.0,
            Script {
                recipients: &[("ada@", "550 5.1.1 who?")],
                ..Script::default()
            },
        )
        .await;
        let world = with_smtp(world, &server).await;
        let ada = world.sign_up(EMAIL).await.user.id;
        let by = operator(&world.app);
        accounts::disable(&world.app, &by, ada).await.unwrap();
        round(&world.app).await;
        assert_eq!(queued(&world.app).await[0].state, State::Refused);

        accounts::enable(&world.app, &by, ada).await.unwrap();
        round(&world.app).await;
        assert_eq!(queued(&world.app).await.len(), 1);
        world.clock.advance(Duration::from_hours(25));
        accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();
        assert_eq!(queued(&world.app).await.len(), 2);
    }
);

both!(a_letter_that_comes_too_late_is_given_up, async |world: World| {
    let folder = Folder::new();
    let server = Server::start(&folder.0, Script::default()).await;
    let world = with_smtp(world, &server).await;
    let ada = world.sign_up(EMAIL).await.user.id;
    accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();
    world.clock.advance(Duration::from_hours(73));

    round(&world.app).await;

    assert_eq!(queued(&world.app).await[0].state, State::Failed);
    assert!(server.heard().letters.is_empty());
});

both!(
    a_letter_under_another_root_secret_is_given_up_and_keeps_no_other,
    async |world: World| {
        let ada = world.sign_up(EMAIL).await.user.id;
        accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();
        let secret = authara::crypto::keys::generate_seed();
        let keys = vec![("k".to_owned(), authara::crypto::keys::generate_seed())];
        let world = world
            .with(|config| {
                config.secret_key = secret;
                config.tokens.keys = keys;
                config.tokens.active_key_id = "k".to_owned();
            })
            .await;
        accounts::enable(&world.app, &operator(&world.app), ada).await.unwrap();

        round(&world.app).await;

        let states: Vec<_> = queued(&world.app).await.iter().map(|queued| queued.state).collect();
        assert!(
            states.len() == 2 && states.contains(&State::Sent) && states.contains(&State::Failed),
            "{states:?}"
        );
    }
);

both!(two_instances_send_each_letter_once, async |world: World| {
    let folder = Folder::new();
    let server = Server::start(&folder.0, Script::default()).await;
    let world = with_smtp(world, &server).await;
    for number in 0..12 {
        let user = world.sign_up(&format!("user{number}@example.com")).await.user.id;
        accounts::disable(&world.app, &operator(&world.app), user)
            .await
            .unwrap();
    }
    let other = world.another_instance().await;

    tokio::join!(round(&world.app), round(&other));

    let mut to: Vec<_> = server
        .heard()
        .letters
        .iter()
        .flat_map(|letter| letter.to.clone())
        .collect();
    to.sort();
    to.dedup();
    assert_eq!((server.heard().letters.len(), to.len()), (12, 12));
});

both!(an_operator_can_look_at_letters_and_hurry_them, async |world: World| {
    let folder = Folder::new();
    let server = Server::start(&folder.0, Script::default()).await;
    server.tell(Script {
        banner: "421 4.3.2 busy",
        ..Script::default()
    });
    let world = with_smtp(world, &server).await;
    let ada = world.sign_up(EMAIL).await.user.id;
    accounts::disable(&world.app, &operator(&world.app), ada).await.unwrap();
    round(&world.app).await;
    let id = queued(&world.app).await[0].letter.id;
    server.tell(Script::default());

    round(&world.app).await;
    assert!(server.heard().letters.is_empty(), "not due yet");
    assert_eq!(letters::retry(&world.app, Some(id)).await.unwrap(), 1);
    round(&world.app).await;

    assert_eq!(letters::show(&world.app, id).await.unwrap().state, State::Sent);
    assert_eq!(letters::retry(&world.app, Some(id)).await.unwrap(), 0);
    assert_eq!(letters::retry(&world.app, None).await.unwrap(), 0);
    let missing = letters::retry(
        &world.app,
        Some("0190b5a0-0000-7000-8000-00000000000a".parse().unwrap()),
    )
    .await;
    assert!(matches!(
        missing,
        Err(authara::flows::Error::Refused(Refusal::NotFound))
    ));
});

async fn sign_in_from(world: &World, address: &str, program: &str, device: Option<Device>) {
    let client = Client::new(address.parse().unwrap(), program).in_request("r1".to_owned());
    let input = Credentials {
        identifier: EMAIL.to_owned(),
        password: Secret::new(PASSWORD),
        device,
    };
    let by = By::nobody(&client, world.app.now());
    with_password(&world.app, &by, input, Audience::App).await.unwrap();
}

both!(a_sign_in_is_told_once_for_each_new_client, async |world: World| {
    let ada = world.sign_up(EMAIL).await;
    world.sign_in(EMAIL).await;
    assert!(
        queued(&world.app).await.is_empty(),
        "the program and the network of the sign-up"
    );

    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    for _ in 0..3 {
        sign_in_from(&world, "203.0.113.7", firefox, None).await;
    }
    let known = world.app.new_device().after_sign_in(ada.user.id, ada.password.unwrap());
    sign_in_from(&world, "198.51.100.9", firefox, Some(known)).await;

    let letters = queued(&world.app).await;
    assert_eq!(letters.len(), 1, "not one for every session");
    assert_eq!(letters[0].letter.kind, Kind::NewSignIn);
    round(&world.app).await;
    let letter = &inbox(&world.app)[0];
    for fact in ["15 January 2027, 08:00 UTC", "Firefox on Linux", "203.0.113.7"] {
        assert!(
            letter.text.contains(fact) && letter.html.contains(fact),
            "{fact}: {}",
            letter.text
        );
    }
});

both!(
    many_new_clients_in_a_day_do_not_bury_other_letters,
    async |world: World| {
        world.sign_up(EMAIL).await;

        for number in 1..=9 {
            sign_in_from(&world, &format!("203.0.113.{number}"), "curl/8", None).await;
        }
        assert_eq!(queued(&world.app).await.len(), 3);
        world.clock.advance(Duration::from_hours(25));
        sign_in_from(&world, "203.0.113.99", "curl/8", None).await;

        assert_eq!(queued(&world.app).await.len(), 4);
    }
);
