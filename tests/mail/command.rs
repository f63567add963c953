//! By a program of the operator's, and into a folder.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use authara::outside::mail::{Command, Folder as MailFolder, Mailer, NotSent, Outcome};

use super::{NOW, message};
use crate::kit::database::Folder;

async fn run(folder: &Folder, script: &str, timeout: Duration) -> Outcome {
    let path = folder.0.join("send");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    let words = [
        "/bin/sh",
        &path.display().to_string(),
        "{to}",
        &folder.0.display().to_string(),
    ];
    let command = Command::new(words.map(str::to_owned).to_vec(), timeout);
    Mailer::Command(command).send(&message("ada@example.net"), NOW).await
}

#[tokio::test]
async fn the_program_reads_the_letter_and_is_told_the_recipient() {
    let folder = Folder::new();

    let outcome = run(
        &folder,
        "cat >\"$2/letter\"; echo \"$1\" >\"$2/to\"",
        Duration::from_mins(1),
    )
    .await;

    assert!(outcome.is_ok(), "{outcome:?}");
    let letter = std::fs::read_to_string(folder.0.join("letter")).unwrap();
    assert!(letter.contains("Subject: Your password was changed\r\n"), "{letter}");
    assert_eq!(
        std::fs::read_to_string(folder.0.join("to")).unwrap(),
        "ada@example.net\n"
    );
}

#[tokio::test]
async fn how_it_ends_says_what_became_of_the_letter() {
    let folder = Folder::new();
    let patience = Duration::from_mins(1);

    let refused = run(&folder, "echo 'no ada@example.net here' >&2; exit 67", patience).await;
    assert!(
        matches!(&refused, Err(NotSent::AddressRefused(words)) if words.contains("no … here")),
        "{refused:?}"
    );
    let later = run(&folder, "exit 75", patience).await;
    assert!(matches!(later, Err(NotSent::Later(..))), "{later:?}");
    let setup = run(&folder, "exec /no/such/program", patience).await;
    assert!(matches!(setup, Err(NotSent::Setup(_))), "{setup:?}");
    // It reads nothing and says a lot.
    let loud = run(&folder, "yes ada@example.net | head -c 1000000 >&2; exit 1", patience).await;
    assert!(
        matches!(&loud, Err(NotSent::Later(words, _)) if !words.contains('@')),
        "{loud:?}"
    );
    let missing = Command::new(vec!["/no/such/program".to_owned()], patience);
    let missing = Mailer::Command(missing).send(&message("ada@example.net"), NOW).await;
    assert!(matches!(missing, Err(NotSent::Setup(_))), "{missing:?}");
}

#[tokio::test]
async fn a_program_that_does_not_end_is_ended() {
    let folder = Folder::new();

    let outcome = run(&folder, "exec sleep 600", Duration::from_millis(200)).await;

    assert!(
        matches!(&outcome, Err(NotSent::Later(words, _)) if words.contains("took longer")),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_folder_gets_one_file_a_letter_for_its_owner_alone() {
    let folder = Folder::new();
    let mailer = Mailer::Folder(MailFolder::new(folder.0.clone()));

    for _ in 0..2 {
        mailer.send(&message("ada@example.net"), NOW).await.unwrap();
    }

    let files: Vec<_> = std::fs::read_dir(&folder.0)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    let [file] = files.as_slice() else {
        panic!("{files:?}");
    };
    assert!(file.extension().is_some_and(|ending| ending == "eml"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let gone = Mailer::Folder(MailFolder::new(folder.0.join("missing")));
    let outcome = gone.send(&message("ada@example.net"), NOW).await;
    assert!(matches!(outcome, Err(NotSent::Setup(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_address_is_never_an_option_or_a_part_of_a_command() {
    let words = ["/bin/echo", "{to}"].map(str::to_owned).to_vec();
    let mailer = Mailer::Command(Command::new(words, Duration::from_mins(1)));

    let outcome = mailer.send(&message("--passwordeval=id@example.net"), NOW).await;

    assert!(matches!(outcome, Err(NotSent::AddressRefused(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_a_program_leaves_running_holds_up_no_letter() {
    let folder = Folder::new();
    let begun = std::time::Instant::now();

    let outcome = run(&folder, "sleep 600 & exit 75", Duration::from_mins(1)).await;

    assert!(matches!(outcome, Err(NotSent::Later(..))), "{outcome:?}");
    assert!(begun.elapsed() < Duration::from_mins(1));
}
