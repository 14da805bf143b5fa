//! Reads and writes of many keys at once.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use larder::{Key, LoadError, Policy, Tag};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::shared::Shared;
use crate::support::{Bench, Broken, Gate, others_wait, seconds};

/// Which keys each call of a loader was given.
type Calls = Arc<Mutex<Vec<Vec<u64>>>>;
type Found = Result<HashMap<u64, Arc<u64>>, LoadError<Broken>>;

/// A batch on a task of its own, whose loads stop at the gate, then give ten times the key plus
/// `add`, and know nothing of keys from 100.
fn batch(process: &Bench, gate: &Gate, calls: &Calls, keys: &[u64], add: u64) -> JoinHandle<Found> {
    let (cache, gate, calls) = (process.cache.clone(), gate.clone(), calls.clone());
    let keys = keys.to_vec();
    tokio::spawn(async move {
        let load = async move |mut missing: Vec<u64>| {
            missing.sort_unstable();
            calls.lock().expect("no panic").push(missing.clone());
            gate.pass().await;
            let known = missing.into_iter().filter(|key| *key < 100);
            Ok::<Vec<(u64, u64)>, Broken>(known.map(|key| (key, key * 10 + add)).collect())
        };
        cache.get_or_load_many(keys, load).await
    })
}

async fn values(batch: JoinHandle<Found>) -> Vec<(u64, u64)> {
    let found = batch
        .await
        .expect("no panic")
        .expect("the loads give values");
    let mut values: Vec<_> = found
        .into_iter()
        .map(|(key, value)| (key, *value))
        .collect();
    values.sort_unstable();
    values
}

fn calls(calls: &Calls) -> Vec<Vec<u64>> {
    calls.lock().expect("no panic").clone()
}

