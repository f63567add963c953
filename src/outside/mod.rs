//! Floor 2: what calls other servers. No database and no decisions: a caller says what to send, and hears how it went.

pub mod dns;
pub mod mail;
