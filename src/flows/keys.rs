//! The signing keys of access tokens.

use std::time::Duration;

use crate::app::App;
use crate::crypto::keys::{self, KeySet};
use crate::domain::audit::Action;
use crate::domain::signing_key::{SigningKey, signing};
use crate::domain::{Algorithm, By, Client, Refusal, Timestamp};
use crate::flows::announce::Deed;
use crate::flows::{Error, Result};
use crate::storage::Tx;

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
    /// What it signs with.
    pub algorithm: Algorithm,
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
    let set = KeySet::from_database(&stored, app.config.tokens.algorithm, &app.seal_key, now);
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
                algorithm: app.config.tokens.algorithm,
                state,
                created_at: None,
                active_from: None,
                retired_at: None,
            }
        };
        return Ok(app.config.tokens.keys.iter().map(view).collect());
    }
    let stored = app.store.read().await?.keys().all().await?;
    let active = signing(&stored, app.config.tokens.algorithm, now).map(|key| key.id.clone());
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
    let next = app
        .store
        .write(async |tx| -> Result<Next> {
            tx.keys().lock().await?;
            let known = tx.keys().all().await?;
            // The settings of a command do not matter here: a server changes the algorithm when it starts.
            let algorithm = known
                .iter()
                .rev()
                .find(|key| key.retired_at.is_none())
                .map(SigningKey::algorithm);
            let next = Next::make(
                app,
                algorithm.unwrap_or(app.config.tokens.algorithm),
                &known,
                by.now,
                at_once,
            );
            next.put(tx, by).await?;
            Ok(next)
        })
        .await?;
    // The key is there, whatever becomes of this: every instance looks for it by itself.
    if let Err(error) = reload(app, by.now).await {
        tracing::warn!(%error, "the new signing key is not in use here yet");
    }
    let active = at_once.then(|| next.key.id.clone());
    Ok(view(next.key, active.as_deref(), by.now))
}

/// Makes a key of the algorithm that the settings name unless there is one, as a server does when it starts.
/// It is published now, and the keys of another algorithm sign until verifiers have had time to see it.
/// Returns what was made, however many servers start at once.
pub async fn settle(app: &App, now: Timestamp) -> Result<Option<KeyView>> {
    let algorithm = app.config.tokens.algorithm;
    let is_there = |keys: &[SigningKey]| {
        keys.iter()
            .any(|key| key.algorithm() == algorithm && key.retired_at.is_none())
    };
    if has_keys_from_settings(app) || is_there(&app.store.read().await?.keys().all().await?) {
        return Ok(None);
    }
    let by = By::nobody(&Client::operator(), now);
    let made = app
        .store
        .write(async |tx| -> Result<Option<Next>> {
            tx.keys().lock().await?;
            let known = tx.keys().all().await?;
            if is_there(&known) {
                return Ok(None);
            }
            let next = Next::make(app, algorithm, &known, now, false);
            next.put(tx, &by).await?;
            Ok(Some(next))
        })
        .await?;
    reload(app, now).await?;
    Ok(made.map(|next| view(next.key, None, now)))
}

/// A key that is to follow all others, and when they end.
struct Next {
    key: SigningKey,
    others_end: Timestamp,
}

impl Next {
    fn make(app: &App, algorithm: Algorithm, known: &[SigningKey], now: Timestamp, at_once: bool) -> Self {
        let published = if at_once { Duration::ZERO } else { PUBLISHED_BEFORE };
        // A clock that is behind now may be put right at any moment, and their tokens are to last.
        let newest = known.iter().map(|key| key.created_at).max();
        let others_end = if at_once {
            now
        } else {
            newest.map_or(now, |newest| newest.max(now)) + published + app.config.tokens.ttl + LEEWAY
        };
        Self {
            key: keys::generate(algorithm, &app.seal_key, now, now + published),
            others_end,
        }
    }

    async fn put(&self, tx: &mut Tx, by: &By) -> Result<()> {
        tx.keys().add(&self.key).await?;
        tx.keys().retire_others(&self.key.id, self.others_end).await?;
        Deed::new(by, Action::SigningKeyCreated)
            .detail(self.key.id.as_str())
            .note(tx)
            .await?;
        Ok(())
    }
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
        algorithm: key.algorithm(),
        id: key.id,
        state,
        created_at: Some(key.created_at),
        active_from: Some(key.active_from),
        retired_at: key.retired_at,
    }
}
