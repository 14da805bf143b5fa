//! How a cached connection is opened.

use std::sync::Arc;

use larder::{Cache, Level, Policy};
use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr};

use crate::connection::CachedConnection;
use crate::hook::Hooks;
use crate::shared::Shared;

/// Settings of a [`CachedConnection`] before it is opened.
#[derive(Clone, Debug)]
pub struct Builder {
    cache: Cache,
    database: Arc<str>,
    level: Level,
    policy: Policy,
}

impl Builder {
    pub(super) fn new(cache: Cache) -> Builder {
        Builder {
            policy: *cache.policy(),
            cache,
            database: "".into(),
            level: Level::Regular,
        }
    }

    /// The database's name in keys and tags. Two databases behind one cache need two names; two
    /// connections to one database need the same.
    pub fn database(mut self, name: &str) -> Builder {
        self.database = name.into();
        self
    }

    /// Reads behave as if the database had answered them: a table that is about to change is
    /// served by the database alone until the change is announced. Covers the writers of this
    /// process.
    pub fn strict(mut self) -> Builder {
        self.level = Level::Linearizable;
        self
    }

    /// The policy of reads that name none. Unless said, the cache's.
    pub fn policy(mut self, policy: Policy) -> Builder {
        self.policy = policy;
        self
    }

    /// Opens a connection to `options`.
    ///
    /// With the feature `sqlite-hook`, the connections of its pool report every row they change.
    ///
    /// # Errors
    /// Those of opening it; when the database is not SQLite; when its catalogue cannot be read.
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
    /// When the database is not SQLite, or its catalogue cannot be read.
    pub async fn wrap(self, connection: DatabaseConnection) -> Result<CachedConnection, DbErr> {
        self.open(connection, None).await
    }

    async fn open(
        self,
        connection: DatabaseConnection,
        hooks: Option<Hooks>,
    ) -> Result<CachedConnection, DbErr> {
        let backend = connection.get_database_backend();
        if backend != DbBackend::Sqlite {
            return Err(DbErr::BackendNotSupported {
                db: backend.as_str(),
                ctx: "larder-sea-orm caches SQLite; other databases are to follow",
            });
        }
        let Builder {
            cache,
            database,
            level,
            policy,
        } = self;
        let shared = Shared::open(connection, cache, database, level, policy, hooks).await?;
        Ok(CachedConnection {
            shared: Arc::new(shared),
        })
    }
}
