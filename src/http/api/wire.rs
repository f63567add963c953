//! JSON types that several routes share (contract, http.md 1.5).

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::organization::Membership;
use crate::domain::{Audience, Secret, Timestamp, User};
use crate::flows::tokens::{SignedIn, Tokens};
use crate::http::cx::Cx;

/// A text with something in it.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Text(pub String);

impl TryFrom<String> for Text {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.trim().is_empty() {
            return Err("nothing in it");
        }
        Ok(Self(text))
    }
}

/// A password or token with something in it; never trimmed, never shown.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Hidden(pub Secret);

impl TryFrom<String> for Hidden {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.is_empty() {
            return Err("nothing in it");
        }
        Ok(Self(Secret::new(text)))
    }
}

/// An id of the hyphenated form.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String", bound = "T: FromStr")]
pub struct Id<T>(pub T);

impl<T: FromStr> TryFrom<String> for Id<T> {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self).map_err(|_| "not an id")
    }
}

/// An audience by its name.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct AudienceName(pub Audience);

impl TryFrom<String> for AudienceName {
    type Error = &'static str;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Audience::parse(&name).map(Self).ok_or("no such audience")
    }
}

/// `AuthUser`.
#[derive(Debug, Serialize)]
pub struct AuthUser {
    id: String,
    email: String,
    email_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified_at: Option<String>,
    username: String,
    disabled: bool,
    created_at: String,
}

impl AuthUser {
    /// A user's public half.
    pub fn of(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.as_str().to_owned(),
            email_verified: user.email_verified_at.is_some(),
            email_verified_at: user.email_verified_at.map(Timestamp::rfc3339),
            username: user.username.as_str().to_owned(),
            disabled: user.is_disabled(),
            created_at: user.created_at.rfc3339(),
        }
    }
}

/// `AuthSession`.
#[derive(Debug, Serialize)]
pub struct AuthSession {
    user: AuthUser,
    access_token: String,
    refresh_token: String,
}

impl AuthSession {
    /// Somebody who has just signed in. A browser has its tokens in cookies that scripts cannot
    /// read; the body must not undo that, so it gets empty strings.
    pub fn of(cx: &Cx, signed_in: &SignedIn) -> Self {
        let shown = |token: &Secret| {
            let is_for_browser = cx.is_browser() && !cx.app.config.json_tokens_always;
            if is_for_browser {
                String::new()
            } else {
                token.expose().to_owned()
            }
        };
        Self {
            user: AuthUser::of(&signed_in.user),
            access_token: shown(&signed_in.tokens.access),
            refresh_token: shown(&signed_in.tokens.refresh),
        }
    }
}

/// `Tokens`.
#[derive(Debug, Serialize)]
pub struct TokenPair {
    access_token: String,
    refresh_token: String,
}

impl TokenPair {
    /// Both tokens, for somebody who keeps them themselves.
    pub fn of(tokens: &Tokens) -> Self {
        Self {
            access_token: tokens.access.expose().to_owned(),
            refresh_token: tokens.refresh.expose().to_owned(),
        }
    }
}

/// `OrganizationSummary`.
#[derive(Debug, Serialize)]
pub struct OrganizationSummary {
    id: String,
    name: String,
    role: &'static str,
}

impl OrganizationSummary {
    /// An organization as one of its members sees it.
    pub fn of(membership: &Membership) -> Self {
        Self {
            id: membership.organization.to_string(),
            name: membership.name.clone(),
            role: membership.role.name(),
        }
    }
}
