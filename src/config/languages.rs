//! The languages of pages, and the messages a site brings along.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::config::file;
use crate::config::reader::Reader;
use crate::words::{Languages, MessageFile, Unusable, is_tag};

const OFFERED: &str = "AUTHARA_LANGUAGES";
const FOLDER: &str = "AUTHARA_MESSAGES_DIR";
/// KiB of a message file at most; ours have about ten.
const LARGEST: u64 = 1024;

/// `AUTHARA_LANGUAGES` and `AUTHARA_MESSAGES_DIR`.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Languages> {
    let offered: Vec<String> = reader
        .text(OFFERED)
        .unwrap_or_default()
        .split(',')
        .map(|tag| tag.trim().to_owned())
        .filter(|tag| !tag.is_empty())
        .collect();
    let mut wrong = Vec::new();
    let folder = reader.text(FOLDER);
    let files = folder.map_or_else(Vec::new, |folder| files(Path::new(folder), &mut wrong));
    let languages = Languages::new(&offered, &files);
    let is_sound = wrong.is_empty();
    for problem in wrong {
        reader.problem(FOLDER, problem);
    }
    match languages {
        Ok(languages) => {
            for phrases in languages.all().filter(|phrases| is_sound && phrases.lacking() > 0) {
                let (tag, lacking) = (phrases.tag(), phrases.lacking());
                let text = format!("{tag}.json does not have {lacking} of the messages; they are in English");
                reader.warn(FOLDER, text);
            }
            is_sound.then_some(languages)
        }
        Err(problems) => {
            for problem in problems {
                match problem {
                    Unusable::File(text) => reader.problem(FOLDER, text),
                    Unusable::Tag(text) => reader.problem(OFFERED, text),
                }
            }
            None
        }
    }
}

/// Every message file of a folder, with whatever could be read of it.
fn files(folder: &Path, wrong: &mut Vec<String>) -> Vec<MessageFile> {
    let mut failed = |error: std::io::Error| wrong.push(format!("names a folder that cannot be read: {error}"));
    let mut paths: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries
            .filter_map(|entry| entry.map_err(&mut failed).ok())
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
            .collect(),
        Err(error) => {
            failed(error);
            Vec::new()
        }
    };
    // A folder has no order; problems should.
    paths.sort();
    paths.iter().filter_map(|path| message_file(path, wrong)).collect()
}

/// `None` for a file that is of no language. One that cannot be read is still of its language, so that
/// nobody is told to remove it from the list.
fn message_file(path: &Path, wrong: &mut Vec<String>) -> Option<MessageFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(tag) = name.strip_suffix(".json").filter(|tag| is_tag(tag)) else {
        wrong.push(format!("{name}: the name must be a language tag, as in pt-BR.json"));
        return None;
    };
    let entries = entries(path, &name).unwrap_or_else(|problem| {
        wrong.push(problem);
        Map::new()
    });
    let mut messages = Vec::new();
    for (key, value) in entries {
        match value {
            Value::String(text) => messages.push((key, text)),
            Value::Object(forms) => {
                for (form, text) in forms {
                    match text {
                        Value::String(text) => messages.push((format!("{key}.{form}"), text)),
                        _ => wrong.push(format!("{name}: {key}: {form} is not a text")),
                    }
                }
            }
            _ => wrong.push(format!("{name}: {key} is neither a text nor a pair of forms")),
        }
    }
    Some(MessageFile {
        tag: tag.to_owned(),
        messages,
    })
}

fn entries(path: &Path, name: &str) -> Result<Map<String, Value>, String> {
    let content = file::read(&path.to_string_lossy(), LARGEST)?;
    match serde_json::from_slice(&content) {
        Ok(Value::Object(entries)) => Ok(entries),
        Ok(_) => Err(format!("{name} must be one JSON object of keys and texts")),
        Err(error) => Err(format!("{name} is not JSON: {error}")),
    }
}
