//! The signing keys of access tokens.

use std::time::Duration;

use crate::app::App;
use crate::crypto::keys::{self, KeySet};
use crate::domain::audit::Action;
use crate::domain::signing_key::{SigningKey, signing};
use crate::domain::{By, Refusal, Timestamp};
use crate::flows::announce::Deed;
use crate::flows::{Error, Result};

/// How long a new key is published before it signs: verifiers may keep the key set for five
/// minutes, and need time to ask again.
const PUBLISHED_BEFORE: Duration = Duration::from_mins(15);
/// What verifiers may add to a token's life.
const LEEWAY: Duration = Duration::from_mins(2);

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

/// Reads the keys again and puts them in force; the server does so every second, which is
/// also how a published key comes to sign when its time has come.
pub async fn reload(app: &App, now: Timestamp) -> Result<()> {
    if has_keys_from_settings(app) {
        return Ok(());
    }
    let stored = app.store.read().await?.keys().all().await?;
    let set = KeySet::from_database(&stored, &app.seal_key, now);
    app.replace_keys(set.map_err(|error| Error::Broken(error.to_string()))?);
    Ok(())
}

/// Every key, oldest first.
pub async fn list(app: &App, now: Timestamp) -> Result<Vec<KeyView>> {
    if has_keys_from_settings(app) {
        let view = |(id, _): &(String, _)| {
            let state = if *id == app.config.tokens.active_key_id {
                KeyState::Active
            } else {
                KeyState::Retiring
            };
            KeyView {
                id: id.clone(),
                state,
                created_at: None,
                active_from: None,
                retired_at: None,
            }
        };
        return Ok(app.config.tokens.keys.iter().map(view).collect());
    }
    let stored = app.store.read().await?.keys().all().await?;
    let active = signing(&stored, now).map(|key| key.id.clone());
    Ok(stored
        .into_iter()
        .map(|key| view(key, active.as_deref(), now))
        .collect())
}

/// Makes a new key, which is published now and signs once verifiers have had time to see it. With
/// `at_once` it signs now and every older one is refused from now on: for a key that leaked.
/// Refused with `KeysFromSettings` when the keys are not in the database.
pub async fn rotate(app: &App, by: &By, at_once: bool) -> Result<KeyView> {
    if has_keys_from_settings(app) {
        return Err(Refusal::KeysFromSettings.into());
    }
    let now = by.now;
    let active_from = if at_once { now } else { now + PUBLISHED_BEFORE };
    let retired_at = if at_once {
        now
    } else {
        active_from + app.config.tokens.ttl + LEEWAY
    };
    let key = keys::generate(&app.seal_key, now, active_from);

    app.store
        .write(async |tx| -> Result<()> {
            tx.keys().add(&key).await?;
            tx.keys().retire_others(&key.id, retired_at).await?;
            Deed::new(by, Action::SigningKeyCreated)
                .detail(key.id.as_str())
                .note(tx)
                .await?;
            Ok(())
        })
        .await?;
    // The key is there, whatever becomes of this: every instance looks for it by itself.
    if let Err(error) = reload(app, now).await {
        tracing::warn!(%error, "the new signing key is not in use here yet");
    }
    let active = at_once.then(|| key.id.clone());
    Ok(view(key, active.as_deref(), now))
}

fn has_keys_from_settings(app: &App) -> bool {
    !app.config.tokens.keys.is_empty()
}

fn view(key: SigningKey, active: Option<&str>, now: Timestamp) -> KeyView {
    let state = match () {
        () if !key.verifies_at(now) => KeyState::Retired,
        () if active == Some(key.id.as_str()) => KeyState::Active,
        () if key.active_from > now => KeyState::Upcoming,
        () => KeyState::Retiring,
    };
    KeyView {
        id: key.id,
        state,
        created_at: Some(key.created_at),
        active_from: Some(key.active_from),
        retired_at: key.retired_at,
    }
}
