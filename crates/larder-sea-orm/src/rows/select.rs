//! A cached select that knows its connection.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use larder::{Mode, Policy, Serde};
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    DbErr, EntityTrait, FromQueryResult, JsonValue, PaginatorTrait, PartialModelTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, SelectExt, SelectGetableTuple, SelectModel,
    Selector, TryGetableMany,
};

use crate::cached::{Cached, OnColumns, Query, Terms};
use crate::probe::Probe;
use crate::reader::CachedRead;

/// A select that an entity or a model began on a connection. What follows SeaORM's selects follows it,
/// and its endings take no connection.
///
/// Answers are shared: what comes back is an [`Arc`], the same one for every caller until a write
/// changes the answer.
#[must_use = "a query does nothing until it is asked for `all`, `one`, `count` or `exists`"]
pub struct CachedSelect<'db, Q, C, M = Serde> {
    db: &'db C,
    select: Cached<Q, M>,
    asks: Asks,
}

/// Of whom a select asks its rows.
#[derive(Debug)]
pub(super) enum Asks {
    /// The cache, else the database.
    Everybody,
    /// Nobody: there are none.
    Nothing,
    /// It should not have been asked for.
    Wrong(DbErr),
}

impl<'db, Q, C, M> CachedSelect<'db, Q, C, M> {
    pub(super) fn new(db: &'db C, query: Q, terms: Terms) -> Self {
        CachedSelect::asking(db, query, terms, Asks::Everybody)
    }

    pub(super) fn asking(db: &'db C, query: Q, terms: Terms, asks: Asks) -> Self {
        CachedSelect {
            db,
            select: Cached {
                query,
                policy: terms,
                mode: PhantomData,
            },
            asks,
        }
    }

    fn map<R>(self, change: impl FnOnce(Q) -> R) -> CachedSelect<'db, R, C, M> {
        CachedSelect {
            db: self.db,
            select: self.select.map(change),
            asks: self.asks,
        }
    }

    /// How long the answer is fresh at most. Unless said, as long as [`Rows`](crate::Rows) says.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.select = self.select.ttl(ttl);
        self
    }

    /// All times and rules of the answer.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.select = self.select.policy(policy);
        self
    }

    /// Listens by these columns: see [`Cached::on`].
    pub fn on<How>(mut self, columns: impl OnColumns<How>) -> Self {
        self.select = self.select.on(columns);
        self
    }

    /// The select, if there is something to ask for.
    fn asked(self) -> Result<Option<Cached<Q, M>>, DbErr> {
        match self.asks {
            Asks::Everybody => Ok(Some(self.select)),
            Asks::Nothing => Ok(None),
            Asks::Wrong(error) => Err(error),
        }
    }
}

impl<Q: Query, C: CachedRead, M> CachedSelect<'_, Q, C, M> {
    /// All rows.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn all(self) -> Result<Arc<Vec<Q::Item>>, DbErr>
    where
        M: Mode<Vec<Q::Item>>,
    {
        let db = self.db;
        match self.asked()? {
            Some(select) => select.all(db).await,
            None => Ok(Arc::default()),
        }
    }

    /// The first row, if there is one. That there is none is remembered, too.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn one(self) -> Result<Option<Arc<Q::Item>>, DbErr>
    where
        M: Mode<Option<Arc<Q::Item>>>,
    {
        let db = self.db;
        match self.asked()? {
            Some(select) => select.one(db).await,
            None => Ok(None),
        }
    }
}

impl<Q, C: CachedRead, M> CachedSelect<'_, Q, C, M>
where
    Q: PaginatorTrait<'static, Probe> + Send,
{
    /// How many rows there are.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn count(self) -> Result<u64, DbErr>
    where
        M: Mode<u64>,
    {
        let db = self.db;
        match self.asked()? {
            Some(select) => select.count(db).await,
            None => Ok(0),
        }
    }
}

impl<Q, C: CachedRead, M> CachedSelect<'_, Q, C, M>
where
    Q: SelectExt + Send,
{
    /// Whether there is a row at all.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn exists(self) -> Result<bool, DbErr>
    where
        M: Mode<bool>,
    {
        let db = self.db;
        match self.asked()? {
            Some(select) => select.exists(db).await,
            None => Ok(false),
        }
    }
}

impl<'db, E: EntityTrait, C, M> CachedSelect<'db, Select<E>, C, M> {
    /// Rows as another model. See [`Select::into_model`].
    #[allow(clippy::wrong_self_convention)]
    pub fn into_model<T: FromQueryResult>(
        self,
    ) -> CachedSelect<'db, Selector<SelectModel<T>>, C, M> {
        self.map(Select::into_model)
    }

    /// Rows as a model of some columns. See [`Select::into_partial_model`].
    pub fn into_partial_model<T: PartialModelTrait>(
        self,
    ) -> CachedSelect<'db, Selector<SelectModel<T>>, C, M> {
        self.map(Select::into_partial_model)
    }

    /// Rows as JSON. See [`Select::into_json`].
    pub fn into_json(self) -> CachedSelect<'db, Selector<SelectModel<JsonValue>>, C, M> {
        self.map(Select::into_json)
    }

    /// Rows as tuples. See [`Select::into_tuple`].
    pub fn into_tuple<T: TryGetableMany>(
        self,
    ) -> CachedSelect<'db, Selector<SelectGetableTuple<T>>, C, M> {
        self.map(Select::into_tuple)
    }
}

impl<Q: QueryTrait, C, M> QueryTrait for CachedSelect<'_, Q, C, M> {
    type QueryStatement = Q::QueryStatement;

    fn query(&mut self) -> &mut Self::QueryStatement {
        self.select.query.query()
    }

    fn as_query(&self) -> &Self::QueryStatement {
        self.select.query.as_query()
    }

    fn into_query(self) -> Self::QueryStatement {
        self.select.query.into_query()
    }
}

impl<Q: QuerySelect, C, M> QuerySelect for CachedSelect<'_, Q, C, M> {
    type QueryStatement = SelectStatement;

    fn query(&mut self) -> &mut SelectStatement {
        QuerySelect::query(&mut self.select.query)
    }
}

impl<Q: QueryOrder, C, M> QueryOrder for CachedSelect<'_, Q, C, M> {
    type QueryStatement = SelectStatement;

    fn query(&mut self) -> &mut SelectStatement {
        QueryOrder::query(&mut self.select.query)
    }
}

impl<Q: QueryFilter, C, M> QueryFilter for CachedSelect<'_, Q, C, M> {
    type QueryStatement = Q::QueryStatement;

    fn query(&mut self) -> &mut Self::QueryStatement {
        QueryFilter::query(&mut self.select.query)
    }
}
