//! One load for a key among all processes that share a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use larder::{Key, LoadError, Policy, Tag};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::shared::Shared;
use crate::support::{Bench, Broken, Gate, others_wait, seconds};

type Caller = JoinHandle<Result<Arc<u64>, LoadError<Broken>>>;

/// A caller on a task of its own, whose load stops at the gate and then gives `value`.
fn caller(process: &Bench, gate: &Gate, value: u64) -> Caller {
    let (cache, gate, loads) = (process.cache.clone(), gate.clone(), process.loads.clone());
    tokio::spawn(async move {
        let load = async move || {
            loads.fetch_add(1, Ordering::SeqCst);
            gate.pass().await;
            Ok::<u64, Broken>(value)
        };
        cache.get_or_load("k", load).tags([Tag::named("t")]).await
    })
}

async fn value(caller: Caller) -> u64 {
    *caller
        .await
        .expect("the caller does not panic")
        .expect("the load gives a value")
}

async fn kept(process: &Bench) -> Option<u64> {
    let found = process.cache.get::<u64>("k").await;
    found.expect("a miss is no error").as_deref().copied()
}

#[tokio::test(start_paused = true)]
async fn callers_of_eight_processes_cost_one_load() {
    let (shared, loads) = (Shared::default(), Arc::new(AtomicUsize::new(0)));
    let processes: Vec<Bench> = (0..8).map(|_| shared.process(Policy::new())).collect();
    let callers: Vec<_> = (0..400)
        .map(|number| {
            let (cache, loads) = (processes[number % 8].cache.clone(), loads.clone());
            tokio::spawn(async move {
                let load = async move || {
                    loads.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    Ok::<u64, Broken>(7)
                };
                cache.get_or_load("k", load).await
            })
        })
        .collect();
    for caller in callers {
        assert_eq!(value(caller).await, 7);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    others_wait().await;
    assert_eq!(shared.leases_held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_miss_is_three_round_trips_and_a_hit_is_one() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    let read = async || process.cache.get_or_load("k", process.gives(1)).await;
    read().await.expect("loads");
    // The versions and the lease are asked for at once.
    assert_eq!(shared.trips(), ["get", "prepare", "take", "insert"]);
    read().await.expect("is there");
    assert_eq!(shared.trips(), ["get"]);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_another_process_stored_after_our_look_is_not_loaded_again() {
    let shared = Shared::default();
    let (first, second) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let gate = Gate::new();
    // Both look before either has stored anything: the second learns from the lease.
    let callers = [caller(&first, &gate, 1), caller(&second, &gate, 2)];
    gate.started().await;
    gate.open();
    let [one, other] = callers;
    assert_eq!(value(one).await, value(other).await);
    assert_eq!(first.loads() + second.loads(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_leaders_lease_runs_out_and_another_takes_over() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    let (namespace, key) = (process.cache.namespace(), Key::new("k"));
    shared.die_loading(namespace, &key, seconds(5)).await;
    let begun = Instant::now();
    let loaded = process.cache.get_or_load("k", process.gives(2)).await;
    assert_eq!(*loaded.expect("takes over"), 2);
    let waited = begun.elapsed();
    assert!(waited >= seconds(5), "{waited:?}");
    assert!(waited < Duration::from_millis(5_100), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_was_only_slow_writes_nothing_back() {
    let shared = Shared::default();
    let (slow, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let gate = Gate::new();
    let revived = caller(&slow, &gate, 1);
    gate.started().await;
    // It stands still: its renewals do not happen.
    shared.fails(["renew"]);
    let loaded = other.cache.get_or_load("k", other.gives(2)).await;
    assert_eq!(*loaded.expect("takes over"), 2);
    shared.is_back();
    gate.open();
    assert_eq!(value(revived).await, 1, "it asked before the other");
    assert_eq!(kept(&slow).await, Some(2), "the newer value stays");
}

#[tokio::test(start_paused = true)]
async fn a_removal_in_another_process_during_a_load_wins() {
    let shared = Shared::default();
    let (loading, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let gate = Gate::new();
    let before = caller(&loading, &gate, 1);
    gate.started().await;
    other.cache.remove("k").await.expect("the store answers");
    // Whoever comes now, also to the process that loads, does not get what was removed.
    let after = caller(&loading, &gate, 2);
    gate.started().await;
    gate.open();
    gate.open();
    assert_eq!(value(before).await, 1);
    assert_eq!(value(after).await, 2);
    assert_eq!(kept(&other).await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn an_insert_in_another_process_during_a_load_wins() {
    let shared = Shared::default();
    let (loading, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let gate = Gate::new();
    let before = caller(&loading, &gate, 1);
    gate.started().await;
    other.cache.insert("k", 9u64).await.expect("stored");
    gate.open();
    assert_eq!(value(before).await, 1);
    assert_eq!(kept(&loading).await, Some(9));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_another_process_does_not_get_what_was_invalidated_meanwhile() {
    let shared = Shared::default();
    let (loading, waiting) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let (gate, open) = (Gate::new(), Gate::new());
    let before = caller(&loading, &gate, 1);
    gate.started().await;
    let invalidated = waiting.cache.invalidate([Tag::named("t")]).await;
    invalidated.expect("the store answers");
    let after = caller(&waiting, &open, 2);
    open.open();
    tokio::time::sleep(seconds(1)).await;
    assert!(!after.is_finished(), "it waits for the other's load");
    gate.open();
    assert_eq!(value(before).await, 1, "it asked before the invalidation");
    assert_eq!(value(after).await, 2);
    assert_eq!(kept(&loading).await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_load_that_an_invalidation_has_overtaken() {
    let shared = Shared::default();
    let (loading, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let (stuck, open) = (Gate::new(), Gate::new());
    let before = caller(&loading, &stuck, 1);
    stuck.started().await;
    let invalidated = loading.cache.invalidate([Tag::named("t")]).await;
    invalidated.expect("the store answers");
    // In the process that loads it is known at once.
    let begun = Instant::now();
    open.open();
    assert_eq!(value(caller(&loading, &open, 2)).await, 2);
    assert!(begun.elapsed() < Duration::from_millis(10));
    stuck.open();
    assert_eq!(value(before).await, 1);
    assert_eq!(kept(&other).await, Some(2));
    // From another process, when the lease would be renewed.
    let before = {
        loading.cache.remove("k").await.expect("the store answers");
        caller(&loading, &stuck, 3)
    };
    stuck.started().await;
    let invalidated = other.cache.invalidate([Tag::named("t")]).await;
    invalidated.expect("the store answers");
    let begun = Instant::now();
    open.open();
    assert_eq!(value(caller(&other, &open, 4)).await, 4);
    assert!(begun.elapsed() < seconds(2), "{:?}", begun.elapsed());
    stuck.open();
    assert_eq!(value(before).await, 3);
    assert_eq!(kept(&loading).await, Some(4));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_another_process_takes_an_old_entry_when_its_patience_ends() {
    let shared = Shared::default();
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_if_error(seconds(600))
        .soft_load_timeout(seconds(1));
    let (loading, waiting) = (shared.process(policy), shared.process(policy));
    waiting.cache.insert("k", 1u64).await.expect("stored");
    for process in [&loading, &waiting] {
        process.advance(60);
    }
    let gate = Gate::new();
    let leader = caller(&loading, &gate, 2);
    gate.started().await;
    let begun = Instant::now();
    let read = waiting.cache.get_or_load("k", waiting.gives(3)).await;
    assert_eq!(*read.expect("the old entry"), 1);
    assert!(begun.elapsed() < Duration::from_millis(1_010));
    assert_eq!(value(leader).await, 1, "the leader's patience ends too");
    gate.open();
    loading.settle().await;
    assert_eq!(kept(&waiting).await, Some(2));
    assert_eq!(waiting.loads(), 0);
}

#[tokio::test(start_paused = true)]
async fn refresh_ahead_and_negative_ttl_work_over_a_shared_store() {
    let shared = Shared::default();
    let policy = Policy::new()
        .ttl(seconds(60))
        .negative_ttl(seconds(10))
        .refresh_ahead(0.5);
    let process = shared.process(policy);
    let read = async |value| {
        let read = process.cache.get_or_load("k", process.gives(value));
        *read.negative_if(|value| *value == 0).await.expect("loads")
    };
    assert_eq!(read(0).await, 0);
    process.advance(10);
    assert_eq!(read(1).await, 1, "the negative entry is over");
    process.advance(30);
    assert_eq!(read(2).await, 1);
    process.settle().await;
    assert_eq!(read(3).await, 2, "it was refreshed ahead");
    assert_eq!(process.loads(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_fails_gives_its_lease_back() {
    let shared = Shared::default();
    let policy = Policy::new().hard_load_timeout(seconds(1));
    let (failing, other) = (shared.process(policy), shared.process(policy));
    let begun = Instant::now();
    let failed = failing.cache.get_or_load("k", failing.fails()).await;
    assert!(failed.expect_err("the load fails").failed().is_some());
    let panics = async || match std::hint::black_box(true) {
        true => panic!("the database is on fire"),
        false => Ok::<u64, Broken>(0),
    };
    let cache = failing.cache.clone();
    let panicked = tokio::spawn(async move { cache.get_or_load("k", panics).await });
    assert!(panicked.await.expect_err("the load panics").is_panic());
    let hangs = async || {
        std::future::pending::<()>().await;
        Ok::<u64, Broken>(0)
    };
    let late = failing.cache.get_or_load("k", hangs).await;
    assert!(late.expect_err("the load hangs").is_timeout());
    assert!(begun.elapsed() < Duration::from_millis(1_200));
    let loaded = other.cache.get_or_load("k", other.gives(2)).await;
    assert_eq!(*loaded.expect("loads"), 2);
    let waited = begun.elapsed();
    assert!(waited < Duration::from_millis(1_300), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_load_that_outlasts_its_lease_many_times_over_keeps_it() {
    let shared = Shared::default();
    let (loading, waiting) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let gate = Gate::new();
    let leader = caller(&loading, &gate, 1);
    gate.started().await;
    let follower = caller(&waiting, &gate, 2);
    tokio::time::sleep(seconds(50)).await;
    gate.open();
    assert_eq!(value(leader).await, 1);
    assert_eq!(value(follower).await, 1);
    assert_eq!(waiting.loads(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_never_ends_does_not_keep_others_waiting_for_ever() {
    // As a foreign hand, or a damaged server, could leave one behind.
    let shared = Shared::default();
    let process = shared.process(Policy::new().lease(seconds(1)));
    let (namespace, key) = (process.cache.namespace(), Key::new("k"));
    shared
        .die_loading(namespace, &key, seconds(1_000_000))
        .await;
    let begun = Instant::now();
    let loaded = process.cache.get_or_load("k", process.gives(2)).await;
    assert_eq!(*loaded.expect("loads by itself"), 2);
    assert!(begun.elapsed() >= seconds(12) && begun.elapsed() < seconds(13));
    assert_eq!(kept(&process).await, None, "nothing was stored");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_invalidated_faster_than_it_is_loaded_is_read_all_the_same() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    process.cache.insert("k", 1u64).await.expect("stored");
    process.cache.clear().await.expect("the store answers");
    shared.never_gives_a_lease();
    let begun = Instant::now();
    let loaded = process.cache.get_or_load("k", process.gives(2)).await;
    assert_eq!(*loaded.expect("loads by itself"), 2);
    assert!(begun.elapsed() < Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_another_process_is_bounded_by_the_caller() {
    let shared = Shared::default();
    let (loading, waiting) = (shared.process(Policy::new()), shared.process(Policy::new()));
    let gate = Gate::new();
    let leader = caller(&loading, &gate, 1);
    gate.started().await;
    let begun = Instant::now();
    let read = waiting.cache.get_or_load("k", waiting.gives(2));
    let late = read.wait_timeout(seconds(1)).await;
    assert!(late.expect_err("the load hangs").is_timeout());
    assert!(begun.elapsed() < Duration::from_millis(1_010));
    // Nobody waits in that process any more, so it does not ask any more.
    tokio::time::sleep(seconds(1)).await;
    shared.trips();
    tokio::time::sleep(seconds(1)).await;
    let asked = shared.trips();
    assert!(asked.iter().all(|trip| *trip == "renew"), "{asked:?}");
    gate.open();
    assert_eq!(value(leader).await, 1);
    assert_eq!(kept(&waiting).await, Some(1));
    assert_eq!(waiting.loads(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_a_lease_every_process_loads_for_itself() {
    let shared = Shared::default();
    let policy = Policy::new().lease(Duration::ZERO);
    let (first, second) = (shared.process(policy), shared.process(policy));
    let gate = Gate::new();
    let callers = [caller(&first, &gate, 1), caller(&second, &gate, 2)];
    gate.started().await;
    gate.started().await;
    gate.open();
    gate.open();
    for caller in callers {
        value(caller).await;
    }
    assert_eq!((first.loads(), second.loads()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn one_process_refreshes_and_all_serve_meanwhile() {
    let shared = Shared::default();
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_while_revalidate(seconds(30));
    let (first, second) = (shared.process(policy), shared.process(policy));
    let gate = Gate::new();
    first.cache.insert("k", 1u64).await.expect("stored");
    first.advance(60);
    second.advance(60);
    assert_eq!(value(caller(&first, &gate, 2)).await, 1);
    gate.started().await;
    for _ in 0..3 {
        assert_eq!(value(caller(&second, &gate, 3)).await, 1);
        second.settle().await;
    }
    assert_eq!(second.loads(), 0, "the other refreshes");
    gate.open();
    first.settle().await;
    assert_eq!(kept(&second).await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_is_not_repeated_at_once_while_a_stale_entry_can_be_served() {
    let shared = Shared::default();
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_if_error(seconds(600))
        .stale_if_error_throttle(seconds(10));
    let process = shared.process(policy);
    process.cache.insert("k", 1u64).await.expect("stored");
    process.advance(60);
    for _ in 0..3 {
        let read = process.cache.get_or_load("k", process.fails()).await;
        assert_eq!(*read.expect("the old entry"), 1);
    }
    assert_eq!(process.loads(), 1);
    process.advance(10);
    let read = process.cache.get_or_load("k", process.gives(2)).await;
    assert_eq!(*read.expect("loads"), 2);
    assert_eq!(shared.leases_held(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_costs_two_loads_at_a_time_for_five_hundred_callers() {
    let shared = Shared::default();
    shared.is_down();
    let (process, gate) = (shared.process(Policy::new()), Gate::new());
    let first = caller(&process, &gate, 1);
    gate.started().await;
    let others: Vec<Caller> = (0..499).map(|_| caller(&process, &gate, 2)).collect();
    others_wait().await;
    assert_eq!(process.loads(), 1, "they may not have what was read before");
    gate.open();
    assert_eq!(value(first).await, 1);
    gate.open();
    for other in others {
        assert_eq!(value(other).await, 2);
    }
    assert_eq!(process.loads(), 2);
    shared.is_back();
    assert_eq!(kept(&process).await, None, "nothing of it was stored");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_down_during_a_load_does_not_multiply_it() {
    let shared = Shared::default();
    let (process, gate) = (shared.process(Policy::new()), Gate::new());
    let first = caller(&process, &gate, 1);
    gate.started().await;
    shared.is_down();
    let others: Vec<Caller> = (0..499).map(|_| caller(&process, &gate, 2)).collect();
    others_wait().await;
    gate.open();
    assert_eq!(value(first).await, 1);
    gate.open();
    for other in others {
        assert_eq!(value(other).await, 2);
    }
    assert_eq!(process.loads(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_a_failing_store_made_others_replace_does_not_outlive_a_removal() {
    // The load that was replaced is no longer listed, so the removal does not find it.
    let shared = Shared::default();
    let policy = Policy::new().lease(Duration::ZERO);
    let (process, gate) = (shared.process(policy), Gate::new());
    let first = caller(&process, &gate, 1);
    gate.started().await;
    shared.fails(["current"]);
    let second = caller(&process, &gate, 2);
    others_wait().await;
    shared.is_back();
    process.cache.remove("k").await.expect("the store answers");
    gate.open();
    assert_eq!(value(first).await, 1);
    assert_eq!(kept(&process).await, None);
    gate.open();
    value(second).await;
}

#[tokio::test(start_paused = true)]
async fn followers_of_a_running_load_ask_together_whether_it_is_new_enough() {
    let shared = Shared::default();
    let (process, gate) = (shared.process(Policy::new()), Gate::new());
    let first = caller(&process, &gate, 1);
    gate.started().await;
    shared.trips();
    let others: Vec<Caller> = (0..100).map(|_| caller(&process, &gate, 2)).collect();
    tokio::time::sleep(Duration::from_millis(1)).await;
    let asked = shared.trips();
    let checks = asked.iter().filter(|trip| **trip == "current").count();
    assert!((1..=2).contains(&checks), "{checks} of {}", asked.len());
    gate.open();
    for caller in others.into_iter().chain([first]) {
        assert_eq!(value(caller).await, 1);
    }
}
