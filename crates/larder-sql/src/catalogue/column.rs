use crate::{Dialect, Name};

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, as declared.
    pub name: Name,
    /// Its type, as declared; empty if none was.
    pub declared: String,
    /// What SQLite turns its values into.
    pub affinity: Affinity,
    /// How its text compares.
    pub collation: Collation,
    /// Whether it can be pinned.
    pub equality: Equality,
    /// It holds no `NULL`.
    pub not_null: bool,
    /// It is computed from other columns of its row, or set by the database itself whenever another
    /// of them changes (MySQL: `ON UPDATE CURRENT_TIMESTAMP`).
    pub generated: bool,
    /// `SELECT *` leaves it out.
    pub hidden: bool,
}

impl Column {
    /// A column as its type alone declares it.
    pub fn new(dialect: Dialect, name: impl Into<Name>, declared: &str) -> Self {
        let mut column = Column {
            name: name.into(),
            declared: declared.to_string(),
            affinity: Affinity::of(declared),
            collation: Collation::Binary,
            equality: Equality::Unknown,
            not_null: false,
            generated: false,
            hidden: false,
        };
        column.equality = Equality::of(dialect, declared, &column.collation);
        column
    }

    /// Gives it another collation.
    pub fn collate(&mut self, dialect: Dialect, collation: Collation) {
        self.equality = Equality::of(dialect, &self.declared, &collation);
        self.collation = collation;
    }

    /// Whether a value that equals one of the two equals the other.
    pub(crate) fn is_like(&self, other: &Column) -> bool {
        self.equality == other.equality
            && self.equality != Equality::Unknown
            && self.affinity == other.affinity
            && self.collation == Collation::Binary
            && other.collation == Collation::Binary
    }
}

/// What SQLite turns the values of a column into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Affinity {
    /// Whole numbers where it can.
    Integer,
    /// Text.
    Text,
    /// Nothing is turned.
    Blob,
    /// Floating point where it can.
    Real,
    /// Numbers where it can.
    Numeric,
}

impl Affinity {
    /// The affinity of a declared type, by SQLite's five rules in their order.
    pub fn of(declared: &str) -> Self {
        let declared = declared.to_ascii_uppercase();
        let has = |part: &str| declared.contains(part);
        if has("INT") {
            Affinity::Integer
        } else if has("CHAR") || has("CLOB") || has("TEXT") {
            Affinity::Text
        } else if has("BLOB") || declared.trim().is_empty() {
            Affinity::Blob
        } else if has("REAL") || has("FLOA") || has("DOUB") {
            Affinity::Real
        } else {
            Affinity::Numeric
        }
    }
}

/// How text of a column compares.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Collation {
    /// Byte by byte.
    Binary,
    /// SQLite's `NOCASE`: ASCII letters without case.
    NoCase,
    /// SQLite's `RTRIM`: trailing blanks do not count.
    RTrim,
    /// Another one: not to be pinned.
    Other(String),
}

impl Collation {
    pub(crate) fn of(name: &str) -> Self {
        match name.to_ascii_uppercase().as_str() {
            "BINARY" => Collation::Binary,
            "NOCASE" => Collation::NoCase,
            "RTRIM" => Collation::RTrim,
            _ => Collation::Other(name.to_string()),
        }
    }
}

/// What it takes to know that a value equals a column's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Equality {
    /// Two values are equal if and only if they are the same.
    Exact,
    /// They are, once both went through the column's [`Affinity`] and [`Collation`] (SQLite), or once
    /// the blanks or zeros with which the database fills them up are gone from their ends (MySQL).
    Affinity,
    /// It cannot be known: the column is never pinned.
    Unknown,
}

impl Equality {
    /// The equality of a declared type.
    pub fn of(dialect: Dialect, declared: &str, collation: &Collation) -> Self {
        let lower = declared.to_ascii_lowercase();
        let base = lower.split('(').next().unwrap_or_default().trim();
        match dialect {
            Dialect::Sqlite => match collation {
                Collation::Other(_) => Equality::Unknown,
                _ => Equality::Affinity,
            },
            Dialect::Postgres => match (collation, base) {
                (
                    Collation::Binary,
                    "smallint" | "integer" | "int" | "bigint" | "int2" | "int4" | "int8" | "serial"
                    | "bigserial" | "smallserial" | "serial2" | "serial4" | "serial8" | "boolean"
                    | "bool" | "uuid" | "bytea" | "text" | "varchar" | "character varying",
                ) => Equality::Exact,
                _ => Equality::Unknown,
            },
            Dialect::MySql => {
                let whole = lower.split_whitespace().next().unwrap_or_default();
                let base = whole.split('(').next().unwrap_or_default();
                match base {
                    "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint"
                    | "bool" | "boolean" | "varbinary" | "serial" => Equality::Exact,
                    "binary" => Equality::Affinity,
                    "varchar" | "text" if is_bytewise(collation) && is_no_pad(collation) => {
                        Equality::Exact
                    }
                    // The older `_bin` collations ignore trailing blanks.
                    "varchar" | "char" | "text" | "tinytext" | "mediumtext" | "longtext"
                        if is_bytewise(collation) =>
                    {
                        Equality::Affinity
                    }
                    _ => Equality::Unknown,
                }
            }
        }
    }
}

/// Whether text compares by its letters' numbers. In another character set than that of parameters
/// it is converted first, and may be compared otherwise then.
fn is_bytewise(collation: &Collation) -> bool {
    matches!(collation, Collation::Other(name) if {
        let name = name.to_ascii_lowercase();
        name.starts_with("utf8mb4_") && name.ends_with("_bin")
    })
}

fn is_no_pad(collation: &Collation) -> bool {
    matches!(collation, Collation::Other(name) if {
        let name = name.to_ascii_lowercase();
        name.contains("0900") || name.contains("nopad")
    })
}
