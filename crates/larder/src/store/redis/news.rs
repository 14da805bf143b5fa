//! What servers tell of changes by themselves: invalidation messages of `CLIENT TRACKING`.
//!
//! One connection to each master, of its own, on which nothing is asked but, at every heartbeat,
//! whether the server still lives the same life as the one that is read from. Its answer comes
//! behind every message that the server had sent before, so that whoever hears it has heard those.
//! If one connection of several is lost, the news are lost: they begin again when all are back.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::try_join_all;
use redis::aio::SendError;
use redis::{ProtocolVersion, PushInfo, PushKind, RedisConnectionInfo, Value};
use tokio::time::{sleep, timeout};

use super::cluster::Cluster;
use super::endpoint::Endpoint;
use super::greeting::text_of;
use super::sentinel::SentinelDial;
use super::server::Server;
use super::settings::Settings;
use super::wire::{Wire, config};
use crate::error::{Error, Result};
use crate::store::Listener;
use crate::store::remote::node::{Failure, Node};
use crate::store::remote::topology::Topology;

/// A connection that brings news is asked so often whether it still does.
pub const HEARTBEAT_EVERY: Duration = Duration::from_millis(250);

/// A connection that brings news is lost if it has not answered for so long.
pub const HEARTBEAT_TIMEOUT: Duration = Duration::from_millis(650);

/// What a busy machine may add to both before a silent connection is noticed.
pub const HEARTBEAT_SLACK: Duration = Duration::from_millis(100);

/// Lost connections for news are opened again after so long, and then after twice as long each time
/// up to [`NEWS_RETRY_MAX`].
pub const NEWS_RETRY_MIN: Duration = Duration::from_millis(50);

/// Lost connections for news are opened again after so long at most.
pub const NEWS_RETRY_MAX: Duration = Duration::from_secs(2);

/// Where the masters are.
#[derive(Clone)]
pub(super) enum Masters {
    /// One, always at this place.
    Fixed(Endpoint),
    /// One, where the sentinels say.
    Sentinel(Arc<SentinelDial>),
    /// Those of a cluster.
    Cluster(Arc<Cluster>),
}

/// The news of some names.
pub(super) struct News {
    pub(super) masters: Masters,
    /// The masters as they are read from.
    pub(super) topology: Arc<dyn Topology>,
    pub(super) settings: Arc<Settings>,
    /// What the names begin with.
    pub(super) prefixes: Vec<String>,
}

impl News {
    /// Tells a listener of every change, until it is dropped.
    pub(super) async fn follow(self, listener: Weak<dyn Listener>) {
        // Whatever ends this, also the end of its runtime: nobody waits for news that do not come.
        let _ends = Ends(listener.clone());
        let mut wait = NEWS_RETRY_MIN;
        while listener.strong_count() > 0 {
            if self.follow_once(&listener).await {
                wait = NEWS_RETRY_MIN;
            }
            let Some(told) = listener.upgrade() else {
                return;
            };
            told.lost();
            drop(told);
            sleep(wait).await;
            wait = (wait * 2).min(NEWS_RETRY_MAX);
        }
    }

    /// Follows until a connection is lost or the masters are others. Whether there were any news.
    async fn follow_once(&self, listener: &Weak<dyn Listener>) -> bool {
        let masters = self.masters();
        let opened = masters.iter().map(|(endpoint, node)| async {
            match timeout(
                self.settings.connect_timeout,
                self.open(endpoint, node, listener),
            )
            .await
            {
                Ok(opened) => opened,
                Err(_) => Err(Error::store("no connection for news in time")),
            }
        });
        let Ok(followed) = try_join_all(opened).await else {
            return false;
        };
        match listener.upgrade() {
            Some(told) => told.live(),
            None => return false,
        }
        while listener.strong_count() > 0 && self.are_still(&masters) {
            sleep(HEARTBEAT_EVERY).await;
            let beats = followed.iter().map(Followed::beat);
            if try_join_all(beats).await.is_err() {
                break;
            }
        }
        true
    }

    /// The masters, by where they are; nothing where the sentinels are to be asked.
    fn masters(&self) -> Vec<(Option<Endpoint>, Arc<Node>)> {
        match &self.masters {
            Masters::Cluster(cluster) => {
                let masters = cluster.masters().into_iter();
                masters.map(|(place, node)| (Some(place), node)).collect()
            }
            Masters::Fixed(endpoint) => {
                let nodes = self.topology.nodes().into_iter();
                nodes.map(|node| (Some(endpoint.clone()), node)).collect()
            }
            Masters::Sentinel(_) => {
                let nodes = self.topology.nodes().into_iter();
                nodes.map(|node| (None, node)).collect()
            }
        }
    }

