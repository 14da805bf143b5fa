//! Canonical values: two values that SQLite calls equal in a column become one [`TagValue`].
//!
//! A tag is compared byte by byte, SQLite compares by affinity and collation. This file bridges
//! the two, in one direction only: *equal in SQLite ⇒ equal here*. Where that cannot be promised
//! the answer is `None`, and the caller widens.
//!
//! Reference: "Datatypes In SQLite", sections 3 (type affinity) and 4 (comparison).

use larder::TagValue;
use larder_sql::{Affinity, Collation, Column};
use sea_orm::Value;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use crate::value::Stored;

/// What SeaORM's driver will bind for `value`, where that is known exactly.
pub(crate) fn bound(value: &Value) -> Option<Stored> {
    match value {
        Value::Double(Some(r)) => Some(Stored::Real(*r)),
        Value::Char(Some(c)) => Some(Stored::Text(c.to_string())),
        value => Stored::bound(value),
    }
}

/// The canonical form of `value` in `column`, if byte equality of canonical forms covers
/// SQLite's equality there.
pub(crate) fn canonical(column: &Column, value: &Stored) -> Option<TagValue> {
    match (value, column.affinity) {
        (Stored::Null, _) => Some(TagValue::Null),
        (Stored::Int(i), Affinity::Text) => text(column, &i.to_string()),
        // Beyond 53 bits an integer is rounded on its way into a REAL column.
        (Stored::Int(i), Affinity::Real) if i.unsigned_abs() > 1 << 53 => None,
        (Stored::Int(i), _) => Some(TagValue::Int(*i)),
        // How SQLite prints a real as text is its own affair.
        (Stored::Real(_), Affinity::Text) => None,
        (Stored::Real(r), _) => real(*r),
        (Stored::Text(s), Affinity::Text | Affinity::Blob) => text(column, s),
        (Stored::Text(s), _) => number_in_text(s).unwrap_or_else(|| text(column, s)),
        (Stored::Blob(b), _) => Some(TagValue::Blob(b.as_slice().into())),
        (Stored::Other(..), _) => None,
    }
}

/// Reals that are whole equal the integer: SQLite compares numbers by their exact value.
fn real(r: f64) -> Option<TagValue> {
    const WHOLE_MIN: f64 = -9_223_372_036_854_775_808.0;
    const WHOLE_END: f64 = 9_223_372_036_854_775_808.0;
    if r.is_nan() {
        // Stored as NULL, and equal to nothing when bound.
        return None;
    }
    if r.fract() == 0.0 && (WHOLE_MIN..WHOLE_END).contains(&r) {
        return Some(TagValue::Int(r as i64));
    }
    Some(TagValue::Real(r.to_bits()))
}

/// Text compared with a column of numeric affinity is turned into a number where it is one.
/// `Some(Some(_))`: that number. `Some(None)`: perhaps a number, who knows. `None`: no number.
fn number_in_text(s: &str) -> Option<Option<TagValue>> {
    let first = s
        .trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r'])
        .bytes()
        .next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    let digits = s.strip_prefix('-').unwrap_or(s);
    let plain =
        !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|b| b.is_ascii_digit());
    Some(if plain {
        s.parse().ok().map(TagValue::Int)
    } else {
        None
    })
}

/// Text under the column's collation.
fn text(column: &Column, s: &str) -> Option<TagValue> {
    match column.collation {
        Collation::Binary => Some(TagValue::Text(s.into())),
        // NOCASE folds the 26 ASCII letters and looks no further than a NUL.
        Collation::NoCase => {
            let seen = s.split('\0').next().unwrap_or_default();
            Some(TagValue::Text(seen.to_ascii_lowercase().as_str().into()))
        }
        Collation::RTrim => Some(TagValue::Text(s.trim_end_matches(' ').into())),
        _ => None,
    }
}

/// Column `index` of `row` as SQLite holds it, whatever the column was declared as.
pub(crate) fn stored(row: &SqliteRow, index: usize) -> Result<Stored, sqlx::Error> {
    stored_value(row.try_get_raw(index)?).map_err(|source| sqlx::Error::ColumnDecode {
        index: index.to_string(),
        source,
    })
}

/// A value as SQLite holds it.
pub(crate) fn stored_value(value: SqliteValueRef<'_>) -> Result<Stored, BoxDynError> {
    if value.is_null() {
        return Ok(Stored::Null);
    }
    let kind = value.type_info().name().to_owned();
    match kind.as_str() {
        "INTEGER" => <i64 as Decode<Sqlite>>::decode(value).map(Stored::Int),
        "REAL" => <f64 as Decode<Sqlite>>::decode(value).map(Stored::Real),
        "BLOB" => <Vec<u8> as Decode<Sqlite>>::decode(value).map(Stored::Blob),
        _ => <String as Decode<Sqlite>>::decode(value).map(Stored::Text),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
