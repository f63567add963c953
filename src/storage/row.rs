//! One row of an answer, read from left to right.

use crate::storage::value::{FromValue, Value};
use crate::storage::{Error, Result};

/// A row. Its columns are read in the order in which the statement lists them.
pub(super) struct Row(std::vec::IntoIter<Value>);

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self(values.into_iter())
    }

    /// All columns.
    pub(super) fn into_values(self) -> Vec<Value> {
        self.0.collect()
    }

    /// The next column. `name` (`table.column`) is what an error says of it.
    pub(super) fn next<T: FromValue>(&mut self, name: &'static str) -> Result<T> {
        self.0
            .next()
            .and_then(T::from_value)
            .ok_or_else(|| Error::Unreadable(name.to_owned()))
    }
}
