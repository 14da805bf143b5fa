//! Values as databases hold them.

use sea_orm::Value;
use serde::{Deserialize, Serialize};

/// A value as a database holds it, or receives it. Truth values are the integers 0 and 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stored {
    /// NULL
    Null,
    /// INTEGER
    Int(i64),
    /// REAL
    Real(f64),
    /// TEXT
    Text(String),
    /// BLOB
    Blob(Vec<u8>),
    /// A value of a type that larder does not look into: the type's name, and the value as the
    /// database sent it.
    Other(String, Vec<u8>),
}

impl Stored {
    /// What a driver binds for `value`, where all drivers bind the same and it is known exactly. A NULL
    /// equals nothing, and dates, times, JSON and decimals have a form that belongs to the driver.
    pub(crate) fn bound(value: &Value) -> Option<Stored> {
        let int = |number: i64| Some(Stored::Int(number));
        match value {
            Value::Bool(Some(truth)) => int(i64::from(*truth)),
            Value::TinyInt(Some(number)) => int(i64::from(*number)),
            Value::SmallInt(Some(number)) => int(i64::from(*number)),
            Value::Int(Some(number)) => int(i64::from(*number)),
            Value::BigInt(Some(number)) => int(*number),
            Value::TinyUnsigned(Some(number)) => int(i64::from(*number)),
            Value::SmallUnsigned(Some(number)) => int(i64::from(*number)),
            Value::Unsigned(Some(number)) => int(i64::from(*number)),
            Value::BigUnsigned(Some(number)) => i64::try_from(*number).ok().map(Stored::Int),
            Value::String(Some(text)) => Some(Stored::Text(text.to_string())),
            Value::Bytes(Some(bytes)) => Some(Stored::Blob(bytes.to_vec())),
            Value::Uuid(Some(uuid)) => Some(Stored::Blob(uuid.as_bytes().to_vec())),
            _ => None,
        }
    }

    /// Whether both are the same value to the last bit.
    pub(crate) fn same(&self, other: &Stored) -> bool {
        match (self, other) {
            (Stored::Real(a), Stored::Real(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }
}
