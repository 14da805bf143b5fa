//! A request scope's second read, beside a plain hit: in memory and on Redis.

use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use larder::{Cache, Key, Scope};

use crate::fleet::servers::Servers;
use crate::fleet::turns::{Call, call, one_task};
use crate::fleet::{Scale, process};
use crate::measure::pair;
use crate::row::{Budget, Report};

/// What one request may read: fewer than a scope keeps.
const ENTRIES: u64 = 1_000;

/// Entries that are asked for in turn on Redis.
const ENTRIES_FAR: u64 = 64;

pub(crate) fn rows(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    in_memory(report)?;
    on_redis(report, scale)
}

async fn filled(cache: Cache, entries: u64) -> larder::Result<Cache> {
    let values = (0..entries).map(|n| (("product", n), format!("product {n}")));
    cache.insert_many(values).await?;
    Ok(cache)
}

fn in_memory(report: &Report) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        // Scopes are a cache's own: nobody watches the second one.
        let cache = filled(Cache::memory(), ENTRIES).await?;
        let plain = filled(Cache::memory(), ENTRIES).await?;
        let keys: Vec<Key> = (0..ENTRIES).map(|n| Key::new(("product", n))).collect();
        let turns = || {
            let (keys, mut n) = (&keys, 0);
            move || {
                n = (n + 7919) % keys.len();
                &keys[n]
            }
        };
        let row = |row: &str, cache: &Cache, budget| {
            let (mut next, mut next_plain) = (turns(), turns());
            let read = pair(|| hit(cache, next()), || hit(&plain, next_plain()));
            let floor = ("plain hit in memory", read.floor);
            report.row(row, (read.value, "ns"), floor, read.ratio, budget);
        };
        let request = cache.request_scope(async {
            for key in &keys {
                hit(&cache, key);
            }
            row("request scope, second read, memory", &cache, Budget::Open);
        });
        request.await;
        // Another request is in a scope, and this reader is in none.
        let mut open = pin!(cache.request_scope(std::future::pending::<()>()));
        let opened = open.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(opened.is_pending());
        row(
            "plain hit, others in scopes, memory",
            &cache,
            Budget::AtMost(1.5),
        );
        Ok(())
    })
}

/// A hit is ready at once: an executor is no part of it.
fn hit(cache: &Cache, key: &Key) {
    let get = pin!(cache.get::<String>(key).into_future());
    let Poll::Ready(Ok(Some(value))) = get.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the entry is there");
    };
    black_box(value);
}

fn on_redis(report: &Report, scale: Scale) -> Result<(), Box<dyn Error>> {
    let servers = Servers::redis();
    process()?.block_on(async {
        let cache = filled(servers.connect().await?.build()?, ENTRIES_FAR).await?;
        let plain = servers.connect().await?.build()?;
        let read = |cache: Cache, n: usize| async move {
            let key = ("product", n as u64 % ENTRIES_FAR);
            let value = cache.get::<String>(key).await;
            assert!(value.expect("the server answers").is_some());
        };
        let request = cache.request_scope(async {
            let scope = Scope::current().expect("this is within one");
            let inside = cache.clone();
            let second = call(move |n| scope.enter(read(inside.clone(), n)));
            let plain = call(move |n| read(plain.clone(), n));
            let calls: [Call; 2] = [second, plain];
            one_task(&calls, 1, 200).await;
            one_task(&calls, scale.of(21), 100).await
        });
        let times = request.await;
        report.row(
            "request scope, second read, redis, p50",
            (times[0].p50(), "us"),
            ("plain hit on redis", times[1].p50()),
            times[0].p50_over(&times[1]),
            Budget::AtMost(0.2),
        );
        Ok(())
    })
}
