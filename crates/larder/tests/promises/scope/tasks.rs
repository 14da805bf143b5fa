//! Which tasks and threads are in which scope, and for how long.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use larder::{Key, Memory, Policy, Scope};

use super::{get, insert, lose, process, read, track};
use crate::shared::Shared;
use crate::support::Bench;

/// Many requests, each of which reads while another process goes on writing: each sees one value
/// all the time, and later requests see later ones.
async fn requests_see_one_value_each(spawns: bool) {
    let store = Shared::default();
    let (bench, other) = (Arc::new(process(&store)), process(&store));
    insert(&other, 0).await;
    let seen = Arc::new(AtomicU64::new(0));
    let mut requests = Vec::new();
    for number in 1..=50 {
        let (bench, seen) = (bench.clone(), seen.clone());
        let request = bench.clone().cache.request_scope(async move {
            let first = read(&bench, u64::MAX).await;
            for _ in 0..20 {
                tokio::task::yield_now().await;
                assert_eq!(read(&bench, u64::MAX).await, first);
            }
            seen.fetch_max(first, Ordering::SeqCst);
            first
        });
        match spawns {
            true => requests.push(tokio::spawn(request)),
            false => assert!(request.await < u64::MAX),
        }
        tokio::task::yield_now().await;
        insert(&other, number).await;
    }
    for request in requests {
        request.await.expect("no panic");
    }
    assert!(seen.load(Ordering::SeqCst) > 0, "all saw the same");
    assert_eq!(read(&bench, u64::MAX).await, 50);
}

#[tokio::test(flavor = "current_thread")]
async fn kc30_two_requests_never_mix_on_one_thread() {
    requests_see_one_value_each(true).await;
    requests_see_one_value_each(false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn kc30_two_requests_never_mix_on_many_threads() {
    requests_see_one_value_each(true).await;
}

#[test]
fn kc30_two_requests_never_mix_on_an_executor_that_is_not_tokios() {
    let memory = Memory::new();
    let of_memory = || Bench::with(memory.clone(), Policy::new());
    let (bench, other) = (of_memory(), of_memory());
    let request = || {
        Box::pin(bench.cache.request_scope(async {
            let first = get(&bench, "k").await;
            tokio::task::yield_now().await;
            assert_eq!(get(&bench, "k").await, first);
            first
        }))
    };
    let write = |value: u64| other.cache.insert("k", value).wait().expect("stored");
    let (mut left, mut right) = (request(), request());
    let mut context = Context::from_waker(Waker::noop());
    // One step of each in turn, by hand.
    write(1);
    assert!(left.as_mut().poll(&mut context).is_pending());
    assert!(Scope::current().is_none());
    write(2);
    assert!(right.as_mut().poll(&mut context).is_pending());
    assert_eq!(left.as_mut().poll(&mut context), Poll::Ready(Some(1)));
    assert_eq!(right.as_mut().poll(&mut context), Poll::Ready(Some(2)));
}

#[tokio::test]
async fn kc30_a_task_is_in_the_scope_that_it_is_given_and_in_no_other() {
    let store = Shared::default();
    let bench = Arc::new(process(&store));
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        store.trips();
        let task = |bench: &Arc<Bench>| {
            let bench = bench.clone();
            async move { read(&bench, 9).await }
        };
        let scope = Scope::current().expect("this is within one");
        assert_eq!(
            tokio::spawn(scope.enter(task(&bench)))
                .await
                .expect("no panic"),
            1
        );
        assert_eq!(store.trips(), [""; 0]);
        assert_eq!(tokio::spawn(task(&bench)).await.expect("no panic"), 1);
        assert_eq!(store.trips(), ["get"]);
    });
    request.await;
}

#[tokio::test]
async fn kc30_what_a_task_reads_is_the_requests() {
    let store = Shared::default();
    let bench = Arc::new(process(&store));
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        let scope = Scope::current().expect("this is within one");
        let task = scope.enter({
            let bench = bench.clone();
            async move { read(&bench, 9).await }
        });
        assert_eq!(tokio::spawn(task).await.expect("no panic"), 1);
        store.trips();
        assert_eq!(read(&bench, 9).await, 1);
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
}

