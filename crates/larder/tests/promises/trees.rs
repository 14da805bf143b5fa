//! Removing a key with everything below it.

use larder::{Cache, Key, Memory, Policy, Tag};

use crate::common_trees::Grove;
use crate::shared::Shared;
use crate::support::{Bench, Gate, others_wait, seconds};

#[tokio::test]
async fn kc4_trees_keep_their_promises_in_memory() {
    let memory = Memory::new();
    let cache = |namespace: &str| {
        let builder = Cache::builder().store(memory.clone()).namespace(namespace);
        builder.build().expect("the settings are valid")
    };
    let here = cache("shop");
    let grove = Grove {
        there: here.clone(),
        here,
        elsewhere: cache("blog"),
    };
    grove.keeps_its_promises().await;
}

#[tokio::test]
async fn kc4_trees_keep_their_promises_between_processes() {
    let shared = Shared::default();
    let elsewhere = Cache::builder().store(shared.clone()).namespace("blog");
    let grove = Grove {
        here: shared.process(Policy::new()).cache,
        there: shared.process(Policy::new()).cache,
        elsewhere: elsewhere.build().expect("the settings are valid"),
    };
    grove.keeps_its_promises().await;
}

#[tokio::test]
async fn kc4_removing_a_tree_costs_the_same_however_much_lies_below() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    let mut costs = Vec::new();
    for entries in [0_u32, 1, 10_000] {
        let values = (0..entries).map(|number| (("product", 1, number), number));
        process.cache.insert_many(values).await.expect("stored");
        shared.trips();
        process
            .cache
            .remove_tree(("product", 1))
            .await
            .expect("removed");
        let mut trips = shared.trips();
        trips.sort_unstable();
        costs.push(trips);
        let keys = (0..entries).map(|number| ("product", 1, number));
        let found = process.cache.get_many::<u32>(keys).await.expect("asked");
        assert!(found.iter().all(Option::is_none));
    }
    assert_eq!(
        costs,
        [["bump", "remove"], ["bump", "remove"], ["bump", "remove"]]
    );
}

#[tokio::test]
async fn kc4_many_keys_with_trees_of_their_own_are_one_round_trip_each_way() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    let values = (0..100).map(|number| (("product", number, "reviews"), number));
    process.cache.insert_many(values).await.expect("stored");
    assert_eq!(shared.trips(), ["prepare", "insert"]);
    let keys = || (0..200).map(|number| ("product", number, "reviews"));
    process.cache.get_many::<u32>(keys()).await.expect("asked");
    assert_eq!(shared.trips(), ["get"]);
    let load = async |missing: Vec<(&'static str, i32, &'static str)>| {
        Ok::<_, std::io::Error>(
            missing
                .into_iter()
                .map(|key| (key, key.1))
                .collect::<Vec<_>>(),
        )
    };
    let loaded = process
        .cache
        .get_or_load_many(keys(), load)
        .await
        .expect("loaded");
    assert_eq!(loaded.len(), 200);
    assert_eq!(shared.trips(), ["get", "prepare", "take", "insert"]);
}

#[tokio::test(start_paused = true)]
async fn kc4_a_tree_whose_removal_fails_is_not_served_here_and_is_removed_later() {
    let shared = Shared::default();
    let (here, there) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let key = ("product", 1, "reviews");
    here.cache.insert(key, 1_u64).await.expect("stored");
    here.cache.insert("other", 1_u64).await.expect("stored");
    shared.fails(["bump"]);
    let error = here.cache.remove_tree(("product", 1)).await;
    assert!(error.expect_err("it says so").is_store());
    assert_eq!(here.events.count("BumpDelayed"), 1);
    assert_eq!(here.cache.get::<u64>(key).await.expect("asked"), None);
    let other = here.cache.get::<u64>("other").await.expect("asked");
    assert_eq!(other.as_deref(), Some(&1));
    shared.is_back();
    // The longest pause between two tries.
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(here.events.count("BumpDelivered"), 1);
    assert_eq!(there.cache.get::<u64>(key).await.expect("asked"), None);
}

#[tokio::test]
async fn kc4_the_entry_itself_goes_though_the_tree_cannot_be_told() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    process
        .cache
        .insert("product", 1_u64)
        .await
        .expect("stored");
    shared.fails(["bump"]);
    assert!(process.cache.remove_tree("product").await.is_err());
    assert!(process.memory.is_empty());
    // And the other way round: what lies below is gone, though the entry is not.
    shared.is_back();
    process
        .cache
        .insert(("product", 1), 1_u64)
        .await
        .expect("stored");
    shared.fails(["remove"]);
    assert!(process.cache.remove_tree("product").await.is_err());
    let below = process.cache.get::<u64>(("product", 1)).await;
    assert_eq!(below.expect("asked"), None);
}

