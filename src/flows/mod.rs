//! Floor 4: what the product does, one function per use case.
//!
//! A flow takes `app`, then who acts, from where and when (`caller`, `by`), then its input. The
//! clock was read once, by the door. It knows no HTTP. It never holds a transaction across hashing or any outside call: hash first, then write.
//! A flow that must be part of another takes `&mut Tx` and opens none itself.

pub mod access;
pub mod account;
pub mod account_data;
pub mod accounts;
pub mod address;
pub mod allowlist;
mod announce;
pub mod appeals;
mod attempts;
pub mod audit;
pub mod challenges;
mod ending;
pub mod entry;
pub mod health;
pub mod keys;
pub mod letters;
pub mod metrics;
pub mod organizations;
pub mod password;
pub mod refresh;
pub mod reset;
pub mod sessions;
pub mod sign_out;
pub mod tokens;

use crate::crypto;
use crate::domain::Refusal;
use crate::storage;

/// What a flow gives.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a flow did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A proper no; told to the person.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Something needed is away; worth trying again, told as 503 with `Retry-After`. Nobody is signed out for it.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Something broke; told as 500 with a reference that finds this text in the log.
    #[error("{0}")]
    Broken(String),
}

impl From<storage::Error> for Error {
    fn from(error: storage::Error) -> Self {
        if error.is_unavailable() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Broken(error.to_string())
        }
    }
}

impl From<crypto::password::Unavailable> for Error {
    fn from(_: crypto::password::Unavailable) -> Self {
        Self::Refused(Refusal::Busy { retry_after: 2 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::App;
    use crate::domain::{Audience, By, Secret};
    use crate::flows::entry::confirm::Recent;

    fn is_send<T: Send>(_: T) {}

    /// Compiles only while flows can run on any thread of the runtime.
    #[expect(dead_code, reason = "checked by the compiler, never run")]
    fn flows_can_move_between_threads(app: &App, by: &By, proof: &Recent, token: &Secret) {
        is_send(refresh::with_token(app, by, token, Audience::App));
        is_send(sign_out::end(app, by, None, Some(token)));
        is_send(sessions::revoke_others(app, proof));
        is_send(account::delete(app, proof));
        is_send(keys::rotate(app, by, false));
    }
}
