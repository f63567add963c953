//! Floor 2: pure functions on bytes, and the one pool that hashes passwords.
//!
//! | what | primitive | why |
//! |---|---|---|
//! | passwords | scrypt, N=2^15 r=8 p=3 | memory-hard, parameters in the hash |
//! | access tokens | Ed25519 (RFC 8037) | whoever verifies cannot mint |
//! | opaque tokens | 256 random bits, stored as SHA-256 | nothing to steal in the database |
//! | refresh successors | HMAC-SHA256 of the token shown | can be given again without being kept |
//! | one key per purpose | HKDF-SHA256 from the root secret | one secret to keep |
//! | signing keys at rest | ChaCha20-Poly1305 | a copied database signs nothing |

pub mod derive;
pub mod jwt;
pub mod keys;
pub mod password;
mod phc;
pub mod random;
pub mod recall;
pub mod seal;
pub mod stamp;
mod strict_json;
pub mod token;
