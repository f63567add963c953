//! No circle between files: a reader of one need not have read them all.
//!
//! Read from the text: `use`, paths that begin with `crate`, `super` or `self`, and paths that begin
//! with a module that was imported. A name that a `mod.rs` passes on counts as the file it is from.
//! A file may use the module files it lies in (`storage/users.rs` the `Conn` of `storage/mod.rs`):
//! a module and its children are one thing in several files.

use std::collections::{BTreeMap, BTreeSet};

use super::{files, read, relative};

type Path = Vec<String>;

#[test]
fn no_file_uses_one_that_uses_it() {
    let sources: Vec<_> = files("src", "rs")
        .iter()
        .map(|file| (relative(file), read(file)))
        .collect();

    let circles = circles(&House::new(&sources));

    assert!(circles.is_empty(), "circles between files:\n{}\n", circles.join("\n"));
}

#[test]
fn a_planted_circle_is_found_however_it_is_written() {
    let planted = |one: &str, other: &str| {
        let sources = [
            ("src/lib.rs", "pub mod http;"),
            (
                "src/http/mod.rs",
                "pub mod cx;\npub mod pages;\npub mod reply;\npub use reply::Reply;",
            ),
            ("src/http/pages/mod.rs", "pub mod form;"),
            ("src/http/pages/form.rs", one),
            ("src/http/reply.rs", other),
            ("src/http/cx.rs", "use crate::http::Body;"),
        ];
        circles(&House::new(
            &sources.map(|(file, text)| (file.to_owned(), text.to_owned())),
        ))
    };
    let back = "use crate::http::pages::form::Form;";

    for there in [
        "use crate::http::reply::Reply;",
        "use crate::http::{cx::Cx, reply::{self, Reply}};",
        "use crate::http::Reply;",
        "use super::super::reply::Reply;",
        "fn f() -> crate::http::reply::Reply { }",
        "use crate::http;\nfn f() -> http::reply::Reply { }",
        "use crate::http as door;\nfn f() -> door::reply::Reply { }",
    ] {
        assert_eq!(planted(there, back).len(), 2, "{there}");
    }
    for harmless in [
        "use crate::http::cx::Cx;",
        "// crate::http::reply::Reply\n/// [`crate::http::reply`]\nuse crate::http;",
        "#[cfg(test)]\nmod tests {\n use crate::http::reply::Reply;\n}",
    ] {
        assert_eq!(planted(harmless, back), Vec::<String>::new(), "{harmless}");
    }
    assert_eq!(
        planted("", "use super::pages;\nfn f() { pages::form::f() }"),
        Vec::<String>::new()
    );
}

/// Every file as a module.
struct House {
    files: BTreeMap<Path, String>,
    code: BTreeMap<Path, String>,
    uses: BTreeMap<Path, Vec<Use>>,
}

/// One imported path and what it is called here.
struct Use {
    path: Path,
    name: String,
}

impl House {
    fn new(sources: &[(String, String)]) -> Self {
        let mut house = Self {
            files: BTreeMap::new(),
            code: BTreeMap::new(),
            uses: BTreeMap::new(),
        };
        for (file, text) in sources {
            house.files.insert(module(file), file.clone());
            house.code.insert(module(file), code(text));
        }
        for (module, code) in &house.code {
            let uses = use_statements(code).flat_map(expand);
            let uses = uses.map(|found| Use {
                path: house.absolute(module, &found.path),
                ..found
            });
            house.uses.insert(module.clone(), uses.collect());
        }
        house
    }

    /// A path from the root of the crate; from outside crates it stays as it is and leads nowhere.
    fn absolute(&self, module: &Path, path: &[String]) -> Path {
        let mut base = module.clone();
        let mut rest = path;
        match rest.first().map(String::as_str) {
            Some("crate") => (base, rest) = (Path::new(), &rest[1..]),
            Some("self") => rest = &rest[1..],
            Some("super") => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            Some(child) if self.files.contains_key(&joined(&base, &[child.to_owned()])) => {}
            _ => return joined(&["extern".to_owned()], path),
        }
        joined(&base, rest)
    }

