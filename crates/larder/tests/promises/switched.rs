//! Switched off: for all, or for one task.

use std::sync::Arc;

use larder::{Cache, Memory, Policy, Tag};

use crate::shared::Shared;
use crate::support::{Bench, Broken, Gate};

async fn get(bench: &Bench, key: &str) -> Option<u64> {
    bench
        .cache
        .get::<u64>(key)
        .await
        .expect("asked")
        .map(|found| *found)
}

async fn load(bench: &Bench, key: &str, value: u64) -> u64 {
    *bench
        .cache
        .get_or_load(key, bench.gives(value))
        .await
        .expect("loaded")
}

#[tokio::test]
async fn kc6_a_bypassed_task_misses_loads_for_itself_and_stores_nothing() {
    let bench = Bench::new();
    bench.cache.insert("there", 1_u64).await.expect("stored");
    let cache = bench.cache.clone();
    cache
        .bypass(async {
            assert_eq!(get(&bench, "there").await, None);
            assert_eq!(load(&bench, "there", 2).await, 2);
            assert_eq!(load(&bench, "new", 3).await, 3);
            assert_eq!(load(&bench, "new", 4).await, 4);
            let many = bench.cache.get_many::<u64>(["there"]).await.expect("asked");
            assert_eq!(many, [None]);
            let load = async |missing: Vec<&'static str>| {
                Ok::<_, Broken>(
                    missing
                        .into_iter()
                        .map(|key| (key, 5_u64))
                        .collect::<Vec<_>>(),
                )
            };
            let many = bench.cache.get_or_load_many(["there", "many"], load).await;
            assert_eq!(*many.expect("loaded")["there"], 5);
        })
        .await;
    assert_eq!(bench.loads(), 3);
    assert_eq!(bench.events.count("uncached"), 3);
    assert_eq!(get(&bench, "there").await, Some(1));
    assert_eq!(get(&bench, "new").await, None);
    assert_eq!(get(&bench, "many").await, None);
}

#[tokio::test]
async fn kc6_a_bypassed_task_removes_and_invalidates_all_the_same() {
    let bench = Bench::new();
    for key in ["inserted", "removed", "many"] {
        bench.cache.insert(key, 1_u64).await.expect("stored");
    }
    let tagged = bench.cache.insert("tagged", 1_u64).tags([Tag::named("t")]);
    tagged.await.expect("stored");
    bench
        .cache
        .insert(("tree", 1), 1_u64)
        .await
        .expect("stored");
    let cache = bench.cache.clone();
    cache
        .bypass(async {
            cache.insert("inserted", 2_u64).await.expect("removed");
            cache.insert_many([("many", 2_u64)]).await.expect("removed");
            cache.remove("removed").await.expect("removed");
            cache.invalidate([Tag::named("t")]).await.expect("bumped");
            cache.remove_tree("tree").await.expect("removed");
        })
        .await;
    for key in ["inserted", "removed", "many", "tagged"] {
        assert_eq!(get(&bench, key).await, None, "{key}");
    }
    assert_eq!(cache.get::<u64>(("tree", 1)).await.expect("asked"), None);
}

#[tokio::test]
async fn kc6_other_tasks_and_other_caches_go_on() {
    let bench = Arc::new(Bench::new());
    let other = Cache::memory();
    other.insert("k", 7_u64).await.expect("stored");
    bench.cache.insert("k", 1_u64).await.expect("stored");
    let (gate, beside) = (Gate::new(), bench.clone());
    let inner = gate.clone();
    let bypassed = tokio::spawn(async move {
        let cache = beside.cache.clone();
        cache
            .bypass(async {
                inner.pass().await;
                // A task of its own is another task.
                let cache = beside.cache.clone();
                let spawned = tokio::spawn(async move { cache.get::<u64>("k").await });
                let found = spawned.await.expect("no panic").expect("asked");
                assert_eq!(found.as_deref(), Some(&1));
                assert_eq!(get(&beside, "k").await, None);
                let others = other.get::<u64>("k").await.expect("asked");
                assert_eq!(others.as_deref(), Some(&7));
            })
            .await;
        assert_eq!(get(&beside, "k").await, Some(1), "it has ended");
    });
    gate.started().await;
    assert_eq!(get(&bench, "k").await, Some(1));
    assert_eq!(load(&bench, "new", 2).await, 2);
    assert!(bench.cache.is_enabled());
    gate.open();
    bypassed.await.expect("no panic");
    assert_eq!(get(&bench, "new").await, Some(2));
}

#[tokio::test]
async fn kc6_bypasses_nest() {
    let (one, two) = (Cache::memory(), Cache::memory());
    for cache in [&one, &two] {
        cache.insert("k", 1_u64).await.expect("stored");
    }
    let found = async |cache: &Cache| cache.get::<u64>("k").await.expect("asked").is_some();
    one.bypass(async {
        two.bypass(async {
            one.bypass(async {
                assert!(!found(&one).await && !found(&two).await);
            })
            .await;
            assert!(!found(&one).await && !found(&two).await);
        })
        .await;
        assert!(!found(&one).await && found(&two).await);
    })
    .await;
    assert!(found(&one).await && found(&two).await);
}