#[tokio::test]
async fn kc4_a_removal_is_told_as_one_of_the_key_and_of_its_tree() {
    let bench = Bench::new();
    bench
        .cache
        .insert(("product", 1, "x"), 1_u64)
        .await
        .expect("stored");
    bench.events.take();
    bench
        .cache
        .remove_tree(("product", 1))
        .await
        .expect("removed");
    assert_eq!(
        bench.events.take(),
        ["invalidated ('product', 1) tree by remove_tree", "removed"]
    );
    assert_eq!(bench.cache.bumps(), 1);
    let mut deep = Key::builder();
    (0..20).for_each(|part| deep.push(part));
    bench
        .cache
        .remove_tree(deep.build())
        .await
        .expect("removed");
    assert_eq!(bench.events.count("widened"), 1);
}

#[tokio::test]
async fn kc4_a_tree_is_removed_while_the_cache_is_off() {
    let bench = Bench::new();
    bench
        .cache
        .insert(("product", 1), 1_u64)
        .await
        .expect("stored");
    bench.cache.insert("product", 1_u64).await.expect("stored");
    bench.cache.set_enabled(false);
    bench.cache.remove_tree("product").await.expect("removed");
    bench.cache.set_enabled(true);
    assert_eq!(
        bench.cache.get::<u64>(("product", 1)).await.expect("asked"),
        None
    );
    assert_eq!(
        bench.cache.get::<u64>("product").await.expect("asked"),
        None
    );
}

#[tokio::test]
async fn kc4_an_invalidated_entry_lets_the_tags_of_its_trees_go() {
    let bench = Bench::new();
    for number in 0..100_u64 {
        let key = ("product", number, "reviews");
        bench.cache.insert(key, 1_u64).await.expect("stored");
    }
    assert_eq!(
        bench.memory.tags(),
        102,
        "the namespace, the kind, each product"
    );
    bench.cache.remove_tree("product").await.expect("removed");
    for number in 0..100_u64 {
        let found = bench.cache.get::<u64>(("product", number, "reviews")).await;
        assert_eq!(found.expect("asked"), None);
    }
    assert_eq!(bench.memory.tags(), 0);
}

#[tokio::test]
async fn kc4_entries_of_adapters_are_in_no_tree() {
    use larder::{Fetch, ValueKind, Want};
    let bench = Bench::new();
    let (key, group) = (Key::new(("query", 1)), bench.cache.group("query"));
    let read = async |value: u64| {
        let fetch = Fetch {
            key: &key,
            wants: &Vec::<Want>::new,
            group: &group,
            policy: bench.cache.policy(),
        };
        let load = bench.gives(value);
        let fetched = bench
            .cache
            .fetch(fetch, load, None, ValueKind::serde())
            .await;
        *fetched.expect("loaded").value
    };
    assert_eq!(read(1).await, 1);
    bench.cache.remove_tree("query").await.expect("removed");
    assert_eq!(read(2).await, 1);
    bench
        .cache
        .invalidate([Tag::namespace()])
        .await
        .expect("bumped");
    assert_eq!(read(3).await, 3);
}

#[tokio::test]
async fn kc4_a_batch_that_loads_below_a_removed_tree_is_kept_only_beside_it() {
    let bench = Bench::new();
    let (cache, gate) = (bench.cache.clone(), Gate::new());
    let inner = gate.clone();
    let reader = tokio::spawn(async move {
        let load = move |missing: Vec<(&'static str, u64)>| async move {
            inner.pass().await;
            Ok::<_, std::io::Error>(
                missing
                    .into_iter()
                    .map(|key| (key, 1_u64))
                    .collect::<Vec<_>>(),
            )
        };
        cache.get_or_load_many([("a", 1), ("b", 1)], load).await
    });
    gate.started().await;
    bench.cache.remove_tree("a").await.expect("removed");
    gate.open();
    assert_eq!(reader.await.expect("no panic").expect("loaded").len(), 2);
    others_wait().await;
    let found = bench.cache.get_many::<u64>([("a", 1), ("b", 1)]).await;
    let found: Vec<bool> = found.expect("asked").iter().map(Option::is_some).collect();
    assert_eq!(found, [false, true]);
}
