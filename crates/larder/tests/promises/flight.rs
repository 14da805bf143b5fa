//! One load for all callers, and nothing older than what a caller may see.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use larder::{LoadError, Tag};
use tokio::task::JoinHandle;

use crate::support::{Bench, Broken, Gate, others_wait};

type Caller = JoinHandle<Result<Arc<u64>, LoadError<Broken>>>;

/// A caller on a task of its own, whose load stops at the gate and then gives `value`.
fn caller(bench: &Bench, gate: &Gate, value: u64) -> Caller {
    let (cache, gate, loads) = (bench.cache.clone(), gate.clone(), bench.loads.clone());
    tokio::spawn(async move {
        cache
            .get_or_load("k", async move || {
                loads.fetch_add(1, Ordering::SeqCst);
                gate.pass().await;
                Ok::<u64, Broken>(value)
            })
            .tags([Tag::named("t")])
            .await
    })
}

async fn value(caller: Caller) -> u64 {
    *caller
        .await
        .expect("the caller does not panic")
        .expect("the load gives a value")
}

#[tokio::test]
async fn a_thousand_callers_cost_one_load() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let callers: Vec<Caller> = (0..1_000).map(|_| caller(&bench, &gate, 7)).collect();
    gate.started().await;
    gate.open();
    for caller in callers {
        assert_eq!(value(caller).await, 7);
    }
    assert_eq!(bench.loads(), 1);
    assert_eq!(bench.cache.loads_running(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_on_many_threads_cost_one_load_for_each_key() {
    let bench = Bench::new();
    let callers: Vec<_> = (0..2_000u64)
        .map(|n| {
            let (cache, loads) = (bench.cache.clone(), bench.loads.clone());
            tokio::spawn(async move {
                let load = async move || {
                    loads.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok::<u64, Broken>(n % 10)
                };
                cache
                    .get_or_load(n % 10, load)
                    .await
                    .map(|value| *value == n % 10)
            })
        })
        .collect();
    for caller in callers {
        assert!(caller.await.expect("no panic").expect("a value"));
    }
    assert_eq!(bench.loads(), 10);
}

#[tokio::test]
async fn a_caller_that_goes_away_stops_nothing() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let leader = caller(&bench, &gate, 7);
    gate.started().await;
    let follower = caller(&bench, &gate, 8);
    others_wait().await;
    leader.abort();
    assert!(leader.await.expect_err("it was aborted").is_cancelled());
    gate.open();
    assert_eq!(value(follower).await, 7);
    assert_eq!(bench.loads(), 1);
}

#[tokio::test]
async fn a_load_whose_callers_have_all_gone_is_stored() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let leader = caller(&bench, &gate, 7);
    gate.started().await;
    leader.abort();
    let _ = leader.await;
    gate.open();
    bench.settle().await;
    assert_eq!(
        bench
            .cache
            .get::<u64>("k")
            .await
            .expect("memory answers")
            .as_deref(),
        Some(&7)
    );
}

#[tokio::test]
async fn an_error_reaches_every_waiter_and_nothing_is_left() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let callers: Vec<Caller> = (0..10)
        .map(|_| {
            let (cache, gate) = (bench.cache.clone(), gate.clone());
            tokio::spawn(async move {
                let load = async move || {
                    gate.pass().await;
                    Err::<u64, Broken>(Broken)
                };
                cache.get_or_load("k", load).await
            })
        })
        .collect();
    gate.started().await;
    gate.open();
    let mut first: Option<Arc<Broken>> = None;
    for caller in callers {
        let error = caller.await.expect("no panic").expect_err("the load fails");
        let error = error.failed().expect("with its own error").clone();
        assert!(first.get_or_insert_with(|| error.clone()) as &Arc<Broken> == &error);
        assert!(
            Arc::ptr_eq(first.as_ref().expect("set above"), &error),
            "one error is shared"
        );
    }
    assert_eq!(bench.cache.loads_running(), 0);
    assert!(bench.memory.is_empty());
    assert_eq!(
        *bench
            .cache
            .get_or_load("k", bench.gives(1))
            .await
            .expect("loads again"),
        1
    );
}

