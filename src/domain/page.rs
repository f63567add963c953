//! Parts of long lists (contract v0.22, section 2.0).

use uuid::Uuid;

use crate::domain::Timestamp;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The entry before it; `None` for the beginning.
    pub after: Option<Place>,
    /// Entries at most, from 1.
    pub limit: u32,
}

/// The place of an entry in a list that is ordered by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// When the entry was made.
    pub at: Timestamp,
    /// Its id, for those of one moment.
    pub id: Uuid,
}

impl Place {
    /// Before every entry of a list that begins with the oldest.
    pub const BEFORE_OLDEST: Self = Self {
        at: Timestamp::from_micros(-1),
        id: Uuid::nil(),
    };
    /// Before every entry of a list that begins with the newest: in the year 9999.
    pub const BEFORE_NEWEST: Self = Self {
        at: Timestamp::from_seconds(253_402_300_799),
        id: Uuid::max(),
    };
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<T> {
    /// Its entries.
    pub entries: Vec<T>,
    /// Its last entry, if there are more.
    pub next: Option<Place>,
}

impl<T> Part<T> {
    /// The part that was asked for, of entries that were read with one more than its limit.
    pub fn of(mut entries: Vec<T>, page: Page, place: impl Fn(&T) -> Place) -> Self {
        let limit = page.limit as usize;
        let has_more = entries.len() > limit;
        entries.truncate(limit);
        let next = entries.last().filter(|_| has_more).map(place);
        Self { entries, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_says_that_it_is_the_last() {
        let part = |entries: u32| {
            let page = Page { after: None, limit: 2 };
            let place = |entry: &u32| Place {
                at: Timestamp::from_seconds(i64::from(*entry)),
                id: Uuid::nil(),
            };
            let part = Part::of((0..entries).collect(), page, place);
            (part.entries, part.next.map(|place| place.at.seconds()))
        };

        assert_eq!(part(0), (vec![], None));
        assert_eq!(part(2), (vec![0, 1], None));
        assert_eq!(part(3), (vec![0, 1], Some(1)));
    }
}
