//! A hit in memory by a key built before allocates nothing, whoever listens, and asks the time once.
#![allow(
    unsafe_code,
    reason = "a counting allocator can only be written with `unsafe`"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use larder::{Cache, CacheBuilder, Clock, Event, Key, Moment, Observer, SystemClock, Tag};

use crate::support::Broken;

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// Safety: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(act: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    act();
    ALLOCATIONS.get() - before
}

fn now<F: IntoFuture>(future: F) -> F::Output {
    let future = pin!(future.into_future());
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a hit in memory is ready at once"),
    }
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn a_hit_in_memory_allocates_nothing() {
    let cache = Cache::memory();
    let key = Key::new(("product", 123));
    let tags = ["a", "b", "c"].map(Tag::named);
    let insert = cache.insert(&key, String::from("value")).tags(tags);
    futures_util::FutureExt::now_or_never(insert.into_future())
        .expect("memory answers at once")
        .expect("memory answers");
    let get = || {
        assert!(
            now(cache.get::<String>(&key))
                .expect("memory answers")
                .is_some()
        )
    };
    get();
    assert_eq!(allocations(get), 0, "get");
    let get_or_load = || {
        let load = async || Err::<String, Broken>(Broken);
        assert!(now(cache.get_or_load(&key, load)).is_ok());
    };
    get_or_load();
    assert_eq!(allocations(get_or_load), 0, "get_or_load");
    let built = || {
        let found = now(cache.get::<String>(("product", 123)));
        assert!(found.expect("memory answers").is_some());
    };
    assert_eq!(
        allocations(built),
        0,
        "a short key is built without allocating, too"
    );
}

/// A clock that counts how often it is asked.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicUsize>);

impl Clock for Asked {
    fn now(&self) -> Moment {
        self.0.fetch_add(1, Ordering::Relaxed);
        SystemClock.now()
    }
}

/// Hears of everything but hits.
struct NoHits;

impl Observer for NoHits {
    fn event(&self, event: &Event<'_>) {
        assert!(!matches!(event, Event::Hit { .. }), "it does not hear hits");
    }

    fn hears_hits(&self) -> bool {
        false
    }
}

/// Hears of everything.
struct Everything;

impl Observer for Everything {
    fn event(&self, _: &Event<'_>) {}
}

#[test]
fn seeing_costs_a_hit_no_clock_and_no_allocation() {
    type Settings = fn(CacheBuilder) -> CacheBuilder;
    let settings: [(&str, Settings); 4] = [
        ("nobody listens", |cache| cache.causes(0)),
        ("causes are kept", |cache| cache),
        ("an observer of the rest", |cache| cache.observer(NoHits)),
        ("an observer of hits", |cache| cache.observer(Everything)),
    ];
    for (name, settings) in settings {
        let clock = Asked::default();
        let cache = settings(Cache::builder().clock(clock.clone()));
        let cache = cache.build().expect("the settings are valid");
        let key = Key::new(("product", 123));
        now(cache.insert(&key, 7_u64).tags([Tag::named("prices")])).expect("memory answers");
        let hit = || {
            assert!(
                now(cache.get::<u64>(&key))
                    .expect("memory answers")
                    .is_some()
            )
        };
        hit();
        let asked = clock.0.load(Ordering::Relaxed);
        assert_eq!(allocations(hit), 0, "{name}");
        // Once, to know whether the entry is fresh.
        assert_eq!(clock.0.load(Ordering::Relaxed) - asked, 1, "{name}");
    }
}

#[larder::cached(ttl = "1h", tags(Tag::named(town)))]
async fn nearest(cache: &Cache, town: &str, cuisine: u64) -> u64 {
    cuisine + town.len() as u64
}

#[larder::cached]
async fn shared(cache: &Cache, town: &str) -> std::sync::Arc<String> {
    std::sync::Arc::new(town.to_owned())
}

#[tokio::test]
async fn a_hit_of_a_cached_function_allocates_nothing() {
    let cache = Cache::memory();
    assert_eq!(nearest(&cache, "Ulm", 7).await, 10);
    let hit = || assert_eq!(now(nearest(&cache, "Ulm", 7)), 10);
    hit();
    assert_eq!(allocations(hit), 0, "a number");
    assert_eq!(*shared(&cache, "Ulm").await, "Ulm");
    let hit = || assert_eq!(*now(shared(&cache, "Ulm")), "Ulm");
    hit();
    assert_eq!(allocations(hit), 0, "an `Arc`");
}
