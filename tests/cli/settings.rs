//! Commands and the settings they are given.

use super::*;

#[test]
fn every_problem_of_the_settings_is_told_at_once_and_no_secret_with_it() {
    let settings = [
        ("PUBLIC_URL", "example.com"),
        ("AUTHARA_SECRET_KEY", "hunter2hunter2"),
        ("AUTHARA_ORG_MOD", "multi"),
    ];

    let output = Desk::new().run_with(&["config", "check"], "", &settings);

    assert_eq!(output.status.code(), Some(1));
    let words = words(&output);
    for name in [
        "PUBLIC_URL",
        "AUTHARA_SECRET_KEY",
        "AUTHARA_ORG_MOD",
        "AUTHARA_ORG_MODE",
    ] {
        assert!(words.contains(name), "{words}");
    }
    assert!(!words.contains("hunter2"), "{words}");
}

#[test]
fn checking_the_settings_shows_how_pages_will_look() {
    let settings = [
        ("AUTHARA_PRODUCT_NAME", "Stadtrad"),
        ("AUTHARA_ACCENT_COLOR", "#fc0"),
        ("AUTHARA_SUPPORT", "/help"),
    ];

    let output = Desk::new().run_with(&["config", "check"], "", &settings);

    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let shown = String::from_utf8_lossy(&output.stdout);
    for part in [
        "languages         en, de, fr, es, pt-BR, zh-Hans",
        "product name      Stadtrad",
        "accent colour     #ffcc00",
        "buttons #ffcc00 with #",
        "support           /help",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains("logo"), "what is not set is not told: {shown}");
    assert!(words(&output).contains("AUTHARA_ACCENT_COLOR: #ffcc00 is too light for text"));
}

/// The port of PostgreSQL stands in a file, and Kubernetes sets the same name.
#[test]
fn what_kubernetes_sets_takes_the_place_of_nothing_in_a_file() {
    let desk = Desk::new();
    let file =
        "DATABASE_URL=\nPOSTGRESQL_HOST=db\nPOSTGRESQL_PORT=5433\nPOSTGRESQL_DATABASE=a\nPOSTGRESQL_USERNAME=a\n";
    std::fs::write(desk.0.0.join("env"), file).unwrap();
    let settings = [
        ("DATABASE_URL", ""),
        ("POSTGRESQL_PORT", "tcp://10.96.0.5:5432"),
        ("POSTGRESQL_SERVICE_HOST", "10.96.0.5"),
    ];

    let output = desk.run_with(&["config", "check", "--env-file", "env"], "", &settings);

    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("a on db:5433"));
    for (name, _) in &settings[1..] {
        let note = format!("{name}: comes from Kubernetes");
        assert!(words(&output).contains(&note), "{}", words(&output));
    }
}

#[test]
fn quotes_round_a_whole_value_are_refused_where_nothing_takes_them_off() {
    let desk = Desk::new();
    let check = |settings: &[(&str, &str)]| desk.run_with(&["config", "check"], "", settings);

    for quoted in ["\"Shop\"", "'Shop'", "''"] {
        let output = check(&[("AUTHARA_PRODUCT_NAME", quoted)]);
        assert_eq!(output.status.code(), Some(1), "{quoted}");
        let said = words(&output);
        assert!(said.contains("AUTHARA_PRODUCT_NAME: stands in quotes"), "{said}");
    }
    for plain in ["\"Shop\" of Ada", "'s Hertogenbosch", "\"Shop'", "Ada's \"Shop\"", "\""] {
        let output = check(&[("AUTHARA_PRODUCT_NAME", plain)]);
        assert_eq!(output.status.code(), Some(0), "{plain}: {}", words(&output));
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(shown.contains(&format!("product name      {plain}\n")), "{shown}");
    }
    let path = desk.0.0.join("key");
    let path = format!("\"{}\"", path.display());
    let said = words(&check(&[
        ("AUTHARA_SECRET_KEY", ""),
        ("AUTHARA_SECRET_KEY_FILE", &path),
    ]));
    assert!(said.contains("AUTHARA_SECRET_KEY_FILE: stands in quotes"), "{said}");
    assert_eq!(said.matches("AUTHARA_SECRET_KEY").count(), 1, "{said}");
}

#[test]
fn quotes_are_part_of_a_value_that_a_file_gives_with_them() {
    let desk = Desk::new();
    let password = desk.0.0.join("password");
    std::fs::write(&password, "\"hunter2\"").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file =
        "AUTHARA_PRODUCT_NAME='\"Shop\"'\nPOSTGRESQL_HOST=\"db\"\nPOSTGRESQL_DATABASE=a\nPOSTGRESQL_USERNAME=a\n";
    std::fs::write(desk.0.0.join("env"), file).unwrap();
    let settings = [
        ("DATABASE_URL", ""),
        ("POSTGRESQL_PASSWORD_FILE", password.to_str().unwrap()),
    ];

    let output = desk.run_with(&["config", "check", "--env-file", "env"], "", &settings);

    assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.contains("product name      \"Shop\"\n"), "{shown}");
    assert!(shown.contains("a on db:5432"), "{shown}");
}

#[test]
fn a_secret_behind_a_lost_line_break_is_in_no_output() {
    let desk = Desk::new();
    let lost = format!("AUTHARA_SECRET_KEY={SECRET}");

    for var in authara::config::vars::VARS {
        for command in [&["config", "check"][..], &["serve"]] {
            let output = desk.run_with(command, "", &[(var.name, &format!("x{lost}"))]);

            let text = [&output.stdout[..], &output.stderr].concat();
            let text = String::from_utf8(text).unwrap();
            assert_eq!(output.status.code(), Some(1), "{}: {text}", var.name);
            assert!(!text.contains(&SECRET[..8]), "{}: {text}", var.name);
            assert!(text.contains("a line break is missing"), "{}: {text}", var.name);
        }
    }
}

#[test]
fn a_health_check_needs_to_know_only_where_the_server_listens() {
    let folder = Folder::new();
    let check = |settings: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authara"));
        let command = command.arg("healthcheck").current_dir(&folder.0).env_clear();
        let output = command.envs(settings.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let asked = "the server cannot be reached at 127.0.0.1:1";

    for settings in [
        &[("AUTHARA_LISTEN", "127.0.0.1:1")][..],
        &[
            ("AUTHARA_LISTEN", "127.0.0.1:1"),
            ("DATABASE_URL", "no URL"),
            ("AUTHARA_SECRET_KEY_FILE", "/nowhere"),
        ],
    ] {
        let (code, said) = check(settings);
        assert_eq!(code, Some(1));
        assert!(said.contains(asked), "{said}");
    }
    let (code, said) = check(&[("AUTHARA_LISTEN", "nowhere")]);
    assert!(
        code == Some(1) && said.contains("must be an address and a port"),
        "{said}"
    );
}

#[test]
fn a_check_of_the_database_says_what_it_is_like() {
    let desk = Desk::new();
    let empty = desk.run(&["config", "check", "--database"]);
    assert_eq!(empty.status.code(), Some(1));
    assert!(
        String::from_utf8(empty.stderr)
            .unwrap()
            .contains("run `authara migrate up`")
    );
    desk.done(&["migrate", "up"]);

    let said = desk.done(&["config", "check", "--database"]);

    for part in [
        "SQLite 3.",
        "UTF-8",
        "survives a loss of power",
        "migrations applied",
        "kB",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.lines().all(|line| line.len() <= 80), "{said}");
}
