//! The languages of pages, and the messages a site brings along.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::config::file;
use crate::config::reader::Reader;
use crate::words::{Languages, MessageFile};

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
    let files = match reader.text(FOLDER).map(|folder| files(Path::new(folder))) {
        None => Vec::new(),
        Some(Ok(files)) => files,
        Some(Err(problem)) => {
            reader.problem(FOLDER, problem);
            return None;
        }
    };
    match Languages::new(&offered, &files) {
        Ok(languages) => {
            for phrases in languages.all().filter(|phrases| phrases.lacking() > 0) {
                let (tag, lacking) = (phrases.tag(), phrases.lacking());
                let text = format!("{tag}.json does not have {lacking} of the messages; they are in English");
                reader.warn(FOLDER, text);
            }
            Some(languages)
        }
        Err(problems) => {
            for problem in problems {
                let name = if problem.contains(".json: ") { FOLDER } else { OFFERED };
                reader.problem(name, problem);
            }
            None
        }
    }
}

fn files(folder: &Path) -> Result<Vec<MessageFile>, String> {
    let failed = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            files.push(message_file(&path)?);
        }
    }
    files.sort_by(|one, other| one.tag.cmp(&other.tag));
    Ok(files)
}

fn message_file(path: &Path) -> Result<MessageFile, String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let tag = name.trim_end_matches(".json");
    let is_tag = !tag.is_empty() && tag.len() <= 35 && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_tag {
        return Err(format!("{name}: the name must be a language tag, as in pt-BR.json"));
    }
    let content = file::read(&path.to_string_lossy(), LARGEST)?;
    let value = serde_json::from_slice(&content).map_err(|error| format!("{name} is not JSON: {error}"))?;
    let Value::Object(entries) = value else {
        return Err(format!("{name} must be one JSON object of keys and texts"));
    };
    let mut messages = Vec::new();
    for (key, value) in entries {
        match value {
            Value::String(text) => messages.push((key, text)),
            Value::Object(forms) => {
                for (form, text) in forms {
                    let Value::String(text) = text else {
                        return Err(format!("{name}: {key}: {form} is not a text"));
                    };
                    messages.push((format!("{key}.{form}"), text));
                }
            }
            _ => return Err(format!("{name}: {key} is neither a text nor a pair of forms")),
        }
    }
    Ok(MessageFile {
        tag: tag.to_owned(),
        messages,
    })
}
