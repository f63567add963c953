//! Long lists in parts (contract v0.22, section 2.0).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::page::{Page, Place};
use crate::domain::{Refusal, Timestamp};
use crate::http::cx::Cx;

const USUAL: u32 = 50;
const MOST: u32 = 100;
/// The only form of cursors that there is.
const VERSION: u8 = 1;

/// A list that is given in parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    /// Its name in cursors.
    pub(super) kind: &'static str,
    /// Whose it is.
    pub(super) scope: Uuid,
    /// What stands before `cursor` and `limit` in the names of its parameters.
    pub(super) prefix: &'static str,
}

/// What a cursor says. Opaque to callers, and nothing that a caller may not know: it only names a place in their own list.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    v: u8,
    kind: String,
    scope: String,
    created_at: i64,
    id: String,
}

impl List {
    /// The part that a request asks for. Refused with `BadRequest` for a limit outside 1 to 100, and for a cursor that is not of
    /// this list.
    pub(super) fn page(&self, cx: &Cx) -> Result<Page, Refusal> {
        let limit = match one(cx, self.prefix, "limit")? {
            None => USUAL,
            Some(text) => {
                let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                limit.ok_or(Refusal::BadRequest("the limit of a list is a number from 1 to 100"))?
            }
        };
        let after = match one(cx, self.prefix, "cursor")?.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(
                self.read(&text)
                    .ok_or(Refusal::BadRequest("the cursor is not one of this list"))?,
            ),
        };
        Ok(Page { after, limit })
    }

    /// The cursor of a place.
    pub(super) fn cursor(&self, place: Place) -> String {
        let cursor = Cursor {
            v: VERSION,
            kind: self.kind.to_owned(),
            scope: self.scope.to_string(),
            created_at: place.at.micros(),
            id: place.id.to_string(),
        };
        // Numbers, ids and a name can always be written.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }

    fn read(&self, text: &str) -> Option<Place> {
        let json = URL_SAFE_NO_PAD.decode(text).ok()?;
        let cursor: Cursor = serde_json::from_slice(&json).ok()?;
        let is_own = cursor.v == VERSION && cursor.kind == self.kind && cursor.scope == self.scope.to_string();
        let at = Timestamp::from_micros(cursor.created_at);
        let is_time = (Place::BEFORE_OLDEST.at..=Place::BEFORE_NEWEST.at).contains(&at);
        let id = cursor.id.parse().ok()?;
        (is_own && is_time).then_some(Place { at, id })
    }
}

/// The value of a parameter that may stand once.
fn one(cx: &Cx, prefix: &str, name: &str) -> Result<Option<String>, Refusal> {
    let name = format!("{prefix}{name}");
    let mut given = cx.queries(&name);
    match (given.next(), given.next()) {
        (first, None) => Ok(first),
        _ => Err(Refusal::BadRequest("a parameter of a list stands twice")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: List = List {
        kind: "account_sessions",
        scope: Uuid::from_u128(7),
        prefix: "sessions_",
    };

    #[test]
    fn a_cursor_leads_to_its_place_in_its_own_list_alone() {
        let place = Place {
            at: Timestamp::from_micros(1_234_567),
            id: Uuid::from_u128(9),
        };
        let cursor = LIST.cursor(place);

        assert_eq!(LIST.read(&cursor), Some(place));
        let others = [
            List {
                kind: "account_passkeys",
                ..LIST
            },
            List {
                scope: Uuid::from_u128(8),
                ..LIST
            },
        ];
        for other in others {
            assert_eq!(other.read(&cursor), None, "{other:?}");
        }
        for wrong in ["x", "", "e30", &format!("{cursor}="), &cursor[1..]] {
            assert_eq!(LIST.read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_cursor_with_a_member_more_or_a_time_that_is_none_is_no_cursor() {
        let read = |json: &str| LIST.read(&URL_SAFE_NO_PAD.encode(json));
        let id = Uuid::from_u128(7);
        let cursor = |at: i64, more: &str| {
            format!(r#"{{"v":1,"kind":"account_sessions","scope":"{id}","created_at":{at},"id":"{id}"{more}}}"#)
        };

        assert!(read(&cursor(5, "")).is_some());
        assert_eq!(read(&cursor(5, r#","more":1"#)), None);
        assert_eq!(read(&cursor(i64::MAX, "")), None);
        assert_eq!(read(&cursor(i64::MIN, "")), None);
    }
}