#[test]
fn a_thread_without_a_runtime_can_be_in_a_scope() {
    let bench = Bench::new();
    let cache = bench.cache.blocking();
    cache.insert("k", 1u64).wait().expect("it is stored");
    cache.wait(bench.cache.request_scope(async {
        let scope = Scope::current().expect("this is within one");
        let read = || {
            let read = cache.get::<u64>("k").wait().expect("no store failed");
            read.map(|value| *value)
        };
        let inside = std::thread::scope(|threads| {
            let reading = threads.spawn(|| scope.run(read));
            reading.join().expect("no panic")
        });
        assert_eq!(inside, Some(1));
        lose(&bench, &[Key::new("k")]);
        assert_eq!(scope.run(read), Some(1));
        assert_eq!(
            std::thread::scope(|threads| { threads.spawn(read).join().expect("no panic") }),
            None
        );
    }));
}

#[tokio::test]
async fn kc30_nothing_outlives_the_request() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        Scope::current().expect("this is within one")
    });
    let scope = request.await;
    store.trips();
    let late = scope.enter(async {
        assert_eq!(read(&bench, 9).await, 1);
        assert_eq!(read(&bench, 9).await, 1);
    });
    late.await;
    assert_eq!(store.trips(), ["get", "get"]);
    assert_eq!(read(&bench, 9).await, 1);
    assert_eq!(store.trips(), ["get"]);
}

#[tokio::test]
async fn kc30_a_request_that_is_dropped_or_panics_keeps_nothing() {
    let bench = Bench::new();
    insert(&bench, 1).await;
    let value = bench.cache.get::<u64>("k").await.expect("no store failed");
    let value = value.expect("it is there");
    let handles = Arc::strong_count(&value);
    {
        let request = pin!(bench.cache.request_scope(async {
            read(&bench, 9).await;
            bench.cache.remove("k").await.expect("it is removed");
            std::future::pending::<()>().await;
        }));
        let begun = request.poll(&mut Context::from_waker(Waker::noop()));
        assert!(begun.is_pending());
    }
    assert!(Arc::strong_count(&value) < handles);
    let cache = bench.cache.clone();
    let panicking = bench.cache.request_scope(async move {
        cache.insert("l", 1u64).await.expect("it is stored");
        cache.get::<u64>("l").await.expect("no store failed");
        panic!("as requests do");
    });
    assert!(tokio::spawn(panicking).await.is_err());
    // Nobody watches any more: writers note nothing.
    let scope = bench.cache.request_scope(async { Scope::current() }).await;
    assert!(format!("{:?}", scope.expect("it was one")).contains("ended: true"));
}

#[tokio::test]
async fn a_scope_within_a_scope_begins_empty() {
    let store = Shared::default();
    let (bench, other) = (process(&store), process(&store));
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        insert(&other, 2).await;
        let inner = bench.cache.request_scope(async {
            assert_eq!(read(&bench, 9).await, 2);
        });
        inner.await;
        assert_eq!(read(&bench, 9).await, 1);
        let inner = bench.cache.request_scope(async {
            bench.cache.invalidate([track()]).await.expect("bumped");
        });
        inner.await;
        assert_eq!(read(&bench, 3).await, 3);
    });
    request.await;
}

#[tokio::test]
async fn scopes_of_different_caches_do_not_meet() {
    let (left_store, right_store) = (Shared::default(), Shared::default());
    let (left, right) = (process(&left_store), process(&right_store));
    insert(&left, 1).await;
    insert(&right, 2).await;
    let both = left.cache.request_scope(right.cache.request_scope(async {
        for _ in 0..2 {
            assert_eq!(read(&left, 9).await, 1);
            assert_eq!(read(&right, 9).await, 2);
        }
        left_store.trips();
        right_store.trips();
        assert_eq!(read(&left, 9).await, 1);
        right.cache.remove("k").await.expect("it is removed");
        assert_eq!(read(&left, 9).await, 1);
        assert_eq!(left_store.trips(), [""; 0]);
        assert_eq!(read(&right, 3).await, 3);
    }));
    both.await;
}
