//! The memcached store: one memcached, or several on a fixed ring.

// What larder promises is decided in `remote`; here stands how a server is
// spoken to. From the caller down: `ring` says which server keeps a name; `dial` opens a
// connection, and `greeting` asks who answers; `link` turns operations into commands, each by
// the rules of `job`; `wire` has the bytes; `connection` owns the socket.
//
// Why a client of our own
//
// The crate `memcache` (0.21, module `exp`) speaks the meta protocol over tokio, and was read
// first. It was not taken because
//
// - a connection serves one call at a time, from a pool: 64 tasks need 64 connections of every
//   process, or wait for each other;
// - a cancelled call closes its connection, so that callers with timeouts dial all the time;
// - a reply is compared by number, and only in batches. The key that the server echoes is not
//   compared, although a crossed reply is how a cache shows one user another's data;
// - its tokio half has no unix sockets, and five crates come along.
//
// What is needed of the protocol are three commands and six replies.

use std::fmt;
use std::sync::Arc;

use super::remote::Remote;
use crate::error::Result;

mod about;
mod address;
mod builder;
mod connection;
mod dial;
mod greeting;
mod job;
mod link;
mod ring;
#[cfg(test)]
mod tests;
mod wire;

pub use about::MemcachedServer;
pub use builder::{MEMCACHED_VALUE_BYTES_MAX_DEFAULT, MemcachedBuilder};
pub use job::MEMCACHED_KEEP_MAX;

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
/// under another, so that a list that changed begins with an empty cache. Going *back* to an
/// earlier list would bring back what was written under it, without what was invalidated meanwhile:
/// restart the servers, or flush them, before.
///
/// A server that does not answer keeps its names, and what depends on one of them bypasses the cache
/// until it is back. Everything depends on the namespace's own tag, which is on one of them.
///
/// # Restarts
///
/// memcached forgets everything when it restarts, versions and entries alike, so that nothing old
/// can come back. A *warm* restart (`--memory-file`) brings both back as they were when the server
/// was stopped, and after a crash it brings nothing. That is as good, but for two things: what
/// could not be invalidated while the server was away is invalidated late, as after a cut network;
/// and nobody may put an older copy of the file back.
///
/// # What is needed
///
/// memcached 1.6.10 or later, with cas (that is, without `-C`). No user or password can be given,
/// and nothing is encrypted: only this machine is spoken to unless
/// [`plaintext`](MemcachedBuilder::plaintext) says that the network may be trusted.
///
/// An entry lives for [`MEMCACHED_KEEP_MAX`] at most, whatever its ttl.
#[derive(Clone)]
pub struct Memcached {
    remote: Remote,
    servers: Arc<[String]>,
}

impl Memcached {
    /// The servers of an address, in one of the forms of [`MemcachedBuilder::url`].
    ///
    /// # Errors
    ///
    /// As [`MemcachedBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Memcached> {
        Memcached::builder().url(url).connect().await
    }

    /// Servers with settings.
    pub fn builder() -> MemcachedBuilder {
        MemcachedBuilder::default()
    }
}

impl fmt::Debug for Memcached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memcached").field(&self.servers).finish()
    }
}

super::remote::face::store_through_remote!(Memcached);
