//! A cached function's hit in memory, beside what people use for it today.

use std::error::Error;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use cached::macros::{cached as cached_crate, concurrent_cached};
use larder::{Cache, Key};
use stats_alloc::Region;

use crate::measure::pair;
use crate::row::{Budget, Report};

/// Results in each cache, so that a look-up is no look at one hot line.
const ENTRIES: u64 = 10_000;

fn value(id: u64) -> Arc<String> {
    Arc::new(format!("product {id}"))
}

#[larder::cached(ttl = "1h")]
async fn by_larder(cache: &Cache, id: u64) -> Arc<String> {
    value(id)
}

#[larder::cached(ttl = "1h")]
fn by_larder_blocking(cache: &Cache, id: u64) -> Arc<String> {
    value(id)
}

#[cached_crate(max_size = 20_000, ttl_secs = 3600)]
async fn by_cached(id: u64) -> Arc<String> {
    value(id)
}

#[concurrent_cached(max_size = 20_000, ttl_secs = 3600)]
fn by_cached_blocking(id: u64) -> Arc<String> {
    value(id)
}

/// A future that is ready at once, polled by hand: an executor is no part of a hit.
fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit in memory is ready at once"),
    }
}

/// Arguments that come in no order that a processor could foresee.
fn ids() -> impl FnMut() -> u64 {
    let mut id = 0;
    move || {
        id = (id + 7919) % ENTRIES;
        id
    }
}

pub(crate) fn rows(report: &Report) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let cache = Cache::memory();
    let quick = quick_cache::sync::Cache::<u64, Arc<String>>::new(ENTRIES as usize * 2);
    let quick_by_key = quick_cache::sync::Cache::<Key, Arc<String>>::new(ENTRIES as usize * 2);
    let moka = moka::future::Cache::<u64, Arc<String>>::builder()
        .max_capacity(ENTRIES * 2)
        .time_to_live(Duration::from_secs(3600))
        .build();
    runtime.block_on(async {
        for id in 0..ENTRIES {
            by_larder(&cache, id).await;
            by_larder_blocking::prime(&cache, id, value(id))?;
            by_cached(id).await;
            by_cached_blocking(id);
            quick.insert(id, value(id));
            quick_by_key.insert(by_larder::key(id), value(id));
            moka.get_with(id, async { value(id) }).await;
        }
        Ok::<(), larder::Error>(())
    })?;
    let row =
        |name: &str, floor: &str, value: &mut dyn FnMut(), beside: &mut dyn FnMut(), budget| {
            let hit = pair(value, beside);
            report.row(
                name,
                (hit.value, "ns"),
                (floor, hit.floor),
                hit.ratio,
                budget,
            );
        };
    let mut id = ids();
    let mut hit = || {
        black_box(now(by_larder(&cache, id())));
    };
    let name = "cached function, hit";
    let mut id = ids();
    row(
        name,
        "cached 4 (async)",
        &mut hit,
        &mut || {
            black_box(now(by_cached(id())));
        },
        Budget::AtMost(1.0),
    );
    let mut id = ids();
    row(
        name,
        "moka future, get_with",
        &mut hit,
        &mut || {
            let id = id();
            black_box(now(moka.get_with(id, async move { value(id) })));
        },
        Budget::AtMost(1.0),
    );
    let mut id = ids();
    row(
        name,
        "quick_cache by hand, same key, one clock read",
        &mut hit,
        &mut || {
            black_box(quick_by_key.get(&by_larder::key(id())));
            black_box(Instant::now());
        },
        Budget::AtMost(2.0),
    );
    let mut id = ids();
    row(
        name,
        "quick_cache by hand, u64, one clock read",
        &mut hit,
        &mut || {
            black_box(quick.get(&id()));
            black_box(Instant::now());
        },
        Budget::Open,
    );
    let (mut id, mut other) = (ids(), ids());
    row(
        "cached function that blocks, hit",
        "cached 4, concurrent_cached",
        &mut || {
            black_box(by_larder_blocking(&cache, id()));
        },
        &mut || {
            black_box(by_cached_blocking(other()));
        },
        Budget::AtMost(1.0),
    );
    let region = Region::new(crate::ALLOCATOR);
    for _ in 0..ENTRIES {
        hit();
    }
    let allocations = region.change().allocations as f64 / ENTRIES as f64;
    report.row(
        "allocations per hit of a cached function",
        (allocations, "count"),
        ("none", 0.0),
        allocations,
        0.0,
    );
    Ok(())
}
