//! The inbox of `authara dev`: letters that nobody sends.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::{Email, Timestamp};
use crate::outside::mail::Message;

/// The newest letters, in memory.
#[derive(Default)]
pub struct Inbox(Mutex<VecDeque<Entry>>);

/// One letter.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Names it.
    pub id: String,
    /// When it was queued.
    pub at: Timestamp,
    /// The recipient.
    pub to: Email,
    /// Its subject.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As a page.
    pub html: String,
}

impl Inbox {
    /// Older letters are forgotten.
    const MOST: usize = 500;

    /// Puts a letter in. One that is there already takes its place.
    pub fn put(&self, message: &Message) {
        let mut entries = self.entries();
        entries.retain(|entry| entry.id != message.id);
        entries.truncate(Self::MOST - 1);
        entries.push_front(Entry {
            id: message.id.clone(),
            at: message.date,
            to: message.to.clone(),
            subject: message.subject.clone(),
            text: message.text.clone(),
            html: message.html.clone(),
        });
    }

    /// All of them, the newest first.
    pub fn newest(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = self.entries().iter().cloned().collect();
        // Several are sent at once, so that a later one may have come first.
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.at));
        entries
    }

    /// The letter of that id.
    pub fn find(&self, id: &str) -> Option<Entry> {
        self.entries().iter().find(|entry| entry.id == id).cloned()
    }

    fn entries(&self) -> MutexGuard<'_, VecDeque<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
