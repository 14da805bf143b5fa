//! Rows by their keys, as few statements as can be.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::Arc;

use sea_orm::sea_query::{Condition, ValueTuple};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn,
    QueryFilter, Select, Value,
};

use super::exact::Exact;
use crate::cached::Query;
use crate::read::LoadMany;
use crate::reader::Reader;

/// So many values stand in one statement. More keys are asked for by several: databases have limits
/// of 32,767 and above.
pub(super) const VALUES_PER_STATEMENT_MAX: usize = 30_000;

/// So many alternatives stand side by side. More are gathered in groups: SQLite reads expressions of
/// a depth of 1,000, and alternatives side by side nest.
const ALTERNATIVES_MAX: usize = 200;

/// A row, or that there is none.
pub(super) type Row<E> = Option<Arc<<E as EntityTrait>::Model>>;

/// The select of one row, to the letter as `find_by_id` makes it.
pub(super) fn by_key<E: EntityTrait>(key: &ValueTuple) -> Select<E> {
    let columns = key_columns::<E>().zip(key.clone());
    columns.fold(E::find(), |select, (column, value)| {
        select.filter(column.eq(value))
    })
}

fn key_columns<E: EntityTrait>() -> impl Iterator<Item = E::Column> {
    E::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column)
}

/// The rows with any of these keys.
fn by_keys<E: EntityTrait>(keys: &[&ValueTuple]) -> Select<E> {
    let mut columns = key_columns::<E>();
    if let (Some(column), None) = (columns.next(), columns.next()) {
        let values = keys.iter().flat_map(|key| (*key).clone());
        return E::find().filter(column.is_in(values));
    }
    let one = |key: &ValueTuple| {
        let columns = key_columns::<E>().zip(key.clone());
        columns.fold(Condition::all(), |all, (column, value)| {
            all.add(column.eq(value))
        })
    };
    let mut any: Vec<Condition> = keys.iter().map(|key| one(key)).collect();
    while any.len() > ALTERNATIVES_MAX {
        any = any.chunks(ALTERNATIVES_MAX).map(either).collect();
    }
    E::find().filter(either(&any))
}

fn either(conditions: &[Condition]) -> Condition {
    let conditions = conditions.iter().cloned();
    conditions.fold(Condition::any(), Condition::add)
}

/// Loads rows by their keys, which stand at the places of the reads.
pub(super) struct RowsByKey<E> {
    keys: Arc<[ValueTuple]>,
    exact: Exact,
    entity: PhantomData<fn() -> E>,
}

impl<E> Clone for RowsByKey<E> {
    fn clone(&self) -> Self {
        RowsByKey {
            keys: self.keys.clone(),
            exact: self.exact.clone(),
            entity: PhantomData,
        }
    }
}

impl<E: EntityTrait> RowsByKey<E> {
    pub(super) fn new(keys: Arc<[ValueTuple]>, reader: Reader<'_>) -> Self {
        RowsByKey {
            exact: Exact::of::<E>(reader),
            keys,
            entity: PhantomData,
        }
    }
}

impl<E> LoadMany<Row<E>> for RowsByKey<E>
where
    E: EntityTrait,
    E::Model: Send + Sync,
{
    async fn load<C: ConnectionTrait>(
        self,
        connection: &C,
        places: Vec<usize>,
        sends: impl Fn() + Send + Sync,
    ) -> Result<Vec<(usize, Row<E>)>, DbErr> {
        let width = self.keys.first().map_or(1, ValueTuple::arity).max(1);
        let mut found = Vec::with_capacity(places.len());
        for places in places.chunks((VALUES_PER_STATEMENT_MAX / width).max(1)) {
            let keys: Vec<&ValueTuple> = places.iter().map(|at| &self.keys[*at]).collect();
            let statement = by_keys::<E>(&keys).all_statement(connection.get_database_backend())?;
            sends();
            let mut rows: HashMap<ValueTuple, Arc<E::Model>> = HashMap::new();
            for row in connection.query_all_raw(statement).await? {
                let model = <Select<E> as Query>::decode(row)?;
                let key = model.get_primary_key_value();
                rows.entry(key).or_insert_with(|| Arc::new(model));
            }
            // Whether the database has found rows that are nobody's, by our own equality.
            let asked: HashSet<&ValueTuple> = keys.iter().copied().collect();
            let strays = rows.keys().any(|key| !asked.contains(key));
            for (&at, key) in places.iter().zip(keys) {
                let row = match rows.get(key) {
                    Some(row) => Some(row.clone()),
                    // It may have found this one under another name.
                    None if strays || !(rows.is_empty() || self.exact.is(&values(key))) => {
                        sends();
                        let statement =
                            by_key::<E>(key).one_statement(connection.get_database_backend())?;
                        let row = connection.query_one_raw(statement).await?;
                        let row = row.map(<Select<E> as Query>::decode).transpose()?;
                        row.map(Arc::new)
                    }
                    None => None,
                };
                found.push((at, row));
            }
        }
        Ok(found)
    }
}

/// The values of a key.
fn values(key: &ValueTuple) -> Vec<Value> {
    key.clone().into_iter().collect()
}
