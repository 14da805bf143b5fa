//! Settings of a Redis store.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::future::join_all;

use super::cluster::Cluster;
use super::dial::ServerDial;
use super::endpoint::{Endpoint, PORT_DEFAULT, SENTINEL_PORT_DEFAULT};
use super::news::Masters;
use super::password::Password;
use super::sentinel::{SentinelDial, listed};
use super::settings::{Login, Settings};
use super::tls::{Tls, TlsSettings};
use super::url::{Servers, Url};
use super::{Reach, Redis};
use crate::error::{Error, Result};
use crate::store::remote::link::Dial;
use crate::store::remote::node::{
    CONNECT_TIMEOUT_DEFAULT, Failure, Limits, Node, RESPONSE_TIMEOUT_DEFAULT,
};
use crate::store::remote::topology::{Single, Topology};
use crate::store::remote::{self, Remote};

/// How large a stored entry may be, in bytes, if nobody says otherwise.
pub const REDIS_VALUE_BYTES_MAX_DEFAULT: usize = 1 << 20;

/// Settings of a [`Redis`] store.
///
/// ```no_run
/// use std::time::Duration;
/// use larder::Redis;
///
/// # async fn example() -> larder::Result<()> {
/// let store = Redis::builder()
///     .sentinel("shop", ["10.0.0.1", "10.0.0.2", "10.0.0.3"])
///     .username("larder")
///     .password("secret")
///     .tls_roots("/etc/ssl/shop.pem")
///     .response_timeout(Duration::from_millis(300))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "settings do nothing until `connect` is called"]
pub struct RedisBuilder {
    /// What was said last about the servers, or what was wrong about it.
    servers: Option<Result<Servers>>,
    login: Login,
    sentinel_login: Login,
    database: u32,
    encrypted: bool,
    tls: TlsSettings,
    plaintext: bool,
    limits: Limits,
    value_bytes_max: usize,
}

impl Default for RedisBuilder {
    fn default() -> Self {
        RedisBuilder {
            servers: None,
            login: Login::default(),
            sentinel_login: Login::default(),
            database: 0,
            encrypted: false,
            tls: TlsSettings::default(),
            plaintext: false,
            limits: Limits {
                connect_timeout: CONNECT_TIMEOUT_DEFAULT,
                response_timeout: RESPONSE_TIMEOUT_DEFAULT,
            },
            value_bytes_max: REDIS_VALUE_BYTES_MAX_DEFAULT,
        }
    }
}

impl RedisBuilder {
    /// Where the servers are, in one text. What it says of user, password, database and TLS counts
    /// as if it had been said with the methods of those names.
    ///
    /// | | |
    /// |---|---|
    /// | `redis://user:password@host:6379/0` | one server |
    /// | `rediss://…` | the same over TLS |
    /// | `unix:///run/redis.sock?db=0` | one server, over a unix socket |
    /// | `redis+sentinel://host:26379,host/master/0` | the master that sentinels know by this name |
    /// | `redis+cluster://host:6379,host` | a cluster, by some of its members |
    ///
    /// `valkey` may be written for `redis`. Signs like `@` and `/` in a password are written `%40`
    /// and `%2F`.
    pub fn url(mut self, url: &str) -> Self {
        match Url::parse(url) {
            Ok(url) => {
                self.servers = Some(Ok(url.servers));
                self.encrypted |= url.tls;
                self.database = url.database.unwrap_or(self.database);
                self.login.username = url.username.or(self.login.username);
                self.login.password = url.password.or(self.login.password);
            }
            Err(error) => self.servers = Some(Err(error)),
        }
        self
    }

    /// The master that sentinels know by this name. It is asked for at every connect, so that a
    /// failover is followed. Name all sentinels, each as `host` or `host:port`.
    pub fn sentinel<I: AsRef<str>>(
        mut self,
        master: impl Into<String>,
        addresses: impl IntoIterator<Item = I>,
    ) -> Self {
        let sentinels = endpoints(addresses, SENTINEL_PORT_DEFAULT);
        self.servers = Some(sentinels.map(|sentinels| Servers::Sentinel {
            master: master.into(),
            sentinels,
        }));
        self
    }

    /// A cluster, by some of its members, each as `host` or `host:port`. The others are learned
    /// from them, now and whenever slots move.
    pub fn cluster<I: AsRef<str>>(mut self, addresses: impl IntoIterator<Item = I>) -> Self {
        self.servers = Some(endpoints(addresses, PORT_DEFAULT).map(Servers::Cluster));
        self
    }

