//! Private servers, with one set of words for all of them.

use larder::{Cache, CacheBuilder};

use super::bare::{Bare, Place};

/// The servers that a row is about. Killed when dropped.
pub(crate) enum Servers {
    Redis(larder_servers::Redis),
    Cluster(larder_servers::Cluster),
    Memcached(Vec<larder_servers::Memcached>),
}

impl Servers {
    pub(crate) fn redis() -> Servers {
        Servers::Redis(larder_servers::Redis::start())
    }

    pub(crate) fn cluster(nodes: usize) -> Servers {
        Servers::Cluster(larder_servers::Cluster::start(nodes))
    }

    pub(crate) fn memcached(count: usize) -> Servers {
        Servers::Memcached(
            (0..count)
                .map(|_| larder_servers::Memcached::start())
                .collect(),
        )
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Servers::Redis(_) => "redis".to_owned(),
            Servers::Cluster(cluster) => format!("cluster of {}", cluster.nodes().len()),
            Servers::Memcached(servers) if servers.len() == 1 => "memcached".to_owned(),
            Servers::Memcached(servers) => format!("memcached x {}", servers.len()),
        }
    }

    /// What the floors are: one value, and the values of a cached query.
    pub(crate) fn commands(&self) -> (&'static str, &'static str) {
        match self {
            Servers::Redis(_) => ("bare GET", "bare MGET"),
            Servers::Cluster(_) => ("bare GET, cluster client", "bare MGET, cluster client"),
            Servers::Memcached(_) => ("bare mg, raw socket", "bare mg x 5, raw sockets"),
        }
    }

    /// The names of everything that is stored, by server.
    pub(crate) fn names(&self) -> Vec<(usize, String)> {
        let all: Vec<Vec<String>> = match self {
            Servers::Redis(redis) => vec![redis.names()],
            Servers::Cluster(cluster) => cluster.nodes().iter().map(|node| node.names()).collect(),
            Servers::Memcached(servers) => servers.iter().map(|server| server.names()).collect(),
        };
        let numbered = all.into_iter().enumerate();
        numbered
            .flat_map(|(server, mut names)| {
                // memcached tells a name twice if it has just moved it.
                names.dedup();
                names.into_iter().map(move |name| (server, name))
            })
            .collect()
    }

    /// Where a value is of which the name contains this.
    pub(crate) fn place(&self, part: &str) -> Option<Place> {
        let mut names = self.names().into_iter();
        let (server, name) = names.find(|(_, name)| name.contains(part))?;
        Some(Place { server, name })
    }

    /// The one Redis that it is.
    fn only(&self) -> &larder_servers::Redis {
        match self {
            Servers::Redis(redis) => redis,
            _ => panic!("this row is about one redis"),
        }
    }

    /// `host:port` of the one Redis.
    pub(crate) fn address(&self) -> String {
        self.only().address()
    }

    /// Bytes that the one Redis has in use.
    pub(crate) fn bytes_used(&self) -> f64 {
        let bytes = self.only().info("used_memory");
        bytes.trim().parse().expect("INFO tells a number")
    }

    /// As [`connect`](Self::connect), by way of a relay.
    pub(crate) async fn connect_through(&self, relay: &str) -> larder::Result<CacheBuilder> {
        let store = larder::Redis::connect(&format!("redis://{relay}")).await?;
        Ok(Cache::builder().namespace("bench").store(store))
    }

    /// A builder of a cache with connections of its own: what one process has.
    pub(crate) async fn connect(&self) -> larder::Result<CacheBuilder> {
        let builder = Cache::builder().namespace("bench");
        Ok(match self {
            Servers::Redis(redis) => builder.store(larder::Redis::connect(&redis.url()).await?),
            Servers::Cluster(cluster) => {
                builder.store(larder::Redis::connect(&cluster.url()).await?)
            }
            Servers::Memcached(servers) => {
                let memcached = servers
                    .iter()
                    .fold(larder::Memcached::builder(), |memcached, server| {
                        memcached.server(server.address())
                    });
                builder.store(memcached.connect().await?)
            }
        })
    }

    /// The same servers without larder.
    pub(crate) async fn bare(&self) -> Result<Bare, Box<dyn std::error::Error>> {
        Ok(match self {
            Servers::Redis(redis) => Bare::redis(&redis.url()).await?,
            Servers::Cluster(cluster) => Bare::cluster(&cluster.addresses()).await?,
            Servers::Memcached(servers) => {
                Bare::memcached(servers.iter().map(|server| server.address()).collect())
            }
        })
    }
}
