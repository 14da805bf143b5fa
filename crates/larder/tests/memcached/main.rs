//! The memcached store against real servers: the suite for all stores, how it connects, and what it
//! makes of servers that are wrong, full, restarted, or used by others.
//!
//! What is said on the wire, operation by operation, is tested beside the code; what many processes
//! see of one another, in `tests/fleet`.

mod cached;
mod conformance;
mod connecting;
mod functions;
mod listing;
mod near;
mod ring;
mod trees;
mod trips;

#[path = "../common/functions.rs"]
mod common_functions;
#[path = "../common/trees.rs"]
mod common_trees;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use larder::{Cache, Memcached, MemcachedBuilder, Tag};
use larder_servers::Memcached as Server;

/// How long a server may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that needs little of the machine.
fn server() -> Server {
    Server::builder().arguments(&["-t", "1"]).start()
}

/// Settings for these servers, with much patience.
fn builder<'a>(servers: impl IntoIterator<Item = &'a Server>) -> MemcachedBuilder {
    let patient = Memcached::builder()
        .connect_timeout(PATIENCE)
        .response_timeout(PATIENCE);
    servers
        .into_iter()
        .fold(patient, |builder, server| builder.server(server.address()))
}

/// A cache over servers, and how often it has loaded.
struct Bench {
    cache: Cache,
    loads: Arc<AtomicU64>,
}

impl Bench {
    async fn new(servers: &[&Server]) -> Bench {
        let store = builder(servers.iter().copied()).connect().await;
        Bench::over(store.expect("the servers answer"))
    }

    fn over(store: Memcached) -> Bench {
        let builder = Cache::builder().store(store).namespace("shop");
        Bench {
            cache: builder.build().expect("the settings are valid"),
            loads: Arc::default(),
        }
    }

    /// The value at a key, loaded as `value` if it must be; it depends on the tag of its key.
    async fn read(&self, key: u64, value: &str) -> String {
        let (loads, value) = (self.loads.clone(), value.to_owned());
        let load = move || async move {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(value)
        };
        let read = self.cache.get_or_load(key, load).tags([tag(key)]).await;
        (*read.expect("a load never fails here")).clone()
    }

    async fn invalidate(&self, key: u64) {
        let done = self.cache.invalidate([tag(key)]).await;
        done.expect("the server is told");
    }

    fn loads(&self) -> u64 {
        self.loads.load(Ordering::SeqCst)
    }
}

fn tag(key: u64) -> Tag {
    Tag::named(&format!("tag {key}"))
}
