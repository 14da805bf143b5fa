//! Values that stand in statements.

/// A value. How it is spelled, or bound, is its database's matter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Literal {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
    /// One of a few UUIDs, by number.
    Uuid(u8),
    /// SQL that is never bound: a value in a spelling of its own.
    Raw(&'static str),
}

impl Literal {
    pub(crate) fn text(text: &str) -> Literal {
        Literal::Text(text.to_owned())
    }
}

/// A text as SQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Bytes as hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
