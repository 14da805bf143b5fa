//! The rows of one entity.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use larder::{Local, Mode, Policy, Serde};
use sea_orm::sea_query::{IntoValueTuple, ValueTuple};
use sea_orm::{DbErr, EntityTrait, PrimaryKeyTrait, Select, Statement, Value};

use super::CachedSelect;
use super::batch::{Row, RowsByKey, by_key};
use super::by_value::{RowsByValue, by_value};
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

    /// The rows that have these values in a column, in the order of the values: for each a list, ordered by
    /// primary key, and empty where there are none. One look for all, and one statement for all
    /// that the cache does not have.
    ///
    /// Each list is kept as what
    /// `find().filter(column.eq(value)).order_by_asc(primary key).cached().all(db)` gives: a write that
    /// changes a row drops the lists of the values that the row had and has, and no others. `None` stands
    /// for the rows without a value.
    ///
    /// # Values that are not plain
    /// Where the database may take two different values for equal (texts in a column with a collation, numbers
    /// that are not whole, times; within a transaction all but whole numbers), each value that is missing beside
    /// others that have rows is asked for by a statement of its own.
    ///
    /// # Example: the tracks of three albums
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// use larder::Cache;
    /// use larder_sea_orm::{CachedConnection, CachedEntity};
    /// use sea_orm::{ConnectionTrait, Database, DbErr};
    /// # mod track {
    /// #     use larder_sea_orm::sea_orm;
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    /// #     #[sea_orm(table_name = "track")]
    /// #     pub struct Model { #[sea_orm(primary_key)] pub id: i32, pub album_id: i32 }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), DbErr> {
    /// # let connection = Database::connect("sqlite::memory:").await?;
    /// # connection.execute_unprepared("CREATE TABLE track (id INTEGER PRIMARY KEY, album_id INTEGER)").await?;
    /// # connection.execute_unprepared("INSERT INTO track VALUES (1, 7), (2, 7), (3, 8)").await?;
    /// let db = CachedConnection::new(connection, Cache::memory()).await?;
    ///
    /// let of_albums = || track::Entity::cached(&db).get_many_by(track::Column::AlbumId, [7, 8, 9]);
    /// let statements = db.statements();
    /// let tracks = of_albums().await?;
    /// assert_eq!(tracks.iter().map(|tracks| tracks.len()).collect::<Vec<_>>(), [2, 1, 0]);
    /// of_albums().await?;
    /// assert_eq!(db.statements() - statements, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn get_many_by<V: Into<Value>>(
        self,
        column: E::Column,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Vec<Arc<Vec<E::Model>>>, DbErr>
    where
        E::Column: Send + Sync,
        M: Mode<Vec<E::Model>>,
    {
        let values: Arc<[Value]> = values.into_iter().map(Into::into).collect();
        let backend = self.db.reader().backend();
        let statements = values
            .iter()
            .map(|value| by_value::<E>(column, value.clone()).all_statement(backend))
            .collect::<Result<Vec<Statement>, DbErr>>()?;
        let terms = self.get_terms();
        let ask = Ask {
            policy: Some(&terms),
            reader: std::any::type_name::<Select<E>>(),
            ..Ask::plain("all")
        };
        let load = RowsByValue::<E>::new(column, values, self.db.reader());
        fetch_many::<_, M, _>(self.db.reader(), statements, ask, load).await
    }

    /// All rows, as a select to go on with. It is cached if [`Rows::cache_all`](crate::Rows::cache_all)
    /// says so, and goes to the database if not.
    pub fn find(self) -> CachedSelect<'db, Select<E>, C, M> {
        let off = self.terms.rows().and_then(|rows| rows.all_is_off());
        CachedSelect::new(self.db, E::find(), self.terms.unless(off))
    }
}
