//! JSON handlers: read the body's type, call one flow, dress the outcome. Refusals and breakages
//! are dressed in `faces`.

pub mod account;
pub mod capabilities;
pub mod challenges;
pub mod csrf;
pub mod login;
pub mod organizations;
mod paging;
pub mod reauthenticate;
pub mod sessions;
pub mod signup;
pub mod tokens;
pub mod user;
pub mod wire;
