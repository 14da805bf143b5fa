//! Canonical values: where PostgreSQL's equality is that of bytes, a value and its tag are one.
//!
//! Columns whose equality is another (`char(n)`, `citext`, `numeric`, floats, times, collations that
//! do not tell letters apart) are never pinned: see `larder_sql::Equality`.

use larder::TagValue;
use larder_sql::{Column, Equality};
use sea_orm::Value;
use sqlx::postgres::{PgRow, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Row as _, TypeInfo as _, ValueRef as _};

use crate::value::Stored;

/// What a column's values are compared as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    Int,
    Bool,
    Text,
    Uuid,
    Bytes,
}

fn family(column: &Column) -> Option<Family> {
    if column.equality != Equality::Exact {
        return None;
    }
    Some(match column.declared.as_str() {
        "int2" | "int4" | "int8" => Family::Int,
        "bool" => Family::Bool,
        "text" | "varchar" => Family::Text,
        "uuid" => Family::Uuid,
        "bytea" => Family::Bytes,
        _ => return None,
    })
}

/// Whether [`bind`] gives a value for what such a column holds.
pub(super) fn is_bindable(column: &Column) -> bool {
    family(column).is_some()
}

/// The canonical form of `value` in `column`.
pub(super) fn canonical(column: &Column, value: &Stored) -> Option<TagValue> {
    match (value, family(column)?) {
        (Stored::Null, _) => Some(TagValue::Null),
        (Stored::Int(number), Family::Int | Family::Bool) => Some(TagValue::Int(*number)),
        (Stored::Text(text), Family::Text) => Some(TagValue::Text(text.as_str().into())),
        (Stored::Blob(bytes), Family::Uuid | Family::Bytes) => {
            Some(TagValue::Blob(bytes.as_slice().into()))
        }
        // A literal that PostgreSQL reads as the column's type by rules of its own.
        _ => None,
    }
}

/// The value to bind where `column` is compared with `value`.
pub(super) fn bind(column: &Column, value: &Stored) -> Option<Value> {
    Some(match (value, family(column)?) {
        (Stored::Int(number), Family::Int) => Value::from(*number),
        (Stored::Int(number), Family::Bool) => Value::from(*number != 0),
        (Stored::Text(text), Family::Text) => Value::from(text.clone()),
        (Stored::Blob(bytes), Family::Bytes) => Value::from(bytes.clone()),
        (Stored::Blob(bytes), Family::Uuid) => {
            Value::from(sea_orm::prelude::Uuid::from_slice(bytes).ok()?)
        }
        _ => return None,
    })
}

/// Column `index` of `row` as PostgreSQL sent it.
pub(super) fn stored(row: &PgRow, index: usize) -> Option<Stored> {
    let value = row.try_get_raw(index).ok()?;
    if value.is_null() {
        return Some(Stored::Null);
    }
    known(&value).or_else(|| {
        let bytes = value.as_bytes().ok()?;
        Some(Stored::Other(
            value.type_info().name().to_owned(),
            bytes.to_vec(),
        ))
    })
}

fn known(value: &PgValueRef<'_>) -> Option<Stored> {
    fn decoded<'r, T: Decode<'r, Postgres>>(value: &PgValueRef<'r>) -> Option<T> {
        T::decode(value.clone()).ok()
    }
    match value.type_info().name() {
        "INT2" => decoded::<i16>(value).map(|number| Stored::Int(number.into())),
        "INT4" => decoded::<i32>(value).map(|number| Stored::Int(number.into())),
        "INT8" => decoded(value).map(Stored::Int),
        "BOOL" => decoded::<bool>(value).map(|truth| Stored::Int(truth.into())),
        "TEXT" | "VARCHAR" | "NAME" => decoded(value).map(Stored::Text),
        "BYTEA" => decoded(value).map(Stored::Blob),
        "FLOAT4" => decoded::<f32>(value).map(|number| Stored::Real(number.into())),
        "FLOAT8" => decoded(value).map(Stored::Real),
        // Sixteen bytes.
        "UUID" if value.format() == PgValueFormat::Binary => value
            .as_bytes()
            .ok()
            .map(|bytes| Stored::Blob(bytes.to_vec())),
        _ => None,
    }
}
