//! Settings for the unit tests of this floor.

use std::path::Path;

use crate::config::Config;
use crate::domain::Secret;

/// Plain settings for a deployment at `origin`.
pub(super) fn config(origin: &str) -> Config {
    let secret = Secret::new("c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgISE=");
    let mut config = Config::dev(8080, Path::new("."), &secret).expect("the settings fit");
    origin.clone_into(&mut config.public_url.origin);
    config.public_url.is_https = origin.starts_with("https");
    config
}
