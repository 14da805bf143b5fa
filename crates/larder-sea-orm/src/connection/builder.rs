//! How a cached connection is opened.

use std::sync::Arc;

use larder::{Cache, Policy};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr, EntityTrait};

use crate::connection::CachedConnection;
use crate::engine;
use crate::excluded::Excluded;
use crate::failure;
use crate::hook::Hooks;
use crate::replica::Replica;
use crate::rows::{Registry, Rows};
use crate::sample::Sampler;
use crate::shared::{Opening, Shared};
use crate::strict::Strict;

/// Settings of a [`CachedConnection`] before it is opened.
#[derive(Clone, Debug)]
pub struct Builder {
    cache: Cache,
    database: Arc<str>,
    replica: Option<DatabaseConnection>,
    strict: Strict,
    policy: Policy,
    rows: Registry,
    excluded: Excluded,
    sampler: Option<u64>,
}

impl Builder {
    pub(super) fn new(cache: Cache) -> Builder {
        Builder {
            policy: *cache.policy(),
            cache,
            database: "".into(),
            replica: None,
            strict: Strict::default(),
            rows: Registry::default(),
            excluded: Excluded::default(),
            sampler: None,
        }
    }

    /// The database's name in keys and tags. Two databases behind one cache need two names; two
    /// connections to one database need the same.
    pub fn database(mut self, name: &str) -> Builder {
        self.database = name.into();
        self
    }

