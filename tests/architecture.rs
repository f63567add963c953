//! The shape of the house, read from the source text: who imports whom, how long files are, and
//! that nothing is left without its test or its reason.

mod circles;
mod doors;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Who may import whom, and why not more. A module that is not named here may not exist.
const ARROWS: &[(&str, &[&str], &str)] = &[
    ("domain", &[], "what the product is depends on nothing"),
    (
        "metrics",
        &["domain"],
        "numbers; whoever has something to count comes here",
    ),
    (
        "storage",
        &["domain", "metrics"],
        "rows in, domain values out; no decisions",
    ),
    ("crypto", &["domain", "metrics"], "functions on bytes; no database"),
    ("limits", &["domain"], "counters in memory"),
    (
        "words",
        &["domain"],
        "what people read; closed to flows, which name a letter and do not write it",
    ),
    (
        "look",
        &[],
        "colours and pictures; no rule of the product depends on one",
    ),
    ("config", &["domain", "words", "look"], "settings, parsed once"),
    (
        "outside",
        &["domain", "crypto"],
        "calls to other servers: mail, providers, webhooks; no database, no decisions",
    ),
    (
        "letters",
        &["domain", "words", "look", "config"],
        "what mail says, rendered when it is sent; decides nothing and sends nothing",
    ),
    (
        "app",
        &["domain", "storage", "crypto", "outside", "limits", "config", "metrics"],
        "builds the tools and holds them",
    ),
    (
        "flows",
        &[
            "domain", "storage", "crypto", "outside", "limits", "config", "metrics", "app",
        ],
        "what the product does; knows no HTTP and writes no text",
    ),
    (
        "http",
        &[
            "domain", "words", "look", "config", "letters", "metrics", "app", "flows",
        ],
        "a door: reads and writes through flows only; shows letters to those who work on how they look",
    ),
    (
        "workers",
        &["domain", "storage", "outside", "letters", "app", "flows"],
        "a door without requests",
    ),
    (
        "cli",
        &[
            "domain", "storage", "crypto", "outside", "words", "look", "config", "metrics", "app", "flows", "http",
            "workers",
        ],
        "puts everything together",
    ),
    ("allocator", &[], "one call into the C library"),
    ("lib", &[], "the map; it only names the floors"),
    ("main", &[], "starts `cli` by the crate's name"),
];

/// Modules whose arrows are settled before their first file.
const PLANNED: &[&str] = &[];

/// Files that may be longer than [`LONGEST`], each with the reason.
const LONG_FILES: &[(&str, &str)] = &[("src/config/vars.rs", "a flat list, one entry a setting")];

/// Lines without tests. A file that needs more is usually two.
const LONGEST: usize = 400;

