//! A server in memory, for tests of the protocol: exact, and failing when it is told to.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::link::{Answer, Dial, Fault, Found, HEAD_BYTES, Incarnation, Link, Op};
use super::list::{Beginning, Page, PageAsk};
use super::name::Name;
use super::node::{Limits, Node};
use super::topology::Topology;
use super::{Remote, Settings};
use crate::error::{Error, Result};

/// A server that keeps values in memory.
#[derive(Default)]
pub(crate) struct Server {
    values: Mutex<HashMap<Name, Vec<u8>>>,
    life: Mutex<[u8; 16]>,
    /// Batches that were run: round trips.
    pub(crate) trips: AtomicUsize,
    down: Mutex<bool>,
    /// Whether the answers to the next batch are lost; what was kept right after it.
    losing: Mutex<bool>,
    lost_at: Mutex<Option<HashMap<Name, Vec<u8>>>>,
}

impl Server {
    /// Another life: with what it kept, or without.
    pub(crate) fn restart(&self, forgets: bool) {
        self.life.lock()[0] += 1;
        if forgets {
            self.values.lock().clear();
        }
    }

    pub(crate) fn set_down(&self, down: bool) {
        *self.down.lock() = down;
    }

    /// Does the next batch, and breaks the connection instead of answering it.
    pub(crate) fn lose_answer(&self) {
        *self.losing.lock() = true;
    }

    /// What it kept right after the batch whose answers were lost.
    pub(crate) fn kept_when_lost(&self) -> Option<HashMap<Name, Vec<u8>>> {
        self.lost_at.lock().clone()
    }

    /// What it keeps, to be put back later.
    pub(crate) fn save(&self) -> HashMap<Name, Vec<u8>> {
        self.values.lock().clone()
    }

    pub(crate) fn load(&self, values: HashMap<Name, Vec<u8>>) {
        *self.values.lock() = values;
    }

    /// Changes every value that it keeps.
    pub(crate) fn spoil(&self, change: impl Fn(&mut Vec<u8>)) {
        self.values.lock().values_mut().for_each(change);
    }

    pub(crate) fn evict(&self, which: impl Fn(&Name) -> bool) {
        self.values.lock().retain(|name, _| !which(name));
    }

    fn run_one(&self, op: Op) -> Answer {
        let mut values = self.values.lock();
        let found = |bytes: &Vec<u8>| {
            Answer::Found(Found {
                bytes: bytes.clone().into(),
                cas: 0,
            })
        };
        let same = |bytes: &[u8], seen: &Found| {
            let head = seen.head();
            assert!(head.len() <= HEAD_BYTES);
            bytes.starts_with(head)
        };
        match op {
            Op::Get(name) | Op::Head(name) | Op::Touch { name, .. } => {
                values.get(&name).map_or(Answer::Missing, found)
            }
            Op::Set { name, value, .. } => {
                values.insert(name, value);
                Answer::Done
            }
            Op::Add { name, value, .. } => match values.get(&name) {
                Some(bytes) => found(bytes),
                None => {
                    values.insert(name, value);
                    Answer::Done
                }
            },
            Op::Replace { name, value, .. } => match values.get_mut(&name) {
                Some(bytes) => {
                    *bytes = value;
                    Answer::Done
                }
                None => Answer::Missing,
            },
            Op::Splice {
                name, at, value, ..
            } => {
                let bytes = values.entry(name).or_default();
                bytes.resize(bytes.len().max(at + value.len()), 0);
                bytes[at..at + value.len()].copy_from_slice(&value);
                Answer::Done
            }
            Op::Swap {
                name, seen, value, ..
            } => match values.get_mut(&name) {
                Some(bytes) if same(bytes, &seen) => {
                    *bytes = value;
                    Answer::Done
                }
                Some(bytes) => found(bytes),
                None => Answer::Missing,
            },
            Op::Take { name, seen } => match values.get(&name) {
                Some(bytes) if same(bytes, &seen) => {
                    values.remove(&name);
                    Answer::Done
                }
                Some(bytes) => found(bytes),
                None => Answer::Missing,
            },
            Op::Renew { name, seen, .. } => match values.get(&name) {
                Some(bytes) if same(bytes, &seen) => Answer::Done,
                Some(bytes) => found(bytes),
                None => Answer::Missing,
            },
            Op::Delete(name) => {
                values.remove(&name);
                Answer::Done
            }
        }
    }
}

