//! Whether keys that differ to us differ to the database.
//!
//! A batch gives rows to the keys that were asked for by comparing values. The database compares by the
//! column: 'bob' may be 'Bob' there. A key for which no row came is known to have none only where
//! the two comparisons agree.

use std::sync::Arc;

use larder_sql::{Affinity, Collation};
use sea_orm::sea_query::ValueTuple;
use sea_orm::{EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, Value};

use super::batch::values;
use crate::reader::{Kind, Reader};

/// What kinds of values are equal in a key's columns only if they are the same, by column.
#[derive(Clone)]
pub(super) struct Exact(Arc<[Kinds]>);

#[derive(Clone, Copy, Default)]
struct Kinds {
    numbers: bool,
    texts: bool,
    bytes: bool,
}

impl Exact {
    pub(super) fn of<E: EntityTrait>(reader: Reader<'_>) -> Exact {
        let schema = match reader.0 {
            Kind::Cached(shared) => Some(shared.schema()),
            Kind::Direct(_) => None,
        };
        let entity = E::default();
        let catalogue = schema.as_ref().map(|schema| &schema.catalogue);
        let table = catalogue.and_then(|catalogue| catalogue.table(entity.table_name()));
        let kinds = E::PrimaryKey::iter().map(|key| {
            let column = key.into_column();
            let known = table.and_then(|table| table.column(column.as_str()));
            match known {
                Some(column) => Kinds {
                    numbers: matches!(column.affinity, Affinity::Integer | Affinity::Numeric),
                    texts: matches!(column.affinity, Affinity::Text)
                        && column.collation == Collation::Binary,
                    bytes: true,
                },
                // Nothing that the database could make of a whole number is equal to another one.
                None => Kinds {
                    numbers: true,
                    texts: false,
                    bytes: false,
                },
            }
        });
        Exact(kinds.collect())
    }

    /// Whether a row with this key would have been found to have it.
    pub(super) fn is(&self, key: &ValueTuple) -> bool {
        let values = values(key);
        let is = |(value, kinds): (&Value, &Kinds)| match value {
            Value::Bool(_)
            | Value::TinyInt(_)
            | Value::SmallInt(_)
            | Value::Int(_)
            | Value::BigInt(_)
            | Value::TinyUnsigned(_)
            | Value::SmallUnsigned(_)
            | Value::Unsigned(_)
            | Value::BigUnsigned(_) => kinds.numbers,
            Value::String(_) | Value::Char(_) => kinds.texts,
            Value::Bytes(_) | Value::Uuid(_) => kinds.bytes,
            _ => false,
        };
        values.len() == self.0.len() && values.iter().zip(self.0.iter()).all(is)
    }
}
