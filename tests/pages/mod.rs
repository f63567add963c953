//! What people meet in their browsers: the real server over a socket, and a browser that knows
//! only what stands in the pages.

mod account;
mod addresses;
mod arrival;
mod browser;
mod codes;
mod confirm;
mod csrf;
mod data;
mod deletion;
mod entering;
mod errors;
mod frame;
mod gallery;
pub(crate) mod html;
mod languages;
mod letters;
mod password;
mod preferences;
mod return_to;
mod scripts;
mod sessions;
mod sign_out;
mod sign_up;
mod templates;
mod username;

const ADA: &str = "ada@example.com";
const BOB: &str = "bob@example.com";
