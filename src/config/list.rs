//! The registry as text: for people, for `README.md`, for programs, and as the contract.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::config::var::{Default, Group, Kind, Var};
use crate::config::vars::VARS;

/// A table per group, in Markdown.
pub fn markdown() -> String {
    let mut text = String::new();
    for group in Group::ALL {
        let _ = writeln!(text, "### {}\n", group.title());
        text.push_str("| Setting | Value | Default | Meaning |\n|---|---|---|---|\n");
        for var in VARS.iter().filter(|var| var.group == group) {
            let _ = writeln!(
                text,
                "| `{}` | {} | {} | {} |",
                var.name,
                var.kind.words(),
                default_cell(var),
                meaning(var),
            );
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

fn default_cell(var: &Var) -> String {
    match var.default {
        Default::None => String::new(),
        Default::Is(text) => format!("`{text}`"),
        Default::Depends(text) => text.to_owned(),
    }
}

/// What a setting does, with when it is required and that it may come from a file.
fn meaning(var: &Var) -> String {
    let mut text = var.help.to_owned();
    if !var.required.is_empty() {
        let _ = write!(text, " Required {}.", var.required);
    }
    if var.is_secret {
        let _ = write!(text, " Also `{}_FILE`.", var.name);
    }
    text
}

/// The contract file `assets/contract/config.yaml`.
pub fn yaml() -> String {
    let mut text = "# Every setting of the server. Written by `authara config list --yaml`.\nsettings:\n".to_owned();
    for var in VARS {
        let _ = writeln!(text, "  - name: {}", var.name);
        let _ = writeln!(text, "    group: {}", quoted(var.group.title()));
        let _ = writeln!(text, "    type: {}", var.kind.name());
        match var.kind {
            Kind::Text(form) => {
                let _ = writeln!(text, "    form: {}", quoted(form));
            }
            Kind::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
                let _ = writeln!(text, "    values: [{}]", words.join(", "));
            }
            Kind::Number { from, to, unit } => {
                let _ = writeln!(text, "    minimum: {from}\n    maximum: {to}");
                if !unit.is_empty() {
                    let _ = writeln!(text, "    unit: {unit}");
                }
            }
            Kind::Duration { from, to } => {
                let _ = writeln!(text, "    minimum: {from}s\n    maximum: {to}s");
            }
            Kind::Bool => {}
        }
        if !var.default.words().is_empty() {
            let _ = writeln!(text, "    default: {}", quoted(var.default.words()));
        }
        if !var.required.is_empty() {
            let _ = writeln!(text, "    required: {}", quoted(var.required));
        }
        if var.is_secret {
            text.push_str("    secret: true\n");
        }
        let _ = writeln!(text, "    help: {}", quoted(var.help));
    }
    text
}

/// JSON strings are YAML strings.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The members of [`yaml`] for programs; what a setting does not have is null or left out.
pub fn json() -> Value {
    let settings: Vec<Value> = VARS.iter().map(entry).collect();
    json!({ "settings": settings })
}

fn entry(var: &Var) -> Value {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut entry = json!({
        "name": var.name,
        "group": var.group.title(),
        "type": var.kind.name(),
        "default": filled(var.default.words()),
        "required": filled(var.required),
        "secret": var.is_secret,
        "help": var.help,
    });
    match var.kind {
        Kind::Text(form) => entry["form"] = form.into(),
        Kind::OneOf(words) => entry["values"] = json!(words),
        Kind::Number { from, to, unit } => {
            entry["minimum"] = from.into();
            entry["maximum"] = to.into();
            entry["unit"] = filled(unit).into();
        }
        Kind::Duration { from, to } => {
            entry["minimum"] = format!("{from}s").into();
            entry["maximum"] = format!("{to}s").into();
        }
        Kind::Bool => {}
    }
    entry
}
