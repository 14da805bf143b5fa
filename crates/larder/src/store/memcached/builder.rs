//! Settings of a memcached store.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::Memcached;
use super::address::Address;
use super::dial::MemcachedDial;
use super::greeting::ITEM_OVERHEAD;
use super::ring::Ring;
use crate::error::{Error, Result};
use crate::store::remote::node::{
    CONNECT_TIMEOUT_DEFAULT, Failure, Limits, Node, RESPONSE_TIMEOUT_DEFAULT,
};
use crate::store::remote::{Remote, Settings};

/// How large a stored entry may be, in bytes, if nobody says otherwise: memcached's own limit, less
/// what it needs for itself.
pub const MEMCACHED_VALUE_BYTES_MAX_DEFAULT: usize = (1 << 20) - ITEM_OVERHEAD;

/// Settings of a [`Memcached`] store.
///
/// ```no_run
/// use std::time::Duration;
/// use larder::Memcached;
///
/// # async fn example() -> larder::Result<()> {
/// let store = Memcached::builder()
///     .server("10.0.0.1:11211")
///     .server("10.0.0.2:11211")
///     .plaintext(true)
///     .response_timeout(Duration::from_millis(300))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until `connect` is called"]
pub struct MemcachedBuilder {
    /// The servers, or what was wrong about one.
    servers: Result<Vec<Address>>,
    limits: Limits,
    value_bytes_max: usize,
    plaintext: bool,
}

impl Default for MemcachedBuilder {
    fn default() -> Self {
        MemcachedBuilder {
            servers: Ok(Vec::new()),
            limits: Limits {
                connect_timeout: CONNECT_TIMEOUT_DEFAULT,
                response_timeout: RESPONSE_TIMEOUT_DEFAULT,
            },
            value_bytes_max: MEMCACHED_VALUE_BYTES_MAX_DEFAULT,
            plaintext: false,
        }
    }
}

impl MemcachedBuilder {
    /// More servers: `memcached://host:port`, with a comma between several, or
    /// `memcached+unix:///path/of/socket`. The port is 11211 if none is given.
    pub fn url(self, url: impl AsRef<str>) -> Self {
        self.add(Address::parse_all(url.as_ref()))
    }

    /// Another server: `host:port`, `[2001:db8::1]:port`, or the path of a unix socket.
    pub fn server(self, server: impl AsRef<str>) -> Self {
        self.add(Address::parse(server.as_ref()).map(|server| vec![server]))
    }

    /// The first thing that is wrong is what [`connect`](Self::connect) tells.
    fn add(mut self, more: Result<Vec<Address>>) -> Self {
        match (&mut self.servers, more) {
            (Ok(servers), Ok(more)) => servers.extend(more),
            (Ok(_), Err(error)) => self.servers = Err(error),
            (Err(_), _) => {}
        }
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
    /// is lower, that holds. [`MEMCACHED_VALUE_BYTES_MAX_DEFAULT`] if nothing is said.
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
        let addresses = Ring::ordered(self.servers?)?;
        let far = addresses.iter().find(|address| !address.is_local());
        if let Some(far) = far
            && !self.plaintext
        {
            return Err(Error::config(format!(
                "memcached at {far} would be spoken to without encryption: say \
                 `plaintext` if the network between can be trusted"
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
            servers: addresses.iter().map(Address::to_string).collect(),
        })
    }
}
