//! Floor 1: what the product is.
//!
//! Types that cannot be wrong and rules that need nothing but their arguments. Nothing here waits,
//! reads a clock of its own, touches a file, or knows of SQL, HTTP or JSON.

pub mod access;
pub mod allowed;
pub mod appeal;
pub mod audience;
pub mod audit;
pub mod challenge;
pub mod client;
pub mod device;
pub mod domains;
pub mod email;
pub mod entry;
pub mod id;
pub mod key_text;
pub mod letter;
pub mod limit;
pub mod organization;
pub mod page;
pub mod password;
pub mod refusal;
pub mod return_to;
pub mod role;
pub mod search;
pub mod secret;
pub mod session;
pub mod signing_key;
pub mod time;
pub mod user;
pub mod username;

pub use access::{Anyone, By, Caller, Claims, Newcomer, Visitor};
pub use allowed::Allowed;
pub use appeal::Appeal;
pub use audience::Audience;
pub use client::Client;
pub use domains::Domains;
pub use email::Email;
pub use entry::{Entry, Evidence, Method, Methods, PasswordMark, Purpose, Step};
pub use id::{AuditId, ChallengeId, ConfirmationId, LetterId, OrganizationId, SessionId, TokenId, UserId};
pub use refusal::Refusal;
pub use role::PlatformRole;
pub use search::Search;
pub use secret::{Secret, TokenHash};
pub use signing_key::Algorithm;
pub use time::{Clock, Timestamp};
pub use user::User;
pub use username::Username;
