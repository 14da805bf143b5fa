//! Several processes on one database file and one store, as far as one test process can have them:
//! each has connections and a cache of its own.

use larder::Cache;
use larder_sea_orm::{Builder, CachedConnection};
use sqlx::sqlite::SqliteJournalMode;

use crate::shop::{make, options_of};
pub use crate::stores::{PATIENCE, Server, redis};

/// A database file and a store.
pub struct Fleet {
    pub server: Server,
    pub folder: tempfile::TempDir,
    journal: SqliteJournalMode,
}

impl Fleet {
    pub async fn new(server: Server) -> Fleet {
        Fleet::journalled(server, SqliteJournalMode::Wal).await
    }

    pub async fn journalled(server: Server, journal: SqliteJournalMode) -> Fleet {
        let folder = tempfile::tempdir().expect("a folder");
        let fleet = Fleet {
            server,
            folder,
            journal,
        };
        make(fleet.options()).await;
        fleet
    }

    pub fn options(&self) -> sea_orm::ConnectOptions {
        options_of(&self.folder.path().join("shop.db"), 4, self.journal)
    }

    /// One more process.
    pub async fn process(&self) -> CachedConnection {
        self.built(|builder| builder).await
    }

    pub async fn built(&self, build: impl FnOnce(Builder) -> Builder) -> CachedConnection {
        self.with(self.server.cache().await, build).await
    }

    pub async fn with(
        &self,
        cache: Cache,
        build: impl FnOnce(Builder) -> Builder,
    ) -> CachedConnection {
        build(CachedConnection::builder(cache))
            .connect(self.options())
            .await
            .expect("a connection")
    }
}
