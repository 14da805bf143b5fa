//! Which entries a scope keeps, and how long.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::{Key, Policy, SCOPE_BYTES_MAX, SCOPE_ENTRIES_MAX, Scope};

use super::{get, insert, lose, process, read, track};
use crate::shared::Shared;
use crate::support::{Bench, Broken, seconds};

#[tokio::test]
async fn an_entry_ends_in_a_scope_when_its_ttl_does() {
    let bench = Bench::new();
    let request = bench.cache.request_scope(async {
        let read = async |value| {
            let read = bench.cache.get_or_load("k", bench.gives(value));
            *read.ttl(seconds(60)).await.expect("it loads")
        };
        assert_eq!(read(1).await, 1);
        bench.advance(59);
        assert_eq!(read(2).await, 1);
        bench.advance(1);
        assert_eq!(read(3).await, 3);
    });
    request.await;
}

#[tokio::test]
async fn a_stale_hit_is_not_kept() {
    let store = Shared::default();
    let bench = store.process(Policy::new().stale_while_revalidate(seconds(60)));
    let read = async |value| {
        let read = bench.cache.get_or_load("k", bench.gives(value));
        *read.ttl(seconds(10)).await.expect("it loads")
    };
    let request = bench.cache.request_scope(async {
        assert_eq!(read(1).await, 1);
        bench.advance(15);
        assert_eq!(read(2).await, 1);
        bench.settle().await;
        store.trips();
        assert_eq!(read(3).await, 2, "the refresh behind it is seen");
        assert_eq!(store.trips(), ["get"]);
        assert_eq!(read(4).await, 2);
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
}

#[tokio::test]
async fn an_ageing_entry_is_refreshed_once_by_one_request() {
    let store = Shared::default();
    let bench = store.process(Policy::new().refresh_ahead(0.5));
    let read = async |value| {
        let read = bench.cache.get_or_load("k", bench.gives(value));
        *read
            .ttl(seconds(10))
            .policy(*bench.cache.policy())
            .await
            .expect("it loads")
    };
    assert_eq!(read(1).await, 1);
    bench.advance(45 * 60);
    let request = bench.cache.request_scope(async {
        assert_eq!(read(2).await, 1);
        bench.settle().await;
        for _ in 0..3 {
            assert_eq!(read(3).await, 1, "still fresh");
        }
        bench.settle().await;
    });
    request.await;
    assert_eq!(bench.loads(), 2);
    assert_eq!(read(3).await, 2);
}

#[tokio::test]
async fn negative_entries_are_kept_as_others_are() {
    let store = Shared::default();
    let bench = store.process(Policy::new().negative_ttl(seconds(5)));
    let read = async |value: Option<u64>| {
        let loads = bench.loads.clone();
        let load = async move || {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Broken>(value)
        };
        let read = bench
            .cache
            .get_or_load("n", load)
            .negative_if(Option::is_none);
        *read.await.expect("it loads")
    };
    let request = bench.cache.request_scope(async {
        assert_eq!(read(None).await, None);
        store.trips();
        assert_eq!(read(Some(1)).await, None);
        assert_eq!(store.trips(), [""; 0]);
        bench.advance(5);
        assert_eq!(read(Some(1)).await, Some(1));
    });
    request.await;
}

#[tokio::test]
async fn an_entry_of_another_type_is_a_miss_in_a_scope_too() {
    let store = Shared::default();
    let bench = process(&store);
    let text = async |value: &'static str| {
        let load = async move || Ok::<_, Broken>(value.to_owned());
        let read = bench.cache.get_or_load("k", load).await;
        read.expect("it loads").to_string()
    };
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 1).await, 1);
        assert_eq!(text("one").await, "one");
        store.trips();
        assert_eq!(text("two").await, "one");
        assert_eq!(store.trips(), [""; 0]);
        assert_eq!(read(&bench, 2).await, 2);
    });
    request.await;
}

