//! Floor 2: what people read, in their language. Pages use it, and so will letters.
//!
//! One file of messages per language in `assets/messages`; `build/messages.rs` makes a method of
//! [`Phrases`] from each message. What programs and operators read (JSON, commands, the log) stays English.

mod accepted;
pub mod dates;
mod languages;
mod phrases;
mod tag;

pub use languages::{Languages, MessageFile, Unusable};
pub use phrases::Phrases;
pub use tag::is_tag;
