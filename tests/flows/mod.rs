//! Rules that need several steps and a moving clock, on both databases.

mod account;
mod accounts;
mod confirm;
mod keys;
mod limits;
mod password;
mod races;
mod refresh;
mod sessions;
mod sign_in;
mod sign_up;

use authara::domain::Refusal;
use authara::flows::{Error, Result};

/// The refusal of a flow that must have been refused.
fn refusal<T>(result: Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        Err(other) => panic!("broke instead of refusing: {other}"),
        Ok(_) => panic!("was not refused"),
    }
}
