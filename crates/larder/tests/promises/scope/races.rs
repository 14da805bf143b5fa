//! Reads beside reads, and reads beside writes.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};

use futures_util::FutureExt;
use larder::{Scope, Tag};

use super::{get, insert, process, read, track};
use crate::shared::Shared;
use crate::support::{Bench, Broken, Gate};

/// All of these at the same time: `join_all` begins many of them one after the other.
async fn together<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        match outputs.iter().all(Option::is_some) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[tokio::test]
async fn kc30_a_dogpile_in_one_request_costs_one_look() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        store.trips();
        let reads = (0..100).map(|_| read(&bench, 9));
        let values = together(reads).await;
        assert_eq!(values, [1; 100]);
        assert_eq!(store.trips(), ["get"]);
        // Also of what is not there.
        let looks = (0..100).map(|_| get(&bench, "absent"));
        let values = together(looks).await;
        assert_eq!(values, [None; 100]);
        assert_eq!(store.trips(), ["get"]);
    });
    request.await;
}

#[tokio::test]
async fn kc30_a_dogpile_of_loads_in_one_request_costs_what_one_costs() {
    let (store, other) = (Shared::default(), Shared::default());
    let (bench, alone) = (process(&store), process(&other));
    let request = bench.cache.request_scope(async {
        let reads = (0..100).map(|_| read(&bench, 1));
        let values = together(reads).await;
        assert_eq!(values, [1; 100]);
    });
    request.await;
    assert_eq!(bench.loads(), 1);
    assert_eq!(read(&alone, 1).await, 1);
    assert_eq!(store.trips(), other.trips());
}

/// Tasks that come while a look is on its way, as it ends, and after: threads meet elsewhere each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kc30_a_dogpile_of_tasks_in_one_request_costs_one_look() {
    let store = Shared::default();
    let bench = Arc::new(process(&store));
    insert(&bench, 1).await;
    for _ in 0..100 {
        let (inner, tasks) = (bench.clone(), store.clone());
        let request = bench.cache.request_scope(async move {
            tasks.trips();
            let values = in_tasks(100, || {
                let bench = inner.clone();
                async move { Some(read(&bench, 9).await) }
            });
            assert_eq!(values.await, [Some(1); 100]);
            assert_eq!(tasks.trips(), ["get"]);
            // Also of what is not there.
            let values = in_tasks(100, || {
                let bench = inner.clone();
                async move { get(&bench, "absent").await }
            });
            assert_eq!(values.await, [None; 100]);
            assert_eq!(tasks.trips(), ["get"]);
        });
        request.await;
    }
}

/// A store that panics ends those who wait for its answer, and nothing else: the next reader asks it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_panics_ends_only_those_who_wait_for_it() {
    let store = Shared::default();
    let bench = Arc::new(process(&store));
    insert(&bench, 1).await;
    let inner = bench.clone();
    let request = bench.cache.request_scope(async move {
        let scope = Scope::current().expect("this is within one");
        for count in [1, 10] {
            store.delays(|| -> usize { panic!("the store's own") });
            let tasks: Vec<_> = (0..count)
                .map(|_| {
                    let bench = inner.clone();
                    tokio::spawn(scope.enter(async move { read(&bench, 9).await }))
                })
                .collect();
            for task in tasks {
                let ended = task.await.expect_err("it waits for the store");
                assert!(ended.is_panic());
            }
        }
        store.delays(|| 1);
        store.trips();
        assert_eq!(read(&inner, 9).await, 1);
        assert_eq!(store.trips(), ["get"]);
    });
    request.await;
}

/// So many tasks of the scope at once.
async fn in_tasks<F>(count: usize, future: impl Fn() -> F) -> Vec<Option<u64>>
where
    F: Future<Output = Option<u64>> + Send + 'static,
{
    let scope = Scope::current().expect("this is within one");
    let tasks: Vec<_> = (0..count)
        .map(|_| tokio::spawn(scope.enter(future())))
        .collect();
    let mut outputs = Vec::with_capacity(count);
    for task in tasks {
        outputs.push(task.await.expect("no panic"));
    }
    outputs
}

#[tokio::test]
async fn errors_are_never_kept_and_a_dogpile_shares_one() {
    let bench = Bench::new();
    let request = bench.cache.request_scope(async {
        let reads = (0..100).map(|_| {
            let read = bench.cache.get_or_load("k", bench.fails());
            async { read.await.expect_err("it fails") }
        });
        together(reads).await;
        assert_eq!(bench.loads(), 1);
        assert_eq!(read(&bench, 2).await, 2);
    });
    request.await;
}

#[tokio::test]
async fn a_first_caller_that_goes_away_leaves_its_look_to_the_others() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        store.trips();
        let mut first = Box::pin(get(&bench, "k"));
        let mut second = Box::pin(get(&bench, "k"));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        assert!(second.as_mut().poll(&mut context).is_pending());
        drop(first);
        assert_eq!(second.await, Some(1));
        assert_eq!(store.trips(), ["get"]);
        // And one that was alone leaves nothing to wait for.
        let mut alone = Box::pin(get(&bench, "l"));
        assert!(alone.as_mut().poll(&mut context).is_pending());
        drop(alone);
        store.trips();
        assert_eq!(get(&bench, "l").await, None);
        assert_eq!(store.trips(), ["get"]);
    });
    request.await;
}