    fn are_still(&self, known: &[(Option<Endpoint>, Arc<Node>)]) -> bool {
        let now = self.masters();
        let same = |(new, old): (&(_, Arc<Node>), &(_, Arc<Node>))| Arc::ptr_eq(&new.1, &old.1);
        now.len() == known.len() && now.iter().zip(known).all(same)
    }

    async fn open(
        &self,
        endpoint: &Option<Endpoint>,
        node: &Arc<Node>,
        listener: &Weak<dyn Listener>,
    ) -> Result<Followed> {
        let endpoint = match (endpoint, &self.masters) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Masters::Sentinel(dial)) => dial.locate().await?.endpoint,
            (None, _) => return Err(Error::store("no master is known")),
        };
        let mut greeting = RedisConnectionInfo::default()
            .set_skip_set_lib_name()
            .set_protocol(ProtocolVersion::RESP3);
        if let Some(password) = &self.settings.login.password {
            let username = self.settings.login.username.as_deref();
            greeting = greeting
                .set_username(username.unwrap_or("default"))
                .set_password(password.reveal());
        }
        let told = listener.clone();
        let config = config().set_push_sender(move |push: PushInfo| {
            tell(&told, &push);
            Ok::<(), SendError>(())
        });
        let wire = Wire::open_with(&endpoint, &self.settings, greeting, config).await?;
        let mut track = redis::cmd("CLIENT");
        track.arg("TRACKING").arg("ON").arg("BCAST");
        for prefix in &self.prefixes {
            track.arg("PREFIX").arg(prefix.as_str());
        }
        let commands = vec![info("server"), info("replication"), track];
        let replies = wire.ask_first(commands, true).await?;
        let [server, replication, Value::Okay] = &replies[..] else {
            return Err(Error::store(format!("{endpoint} tells no news")));
        };
        let said = text_of(server).into_iter().chain(text_of(replication));
        let server = Server::read(&endpoint.to_string(), &said.collect::<String>())?;
        if !server.master {
            return Err(Error::store(format!("{endpoint} is a replica")));
        }
        let followed = Followed {
            wire,
            server,
            node: node.clone(),
        };
        if let Err(error) = followed.check_read_from().await {
            // One of the two is out of date. If it is the link, and nobody has used it since its
            // server went, nobody has noticed.
            if let Ok(lane) = node.lane().await {
                lane.abandon();
            }
            return Err(error);
        }
        Ok(followed)
    }
}

/// Tells that the news are lost when it is dropped.
struct Ends(Weak<dyn Listener>);

impl Drop for Ends {
    fn drop(&mut self) {
        if let Some(listener) = self.0.upgrade() {
            listener.lost();
        }
    }
}

/// A connection that brings news.
struct Followed {
    wire: Wire,
    server: Server,
    node: Arc<Node>,
}

impl Followed {
    /// Whether the connection still brings the news of the server that is read from.
    async fn beat(&self) -> Result<()> {
        let heard = timeout(HEARTBEAT_TIMEOUT, async {
            let replies = self.wire.ask(vec![info("replication")]).await;
            let said = replies.ok().and_then(|said| text_of(said.first()?));
            match said.is_some_and(|said| self.server.is_still(&said)) {
                true => self.check_read_from().await,
                false => Err(Error::store("this is no longer the same server")),
            }
        });
        heard
            .await
            .unwrap_or_else(|_| Err(Error::store("the server is silent")))
    }

    /// A server that lost its place may go on telling news of itself, while another is read from.
    async fn check_read_from(&self) -> Result<()> {
        match self.node.lane().await.map_err(Failure::into_error) {
            Ok(lane) if lane.incarnation() != self.server.incarnation() => {
                Err(Error::store("another server is read from"))
            }
            // Nothing is read from a server that cannot be reached.
            _ => Ok(()),
        }
    }
}

fn tell(listener: &Weak<dyn Listener>, push: &PushInfo) {
    if push.kind != PushKind::Invalidate {
        return;
    }
    let Some(listener) = listener.upgrade() else {
        return;
    };
    match push.data.first() {
        Some(Value::Array(names)) => {
            for name in names {
                match name {
                    Value::BulkString(name) => match std::str::from_utf8(name) {
                        Ok(name) => listener.changed(name),
                        Err(_) => listener.all(),
                    },
                    _ => listener.all(),
                }
            }
        }
        // The whole database was emptied; and what cannot be read may have been anything.
        _ => listener.all(),
    }
}

fn info(section: &str) -> redis::Cmd {
    let mut command = redis::cmd("INFO");
    command.arg(section);
    command
}
