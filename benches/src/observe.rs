//! What it costs to see: a memory hit with events, metrics and spans off, and on; pages over a large store.

use std::error::Error;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use larder::{Cache, CacheBuilder, Event, Key, Observer, Tag, Tracing};
use larder_metrics::Metrics;
use larder_report::Reporter;

use crate::fleet::process;
use crate::measure::pair;
use crate::row::{Budget, Report};

mod pages;

/// What seeing may add to a hit.
const NANOSECONDS_MAX: f64 = 50.0;

/// Hears of hits, and counts them.
#[derive(Default)]
struct Counting(AtomicU64);

impl Observer for Counting {
    fn event(&self, _event: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) fn run(report: &Report) -> Result<(), Box<dyn Error>> {
    let off = |builder: CacheBuilder| builder.causes(0);
    let rows: [(&str, Settings); 5] = [
        ("hit, causes kept", |builder| builder),
        ("hit, metrics", |builder| {
            builder.observer(Metrics::new("bench"))
        }),
        ("hit, metrics and events of `tracing`", |builder| {
            let metrics = Metrics::new("bench");
            builder.observer(metrics).observer(Tracing::new())
        }),
        ("hit, the dashboard's reporter", |builder| {
            builder.observer(Reporter::new())
        }),
        ("hit, an observer that hears hits", |builder| {
            builder.observer(Arc::new(Counting::default()))
        }),
    ];
    for (name, settings) in rows {
        let (mut on, mut off) = (hits(settings)?, hits(off)?);
        let pair = pair(&mut on, &mut off);
        report.row(
            name,
            (pair.value - pair.floor, "ns more"),
            ("hit, nobody listens", pair.floor),
            (pair.value - pair.floor) / NANOSECONDS_MAX,
            Budget::AtMost(1.0),
        );
    }
    let (mut on, mut off) = (bumps(|builder| builder)?, bumps(off)?);
    let pair = pair(&mut on, &mut off);
    report.row(
        "invalidate a tag, causes kept",
        (pair.value, "ns"),
        ("invalidate a tag, none kept", pair.floor),
        pair.ratio,
        Budget::Open,
    );
    process()?.block_on(pages::rows(report))
}

type Settings = fn(CacheBuilder) -> CacheBuilder;

fn hits(
    settings: impl FnOnce(CacheBuilder) -> CacheBuilder,
) -> Result<impl FnMut(), larder::Error> {
    let cache = settings(Cache::builder()).build()?;
    let key = Key::new(("product", 123));
    let insert = cache.insert(&key, 99_u64).tags([Tag::named("prices")]);
    now(insert)?;
    Ok(move || {
        let found = now(cache.get::<u64>(&key));
        std::hint::black_box(found.expect("memory answers").expect("it is there"));
    })
}

fn bumps(
    settings: impl FnOnce(CacheBuilder) -> CacheBuilder,
) -> Result<impl FnMut(), larder::Error> {
    let cache = settings(Cache::builder()).build()?;
    let tag = Tag::named("prices");
    Ok(move || {
        let bumped = cache.invalidate([tag.clone()]).now_or_never();
        bumped
            .expect("memory answers at once")
            .expect("memory answers");
    })
}

fn now<F: IntoFuture>(future: F) -> F::Output {
    let answer = future.into_future().now_or_never();
    answer.expect("memory answers at once")
}
