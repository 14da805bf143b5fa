//! Canonical values: where two values are equal in MySQL, their tags are the same.
//!
//! Only what is compared as it is bound is pinned: a number with a column of numbers, text with a
//! column of text. MySQL compares all else by way of floats or times, in which many values are one.
//! Columns whose equality is no byte's (`_ci` collations, `decimal`, floats, times, `enum`, `set`,
//! `bit`, `year`) are never pinned: see `larder_sql::Equality`.

use larder::TagValue;
use larder_sql::{Column, Equality};
use sea_orm::Value;
use sqlx::mysql::{MySqlRow, MySqlValueRef};
use sqlx::{Decode, MySql, Row as _, Type, TypeInfo as _, ValueRef as _};

use crate::value::Stored;

/// How numbers are called that only unsigned columns hold.
const BEYOND: &str = "BIGINT UNSIGNED";

/// What a column's values are compared as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Int,
    Text,
    /// Bytes as they are.
    Bytes,
    /// Bytes that the database fills up with zeros.
    FilledBytes,
}

fn family(column: &Column) -> Option<Family> {
    let declared = column.declared.split([' ', '(']).next().unwrap_or_default();
    Some(match declared.to_ascii_lowercase().as_str() {
        "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => Family::Int,
        "varchar" | "char" | "text" | "tinytext" | "mediumtext" | "longtext" => Family::Text,
        "varbinary" => Family::Bytes,
        "binary" => Family::FilledBytes,
        _ => return None,
    })
}

/// Whether [`bind`] gives a value for what such a column holds. Text need not be pinnable for that: a
/// key finds its own row by any collation.
pub(super) fn is_bindable(column: &Column) -> bool {
    family(column).is_some()
}

/// What the driver will bind for `value`, where that is known exactly.
pub(super) fn bound(value: &Value) -> Option<Stored> {
    match value {
        Value::BigUnsigned(Some(number)) => Some(unsigned(*number)),
        value => Stored::bound(value),
    }
}

fn unsigned(number: u64) -> Stored {
    match i64::try_from(number) {
        Ok(number) => Stored::Int(number),
        Err(_) => Stored::Other(BEYOND.to_owned(), number.to_le_bytes().to_vec()),
    }
}

/// The canonical form of `value` in `column`.
pub(super) fn canonical(column: &Column, value: &Stored) -> Option<TagValue> {
    if column.equality == Equality::Unknown {
        return None;
    }
    let bytes = |bytes: &[u8]| Some(TagValue::Blob(bytes.into()));
    match (value, family(column)?) {
        (Stored::Null, _) => Some(TagValue::Null),
        (Stored::Int(number), Family::Int) => Some(TagValue::Int(*number)),
        (Stored::Other(name, number), Family::Int) if name == BEYOND => bytes(number),
        // Blanks at the end count in some collations, and not in others.
        (Stored::Text(text), Family::Text) => {
            Some(TagValue::Text(text.trim_end_matches(' ').into()))
        }
        (Stored::Blob(blob), Family::Bytes) => bytes(blob),
        (Stored::Text(text), Family::Bytes) => bytes(text.as_bytes()),
        (Stored::Blob(blob), Family::FilledBytes) => bytes(unfilled(blob)),
        (Stored::Text(text), Family::FilledBytes) => bytes(unfilled(text.as_bytes())),
        _ => None,
    }
}

fn unfilled(bytes: &[u8]) -> &[u8] {
    let last = bytes.iter().rposition(|byte| *byte != 0);
    &bytes[..last.map_or(0, |last| last + 1)]
}

/// The value to bind where `column` is compared with `value`.
pub(super) fn bind(column: &Column, value: &Stored) -> Option<Value> {
    Some(match (value, family(column)?) {
        (Stored::Int(number), Family::Int) => Value::from(*number),
        (Stored::Other(name, number), Family::Int) if name == BEYOND => {
            Value::from(u64::from_le_bytes(number.as_slice().try_into().ok()?))
        }
        (Stored::Text(text), Family::Text) => Value::from(text.clone()),
        (Stored::Blob(bytes), Family::Bytes | Family::FilledBytes) => Value::from(bytes.clone()),
        _ => return None,
    })
}

