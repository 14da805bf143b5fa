//! Values as databases hold them.

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
    /// Whether both are the same value to the last bit.
    pub(crate) fn same(&self, other: &Stored) -> bool {
        match (self, other) {
            (Stored::Real(a), Stored::Real(b)) => a.to_bits() == b.to_bits(),
            _ => self == other,
        }
    }
}
