//! One statement text for both databases: the two places where it must differ.
//!
//! Statements are written for PostgreSQL. SQLite takes `$1` for a name and numbers names in order
//! of appearance, which would silently swap arguments: there `$1` becomes `?1`. A part in
//! `{pg: …}` is for PostgreSQL alone.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

const MARK: &str = "{pg:";

/// Statements as SQLite reads them, by the address and length of what the program says.
static REWRITTEN: LazyLock<RwLock<HashMap<(usize, usize), &'static str>>> = LazyLock::new(RwLock::default);

/// The statement as SQLite reads it. Each is rewritten once and kept: there are as many as the
/// program has texts.
pub(super) fn for_sqlite(sql: &'static str) -> &'static str {
    let place = (sql.as_ptr().addr(), sql.len());
    let known = REWRITTEN.read().unwrap_or_else(PoisonError::into_inner);
    if let Some(text) = known.get(&place) {
        return text;
    }
    drop(known);
    let mut known = REWRITTEN.write().unwrap_or_else(PoisonError::into_inner);
    known.entry(place).or_insert_with(|| match rewritten(sql) {
        Cow::Borrowed(_) => sql,
        Cow::Owned(text) => Box::leak(text.into_boxed_str()),
    })
}

fn rewritten(sql: &str) -> Cow<'_, str> {
    if !sql.contains(['$', '{']) {
        return Cow::Borrowed(sql);
    }
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, _, after)) = next_mark(rest) {
        text.push_str(before);
        rest = after;
    }
    text.push_str(rest);
    Cow::Owned(text.replace('$', "?"))
}

/// The statement as PostgreSQL reads it.
pub(super) fn for_postgres(sql: &str) -> Cow<'_, str> {
    if !sql.contains(MARK) {
        return Cow::Borrowed(sql);
    }
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, inside, after)) = next_mark(rest) {
        text.push_str(before);
        text.push_str(inside);
        rest = after;
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// What stands before, in and after the next `{pg: …}`.
fn next_mark(sql: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = sql.split_once(MARK)?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside.trim(), after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_numbered_on_sqlite_not_named() {
        assert_eq!(
            for_sqlite("UPDATE t SET v = $2 WHERE id = $1 AND w = $12"),
            "UPDATE t SET v = ?2 WHERE id = ?1 AND w = ?12"
        );
        assert_eq!(for_postgres("SELECT $1"), "SELECT $1");
    }

    #[test]
    fn a_statement_is_rewritten_once() {
        let sql = "SELECT $1";

        assert!(std::ptr::eq(for_sqlite(sql), for_sqlite(sql)));
        assert_eq!(for_sqlite(&sql[..8]), "SELECT ?", "the beginning of another is another");
    }

    #[test]
    fn a_marked_part_is_for_postgres_alone() {
        let sql = "SELECT a {pg: FOR UPDATE} FROM b WHERE c = $1 {pg: x}";

        assert_eq!(for_sqlite(sql), "SELECT a  FROM b WHERE c = ?1 ");
        assert_eq!(for_postgres(sql), "SELECT a FOR UPDATE FROM b WHERE c = $1 x");
    }
}
