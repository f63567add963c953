//! What kind of program sent a request.

use hyper::header::ACCEPT;

use crate::http::cx::Cx;

impl Cx {
    /// Whether HTMX sent the request and swaps the answer into a page.
    pub fn is_htmx(&self) -> bool {
        self.has("hx-request", "true")
    }

    /// Whether a script sent the request and reads the answer itself (contract, http.md 15.2).
    pub fn is_script_fetch(&self) -> bool {
        if self.is_htmx() {
            return false;
        }
        if let Some(mode) = self.headers().get("sec-fetch-mode") {
            return mode != "navigate";
        }
        let accepts = self.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
        accepts.is_some_and(|types| !types.contains("text/html"))
    }

    /// Whether a browser sent the request. Browsers tell; `Sec-Fetch-Mode` would not do, since
    /// server-side runtimes send it too.
    pub fn is_browser(&self) -> bool {
        self.headers().contains_key("sec-fetch-site")
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.headers().get(name).is_some_and(|found| found == value)
    }
}