    /// A streaming replica of the database, which takes loads off it: PostgreSQL alone.
    ///
    /// A load asks the database where it is, which is one cheap statement, and then the replica whether
    /// it is as far. If so the replica answers, and the answer is as good as the database's own: no
    /// read that starts after a write has returned is older than that write. If the replica is behind,
    /// away, promoted, or set to answer otherwise (its time zone, say), the database answers, and
    /// [`replica_statements`](CachedConnection::replica_statements) stands still. Only what is kept is
    /// loaded from the replica: everything else, strict reads too, is the database's.
    ///
    /// Made with [`connect_lazy`](ConnectOptions::connect_lazy), a replica need not be there when this
    /// connection is opened.
    ///
    /// ```no_run
    /// # use larder_sea_orm::sea_orm;
    /// # use larder::Cache;
    /// # use larder_sea_orm::CachedConnection;
    /// # use sea_orm::{ConnectOptions, Database};
    /// # async fn open() -> Result<(), sea_orm::DbErr> {
    /// let mut replica = ConnectOptions::new("postgres://shop@replica/shop");
    /// replica.connect_lazy(true);
    /// let db = CachedConnection::builder(Cache::memory())
    ///     .replica(Database::connect(replica).await?)
    ///     .connect("postgres://shop@primary/shop")
    ///     .await?;
    /// # let _ = db;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replica(mut self, connection: DatabaseConnection) -> Builder {
        self.replica = Some(connection);
        self
    }

    /// Reads behave as if the database had answered them ([`Level::Linearizable`](larder::Level)):
    /// a table that is about to change is served by the database alone until the change is
    /// announced. Holds against every writer whose cache is on the same store, also one that is not
    /// strict itself: it sees what is read strictly.
    ///
    /// On SQLite and PostgreSQL, which tell when their writers have ended.
    pub fn strict(mut self) -> Builder {
        self.strict = Strict::Everything;
        self
    }

    /// As [`strict`](Self::strict), for reads of these tables: a write of another table marks
    /// nothing. A read of several tables is strict about those that are named here; name all of them
    /// to have it as from one instant.
    ///
    /// ```
    /// # use larder_sea_orm::sea_orm;
    /// # use larder::Cache;
    /// # use larder_sea_orm::CachedConnection;
    /// # use sea_orm::{ConnectionTrait, Database};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), sea_orm::DbErr> {
    /// # let connection = Database::connect("sqlite::memory:").await?;
    /// connection.execute_unprepared("CREATE TABLE stock (track INTEGER PRIMARY KEY, copies INTEGER)").await?;
    /// let db = CachedConnection::builder(Cache::memory())
    ///     .strict_tables(["stock"])
    ///     .wrap(connection)
    ///     .await?;
    /// # let _ = db;
    /// # Ok(())
    /// # }
    /// ```
    pub fn strict_tables<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Builder {
        let names = names.into_iter().map(|name| name.as_ref().into());
        self.strict = self.strict.and(names);
        self
    }

    /// The policy of reads that name none. Unless said, the cache's.
    pub fn policy(mut self, policy: Policy) -> Builder {
        self.policy = policy;
        self
    }

    /// How the rows of one entity are kept: see [`Rows`].
    pub fn entity<E: EntityTrait>(mut self, rows: Rows) -> Builder {
        self.rows.entity::<E>(rows);
        self
    }

    /// How the rows of entities are kept that say nothing [of their own](Self::entity).
    pub fn rows(mut self, rows: Rows) -> Builder {
        self.rows.all(rows);
        self
    }

    /// Tables of which no read is kept, whoever asks for it: the names of migrations' books and of
    /// sessions' tables ([`UNCACHED_TABLES`](crate::UNCACHED_TABLES)), unless these are named instead.
    pub fn uncached_tables<N: AsRef<str>>(mut self, names: impl IntoIterator<Item = N>) -> Builder {
        self.excluded = Excluded::new(names);
        self
    }

    /// Compares one of so many hits with the database, behind its reader: [`Event::Sampled`] tells
    /// what came of it, and [`Event::Stale`] of an entry that was wrong, and still was a second later,
    /// with the writes to its tags that this process remembers. Zero, and unless said, none.
    ///
    /// One comparison runs at a time, and not more than [`SAMPLES_PER_SECOND_MAX`] begin in a second;
    /// each costs a statement, and a second one if it finds a difference. Entries in a request scope
    /// and batches are not sampled, nor are values that are [local](crate::cached::Cached::local) to
    /// the process: they have no form to be compared in.
    ///
    /// [`Event::Sampled`]: larder::Event::Sampled
    /// [`Event::Stale`]: larder::Event::Stale
    /// [`SAMPLES_PER_SECOND_MAX`]: crate::SAMPLES_PER_SECOND_MAX
    pub fn sample(mut self, one_of: u64) -> Builder {
        self.sampler = (one_of > 0).then_some(one_of);
        self
    }

    /// Opens a connection to `options`.
    ///
    /// With the feature `sqlite-hook`, the connections of its pool report every row they change.
    ///
    /// # Errors
    /// Those of opening it; when this build knows no such database; when its catalogue cannot be read;
    /// when the store or the database cannot keep [`strict`](Self::strict), a strict table does not
    /// exist, or there can be no [`replica`](Self::replica) ([`cache_error`](crate::cache_error) tells).
    pub async fn connect(
        self,
        options: impl Into<ConnectOptions>,
    ) -> Result<CachedConnection, DbErr> {
        let (options, hooks) = Hooks::install(options.into());
        let connection = Database::connect(options).await?;
        self.open(connection, hooks).await
    }

    /// Wraps a connection that is already open. Its connections cannot be given hooks any more:
    /// images are then learned by reading, and what triggers, cascades and REPLACE change is
    /// widened.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn wrap(self, connection: DatabaseConnection) -> Result<CachedConnection, DbErr> {
        self.open(connection, None).await
    }

    async fn open(
        self,
        connection: DatabaseConnection,
        hooks: Option<Hooks>,
    ) -> Result<CachedConnection, DbErr> {
        let engine = engine::of(connection.get_database_backend())?;
        let Builder {
            cache,
            database,
            replica,
            strict,
            policy,
            rows,
            excluded,
            sampler,
        } = self;
        let replica = match (replica, engine.replicas()) {
            (None, _) => None,
            (Some(replica), Some(follow)) if replica.get_database_backend() == engine.backend() => {
                Some(Replica::new(replica, follow))
            }
            (Some(_), _) => {
                return Err(failure::carried(larder::Error::config(
                    "loads may go to a replica of PostgreSQL alone, and to one of the same database",
                )));
            }
        };
        let opening = Opening {
            replica,
            engine,
            cache,
            database,
            strict,
            policy,
            rows: rows.settle(),
            excluded,
            hooks,
            sampler: sampler.map(Sampler::one_of),
        };
        let shared = Shared::open(connection, opening).await?;
        let shared = Arc::new(shared);
        // Also where nothing is read strictly but in snapshots.
        if shared.cache.can_all_be_strict() {
            match shared.engine.horizon(&shared).await {
                Ok(horizon) => {
                    shared.cache.set_horizon(&shared.database, &horizon);
                    shared.horizon_is_known();
                }
                Err(error) if !shared.strict.is_nothing() => return Err(error),
                Err(_) => {}
            }
        }
        Ok(CachedConnection::from(shared))
    }
}
