//! `.cached()` anywhere in the chain: what can follow a select can follow a cached one.

use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    EntityTrait, FromQueryResult, JsonValue, PartialModelTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Related, Select, SelectGetableTuple, SelectGetableValue, SelectModel,
    SelectTwo, SelectTwoMany, SelectTwoModel, Selector, SelectorRaw, Statement, TryGetableMany,
};

use crate::cached::Cached;

impl<Q, M> QueryTrait for Cached<Q, M>
where
    Q: QueryTrait,
{
    type QueryStatement = Q::QueryStatement;

    fn query(&mut self) -> &mut Self::QueryStatement {
        self.query.query()
    }

    fn as_query(&self) -> &Self::QueryStatement {
        self.query.as_query()
    }

    fn into_query(self) -> Self::QueryStatement {
        self.query.into_query()
    }
}

impl<Q, M> QuerySelect for Cached<Q, M>
where
    Q: QuerySelect,
{
    type QueryStatement = SelectStatement;

    fn query(&mut self) -> &mut SelectStatement {
        QuerySelect::query(&mut self.query)
    }
}

impl<Q, M> QueryOrder for Cached<Q, M>
where
    Q: QueryOrder,
{
    type QueryStatement = SelectStatement;

    fn query(&mut self) -> &mut SelectStatement {
        QueryOrder::query(&mut self.query)
    }
}

impl<Q, M> QueryFilter for Cached<Q, M>
where
    Q: QueryFilter,
{
    type QueryStatement = Q::QueryStatement;

    fn query(&mut self) -> &mut Self::QueryStatement {
        QueryFilter::query(&mut self.query)
    }
}

impl<E: EntityTrait, M> Cached<Select<E>, M> {
    /// Rows as another model. See [`Select::into_model`].
    #[allow(clippy::wrong_self_convention)]
    pub fn into_model<T: FromQueryResult>(self) -> Cached<Selector<SelectModel<T>>, M> {
        self.map(Select::into_model)
    }

    /// Rows as a model of some columns. See [`Select::into_partial_model`].
    pub fn into_partial_model<T: PartialModelTrait>(self) -> Cached<Selector<SelectModel<T>>, M> {
        self.map(Select::into_partial_model)
    }

    /// Rows as JSON. See [`Select::into_json`].
    pub fn into_json(self) -> Cached<Selector<SelectModel<JsonValue>>, M> {
        self.map(Select::into_json)
    }

    /// Rows as tuples. See [`Select::into_tuple`].
    pub fn into_tuple<T: TryGetableMany>(self) -> Cached<Selector<SelectGetableTuple<T>>, M> {
        self.map(Select::into_tuple)
    }

    /// Rows as tuples by names. See [`Select::into_values`].
    pub fn into_values<T, C>(self) -> Cached<Selector<SelectGetableValue<T, C>>, M>
    where
        T: TryGetableMany,
        C: sea_orm::Iterable + sea_orm::Iden,
    {
        self.map(Select::into_values)
    }

    /// Each row with at most one of another table. See [`Select::find_also_related`].
    pub fn find_also_related<R>(self, related: R) -> Cached<SelectTwo<E, R>, M>
    where
        R: EntityTrait,
        E: Related<R>,
    {
        self.map(|select| select.find_also_related(related))
    }

    /// Each row with those of another table. See [`Select::find_with_related`].
    pub fn find_with_related<R>(self, related: R) -> Cached<SelectTwoMany<E, R>, M>
    where
        R: EntityTrait,
        E: Related<R>,
    {
        self.map(|select| select.find_with_related(related))
    }

    /// Another text for the same model. See [`Select::from_raw_sql`].
    pub fn from_raw_sql(
        self,
        statement: Statement,
    ) -> Cached<SelectorRaw<SelectModel<E::Model>>, M> {
        self.map(|select| select.from_raw_sql(statement))
    }
}

impl<E: EntityTrait, F: EntityTrait, M> Cached<SelectTwo<E, F>, M> {
    /// Rows as other models. See [`SelectTwo::into_model`].
    pub fn into_model<A: FromQueryResult, B: FromQueryResult>(
        self,
    ) -> Cached<Selector<SelectTwoModel<A, B>>, M> {
        self.map(SelectTwo::into_model)
    }

    /// Rows as JSON. See [`SelectTwo::into_json`].
    pub fn into_json(self) -> Cached<Selector<SelectTwoModel<JsonValue, JsonValue>>, M> {
        self.map(SelectTwo::into_json)
    }
}
