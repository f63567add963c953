//! What only one place may do.

use super::{files, read, relative};

/// What is done, the text that does it, the files that may, and why no others.
const DOORS: &[(&str, &str, &[&str], &str)] = &[
    (
        "opens a session",
        ".sessions().add(",
        &["src/flows/entry/mod.rs"],
        "the dispatcher compares what was proved with the account as it is",
    ),
    (
        "ends a session",
        ".sessions().revoke(",
        &["src/flows/ending.rs"],
        "the account is locked first, so that no sign-in under way is missed",
    ),
    (
        "ends the sessions of an account",
        ".sessions().revoke_of_user(",
        &["src/flows/ending.rs"],
        "the account is locked first, so that no sign-in under way is missed",
    ),
    (
        "makes a session recent",
        ".sessions().reauthenticated(",
        &["src/flows/entry/mod.rs", "src/flows/password.rs"],
        "the dispatcher compares what was proved with the account as it is; a new password is a proof",
    ),
    (
        "uses evidence",
        ".evidence().redeem(",
        &["src/flows/entry/mod.rs"],
        "evidence is compared where it is used, and nowhere before",
    ),
    (
        "signs an access token",
        "jwt::sign(",
        &["src/flows/tokens.rs"],
        "every issue of tokens asks whether the account may have them",
    ),
];

#[test]
fn what_only_one_place_may_do_is_done_nowhere_else() {
    let sources: Vec<(String, String)> = files("src", "rs")
        .iter()
        .map(|file| (relative(file), without_spaces(&read(file))))
        .collect();

    for (what, text, allowed, why) in DOORS {
        let found: Vec<&str> = sources
            .iter()
            .filter(|(_, source)| source.contains(text))
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(found, *allowed, "who {what}: {why}");
    }
    // Of those, one calls the function that adds a session, and only once.
    let (_, dispatcher) = sources
        .iter()
        .find(|(name, _)| name == "src/flows/entry/mod.rs")
        .unwrap();
    assert_eq!(dispatcher.matches(".sessions().add(").count(), 1);
}

#[test]
fn a_request_reads_the_clock_once() {
    // The door reads it and hands it down.
    const MAY: &[(&str, usize, &str)] = &[
        ("src/flows/attempts.rs", 2, "an attempt may have waited for its turn"),
        (
            "src/flows/letters.rs",
            4,
            "sending takes time, and commands begin it too",
        ),
        ("src/http/cx.rs", 1, "the door of requests"),
        ("src/http/pipeline.rs", 1, "how long ago a line of the log was written"),
        ("src/workers/backups.rs", 1, "a round of its own"),
        ("src/workers/cleanup.rs", 1, "a round of its own"),
        ("src/workers/clock.rs", 1, "what it looks at"),
        ("src/workers/keys.rs", 1, "a round of its own"),
        ("src/workers/letters.rs", 1, "a round of its own"),
    ];

    for folder in ["src/flows", "src/http", "src/workers"] {
        for file in files(folder, "rs") {
            let (name, source) = (relative(&file), read(&file));
            let reads = ["app.now()", "clock.now()"].map(|text| source.matches(text).count());
            let allowed = MAY
                .iter()
                .find(|(may, ..)| *may == name)
                .map_or(0, |(_, count, _)| *count);
            assert_eq!(reads.iter().sum::<usize>(), allowed, "{name}");
        }
    }
}

/// A call may stand on several lines.
fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}
