//! What tests are built with.

pub(crate) mod app;
pub(crate) mod certificate;
pub(crate) mod client;
pub(crate) mod cluster;
pub(crate) mod database;
pub(crate) mod dump;
pub(crate) mod log;
pub(crate) mod proxy;
pub(crate) mod settings;
pub(crate) mod smtp;
pub(crate) mod world;
