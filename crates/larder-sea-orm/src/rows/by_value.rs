//! Rows by the values of one of their columns, as few statements as can be.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::mem::discriminant;
use std::sync::Arc;

use sea_orm::sea_query::Condition;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, Iterable, ModelTrait, PrimaryKeyToColumn,
    QueryFilter, QueryOrder, Select, Value,
};

use super::batch::VALUES_PER_STATEMENT_MAX;
use super::exact::Exact;
use crate::cached::Query;
use crate::read::LoadMany;
use crate::reader::Reader;

/// The select of the rows with one value.
pub(super) fn by_value<E: EntityTrait>(column: E::Column, value: Value) -> Select<E> {
    in_order(E::find().filter(column.eq(value)))
}

/// The rows with any of these values.
fn by_values<E: EntityTrait>(column: E::Column, values: &[&Value]) -> Select<E> {
    let (nulls, values): (Vec<&Value>, Vec<&Value>) =
        values.iter().copied().partition(|value| is_null(value));
    let mut any = Condition::any();
    if !values.is_empty() {
        any = any.add(column.is_in(values.into_iter().cloned()));
    }
    if !nulls.is_empty() {
        any = any.add(column.is_null());
    }
    in_order(E::find().filter(any))
}

fn in_order<E: EntityTrait>(select: Select<E>) -> Select<E> {
    E::PrimaryKey::iter().fold(select, |select, key| select.order_by_asc(key.into_column()))
}

/// Loads rows by values of a column, which stand at the places of the reads.
pub(super) struct RowsByValue<E: EntityTrait> {
    column: E::Column,
    values: Arc<[Value]>,
    exact: Exact,
    entity: PhantomData<fn() -> E>,
}

impl<E: EntityTrait> Clone for RowsByValue<E> {
    fn clone(&self) -> Self {
        RowsByValue {
            column: self.column,
            values: self.values.clone(),
            exact: self.exact.clone(),
            entity: PhantomData,
        }
    }
}

impl<E: EntityTrait> RowsByValue<E> {
    pub(super) fn new(column: E::Column, values: Arc<[Value]>, reader: Reader<'_>) -> Self {
        RowsByValue {
            exact: Exact::of_columns::<E>(reader, [column]),
            column,
            values,
            entity: PhantomData,
        }
    }
}

impl<E> LoadMany<Vec<E::Model>> for RowsByValue<E>
where
    E: EntityTrait,
    E::Column: Send + Sync,
    E::Model: Send + Sync,
{
    async fn load<C: ConnectionTrait>(
        self,
        connection: &C,
        places: Vec<usize>,
        sends: impl Fn() + Send + Sync,
    ) -> Result<Vec<(usize, Vec<E::Model>)>, DbErr> {
        let backend = connection.get_database_backend();
        let mut found = Vec::with_capacity(places.len());
        for places in places.chunks(VALUES_PER_STATEMENT_MAX) {
            let values: Vec<&Value> = places.iter().map(|at| &self.values[*at]).collect();
            sends();
            let rows = by_values::<E>(self.column, &values).all_statement(backend)?;
            let rows = connection.query_all_raw(rows).await?;
            let rows = Sorted::<E>::by(self.column, rows.into_iter().map(<Select<E>>::decode))?;
            let told = rows.tell(&values);
            for (&at, value) in places.iter().zip(values) {
                let rows = match told && rows.tells(&self.exact, value) {
                    true => rows.of(value),
                    // Some of its rows may be among another's, by the names that they go by here.
                    false => {
                        sends();
                        let alone = by_value::<E>(self.column, value.clone());
                        let rows = connection.query_all_raw(alone.all_statement(backend)?);
                        let rows = rows.await?.into_iter().map(<Select<E>>::decode);
                        rows.collect::<Result<_, _>>()?
                    }
                };
                found.push((at, rows));
            }
        }
        Ok(found)
    }
}

/// Rows by what stands in a column of theirs.
struct Sorted<E: EntityTrait>(HashMap<Value, Vec<E::Model>>);

impl<E: EntityTrait> Sorted<E> {
    fn by(
        column: E::Column,
        rows: impl Iterator<Item = Result<E::Model, DbErr>>,
    ) -> Result<Self, DbErr> {
        let mut sorted: HashMap<Value, Vec<E::Model>> = HashMap::new();
        for row in rows {
            let row = row?;
            let value = plain(&row.get(column));
            sorted.entry(value).or_default().push(row);
        }
        Ok(Sorted(sorted))
    }

    /// Whether each row is one of these values' by our own equality.
    fn tell(&self, values: &[&Value]) -> bool {
        let asked: HashSet<Value> = values.iter().map(|value| plain(value)).collect();
        self.0.keys().all(|value| asked.contains(value))
    }

    /// Whether the rows with this value are those that are sorted under it: the database would have
    /// found none of the others for it.
    fn tells(&self, exact: &Exact, value: &Value) -> bool {
        if self.0.is_empty() || is_null(value) {
            return true;
        }
        let kind = discriminant(&plain(value));
        let mut others = self.0.keys().filter(|other| !is_null(other));
        exact.is(std::slice::from_ref(value)) && others.all(|other| discriminant(other) == kind)
    }

    fn of(&self, value: &Value) -> Vec<E::Model> {
        self.0.get(&plain(value)).cloned().unwrap_or_default()
    }
}

fn is_null(value: &Value) -> bool {
    *value == value.as_null()
}

/// A value in one form, by whatever width of number it was asked for.
fn plain(value: &Value) -> Value {
    if is_null(value) {
        return Value::Bool(None);
    }
    let number = match *value {
        Value::TinyInt(Some(number)) => i64::from(number),
        Value::SmallInt(Some(number)) => number.into(),
        Value::Int(Some(number)) => number.into(),
        Value::TinyUnsigned(Some(number)) => number.into(),
        Value::SmallUnsigned(Some(number)) => number.into(),
        Value::Unsigned(Some(number)) => number.into(),
        Value::BigUnsigned(Some(number)) => match i64::try_from(number) {
            Ok(number) => number,
            Err(_) => return value.clone(),
        },
        _ => return value.clone(),
    };
    Value::BigInt(Some(number))
}
