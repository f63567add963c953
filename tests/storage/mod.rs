//! Storage, on both databases: every method by name, and what the seam promises.

mod addresses;
mod allowlist;
mod audit;
mod budgets;
mod challenges;
mod confirmations;
mod evidence;
mod health;
mod keys;
mod letters;
mod migrations;
mod organizations;
mod outages;
mod roles;
mod rotation;
mod schema_parity;
mod servers;
mod sessions;
mod transactions;
mod users;

use std::time::Duration;

use authara::domain::organization::{Organization, OrganizationKind};
use authara::domain::session::{RefreshToken, Session};
use authara::domain::{Client, Email, Method, OrganizationId, SessionId, Timestamp, TokenHash, User, UserId, Username};
use authara::storage::{Result, Store};
use uuid::Uuid;

/// With microseconds, which both databases must keep.
const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_123_456);
const HOUR: Duration = Duration::from_hours(1);

fn user_id(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(number))
}

fn session_id(number: u128) -> SessionId {
    SessionId::new(Uuid::from_u128(number))
}

fn organization_id(number: u128) -> OrganizationId {
    OrganizationId::new(Uuid::from_u128(number))
}

/// The user `number`, who signed up so many seconds after [`NOW`].
fn user(number: u32) -> User {
    User {
        id: user_id(number.into()),
        email: Email::parse(&format!("user{number}@example.com")).unwrap(),
        email_verified_at: None,
        username: Username::parse(&format!("User-{number}")).unwrap(),
        disabled_at: None,
        waiting_since: None,
        language: "pt-BR".to_owned(),
        created_at: NOW + Duration::from_secs(number.into()),
    }
}

fn organization(number: u128, kind: OrganizationKind, owner: &User) -> Organization {
    Organization {
        id: organization_id(number),
        name: format!("Organization {number}"),
        kind,
        created_by: Some(owner.id),
        created_at: NOW,
    }
}

fn session(number: u128, owner: &User) -> Session {
    Session {
        id: session_id(number),
        user: owner.id,
        organization: organization_id(1),
        created_at: NOW,
        expires_at: NOW + HOUR,
        last_used_at: NOW + Duration::from_secs(u64::try_from(number).unwrap()),
        authenticated_at: NOW,
        methods: Method::Password.into(),
        revoked_at: None,
        client: client(),
    }
}

fn token(generation: i64, session: SessionId) -> RefreshToken {
    RefreshToken {
        hash: TokenHash::new([u8::try_from(generation).unwrap(); 32]),
        session,
        generation,
        created_at: NOW,
        expires_at: NOW + HOUR,
        consumed: None,
    }
}

fn client() -> Client {
    Client::new("192.0.2.7".parse().unwrap(), "Böwser/1 \u{1f980}")
}

async fn add_user(store: &Store, user: &User) {
    assert!(store.write(async |tx| tx.users().add(user).await).await.unwrap());
}

async fn count(store: &Store) -> i64 {
    store.read().await.unwrap().users().count().await.unwrap()
}

/// Adds a user in a transaction of its own.
async fn try_add(store: &Store, user: &User) -> Result<bool> {
    store.write(async |tx| tx.users().add(user).await).await
}
