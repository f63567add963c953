//! One counter per name.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::metrics::{Counter, Text};

/// Counters under names that stand in the code.
#[derive(Debug, Default)]
pub struct Named(RwLock<BTreeMap<&'static str, Counter>>);

impl Named {
    /// With these names at zero, so that the first of them is seen as a step.
    pub fn with(names: &[&'static str]) -> Self {
        Self(RwLock::new(
            names.iter().map(|name| (*name, Counter::default())).collect(),
        ))
    }

    /// Adds one under a name.
    pub fn one(&self, name: &'static str) {
        // Writing is only for a name's first time.
        if let Some(counter) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(name) {
            counter.one();
            return;
        }
        let mut counters = self.0.write().unwrap_or_else(PoisonError::into_inner);
        counters.entry(name).or_default().one();
    }

    /// How many there are under a name.
    pub fn value(&self, name: &str) -> u64 {
        let counters = self.0.read().unwrap_or_else(PoisonError::into_inner);
        counters.get(name).map_or(0, Counter::value)
    }

    pub(super) fn write(&self, label: &str, text: &mut Text) {
        for (name, counter) in &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            text.value(&[(label, name)], counter.value());
        }
    }
}
