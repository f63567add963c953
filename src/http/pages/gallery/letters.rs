//! Letters, as somebody who does not exist would get them.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use super::sample;
use crate::domain::letter::{Kind, Letter};
use crate::domain::{LetterId, Refusal};
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::pages::inbox;
use crate::http::reply::Reply;
use crate::letters;

/// The name of their page in an address of the gallery.
pub(super) const PAGE: &str = "letter";

/// The letter of the kind with that name, in the language of the request. A browser in dark shows it in dark.
pub(super) fn show(cx: &Cx, kind: &str) -> Result<Reply> {
    let kind = Kind::parse(kind).ok_or(Refusal::NotFound)?;
    let languages = &cx.site.languages;
    let letter = Letter {
        id: LetterId::new(Uuid::nil()),
        kind,
        user: None,
        to: sample::caller(cx).user.email,
        language: languages.choose(cx.query("lang").as_deref(), None).tag().to_owned(),
        sealed: Vec::new(),
        created_at: cx.now(),
        deadline: cx.now() + Duration::from_mins(10),
    };
    let (program, address) = sample::CLIENTS[0];
    let values = [
        ("address", address),
        ("appeal", "4f8XpQ2mVnT6yR1cKd0sWbLj9hGzEaUo3iYt5NvMxCw"),
        ("code", "048190"),
        ("program", program),
        ("roles", "admin, operator"),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let written = letters::write(&cx.app.config, &letter, &BTreeMap::from(values));
    let written = written.map_err(|error| Error::Broken(format!("a letter: {error}")))?;
    Ok(inbox::letter(written.html))
}
