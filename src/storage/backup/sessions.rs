//! What became of a copy's sessions and signing keys since it was made, which the database before it knows.
//!
//! Without it a restore would bring back sessions and keys that were ended, and sign out people who have refreshed
//! since.

/// How much of the database before a copy counts for the copy's sessions and signing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sessions {
    /// Those that went on go on, those that ended have ended.
    GoOn,
    /// They are as they were when the copy was made.
    AsInTheCopy(Reason),
}

/// Why the database before a copy does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// There was none that may be opened.
    NoneBefore,
    /// It has not the tables of the copy.
    OtherVersion,
    /// It is no later state of the copy.
    NotLater,
    /// It cannot be read.
    Unreadable,
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

const TABLES: [&str; 5] = ["audit", "sessions", "refresh_tokens", "signing_keys", "letters"];

/// Finds a row if the database before is a later state of the copy: then it has all lines of the copy's audit, but for
/// those that were deleted since because they were too old.
pub(super) const IS_LATER: &str = "SELECT f.id
     FROM former_audit f
     WHERE f.id = (SELECT id FROM audit ORDER BY at DESC, id DESC LIMIT 1)
       AND NOT EXISTS (SELECT 1 FROM audit a
                       WHERE a.at >= (SELECT min(at) FROM former_audit)
                         AND NOT EXISTS (SELECT 1 FROM former_audit k WHERE k.id = a.id))";

/// Takes over what became of the sessions, in order, if the database before is a later state.
pub(super) const TAKE_OVER: [&str; 7] = [
    // Sessions that have ended stay for a while; that of a deleted account does not.
    "DELETE FROM sessions WHERE NOT EXISTS (SELECT 1 FROM former_sessions f WHERE f.id = sessions.id)",
    // What follows the newest token that the copy knows.
    "INSERT INTO refresh_tokens
       (hash, session_id, generation, created_at, expires_at, consumed_at, consumer_network, consumer_user_agent)
     SELECT t.hash, t.session_id, t.generation, t.created_at, t.expires_at, t.consumed_at, t.consumer_network,
            t.consumer_user_agent
     FROM refresh_tokens h
     JOIN former_refresh_tokens f ON f.hash = h.hash AND f.session_id = h.session_id
     JOIN former_refresh_tokens t ON t.session_id = h.session_id AND t.generation > h.generation
     WHERE h.consumed_at IS NULL AND f.consumed_at IS NOT NULL",
    "UPDATE refresh_tokens
     SET consumed_at = f.consumed_at, consumer_network = f.consumer_network,
         consumer_user_agent = f.consumer_user_agent
     FROM former_refresh_tokens f
     WHERE f.hash = refresh_tokens.hash AND f.session_id = refresh_tokens.session_id
       AND refresh_tokens.consumed_at IS NULL AND f.consumed_at IS NOT NULL",
    // A token that is used without being exchanged lasts longer each time.
    "UPDATE refresh_tokens
     SET expires_at = f.expires_at
     FROM former_refresh_tokens f
     WHERE f.hash = refresh_tokens.hash AND f.session_id = refresh_tokens.session_id
       AND refresh_tokens.consumed_at IS NULL AND f.consumed_at IS NULL
       AND f.expires_at > refresh_tokens.expires_at",
    "UPDATE sessions
     SET expires_at = f.expires_at, last_used_at = f.last_used_at, authenticated_at = f.authenticated_at,
         method = f.method, address = f.address, user_agent = f.user_agent
     FROM former_sessions f
     WHERE f.id = sessions.id AND f.last_used_at > sessions.last_used_at",
    // A key that leaked has been ended, perhaps, and verifiers know what followed it.
    "INSERT INTO signing_keys (id, public, sealed, created_at, active_from, retired_at)
     SELECT id, public, sealed, created_at, active_from, retired_at
     FROM former_signing_keys f
     WHERE NOT EXISTS (SELECT 1 FROM signing_keys k WHERE k.id = f.id)",
    // Nobody gets a letter twice.
    "UPDATE letters
     SET state = f.state, settled_at = f.settled_at, outcome = f.outcome, tries = f.tries, sealed = f.sealed,
         lease = NULL
     FROM former_letters f
     WHERE f.id = letters.id AND letters.state = 'waiting' AND f.state <> 'waiting'",
];

/// Takes over what was ended, whichever of the two is the later one: an emergency action holds whatever came before.
/// Where the copy knows a session or a key in a later state, as one that was set aside by an earlier restore may, that stays.
pub(super) const TAKE_OVER_ENDS: [&str; 2] = [
    "UPDATE sessions
     SET revoked_at = f.revoked_at
     FROM former_sessions f
     WHERE f.id = sessions.id AND f.revoked_at IS NOT NULL AND sessions.revoked_at IS NULL",
    "UPDATE signing_keys
     SET retired_at = f.retired_at
     FROM former_signing_keys f
     WHERE f.id = signing_keys.id AND f.retired_at IS NOT NULL
       AND (signing_keys.retired_at IS NULL OR signing_keys.retired_at > f.retired_at)",
];