    /// The user to log in as. Without one it is the server's default user.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.login.username = Some(username.into());
        self
    }

    /// The password. It is never printed.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.login.password = Some(Password::new(password.into()));
        self
    }

    /// User and password for the sentinels themselves, if they want any. Without a user, pass "".
    pub fn sentinel_login(mut self, username: &str, password: impl Into<String>) -> Self {
        self.sentinel_login = Login {
            username: (!username.is_empty()).then(|| username.to_owned()),
            password: Some(Password::new(password.into())),
        };
        self
    }

    /// The number of the database. A cluster has none but 0.
    pub fn database(mut self, number: u32) -> Self {
        self.database = number;
        self
    }

    /// Whether connections are encrypted. The server must have a certificate for the name under
    /// which it is reached, from an authority that this machine trusts.
    pub fn tls(mut self, encrypted: bool) -> Self {
        self.encrypted = encrypted;
        self
    }

    /// Encrypts connections, and trusts the authorities in this file (PEM) instead of those that
    /// this machine trusts.
    pub fn tls_roots(mut self, path: impl Into<PathBuf>) -> Self {
        self.encrypted = true;
        self.tls.roots = Some(path.into());
        self
    }

    /// Encrypts connections, and shows servers that ask for one a certificate of our own. Both
    /// files are PEM.
    pub fn tls_identity(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.encrypted = true;
        self.tls.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Whether servers on other machines may be spoken to without encryption. Whoever can listen
    /// on the way reads the password and the entries, and whoever can reach the server changes
    /// them. Not said: no.
    pub fn plaintext(mut self, allowed: bool) -> Self {
        self.plaintext = allowed;
        self
    }

    /// How long a connection may take to be ready. [`CONNECT_TIMEOUT_DEFAULT`] unless said.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// How long a server may take to answer. A read that gets no answer goes on without the cache.
    /// [`RESPONSE_TIMEOUT_DEFAULT`] unless said.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.limits.response_timeout = timeout;
        self
    }

    /// How large a stored entry may be, in bytes. Larger ones are loaded and given, but not
    /// stored. [`REDIS_VALUE_BYTES_MAX_DEFAULT`] unless said.
    pub fn value_bytes_max(mut self, bytes: usize) -> Self {
        self.value_bytes_max = bytes;
        self
    }

    /// Connects, and checks that the servers can do what is needed. A master of a cluster that
    /// does not answer is no error as long as another does: its names bypass the cache until it is
    /// there, as if it had stopped a moment later.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config) if the settings cannot work: what is wrong and what to do
    /// stands in the message. [`is_store`](Error::is_store) if no server can be reached: the
    /// same settings may work a moment later.
    pub async fn connect(self) -> Result<Redis> {
        let servers = self.servers.clone().unwrap_or_else(|| {
            Err(Error::config(
                "no server is named: use .url(…), .sentinel(…) or .cluster(…)",
            ))
        })?;
        let tls = match self.encrypted {
            true => Some(Tls::new(&self.tls)?),
            false => None,
        };
        let settings = Arc::new(Settings {
            login: self.login.clone(),
            database: self.database,
            tls,
            plaintext: self.plaintext,
            connect_timeout: self.limits.connect_timeout,
            response_timeout: self.limits.response_timeout,
            value_bytes_max: self.value_bytes_max,
            news_need: OnceLock::new(),
        });
        let address = shown(&servers);
        let (masters, topology): (Masters, Arc<dyn Topology>) = match servers {
            Servers::Single(endpoint) => {
                settings.check(&endpoint)?;
                let dial = ServerDial::new(endpoint.clone(), settings.clone(), false);
                (Masters::Fixed(endpoint), self.single(dial))
            }
            Servers::Sentinel { master, sentinels } => {
                for sentinel in &sentinels {
                    settings.check(sentinel)?;
                }
                let login = self.sentinel_login.clone();
                let dial = SentinelDial::new(master, sentinels, login, settings.clone());
                (Masters::Sentinel(dial.clone().into()), self.single(dial))
            }
            Servers::Cluster(_) if self.database != 0 => {
                return Err(Error::config(
                    "a cluster has no numbered databases: leave .database(…) out",
                ));
            }
            Servers::Cluster(seeds) => {
                for seed in &seeds {
                    settings.check(seed)?;
                }
                let cluster = Cluster::connect(seeds, settings.clone()).await?;
                (Masters::Cluster(cluster.clone()), cluster)
            }
        };
        let nodes = topology.nodes();
        let lanes = join_all(nodes.iter().map(|node| node.lane())).await;
        let count = lanes.len();
        let errors = lanes.into_iter().filter_map(|lane| lane.err());
        let errors: Vec<Error> = errors.map(Failure::into_error).collect();
        let fatal = errors.iter().find(|error| error.is_config());
        if let Some(error) = fatal.or(errors.first().filter(|_| errors.len() == count)) {
            return Err(error.clone());
        }
        let limits = remote::Settings {
            value_bytes_max: self.value_bytes_max,
            lists_keys: true,
            ..remote::Settings::default()
        };
        Ok(Redis {
            remote: Remote::new(topology.clone(), limits),
            reach: Arc::new(Reach {
                address,
                masters,
                topology,
                settings,
            }),
        })
    }

    fn single(&self, dial: impl Dial) -> Arc<dyn Topology> {
        Arc::new(Single(Node::new(Arc::new(dial), self.limits)))
    }
}

fn endpoints<I: AsRef<str>>(
    addresses: impl IntoIterator<Item = I>,
    port_default: u16,
) -> Result<Vec<Endpoint>> {
    let read = addresses.into_iter().map(|address| {
        let address = address.as_ref();
        Endpoint::parse(address, port_default).map_err(|why| {
            Error::config(format!(
                "{address:?} is no address of a server: {why}; write host:port"
            ))
        })
    });
    let found: Vec<Endpoint> = read.collect::<Result<_>>()?;
    if found.is_empty() {
        return Err(Error::config("no server is named: the list is empty"));
    }
    Ok(found)
}

/// Where servers are, for people.
fn shown(servers: &Servers) -> String {
    match servers {
        Servers::Single(endpoint) => endpoint.to_string(),
        Servers::Sentinel { master, sentinels } => {
            format!("the master {master} of {}", listed(sentinels))
        }
        Servers::Cluster(seeds) => format!("the cluster of {}", listed(seeds)),
    }
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = match &self.servers {
            Some(Ok(servers)) => shown(servers),
            Some(Err(error)) => error.to_string(),
            None => String::from("none"),
        };
        f.debug_struct("RedisBuilder")
            .field("servers", &servers)
            .field("username", &self.login.username)
            .field("database", &self.database)
            .field("encrypted", &self.encrypted)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
