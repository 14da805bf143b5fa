//! The memcached store: one memcached, or several on a fixed ring.
//!
//! What larder promises is decided in [`remote`](super::remote); here stands how a server is
//! spoken to. From the caller down: [`ring`] says which server keeps a name; [`dial`] opens a
//! connection, and [`greeting`] asks who answers; [`link`] turns operations into commands, each by
//! the rules of [`job`]; [`wire`] has the bytes; [`connection`] owns the socket.
//!
//! # Why a client of our own
//!
//! The crate `memcache` (0.21, module `exp`) speaks the meta protocol over tokio, and was read
//! first. It was not taken because
//!
//! - a connection serves one call at a time, from a pool: 64 tasks need 64 connections of every
//!   process, or wait for each other;
//! - a cancelled call closes its connection, so that callers with timeouts dial all the time;
//! - a reply is compared by number, and only in batches. The key that the server echoes is not
//!   compared, although a crossed reply is how a cache shows one user another's data;
//! - its tokio half has no unix sockets, and five crates come along.
//!
//! What is needed of the protocol are three commands and six replies.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use self::address::Address;
use self::dial::MemcachedDial;
use self::ring::Ring;
use super::remote::node::{
    CONNECT_TIMEOUT_DEFAULT, Failure, Limits, Node, RESPONSE_TIMEOUT_DEFAULT,
};
use super::remote::{Remote, Settings};
use crate::error::{Error, Result};

mod address;
mod connection;
mod dial;
mod greeting;
mod job;
mod link;
mod ring;
mod wire;

/// How large an entry may be, in bytes, if nobody says otherwise: memcached's own limit, less what
/// it needs for itself.
pub const VALUE_BYTES_MAX_DEFAULT: usize = (1 << 20) - greeting::ITEM_OVERHEAD;

/// Entries and versions in one memcached, or in several. Cheap to clone.
///
/// ```no_run
/// use larder::{Cache, Memcached};
///
/// # async fn example() -> larder::Result<()> {
/// let store = Memcached::connect("memcached://127.0.0.1:11211").await?;
/// let cache = Cache::builder().store(store).namespace("shop").build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Several servers
///
/// Every name belongs to one server, by its hash and the list of servers alone. All processes must
/// therefore name **the same servers in the same words** (the order does not matter): a process
/// that says `cache1:11211` where others say `10.0.0.1:11211` looks in other places, and while
/// both run, neither sees the other's invalidations. What was written under one list is not used
/// under another, so that a list that changed begins with an empty cache.
///
/// A server that does not answer keeps its names, which bypass the cache until it is back.
///
/// # Restarts
///
/// memcached forgets everything when it restarts, versions and entries alike, so that nothing old
/// can come back. A *warm* restart (`--memory-file`) brings everything back as it was when the server was stopped,
/// and after a crash nothing. That is as good, unless somebody puts back an older copy of
/// the file: do not.
///
/// # What is needed
///
/// memcached 1.6.10 or later, with cas (that is, without `-C`). No user or password can be given,
/// and nothing is encrypted: only this machine is spoken to unless
/// [`plaintext`](MemcachedBuilder::plaintext) says that the network may be trusted.
///
/// An entry lives for 30 days at most, whatever its ttl.
#[derive(Clone)]
pub struct Memcached {
    remote: Remote,
    servers: Arc<[Address]>,
}

impl Memcached {
    /// The servers of an address: `memcached://first:11211,second:11211`.
    ///
    /// # Errors
    ///
    /// As [`MemcachedBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Memcached> {
        let addresses = Address::parse_all(url)?;
        MemcachedBuilder::default().connect_to(addresses).await
    }

    /// Servers with settings.
    pub fn builder() -> MemcachedBuilder {
        MemcachedBuilder::default()
    }
}

impl fmt::Debug for Memcached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.servers.iter().map(Address::to_string);
        f.debug_tuple("Memcached")
            .field(&servers.collect::<Vec<_>>())
            .finish()
    }
}

/// Settings of a [`Memcached`] store.
#[derive(Clone, Debug)]
pub struct MemcachedBuilder {
    servers: Vec<String>,
    limits: Limits,
    value_bytes_max: usize,
    plaintext: bool,
}

impl Default for MemcachedBuilder {
    fn default() -> Self {
        MemcachedBuilder {
            servers: Vec::new(),
            limits: Limits {
                connect_timeout: CONNECT_TIMEOUT_DEFAULT,
                response_timeout: RESPONSE_TIMEOUT_DEFAULT,
            },
            value_bytes_max: VALUE_BYTES_MAX_DEFAULT,
            plaintext: false,
        }
    }
}

impl MemcachedBuilder {
    /// Another server: `host:port`, or the path of a unix socket.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.servers.push(server.into());
        self
    }

    /// How long a connection may take to open. Two seconds if nothing is said.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// How long a server may take to answer. A second if nothing is said.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.limits.response_timeout = timeout;
        self
    }

    /// How large an entry may be, in bytes; a larger one is not stored. Where a server's own limit
    /// is lower, that holds. [`VALUE_BYTES_MAX_DEFAULT`] if nothing is said.
    pub fn value_bytes_max(mut self, bytes: usize) -> Self {
        self.value_bytes_max = bytes;
        self
    }

    /// Whether servers on other machines may be spoken to without encryption: whoever can listen
    /// on the way reads the entries, and whoever can reach the server can change them.
    pub fn plaintext(mut self, plaintext: bool) -> Self {
        self.plaintext = plaintext;
        self
    }

    /// Connects to the servers.
    ///
    /// One of several that does not answer is no error as long as another does: its names bypass
    /// the cache until it is there, as if it had stopped a moment later.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config) if the settings cannot work, or something answers that is
    /// no memcached or cannot do what is needed; [`is_store`](Error::is_store) if no server
    /// answers.
    pub async fn connect(self) -> Result<Memcached> {
        let addresses = self.servers.iter().map(|server| Address::parse(server));
        let addresses = addresses.collect::<Result<Vec<_>>>()?;
        self.connect_to(addresses).await
    }

    async fn connect_to(self, addresses: Vec<Address>) -> Result<Memcached> {
        let addresses = Ring::ordered(addresses)?;
        let far = addresses.iter().find(|address| !address.is_local());
        if let Some(far) = far
            && !self.plaintext
        {
            return Err(Error::config(format!(
                "memcached at {far} would be spoken to without encryption: say \
                 MemcachedBuilder::plaintext(true) if the network between can be trusted"
            )));
        }
        let incarnation = Ring::incarnation(&addresses);
        let node = |address: &Address| {
            let dial = MemcachedDial::new(address.clone(), incarnation, self.value_bytes_max);
            Node::new(Arc::new(dial), self.limits)
        };
        let nodes: Vec<_> = addresses.iter().map(node).collect();
        let lanes = join_all(nodes.iter().map(|node| node.lane())).await;
        let count = lanes.len();
        let errors = lanes.into_iter().filter_map(|lane| lane.err());
        let errors: Vec<Error> = errors.map(Failure::into_error).collect();
        let fatal = errors.iter().find(|error| error.is_config());
        if let Some(error) = fatal.or(errors.first().filter(|_| errors.len() == count)) {
            return Err(error.clone());
        }
        let ring = Ring::new(addresses.iter().cloned().zip(nodes));
        let settings = Settings {
            value_bytes_max: self.value_bytes_max,
            ..Settings::default()
        };
        Ok(Memcached {
            remote: Remote::new(Arc::new(ring), settings),
            servers: addresses.into(),
        })
    }
}

super::remote::face::store_through_remote!(Memcached);

#[cfg(test)]
mod tests;
