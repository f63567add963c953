//! Settings as they are given, read.

use authara::config::{Checked, Config, Given, Problems};

/// A root secret.
pub(crate) const SECRET: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

/// Reads the least that `serve` needs, with changes: an empty value unsets.
pub(crate) fn read(changes: &[(&str, &str)]) -> Result<Checked<Config>, Problems> {
    let least = [
        ("PUBLIC_URL", "https://example.com"),
        ("DATABASE_URL", "sqlite:///var/lib/authara.db"),
        ("AUTHARA_SECRET_KEY", SECRET),
    ];
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Config::read(&Given::from_pairs(least.iter().chain(changes).map(own)))
}
