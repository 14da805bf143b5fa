//! Values that stand in statements.

use std::fmt;

use larder_sea_orm::sea_orm::Value;

/// A value of SQLite.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

impl Literal {
    pub(crate) fn text(text: &str) -> Literal {
        Literal::Text(text.to_owned())
    }

    /// What SeaORM is to bind.
    pub(crate) fn bound(&self) -> Value {
        match self {
            Literal::Null => Value::BigInt(None),
            Literal::Int(i) => Value::BigInt(Some(*i)),
            Literal::Real(r) => Value::Double(Some(*r)),
            Literal::Text(text) => Value::from(text.clone()),
            Literal::Blob(bytes) => Value::from(bytes.clone()),
        }
    }
}

impl fmt::Display for Literal {
    /// As SQL text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Null => f.write_str("NULL"),
            Literal::Int(i) => write!(f, "{i}"),
            Literal::Real(r) => write!(f, "{r:?}"),
            Literal::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Literal::Blob(bytes) => {
                f.write_str("x'")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                f.write_str("'")
            }
        }
    }
}
