//! What is read once, and how much that saves.

use larder::adapter::{Fetch, Hit, ValueKind};
use larder::{Key, Memory, Policy, Want};

use super::{get, insert, lose, process, read, track};
use crate::shared::{Shared, change_of};
use crate::support::{Bench, Broken, Gate, others_wait};

#[tokio::test]
async fn kc30_a_second_read_costs_no_store_access() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        store.trips();
        assert_eq!(get(&bench, "k").await, Some(1));
        assert_eq!(store.trips(), ["get"]);
        for _ in 0..3 {
            assert_eq!(get(&bench, "k").await, Some(1));
            assert_eq!(read(&bench, 2).await, 1);
            let many = bench.cache.get_many::<u64>(["k"]).await;
            assert_eq!(many.expect("found")[0].as_deref(), Some(&1));
        }
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
    assert_eq!(bench.loads(), 0);
}

#[tokio::test]
async fn kc30_a_read_after_a_load_costs_no_store_access() {
    let store = Shared::default();
    let bench = process(&store);
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 1).await, 1);
        store.trips();
        assert_eq!(read(&bench, 2).await, 1);
        assert_eq!(get(&bench, "k").await, Some(1));
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
    assert_eq!(bench.loads(), 1);
}

#[tokio::test]
async fn kc30_a_second_look_for_what_is_absent_costs_no_store_access() {
    let store = Shared::default();
    let bench = process(&store);
    let request = bench.cache.request_scope(async {
        assert_eq!(get(&bench, "k").await, None);
        assert_eq!(store.trips(), ["get"]);
        assert_eq!(get(&bench, "k").await, None);
        let many = bench.cache.get_many::<u64>(["k"]).await;
        assert_eq!(many.expect("no store failed"), [None]);
        assert_eq!(store.trips(), [""; 0]);
        assert_eq!(
            bench
                .cache
                .get_many::<u64>(["k", "l"])
                .await
                .expect("no store failed"),
            [None, None]
        );
        assert_eq!(store.trips(), ["get"]);
        assert_eq!(get(&bench, "l").await, None);
        assert_eq!(store.trips(), [""; 0]);
        // Whoever stores it ends that: a load of another request, a writer.
        let cache = bench.cache.clone();
        let load = tokio::spawn(async move {
            let load = async || Ok::<u64, Broken>(1);
            cache.get_or_load("k", load).await.map(|value| *value)
        });
        assert_eq!(load.await.expect("no panic").expect("it loads"), 1);
        assert_eq!(get(&bench, "k").await, Some(1));
        bench.cache.remove("k").await.expect("it is removed");
        assert_eq!(get(&bench, "k").await, None);
        insert(&bench, 2).await;
        assert_eq!(get(&bench, "k").await, Some(2));
    });
    request.await;
}

#[tokio::test]
async fn what_another_process_has_stored_is_found_by_whoever_is_about_to_load_it() {
    let store = Shared::default();
    let memory = Memory::new();
    let of_memory = || Bench::with(memory.clone(), Policy::new());
    for (bench, other) in [
        (process(&store), process(&store)),
        (of_memory(), of_memory()),
    ] {
        let request = bench.cache.request_scope(async {
            assert_eq!(get(&bench, "k").await, None);
            insert(&other, 1).await;
            assert_eq!(
                get(&bench, "k").await,
                None,
                "what was found absent is kept"
            );
            assert_eq!(read(&bench, 2).await, 1);
            assert_eq!(get(&bench, "k").await, Some(1));
        });
        request.await;
        assert_eq!(bench.loads(), 0);
    }
}

#[tokio::test]
async fn kc30_memory_is_asked_once_as_well() {
    let bench = Bench::new();
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 2).await, 1);
        // An entry that the store has lost is still the request's.
        lose(&bench, &[Key::new("k")]);
        assert_eq!(read(&bench, 2).await, 1);
    });
    request.await;
    assert_eq!(get(&bench, "k").await, None);
}

