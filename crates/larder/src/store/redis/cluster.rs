//! A cluster: which master keeps which slots, and how that is kept up to date.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::RwLock;
use redis::Value;
use tokio::time::{Instant, timeout};

use super::dial::ServerDial;
use super::endpoint::Endpoint;
use super::refusal::words;
use super::sentinel::listed;
use super::settings::Settings;
use super::slot::{SLOTS, slot};
use super::wire::{Wire, no_password};
use crate::error::{Error, Result};
use crate::store::remote::link::{Dial, Link};
use crate::store::remote::name::Name;
use crate::store::remote::node::{Limits, Node};
use crate::store::remote::topology::Topology;

/// The map of a cluster is not asked for again sooner than this.
pub const CLUSTER_MAP_AGE_MIN: Duration = Duration::from_millis(100);

/// The masters of a cluster.
pub(super) struct Cluster {
    seeds: Vec<Endpoint>,
    settings: Arc<Settings>,
    /// Never held across an await.
    map: RwLock<Map>,
    refreshing: AtomicBool,
    /// Whom to ask first next time: a member may be cut off from the others.
    turn: AtomicUsize,
    own: Weak<Cluster>,
}

#[derive(Default)]
struct Map {
    masters: Vec<(Endpoint, Arc<Node>)>,
    /// For each slot its master's place, or [`NOBODY`].
    slots: Vec<u16>,
    asked: Option<Instant>,
}

const NOBODY: u16 = u16::MAX;

/// Slots from one to another, both included, with their master.
type Range = (u16, u16, Endpoint);

impl Cluster {
    /// Learns who keeps what.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config) if the cluster does not keep every slot, or is none; else
    /// [`is_store`](Error::is_store).
    pub(super) async fn connect(
        seeds: Vec<Endpoint>,
        settings: Arc<Settings>,
    ) -> Result<Arc<Cluster>> {
        let cluster = Arc::new_cyclic(|own| Cluster {
            seeds,
            settings,
            map: RwLock::default(),
            refreshing: AtomicBool::new(false),
            turn: AtomicUsize::new(0),
            own: own.clone(),
        });
        let ranges = cluster.ask_anyone().await?;
        cluster.learn(ranges);
        let uncovered = cluster.uncovered();
        if let Some(first) = uncovered.first() {
            return Err(Error::config(format!(
                "the cluster at {} has no master for {} of its {SLOTS} slots (slot {first} is the \
                 first): assign them with redis-cli --cluster fix",
                listed(&cluster.seeds),
                uncovered.len()
            )));
        }
        Ok(cluster)
    }

    /// The masters, with where they are.
    pub(super) fn masters(&self) -> Vec<(Endpoint, Arc<Node>)> {
        self.map.read().masters.clone()
    }

    fn uncovered(&self) -> Vec<u16> {
        let map = self.map.read();
        let slots = map.slots.iter().enumerate();
        slots
            .filter(|(_, master)| **master == NOBODY)
            .map(|(slot, _)| slot as u16)
            .collect()
    }

