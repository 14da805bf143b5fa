//! Several processes on one database and one store, as far as one test process can have them: each
//! has connections and a cache of its own. Each binary brings the database.

use std::ops::{Deref, RangeInclusive};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use larder::{Cache, CacheBuilder, Memcached, Memory, Observer, Redis};
use larder_sea_orm::{Builder, CachedConnection};

use crate::shop::Place;

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
    /// In one memory: the processes are caches of one.
    Memory(Memory),
    Redis(Room<larder_servers::Redis>),
    Memcached(Room<larder_servers::Memcached>),
}

/// A namespace on a server.
pub struct Room<S> {
    server: Arc<S>,
    namespace: String,
}

impl<S> Room<S> {
    /// One that nobody else has.
    fn on(server: Arc<S>) -> Room<S> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        Room {
            server,
            namespace: format!("shop-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

impl<S> Deref for Room<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.server
    }
}

impl Server {
    /// One of every kind. The servers are this binary's, for tests that do nothing to them.
    pub fn all() -> [Server; 3] {
        let [redis, memcached] = Server::far();
        [Server::Memory(Memory::new()), redis, memcached]
    }

    /// Those that processes can share.
    pub fn far() -> [Server; 2] {
        static REDIS: OnceLock<Arc<larder_servers::Redis>> = OnceLock::new();
        static MEMCACHED: OnceLock<Arc<larder_servers::Memcached>> = OnceLock::new();
        let redis = REDIS.get_or_init(|| Arc::new(larder_servers::Redis::start()));
        let memcached = MEMCACHED.get_or_init(|| Arc::new(larder_servers::Memcached::start()));
        [
            Server::Redis(Room::on(redis.clone())),
            Server::Memcached(Room::on(memcached.clone())),
        ]
    }

    /// A Redis of the caller's own, to look at or to do harm to.
    pub fn redis() -> Server {
        Server::Redis(Room::on(Arc::new(larder_servers::Redis::start())))
    }

    /// A memcached of the caller's own.
    pub fn memcached() -> Server {
        Server::Memcached(Room::on(Arc::new(larder_servers::Memcached::start())))
    }

    pub fn name(&self) -> &'static str {
        match self {
            Server::Memory(_) => "memory",
            Server::Redis(_) => "redis",
            Server::Memcached(_) => "memcached",
        }
    }

    /// The statements that so many loads may take: over a store that processes share each may ask for the
    /// schema as well, and some may be one.
    pub fn loads(&self, loads: u64) -> RangeInclusive<u64> {
        match self {
            Server::Memory(_) => loads..=loads,
            Server::Redis(_) | Server::Memcached(_) => loads.min(1)..=2 * loads,
        }
    }

    /// The cache that a process has.
    pub async fn cache(&self) -> Cache {
        self.watched(None).await
    }

    /// The same, with someone who is told what happens in it.
    pub async fn watched(&self, observer: Option<Arc<dyn Observer>>) -> Cache {
        let mut cache = self.builder().await;
        if let Some(observer) = observer {
            cache = cache.observer(observer);
        }
        cache.build().expect("a cache")
    }

    /// The same, to be told more.
    pub async fn builder(&self) -> CacheBuilder {
        let cache = Cache::builder();
        match self {
            Server::Memory(memory) => cache.namespace("shop").store(memory.clone()),
            Server::Redis(room) => {
                let cache = cache.namespace(&room.namespace);
                cache.store(redis(room).await)
            }
            Server::Memcached(room) => {
                let store = Memcached::builder()
                    .server(room.address())
                    .connect_timeout(PATIENCE)
                    .response_timeout(PATIENCE);
                let cache = cache.namespace(&room.namespace);
                cache.store(store.connect().await.expect("a server"))
            }
        }
    }
}

/// A database and a store.
pub struct Fleet {
    pub server: Server,
    pub place: Place,
}

impl Fleet {
    /// A database with the shop in it, and this store.
    pub async fn new(server: Server) -> Fleet {
        Fleet::at(Place::new().await, server)
    }

    pub fn at(place: Place, server: Server) -> Fleet {
        Fleet { server, place }
    }

    pub fn options(&self) -> sea_orm::ConnectOptions {
        self.place.options()
    }

    /// One more process.
    pub async fn process(&self) -> CachedConnection {
        self.built(|builder| builder).await
    }

    /// Two more.
    pub async fn two(&self) -> (CachedConnection, CachedConnection) {
        (self.process().await, self.process().await)
    }

    /// One with a single connection: sqlx reads `SELECT *` wrongly on a connection that has not heard of
    /// a change of the schema made on another.
    pub async fn single(&self) -> CachedConnection {
        let mut options = self.options();
        options.max_connections(1);
        CachedConnection::builder(self.server.cache().await)
            .connect(options)
            .await
            .expect("a connection")
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
