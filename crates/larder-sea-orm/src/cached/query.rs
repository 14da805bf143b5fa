//! What every select has in common: a statement, and a way to read its rows.

use sea_orm::{
    DbBackend, DbErr, EntityTrait, FromQueryResult, QueryResult, QuerySelect, QueryTrait, Select,
    SelectTwo, SelectTwoModel, SelectTwoRequired, SelectTwoRequiredModel, Selector, SelectorRaw,
    SelectorTrait, Statement,
};

use crate::cached::CachedExt;
use crate::probe::{Probe, probe};

/// A select of rows. Implemented for SeaORM's.
pub trait Query: Sized {
    /// What a row becomes.
    type Item: Send + Sync + 'static;

    #[doc(hidden)]
    fn all_statement(self, backend: DbBackend) -> Result<Statement, DbErr>;

    #[doc(hidden)]
    fn one_statement(self, backend: DbBackend) -> Result<Statement, DbErr>;

    #[doc(hidden)]
    fn decode(row: QueryResult) -> Result<Self::Item, DbErr>;
}

impl<E> Query for Select<E>
where
    E: EntityTrait,
    E::Model: Send + Sync,
{
    type Item = E::Model;

    fn all_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
        Ok(self.build(backend))
    }

    fn one_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
        Ok(self.limit(1).build(backend))
    }

    fn decode(row: QueryResult) -> Result<E::Model, DbErr> {
        E::Model::from_query_result(&row, "")
    }
}

impl<S> Query for Selector<S>
where
    S: SelectorTrait,
    S::Item: Send + Sync + 'static,
{
    type Item = S::Item;

    fn all_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
        Ok(self.into_statement(backend))
    }

    fn one_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
        probe(self.one(Probe::of(backend))).map_err(unasked)
    }

    fn decode(row: QueryResult) -> Result<S::Item, DbErr> {
        S::from_raw_query_result(row)
    }
}

impl<S> Query for SelectorRaw<S>
where
    S: SelectorTrait,
    S::Item: Send + Sync + 'static,
{
    type Item = S::Item;

    fn all_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
        probe(self.all(Probe::of(backend))).map_err(unasked)
    }

    fn one_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
        probe(self.one(Probe::of(backend))).map_err(unasked)
    }

    fn decode(row: QueryResult) -> Result<S::Item, DbErr> {
        S::from_raw_query_result(row)
    }
}

/// A reader that asked nothing has an error to tell.
pub(super) fn unasked<T>(answer: Result<T, DbErr>) -> DbErr {
    answer
        .err()
        .unwrap_or_else(|| DbErr::Custom("this select asked the database nothing".to_owned()))
}

/// Joins become a selector of pairs.
macro_rules! pairs {
    ($select:ident, $model:ident, $item:ty) => {
        impl<E, F> Query for $select<E, F>
        where
            E: EntityTrait,
            F: EntityTrait,
            E::Model: Send + Sync,
            F::Model: Send + Sync,
        {
            type Item = $item;

            fn all_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
                self.into_model::<E::Model, F::Model>()
                    .all_statement(backend)
            }

            fn one_statement(self, backend: DbBackend) -> Result<Statement, DbErr> {
                self.into_model::<E::Model, F::Model>()
                    .one_statement(backend)
            }

            fn decode(row: QueryResult) -> Result<Self::Item, DbErr> {
                $model::<E::Model, F::Model>::from_raw_query_result(row)
            }
        }
    };
}

pairs!(SelectTwo, SelectTwoModel, (E::Model, Option<F::Model>));
pairs!(
    SelectTwoRequired,
    SelectTwoRequiredModel,
    (E::Model, F::Model)
);

impl<E: EntityTrait> CachedExt for Select<E> {}
impl<S: SelectorTrait> CachedExt for Selector<S> {}
impl<S: SelectorTrait> CachedExt for SelectorRaw<S> {}
impl<E: EntityTrait, F: EntityTrait> CachedExt for SelectTwo<E, F> {}
impl<E: EntityTrait, F: EntityTrait> CachedExt for SelectTwoRequired<E, F> {}
impl<E: EntityTrait, F: EntityTrait> CachedExt for sea_orm::SelectTwoMany<E, F> {}