/// Dials the server; the link breaks when the server begins another life.
struct ToServer(Arc<Server>);

struct Connection {
    server: Arc<Server>,
    life: [u8; 16],
}

impl Dial for ToServer {
    fn address(&self) -> &str {
        "simulation"
    }

    fn dial(&self) -> BoxFuture<'_, Result<Arc<dyn Link>>> {
        Box::pin(async {
            if *self.0.down.lock() {
                return Err(Error::store("the server is down"));
            }
            Ok(Arc::new(Connection {
                server: self.0.clone(),
                life: *self.0.life.lock(),
            }) as Arc<dyn Link>)
        })
    }
}

impl Link for Connection {
    fn incarnation(&self) -> Incarnation {
        Incarnation(self.life)
    }

    fn run(&self, ops: Vec<Op>) -> BoxFuture<'_, Result<Vec<Answer>, Fault>> {
        Box::pin(async move {
            if *self.server.down.lock() || *self.server.life.lock() != self.life {
                return Err(Fault::Broken(Error::store("the connection was closed")));
            }
            self.server.trips.fetch_add(1, Ordering::SeqCst);
            let answers = ops.into_iter().map(|op| self.server.run_one(op)).collect();
            if std::mem::take(&mut *self.server.losing.lock()) {
                *self.server.lost_at.lock() = Some(self.server.save());
                return Err(Fault::Broken(Error::store("the connection was closed")));
            }
            Ok(answers)
        })
    }

    fn page<'a>(&'a self, ask: &'a PageAsk<'a>) -> BoxFuture<'a, Result<Result<Page>, Fault>> {
        /// Few, so that there are several pages.
        const NAMES: usize = 5;
        Box::pin(async move {
            self.server.trips.fetch_add(1, Ordering::SeqCst);
            let values = self.server.values.lock();
            let mut names: Vec<&Name> = values.keys().collect();
            names.sort();
            let begin = ask.cursor as usize;
            // The last one of a page comes again with the next one.
            let shown = names.iter().skip(begin).take(NAMES + 1);
            let next = begin + NAMES;
            Ok(Ok(Page {
                next: if next < names.len() { next as u64 } else { 0 },
                values: shown
                    .filter(|name| name.as_str().starts_with(ask.prefix))
                    .map(|name| beginning(name, &values[*name], ask.bytes))
                    .collect(),
            }))
        })
    }

    fn beginnings<'a>(
        &'a self,
        names: &'a [String],
        bytes: usize,
    ) -> BoxFuture<'a, Result<Result<Vec<Beginning>>, Fault>> {
        Box::pin(async move {
            self.server.trips.fetch_add(1, Ordering::SeqCst);
            let values = self.server.values.lock();
            let asked = values.iter().filter(|(name, _)| {
                let name = name.as_str();
                names.iter().any(|asked| asked == name)
            });
            Ok(Ok(asked
                .map(|(name, value)| beginning(name, value, bytes))
                .collect()))
        })
    }
}

fn beginning(name: &Name, value: &[u8], bytes: usize) -> Beginning {
    let head = &value[..value.len().min(bytes)];
    (name.as_str().to_owned(), head.to_vec())
}

/// Names spread over servers by their route.
struct Spread(Vec<Arc<Node>>);

impl Topology for Spread {
    fn node(&self, name: &Name) -> Result<Arc<Node>> {
        let at = blake3::hash(name.route().as_bytes()).as_bytes()[0];
        Ok(self.0[usize::from(at) % self.0.len()].clone())
    }

    fn nodes(&self) -> Vec<Arc<Node>> {
        self.0.clone()
    }
}

/// A process: a store of its own over these servers.
pub(crate) fn process(servers: &[Arc<Server>]) -> Remote {
    let node =
        |server: &Arc<Server>| Node::new(Arc::new(ToServer(server.clone())), Limits::default());
    let settings = Settings {
        value_bytes_max: 1 << 20,
        lists_keys: true,
        ..Settings::default()
    };
    Remote::new(
        Arc::new(Spread(servers.iter().map(node).collect())),
        settings,
    )
}
