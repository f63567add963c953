//! Where settings come from: the environment, an `--env-file`, and the files that `*_FILE` names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path};

use zeroize::Zeroizing;

use crate::config::kubernetes;
use crate::config::lines::lines;
use crate::config::older;
use crate::config::problem::{Problem, Problems};
use crate::config::var::Var;
use crate::config::vars::{self, VARS};

/// Settings as text, each from wherever it was given. Empty ones are left out: empty means not set.
#[derive(Default)]
pub struct Given {
    values: BTreeMap<String, Zeroizing<String>>,
    problems: Vec<Problem>,
    /// Names that Kubernetes has set for a service. They are no settings, and replace none.
    of_kubernetes: BTreeSet<String>,
}

/// Bytes of the longest secret in a file of its own.
const LONGEST_SECRET: u64 = 64 * 1024;

impl Given {
    /// From the process's environment, which wins, and from a file of `NAME=value` lines.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn from_environment(file: Option<&Path>) -> Result<Self, Problems> {
        let mut given = Self::of_lines(file)?;
        for (name, value) in std::env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) if is_ours(&name) && is_quoted(&value) => {
                    given.refuse(
                        name,
                        "stands in quotes; leave them out where a value is taken as it stands",
                    );
                }
                Ok(value) => given.take(name, value),
                Err(_) if is_ours(&name) => given.refuse(name, "is not UTF-8"),
                Err(_) => {}
            }
        }
        Ok(given.complete())
    }

    /// From a file of `NAME=value` lines alone.
    pub fn from_file(file: Option<&Path>) -> Result<Self, Problems> {
        Self::of_lines(file).map(Self::complete)
    }

    /// Fails unless a file of settings can be read another time, which a pipe cannot.
    pub fn check_file(file: Option<&Path>) -> Result<(), Problems> {
        let Some(path) = file else { return Ok(()) };
        let failed = |text: String| Problems::one(&path.display().to_string(), text);
        match path.metadata() {
            Ok(found) if found.is_file() => Ok(()),
            Ok(_) => Err(failed("is not a file, which could be read again".to_owned())),
            Err(error) => Err(failed(format!("cannot be read: {error}"))),
        }
    }

    fn of_lines(file: Option<&Path>) -> Result<Self, Problems> {
        let mut given = Self::default();
        let Some(path) = file else { return Ok(given) };
        let name = path.display().to_string();
        let text =
            fs::read_to_string(path).map_err(|error| Problems::one(&name, format!("cannot be read: {error}")))?;
        lines(&name, &text)?
            .into_iter()
            .for_each(|(name, value)| given.take(name, value));
        Ok(given)
    }

    /// Gives a value unless there is one.
    pub(super) fn propose(&mut self, name: &str, value: &str) {
        let value = || Zeroizing::new(value.to_owned());
        self.values.entry(name.to_owned()).or_insert_with(value);
    }

    /// Takes out the values of such names, problems included; returns the names.
    pub(super) fn remove(&mut self, is_such: impl Fn(&str) -> bool) -> Vec<String> {
        self.problems.retain(|problem| !is_such(&problem.name));
        let removed = self.values.extract_if(.., |name, _| is_such(name));
        removed.map(|(name, _)| name).collect()
    }

    /// From pairs of name and value, of which later ones win; secrets in files are read.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut given = Self::default();
        pairs.into_iter().for_each(|(name, value)| given.take(name, value));
        given.complete()
    }

    /// Takes a value in the place of an earlier one of that name, problem included.
    fn take(&mut self, name: String, value: String) {
        if !is_ours(&name) {
            return;
        }
        if kubernetes::sets(&name, &value) {
            self.of_kubernetes.insert(name);
            return;
        }
        self.problems.retain(|problem| problem.name != name);
        if value.is_empty() {
            self.values.remove(&name);
        } else {
            self.put(name, Zeroizing::new(value));
        }
    }

    /// Takes older names, and files, for what they stand for.
    fn complete(mut self) -> Self {
        self.rename();
        self.read_files();
        self
    }

    /// Takes what was given under an older name for the setting of today.
    fn rename(&mut self) {
        for (older, name) in older::RENAMED {
            let Some(value) = self.values.remove(*older) else {
                continue;
            };
            if self.values.contains_key(*name) {
                let text = format!("is the older name of {name}, which is set as well; keep one of the two");
                self.problems.push(Problem::new(older, text));
            } else {
                self.values.insert((*name).to_owned(), value);
            }
        }
    }

    /// The pairs in an `--env-file`.
    #[cfg(fuzzing)]
    pub fn pairs_in(text: &str) -> Option<BTreeMap<String, String>> {
        lines("file", text).ok()
    }

    /// The value of a setting.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|value| value.as_str())
    }

    /// Everything given.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The names of settings in the process's environment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn names_in_environment() -> Vec<String> {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let mut names: Vec<_> = names.filter(|name| is_ours(name)).collect();
        names.sort();
        names
    }

    /// The names that Kubernetes has set.
    pub(super) fn of_kubernetes(&self) -> impl Iterator<Item = &str> {
        self.of_kubernetes.iter().map(String::as_str)
    }

    /// What was wrong with the way in which settings were given.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Keeps a value, unless a line break was lost in it.
    fn put(&mut self, name: String, value: Zeroizing<String>) {
        if joined(&value) {
            self.refuse(
                name,
                "holds the name of another setting: a line break is missing before it",
            );
        } else {
            self.values.insert(name, value);
        }
    }

    /// Keeps an empty value in the place of one that cannot be taken, so that it is not reported as
    /// missing as well.
    fn refuse(&mut self, name: String, text: impl Into<String>) {
        self.problems.push(Problem::new(&name, text));
        self.values.insert(name, Zeroizing::default());
    }

    fn read_files(&mut self) {
        for var in VARS.iter().filter(|var| var.is_secret) {
            let name = format!("{}_FILE", var.name);
            let Some(path) = self.values.remove(&name) else {
                continue;
            };
            if self.values.contains_key(var.name) {
                let text = format!("is set, and so is {}; keep one of the two", var.name);
                self.problems.push(Problem::new(&name, text));
                continue;
            }
            if path.is_empty() {
                // The path itself was refused.
                self.values.insert(var.name.to_owned(), Zeroizing::default());
                continue;
            }
            match secret_in(Path::new(path.as_str())) {
                Ok(secret) => self.put(var.name.to_owned(), secret),
                Err(text) => {
                    self.problems.push(Problem::new(&name, text));
                    // So that it is not reported as missing as well.
                    self.values.insert(var.name.to_owned(), Zeroizing::default());
                }
            }
        }
    }
}

