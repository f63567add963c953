//! Keeps the signing keys in force: one made elsewhere is learnt, one whose time has come signs.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::flows;
use crate::workers::Failed;

/// Often enough that a key that leaked is refused within two seconds of `key rotate --now`.
pub(super) const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn round(app: Arc<App>) -> Result<(), Failed> {
    let read = flows::keys::reload(&app, app.now()).await;
    read.map_err(|error| {
        Failed::new(
            "the signing keys cannot be read again; those at hand stay in force",
            error,
        )
    })
}
