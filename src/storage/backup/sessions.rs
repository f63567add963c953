//! What became of a copy's sessions since it was made, which the database before it knows.
//!
//! Without it a restore would bring back sessions that were ended, and sign out whoever has refreshed since.

/// How much of the database before a copy counts for the copy's sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// Those that went on go on, those that ended have ended.
    GoOn,
    /// They are as they were when the copy was made: there was no database before, it was another one or of another
    /// version, or it could not be read.
    AsInTheCopy,
}

/// The statements that show the tables of the database before, which are in that schema, under names of their own.
/// `kind` is what a view is called that may do so.
pub(super) fn show_former(kind: &str, schema: &str) -> String {
    TABLES
        .map(|table| format!("CREATE {kind} former_{table} AS SELECT * FROM {schema}.{table};"))
        .concat()
}

/// The statements that take the names away again.
pub(super) fn hide_former() -> String {
    TABLES.map(|table| format!("DROP VIEW former_{table};")).concat()
}

const TABLES: [&str; 3] = ["audit", "sessions", "refresh_tokens"];

/// Finds a row if the database before is a later state of the copy: then it knows what is in the copy's audit.
pub(super) const IS_LATER: &str =
    "SELECT f.id FROM former_audit f WHERE f.id = (SELECT id FROM audit ORDER BY id DESC LIMIT 1)";

/// Takes over what became of the sessions, in order. One that was used in the copy after the database before saw it
/// last is left alone: the copy is what was set aside by an earlier restore.
pub(super) const TAKE_OVER: [&str; 4] = [
    "DELETE FROM sessions WHERE NOT EXISTS (SELECT 1 FROM former_sessions f WHERE f.id = sessions.id)",
    "DELETE FROM refresh_tokens
     WHERE session_id IN
       (SELECT s.id FROM sessions s JOIN former_sessions f ON f.id = s.id WHERE f.last_used_at >= s.last_used_at)",
    "INSERT INTO refresh_tokens
       (hash, session_id, generation, created_at, expires_at, consumed_at, consumer_network, consumer_user_agent)
     SELECT hash, session_id, generation, created_at, expires_at, consumed_at, consumer_network, consumer_user_agent
     FROM former_refresh_tokens
     WHERE session_id IN
       (SELECT s.id FROM sessions s JOIN former_sessions f ON f.id = s.id WHERE f.last_used_at >= s.last_used_at)",
    "UPDATE sessions
     SET expires_at = f.expires_at, last_used_at = f.last_used_at, authenticated_at = f.authenticated_at,
         method = f.method, revoked_at = f.revoked_at, address = f.address, user_agent = f.user_agent
     FROM former_sessions f
     WHERE f.id = sessions.id AND f.last_used_at >= sessions.last_used_at",
];
