//! Related rows of rows already read: SeaORM's loaders, answered from the cache.

use std::sync::Arc;

use larder::Mode;
use sea_orm::{
    DbErr, EntityOrSelect, EntityTrait, IdenStatic, Iterable, LoaderTrait, ModelTrait, QueryResult,
    Related, Select, Value,
};

use crate::cached::{Cached, CachedExt};
use crate::probe::{Probe, Replay, probe};
use crate::read::{Ask, Rows, fetch};
use crate::reader::CachedRead;

/// Models that a cached read gave: their related rows are loaded through the cache.
impl<T: ModelTrait> CachedExt for Arc<Vec<T>> {}

impl<T, M> Cached<Arc<Vec<T>>, M>
where
    T: ModelTrait + Send + Sync + 'static,
{
    /// For each model the row of `related` it belongs to, or has. See [`LoaderTrait::load_one`].
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn load_one<R, S, C>(
        self,
        related: S,
        db: &C,
    ) -> Result<Arc<Vec<Option<R::Model>>>, DbErr>
    where
        R: EntityTrait,
        R::Model: Send + Sync,
        S: EntityOrSelect<R>,
        T::Entity: Related<R>,
        C: CachedRead,
        M: Mode<Vec<Option<R::Model>>>,
    {
        let Cached {
            query: models,
            policy,
            ..
        } = self;
        let select = related.select();
        let backend = db.reader().backend();
        let statement = match probe(models.load_one(select.clone(), Probe::of(backend))) {
            Ok(statement) => statement,
            Err(answer) => return answer.map(Arc::new),
        };
        let ask = Ask {
            extra: keys::<T, R>(&models),
            policy: Some(&policy),
            ..Ask::plain("load one")
        };
        let rows = Rows(move |rows: Vec<QueryResult>| {
            Replay::answer(models.load_one(select, &Replay::new(backend, rows)))
        });
        fetch::<_, M, _>(db.reader(), statement, ask, rows).await
    }

    /// For each model its rows of `related`, also through a junction table. See
    /// [`LoaderTrait::load_many`].
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn load_many<R, S, C>(
        self,
        related: S,
        db: &C,
    ) -> Result<Arc<Vec<Vec<R::Model>>>, DbErr>
    where
        R: EntityTrait,
        R::Model: Send + Sync,
        S: EntityOrSelect<R>,
        T::Entity: Related<R>,
        C: CachedRead,
        M: Mode<Vec<Vec<R::Model>>>,
    {
        let Cached {
            query: models,
            policy,
            ..
        } = self;
        let select: Select<R> = related.select();
        let backend = db.reader().backend();
        let statement = match probe(models.load_many(select.clone(), Probe::of(backend))) {
            Ok(statement) => statement,
            Err(answer) => return answer.map(Arc::new),
        };
        let ask = Ask {
            extra: keys::<T, R>(&models),
            policy: Some(&policy),
            ..Ask::plain("load many")
        };
        let rows = Rows(move |rows: Vec<QueryResult>| {
            Replay::answer(models.load_many(select, &Replay::new(backend, rows)))
        });
        fetch::<_, M, _>(db.reader(), statement, ask, rows).await
    }
}

/// The values by which related rows are given to the models, in their order: the statement alone
/// does not tell in which order the models stand.
fn keys<T, R>(models: &[T]) -> Vec<Value>
where
    T: ModelTrait,
    R: EntityTrait,
    T::Entity: Related<R>,
{
    let relation = <T::Entity as Related<R>>::via().unwrap_or_else(<T::Entity as Related<R>>::to);
    let names: Vec<String> = relation
        .from_col
        .iter()
        .map(|name| name.to_string())
        .collect();
    let columns: Vec<_> = <T::Entity as EntityTrait>::Column::iter()
        .filter(|column| names.iter().any(|name| name == column.as_str()))
        .collect();
    models
        .iter()
        .flat_map(|model| columns.iter().map(|column| model.get(*column)))
        .collect()
}