#[tokio::test]
async fn local_values_are_kept_by_a_scope() {
    struct Opaque(u64);
    let store = Shared::default();
    let bench = process(&store);
    let request = bench.cache.request_scope(async {
        let read = async |value| {
            let load = async move || Ok::<_, Broken>(Opaque(value));
            let read = bench.cache.get_or_load("o", load).local();
            read.await.expect("it loads").0
        };
        assert_eq!(read(1).await, 1);
        store.trips();
        assert_eq!(read(2).await, 1);
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
}

/// A value may do what it likes when it is dropped: whoever drops it holds no lock, or this never ends.
#[tokio::test]
async fn a_value_may_ask_its_scope_when_it_is_dropped() {
    struct Asks(Arc<AtomicU64>);
    impl Drop for Asks {
        fn drop(&mut self) {
            // In no scope when the cache itself ends.
            if let Some(scope) = Scope::current() {
                assert!(format!("{scope:?}").contains("ended: false"));
            }
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let bench = Bench::new();
    let drops = Arc::new(AtomicU64::new(0));
    let request = bench.cache.request_scope(async {
        let read = async || {
            let drops = drops.clone();
            let load = async move || Ok::<_, Broken>(Asks(drops));
            let read = bench.cache.get_or_load("o", load).local();
            drop(read.await.expect("it loads"));
        };
        read().await;
        // The scope has the last of it, until its next reader sees that it is void.
        bench.cache.remove("o").await.expect("it is removed");
        assert_eq!(drops.load(Ordering::SeqCst), 0);
        read().await;
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    });
    request.await;
}

#[tokio::test]
async fn a_cache_that_is_switched_off_serves_nothing_from_a_scope() {
    let bench = Bench::new();
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 1).await, 1);
        bench.cache.set_enabled(false);
        assert_eq!(get(&bench, "k").await, None);
        assert_eq!(read(&bench, 2).await, 2);
        assert_eq!(read(&bench, 3).await, 3);
        // An invalidation while it is off is one.
        let bumped = bench.cache.invalidate([track()]).await;
        bumped.expect("it is bumped");
        bench.cache.set_enabled(true);
        assert_eq!(read(&bench, 4).await, 4);
    });
    request.await;
}

#[tokio::test]
async fn a_store_that_is_down_does_not_take_away_what_was_read() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        store.is_down();
        assert_eq!(read(&bench, 9).await, 1);
        // What no version vouches for is not kept.
        let read = async |value| {
            let read = bench.cache.get_or_load("other", bench.gives(value));
            *read.await.expect("it loads")
        };
        assert_eq!(read(2).await, 2);
        assert_eq!(read(3).await, 3);
        store.is_back();
    });
    request.await;
}

#[tokio::test]
async fn a_scope_that_is_full_of_absent_keys_keeps_no_more() {
    const LONG: usize = 100_000;
    let store = Shared::default();
    let bench = process(&store);
    let key = |number: usize| format!("{number}{}", "k".repeat(LONG));
    let fits = SCOPE_BYTES_MAX / LONG;
    let request = bench.cache.request_scope(async {
        for number in 0..=fits {
            assert_eq!(get(&bench, &key(number)).await, None);
        }
        store.trips();
        assert_eq!(get(&bench, &key(0)).await, None);
        assert_eq!(store.trips(), [""; 0]);
        assert_eq!(get(&bench, &key(fits)).await, None);
        assert_eq!(store.trips(), ["get"]);
        // What is stored makes room again.
        bench
            .cache
            .insert(key(0), 1_u64)
            .await
            .expect("it is stored");
        assert_eq!(get(&bench, &key(0)).await, Some(1));
        bench.cache.remove(key(0)).await.expect("it is removed");
        assert_eq!(get(&bench, &key(0)).await, None);
        store.trips();
        assert_eq!(get(&bench, &key(0)).await, None);
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
}

#[tokio::test]
async fn a_full_scope_keeps_no_more() {
    let bench = Bench::new();
    let keys = 0..SCOPE_ENTRIES_MAX as u64 + 1;
    let values = keys.clone().map(|key| (key, key));
    let inserted = bench.cache.insert_many(values).await;
    inserted.expect("they are stored");
    let request = bench.cache.request_scope(async {
        for key in keys.clone() {
            let got = bench.cache.get::<u64>(key).await.expect("no store failed");
            assert_eq!(got.as_deref(), Some(&key));
        }
        // The store forgets them all, behind the cache's back.
        let keys: Vec<Key> = keys.clone().map(Key::new).collect();
        lose(&bench, &keys);
        let first = bench.cache.get::<u64>(0).await.expect("no store failed");
        assert_eq!(first.as_deref(), Some(&0));
        let last = SCOPE_ENTRIES_MAX as u64;
        let last = bench.cache.get::<u64>(last).await.expect("no store failed");
        assert_eq!(last, None);
    });
    request.await;
}
