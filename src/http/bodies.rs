//! Reading bodies. Small ones cost nothing; the large ones of all share a fixed number of permits,
//! and those of one network a part of them ([`Seats`]).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes, Incoming};
use tokio::time::timeout;

use crate::http::seats::{Seat, Seats};

/// Bytes of a body that are read.
const LARGEST: usize = 1024 * 1024;
/// Bytes of a body that counts as small. Every form and every honest JSON body is one.
const SMALL: usize = 16 * 1024;
/// Bodies beyond that which are read at once: 4096 of them would take 4 GiB.
const LARGE_AT_ONCE: usize = 32;
/// As many of them from one network.
const LARGE_OF_ONE: usize = 8;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is beyond what is read.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// It ended early, or its form is wrong.
    Broken,
    /// It is large, and too many large ones are being read, or too many of this network.
    Busy,
}

/// The permits for large bodies.
pub(super) struct Bodies(Arc<Seats>);

impl Bodies {
    pub(super) fn new() -> Self {
        // These are no connections, so nobody counts them.
        Self(Arc::new(Seats::new(LARGE_AT_ONCE, LARGE_OF_ONE, Arc::default())))
    }

    /// Reads a body whole, within `limit`. `network` is `None` for a caller without a share of its own.
    pub(super) async fn read(&self, body: Incoming, network: Option<IpAddr>, limit: Duration) -> Result<Bytes, Unread> {
        let whole = timeout(limit, self.collect(body, network));
        whole.await.unwrap_or(Err(Unread::TooSlow))
    }

    async fn collect(&self, mut body: Incoming, network: Option<IpAddr>) -> Result<Bytes, Unread> {
        if body.size_hint().lower() > LARGEST as u64 {
            return Err(Unread::TooLarge);
        }
        let mut first = Bytes::new();
        let mut whole = Vec::new();
        // Taken when more than the small size has come, not before: a client that only announces so
        // much keeps nobody out.
        let mut permit: Option<Seat> = None;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else {
                continue;
            };
            let length = first.len() + whole.len() + data.len();
            if length > LARGEST {
                return Err(Unread::TooLarge);
            }
            if length > SMALL && permit.is_none() {
                permit = Some(self.0.take(network).ok_or(Unread::Busy)?);
            }
            // Nearly every body comes in one piece, which need not be copied.
            if first.is_empty() && whole.is_empty() {
                first = data;
            } else {
                whole.extend_from_slice(&std::mem::take(&mut first));
                whole.extend_from_slice(&data);
            }
        }
        Ok(if whole.is_empty() { first } else { whole.into() })
    }
}
