//! The primitives against published vectors, and access tokens and the hashing pool against misuse.

mod hashing_pool;
mod tokens;
mod vectors;