#[tokio::test]
async fn h1_a_look_that_was_answered_before_a_write_is_not_kept_after_it() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        let mut first = Box::pin(read(&bench, 9));
        let mut context = Context::from_waker(Waker::noop());
        // The second step is the store's answer; it has not arrived yet.
        for _ in 0..2 {
            assert!(first.as_mut().poll(&mut context).is_pending());
        }
        let bumped = bench.cache.invalidate([track()]).await;
        bumped.expect("it is bumped");
        // Whoever comes now does not share what was answered before.
        let (second, first) = tokio::join!(read(&bench, 2), first);
        assert_eq!(first, 1, "it began before the invalidation");
        assert_eq!(second, 2);
        assert_eq!(read(&bench, 3).await, 2);
    });
    request.await;
}

#[tokio::test]
async fn h1_a_miss_that_was_answered_before_a_write_is_not_shared_after_it() {
    let store = Shared::default();
    let bench = process(&store);
    let request = bench.cache.request_scope(async {
        let mut first = Box::pin(get(&bench, "k"));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert!(first.as_mut().poll(&mut context).is_pending());
        }
        insert(&bench, 2).await;
        let (second, first) = tokio::join!(get(&bench, "k"), first);
        assert_eq!(first, None, "it began before the insertion");
        assert_eq!(second, Some(2));
    });
    request.await;
}

#[tokio::test]
async fn h1_a_load_that_began_before_a_write_is_not_kept_after_it() {
    let store = Shared::default();
    for bench in [&process(&store), &Bench::new()] {
        let gate = Gate::new();
        let slow = |value| {
            let (gate, loads) = (gate.clone(), bench.loads.clone());
            let load = async move || {
                loads.fetch_add(1, Ordering::SeqCst);
                gate.pass().await;
                Ok::<u64, Broken>(value)
            };
            let read = bench.cache.get_or_load("k", load).tags([track()]);
            async { *read.await.expect("the load gives a value") }
        };
        let request = bench.cache.request_scope(async {
            let writer = async {
                gate.started().await;
                let bumped = bench.cache.invalidate([track()]).await;
                bumped.expect("it is bumped");
                gate.open();
            };
            let (first, ()) = tokio::join!(slow(1), writer);
            assert_eq!(first, 1, "it began before the invalidation");
            assert_eq!(read(bench, 2).await, 2);
        });
        request.await;
        // The same with a removal, which carries no tag.
        bench.cache.clear().await.expect("it is cleared");
        let request = bench.cache.request_scope(async {
            let writer = async {
                gate.started().await;
                bench.cache.remove("k").await.expect("it is removed");
                gate.open();
            };
            let (first, ()) = tokio::join!(slow(1), writer);
            assert_eq!(first, 1, "it began before the removal");
            assert_eq!(read(bench, 2).await, 2);
        });
        request.await;
    }
}

#[tokio::test]
async fn strict_reads_are_never_taken_from_a_scope() {
    let store = Shared::default();
    let bench = process(&store);
    let strict = async |value| {
        let read = bench.cache.get_or_load("s", bench.gives(value));
        let read = read.tags([Tag::guard(&track()), track()]);
        *read.await.expect("the load gives a value")
    };
    let request = bench.cache.request_scope(async {
        assert_eq!(strict(1).await, 1);
        for _ in 0..2 {
            store.trips();
            assert_eq!(strict(2).await, 1);
            assert_eq!(store.trips(), ["get"]);
        }
        // Nor does one share a look that began before it.
        let mut first = Box::pin(strict(2));
        let mut context = Context::from_waker(Waker::noop());
        assert!(first.as_mut().poll(&mut context).is_pending());
        let (first, second) = tokio::join!(first, strict(2));
        assert_eq!((first, second), (1, 1));
        assert_eq!(store.trips(), ["get", "get"]);
    });
    request.await;
}

#[test]
fn a_look_that_is_given_up_is_dropped_without_the_scopes_lock() {
    // On a thread of its own: what waits for a lock that it holds never ends.
    let (ends, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let store = Shared::default();
        let bench = process(&store);
        let request = bench.cache.request_scope(async {
            let scope = Scope::current().expect("this is within one");
            store.hangs();
            store.is_given_up(move || {
                // What the store does when it is dropped is its own affair: here it asks the scope.
                let _ = ends.send(format!("{scope:?}"));
            });
            let mut given_up = std::pin::pin!(Some(get(&bench, "k")));
            let polled = std::future::poll_fn(|context| {
                // Until it hangs.
                for _ in 0..3 {
                    let look = given_up.as_mut().as_pin_mut().expect("not given up yet");
                    assert!(look.poll(context).is_pending());
                }
                Poll::Ready(())
            });
            polled.await;
            given_up.set(None);
        });
        request.now_or_never().expect("nothing is waited for");
    });
    let told = ended.recv_timeout(std::time::Duration::from_secs(20));
    assert!(
        told.expect("the scope is not locked")
            .contains("ended: false")
    );
}
