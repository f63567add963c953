//! By SMTP.

use std::time::{Duration, Instant};

use authara::domain::Secret;
use authara::outside::mail::{Login, Mailer, NotSent, Outcome, Security, Smtp};

use super::{NOW, message};
use crate::kit::database::Folder;
use crate::kit::smtp::{Script, Server, Tls};

const PATIENCE: Duration = Duration::from_secs(20);

struct Desk {
    folder: Folder,
    server: Server,
}

impl Desk {
    async fn with(script: Script) -> Self {
        let folder = Folder::new();
        let server = Server::start(&folder.0, script).await;
        Self { folder, server }
    }

    fn mailer(&self, security: Security, login: Option<(&str, &str)>) -> Mailer {
        self.mailer_at("localhost", security, login, PATIENCE)
    }

    fn mailer_at(&self, host: &str, security: Security, login: Option<(&str, &str)>, patience: Duration) -> Mailer {
        let login = login.map(|(username, password)| Login {
            username: username.to_owned(),
            password: Secret::new(password),
        });
        let place = (host.to_owned(), self.server.address.port());
        let security = (security, Some(self.server.certificate.as_path()));
        Mailer::Smtp(Smtp::new(place, security, login, "example.com".to_owned(), patience).unwrap())
    }
}

async fn send(mailer: &Mailer) -> Outcome {
    mailer.send(&message("ada@example.net"), NOW).await
}

fn words(outcome: Outcome) -> String {
    match outcome {
        Ok(said) => panic!("it was taken: {said}"),
        Err(not_sent) => not_sent.words().to_owned(),
    }
}

#[tokio::test]
async fn a_letter_goes_under_tls_with_name_and_password_to_one_recipient() {
    for (tls, security) in [(Tls::Starttls, Security::StartTls), (Tls::Implicit, Security::Implicit)] {
        for offers in [&["AUTH PLAIN LOGIN"][..], &["AUTH LOGIN"]] {
            let desk = Desk::with(Script {
                tls,
                offers,
                login: Some(("authara", "s3cret")),
                ..Script::default()
            })
            .await;

            let said = send(&desk.mailer(security, Some(("authara", "s3cret")))).await.unwrap();

            assert_eq!(said, "250 2.0.0 Ok: queued as 4F9D195432C");
            let letters = desk.server.heard().letters;
            let [letter] = letters.as_slice() else {
                panic!("{letters:?}");
            };
            assert!(letter.by_tls && letter.is_entered);
            assert_eq!(
                (letter.from.as_str(), &letter.to[..]),
                ("login@example.com", &["ada@example.net".to_owned()][..])
            );
            assert!(
                letter.data.contains("\r\n.\r\n..\r\nBye."),
                "lines with dots stay: {}",
                letter.data
            );
            assert!(!letter.data.ends_with("\r\n\r\n"), "nothing is added at its end");
        }
    }
}

