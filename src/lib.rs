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
//!      letters                      what mail says; the worker that sends it and commands see it
//!   2  storage  crypto  limits  config    tools; each sees `domain`, and counts in `metrics`
//!      outside                    calls to other servers; it sees `crypto` too
//!      words                      what people read, in their language; `config` sees it too
//!      look                       colours and pictures of pages; `config` sees it too
//!      metrics                    what the program counts of itself
//!   1  domain                       what the product is
//! ```
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
pub mod outside;
pub mod storage;
pub mod words;

pub mod app;
pub mod letters;

pub mod flows;

pub mod http;
pub mod workers;

pub mod cli;

pub mod allocator;
