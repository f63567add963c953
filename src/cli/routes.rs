//! `authara routes`: the table of routes.

use serde_json::json;

use crate::cli::Result;
use crate::cli::args::Printed;
use crate::cli::print::Printer;
use crate::http::routes::table;

pub(super) fn run(wanted: &Printed, out: &mut Printer) -> Result<()> {
    let lines = table();
    if wanted.json {
        let lines: Vec<_> = lines
            .iter()
            .map(|line| {
                let older = line.older.map(|older| json!({"use": older.now, "since": older.since}));
                json!({
                    "method": line.method,
                    "path": line.pattern,
                    "access": line.access,
                    "csrf": line.csrf,
                    "older_spelling": older,
                })
            })
            .collect();
        return out.json(&json!({ "routes": lines }));
    }
    let rows: Vec<_> = lines
        .into_iter()
        .map(|line| {
            let path = match line.older {
                Some(older) => format!("{} (since {}: {})", line.pattern, older.since, older.now),
                None => line.pattern.to_owned(),
            };
            [line.method, path, line.access.to_owned(), line.csrf]
        })
        .collect();
    out.table(["METHOD", "PATH", "ACCESS", "CSRF"], &rows)
}
