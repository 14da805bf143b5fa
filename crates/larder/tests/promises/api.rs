//! What the calls do, apart from loading.

use std::sync::Arc;

use larder::{Cache, Changes, Event, Key, Memory, Observer, Policy, Tag};

use crate::support::{Bench, Broken, Events, seconds};

#[tokio::test]
async fn a_cached_nothing_differs_from_a_miss() {
    let bench = Bench::new();
    bench
        .cache
        .insert("none", None::<u64>)
        .await
        .expect("memory answers");
    bench
        .cache
        .insert("false", false)
        .await
        .expect("memory answers");
    let none = bench
        .cache
        .get::<Option<u64>>("none")
        .await
        .expect("memory answers");
    assert_eq!(none.as_deref(), Some(&None));
    let no = bench
        .cache
        .get::<bool>("false")
        .await
        .expect("memory answers");
    assert_eq!(no.as_deref(), Some(&false));
    assert_eq!(
        bench
            .cache
            .get::<bool>("absent")
            .await
            .expect("memory answers"),
        None
    );
}

#[tokio::test]
async fn a_key_built_once_is_used_many_times() {
    let bench = Bench::new();
    let key = Key::new(("product", 123));
    bench
        .cache
        .insert(&key, 1u64)
        .await
        .expect("memory answers");
    assert!(
        bench
            .cache
            .get::<u64>(&key)
            .await
            .expect("memory answers")
            .is_some()
    );
    assert!(
        bench
            .cache
            .get::<u64>(("product", 123))
            .await
            .expect("memory answers")
            .is_some()
    );
    bench.cache.remove(&key).await.expect("memory answers");
    assert!(
        bench
            .cache
            .get::<u64>(&key)
            .await
            .expect("memory answers")
            .is_none()
    );
}

#[tokio::test]
async fn values_without_serde_stay_in_memory() {
    struct Plain(Arc<str>);
    let bench = Bench::new();
    let load = async || Ok::<_, Broken>(Plain("kept".into()));
    let loaded = bench
        .cache
        .get_or_load("k", load)
        .local()
        .weigh(|plain| plain.0.len())
        .await;
    assert_eq!(&*loaded.expect("loads").0, "kept");
    let found = bench
        .cache
        .get::<Plain>("k")
        .local()
        .await
        .expect("memory answers");
    assert_eq!(&*found.expect("is there").0, "kept");
    bench
        .cache
        .insert("l", Plain("put".into()))
        .local()
        .await
        .expect("memory answers");
    assert!(
        bench
            .cache
            .get::<Plain>("l")
            .local()
            .await
            .expect("memory answers")
            .is_some()
    );
}

#[tokio::test]
async fn a_hit_shares_the_value_that_was_loaded() {
    let bench = Bench::new();
    let loaded = bench
        .cache
        .get_or_load("k", bench.gives(1))
        .await
        .expect("loads");
    let found = bench
        .cache
        .get::<u64>("k")
        .await
        .expect("memory answers")
        .expect("is there");
    assert!(Arc::ptr_eq(&loaded, &found));
}

#[tokio::test]
async fn a_value_of_another_type_is_a_miss() {
    let bench = Bench::new();
    bench.cache.insert("k", 1u64).await.expect("memory answers");
    assert_eq!(
        bench
            .cache
            .get::<String>("k")
            .await
            .expect("memory answers"),
        None
    );
    assert_eq!(bench.events.take(), ["inserted", "miss OtherType"]);
}

#[tokio::test]
async fn tags_end_what_carries_them_and_nothing_else() {
    let bench = Bench::new();
    let (a, b) = (Tag::named("a"), Tag::named("b"));
    bench
        .cache
        .insert(1, 1u64)
        .tags([a.clone()])
        .await
        .expect("memory answers");
    bench
        .cache
        .insert(2, 2u64)
        .tags([a.clone(), b.clone()])
        .await
        .expect("memory answers");
    bench
        .cache
        .insert(3, 3u64)
        .tags([b])
        .await
        .expect("memory answers");
    bench.cache.insert(4, 4u64).await.expect("memory answers");
    bench.cache.invalidate([a]).await.expect("memory answers");
    let found = bench
        .cache
        .get_many::<u64>([1, 2, 3, 4])
        .await
        .expect("memory answers");
    let found: Vec<bool> = found.iter().map(Option::is_some).collect();
    assert_eq!(found, [false, false, true, true]);
    assert_eq!(bench.cache.bumps(), 1);
}

#[tokio::test]
async fn clearing_empties_one_namespace() {
    let memory = Memory::new();
    let cache = |name: &str| {
        Cache::builder()
            .store(memory.clone())
            .namespace(name)
            .build()
            .expect("valid")
    };
    let (shop, blog) = (cache("shop"), cache("blog"));
    shop.insert("k", 1u64).await.expect("memory answers");
    blog.insert("k", 2u64).await.expect("memory answers");
    shop.clear().await.expect("memory answers");
    assert_eq!(shop.get::<u64>("k").await.expect("memory answers"), None);
    assert_eq!(
        blog.get::<u64>("k")
            .await
            .expect("memory answers")
            .as_deref(),
        Some(&2)
    );
}

