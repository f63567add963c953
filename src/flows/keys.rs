//! The signing keys of access tokens.

use crate::app::App;
use crate::domain::Timestamp;
use crate::flows::Result;

/// What a key does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is published and will sign from that moment on.
    Upcoming,
    /// It signs.
    Active,
    /// It verifies what it signed.
    Retiring,
    /// Nothing it signed is accepted any more.
    Retired,
}

/// A signing key as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyView {
    /// The `kid`.
    pub id: String,
    /// What it does now.
    pub state: KeyState,
    /// When it was made; `None` for keys from the settings.
    pub created_at: Option<Timestamp>,
    /// From when on it signs.
    pub active_from: Option<Timestamp>,
    /// Until when it verifies.
    pub retired_at: Option<Timestamp>,
}

/// Makes the first key if the database has none; `true` if it did. Nothing with `AUTHARA_JWT_KEYS`.
pub async fn ensure(_app: &App) -> Result<bool> {
    todo!()
}

/// Reads the keys again and swaps them in if they changed; the server does so every few seconds.
pub async fn reload(_app: &App) -> Result<()> {
    todo!()
}

/// Every key, oldest first.
pub async fn list(_app: &App) -> Result<Vec<KeyView>> {
    todo!()
}

/// Makes a new key, which is published now and signs once verifiers have had time to see it. With
/// `at_once` it signs now and every older one is refused from now on: for a key that leaked.
pub async fn rotate(_app: &App, _at_once: bool) -> Result<KeyView> {
    todo!()
}
