//! A SeaORM connection whose writes keep a cache right.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt as _};
use larder::Cache;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, Statement, StreamTrait, TransactionError, TransactionOptions, TransactionTrait,
};

use crate::context::Context;
use crate::replica::Replica;
use crate::shared::Shared;
use crate::trace::{self, Outcome, Span};
use crate::transaction::CachedTransaction;
use crate::write::{Answer, How, Intent, send};

mod autocommit;
mod builder;
mod outside;

pub use builder::Builder;
use outside::Outside;

/// A SeaORM connection that caches what is asked for with
/// [`.cached()`](crate::CachedExt::cached) and whose writes, of every kind, invalidate what they
/// changed.
///
/// All of SeaORM works through it unchanged: it is a [`ConnectionTrait`], a [`TransactionTrait`]
/// and a [`StreamTrait`]. Reads that do not say `.cached()` go to the database. Clones share
/// everything.
///
/// # What it does not see
/// Writes that reach the database by another way: a handle that [`inner`](Self::inner) gave out
/// (except for changes of the schema), sqlx on the same pool, another program. Another process with
/// a connection of this kind is seen if both caches are on one store ([`larder::Cache`] over Redis or
/// memcached), in one namespace, and the database has one [name](Builder::database) in both.
///
/// # Over a store that processes share
/// A hit costs no statement and one round trip to the store. A load costs one statement more than
/// over memory: it asks first whether the schema is still the one that the read was planned with, and
/// plans again if another process has changed it.
///
/// # Cancel safety
/// A write whose future is dropped runs to its end all the same, and what it changed is
/// invalidated.
///
/// # Example: a read that costs no statement
/// ```
/// # use larder_sea_orm::sea_orm;
/// use larder::Cache;
/// use larder_sea_orm::{CachedConnection, CachedExt};
/// use sea_orm::{ConnectionTrait, Database, entity::prelude::*};
///
/// mod track {
///     # use larder_sea_orm::sea_orm;
///     use sea_orm::entity::prelude::*;
///     # use serde::{Serialize, Deserialize};
///     #[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
///     #[sea_orm(table_name = "track")]
///     pub struct Model {
///         #[sea_orm(primary_key)]
///         pub id: i32,
///         pub name: String,
///     }
///     #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
///     pub enum Relation {}
///     impl ActiveModelBehavior for ActiveModel {}
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sea_orm::DbErr> {
/// let connection = Database::connect("sqlite::memory:").await?;
/// connection.execute_unprepared("CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT)").await?;
/// let db = CachedConnection::new(connection, Cache::memory()).await?;
///
/// db.execute_unprepared("INSERT INTO track VALUES (1, 'Balls to the Wall')").await?;
/// let first = track::Entity::find().cached().all(&db).await?;
/// let statements = db.statements();
/// let again = track::Entity::find().cached().all(&db).await?;
/// assert_eq!(first, again);
/// assert_eq!(db.statements(), statements);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CachedConnection {
    pub(crate) shared: Arc<Shared>,
    pub(crate) context: Context,
}

impl std::fmt::Debug for CachedConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedConnection")
            .field("database", &self.shared.database)
            .finish_non_exhaustive()
    }
}

impl From<Arc<Shared>> for CachedConnection {
    fn from(shared: Arc<Shared>) -> CachedConnection {
        CachedConnection {
            shared,
            context: Context::default(),
        }
    }
}

/// A stream of rows.
pub type RowStream<'a> = Pin<Box<dyn Stream<Item = Result<QueryResult, DbErr>> + Send + 'a>>;

impl CachedConnection {
    /// Wraps a connection that is already open.
    ///
    /// # Errors
    /// When this build knows no such database, names in it could mean several tables, or its
    /// catalogue cannot be read.
    pub async fn new(
        connection: DatabaseConnection,
        cache: Cache,
    ) -> Result<CachedConnection, DbErr> {
        Self::builder(cache).wrap(connection).await
    }

    /// The long way: a name for the database, a level, a policy.
    pub fn builder(cache: Cache) -> Builder {
        Builder::new(cache)
    }

    /// The cache behind this connection.
    pub fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// The database's name in keys and tags: see [`Builder::database`]. Values that are kept under
    /// keys of one's own have it in their keys, where one cache serves several databases.
    pub fn database(&self) -> &str {
        &self.shared.database
    }

    /// The connection as SeaORM made it, for what accepts no other: migrations, schema sync.
    ///
    /// Writes through it are not promised to be seen. Changes of the schema are, by this connection and its
    /// clones: every write looks for one, and so does every cached read, for a minute after the handle was given
    /// out, after each statement seen on it, and after its last clone is dropped. A look costs a statement,
    /// and a load over a store that processes share looks twice. To be sure at once and pay nothing, drop
    /// the handle with its clones and call [`schema_changed`](Self::schema_changed).
    ///
    /// # What is noticed later
    /// Text that is run unprepared is not seen on the handle. Where it runs on one that is older than a
    /// minute, it is noticed when the last clone is dropped, and before that as a change by another program
    /// is: on SQLite by the next write, and by the next load over a shared store; elsewhere by the first of these
    /// that comes a second after the last look. Until then cached answers are those of the schema as it was.
    /// Other processes learn of a change when this one has noticed it.
    pub fn inner(&self) -> DatabaseConnection {
        let mut inner = self.shared.inner.clone();
        let outside = Outside::new(&self.shared);
        inner.set_metric_callback(move |info| outside.saw(&info.statement.sql));
        inner
    }