#[tokio::test(start_paused = true)]
async fn a_batch_leads_what_it_can_and_waits_for_the_rest() {
    let shared = Shared::default();
    let (first, second) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let (slow, gate, asked) = (Gate::new(), Gate::new(), Calls::default());
    let one = batch(&first, &slow, &asked, &[1, 2, 3], 0);
    slow.started().await;
    // One process asks again for a key of its own, and another overlaps with both.
    let same = batch(&first, &gate, &asked, &[3, 4], 1);
    gate.started().await;
    let other = batch(&second, &gate, &asked, &[2, 4, 5], 2);
    gate.started().await;
    assert_eq!(calls(&asked), [vec![1, 2, 3], vec![4], vec![5]]);
    gate.open();
    gate.open();
    others_wait().await;
    assert!(!same.is_finished() && !other.is_finished());
    slow.open();
    assert_eq!(values(one).await, [(1, 10), (2, 20), (3, 30)]);
    assert_eq!(values(same).await, [(3, 30), (4, 41)]);
    assert_eq!(values(other).await, [(2, 20), (4, 41), (5, 52)]);
    assert_eq!(calls(&asked).len(), 3, "each key was loaded once");
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_three_round_trips_whatever_its_size() {
    let shared = Shared::default();
    let (process, gate, asked) = (shared.process(Policy::new()), Gate::new(), Calls::default());
    let keys: Vec<u64> = (0..50).collect();
    gate.open();
    values(batch(&process, &gate, &asked, &keys, 0)).await;
    assert_eq!(shared.trips(), ["get", "prepare", "take", "insert"]);
    values(batch(&process, &gate, &asked, &keys, 1)).await;
    assert_eq!(shared.trips(), ["get"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_does_not_exist_keeps_no_other_batch_waiting() {
    let shared = Shared::default();
    let (first, second) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let (gate, asked) = (Gate::new(), Calls::default());
    let one = batch(&first, &gate, &asked, &[1, 100], 0);
    gate.started().await;
    let same = batch(&first, &gate, &asked, &[100, 1], 1);
    let other = batch(&second, &gate, &asked, &[2, 100], 2);
    gate.started().await;
    let begun = Instant::now();
    gate.open();
    gate.open();
    gate.open();
    assert_eq!(values(one).await, [(1, 10)]);
    assert_eq!(values(same).await, [(1, 10)]);
    assert_eq!(values(other).await, [(2, 22)]);
    assert!(begun.elapsed() < seconds(1), "{:?}", begun.elapsed());
    // The other process cannot know that there is nothing, and asks the database.
    assert_eq!(calls(&asked), [vec![1, 100], vec![2], vec![100]]);
}

#[tokio::test(start_paused = true)]
async fn keys_of_a_process_that_died_are_loaded_by_another() {
    let shared = Shared::default();
    let (process, gate, asked) = (shared.process(Policy::new()), Gate::new(), Calls::default());
    for key in [2u64, 3] {
        let namespace = process.cache.namespace();
        shared
            .die_loading(namespace, &Key::new(key), seconds(5))
            .await;
    }
    let begun = Instant::now();
    for _ in 0..3 {
        gate.open();
    }
    let found = values(batch(&process, &gate, &asked, &[1, 2, 3], 0)).await;
    assert_eq!(found, [(1, 10), (2, 20), (3, 30)]);
    assert!(begun.elapsed() < Duration::from_millis(5_200));
    assert_eq!(calls(&asked)[0], [1], "what was free did not wait");
    let loaded: usize = calls(&asked).iter().map(Vec::len).sum();
    assert_eq!(loaded, 3);
}

#[tokio::test(start_paused = true)]
async fn a_single_read_and_a_batch_share_a_load() {
    let shared = Shared::default();
    let (process, gate, asked) = (shared.process(Policy::new()), Gate::new(), Calls::default());
    let (cache, single) = (process.cache.clone(), Gate::new());
    let held = single.clone();
    let alone = tokio::spawn(async move {
        let load = async move || {
            held.pass().await;
            Ok::<u64, Broken>(7)
        };
        cache.get_or_load(1u64, load).await
    });
    single.started().await;
    let together = batch(&process, &gate, &asked, &[1, 2], 0);
    gate.started().await;
    gate.open();
    single.open();
    assert_eq!(*alone.await.expect("no panic").expect("loads"), 7);
    assert_eq!(values(together).await, [(1, 7), (2, 20)]);
    assert_eq!(calls(&asked), [vec![2]]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_load_fails_serves_old_entries_if_it_can_serve_all() {
    let shared = Shared::default();
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_if_error(seconds(600))
        .stale_if_error_throttle(seconds(10));
    let process = shared.process(policy);
    let stored = process.cache.insert_many([(1u64, 10u64), (2, 20)]).await;
    stored.expect("the store answers");
    process.advance(60);
    let read = async |keys: &[u64]| {
        let loads = process.loads.clone();
        let load = async move |_: Vec<u64>| {
            loads.fetch_add(1, Ordering::SeqCst);
            Err::<Vec<(u64, u64)>, Broken>(Broken)
        };
        process.cache.get_or_load_many(keys.to_vec(), load).await
    };
    let found = read(&[1, 2]).await.expect("the old entries");
    assert_eq!((*found[&1], *found[&2]), (10, 20));
    assert_eq!(process.loads(), 1);
    let found = read(&[1, 2]).await.expect("the old entries");
    assert_eq!(
        (found.len(), process.loads()),
        (2, 1),
        "not tried again at once"
    );
    let failed = read(&[1, 2, 3])
        .await
        .expect_err("there is no old entry for 3");
    assert!(failed.failed().is_some());
    others_wait().await;
    assert_eq!(shared.leases_held(), 0);
}

#[tokio::test(start_paused = true)]
async fn ageing_entries_of_a_batch_are_refreshed_by_one_load_in_the_fleet() {
    let shared = Shared::default();
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_while_revalidate(seconds(60));
    let (first, second) = (shared.process(policy), shared.process(policy));
    let stored = first.cache.insert_many([(1u64, 10u64), (2, 20)]).await;
    stored.expect("the store answers");
    first.advance(60);
    second.advance(60);
    let (gate, asked) = (Gate::new(), Calls::default());
    let found = values(batch(&first, &gate, &asked, &[1, 2], 5)).await;
    assert_eq!(found, [(1, 10), (2, 20)], "served meanwhile");
    gate.started().await;
    let found = values(batch(&second, &gate, &asked, &[1, 2], 6)).await;
    assert_eq!(found, [(1, 10), (2, 20)]);
    second.settle().await;
    gate.open();
    first.settle().await;
    assert_eq!(calls(&asked), [vec![1, 2]]);
    let found = values(batch(&second, &gate, &asked, &[1, 2], 7)).await;
    assert_eq!(found, [(1, 15), (2, 25)]);
}

#[tokio::test(start_paused = true)]
async fn many_values_are_inserted_in_two_round_trips() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    let values = (0..50u64).map(|key| (key, key));
    process.cache.insert_many(values).await.expect("stored");
    assert_eq!(shared.trips(), ["prepare", "insert"]);
    let twice = [(1u64, 1u64), (1, 2)];
    process.cache.insert_many(twice).await.expect("stored");
    let found = process.cache.get::<u64>(1u64).await.expect("is there");
    assert_eq!(found.as_deref(), Some(&2), "the last one counts");
}

#[tokio::test(start_paused = true)]
async fn a_batch_over_a_store_that_is_down_loads_everything() {
    let shared = Shared::default();
    shared.is_down();
    let (process, gate, asked) = (shared.process(Policy::new()), Gate::new(), Calls::default());
    gate.open();
    let found = values(batch(&process, &gate, &asked, &[1, 2, 1], 0)).await;
    assert_eq!(found, [(1, 10), (2, 20)]);
    assert_eq!(calls(&asked), [vec![1, 2]]);
}

/// A load of many that counts its calls and gives each key times ten.
fn tenfold(bench: &Bench) -> impl FnOnce(Vec<u64>) -> Loaded + Clone + Send + 'static {
    let loads = bench.loads.clone();
    move |missing| {
        loads.fetch_add(1, Ordering::SeqCst);
        std::future::ready(Ok(missing.into_iter().map(|key| (key, key * 10)).collect()))
    }
}

type Loaded = std::future::Ready<Result<Vec<(u64, u64)>, Broken>>;

#[tokio::test]
async fn kc2_many_values_have_a_ttl_and_tags_of_all_and_of_each() {
    let bench = Bench::new();
    let insert = bench.cache.insert_many((1..=4).map(|key| (key, key)));
    let own = |key: &u64, value: &u64| {
        assert_eq!(key, value);
        [Tag::named(&format!("tag {key}"))]
    };
    let insert = insert
        .ttl(seconds(10))
        .tags([Tag::named("all")])
        .tags_of(own);
    insert.await.expect("stored");
    let there = async || {
        let found = bench.cache.get_many::<u64>(1..=4_u64).await.expect("asked");
        found
            .iter()
            .flatten()
            .map(|value| **value)
            .collect::<Vec<u64>>()
    };
    assert_eq!(there().await, [1, 2, 3, 4]);
    bench
        .cache
        .invalidate([Tag::named("tag 2")])
        .await
        .expect("bumped");
    assert_eq!(there().await, [1, 3, 4]);
    bench
        .cache
        .invalidate([Tag::named("all")])
        .await
        .expect("bumped");
    assert_eq!(there().await, [0; 0]);
    let again = bench.cache.insert_many([(1, 1_u64)]).ttl(seconds(10));
    again.await.expect("stored");
    bench.advance(9);
    assert_eq!(there().await, [1]);
    bench.advance(1);
    assert_eq!(there().await, [0; 0]);
}

#[tokio::test]
async fn kc2_many_loads_have_a_ttl_and_tags_of_all_and_of_each() {
    let bench = Bench::new();
    let read = async || {
        let read = bench.cache.get_or_load_many(1..=3_u64, tenfold(&bench));
        let read = read.ttl(seconds(10)).tags([Tag::named("all")]);
        let read = read.tags_of(|key| [Tag::named(&format!("tag {key}"))]);
        assert_eq!(*read.await.expect("loaded")[&2], 20);
        bench.loads()
    };
    assert_eq!(read().await, 1);
    assert_eq!(read().await, 1);
    bench
        .cache
        .invalidate([Tag::named("tag 2")])
        .await
        .expect("bumped");
    let found = bench.cache.get_many::<u64>(1..=3_u64).await.expect("asked");
    let found: Vec<bool> = found.iter().map(Option::is_some).collect();
    assert_eq!(found, [true, false, true]);
    assert_eq!(read().await, 2);
    bench
        .cache
        .invalidate([Tag::named("all")])
        .await
        .expect("bumped");
    assert_eq!(read().await, 3);
    bench.advance(10);
    assert_eq!(read().await, 4);
}

#[tokio::test]
async fn kc2_tags_of_what_is_there_are_not_asked_for() {
    let bench = Bench::new();
    bench
        .cache
        .insert_many([(1, 1_u64), (2, 2)])
        .await
        .expect("stored");
    let read = bench.cache.get_or_load_many(1..=3_u64, tenfold(&bench));
    let read = read.tags_of(|key| {
        assert_eq!(*key, 3);
        None
    });
    assert_eq!(read.await.expect("loaded").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn kc2_whoever_reads_many_waits_no_longer_than_said() {
    let bench = Bench::new();
    let (gate, cache) = (Gate::new(), bench.cache.clone());
    let inner = gate.clone();
    let load = move |missing: Vec<u64>| async move {
        inner.pass().await;
        Ok::<_, Broken>(
            missing
                .into_iter()
                .map(|key| (key, key))
                .collect::<Vec<_>>(),
        )
    };
    let read = cache
        .get_or_load_many([1_u64], load)
        .wait_timeout(seconds(1));
    assert!(read.await.expect_err("too long").is_timeout());
    gate.open();
    bench.settle().await;
    assert_eq!(
        bench.cache.get::<u64>(1).await.expect("asked").as_deref(),
        Some(&1)
    );
}

#[tokio::test]
async fn kc2_many_keys_with_tags_of_their_own_are_one_round_trip_each_way() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    let own = |key: &u64| [Tag::named(&format!("tag {key}"))];
    let insert = process.cache.insert_many((0..50).map(|key| (key, key)));
    insert.tags_of(|key, _| own(key)).await.expect("stored");
    assert_eq!(shared.trips(), ["prepare", "insert"]);
    let get = process.cache.get_many::<u64>(0..50_u64);
    get.tags([Tag::named("tag 1")]).await.expect("asked");
    assert_eq!(shared.trips(), ["get"]);
    let read = process
        .cache
        .get_or_load_many(0..100_u64, tenfold(&process));
    assert_eq!(read.tags_of(own).await.expect("loaded").len(), 100);
    assert_eq!(shared.trips(), ["get", "prepare", "take", "insert"]);
    process
        .cache
        .remove_many(0..100_u64)
        .await
        .expect("removed");
    assert_eq!(shared.trips(), ["remove"]);
}
