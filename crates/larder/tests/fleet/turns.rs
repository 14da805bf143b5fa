//! Whose turn it is to load a key: leases on real servers.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, CacheBuilder, LoadError, ManualClock, Policy, Tag};
use larder_servers::Proxy;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::engine::{Engine, Server};

/// How long a server may take here: these tests are not about servers that fail, and a machine may
/// be busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// Two processes that share a server.
struct Pair {
    _server: Server,
    first: Cache,
    second: Cache,
}

impl Pair {
    async fn start(engine: Engine) -> Pair {
        Pair::with(engine, |builder| builder).await
    }

    async fn with(engine: Engine, setting: impl Fn(CacheBuilder) -> CacheBuilder) -> Pair {
        let server = engine.start();
        let process = async || {
            let builder = engine.connect_within(&[server.address()], PATIENCE).await;
            setting(builder).build().expect("the settings are valid")
        };
        Pair {
            first: process().await,
            second: process().await,
            _server: server,
        }
    }
}

/// Stops loads in the middle.
#[derive(Clone)]
struct Gate {
    started: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    fn new() -> Gate {
        Gate {
            started: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    async fn pass(&self) {
        self.started.add_permits(1);
        self.open.acquire().await.expect("never closed").forget();
    }

    async fn started(&self) {
        self.started.acquire().await.expect("never closed").forget();
    }

    fn open(&self) {
        self.open.add_permits(1);
    }
}

type Caller = JoinHandle<Result<Arc<u64>, LoadError<Infallible>>>;

fn caller(cache: &Cache, gate: &Gate, value: u64) -> Caller {
    let (cache, gate) = (cache.clone(), gate.clone());
    tokio::spawn(async move {
        let load = async move || {
            gate.pass().await;
            Ok::<u64, Infallible>(value)
        };
        cache.get_or_load("k", load).tags([Tag::named("t")]).await
    })
}

async fn value(caller: Caller) -> u64 {
    *caller.await.expect("no panic").expect("the load gives it")
}

async fn kept(cache: &Cache) -> Option<u64> {
    let found = cache.get::<u64>("k").tags([Tag::named("t")]).await;
    found.expect("a miss is no error").as_deref().copied()
}

on_each_engine! {
    async fn who_finds_another_process_loading_waits_and_gets_its_value(engine: Engine) {
        let (pair, gate) = (Pair::start(engine).await, Gate::new());
        let leader = caller(&pair.first, &gate, 1);
        gate.started().await;
        let followers: Vec<Caller> = (0..20).map(|_| caller(&pair.second, &gate, 2)).collect();
        gate.open();
        assert_eq!(value(leader).await, 1);
        for follower in followers {
            assert_eq!(value(follower).await, 1);
        }
    }
}

on_each_engine! {
    async fn a_removal_or_an_insertion_in_another_process_ends_a_load(engine: Engine) {
        let (pair, gate) = (Pair::start(engine).await, Gate::new());
        let removed = caller(&pair.first, &gate, 1);
        gate.started().await;
        pair.second.remove("k").await.expect("the server answers");
        // Whoever comes after the removal does not get what was loaded before it.
        let after = caller(&pair.first, &gate, 2);
        gate.started().await;
        gate.open();
        gate.open();
        assert_eq!(value(removed).await, 1);
        assert_eq!(value(after).await, 2);
        assert_eq!(kept(&pair.second).await, Some(2));

        pair.second.remove("k").await.expect("the server answers");
        let overwritten = caller(&pair.first, &gate, 3);
        gate.started().await;
        let inserted = pair.second.insert("k", 9u64).tags([Tag::named("t")]).await;
        inserted.expect("the server answers");
        gate.open();
        assert_eq!(value(overwritten).await, 3);
        assert_eq!(kept(&pair.first).await, Some(9));
    }
}

on_each_engine! {
    async fn an_invalidation_in_another_process_during_a_load_wins(engine: Engine) {
        let (pair, gate) = (Pair::start(engine).await, Gate::new());
        let before = caller(&pair.first, &gate, 1);
        gate.started().await;
        let invalidated = pair.second.invalidate([Tag::named("t")]).await;
        invalidated.expect("the server answers");
        let after = caller(&pair.second, &gate, 2);
        gate.open();
        gate.open();
        assert_eq!(value(before).await, 1);
        assert_eq!(value(after).await, 2);
        assert_eq!(kept(&pair.first).await, Some(2));
    }
}

on_each_engine! {
    async fn a_leader_that_was_cut_off_for_longer_than_its_lease_writes_nothing_back(engine: Engine) {
        let server = engine.start();
        let proxy = Proxy::start(&server.address());
        let policy = Policy::new().lease(Duration::from_secs(1));
        let cut_off = engine.connect(&[proxy.address()]).await.policy(policy);
        let cut_off = cut_off.build().expect("the settings are valid");
        let other = engine.connect_within(&[server.address()], PATIENCE).await;
        let other = other.policy(policy).build().expect("the settings are valid");
        let (stuck, open) = (Gate::new(), Gate::new());
        let revived = caller(&cut_off, &stuck, 1);
        stuck.started().await;
        proxy.blackhole();
        open.open();
        // Takes over when the lease has run out.
        assert_eq!(value(caller(&other, &open, 2)).await, 2);
        proxy.restore();
        stuck.open();
        assert_eq!(value(revived).await, 1);
        assert_eq!(kept(&other).await, Some(2));
    }
}

on_each_engine! {
    async fn an_entry_past_its_ttl_is_refreshed_by_one_process_and_served_by_all(engine: Engine) {
        let clock = Arc::new(ManualClock::default());
        clock.advance(Duration::from_secs(1_000_000));
        let policy = Policy::new()
            .ttl(Duration::from_secs(60))
            .stale_while_revalidate(Duration::from_secs(600));
        let pair = Pair::with(engine, |builder| builder.policy(policy).clock(clock.clone())).await;
        let inserted = pair.first.insert("k", 1u64).tags([Tag::named("t")]).await;
        inserted.expect("the server answers");
        clock.advance(Duration::from_secs(60));
        let gate = Gate::new();
        assert_eq!(value(caller(&pair.first, &gate, 2)).await, 1);
        gate.started().await;
        for _ in 0..3 {
            assert_eq!(value(caller(&pair.second, &gate, 3)).await, 1);
            while pair.second.loads_running() > 0 {
                tokio::task::yield_now().await;
            }
        }
        gate.open();
        while pair.first.loads_running() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(kept(&pair.second).await, Some(2));
        let loads: u64 = pair.second.stats().iter().map(|group| group.loads).sum();
        assert_eq!(loads, 0, "the other process has refreshed it");
    }
}

/// A batch that stops at the gate, then gives ten times each key below 100, plus `add`.
fn batch(
    cache: &Cache,
    gate: &Gate,
    keys: impl IntoIterator<Item = u64>,
    add: u64,
) -> JoinHandle<HashMap<u64, Arc<u64>>> {
    let (cache, gate) = (cache.clone(), gate.clone());
    let keys: Vec<u64> = keys.into_iter().collect();
    tokio::spawn(async move {
        let load = async move |missing: Vec<u64>| {
            gate.pass().await;
            let known = missing.into_iter().filter(|key| *key < 100);
            Ok::<Vec<(u64, u64)>, Infallible>(known.map(|key| (key, key * 10 + add)).collect())
        };
        let found = cache.get_or_load_many(keys, load).await;
        found.expect("a load that cannot fail")
    })
}

on_each_engine! {
    async fn batches_that_overlap_load_each_key_once(engine: Engine) {
        let (pair, slow, gate) = (Pair::start(engine).await, Gate::new(), Gate::new());
        let one = batch(&pair.first, &slow, 0..60, 1);
        slow.started().await;
        let other = batch(&pair.second, &gate, 30..101, 2);
        gate.started().await;
        gate.open();
        slow.open();
        let (one, other) = (one.await.expect("no panic"), other.await.expect("no panic"));
        assert_eq!((one.len(), other.len()), (60, 70), "there is no 100");
        assert!(one.iter().all(|(key, value)| **value == key * 10 + 1));
        let by = |key: u64| if key < 60 { 1 } else { 2 };
        assert!(other.iter().all(|(key, value)| **value == key * 10 + by(*key)));
        let found = pair.first.get_many::<u64>(0..101u64).await;
        let found = found.expect("a miss is no error");
        assert_eq!(found.iter().flatten().count(), 100);
    }
}