#[test]
fn modules_import_downwards_only() {
    let mut wrong = Vec::new();

    for file in files("src", "rs") {
        let module = module_of(&file);
        let Some((_, allowed, why)) = ARROWS.iter().find(|(name, ..)| *name == module) else {
            wrong.push(format!("{}: `{module}` has no row in ARROWS", file.display()));
            continue;
        };
        for import in imports(&read(&file)) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{module}` uses `{import}`, but: {why}", file.display()));
            }
        }
    }

    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_row_has_its_module() {
    let modules: BTreeSet<_> = files("src", "rs").iter().map(|file| module_of(file)).collect();

    for (name, ..) in ARROWS {
        let is_planned = PLANNED.contains(name);
        assert_ne!(modules.contains(*name), is_planned, "{name}: planned, or there?");
    }
}

#[test]
fn grouped_imports_are_seen() {
    let text = "
        use crate::domain::{User, UserId};
        use crate::{app::App, flows::{self, gate}, http};
        // crate::comment is no import, nor is this: [`crate::link`].
        fn f() -> crate::storage::Result<()> { $crate::config::x() }
    ";

    let found = imports(text);

    assert_eq!(found, set(&["domain", "app", "flows", "http", "storage", "config"]));
}

#[test]
fn files_stay_readable() {
    let mut wrong = Vec::new();

    for file in files("src", "rs") {
        let name = relative(&file);
        let text = read(&file);
        let lines: Vec<_> = text.lines().collect();
        // Its tests stand at the end.
        let lines = lines
            .windows(2)
            .position(|pair| pair[0] == "#[cfg(test)]" && pair[1].ends_with("mod tests {"))
            .unwrap_or(lines.len());
        let is_listed = LONG_FILES.iter().any(|(long, _)| *long == name);
        if lines > LONGEST && !is_listed {
            wrong.push(format!("{name}: {lines} lines"));
        }
        if lines <= LONGEST && is_listed {
            wrong.push(format!("{name}: is short enough now, take it off the list"));
        }
    }

    assert!(wrong.is_empty(), "more than {LONGEST} lines:\n{}\n", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for() {
    for folder in ["src", "tests"] {
        for file in files(folder, "rs") {
            assert!(read(&file).starts_with("//! "), "{}: no header", file.display());
        }
    }
}

#[test]
fn every_statement_has_a_test_on_both_databases() {
    // Without white space, for a call may stand on two lines.
    let tests: String = files("tests/storage", "rs")
        .iter()
        .flat_map(|file| read(file).split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    // One may be written in several files.
    let part_of = |file: &Path| match file.parent().and_then(Path::file_name) {
        Some(folder) if folder != "storage" => folder.to_os_string(),
        _ => file.file_stem().unwrap().to_os_string(),
    };
    let aggregates: Vec<_> = files("src/storage", "rs")
        .into_iter()
        .map(|file| (part_of(&file).to_string_lossy().into_owned(), read(&file)))
        .filter(|(_, text)| text.contains("'c mut Conn)") || text.contains("\nimpl Sessions<'_> {"))
        .collect();

    let untested: Vec<_> = aggregates
        .iter()
        .flat_map(|(name, text)| public_async_functions(text).map(move |function| (name, function)))
        .map(|(name, function)| format!("{name}().{function}("))
        .filter(|call| !tests.contains(call))
        .collect();

    assert!(
        aggregates.len() >= 7,
        "aggregates are recognised by holding `&mut Conn`"
    );
    assert!(untested.is_empty(), "\n{}\n", untested.join("\n"));
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |folder: &str| -> BTreeSet<_> {
        files(folder, "sql")
            .iter()
            .map(|file| file.file_name().unwrap().to_owned())
            .collect()
    };

    let (postgres, sqlite) = (names("migrations/postgres"), names("migrations/sqlite"));

    assert_eq!(postgres, sqlite);
    assert!(!sqlite.is_empty());
}

#[test]
fn no_template_writes_without_escaping() {
    let templates = files("assets/templates", "stpl");

    for file in &templates {
        assert!(!read(file).contains("<%-"), "{}: raw output", file.display());
    }

    assert!(!templates.is_empty());
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read(&root().join("Cargo.toml"));
    let mut is_dependency = false;
    let mut has_reason = false;
    let mut without = Vec::new();

    for line in manifest.lines() {
        if line.starts_with('[') {
            is_dependency = line.ends_with("dependencies]");
        } else if line.is_empty() || line.starts_with("# --") {
            has_reason = false;
        } else if line.starts_with('#') {
            has_reason = true;
        } else if is_dependency && !has_reason {
            without.push(line);
        }
    }

    assert!(without.is_empty(), "\n{}\n", without.join("\n"));
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap()
}

fn relative(file: &Path) -> String {
    file.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

/// All files with this ending below a folder of the project; none if there is no such folder.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// `src/storage/users.rs` and `src/storage.rs` are both of `storage`.
fn module_of(file: &Path) -> String {
    let path = file.strip_prefix(root().join("src")).unwrap();
    let first = path.components().next().unwrap().as_os_str().to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a text names as `crate::module` or `crate::{module, …}`, comments aside.
fn imports(text: &str) -> BTreeSet<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n");

    let mut found = BTreeSet::new();
    for (_, after) in code
        .match_indices("crate::")
        .map(|(at, mark)| (at, &code[at + mark.len()..]))
    {
        let Some(group) = after.strip_prefix('{') else {
            found.insert(first_word(after));
            continue;
        };
        let mut depth = 0;
        let mut starts_name = true;
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => starts_name = true,
                _ if starts_name && !letter.is_whitespace() => {
                    found.insert(first_word(&group[at..]));
                    starts_name = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn first_word(text: &str) -> String {
    text.chars()
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

fn public_async_functions(text: &str) -> impl Iterator<Item = String> {
    text.match_indices("pub async fn ")
        .map(|(at, mark)| first_word(&text[at + mark.len()..]))
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
