//! Whatever a mail server does for an hour: every letter arrives at least once, at its recipient alone, and none is stuck.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use authara::app::App;
use authara::domain::letter::{LONGEST_PAUSE, State};
use authara::flows::{accounts, letters};
use authara::workers;

use super::outbox::with_smtp;
use crate::kit::database::Folder;
use crate::kit::smtp::{Letter, Script, Server, Tls};
use crate::kit::world::{World, both, operator};

/// Letters in each test.
const LETTERS: usize = 4;
/// What a server that is slow is given for one letter.
const TIMEOUT: Duration = Duration::from_secs(1);

fn address(number: usize) -> String {
    format!("user{number}@example.com")
}

/// An hour of a server that does this, then one that is well; what that has taken, and what it had taken before.
async fn survived(world: World, trouble: Script) -> (Vec<Letter>, usize) {
    let folder = Folder::new();
    let server = Server::start(&folder.0, Script::default()).await;
    server.tell(trouble);
    let world = with_smtp(world, &server)
        .await
        .with(|config| config.mail.timeout = TIMEOUT)
        .await;
    for number in 0..LETTERS {
        let user = world.sign_up(&address(number)).await.user.id;
        let by = operator(&world.app);
        accounts::disable(&world.app, &by, user).await.unwrap();
    }
    let mut instances = vec![world.app.clone()];
    for _ in 0..4 {
        for app in &instances {
            workers::letters::round(app.clone()).await.unwrap();
        }
        // Each time there is one more, as after a restart.
        instances = vec![instances[0].clone(), world.another_instance().await];
        world.clock.advance(Duration::from_mins(15));
    }
    assert_eq!(
        states(&world.app).await,
        [State::Waiting; LETTERS],
        "nothing is given up"
    );
    let before = server.heard().letters.len();

    server.tell(Script::default());
    world.clock.advance(LONGEST_PAUSE);
    // It has no connection of before.
    workers::letters::round(world.another_instance().await).await.unwrap();

    assert_eq!(states(&world.app).await, [State::Sent; LETTERS], "none is stuck");
    (server.heard().letters, before)
}

async fn states(app: &App) -> Vec<State> {
    let queued = letters::list(app, None, None, 100).await.unwrap();
    queued.iter().map(|queued| queued.state).collect()
}

/// How often each letter has arrived, by its `Message-ID`; each at the one it is for.
fn arrived(letters: &[Letter]) -> BTreeMap<String, usize> {
    let header = |letter: &Letter, name: &str| {
        let line = letter.data.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("{}", letter.data)).to_owned()
    };
    let mut counts = BTreeMap::new();
    let mut recipients = BTreeMap::new();
    for letter in letters {
        let [to] = letter.to.as_slice() else {
            panic!("not one recipient: {:?}", letter.to)
        };
        assert!(header(letter, "To: ").contains(to.as_str()), "{to}: {}", letter.data);
        let id = header(letter, "Message-ID: ");
        let first = recipients.entry(id.clone()).or_insert_with(|| to.clone());
        assert_eq!(first, to, "a letter goes to one person however often it is sent");
        *counts.entry(id).or_insert(0) += 1;
    }
    assert_eq!(recipients.into_values().collect::<BTreeSet<_>>().len(), LETTERS);
    counts
}

both!(
    letters_outlive_an_hour_of_a_server_that_takes_none,
    async |world: World| {
        for trouble in [
            Script {
                banner: "421 4.3.2 busy",
                ..Script::default()
            },
            Script {
                banner: "554 5.7.1 not you",
                ..Script::default()
            },
            Script {
                tls: Tls::None,
                ..Script::default()
            },
            Script {
                tls: Tls::Refused,
                ..Script::default()
            },
            Script {
                recipients: &[("user", "550 5.7.1 relaying denied")],
                ..Script::default()
            },
            Script {
                recipients: &[("user", "451 4.7.1 greylisted")],
                ..Script::default()
            },
            Script {
                taken: "452 4.3.1 no room",
                ..Script::default()
            },
        ] {
            let (letters, before) = survived(world.fresh(|_| {}).await, trouble).await;

            // What it had heard before, it had not taken.
            let counts = arrived(&letters[before..]);
            assert_eq!(counts.into_values().collect::<Vec<_>>(), [1; LETTERS]);
        }
    }
);

both!(letters_outlive_a_server_that_drips, async |world: World| {
    let trouble = Script {
        drips: Some(Duration::from_millis(300)),
        ..Script::default()
    };

    let (letters, before) = survived(world, trouble).await;

    assert_eq!(before, 0, "each is given up in time");
    assert_eq!(arrived(&letters).into_values().collect::<Vec<_>>(), [1; LETTERS]);
});

both!(
    a_server_that_hangs_up_in_place_of_an_answer_may_get_a_letter_again,
    async |world: World| {
        let trouble = Script {
            hangs_up_after_the_letter: true,
            ..Script::default()
        };

        let (letters, before) = survived(world, trouble).await;

        assert!(before >= LETTERS);
        assert!(
            arrived(&letters).into_values().all(|count| count > 1),
            "under the same name"
        );
    }
);
