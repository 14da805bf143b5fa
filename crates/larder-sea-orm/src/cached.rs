//! `.cached()`: SeaORM's selects, answered from the cache.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use larder::{Local, Mode, Policy, Serde};
use larder_sql::Explanation;
use sea_orm::{DbErr, PaginatorTrait, QueryResult, SelectExt, SelectorTrait};

use crate::connection::CachedConnection;
use crate::probe::{Probe, probe};
use crate::read::{Ask, Rows, explained, fetch};
use crate::reader::CachedRead;

mod chain;
mod cursor;
mod loader;
mod many;
mod on;
mod paginator;
mod query;
mod terms;

pub use cursor::CachedCursor;
pub(crate) use on::On;
pub use on::{NamedColumn, OnColumns, column};
pub use paginator::CachedPaginator;
pub use query::Query;
pub(crate) use terms::{PLAIN, Said, Terms};

/// Adds `.cached()` to everything that SeaORM can select with.
pub trait CachedExt: Sized {
    /// Answers this select from the cache when it has the answer, and keeps the answer of the
    /// database when it has not. May stand anywhere in the chain.
    ///
    /// # Example: two reads, one statement
    /// See [`CachedConnection`](crate::CachedConnection).
    fn cached(self) -> Cached<Self> {
        Cached {
            query: self,
            policy: Terms::default(),
            mode: PhantomData,
        }
    }
}

/// A select that is answered from the cache.
///
/// Answers are shared: what comes back is an [`Arc`], the same one for every caller until a write
/// changes the answer.
#[must_use = "a query does nothing until it is asked for `all`, `one`, `count` or `exists`"]
pub struct Cached<Q, M = Serde> {
    pub(crate) query: Q,
    pub(crate) policy: Terms,
    pub(crate) mode: PhantomData<fn() -> M>,
}

impl<Q: Clone, M> Clone for Cached<Q, M> {
    fn clone(&self) -> Self {
        Cached {
            query: self.query.clone(),
            policy: self.policy.clone(),
            mode: PhantomData,
        }
    }
}

impl<Q, M> Cached<Q, M> {
    /// The same for another select.
    pub(crate) fn map<R>(self, change: impl FnOnce(Q) -> R) -> Cached<R, M> {
        Cached {
            query: change(self.query),
            policy: self.policy,
            mode: PhantomData,
        }
    }

    /// How long an answer is fresh at most, whatever happens to the data. Unless said, as long as
    /// the connection says.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy = self.policy.ttl(ttl);
        self
    }

    /// All times and rules of this answer.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = self.policy.own(policy);
        self
    }

    /// Listens by these columns: a change of any row that has the values which the select gives them
    /// drops the answer, whatever else is in the row, and whichever of its columns is changed.
    ///
    /// This is for tables that are written more often than they are read. Reads that give values to
    /// these columns, and differ in what else they ask for, listen together, so a write has fewer of
    /// them to tell. Nothing that could change the answer is missed: where the select does not give
    /// one of the columns a value (in one of its alternatives, if it has several), any row of the
    /// table counts. [`explain`](Self::explain) tells.
    ///
    /// Columns of several tables may be named, at once in a tuple or one after the other. A table of
    /// which none is named is listened to as precisely as without. A column of a table that the select
    /// does not read is passed over; of a view, name the columns of the tables behind it.
    ///
    /// # Example: the photos of one user, and any change of them
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// use larder::Cache;
    /// use larder_sea_orm::{CachedConnection, CachedExt};
    /// use sea_orm::{ConnectionTrait, Database, entity::prelude::*};
    /// # mod photo {
    /// #     use larder_sea_orm::sea_orm;
    /// #     use sea_orm::entity::prelude::*;
    /// #     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, serde::Serialize, serde::Deserialize)]
    /// #     #[sea_orm(table_name = "photo")]
    /// #     pub struct Model {
    /// #         #[sea_orm(primary_key)]
    /// #         pub id: i32,
    /// #         pub user_id: i32,
    /// #         pub status: i32,
    /// #     }
    /// #     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    /// #     pub enum Relation {}
    /// #     impl ActiveModelBehavior for ActiveModel {}
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), sea_orm::DbErr> {
    /// # let connection = Database::connect("sqlite::memory:").await?;
    /// # connection.execute_unprepared("CREATE TABLE photo (id INTEGER PRIMARY KEY, user_id INTEGER, status INTEGER)").await?;
    /// let db = CachedConnection::new(connection, Cache::memory()).await?;
    ///
    /// let published = photo::Entity::find()
    ///     .filter(photo::Column::UserId.eq(7))
    ///     .filter(photo::Column::Status.eq(2))
    ///     .cached()
    ///     .on(photo::Column::UserId);
    /// assert_eq!(published.explain(&db).await?.tags, ["photo(user_id=?1; *)"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on<How>(mut self, columns: impl OnColumns<How>) -> Self {
        self.policy = self.policy.listening(columns);
        self
    }

    /// For models without serde: their answers stay in this process.
    pub fn local(self) -> Cached<Q, Local> {
        Cached {
            query: self.query,
            policy: self.policy,
            mode: PhantomData,
        }
    }
}

