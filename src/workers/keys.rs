//! Keeps the signing keys in force: one made elsewhere is learnt, one whose time has come signs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;
use crate::flows;

pub(super) const NAME: &str = "keys";
/// Often enough that a key that leaked is refused within two seconds of `key rotate --now`.
const EVERY: Duration = Duration::from_secs(1);

pub(super) async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while super::next_round(&mut stop, EVERY).await {
        match flows::keys::reload(&app, app.now()).await {
            Ok(()) => app.pulse.beat(NAME),
            Err(error) => {
                if app.pulse.miss(NAME) {
                    tracing::warn!(%error, "the signing keys cannot be read again; those at hand stay in force");
                }
            }
        }
    }
}
