//! The floors: the same servers asked without larder.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, RedisError};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How long an answer may take: on a busy machine longer than the client crate's default.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client that knows nothing of tags. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Bare {
    /// The client crate that larder uses, with its defaults.
    Redis(MultiplexedConnection),
    /// The same crate's own client for clusters.
    Cluster(ClusterConnection),
    /// No client at all: bytes on sockets, as many sockets as calls at once.
    Memcached(Arc<[Pool]>),
}

/// Where a value is: which server, and its name there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) server: usize,
    pub(crate) name: String,
}

impl Bare {
    pub(crate) async fn redis(url: &str) -> Result<Bare, RedisError> {
        let client = redis::Client::open(url)?;
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(PATIENCE));
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        Ok(Bare::Redis(connection.await?))
    }

    pub(crate) async fn cluster(addresses: &[String]) -> Result<Bare, RedisError> {
        let urls = addresses.iter().map(|address| format!("redis://{address}"));
        let client = ClusterClient::builder(urls)
            .response_timeout(PATIENCE)
            .build()?;
        Ok(Bare::Cluster(client.get_async_connection().await?))
    }

    pub(crate) fn memcached(addresses: Vec<String>) -> Bare {
        Bare::Memcached(addresses.into_iter().map(Pool::new).collect())
    }

    /// Reads one value.
    pub(crate) async fn get(&self, place: &Place) -> Vec<u8> {
        let value: Result<Vec<u8>, RedisError> = match self {
            Bare::Redis(connection) => connection.clone().get(&place.name).await,
            Bare::Cluster(connection) => connection.clone().get(&place.name).await,
            Bare::Memcached(pools) => {
                let mut values = pools[place.server].get(&[&place.name]).await;
                return values.pop().expect("the value is there");
            }
        };
        value.expect("the server answers")
    }

    /// Reads some values: in one command where there is one server, else as the client does it.
    pub(crate) async fn get_all(&self, places: &[Place]) -> usize {
        let names: Vec<&str> = places.iter().map(|place| &*place.name).collect();
        let values: Result<Vec<Vec<u8>>, RedisError> = match self {
            Bare::Redis(connection) => connection.clone().mget(names).await,
            Bare::Cluster(connection) => connection.clone().mget(names).await,
            Bare::Memcached(pools) => {
                let parts = pools.iter().enumerate().filter_map(|(server, pool)| {
                    let own = places.iter().filter(|place| place.server == server);
                    let own: Vec<&str> = own.map(|place| &*place.name).collect();
                    (!own.is_empty()).then_some(async move { pool.get(&own).await.len() })
                });
                return join_all(parts).await.into_iter().sum();
            }
        };
        values.expect("the server answers").len()
    }

    /// Writes one value.
    pub(crate) async fn set(&self, place: &Place, value: &[u8]) {
        let set: Result<(), RedisError> = match self {
            Bare::Redis(connection) => connection.clone().set(&place.name, value).await,
            Bare::Cluster(connection) => connection.clone().set(&place.name, value).await,
            Bare::Memcached(pools) => return pools[place.server].set(&place.name, value).await,
        };
        set.expect("the server answers");
    }
}

/// Sockets to one memcached.
pub(crate) struct Pool {
    address: String,
    idle: Mutex<Vec<BufReader<TcpStream>>>,
}

impl Pool {
    fn new(address: String) -> Pool {
        Pool {
            address,
            idle: Mutex::default(),
        }
    }

    async fn take(&self) -> BufReader<TcpStream> {
        let idle = self.idle.lock().expect("not poisoned").pop();
        if let Some(socket) = idle {
            return socket;
        }
        let socket = TcpStream::connect(&self.address)
            .await
            .expect("memcached listens");
        socket.set_nodelay(true).expect("a socket of TCP");
        BufReader::new(socket)
    }

    fn give_back(&self, socket: BufReader<TcpStream>) {
        self.idle.lock().expect("not poisoned").push(socket);
    }

    /// `mg` for every name, in one write.
    async fn get(&self, names: &[&str]) -> Vec<Vec<u8>> {
        let mut socket = self.take().await;
        let mut request = Vec::with_capacity(names.len() * 80);
        for name in names {
            request.extend_from_slice(b"mg ");
            request.extend_from_slice(name.as_bytes());
            request.extend_from_slice(b" v\r\n");
        }
        socket.write_all(&request).await.expect("memcached listens");
        let mut values = Vec::with_capacity(names.len());
        let mut line = Vec::new();
        for _ in names {
            line.clear();
            socket
                .read_until(b'\n', &mut line)
                .await
                .expect("memcached answers");
            let size = line.strip_prefix(b"VA ").map(|rest| {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
                digits.fold(0, |size, digit| size * 10 + usize::from(digit - b'0'))
            });
            let mut value = vec![0; size.expect("the value is there") + 2];
            socket
                .read_exact(&mut value)
                .await
                .expect("memcached answers");
            value.truncate(value.len() - 2);
            values.push(value);
        }
        self.give_back(socket);
        values
    }

    async fn set(&self, name: &str, value: &[u8]) {
        let mut socket = self.take().await;
        let mut request = format!("ms {name} {}\r\n", value.len()).into_bytes();
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n");
        socket.write_all(&request).await.expect("memcached listens");
        let mut line = String::new();
        socket
            .read_line(&mut line)
            .await
            .expect("memcached answers");
        assert!(line.starts_with("HD"), "memcached took the value");
        self.give_back(socket);
    }
}