#[tokio::test]
async fn a_panic_reaches_every_waiter_with_its_message() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let callers: Vec<Caller> = (0..10)
        .map(|_| {
            let (cache, gate) = (bench.cache.clone(), gate.clone());
            tokio::spawn(async move {
                let load = async move || {
                    gate.pass().await;
                    if gate_is_open() {
                        panic!("the database is on fire");
                    }
                    Ok::<u64, Broken>(0)
                };
                cache.get_or_load("k", load).await
            })
        })
        .collect();
    gate.started().await;
    gate.open();
    for caller in callers {
        let panic = caller.await.expect_err("it panics").into_panic();
        let message = panic.downcast::<String>().expect("with a text");
        assert_eq!(*message, "the database is on fire");
    }
    assert_eq!(bench.cache.loads_running(), 0);
    assert_eq!(
        *bench
            .cache
            .get_or_load("k", bench.gives(1))
            .await
            .expect("loads again"),
        1
    );
}

/// Hides from the compiler that the load always panics.
fn gate_is_open() -> bool {
    std::hint::black_box(true)
}

#[tokio::test]
async fn an_invalidation_during_a_load_wins() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let leader = caller(&bench, &gate, 1);
    gate.started().await;
    bench
        .cache
        .invalidate([Tag::named("t")])
        .await
        .expect("memory answers");
    gate.open();
    assert_eq!(value(leader).await, 1, "it asked before the invalidation");
    assert_eq!(
        bench.cache.get::<u64>("k").await.expect("memory answers"),
        None
    );
}

#[tokio::test]
async fn a_joiner_after_an_invalidation_does_not_get_the_older_value() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let before = caller(&bench, &gate, 1);
    gate.started().await;
    bench
        .cache
        .invalidate([Tag::named("t")])
        .await
        .expect("memory answers");
    let after = caller(&bench, &gate, 2);
    gate.started().await;
    let follower = caller(&bench, &gate, 3);
    others_wait().await;
    gate.open();
    gate.open();
    assert_eq!(value(before).await, 1);
    assert_eq!(value(after).await, 2);
    assert_eq!(value(follower).await, 2, "it joined the newer load");
    assert_eq!(bench.loads(), 2);
    let kept = bench.cache.get::<u64>("k").await.expect("memory answers");
    assert_eq!(
        kept.as_deref(),
        Some(&2),
        "the older load did not overwrite the newer"
    );
}

#[tokio::test]
async fn clearing_during_a_load_wins() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let leader = caller(&bench, &gate, 1);
    gate.started().await;
    bench.cache.clear().await.expect("memory answers");
    gate.open();
    assert_eq!(value(leader).await, 1);
    assert_eq!(
        bench.cache.get::<u64>("k").await.expect("memory answers"),
        None
    );
}

#[tokio::test]
async fn a_removal_during_a_load_wins() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let before = caller(&bench, &gate, 1);
    gate.started().await;
    bench.cache.remove("k").await.expect("memory answers");
    let after = caller(&bench, &gate, 2);
    gate.started().await;
    gate.open();
    gate.open();
    assert_eq!(value(before).await, 1);
    assert_eq!(value(after).await, 2, "it does not join what was removed");
    let kept = bench.cache.get::<u64>("k").await.expect("memory answers");
    assert_eq!(kept.as_deref(), Some(&2));
}

#[tokio::test]
async fn a_load_that_was_removed_is_not_stored() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let before = caller(&bench, &gate, 1);
    gate.started().await;
    bench.cache.remove("k").await.expect("memory answers");
    gate.open();
    assert_eq!(value(before).await, 1);
    assert_eq!(
        bench.cache.get::<u64>("k").await.expect("memory answers"),
        None
    );
}