    /// Asks the members for the map, until one tells it.
    async fn ask_anyone(&self) -> Result<Vec<Range>> {
        let mut known: Vec<Endpoint> = Vec::new();
        let masters = self.masters();
        let masters = masters.iter().map(|(endpoint, _)| endpoint);
        for endpoint in masters.chain(&self.seeds) {
            if !known.contains(endpoint) {
                known.push(endpoint.clone());
            }
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        if !known.is_empty() {
            let first = turn % known.len();
            known.rotate_left(first);
        }
        let mut wrong: Option<Error> = None;
        for endpoint in &known {
            let limit = self.settings.connect_timeout;
            let answer = match timeout(limit, self.ask(endpoint)).await {
                Ok(answer) => answer,
                Err(_) => Err(Error::store(format!(
                    "{endpoint} has not answered within {limit:?}"
                ))),
            };
            match answer {
                Ok(ranges) => return Ok(ranges),
                Err(error) if wrong.as_ref().is_none_or(|wrong| !wrong.is_config()) => {
                    wrong = Some(error);
                }
                Err(_) => {}
            }
        }
        Err(wrong.unwrap_or_else(|| Error::config("no member of the cluster is named")))
    }

    async fn ask(&self, member: &Endpoint) -> Result<Vec<Range>> {
        let wire = Wire::open(member, &self.settings).await?;
        wire.log_in(&self.settings.login, 0, &self.settings).await?;
        let mut command = redis::cmd("CLUSTER");
        command.arg("SLOTS");
        let encrypted = self.settings.tls.is_some();
        let mut replies = wire.ask_first(vec![command], encrypted).await?;
        match replies.pop() {
            Some(Value::Array(ranges)) => {
                let read = ranges.iter().map(|entry| range(entry, member));
                read.collect::<Option<_>>()
                    .ok_or_else(|| Error::store(format!("{member} tells no map of the cluster")))
            }
            Some(Value::ServerError(error)) => Err(match error.code() {
                "NOAUTH" => no_password(&member.to_string()),
                "NOPERM" => Error::config(format!(
                    "the user at {member} may not ask for the map of the cluster: grant \
                     +cluster|slots"
                )),
                "ERR" => Error::config(format!(
                    "{member} is not one of a cluster ({}): name it as redis://{member}",
                    words(&error)
                )),
                _ => Error::store(format!(
                    "{member} does not tell the map of the cluster ({})",
                    words(&error)
                )),
            }),
            _ => Err(Error::store(format!(
                "{member} tells no map of the cluster"
            ))),
        }
    }

    /// Takes a map over. A master that stays keeps its node, with link and history.
    fn learn(&self, ranges: Vec<Range>) {
        let mut map = self.map.write();
        let known = std::mem::take(&mut map.masters);
        let mut slots = vec![NOBODY; usize::from(SLOTS)];
        let mut masters: Vec<(Endpoint, Arc<Node>)> = Vec::new();
        for (first, last, endpoint) in ranges {
            let place = match masters.iter().position(|(there, _)| *there == endpoint) {
                Some(place) => place,
                None => {
                    let node = known.iter().find(|(there, _)| *there == endpoint);
                    let node =
                        node.map_or_else(|| self.member(&endpoint), |(_, node)| node.clone());
                    masters.push((endpoint, node));
                    masters.len() - 1
                }
            };
            for slot in first..=last.min(SLOTS - 1) {
                slots[usize::from(slot)] = place as u16;
            }
        }
        map.masters = masters;
        map.slots = slots;
        map.asked = Some(Instant::now());
    }

    fn member(&self, endpoint: &Endpoint) -> Arc<Node> {
        let dial = MemberDial {
            dial: ServerDial::new(endpoint.clone(), self.settings.clone(), true),
            cluster: self.own.clone(),
        };
        let limits = Limits {
            connect_timeout: self.settings.connect_timeout,
            response_timeout: self.settings.response_timeout,
        };
        Node::new(Arc::new(dial), limits)
    }
}

/// One line of the map: first slot, last slot, master, replicas.
fn range(entry: &Value, asked: &Endpoint) -> Option<Range> {
    let Value::Array(entry) = entry else {
        return None;
    };
    let [
        Value::Int(first),
        Value::Int(last),
        Value::Array(master),
        ..,
    ] = &entry[..]
    else {
        return None;
    };
    let [host, Value::Int(port), ..] = &master[..] else {
        return None;
    };
    let host = match host {
        Value::BulkString(host) => String::from_utf8(host.clone()).ok()?,
        Value::SimpleString(host) => host.clone(),
        // A member that does not know its own name means where it was reached.
        Value::Nil => String::new(),
        _ => return None,
    };
    let host = match (&*host, asked) {
        ("" | "?", Endpoint::Tcp { host, .. }) => host.clone(),
        _ => host,
    };
    let endpoint = Endpoint::Tcp {
        host,
        port: u16::try_from(*port).ok()?,
    };
    Some((
        u16::try_from(*first).ok()?,
        u16::try_from(*last).ok()?,
        endpoint,
    ))
}

impl Topology for Cluster {
    fn node(&self, name: &Name) -> Result<Arc<Node>> {
        let slot = slot(name);
        let map = self.map.read();
        let master = map.slots.get(usize::from(slot)).copied();
        match master.and_then(|master| map.masters.get(usize::from(master))) {
            Some((_, node)) => Ok(node.clone()),
            None => {
                drop(map);
                self.moved();
                Err(Error::store(format!(
                    "the cluster at {} has no master for slot {slot} now",
                    listed(&self.seeds)
                )))
            }
        }
    }

    fn nodes(&self) -> Vec<Arc<Node>> {
        let map = self.map.read();
        map.masters.iter().map(|(_, node)| node.clone()).collect()
    }

    fn moved(&self) {
        let asked = self.map.read().asked;
        if asked.is_some_and(|asked| asked.elapsed() < CLUSTER_MAP_AGE_MIN)
            || self.refreshing.swap(true, Ordering::AcqRel)
        {
            return;
        }
        let Some(cluster) = self.own.upgrade() else {
            return;
        };
        let refresh = async move {
            let done = Refreshing(&cluster);
            if let Ok(ranges) = cluster.ask_anyone().await {
                cluster.learn(ranges);
            }
            drop(done);
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(refresh)),
            Err(_) => self.refreshing.store(false, Ordering::Release),
        }
    }
}

/// A refresh that runs. However it ends, another may begin.
struct Refreshing<'a>(&'a Cluster);

impl Drop for Refreshing<'_> {
    fn drop(&mut self) {
        self.0.refreshing.store(false, Ordering::Release);
    }
}

/// A member of a cluster. Where it cannot be reached, another may have taken its slots over.
struct MemberDial {
    dial: ServerDial,
    cluster: Weak<Cluster>,
}

impl Dial for MemberDial {
    fn address(&self) -> &str {
        self.dial.address()
    }

    fn dial(&self) -> BoxFuture<'_, Result<Arc<dyn Link>>> {
        Box::pin(async {
            let dialled = Looks(&self.cluster);
            let link = self.dial.open().await?;
            std::mem::forget(dialled);
            Ok(link as Arc<dyn Link>)
        })
    }
}

/// Looks at the map again when dropped: also if the dial took too long and was given up.
struct Looks<'a>(&'a Weak<Cluster>);

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        if let Some(cluster) = self.0.upgrade() {
            cluster.moved();
        }
    }
}
