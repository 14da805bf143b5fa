//! `.cached()` that does not cache yet: every read goes to the database.

use std::sync::Arc;

use sea_orm::{
    ConnectionTrait, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, Select, SelectModel,
    SelectTwo, Selector,
};

/// What cached reads can be asked of.
pub trait CachedRead: ConnectionTrait {}
impl CachedRead for sea_orm::DatabaseConnection {}
impl CachedRead for sea_orm::DatabaseTransaction {}

/// A read that may be answered from the cache.
pub struct Cached<Q>(Q);

/// Gives SeaORM's reads a `.cached()`.
pub trait CachedExt: Sized {
    /// This read, from the cache where it can be.
    fn cached(self) -> Cached<Self> {
        Cached(self)
    }
}

impl<E: EntityTrait> CachedExt for Select<E> {}
impl<E: EntityTrait, F: EntityTrait> CachedExt for SelectTwo<E, F> {}
impl<M: FromQueryResult> CachedExt for Selector<SelectModel<M>> {}

impl<E: EntityTrait> Cached<Select<E>> {
    /// All rows.
    pub async fn all(self, db: &impl CachedRead) -> Result<Arc<Vec<E::Model>>, DbErr> {
        self.0.all(db).await.map(Arc::new)
    }

    /// The first row.
    pub async fn one(self, db: &impl CachedRead) -> Result<Option<Arc<E::Model>>, DbErr> {
        Ok(self.0.one(db).await?.map(Arc::new))
    }

    /// How many rows there are.
    pub async fn count<C>(self, db: &C) -> Result<u64, DbErr>
    where
        C: CachedRead,
        E::Model: FromQueryResult + Send + Sync,
    {
        self.0.count(db).await
    }
}

impl<E: EntityTrait, F: EntityTrait> Cached<SelectTwo<E, F>> {
    /// The first row with its related one.
    #[allow(clippy::type_complexity)]
    pub async fn one(
        self,
        db: &impl CachedRead,
    ) -> Result<Option<Arc<(E::Model, Option<F::Model>)>>, DbErr> {
        Ok(self.0.one(db).await?.map(Arc::new))
    }
}

impl<M: FromQueryResult> Cached<Selector<SelectModel<M>>> {
    /// All rows.
    pub async fn all(self, db: &impl CachedRead) -> Result<Arc<Vec<M>>, DbErr> {
        self.0.all(db).await.map(Arc::new)
    }

    /// The first row.
    pub async fn one(self, db: &impl CachedRead) -> Result<Option<Arc<M>>, DbErr> {
        Ok(self.0.one(db).await?.map(Arc::new))
    }
}
