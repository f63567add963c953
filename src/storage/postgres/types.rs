//! [`Value`] on PostgreSQL's wire: bound and read by the column's type.

use std::error::Error;

use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::domain::Timestamp;
use crate::storage::value::Value;

/// Microseconds from 1970 to 2000, where PostgreSQL begins to count.
const EPOCH: i64 = 946_684_800_000_000;

type Outcome<T> = Result<T, Box<dyn Error + Sync + Send>>;

impl Value {
    /// The type to declare where the server cannot be asked for it.
    pub(super) const fn kind(&self) -> Type {
        match self {
            Self::Null => Type::UNKNOWN,
            Self::Bool(_) => Type::BOOL,
            Self::Int(_) => Type::INT8,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
            Self::Uuid(_) => Type::UUID,
            Self::Time(_) => Type::TIMESTAMPTZ,
        }
    }
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Outcome<IsNull> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Bool(flag) => flag.to_sql(kind, out),
            // As SQLite keeps what it has no type for.
            Self::Int(number) if *kind == Type::BOOL => (*number != 0).to_sql(kind, out),
            Self::Int(micros) if *kind == Type::TIMESTAMPTZ => micros.saturating_sub(EPOCH).to_sql(kind, out),
            Self::Bytes(bytes) if *kind == Type::UUID => Uuid::from_slice(bytes)?.to_sql(kind, out),
            Self::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.as_str().to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_slice().to_sql(kind, out),
            Self::Uuid(id) => id.to_sql(kind, out),
            Self::Time(time) => time.micros().saturating_sub(EPOCH).to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl FromSql<'_> for Value {
    fn from_sql(kind: &Type, raw: &[u8]) -> Outcome<Self> {
        Ok(match *kind {
            Type::BOOL => Self::Bool(bool::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::UUID => Self::Uuid(Uuid::from_sql(kind, raw)?),
            Type::TIMESTAMPTZ => {
                let micros = i64::from_sql(kind, raw)?;
                Self::Time(Timestamp::from_micros(micros.saturating_add(EPOCH)))
            }
            _ => Self::Text(String::from_sql(kind, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Outcome<Self> {
        Ok(Self::Null)
    }

    fn accepts(kind: &Type) -> bool {
        matches!(
            *kind,
            Type::BOOL | Type::INT4 | Type::INT8 | Type::BYTEA | Type::UUID | Type::TIMESTAMPTZ
        ) || <String as FromSql>::accepts(kind)
    }
}
