//! The Redis store: one server, a master behind sentinels, or a cluster; Redis or Valkey.
//!
//! What larder promises is decided in `remote`; here stands how a server is
//! spoken to. From the outside in: `builder` reads the settings (`url`, `endpoint`); the
//! servers are one, one that `sentinel`s name, or those of a `cluster` (`slot`); `dial`
//! opens a connection (`stream`, `tls`, `wire`), and `greeting` asks who answers
//! (`server`) and what may be done there; `link` runs operations on it, spelled by `spell`,
//! read by `reply`, with a `script` or a `transaction` for a `condition`; `refusal` says
//! what an error of the server means. `news` are what servers tell by themselves, `about` what they tell of themselves.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::news::{Masters, News};
use self::settings::Settings;
use super::remote::Remote;
use super::remote::topology::Topology;
use super::{Listener, Push};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::namespace::Namespace;
use crate::tag::Tag;

mod about;
mod builder;
mod cluster;
mod condition;
mod dial;
mod endpoint;
mod greeting;
mod link;
mod news;
mod page;
mod password;
mod refusal;
mod reply;
mod script;
mod sentinel;
mod server;
mod settings;
mod slot;
mod spell;
mod stream;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;
mod url;
mod wire;

pub use about::{RedisDeployment, RedisServer};
pub use builder::{REDIS_VALUE_BYTES_MAX_DEFAULT, RedisBuilder};
pub use cluster::CLUSTER_MAP_AGE_MIN;
pub use link::LIFE_ASKED_EVERY;
pub use news::{
    HEARTBEAT_EVERY, HEARTBEAT_SLACK, HEARTBEAT_TIMEOUT, NEWS_RETRY_MAX, NEWS_RETRY_MIN,
};

pub use super::remote::node::{
    BACKOFF_MAX, BACKOFF_MIN, CONNECT_TIMEOUT_DEFAULT, RESPONSE_TIMEOUT_DEFAULT,
};

/// Entries and versions on Redis or Valkey: one server, a master behind sentinels, or a cluster.
/// Cheap to clone.
///
/// ```no_run
/// use larder::{Cache, Redis};
///
/// # async fn example() -> larder::Result<()> {
/// let store = Redis::connect("redis://127.0.0.1:6379").await?;
/// let cache = Cache::builder().store(store).namespace("shop").build()?;
/// # Ok(())
/// # }
/// ```
///
/// # What is needed
///
/// Redis 6.2 or later, or any Valkey. The user needs the commands
/// `+get +mget +getex +getrange +set +setrange +pexpire +del +info`; either
/// `+eval +evalsha +exists` or, more slowly, `+watch +unwatch +multi +exec`; in a cluster
/// `+cluster|slots`; for [`keys`](crate::Cache::keys) `+scan`; for a near tier with push `+hello +client|tracking`. As keys it needs
/// `~shop:*` for the namespace `shop`. What is missing is said when it connects: the commands
/// are tried then, with a key `larder:nothing`, which the server's `ACL LOG` may show as denied.
///
/// # Other machines
///
/// A server on another machine is spoken to over TLS, unless
/// [`plaintext`](RedisBuilder::plaintext) says that the network may be trusted.
///
/// # Restarts, failovers and moves
///
/// Only masters are read. A version belongs to one life of one server: after a restart, and after
/// the promotion of a replica, which may lack what its master acknowledged last, nothing that was
/// stored before is served. A link in use asks every [`LIFE_ASKED_EVERY`] whether its server is
/// still the master that it was; for so long at most can it read from a master that was made a
/// replica by hand. Sentinel and cluster close, or refuse, such connections at once.
///
/// While a slot of a cluster moves, what is in it bypasses the cache; afterwards it is cold. A master
/// that is gone takes its names with it; every read needs the namespace's own tag, so that the one
/// that keeps it takes all.
#[derive(Clone)]
pub struct Redis {
    remote: Remote,
    reach: Arc<Reach>,
}

/// How the servers are reached, apart from what is stored there.
struct Reach {
    /// For people.
    address: String,
    masters: Masters,
    topology: Arc<dyn Topology>,
    settings: Arc<Settings>,
}

impl Redis {
    /// The servers of an address, in one of the forms of [`RedisBuilder::url`].
    ///
    /// # Errors
    ///
    /// As [`RedisBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Redis> {
        Redis::builder().url(url).connect().await
    }

    /// Servers with settings.
    pub fn builder() -> RedisBuilder {
        RedisBuilder::default()
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.reach.address).finish()
    }
}

/// Changes are told by the servers themselves (`CLIENT TRACKING` of the namespace's names), over
/// one more connection to each master. They are lost while one of these is lost, and for as long
/// as it brings news of another server than the one that is read from.
impl Push for Redis {
    fn tag_name(&self, namespace: &Namespace, tag: &Tag) -> Arc<str> {
        self.remote.names(namespace).tag(tag).as_str().into()
    }

    fn entry_name(&self, namespace: &Namespace, key: &Key) -> Arc<str> {
        self.remote.names(namespace).entry(key).as_str().into()
    }

    fn subscribe(&self, namespace: &Namespace, listener: Arc<dyn Listener>) -> Result<()> {
        let reach = &self.reach;
        if let Some(needed) = reach.settings.news_need.get() {
            return Err(Error::config(format!(
                "the user at {} may not be told of changes: grant {needed}, or use \
                 Near::validated",
                reach.address
            )));
        }
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| {
            Error::runtime("a near tier that is told of changes needs a tokio runtime")
        })?;
        let names = self.remote.names(namespace);
        let news = News {
            masters: reach.masters.clone(),
            topology: reach.topology.clone(),
            settings: reach.settings.clone(),
            prefixes: ["t1:", "e1:"]
                .map(|kind| format!("{}:{kind}", names.prefix()))
                .into(),
        };
        runtime.spawn(news.follow(Arc::downgrade(&listener)));
        Ok(())
    }

    fn delay_max(&self) -> Duration {
        HEARTBEAT_EVERY + HEARTBEAT_TIMEOUT + HEARTBEAT_SLACK
    }
}

super::remote::face::store_through_remote!(Redis, |redis| Some(redis));
