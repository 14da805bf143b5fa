//! The rows of one entity.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use larder::{Local, Mode, Policy, Serde};
use sea_orm::sea_query::{IntoValueTuple, ValueTuple};
use sea_orm::{DbErr, EntityTrait, PrimaryKeyTrait, Select, Statement};

use super::CachedSelect;
use super::batch::{Row, RowsByKey, by_key};
use crate::cached::{Cached, Query, Terms};
use crate::read::{Ask, fetch_many};
use crate::reader::CachedRead;

/// What identifies a row of `E`: the value of its primary key, a tuple if that has several columns.
type KeyOf<E> = <<E as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType;

/// The rows of one entity, from the cache: see [`CachedEntity`](crate::CachedEntity).
#[must_use = "it asks nothing until it is asked for rows"]
pub struct CachedRows<'db, E, C, M = Serde> {
    db: &'db C,
    terms: Terms,
    mode: PhantomData<fn() -> (E, M)>,
}

impl<'db, E, C, M> CachedRows<'db, E, C, M> {
    pub(super) fn new(db: &'db C, terms: Terms) -> Self {
        CachedRows {
            db,
            terms,
            mode: PhantomData,
        }
    }

    /// How long the answer is fresh at most. Unless said, as long as [`Rows`](crate::Rows) says.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.terms = self.terms.ttl(ttl);
        self
    }

    /// All times and rules of the answer.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.terms = self.terms.own(policy);
        self
    }

    /// For models without serde: their rows stay in this process.
    pub fn local(self) -> CachedRows<'db, E, C, Local> {
        CachedRows::new(self.db, self.terms)
    }

    fn get_terms(&self) -> Terms {
        let off = self.terms.rows().and_then(|rows| rows.get_is_off());
        self.terms.clone().unless(off)
    }
}

impl<'db, E, C, M> CachedRows<'db, E, C, M>
where
    E: EntityTrait,
    E::Model: Send + Sync,
    C: CachedRead,
{
    /// The row with this primary key, if there is one. That there is none is remembered, until it is
    /// created.
    ///
    /// It is kept as what `find_by_id(key).cached().one(db)` gives: the one finds what the other has
    /// stored, unless [`Rows`](crate::Rows) says another key, version or cache.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn get(self, key: impl Into<KeyOf<E>>) -> Result<Option<Arc<E::Model>>, DbErr>
    where
        M: Mode<Row<E>>,
    {
        let row: Cached<Select<E>, M> = Cached {
            policy: self.get_terms(),
            query: E::find_by_id(key),
            mode: PhantomData,
        };
        row.one(self.db).await
    }

    /// The row with this primary key.
    ///
    /// # Errors
    /// [`DbErr::RecordNotFound`] if there is none, which is remembered as by [`get`](Self::get); those of
    /// the database, when it has to be asked.
    pub async fn require(self, key: impl Into<KeyOf<E>>) -> Result<Arc<E::Model>, DbErr>
    where
        M: Mode<Row<E>>,
    {
        // As SeaORM's `require_one` says it.
        let none = || DbErr::RecordNotFound("None of the models match the query".to_owned());
        self.get(key).await?.ok_or_else(none)
    }

    /// The rows with these primary keys, in the order of the keys; `None` where there is none. One
    /// look for all, and one statement for all that the cache does not have.
    ///
    /// Each row is kept as by [`get`](Self::get).
    ///
    /// # Keys that are texts
    /// Where the database may take two different texts for equal (a column with a collation; within a
    /// transaction any text), a key that is missing beside others that are not is asked for once
    /// more, by a statement of its own.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn get_many<K: Into<KeyOf<E>>>(
        self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<Arc<E::Model>>>, DbErr>
    where
        M: Mode<Row<E>>,
    {
        let keys = keys.into_iter().map(|key| key.into().into_value_tuple());
        let keys: Arc<[ValueTuple]> = keys.collect();
        let backend = self.db.reader().backend();
        let statements = keys
            .iter()
            .map(|key| by_key::<E>(key).one_statement(backend))
            .collect::<Result<Vec<Statement>, DbErr>>()?;
        let terms = self.get_terms();
        let ask = Ask {
            policy: Some(&terms),
            ..Ask::row::<Select<E>>()
        };
        let load = RowsByKey::<E>::new(keys, self.db.reader());
        let rows = fetch_many::<_, M, _>(self.db.reader(), statements, ask, load).await?;
        Ok(rows.iter().map(|row| Option::clone(row)).collect())
    }

    /// All rows, as a select to go on with. It is cached if [`Rows::cache_all`](crate::Rows::cache_all)
    /// says so, and goes to the database if not.
    pub fn find(self) -> CachedSelect<'db, Select<E>, C, M> {
        let off = self.terms.rows().and_then(|rows| rows.all_is_off());
        CachedSelect::new(self.db, E::find(), self.terms.unless(off))
    }
}
