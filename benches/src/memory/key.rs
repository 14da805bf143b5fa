//! Hits by key.

use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use larder::{Cache, IntoKey, Key};
use stats_alloc::Region;
use tokio::runtime::Runtime;

use crate::measure::pair;
use crate::row::Report;

/// Entries in each cache, so that a look-up is no look at one hot line.
const ENTRIES: u64 = 10_000;

/// A key as a user would write it.
pub(crate) fn key(n: u64) -> Key {
    ("product", n).into_key().into_owned()
}

pub(crate) fn rows(report: &Report, runtime: &Runtime) -> Result<(), Box<dyn Error>> {
    let cache = Cache::memory();
    let quick = quick_cache::sync::Cache::<Key, Arc<String>>::new(ENTRIES as usize * 2);
    let moka = moka::sync::Cache::<Key, Arc<String>>::new(ENTRIES * 2);
    let keys: Vec<Key> = (0..ENTRIES).map(key).collect();
    for key in &keys {
        let value = format!("{key:?}");
        runtime.block_on(async { cache.insert(key, value.clone()).await })?;
        quick.insert(key.clone(), Arc::new(value.clone()));
        moka.insert(key.clone(), Arc::new(value));
    }
    let mut n = 0;
    let mut next = || {
        n = (n + 7919) % keys.len();
        &keys[n]
    };
    let mut m = 0;
    let mut next_floor = || {
        m = (m + 7919) % keys.len();
        &keys[m]
    };
    let mut context = Context::from_waker(Waker::noop());
    // Polled once, by hand: a hit in memory is ready at once, and an executor is no part of it.
    let mut found = |key: &Key| {
        let get = pin!(cache.get::<String>(key).into_future());
        let Poll::Ready(Ok(Some(value))) = get.poll(&mut context) else {
            panic!("the entry is there");
        };
        black_box(value);
    };
    let hit = pair(
        || found(next()),
        || {
            black_box(quick.get(next_floor()));
            black_box(Instant::now());
        },
    );
    let floor = "quick_cache get, one clock read";
    report.row(
        "hit by key, typed",
        (hit.value, "ns"),
        (floor, hit.floor),
        hit.ratio,
        2.0,
    );
    let hit = pair(
        || found(next()),
        || {
            black_box(moka.get(next_floor()));
        },
    );
    report.row(
        "hit by key, typed",
        (hit.value, "ns"),
        ("moka get", hit.floor),
        hit.ratio,
        1.0,
    );

    let region = Region::new(crate::ALLOCATOR);
    for key in &keys {
        found(key);
    }
    let allocations = region.change().allocations as f64 / keys.len() as f64;
    report.row(
        "allocations per hit by key",
        (allocations, "count"),
        ("none", 0.0),
        allocations,
        0.0,
    );
    Ok(())
}