#[tokio::test]
async fn many_are_removed_and_inserted() {
    let bench = Bench::new();
    bench
        .cache
        .insert_many((0..10u64).map(|n| (("n", n), n)))
        .await
        .expect("memory answers");
    bench
        .cache
        .remove_many((0..5u64).map(|n| ("n", n)))
        .await
        .expect("memory answers");
    let found = bench
        .cache
        .get_many::<u64>((0..10u64).map(|n| ("n", n)))
        .await;
    let found: Vec<Option<u64>> = found
        .expect("memory answers")
        .into_iter()
        .map(|value| value.map(|n| *n))
        .collect();
    assert_eq!(found[..5], [None; 5]);
    assert_eq!(found[5..], (5..10).map(Some).collect::<Vec<_>>());
}

#[tokio::test]
async fn many_are_loaded_by_one_call_and_stored_one_by_one() {
    let bench = Bench::new();
    bench
        .cache
        .insert(2u64, 20u64)
        .await
        .expect("memory answers");
    let load = async |missing: Vec<u64>| {
        assert_eq!(missing, [1, 3]);
        Ok::<_, Broken>(missing.into_iter().map(|n| (n, n * 10)).collect::<Vec<_>>())
    };
    let found = bench
        .cache
        .get_or_load_many([1u64, 2, 3], load)
        .await
        .expect("loads");
    assert_eq!((*found[&1], *found[&2], *found[&3]), (10, 20, 30));
    let never = async |_: Vec<u64>| Err::<Vec<(u64, u64)>, _>(Broken);
    let found = bench
        .cache
        .get_or_load_many([1u64, 3], never)
        .await
        .expect("all are there");
    assert_eq!(found.len(), 2);
    let failed = bench
        .cache
        .get_or_load_many([4u64], never)
        .await
        .expect_err("the load fails");
    assert!(failed.failed().is_some());
    assert_eq!(bench.cache.loads_running(), 0);
}

#[tokio::test]
async fn a_cache_that_is_off_computes_and_what_was_invalidated_meanwhile_stays_so() {
    let bench = Bench::new();
    bench
        .cache
        .insert("kept", 1u64)
        .await
        .expect("memory answers");
    bench
        .cache
        .insert("ended", 1u64)
        .tags([Tag::named("t")])
        .await
        .expect("memory answers");
    bench
        .cache
        .insert("replaced", 1u64)
        .await
        .expect("memory answers");
    bench.cache.set_enabled(false);
    assert!(!bench.cache.is_enabled());
    assert_eq!(
        bench
            .cache
            .get::<u64>("kept")
            .await
            .expect("memory answers"),
        None
    );
    assert_eq!(
        *bench
            .cache
            .get_or_load("kept", bench.gives(2))
            .await
            .expect("computes"),
        2
    );
    bench
        .cache
        .invalidate([Tag::named("t")])
        .await
        .expect("memory answers");
    bench
        .cache
        .insert("replaced", 2u64)
        .await
        .expect("memory answers");
    bench.cache.set_enabled(true);
    assert_eq!(
        bench
            .cache
            .get::<u64>("kept")
            .await
            .expect("memory answers")
            .as_deref(),
        Some(&1)
    );
    assert_eq!(
        bench
            .cache
            .get::<u64>("ended")
            .await
            .expect("memory answers"),
        None
    );
    assert_eq!(
        bench
            .cache
            .get::<u64>("replaced")
            .await
            .expect("memory answers"),
        None
    );
}

#[tokio::test]
async fn a_value_too_large_is_served_and_not_stored_with_an_event() {
    let bench = Bench::with(Memory::bytes_max(1 << 20), Policy::new());
    let load = async || Ok::<_, Broken>("x".repeat(1 << 20));
    let value = bench.cache.get_or_load("large", load).await.expect("loads");
    assert_eq!(value.len(), 1 << 20);
    assert!(bench.memory.is_empty());
    assert_eq!(bench.events.take(), ["miss Absent", "loaded", "toolarge"]);
    assert_eq!(bench.cache.stats()[0].too_large, 1);
}

#[tokio::test]
async fn counts_are_kept_by_group() {
    let bench = Bench::with_policy(Policy::new().ttl(seconds(60)));
    for _ in 0..3 {
        let read = bench
            .cache
            .get_or_load(("product", 1), bench.gives(1))
            .await;
        assert!(read.is_ok());
    }
    let failed = bench
        .cache
        .get_or_load(("page", 1), bench.fails())
        .group("pages")
        .await;
    assert!(failed.is_err());
    let stats = bench.cache.stats();
    let names: Vec<&str> = stats.iter().map(|group| &*group.name).collect();
    assert_eq!(names, ["pages", "product"]);
    assert_eq!(
        (stats[0].misses, stats[0].loads, stats[0].load_errors),
        (1, 1, 1)
    );
    assert_eq!(
        (
            stats[1].hits,
            stats[1].misses,
            stats[1].loads,
            stats[1].inserts
        ),
        (2, 1, 1, 1)
    );
}