    /// The module whose file says what is at a path.
    fn home(&self, path: &[String]) -> Option<Path> {
        let found = (0..=path.len()).rev().map(|end| &path[..end]);
        let module = found.into_iter().find(|part| self.files.contains_key(*part))?;
        let passed_on = path.get(module.len()).and_then(|name| {
            let uses = self.uses.get(module)?;
            uses.iter().find(|found| found.name == *name && found.path != *path)
        });
        match passed_on {
            Some(origin) if origin.path.first().is_some_and(|part| part != "extern") => self.home(&origin.path),
            _ => Some(module.to_vec()),
        }
    }

    /// The modules that a file uses.
    fn used_by(&self, module: &Path) -> BTreeSet<Path> {
        let code = &self.code[module];
        let uses = &self.uses[module];
        let mut paths: Vec<Path> = uses.iter().map(|found| found.path.clone()).collect();
        for path in paths_in(code) {
            let first = uses.iter().find(|found| found.name == path[0]);
            paths.push(match first {
                Some(alias) => joined(&alias.path, &path[1..]),
                None => self.absolute(module, &path),
            });
        }
        let homes = paths
            .iter()
            .filter(|path| path.first().is_none_or(|part| part != "extern"));
        homes
            .filter_map(|path| self.home(path))
            .filter(|home| !module.starts_with(home))
            .collect()
    }
}

/// The files that stand in circles, each with those of its circle that it uses.
fn circles(house: &House) -> Vec<String> {
    let edges: BTreeMap<&Path, BTreeSet<Path>> = house
        .files
        .keys()
        .map(|module| (module, house.used_by(module)))
        .collect();
    let reached: BTreeMap<&Path, _> = edges
        .keys()
        .map(|start| (*start, reached_from(start, &edges)))
        .collect();
    let lines = edges.iter().filter_map(|(module, uses)| {
        let back = uses.iter().filter(|used| reached[used].contains(module));
        let back: Vec<_> = back.map(|used| house.files[used].as_str()).collect();
        (!back.is_empty()).then(|| format!("{} uses {}", house.files[*module], back.join(", ")))
    });
    lines.collect()
}

fn reached_from<'a>(start: &Path, edges: &'a BTreeMap<&Path, BTreeSet<Path>>) -> BTreeSet<&'a Path> {
    let mut reached = BTreeSet::new();
    let mut todo: Vec<_> = edges[start].iter().collect();
    while let Some(module) = todo.pop() {
        if reached.insert(module) {
            todo.extend(&edges[module]);
        }
    }
    reached
}

fn joined(base: &[String], rest: &[String]) -> Path {
    [base, rest].concat()
}

/// `src/http/pages/mod.rs` is `http::pages`, `src/lib.rs` the root.
fn module(file: &str) -> Path {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs");
    let parts = path.split('/').filter(|part| !matches!(*part, "mod" | "lib"));
    parts.map(str::to_owned).collect()
}

/// A file without comments and unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands between each `use` and its semicolon.
fn use_statements(code: &str) -> impl Iterator<Item = &str> {
    code.match_indices("use ").filter_map(|(at, word)| {
        let line_start = code[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = code[line_start..at].trim();
        let is_statement = before.is_empty() || before.starts_with("pub");
        is_statement
            .then(|| code[at + word.len()..].split(';').next())
            .flatten()
    })
}

/// `a::{b, c::D as E}` is `a::b` and `a::c::D`.
fn expand(tree: &str) -> Vec<Use> {
    let tree = tree.trim();
    let Some((before, group)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path: Path = path.trim().split("::").map(|part| part.trim().to_owned()).collect();
        // A star or `self` stands for the module itself.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self" || last == "*") {
            path.pop();
        }
        let last = path.last().cloned().unwrap_or_default();
        let name = if name.is_empty() { last } else { name.trim().to_owned() };
        return vec![Use { path, name }];
    };
    let group = group.rsplit_once('}').map_or(group, |(inside, _)| inside);
    let mut depth = 0;
    let parts = group.split(|letter| {
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        letter == ',' && depth == 0
    });
    let parts: Vec<_> = parts.filter(|part| !part.trim().is_empty()).collect();
    parts
        .into_iter()
        .flat_map(|part| expand(&format!("{before}{}", part.trim())))
        .collect()
}

/// Everything of the form `a::b::c`.
fn paths_in(code: &str) -> Vec<Path> {
    let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    let words = code.split(|letter: char| !is_of_name(letter) && letter != ':');
    words
        .filter(|word| word.contains("::"))
        .map(|word| word.split("::").map(|part| part.trim_matches(':').to_owned()).collect())
        .filter(|path: &Path| !path[0].is_empty())
        .collect()
}