#[tokio::test]
async fn kc30_of_many_keys_only_those_are_asked_for_that_were_not_read() {
    let store = Shared::default();
    let bench = process(&store);
    bench.cache.insert("a", 1u64).await.expect("it is stored");
    let load = async |missing: Vec<&'static str>| {
        Ok::<_, Broken>(missing.into_iter().map(|key| (key, 2u64)))
    };
    let request = bench.cache.request_scope(async {
        assert_eq!(get(&bench, "a").await, Some(1));
        store.trips();
        let found = bench.cache.get_or_load_many(["a", "b"], load).await;
        assert_eq!(*found.expect("they load")["b"], 2);
        assert!(!store.trips().is_empty());
        let found = bench.cache.get_or_load_many(["b", "a"], load).await;
        assert_eq!(found.expect("they are kept").len(), 2);
        assert_eq!(get(&bench, "b").await, Some(2));
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
}

#[tokio::test]
async fn kc30_an_adapters_reads_are_the_requests_too() {
    let store = Shared::default();
    let bench = process(&store);
    let (key, group, policy) = (Key::new("q"), bench.cache.group("q"), Policy::new());
    let wants = || vec![Want::Tag(track())];
    let fetch = Fetch {
        key: &key,
        wants: &wants,
        group: &group,
        policy: &policy,
    };
    let request = bench.cache.request_scope(async {
        let fetched = bench
            .cache
            .fetch(fetch, bench.gives(1), None, ValueKind::serde());
        assert_eq!(*fetched.await.expect("it loads").value, 1);
        store.trips();
        let fetched = bench
            .cache
            .fetch(fetch, bench.gives(2), None, ValueKind::serde());
        assert_eq!(*fetched.await.expect("it is kept").value, 1);
        let found: Option<Hit<u64>> = bench.cache.lookup(&fetch, ValueKind::serde()).await;
        assert_eq!(*found.expect("it is kept").value, 1);
        let found: Option<Hit<u64>> = bench.cache.lookup_now(&fetch, ValueKind::serde());
        assert_eq!(*found.expect("it is kept").value, 1);
        assert_eq!(store.trips(), [""; 0]);
        bench.cache.publish(change_of("track")).await;
        let fetched = bench
            .cache
            .fetch(fetch, bench.gives(3), None, ValueKind::serde());
        assert_eq!(*fetched.await.expect("it loads").value, 3);
    });
    request.await;
}

#[tokio::test]
async fn a_read_that_waits_for_another_requests_load_keeps_it() {
    let store = Shared::default();
    let bench = process(&store);
    let gate = Gate::new();
    let leader = {
        let (cache, gate) = (bench.cache.clone(), gate.clone());
        tokio::spawn(async move {
            let load = async move || {
                gate.pass().await;
                Ok::<u64, Broken>(1)
            };
            cache.get_or_load("k", load).await.map(|value| *value)
        })
    };
    gate.started().await;
    let request = bench.cache.request_scope(async {
        let opener = async {
            others_wait().await;
            gate.open();
        };
        let joined = bench.cache.get_or_load("k", bench.gives(9));
        let (joined, ()) = tokio::join!(joined, opener);
        assert_eq!(*joined.expect("it is joined"), 1);
        store.trips();
        assert_eq!(get(&bench, "k").await, Some(1));
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
    assert!(leader.await.expect("no panic").is_ok());
}

#[tokio::test]
async fn loads_are_in_no_scope() {
    let store = Shared::default();
    let (bench, other) = (process(&store), process(&store));
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        insert(&other, 2).await;
        // What is stored for all is not made of what one request has kept.
        let cache = bench.cache.clone();
        let load = async move || {
            let inner = cache.get::<u64>("k").await.expect("no store failed");
            Ok::<u64, Broken>(*inner.expect("it is there") * 10)
        };
        let outer = bench.cache.get_or_load("outer", load).await;
        assert_eq!(*outer.expect("it loads"), 20);
    });
    request.await;
}
