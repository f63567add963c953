//! What tests are built with.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod database;
pub(crate) mod dump;
pub(crate) mod world;
