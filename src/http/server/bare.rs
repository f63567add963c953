//! Answers to what never becomes a request: a connection too many, and what hyper refuses by itself.
//! They carry the headers of every other answer as far as they can.

use crate::http::headers::Headers;

/// What marks an answer of ours.
const OURS: &[u8] = b"x-request-id: ";

/// Such answers, prepared once.
#[derive(Debug)]
pub(super) struct Bare {
    lines: String,
    busy: Vec<u8>,
}

impl Bare {
    pub(super) fn new(headers: &Headers) -> Self {
        let lines = headers.lines();
        let busy = format!(
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\nconnection: close\r\ncontent-length: 0\r\n{lines}\r\n"
        );
        Self {
            lines,
            busy: busy.into_bytes(),
        }
    }

    /// For a connection that finds no room.
    pub(super) fn busy(&self) -> &[u8] {
        &self.busy
    }

    /// What to send in place of the bytes that hyper writes, if they are its own refusal of
    /// something that is no request.
    pub(super) fn in_place_of(&self, written: &[u8]) -> Option<Vec<u8>> {
        // Its refusals are heads without a body, and all begin like this.
        if !written.starts_with(b"HTTP/1.1 4") && !written.starts_with(b"HTTP/1.0 4") {
            return None;
        }
        let head = written.strip_suffix(b"\r\n\r\n")?;
        let is_ours = head.windows(OURS.len()).any(|part| part == OURS);
        let has_more = head.windows(4).any(|part| part == b"\r\n\r\n");
        if is_ours || has_more {
            return None;
        }
        Some([head, b"\r\n", self.lines.as_bytes(), b"\r\n"].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_without_our_mark_is_replaced() {
        let bare = Bare::new(&Headers::new(true));
        let own = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

        let replaced = String::from_utf8(bare.in_place_of(own).expect("it is hyper's")).expect("text");

        assert!(replaced.starts_with("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"));
        assert!(replaced.contains("\r\nstrict-transport-security: ") && replaced.ends_with("\r\n\r\n"));
        assert_eq!(replaced.matches("\r\n\r\n").count(), 1);
        for other in [
            &b"HTTP/1.1 404 Not Found\r\nx-request-id: 1\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\n\r\nbody\r\n\r\n",
            b"HTTP/1.1 400 Bad Request\r\n",
            b"",
        ] {
            assert!(bare.in_place_of(other).is_none());
        }
        assert!(bare.busy().ends_with(b"\r\n\r\n"));
    }
}
