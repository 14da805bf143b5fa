//! Rows of entities, from the cache: by key, by select, by relation.

use std::marker::PhantomData;

use larder::Serde;
use sea_orm::{EntityTrait, ModelTrait};

use crate::cached::Terms;
use crate::reader::CachedRead;

mod batch;
mod by_value;
mod entity;
mod exact;
mod related;
mod relation;
mod select;
mod settings;

pub use entity::CachedRows;
pub use related::CachedRelations;
pub use select::CachedSelect;
pub use settings::Rows;
pub(crate) use settings::{Registered, Registry};

/// Adds `cached(&db)` to every entity: its rows, from the cache.
pub trait CachedEntity: EntityTrait {
    /// The rows of this entity, from the cache, kept as [`Rows`] says.
    ///
    /// # Example: a row is asked for once, and so is its absence
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// use larder::Cache;
    /// use larder_sea_orm::{CachedConnection, CachedEntity};
    /// use sea_orm::{ActiveModelTrait, ConnectionTrait, Database, DbErr, Set};
    /// # mod person {
    /// #     use larder_sea_orm::sea_orm;
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    /// #     #[sea_orm(table_name = "person")]
    /// #     pub struct Model {
    /// #         #[sea_orm(primary_key)]
    /// #         pub id: i32,
    /// #         pub name: String,
    /// #     }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// use person::Entity as Person;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), DbErr> {
    /// # let connection = Database::connect("sqlite::memory:").await?;
    /// # connection.execute_unprepared("CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT)").await?;
    /// # connection.execute_unprepared("INSERT INTO person VALUES (1, 'Ann'), (2, 'Bob')").await?;
    /// let db = CachedConnection::new(connection, Cache::memory()).await?;
    ///
    /// assert_eq!(Person::cached(&db).get(2).await?.unwrap().name, "Bob");
    /// assert!(Person::cached(&db).get(3).await?.is_none());
    /// let statements = db.statements();
    /// Person::cached(&db).get(2).await?;
    /// Person::cached(&db).get(3).await?;
    /// assert_eq!(db.statements(), statements);
    ///
    /// let eve = person::ActiveModel { id: Set(3), name: Set("Eve".to_owned()) };
    /// eve.insert(&db).await?;
    /// assert_eq!(Person::cached(&db).get(3).await?.unwrap().name, "Eve");
    /// # Ok(())
    /// # }
    /// ```
    fn cached<C: CachedRead>(db: &C) -> CachedRows<'_, Self, C, Serde> {
        CachedRows::new(db, terms::<Self, C>(db))
    }
}

impl<E: EntityTrait> CachedEntity for E {}

/// Adds `cached(&db)` to every model: its related rows, from the cache.
pub trait CachedModel: ModelTrait {
    /// The rows that are related to this one, from the cache.
    ///
    /// See [`CachedRelations::related`] for an example.
    fn cached<'a, C: CachedRead>(&'a self, db: &'a C) -> CachedRelations<'a, Self, C, Serde> {
        CachedRelations {
            model: self,
            db,
            said: Terms::default(),
            mode: PhantomData,
        }
    }
}

impl<T: ModelTrait> CachedModel for T {}

/// What is said of the rows of `E` where they are read by `db`.
fn terms<E: EntityTrait, C: CachedRead>(db: &C) -> Terms {
    // Without, nothing is kept there.
    Terms::of(db.reader().shared().map(|shared| shared.rows.of::<E>()))
}