impl<Q: Query, M> Cached<Q, M> {
    /// All rows.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn all<C: CachedRead>(self, db: &C) -> Result<Arc<Vec<Q::Item>>, DbErr>
    where
        M: Mode<Vec<Q::Item>>,
    {
        let Cached { query, policy, .. } = self;
        let statement = query.all_statement(db.reader().backend())?;
        let ask = Ask {
            policy: Some(&policy),
            reader: std::any::type_name::<Q>(),
            ..Ask::plain("all")
        };
        let rows = Rows(|rows: Vec<QueryResult>| rows.into_iter().map(Q::decode).collect());
        fetch::<_, M, _>(db.reader(), statement, ask, rows).await
    }

    /// The first row, if there is one. That there is none is remembered, too.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn one<C: CachedRead>(self, db: &C) -> Result<Option<Arc<Q::Item>>, DbErr>
    where
        M: Mode<Option<Arc<Q::Item>>>,
    {
        let Cached { query, policy, .. } = self;
        let statement = query.one_statement(db.reader().backend())?;
        let ask = Ask {
            policy: Some(&policy),
            ..Ask::row::<Q>()
        };
        let row = Rows(|rows: Vec<QueryResult>| {
            rows.into_iter()
                .next()
                .map(|row| Q::decode(row).map(Arc::new))
                .transpose()
        });
        Ok(Option::clone(
            &*fetch::<_, M, _>(db.reader(), statement, ask, row).await?,
        ))
    }
}

impl<Q: Query + Clone, M> Cached<Q, M> {
    /// What an answer of all rows depends on, or why it would not be kept. Asks for no rows.
    ///
    /// It is what the text tells: a parameter whose value cannot be compared as the database compares
    /// it pins nothing, whatever stands here.
    ///
    /// # Errors
    /// When the catalogue has to be read again and cannot be.
    pub async fn explain(&self, db: &CachedConnection) -> Result<Explanation, DbErr> {
        let statement = self.query.clone().all_statement(db.reader().backend())?;
        explained(&db.shared, &statement, &self.policy).await
    }
}

impl<Q, M> Cached<Q, M>
where
    Q: PaginatorTrait<'static, Probe> + Send,
{
    /// How many rows there are.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn count<C: CachedRead>(self, db: &C) -> Result<u64, DbErr>
    where
        M: Mode<u64>,
    {
        let Cached { query, policy, .. } = self;
        let statement = match probe(query.count(Probe::of(db.reader().backend()))) {
            Ok(statement) => statement,
            Err(answer) => return answer,
        };
        let ask = Ask {
            policy: Some(&policy),
            ..Ask::plain("count")
        };
        Ok(*fetch::<_, M, _>(db.reader(), statement, ask, Rows(first_number)).await?)
    }

    /// Pages of `size` rows.
    pub fn paginate<C: CachedRead>(
        self,
        db: &C,
        size: u64,
    ) -> CachedPaginator<'_, C, Q::Selector, M>
    where
        <Q::Selector as SelectorTrait>::Item: Send + Sync,
    {
        let probe = Probe::of(db.reader().backend());
        CachedPaginator::new(self.query.paginate(probe, size), db, size, self.policy)
    }
}

impl<Q, M> Cached<Q, M>
where
    Q: SelectExt + Send,
{
    /// Whether there is a row at all.
    ///
    /// # Errors
    /// Those of the database, when it has to be asked.
    pub async fn exists<C: CachedRead>(self, db: &C) -> Result<bool, DbErr>
    where
        M: Mode<bool>,
    {
        let Cached { query, policy, .. } = self;
        let statement = match probe(query.exists(Probe::of(db.reader().backend()))) {
            Ok(statement) => statement,
            Err(answer) => return answer,
        };
        let ask = Ask {
            policy: Some(&policy),
            ..Ask::plain("exists")
        };
        Ok(*fetch::<_, M, _>(db.reader(), statement, ask, AnyRow).await?)
    }
}

/// Asks for one row only.
#[derive(Clone)]
struct AnyRow;

impl crate::read::Load<bool> for AnyRow {
    async fn load<C: sea_orm::ConnectionTrait>(
        self,
        connection: &C,
        statement: sea_orm::Statement,
    ) -> Result<bool, DbErr> {
        Ok(connection.query_one_raw(statement).await?.is_some())
    }
}

/// The number in the first column of the only row.
pub(crate) fn first_number(rows: Vec<QueryResult>) -> Result<u64, DbErr> {
    match rows.first() {
        Some(row) => Ok(row.try_get_by_index::<i64>(0)?.max(0).unsigned_abs()),
        None => Ok(0),
    }
}