    /// Reads the catalogue again and invalidates everything read from this database: to be called
    /// after a migration. Reads stop looking for further changes, if no handle that
    /// [`inner`](Self::inner) gave out is left.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn schema_changed(&self) -> Result<(), DbErr> {
        self.shared.watch.end();
        self.shared.schema_changed().await
    }

    /// What is known of the database, as it was last read.
    pub fn catalogue(&self) -> Arc<larder_sql::Catalogue> {
        self.shared.schema().catalogue.clone()
    }

    /// Statements that this connection has sent to the database so far.
    pub fn statements(&self) -> u64 {
        self.shared.statements()
    }

    /// Statements that a [replica](Builder::replica) has answered for this connection so far. They are
    /// not among its own.
    pub fn replica_statements(&self) -> u64 {
        self.shared.replica.as_ref().map_or(0, Replica::answered)
    }

    /// Runs a statement outside a transaction and invalidates what it changed.
    async fn run(&self, statement: Statement, how: How) -> Result<Answer, DbErr> {
        let span = Span::begin(&statement.sql);
        let schema = self.shared.schema();
        let mut outcome = Outcome::Write;
        let answer = match Intent::of(&self.shared, &schema, &statement.sql) {
            Intent::Read => {
                outcome = Outcome::Uncached("not asked for with .cached()".to_owned());
                send(&self.shared, &self.shared.inner, statement, how).await
            }
            // A caller that goes away must not leave a write behind that nobody announces: it
            // runs to its end on a task of its own.
            Intent::Write(_) => trace::carried(autocommit::write(self.shared.clone(), statement, how)).await,
            Intent::Transaction(_) => Err(DbErr::Custom(
                "a transaction cannot be controlled by SQL text on a pool of connections; use begin()".to_owned(),
            )),
            Intent::Script(script) if script.left_open || script.ends_outer => Err(DbErr::Custom(
                "this text leaves a transaction open, or ends one that it did not begin, on a pool of \
                 connections; use begin()"
                    .to_owned(),
            )),
            Intent::Script(script) => {
                trace::carried(autocommit::script(self.shared.clone(), script, statement, how)).await
            }
        };
        span.end(|| outcome);
        answer
    }
}

#[async_trait]
impl ConnectionTrait for CachedConnection {
    fn get_database_backend(&self) -> DbBackend {
        self.shared.engine.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        Ok(self.run(statement, How::Execute).await?.executed())
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let statement = Statement::from_string(self.shared.engine.backend(), sql);
        Ok(self.run(statement, How::ExecuteText).await?.executed())
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        Ok(self.run(statement, How::QueryOne).await?.one())
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        Ok(self.run(statement, How::QueryAll).await?.all())
    }

    fn support_returning(&self) -> bool {
        self.shared.inner.support_returning()
    }
}

impl StreamTrait for CachedConnection {
    type Stream<'a> = RowStream<'a>;

    fn get_database_backend(&self) -> DbBackend {
        self.shared.engine.backend()
    }

    fn stream_raw<'a>(
        &'a self,
        statement: Statement,
    ) -> Pin<Box<dyn Future<Output = Result<RowStream<'a>, DbErr>> + Send + 'a>> {
        Box::pin(async move {
            let schema = self.shared.schema();
            if let Intent::Read = Intent::of(&self.shared, &schema, &statement.sql) {
                self.shared.count(1);
                return Ok(self.shared.inner.stream_raw(statement).await?.boxed());
            }
            // A write that gives rows: it is complete before its first row is handed out.
            let rows = self.run(statement, How::QueryAll).await?.all();
            Ok(futures_util::stream::iter(rows.into_iter().map(Ok)).boxed())
        })
    }
}

#[async_trait]
impl TransactionTrait for CachedConnection {
    type Transaction = CachedTransaction;

    async fn begin(&self) -> Result<CachedTransaction, DbErr> {
        self.begin_with_options(TransactionOptions::default()).await
    }

    async fn begin_with_config(
        &self,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<CachedTransaction, DbErr> {
        self.begin_with_options(TransactionOptions {
            isolation_level,
            access_mode,
            ..Default::default()
        })
        .await
    }

    async fn begin_with_options(
        &self,
        options: TransactionOptions,
    ) -> Result<CachedTransaction, DbErr> {
        CachedTransaction::begin(&self.shared, options).await
    }

    async fn transaction<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c CachedTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        self.transaction_with_config(callback, None, None).await
    }

    async fn transaction_with_config<F, T, E>(
        &self,
        callback: F,
        isolation_level: Option<IsolationLevel>,
        access_mode: Option<AccessMode>,
    ) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(
                &'c CachedTransaction,
            ) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: std::fmt::Display + std::fmt::Debug + Send,
    {
        let transaction = self
            .begin_with_config(isolation_level, access_mode)
            .await
            .map_err(TransactionError::Connection)?;
        transaction.run_callback(callback).await
    }
}
