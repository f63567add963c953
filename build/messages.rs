//! Messages: `assets/messages/en.json` becomes one method of `words::Phrases` per message, with its
//! placeholders as arguments, so that a page cannot ask for one that does not exist. The texts of
//! every language become tables in the same order; what a language lacks is empty there.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use serde_json::{Map, Value};

use crate::{listed, stem};

/// The language that every other falls back to.
const FIRST: &str = "en";
/// The two forms of a message that counts.
const FORMS: [&str; 2] = ["one", "other"];

pub(super) fn prepare(root: &Path, out: &Path) -> io::Result<()> {
    let mut languages = Vec::new();
    for path in listed(&root.join("assets/messages"))? {
        let text = fs::read_to_string(&path)?;
        let Ok(Value::Object(messages)) = serde_json::from_str(&text) else {
            panic!("{}: not a JSON object", path.display());
        };
        languages.push((stem(&path).to_owned(), messages));
    }
    let (_, english) = languages
        .iter()
        .find(|(tag, _)| tag == FIRST)
        .expect("there is an en.json");

    let mut keys = Vec::new();
    let mut methods = String::new();
    for (key, message) in english {
        methods += &method(key, message, &mut keys);
    }
    let tables: Vec<String> = languages
        .iter()
        .map(|(tag, messages)| format!("({tag:?}, &{:?}),\n", texts(&keys, messages)))
        .collect();
    let tables = tables.concat();
    let count = keys.len();
    let counted: Vec<usize> = (0..count)
        .filter(|&at| keys[at].rsplit_once('.').is_some_and(|(_, form)| form == FORMS[0]))
        .collect();
    let code = format!(
        "/// Every key in the order of the tables; a message that counts has two.\n\
         pub(super) const KEYS: [&str; {count}] = {keys:?};\n\
         /// Where the two forms of a message that counts begin.\n\
         const COUNTED: [usize; {}] = {counted:?};\n\
         /// Texts by language; empty where a language lacks one.\n\
         pub(super) static BUILT_IN: &[(&str, &[&str; {count}])] = &[\n{tables}];\n\
         impl Phrases {{\n{methods}}}\n",
        counted.len(),
    );
    fs::write(out.join("phrases.rs"), code)
}

/// One method, and its keys at the end of `keys`.
fn method(key: &str, message: &Value, keys: &mut Vec<String>) -> String {
    let name = key.replace('.', "_");
    let at = keys.len();
    let (text, is_counted) = match message {
        Value::String(text) => (text.clone(), false),
        Value::Object(forms) => (text_of(forms, "other"), true),
        _ => panic!("{key}: neither a text nor forms"),
    };
    let names = placeholders(&text);
    let names: Vec<&str> = names
        .into_iter()
        .filter(|name| !is_counted || *name != "count")
        .collect();
    let arguments: String = names.iter().fold(String::new(), |mut all, name| {
        write!(all, ", {name}: impl std::fmt::Display").expect("writing to a string cannot fail");
        all
    });
    let pairs: Vec<String> = names.iter().map(|name| format!("({name:?}, &{name})")).collect();
    let pairs = pairs.join(", ");
    let doc = format!("/// \u{201c}{text}\u{201d}\n");
    if is_counted {
        keys.extend(FORMS.map(|form| format!("{key}.{form}")));
        return format!(
            "{doc}pub fn {name}(&self, count: u64{arguments}) -> String {{ self.counted({at}, count, &[{pairs}]) }}\n\
             /// Both forms, for scripts.\n\
             pub fn {name}_forms(&self) -> [&str; 2] {{ [self.text({at}), self.text({at} + 1)] }}\n"
        );
    }
    keys.push(key.to_owned());
    if names.is_empty() {
        format!("{doc}pub fn {name}(&self) -> &str {{ self.text({at}) }}\n")
    } else {
        format!("{doc}pub fn {name}(&self{arguments}) -> String {{ self.filled({at}, &[{pairs}]) }}\n")
    }
}

/// The names in braces, each once, in the order of the text.
fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for part in text.split('{').skip(1) {
        let (name, _) = part.split_once('}').expect("placeholders end");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn texts(keys: &[String], messages: &Map<String, Value>) -> Vec<String> {
    let text = |key: &String| {
        if let Some(Value::String(text)) = messages.get(key) {
            return text.clone();
        }
        let Some((key, form)) = key.rsplit_once('.') else {
            return String::new();
        };
        match messages.get(key) {
            Some(Value::Object(forms)) => text_of(forms, form),
            _ => String::new(),
        }
    };
    keys.iter().map(text).collect()
}

fn text_of(forms: &Map<String, Value>, form: &str) -> String {
    match forms.get(form) {
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    }
}
