//! The Redis store against real servers: the suite for all stores, how it connects and what it says
//! when it cannot, sentinels, clusters, and news for the near tier.
//!
//! What is said on the wire, operation by operation, is tested beside the code; what many processes
//! see of one another, in `tests/fleet`.

mod cached;
mod clustered;
mod conformance;
mod connecting;
mod encrypted;
mod functions;
mod listing;
mod news;
mod permitted;
mod trees;
mod watched;

#[path = "../common/functions.rs"]
mod common_functions;
#[path = "../common/listing.rs"]
mod common_listing;
#[path = "../common/trees.rs"]
mod common_trees;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use larder::store::redis::RedisBuilder;
use larder::{Cache, Error, Redis, Tag};
use larder_servers::Redis as Server;

/// How long anything may take that must happen in the end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A cache over servers, and how often it has loaded.
struct Bench {
    cache: Cache,
    loads: Arc<AtomicU64>,
}

impl Bench {
    async fn new(url: &str) -> Bench {
        Bench::over(connected(Redis::builder().url(url)).await)
    }

    fn over(store: Redis) -> Bench {
        Bench::of(Cache::builder().store(store).namespace("shop").build())
    }

    fn of(cache: larder::Result<Cache>) -> Bench {
        Bench {
            cache: cache.expect("the settings are valid"),
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

async fn connected(builder: RedisBuilder) -> Redis {
    let store = builder.connect().await;
    store.unwrap_or_else(|error| panic!("{error}"))
}

/// Why settings do not work.
async fn refused(builder: RedisBuilder) -> Error {
    match builder.connect().await {
        Ok(store) => panic!("{store:?} works"),
        Err(error) => error,
    }
}

/// Why settings can never work: the message says what is wrong and what to do.
async fn misconfigured(builder: RedisBuilder, expected: &[&str]) {
    let error = refused(builder).await;
    assert!(error.is_config(), "{error}");
    says(&error, expected);
}

/// Why settings do not work now.
async fn out_of_reach(builder: RedisBuilder, expected: &[&str]) {
    let error = refused(builder).await;
    assert!(error.is_store(), "{error}");
    says(&error, expected);
}

#[track_caller]
fn says(error: &Error, expected: &[&str]) {
    let said = format!("{error} {error:?}");
    for words in expected {
        assert!(said.contains(words), "{words:?} is missing: {said}");
    }
    assert!(!said.contains("xyzzy"), "a password is shown: {said}");
}

/// Waits until something that must happen in the end has happened.
async fn eventually(what: &str, mut happened: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !happened().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| panic!("in vain: {what}"));
}

/// How often a server was asked a command.
fn calls(server: &Server, command: &str) -> u64 {
    let stats = server.ask(&["INFO", "commandstats"]).text();
    let line = stats
        .lines()
        .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    let calls = line.and_then(|line| line.split(',').next()).unwrap_or("0");
    calls.parse().expect("a number")
}
