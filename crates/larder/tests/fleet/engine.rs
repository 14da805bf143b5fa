//! The servers under test, with one set of words for all of them.

use std::time::Duration;

use larder::{Cache, CacheBuilder};
use larder_servers::Cluster;

/// How long a server may take to answer here. Long enough for a busy machine, short enough for a
/// test that waits for it.
pub(crate) const RESPONSE_TIMEOUT: Duration = Duration::from_millis(500);

/// Runs one check against every engine.
macro_rules! on_each_engine {
    ($(#[$meta:meta])* async fn $name:ident($engine:ident: Engine) $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn check($engine: Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn redis() {
                check(Engine::Redis).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn memcached() {
                check(Engine::Memcached).await;
            }
        }
    };
}

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Redis,
    Cluster,
    Memcached,
}

impl Engine {
    /// The engine that [`Debug`] calls so.
    pub(crate) fn of(name: &str) -> Engine {
        let all = [Engine::Redis, Engine::Cluster, Engine::Memcached];
        let engine = all.into_iter().find(|engine| format!("{engine:?}") == name);
        engine.unwrap_or_else(|| panic!("there is no engine {name}"))
    }

    pub(crate) fn start(self) -> Server {
        match self {
            Engine::Redis => Server::Redis(larder_servers::Redis::start()),
            // Where a part may be gone, the rest goes on.
            Engine::Cluster => Server::Cluster(Cluster::start_with(
                3,
                &[("cluster-require-full-coverage", "no")],
            )),
            Engine::Memcached => Server::Memcached(larder_servers::Memcached::start()),
        }
    }

    /// A builder of caches with connections of their own to the servers at these addresses.
    pub(crate) async fn connect(self, addresses: &[String]) -> CacheBuilder {
        self.connect_within(addresses, RESPONSE_TIMEOUT).await
    }

    /// The same, with more patience for answers.
    pub(crate) async fn connect_within(
        self,
        addresses: &[String],
        response_timeout: Duration,
    ) -> CacheBuilder {
        let builder = Cache::builder().namespace("fleet");
        match self {
            Engine::Redis => {
                let redis = larder::Redis::builder()
                    .url(&format!("redis://{}", addresses[0]))
                    .response_timeout(response_timeout)
                    .connect()
                    .await;
                builder.store(redis.expect("the server is there"))
            }
            Engine::Cluster => {
                let redis = larder::Redis::builder()
                    .cluster(addresses)
                    .response_timeout(response_timeout)
                    .connect()
                    .await;
                builder.store(redis.expect("the cluster is there"))
            }
            Engine::Memcached => {
                let memcached = addresses
                    .iter()
                    .fold(larder::Memcached::builder(), |builder, address| {
                        builder.server(address)
                    })
                    .response_timeout(response_timeout)
                    .connect()
                    .await;
                builder.store(memcached.expect("a server is there"))
            }
        }
    }
}

/// A private server. Killed when dropped.
#[derive(Debug)]
pub(crate) enum Server {
    Redis(larder_servers::Redis),
    Cluster(Cluster),
    Memcached(larder_servers::Memcached),
}

macro_rules! of_each {
    ($self:ident, $server:ident => $act:expr) => {
        match $self {
            Server::Redis($server) => $act,
            Server::Cluster(cluster) => {
                // One of its masters.
                let $server = &cluster.nodes()[0];
                $act
            }
            Server::Memcached($server) => $act,
        }
    };
}

impl Server {
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Server::Redis(_) => Engine::Redis,
            Server::Cluster(_) => Engine::Cluster,
            Server::Memcached(_) => Engine::Memcached,
        }
    }

    pub(crate) fn address(&self) -> String {
        of_each!(self, server => server.address())
    }

    pub(crate) fn kill(&self) {
        of_each!(self, server => server.kill());
    }

    pub(crate) fn restart(&self) {
        of_each!(self, server => server.restart());
    }

    pub(crate) fn pause(&self) {
        of_each!(self, server => server.pause());
    }

    pub(crate) fn resume(&self) {
        of_each!(self, server => server.resume());
    }

    pub(crate) fn flush(&self) {
        of_each!(self, server => server.flush());
    }

    pub(crate) fn names(&self) -> Vec<String> {
        of_each!(self, server => server.names())
    }

    pub(crate) fn read(&self, name: &str) -> Option<Vec<u8>> {
        of_each!(self, server => server.read(name))
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        of_each!(self, server => server.write(name, bytes));
    }
}
