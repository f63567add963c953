//! Floor 2: what people read, in their language.
//!
//! Whatever renders text uses it: pages in `http`, and letters (mail) in a room of their own,
//! `letters`, which the worker of the outbox calls when it sends. It is closed to `flows`: one flow
//! serves pages, JSON and commands, so it says what happened and in which language to tell it (a
//! tag), never the text. So a queued letter is a kind and its values, and what it says follows the
//! words and the brand of the day on which it is sent.
//!
//! One file of messages per language in `assets/messages`; `build/messages.rs` makes a method of
//! [`Phrases`] from each message. What a language of a site's own lacks is said in English, and
//! marked as such: every page goes through [`printed`]. What programs and operators read (JSON, commands, the log) stays English.

mod accepted;
pub mod dates;
mod foreign;
mod languages;
mod phrases;
pub mod program;
mod tag;

pub use foreign::{plain, printed};
pub use languages::{Languages, MessageFile, Unusable};
pub use phrases::Phrases;
pub use tag::is_tag;
