//! Cookies of ours that came twice: never used, and cleared.

use crate::domain::Refusal;
use crate::http::cookies::{self, Cookie, SetCookie};
use crate::http::cx::Cx;

impl Cx {
    /// Whether this one of our cookies came twice.
    pub fn has_double(&self, cookie: Cookie) -> bool {
        self.jar().doubles().any(|double| double == cookie)
    }

    /// Refuses with `CookieTwice` to end a session whose cookies cannot be told from planted ones:
    /// nobody is told that they are signed out while they are not.
    pub(super) fn has_whole_session(&self) -> std::result::Result<(), Refusal> {
        if self.has_double(cookies::ACCESS) || self.has_double(cookies::REFRESH) {
            return Err(Refusal::CookieTwice);
        }
        Ok(())
    }

    /// Clears one of our cookies that came twice, as far as this host can; those that matter first.
    /// Until the browser has done so they count as absent. The others go with later answers, for
    /// proxies take only so much of a header.
    pub(super) fn clear_doubles(&self) {
        if let Some(double) = self.jar().doubles().min_by_key(|cookie| cookie.is_cosmetic()) {
            self.set_cookie(SetCookie::clear_everywhere(double, self.url_path()));
        }
    }
}