#[tokio::test]
async fn kc6_a_bypass_that_is_dropped_is_over() {
    let bench = Bench::new();
    bench.cache.insert("k", 1_u64).await.expect("stored");
    let mut bypassed = Box::pin(bench.cache.bypass(std::future::pending::<()>()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(bypassed.as_mut().poll(&mut context).is_pending());
    assert_eq!(get(&bench, "k").await, Some(1), "this is not inside");
    drop(bypassed);
    assert_eq!(get(&bench, "k").await, Some(1));
}

#[tokio::test]
async fn kc6_a_load_that_runs_is_not_stopped_by_a_bypass_beside_it() {
    let bench = Bench::new();
    let (cache, gate) = (bench.cache.clone(), Gate::new());
    let inner = gate.clone();
    let reader = tokio::spawn(async move {
        let load = move || async move {
            inner.pass().await;
            Ok::<_, Broken>(1_u64)
        };
        cache.get_or_load("k", load).await
    });
    gate.started().await;
    bench
        .cache
        .bypass(async {
            gate.open();
            reader.await.expect("no panic").expect("loaded");
        })
        .await;
    assert_eq!(get(&bench, "k").await, Some(1), "it was stored");
}

#[tokio::test]
async fn kc6_what_was_invalidated_while_the_cache_was_off_is_not_served_after() {
    let bench = Bench::new();
    for (key, tag) in [("changed", "a"), ("same", "b")] {
        let put = bench.cache.insert(key, 1_u64).tags([Tag::named(tag)]);
        put.await.expect("stored");
    }
    bench.cache.set_enabled(false);
    assert_eq!(get(&bench, "same").await, None);
    assert_eq!(load(&bench, "same", 2).await, 2);
    bench
        .cache
        .invalidate([Tag::named("a")])
        .await
        .expect("bumped");
    bench.cache.set_enabled(true);
    assert_eq!(get(&bench, "changed").await, None);
    assert_eq!(get(&bench, "same").await, Some(1));
}

#[tokio::test]
async fn kc8_caches_in_one_store_see_nothing_of_each_other() {
    let memory = Memory::new();
    let cache = |name: &str, policy| {
        let builder = Cache::builder().store(memory.clone()).namespace(name);
        builder
            .policy(policy)
            .build()
            .expect("the settings are valid")
    };
    let [shop, blog] = [
        cache("shop", Policy::new()),
        cache("blog", Policy::new().ttl(std::time::Duration::ZERO)),
    ];
    shop.insert(("k", 1), 1_u64).await.expect("stored");
    blog.insert(("k", 1), 2_u64).await.expect("accepted");
    let found = async |cache: &Cache| cache.get::<u64>(("k", 1)).await.expect("asked");
    assert_eq!(found(&shop).await.as_deref(), Some(&1));
    assert_eq!(found(&blog).await, None, "by its own policy");
    blog.clear().await.expect("bumped");
    blog.remove_tree(()).await.expect("bumped");
    blog.remove(("k", 1)).await.expect("removed");
    assert_eq!(found(&shop).await.as_deref(), Some(&1));
    assert_eq!(blog.keys(()).await.expect("listed").keys.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn kc7_a_check_tells_a_good_store_from_a_slow_a_forgetful_and_a_dead_one() {
    use larder::Health;
    let bench = Bench::new();
    let checkup = bench.cache.check().await;
    assert!(checkup.is_good(), "{checkup}");
    assert!(checkup.write_time().is_some() && checkup.read_time().is_some());
    assert!(bench.memory.is_empty(), "the probe was taken away");
    assert_eq!(bench.events.take(), [""; 0]);
    bench.cache.set_enabled(false);
    assert!(bench.cache.check().await.is_good());

    let shared = Shared::default();
    let process = shared.process(Policy::new());
    assert!(process.cache.check().await.is_good());
    let clock = process.clock.clone();
    shared.takes(move || clock.advance(std::time::Duration::from_millis(40)));
    let checkup = process.cache.check().await;
    assert_eq!(checkup.health(), Health::Slow, "{checkup}");
    assert_eq!(
        checkup.write_time(),
        Some(std::time::Duration::from_millis(80))
    );
    assert_eq!(checkup.to_string(), "slow, wrote in 80ms, read in 40ms");
    shared.takes(|| {});

    let small = Bench::with(Memory::bytes_max(100), Policy::new());
    let checkup = small.cache.check().await;
    assert_eq!(checkup.health(), Health::Forgetful, "{checkup}");

    shared.fails(["get"]);
    let checkup = process.cache.check().await;
    assert_eq!(checkup.health(), Health::Dead);
    assert!(checkup.write_time().is_some() && checkup.read_time().is_none());
    shared.is_back();
    shared.is_down();
    let checkup = process.cache.check().await;
    assert_eq!(checkup.health(), Health::Dead);
    assert!(checkup.error().is_some_and(larder::Error::is_store));
    assert!(checkup.to_string().starts_with("dead: "), "{checkup}");
    shared.is_back();
    shared.hangs();
    let begun = tokio::time::Instant::now();
    let checkup = process.cache.check().await;
    assert!(
        checkup.error().is_some_and(larder::Error::is_timeout),
        "{checkup}"
    );
    assert_eq!(begun.elapsed(), larder::CHECK_DEAD_AFTER);
}
