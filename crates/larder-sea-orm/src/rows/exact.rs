//! Whether keys that differ to us differ to the database.
//!
//! A batch gives rows to the keys, or values, that were asked for by comparing values. The database compares by the
//! column: 'bob' may be 'Bob' there. A key for which no row came is known to have none only where
//! the two comparisons agree.

use std::sync::Arc;

use larder_sql::{Affinity, Collation, Column, Equality};
use sea_orm::{EntityTrait, IdenStatic, Iterable, PrimaryKeyToColumn, Value};

use crate::engine::Engine;
use crate::reader::Reader;

/// Which values are equal in a key's columns only if they are the same, by column.
#[derive(Clone)]
pub(super) struct Exact {
    engine: Option<Arc<dyn Engine>>,
    columns: Arc<[Compared]>,
}

/// How a column compares.
#[derive(Clone)]
enum Compared {
    /// As the bytes of values that have a canonical form in it.
    Exactly(Column),
    /// So with values of some kinds.
    Some(Kinds),
}

#[derive(Clone, Copy, Default)]
struct Kinds {
    numbers: bool,
    texts: bool,
    bytes: bool,
}

impl Exact {
    /// Of the columns of an entity's key.
    pub(super) fn of<E: EntityTrait>(reader: Reader<'_>) -> Exact {
        Exact::of_columns::<E>(reader, E::PrimaryKey::iter().map(|key| key.into_column()))
    }

    /// Of these columns of an entity.
    pub(super) fn of_columns<E: EntityTrait>(
        reader: Reader<'_>,
        columns: impl IntoIterator<Item = E::Column>,
    ) -> Exact {
        let shared = reader.shared();
        let schema = shared.map(|shared| shared.schema());
        let engine = shared.map(|shared| shared.engine.clone());
        let entity = E::default();
        let schema = schema.as_ref();
        let table =
            schema.and_then(|schema| schema.table(entity.schema_name(), entity.table_name()));
        let columns = columns.into_iter().map(|column| {
            let known = table.and_then(|table| table.column(column.as_str()));
            match known {
                Some(column) if column.equality == Equality::Exact => {
                    Compared::Exactly(column.clone())
                }
                Some(column) if column.equality == Equality::Affinity => Compared::Some(Kinds {
                    numbers: matches!(column.affinity, Affinity::Integer | Affinity::Numeric),
                    texts: matches!(column.affinity, Affinity::Text)
                        && column.collation == Collation::Binary,
                    bytes: true,
                }),
                Some(_) => Compared::Some(Kinds::default()),
                // Nothing that the database could make of a whole number is equal to another one.
                None => Compared::Some(Kinds {
                    numbers: true,
                    ..Kinds::default()
                }),
            }
        });
        Exact {
            engine,
            columns: columns.collect(),
        }
    }

    /// Whether a row with these values would have been found to have them.
    pub(super) fn is(&self, values: &[Value]) -> bool {
        let columns = values.iter().zip(self.columns.iter());
        values.len() == self.columns.len()
            && columns.into_iter().all(|(value, compared)| match compared {
                Compared::Exactly(column) => self.has_canonical(column, value),
                Compared::Some(kinds) => kinds.have(value),
            })
    }

    fn has_canonical(&self, column: &Column, value: &Value) -> bool {
        let canonical = |engine: &Arc<dyn Engine>| {
            let bound = engine.bound(value)?;
            engine.canonical(column, &bound)
        };
        self.engine.as_ref().and_then(canonical).is_some()
    }
}

impl Kinds {
    fn have(self, value: &Value) -> bool {
        match value {
            Value::Bool(_)
            | Value::TinyInt(_)
            | Value::SmallInt(_)
            | Value::Int(_)
            | Value::BigInt(_)
            | Value::TinyUnsigned(_)
            | Value::SmallUnsigned(_)
            | Value::Unsigned(_)
            | Value::BigUnsigned(_) => self.numbers,
            Value::String(_) | Value::Char(_) => self.texts,
            Value::Bytes(_) | Value::Uuid(_) => self.bytes,
            _ => false,
        }
    }
}
