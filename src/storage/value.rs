//! Values on their way into a statement and out of a row.

use std::fmt;
use std::net::IpAddr;

use uuid::Uuid;

use crate::domain::organization::{OrganizationKind, OrganizationMode, OrganizationRole};
use crate::domain::{
    Allowed, AuditId, ChallengeId, ConfirmationId, Email, LetterId, Methods, OrganizationId, PlatformRole, SessionId,
    Timestamp, TokenHash, TokenId, UserId, Username, audit, challenge, letter,
};

/// What the two databases have in common. Prints nothing of itself: it may be a password hash.
#[derive(Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
    Time(Timestamp),
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Value(…)")
    }
}

/// The arguments of a statement, in the order of `$1`, `$2`, …
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::storage::value::Value::from($value)),*] };
}
pub(super) use args;

macro_rules! from {
    ($($type:ty, $value:ident => $into:expr;)*) => { $(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                $into
            }
        }
    )* };
}

from! {
    bool, value => Self::Bool(value);
    i64, value => Self::Int(value);
    u32, value => Self::Int(value.into());
    &str, value => Self::Text(value.to_owned());
    String, value => Self::Text(value);
    &String, value => Self::Text(value.clone());
    &[u8], value => Self::Bytes(value.to_vec());
    &Vec<u8>, value => Self::Bytes(value.clone());
    Uuid, value => Self::Uuid(value);
    Timestamp, value => Self::Time(value);
    UserId, value => Self::Uuid(value.uuid());
    SessionId, value => Self::Uuid(value.uuid());
    OrganizationId, value => Self::Uuid(value.uuid());
    TokenId, value => Self::Uuid(value.uuid());
    AuditId, value => Self::Uuid(value.uuid());
    LetterId, value => Self::Uuid(value.uuid());
    ChallengeId, value => Self::Uuid(value.uuid());
    ConfirmationId, value => Self::Uuid(value.uuid());
    &Email, value => Self::Text(value.as_str().to_owned());
    &Username, value => Self::Text(value.as_str().to_owned());
    &TokenHash, value => Self::Bytes(value.bytes().to_vec());
    IpAddr, value => Self::Text(value.to_string());
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a column can be read as. The only place that knows how few storage classes SQLite has.
pub(super) trait FromValue: Sized {
    /// `None` if the value is not one of these.
    fn from_value(value: Value) -> Option<Self>;
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

impl FromValue for Uuid {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Uuid(id) => Some(id),
            Value::Bytes(bytes) => Self::from_slice(&bytes).ok(),
            _ => None,
        }
    }
}

impl FromValue for Timestamp {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Time(time) => Some(time),
            Value::Int(micros) => Some(Self::from_micros(micros)),
            _ => None,
        }
    }
}

impl FromValue for TokenHash {
    fn from_value(value: Value) -> Option<Self> {
        Some(Self::new(Vec::from_value(value)?.try_into().ok()?))
    }
}

macro_rules! from_value {
    ($($type:ty: $raw:ty, $value:ident => $read:expr;)*) => { $(
        impl FromValue for $type {
            fn from_value(value: Value) -> Option<Self> {
                let $value = <$raw>::from_value(value)?;
                $read
            }
        }
    )* };
}

from_value! {
    UserId: Uuid, id => Some(Self::new(id));
    SessionId: Uuid, id => Some(Self::new(id));
    OrganizationId: Uuid, id => Some(Self::new(id));
    AuditId: Uuid, id => Some(Self::new(id));
    LetterId: Uuid, id => Some(Self::new(id));
    ChallengeId: Uuid, id => Some(Self::new(id));
    ConfirmationId: Uuid, id => Some(Self::new(id));
    Email: String, text => Self::parse(&text);
    Username: String, text => Self::parse(&text);
    IpAddr: String, text => text.parse().ok();
    Methods: String, text => Self::parse(&text);
    Allowed: String, text => text.parse().ok();
    PlatformRole: String, text => text.parse().ok();
    OrganizationKind: String, text => Self::parse(&text);
    OrganizationMode: String, text => Self::parse(&text);
    OrganizationRole: String, text => Self::parse(&text);
    audit::Action: String, text => Self::parse(&text);
    audit::Outcome: String, text => Self::parse(&text);
    challenge::Purpose: String, text => Self::parse(&text);
    letter::Kind: String, text => Some(Self::parse(&text).unwrap_or(Self::Unknown));
    letter::State: String, text => Self::parse(&text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_of_the_type_is_unreadable_not_something_else() {
        assert!(UserId::from_value(Value::Bytes(vec![0; 15])).is_none());
        assert!(TokenHash::from_value(Value::Bytes(vec![0; 31])).is_none());
        assert!(Email::from_value(Value::Text("nobody".into())).is_none());
        assert!(i64::from_value(Value::Null).is_none());
        assert_eq!(Option::<i64>::from_value(Value::Null), Some(None));
        assert!(Option::<i64>::from_value(Value::Text("1".into())).is_none());
    }
}
