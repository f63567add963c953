//! Floor 2: how pages may look: colours that can be read, and pictures that browsers can show.
//!
//! Arithmetic on values and nothing else. No settings, files, HTML or HTTP: `config` reads what the
//! operator gives, `http` writes the style sheet. It stands beside `domain` because no rule of the
//! product depends on a colour.

pub mod accent;
pub mod colour;
pub mod picture;

pub use accent::{Accent, Shades, Theme};
pub use colour::Colour;
pub use picture::{Format, Picture};
