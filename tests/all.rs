//! What needs a database, a socket or the source text, in one binary.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

mod api;
mod architecture;
mod backup;
mod brand;
mod cli;
mod config;
mod contract;
mod contract_config;
mod crash;
mod crypto;
mod dev;
mod disk;
mod edge;
mod floods;
mod flows;
mod given;
mod kit;
mod live;
mod log;
mod mail;
mod metrics;
mod model;
mod noticed;
mod pages;
mod passwords;
mod proxies;
mod reload;
mod server;
mod starts;
mod storage;
mod walkthrough;
mod workers;
