//! Stores that several processes share, as far as one test process can have them.

use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, Memcached, Memory, Observer, Redis};

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
    Redis(larder_servers::Redis),
    Memcached(larder_servers::Memcached),
}

impl Server {
    /// One of every kind, started for the caller alone.
    pub fn all() -> [Server; 3] {
        [
            Server::Memory(Memory::new()),
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
        self.watched(None).await
    }

    /// The same, with someone who is told what happens in it.
    pub async fn watched(&self, observer: Option<Arc<dyn Observer>>) -> Cache {
        let mut cache = Cache::builder().namespace("shop");
        if let Some(observer) = observer {
            cache = cache.observer(observer);
        }
        match self {
            Server::Memory(memory) => cache.store(memory.clone()),
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
