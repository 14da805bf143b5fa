//! Several processes on one database and one store, as far as one test process can have them: each
//! has connections and a cache of its own.

use larder::Cache;
use larder_sea_orm::{Builder, CachedConnection};
use larder_servers::Postgres;
use sea_orm::{ConnectOptions, ConnectionTrait, Database};

use crate::shop::{SCHEMA, database, options};
use crate::stores::Server;

/// A database and a store.
pub struct Fleet {
    pub server: Server,
    pub url: String,
}

impl Fleet {
    /// On the server of this process.
    pub async fn new(server: Server) -> Fleet {
        let url = database(SCHEMA).await;
        Fleet { server, url }
    }

    /// On a server of its own.
    pub async fn on(postgres: &Postgres, server: Server) -> Fleet {
        let url = postgres.database("shop");
        let plain = Database::connect(options(&url, 1)).await;
        let plain = plain.expect("a database");
        plain.execute_unprepared(SCHEMA).await.expect("the schema");
        plain.close().await.expect("closed");
        Fleet { server, url }
    }

    pub fn options(&self) -> ConnectOptions {
        options(&self.url, 4)
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
