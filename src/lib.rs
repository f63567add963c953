//! Authara: login for your own application, in one file.
//!
//! # The map of the house
//!
//! Floors import downwards only; `tests/architecture.rs` checks every arrow.
//!
//! ```text
//!   6  cli                          dev, serve, migrate, backup, restore, user, key, audit, config, …
//!   5  http      workers            doors: requests, and what runs by itself
//!   4  flows                        what the product does, one function per use case
//!   3  app                          everything a flow may touch, built once
//!   2  storage  crypto  limits  config    tools; each sees `domain`, and counts in `metrics`
//!      words                      what people read, in their language; `config` sees it too
//!      look                       colours and pictures of pages; `config` sees it too
//!      metrics                    what the program counts of itself
//!   1  domain                       what the product is
//! ```
//!
//! Two rooms join with their first file: `outside` on floor 2, for what calls other servers (mail,
//! providers, webhooks), and `letters` on floor 3, for what mail says. Their arrows are settled.
//!
//! A request goes `http::server` → `http::pipeline` → a row of `http::routes` → a handler in
//! `http::api` or `http::pages` → one flow → `storage`. A handler decides nothing; a flow knows no
//! HTTP; storage makes no decisions. JSON, pages and commands all call the same flow.
//!
//! What is deliberately absent: a web framework, an object-relational mapper, a cache server, a
//! second path to a session beside `flows::entry`.

pub mod domain;

pub mod config;
pub mod crypto;
pub mod limits;
pub mod look;
pub mod metrics;
pub mod storage;
pub mod words;

pub mod app;

pub mod flows;

pub mod http;
pub mod workers;

pub mod cli;

pub mod allocator;