/// Column `index` of `row` as MySQL sent it.
pub(super) fn stored(row: &MySqlRow, index: usize) -> Option<Stored> {
    let value = row.try_get_raw(index).ok()?;
    // Not what the driver takes for NULL: that are days of zeros, too.
    let Some(bytes) = decoded::<&[u8]>(&value) else {
        return Some(Stored::Null);
    };
    known(&value).or_else(|| Some(Stored::Other(name(&value), bytes.to_vec())))
}

fn decoded<'r, T: Decode<'r, MySql>>(value: &MySqlValueRef<'r>) -> Option<T> {
    T::decode(value.clone()).ok()
}

fn name(value: &MySqlValueRef<'_>) -> String {
    value.type_info().name().to_owned()
}

fn known(value: &MySqlValueRef<'_>) -> Option<Stored> {
    match name(value).as_str() {
        "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => decoded(value).map(Stored::Int),
        // `tinyint(1)`, of which the driver does not say whether it has a sign.
        "BOOLEAN" => decoded(value)
            .filter(|number| *number >= 0)
            .map(Stored::Int),
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED"
        | "BIGINT UNSIGNED" => decoded(value).map(unsigned),
        // The driver calls text of `_bin` collations by the names of bytes, too.
        "CHAR" | "VARCHAR" | "TINYTEXT" | "TEXT" | "MEDIUMTEXT" | "LONGTEXT" | "BINARY"
        | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" => {
            match <str as Type<MySql>>::compatible(&value.type_info()) {
                true => decoded(value).map(Stored::Text),
                false => decoded(value).map(Stored::Blob),
            }
        }
        "DOUBLE" => decoded(value).map(Stored::Real),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use larder_sql::{Collation, Dialect};

    use super::*;

    fn column(declared: &str, collation: Option<&str>) -> Column {
        let mut column = Column::new(Dialect::MySql, "c", declared);
        if let Some(collation) = collation {
            column.collate(Dialect::MySql, Collation::Other(collation.to_owned()));
        }
        column
    }

    fn text(text: &str) -> Stored {
        Stored::Text(text.to_owned())
    }

    #[test]
    fn what_is_compared_by_way_of_floats_has_no_form() {
        let number = column("int(11)", None);
        assert_eq!(canonical(&number, &Stored::Int(1)), Some(TagValue::Int(1)));
        assert_eq!(canonical(&number, &text("1")), None);
        assert_eq!(canonical(&number, &Stored::Real(1.0)), None);
        let exact = column("varchar(9)", Some("utf8mb4_bin"));
        assert_eq!(canonical(&exact, &Stored::Int(1)), None);
        assert_eq!(canonical(&exact, &Stored::Blob(vec![b'1'])), None);
    }

    #[test]
    fn text_without_case_has_no_form() {
        for collation in ["utf8mb4_general_ci", "utf8mb4_0900_ai_ci", "latin1_bin"] {
            let column = column("varchar(9)", Some(collation));
            assert_eq!(canonical(&column, &text("a")), None, "{collation}");
        }
    }

    #[test]
    fn what_fills_values_up_does_not_count() {
        let padded = column("char(4)", Some("utf8mb4_bin"));
        assert_eq!(
            canonical(&padded, &text("a  ")),
            canonical(&padded, &text("a"))
        );
        let filled = column("binary(4)", None);
        let blob = |bytes: &[u8]| Stored::Blob(bytes.to_vec());
        assert_eq!(
            canonical(&filled, &blob(b"a\0\0\0")),
            canonical(&filled, &blob(b"a"))
        );
        assert_ne!(
            canonical(&filled, &blob(b"\0a")),
            canonical(&filled, &blob(b"a"))
        );
    }

    #[test]
    fn numbers_beyond_the_signed_ones_are_their_own() {
        let number = column("bigint(20) unsigned", None);
        let largest = bound(&Value::from(u64::MAX)).unwrap();
        let minus_one = bound(&Value::from(-1_i64)).unwrap();
        assert_ne!(canonical(&number, &largest), canonical(&number, &minus_one));
        assert_eq!(bind(&number, &largest), Some(Value::from(u64::MAX)));
    }
}