#[tokio::test]
async fn nothing_is_held_when_everything_has_gone() {
    let bench = Bench::new();
    for n in 0..50u64 {
        let tags = [Tag::named("all"), Tag::named_parts(("one", n))];
        let read = bench.cache.get_or_load(n, bench.gives(n)).tags(tags).await;
        assert!(read.is_ok());
    }
    assert!(bench.memory.tags() > 50);
    bench
        .cache
        .remove_many(0..50u64)
        .await
        .expect("memory answers");
    assert!(bench.memory.is_empty());
    assert_eq!(bench.memory.tags(), 0);
}

/// A value that invalidates a tag while it is weighed: after its versions were read, before it is
/// stored.
struct Meddler {
    value: u64,
    bumps: Option<Cache>,
}

impl Meddler {
    fn weigh(&self) -> usize {
        if let Some(cache) = &self.bumps {
            let mut changes = Changes::new();
            changes.tag(Tag::named("t"));
            cache.publish_now(changes);
        }
        8
    }
}

#[tokio::test]
async fn an_insert_that_an_invalidation_meets_leaves_nothing_older() {
    let bench = Bench::new();
    let insert = async |value, bumps: Option<Cache>| {
        bench
            .cache
            .insert("k", Meddler { value, bumps })
            .local()
            .weigh(Meddler::weigh)
            .tags(if value == 1 {
                None
            } else {
                Some(Tag::named("t"))
            })
            .await
            .expect("memory answers");
        let found = bench.cache.get::<Meddler>("k").local().await;
        found.expect("memory answers").map(|meddler| meddler.value)
    };
    assert_eq!(insert(1, None).await, Some(1));
    assert_eq!(insert(2, Some(bench.cache.clone())).await, None);
    assert_eq!(insert(3, None).await, Some(3));
}

/// A load's value is only of use to those who wait for it: what is stored is somebody else's.
#[tokio::test]
async fn a_load_that_an_invalidation_meets_leaves_the_stale_entry() {
    let policy = Policy::new().ttl(seconds(60)).stale_if_error(seconds(600));
    let bench = Bench::with_policy(policy);
    let read = async |loaded: Result<Meddler, Broken>| {
        let read = bench
            .cache
            .get_or_load("k", async || loaded)
            .local()
            .weigh(Meddler::weigh)
            .tags([Tag::named("t")]);
        read.await.map(|meddler| meddler.value)
    };
    bench
        .cache
        .insert(
            "k",
            Meddler {
                value: 1,
                bumps: None,
            },
        )
        .local()
        .await
        .expect("memory answers");
    bench.advance(60);
    let meddler = Meddler {
        value: 2,
        bumps: Some(bench.cache.clone()),
    };
    assert_eq!(read(Ok(meddler)).await.expect("loads"), 2);
    assert_eq!(read(Err(Broken)).await.expect("stale"), 1);
}

struct Panicking;

impl Observer for Panicking {
    fn event(&self, event: &Event<'_>) {
        panic!("an observer's own fault, told of {event:?}");
    }
}

#[tokio::test]
async fn an_observer_that_panics_harms_nobody() {
    let events = Arc::new(Events::default());
    let cache = Cache::builder()
        .observer(Panicking)
        .observer(events.clone())
        .build()
        .expect("the settings are valid");
    let load = async || Ok::<u64, Broken>(7);
    let read = cache.get_or_load("k", load).tags([Tag::named("t")]);
    assert_eq!(*read.await.expect("loads"), 7);
    let mut changes = Changes::new();
    changes.tag(Tag::named("t"));
    assert!(!cache.publish(changes).await.delayed);
    assert_eq!(
        events.take(),
        [
            "miss Absent",
            "loaded",
            "inserted",
            "invalidated t by nobody"
        ]
    );
    assert_eq!(cache.get::<u64>("k").await.expect("memory answers"), None);
}

/// A miss says why: invalidated is not absent.
#[tokio::test]
async fn a_miss_after_an_invalidation_is_counted_as_one() {
    let cache = Cache::memory();
    cache.insert("a", 1).tags([Tag::named("t")]).await.unwrap();
    cache.invalidate([Tag::named("t")]).await.unwrap();
    assert_eq!(cache.get::<i32>("a").await.unwrap(), None);
    let invalidations: u64 = cache.stats().iter().map(|group| group.invalidations).sum();
    assert_eq!(invalidations, 1);
    assert_eq!(cache.get::<i32>("a").await.unwrap(), None);
    let invalidations: u64 = cache.stats().iter().map(|group| group.invalidations).sum();
    assert_eq!(invalidations, 1, "it is absent now");
}