/// Whether a name in the environment is any of our business.
fn is_ours(name: &str) -> bool {
    let bare = name.strip_suffix("_FILE").unwrap_or(name);
    name.starts_with("AUTHARA_")
        || name.starts_with("POSTGRESQL_")
        || vars::find(bare).is_some()
        || older::Older::find(name).is_some()
}

/// Whether a value stands in quotes that nothing has taken off. In a file of settings they are taken off,
/// and a secret in a file of its own may have some.
fn is_quoted(value: &str) -> bool {
    let is_between = |quote| value.len() >= 2 && value.starts_with(quote) && value.ends_with(quote);
    is_between('"') || is_between('\'')
}

/// Whether the name of another setting stands in a value: a line break was lost before it, and what
/// follows may be a secret.
fn joined(value: &str) -> bool {
    let mut parts = value.split('=');
    // What stands after the last `=` is no name.
    parts.next_back();
    parts.any(|before| {
        let is_of_name = |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        let rest = before.trim_end_matches(is_of_name);
        let name = &before[rest.len()..];
        name.contains("AUTHARA_") || VARS.iter().any(|var| name.ends_with(var.name) || is_file_of(var, name))
    })
}

fn is_file_of(var: &Var, name: &str) -> bool {
    let bare = name.strip_suffix("_FILE");
    var.is_secret && bare.is_some_and(|bare| bare.ends_with(var.name))
}

/// The content of a secret's file, without the newline at its end.
fn secret_in(path: &Path) -> Result<Zeroizing<String>, String> {
    let shown = path.display();
    // A path that leads nowhere may be the secret itself.
    let missing = |error: std::io::Error| format!("names a file that cannot be read: {error}");
    let unreadable = |error: std::io::Error| format!("names {shown}, which cannot be read: {error}");
    let metadata = fs::metadata(path).map_err(missing)?;
    if !metadata.is_file() {
        return Err(format!("names {shown}, which is not a file"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    // Who reads it as a member of its group can do nothing about that: whoever gave it so meant it.
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    let too_many = if is_own { 0o077 } else { 0o037 };
    if mode & too_many != 0 && !is_mounted_secret(path) {
        return Err(format!(
            "names {shown}, which others than its owner may read (mode {mode:03o}); run: chmod 600 {shown}"
        ));
    }
    let mut text = Zeroizing::new(String::new());
    fs::File::open(path)
        .and_then(|file| file.take(LONGEST_SECRET + 1).read_to_string(&mut text))
        .map_err(unreadable)?;
    if text.len() as u64 > LONGEST_SECRET {
        return Err(format!("names {shown}, which is longer than 64 KiB"));
    }
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    if text.is_empty() {
        return Err(format!("names {shown}, which is empty"));
    }
    Ok(text)
}

/// Whether the file was mounted by a container runtime, which gives the modes it likes.
fn is_mounted_secret(path: &Path) -> bool {
    let is_below = path.starts_with("/run/secrets") || path.starts_with("/var/run/secrets");
    is_below && !path.components().any(|part| part == Component::ParentDir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_the_folder_of_secrets_is_a_mounted_secret() {
        for path in [
            "/run/secrets/key",
            "/run/secrets/authara/key",
            "/var/run/secrets/authara/key",
        ] {
            assert!(is_mounted_secret(Path::new(path)), "{path}");
        }
        for path in [
            "/run/secrets/../../etc/passwd",
            "/run/secretsx/key",
            "run/secrets/key",
            "/etc/passwd",
        ] {
            assert!(!is_mounted_secret(Path::new(path)), "{path}");
        }
    }
}