#[tokio::test]
async fn an_insert_during_a_load_wins() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let before = caller(&bench, &gate, 1);
    gate.started().await;
    bench.cache.insert("k", 9u64).await.expect("memory answers");
    gate.open();
    assert_eq!(value(before).await, 1);
    let kept = bench.cache.get::<u64>("k").await.expect("memory answers");
    assert_eq!(kept.as_deref(), Some(&9));
}

#[tokio::test]
async fn a_load_inside_a_load_of_another_key_works() {
    let bench = Bench::new();
    let cache = bench.cache.clone();
    let inner = bench.gives(2);
    let outer = bench.cache.get_or_load("outer", async move || {
        let inner = cache
            .get_or_load("inner", inner)
            .await
            .map_err(|_| Broken)?;
        Ok::<u64, Broken>(*inner + 1)
    });
    assert_eq!(*outer.await.expect("both load"), 3);
}

#[tokio::test]
async fn a_value_of_another_type_under_one_key_is_loaded_apart() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let number = caller(&bench, &gate, 1);
    gate.started().await;
    let load = async || Ok::<_, Broken>(String::from("text"));
    let text = bench
        .cache
        .get_or_load("k", load)
        .await
        .expect("loads by itself");
    assert_eq!(*text, "text");
    gate.open();
    assert_eq!(value(number).await, 1);
    assert_eq!(bench.events.count("uncached"), 1);
}

#[test]
fn outside_a_runtime_a_load_is_a_clear_error_and_a_hit_works() {
    let bench = Bench::new();
    let refused = futures_util::future::FutureExt::now_or_never(
        std::future::IntoFuture::into_future(bench.cache.get_or_load("k", bench.gives(1))),
    );
    let refused = refused
        .expect("answers at once")
        .expect_err("there is no runtime");
    assert!(refused.is_runtime());
    assert_eq!(
        refused.to_string(),
        "a load needs a tokio runtime: call from within one"
    );
    assert_eq!(bench.loads(), 0);
    assert_eq!(bench.cache.loads_running(), 0);
}

#[test]
fn a_runtime_that_is_shut_down_during_a_load_leaves_nobody_waiting() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let dying = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .expect("a runtime");
    let living = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    dying.block_on(async {
        drop(caller(&bench, &gate, 1));
        gate.started().await;
    });
    living.block_on(async {
        let loads = Arc::new(AtomicUsize::new(0));
        let (cache, counted) = (bench.cache.clone(), loads.clone());
        let follower = tokio::spawn(async move {
            let load = async move || {
                counted.fetch_add(1, Ordering::SeqCst);
                Ok::<u64, Broken>(2)
            };
            cache.get_or_load("k", load).await
        });
        others_wait().await;
        dying.shutdown_background();
        assert_eq!(value(follower).await, 2, "the follower loads by itself");
        assert_eq!(loads.load(Ordering::SeqCst), 1);
    });
}

#[tokio::test]
async fn closing_waits_for_the_loads_and_keeps_nothing_afterwards() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let running = caller(&bench, &gate, 1);
    gate.started().await;
    let cache = bench.cache.clone();
    let closing =
        tokio::spawn(async move { cache.close().await.expect("memory takes every bump") });
    others_wait().await;
    assert!(!closing.is_finished(), "a load is running");
    gate.open();
    closing.await.expect("closes");
    assert_eq!(value(running).await, 1);
    assert_eq!(
        *bench
            .cache
            .get_or_load("later", bench.gives(5))
            .await
            .expect("computes"),
        5
    );
    assert_eq!(
        *bench
            .cache
            .get_or_load("later", bench.gives(6))
            .await
            .expect("computes"),
        6
    );
    assert_eq!(
        bench
            .cache
            .get::<u64>("later")
            .await
            .expect("memory answers"),
        None
    );
}