#[tokio::test]
async fn without_tls_nothing_is_sent_and_no_password_is_told() {
    for tls in [Tls::None, Tls::Refused] {
        let desk = Desk::with(Script {
            tls,
            ..Script::default()
        })
        .await;

        let outcome = send(&desk.mailer(Security::StartTls, Some(("authara", "s3cret")))).await;

        match (tls, outcome) {
            (Tls::None, Err(NotSent::Setup(words))) => assert!(words.contains("offers no STARTTLS"), "{words}"),
            (Tls::Refused, Err(NotSent::Later(words, None))) => assert!(words.contains("454"), "{words}"),
            (_, other) => panic!("{other:?}"),
        }
        let heard = desk.server.heard();
        assert!(heard.letters.is_empty());
        assert!(
            !heard
                .commands
                .iter()
                .any(|command| command.starts_with("AUTH") || command.starts_with("MAIL"))
        );
    }
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_a_fault_of_the_settings() {
    let desk = Desk::with(Script::default()).await;
    let another = Folder::new();
    let (stranger, _) = crate::kit::smtp::acceptor(&another.0, "localhost");
    let place = ("localhost".to_owned(), desk.server.address.port());
    let trusting = |roots| {
        Smtp::new(
            place.clone(),
            (Security::StartTls, roots),
            None,
            "example.com".to_owned(),
            PATIENCE,
        )
    };

    for (mailer, why) in [
        (Mailer::Smtp(trusting(Some(stranger.as_path())).unwrap()), "certificate"),
        (Mailer::Smtp(trusting(None).unwrap()), "certificate"),
        (
            desk.mailer_at("127.0.0.1", Security::StartTls, None, PATIENCE),
            "certificate",
        ),
    ] {
        match send(&mailer).await {
            Err(NotSent::Setup(words)) => assert!(words.contains(why), "{words}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(desk.server.heard().letters.is_empty());
    let empty = desk.folder.0.join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    assert!(trusting(Some(empty.as_path())).is_err_and(|error| error.to_string().contains("no certificate")));
}

#[tokio::test]
async fn what_is_said_before_tls_counts_for_nothing_after_it() {
    // Answers to everything that follows, forged before the true server speaks.
    let forged =
        "250-mail.test\r\n250 AUTH PLAIN\r\n235 in\r\n250 Ok\r\n250 Ok\r\n354 go on\r\n250 2.0.0 queued (forged)";
    let desk = Desk::with(Script {
        tls: Tls::Injected(forged),
        taken: "550 5.7.1 no",
        ..Script::default()
    })
    .await;

    let said = words(send(&desk.mailer(Security::StartTls, None)).await);

    assert!(!said.contains("forged"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_is_tried_once_and_then_not_for_a_minute() {
    let desk = Desk::with(Script {
        login: Some(("authara", "right")),
        ..Script::default()
    })
    .await;
    let mailer = desk.mailer(Security::StartTls, Some(("authara", "wrong")));

    let first = send(&mailer).await;
    let second = send(&mailer).await;

    assert!(
        matches!(&first, Err(NotSent::Setup(words)) if words.contains("535")),
        "{first:?}"
    );
    assert!(
        matches!(&second, Err(NotSent::Setup(words)) if words.contains("a minute later")),
        "{second:?}"
    );
    assert_eq!(desk.server.heard().connections, 1);
    assert!(!format!("{first:?}{second:?}").contains("wrong\""));
}

#[tokio::test]
async fn each_refusal_has_its_meaning() {
    type Meaning = fn(&NotSent) -> bool;
    let address: Meaning = |not_sent| matches!(not_sent, NotSent::AddressRefused(_));
    let letter: Meaning = |not_sent| matches!(not_sent, NotSent::LetterRefused(_));
    let setup: Meaning = |not_sent| matches!(not_sent, NotSent::Setup(_));
    let later: Meaning = |not_sent| matches!(not_sent, NotSent::Later(_, None));

    for (answer, meaning) in [
        ("550 5.1.1 <ada@example.net>: Recipient address rejected", address),
        ("550 no such user", address),
        ("553 5.1.3 bad address", address),
        ("550 5.2.1 switched off", address),
        ("550 5.1.8 Sender address rejected", setup),
        ("550 relay not permitted", setup),
        ("501 5.1.3 bad address syntax", address),
        ("552 5.2.2 mailbox full", setup),
        ("550 5.7.1 relaying denied", setup),
        ("452 4.2.2 mailbox full", later),
        ("451 4.7.1 try again", later),
        ("421 4.3.2 closing", later),
    ] {
        let desk = Desk::with(Script {
            recipients: Box::leak(Box::new([("ada@", answer)])),
            ..Script::default()
        })
        .await;
        let not_sent = send(&desk.mailer(Security::StartTls, None)).await.unwrap_err();
        assert!(meaning(&not_sent), "{answer}: {not_sent:?}");
        assert!(!not_sent.words().contains("ada@"), "{not_sent:?}");
    }
    for (answer, meaning) in [
        ("554 5.7.1 looks like spam", letter),
        ("552 5.3.4 too large", letter),
        ("451 4.3.0 try again", later),
    ] {
        let desk = Desk::with(Script {
            taken: answer,
            ..Script::default()
        })
        .await;
        let not_sent = send(&desk.mailer(Security::StartTls, None)).await.unwrap_err();
        assert!(meaning(&not_sent), "{answer}: {not_sent:?}");
    }
    for (banner, meaning) in [("421 4.3.2 busy", later), ("554 5.7.1 not you", setup)] {
        let desk = Desk::with(Script {
            banner,
            ..Script::default()
        })
        .await;
        let not_sent = send(&desk.mailer(Security::StartTls, None)).await.unwrap_err();
        assert!(meaning(&not_sent), "{banner}: {not_sent:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_after_the_letter_may_have_taken_it() {
    let desk = Desk::with(Script {
        hangs_up_after_the_letter: true,
        ..Script::default()
    })
    .await;

    let outcome = send(&desk.mailer(Security::StartTls, None)).await;

    assert!(matches!(outcome, Err(NotSent::Later(_, None))), "{outcome:?}");
    assert_eq!(desk.server.heard().letters.len(), 1);
}

#[tokio::test]
async fn a_connection_serves_many_letters_also_after_a_refusal() {
    let desk = Desk::with(Script {
        recipients: &[("nobody@", "550 5.1.1 who?")],
        ..Script::default()
    })
    .await;
    let mailer = desk.mailer(Security::StartTls, None);

    send(&mailer).await.unwrap();
    mailer.send(&message("nobody@example.net"), NOW).await.unwrap_err();
    send(&mailer).await.unwrap();

    let heard = desk.server.heard();
    assert_eq!((heard.connections, heard.letters.len()), (1, 2));
}

#[tokio::test]
async fn a_connection_that_the_server_has_closed_costs_no_letter() {
    for farewell in ["221 2.0.0 bye", "421 4.4.2 idle"] {
        let desk = Desk::with(Script {
            reset: farewell,
            ..Script::default()
        })
        .await;
        let mailer = desk.mailer(Security::StartTls, None);

        for _ in 0..3 {
            send(&mailer).await.unwrap();
        }

        let heard = desk.server.heard();
        assert_eq!((heard.connections, heard.letters.len()), (3, 3), "{farewell}");
    }
}

#[tokio::test]
async fn a_server_that_drips_is_given_up_in_time() {
    let desk = Desk::with(Script {
        drips: Some(Duration::from_millis(200)),
        ..Script::default()
    })
    .await;
    let begun = Instant::now();

    let outcome = send(&desk.mailer_at("localhost", Security::StartTls, None, Duration::from_secs(1))).await;

    assert!(
        matches!(&outcome, Err(NotSent::Later(words, None)) if words.contains("longer than 1s")),
        "{outcome:?}"
    );
    assert!(begun.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_server_that_never_ends_a_line_is_not_listened_to_for_ever() {
    let desk = Desk::with(Script {
        banner: Box::leak(format!("220-{}", "x".repeat(3_000_000)).into_boxed_str()),
        ..Script::default()
    })
    .await;

    let outcome = send(&desk.mailer(Security::StartTls, None)).await;

    assert!(matches!(outcome, Err(NotSent::Later(_, None))), "{outcome:?}");
}

#[tokio::test]
async fn nobody_at_the_address_is_told_in_words() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let place = ("localhost".to_owned(), port);
    let smtp = Smtp::new(
        place,
        (Security::Implicit, None),
        None,
        "example.com".to_owned(),
        PATIENCE,
    )
    .unwrap();

    let outcome = send(&Mailer::Smtp(smtp)).await;

    assert!(
        matches!(&outcome, Err(NotSent::Later(words, None)) if words.contains("cannot connect to localhost")),
        "{outcome:?}"
    );
}
