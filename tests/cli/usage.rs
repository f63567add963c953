//! Help, mistyped commands, and questions that nobody can answer.

use unicode_width::UnicodeWidthStr as _;

use super::*;

#[test]
fn the_help_groups_commands_by_task() {
    let desk = Desk::new();

    let help = desk.done(&["help"]);

    assert_eq!(desk.done(&["--help"]), help);
    assert_eq!(
        words(&desk.run(&[])),
        help,
        "alone it is wrong usage, and says the same"
    );
    let groups = [
        "Try it out and run:\n  dev ",
        "Database:\n  migrate ",
        "People:\n  user ",
        "Settings and keys:\n  config ",
        "Options:\n      --env-file ",
    ];
    let places: Vec<_> = groups.iter().map(|group| help.find(group)).collect();
    assert!(places.is_sorted() && places[0].is_some(), "{places:?} {help}");
    assert!(help.contains("Exit codes:"), "{help}");
    assert!(help.lines().all(|line| line.width() <= 80), "{help}");
    let below = desk.done(&["help", "user"]);
    assert!(!below.contains("Try it out"), "only of the whole: {below}");
}

#[test]
fn a_mistyped_command_or_option_is_told_the_right_one() {
    let desk = Desk::new();

    for (typed, meant) in [
        (&["usr", "list"][..], "did you mean 'user'?"),
        (&["user", "ad"], "did you mean 'add'?"),
        (&["user", "list", "--jsn"], "did you mean '--json'?"),
        (&["migrate", "staus"], "did you mean 'status'?"),
    ] {
        let output = desk.run(typed);
        let said = words(&output);

        assert_eq!(output.status.code(), Some(2), "{typed:?}");
        assert!(said.contains(meant), "{said}");
        assert!(said.lines().last().unwrap().contains("--help"), "{said}");
    }
    assert!(!words(&desk.run(&["xyz"])).contains("did you mean"));
    let nothing = words(&desk.run(&["--env-file", "env"]));
    assert!(nothing.lines().all(|line| line.width() <= 80), "{nothing}");
}

#[test]
fn whoever_cannot_be_asked_reads_first_that_nothing_was_done() {
    let desk = Desk::migrated();
    desk.add("ada@example.com");

    for command in [
        &["user", "disable", "ada@example.com"][..],
        &["user", "delete", "ada@example.com"],
        &["user", "revoke", "ada@example.com", "admin"],
        &["user", "sessions", "ada@example.com", "--end-all"],
        &["user", "password", "ada@example.com"],
        &["user", "add", "bob@example.com"],
        &["key", "rotate", "--now"],
        &["restore", "copy.db"],
    ] {
        let output = desk.run(command);

        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(words(&output).starts_with("authara: not done: "), "{}", words(&output));
    }
}
