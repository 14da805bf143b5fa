//! Several processes on one database file and one store, as far as one test process can have them:
//! each has connections and a cache of its own.

use std::time::Duration;

use larder::{Cache, Memcached, Redis};
use larder_sea_orm::{Builder, CachedConnection};

use crate::shop::{make, options};

/// How long a server may take: the machine that runs the tests may be busy, and what these tests
/// say of hits is not said of servers that are slow.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A store on a private server.
pub async fn redis(server: &larder_servers::Redis) -> Redis {
    Redis::builder()
        .url(&server.url())
        .connect_timeout(PATIENCE)
        .response_timeout(PATIENCE)
        .connect()
        .await
        .expect("a server")
}

/// Where the caches of a fleet keep what they know.
pub enum Server {
    /// In one memory: the processes are connections of one.
    Memory(Cache),
    Redis(larder_servers::Redis),
    Memcached(larder_servers::Memcached),
}

impl Server {
    /// One of every kind, started for the caller alone.
    pub fn all() -> [Server; 3] {
        [
            Server::Memory(Cache::memory()),
            Server::Redis(larder_servers::Redis::start()),
            Server::Memcached(larder_servers::Memcached::start()),
        ]
    }

    /// Those that processes can share.
    pub fn far() -> [Server; 2] {
        [
            Server::Redis(larder_servers::Redis::start()),
            Server::Memcached(larder_servers::Memcached::start()),
        ]
    }

    pub fn name(&self) -> &'static str {
        match self {
            Server::Memory(_) => "memory",
            Server::Redis(_) => "redis",
            Server::Memcached(_) => "memcached",
        }
    }

    /// The cache that a process has.
    pub async fn cache(&self) -> Cache {
        let cache = Cache::builder().namespace("shop");
        match self {
            Server::Memory(cache) => return cache.clone(),
            Server::Redis(server) => cache.store(redis(server).await),
            Server::Memcached(server) => {
                let store = Memcached::builder()
                    .server(server.address())
                    .connect_timeout(PATIENCE)
                    .response_timeout(PATIENCE);
                cache.store(store.connect().await.expect("a server"))
            }
        }
        .build()
        .expect("a cache")
    }
}

/// A database file and a store.
pub struct Fleet {
    pub server: Server,
    pub folder: tempfile::TempDir,
}

impl Fleet {
    pub async fn new(server: Server) -> Fleet {
        let folder = tempfile::tempdir().expect("a folder");
        let fleet = Fleet { server, folder };
        make(fleet.options()).await;
        fleet
    }

    pub fn options(&self) -> sea_orm::ConnectOptions {
        options(&self.folder.path().join("shop.db"), 4)
    }

    /// One more process.
    pub async fn process(&self) -> CachedConnection {
        self.built(|builder| builder).await
    }

    pub async fn built(&self, build: impl FnOnce(Builder) -> Builder) -> CachedConnection {
        build(CachedConnection::builder(self.server.cache().await))
            .connect(self.options())
            .await
            .expect("a connection")
    }
}
