//! Every write of the process is seen at once; those of others when the scope has ended.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use larder::adapter::Changes;
use larder::{Cache, Tag};
use tokio::sync::Notify;

use super::{insert, process, read, track};
use crate::shared::{Shared, change_of};
use crate::support::{Bench, Broken, seconds};

/// Reads 1 within a scope, lets `write` run, and reads again: what a load would give then is 2.
#[track_caller]
fn check<'a, F: Future<Output = ()> + 'a>(
    bench: &'a Bench,
    write: impl FnOnce(Cache) -> F + 'a,
    expected: u64,
) -> impl Future<Output = ()> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        insert(bench, 1).await;
        let request = bench.cache.request_scope(async {
            assert_eq!(read(bench, 9).await, 1, "{caller}");
            write(bench.cache.clone()).await;
            assert_eq!(read(bench, 2).await, expected, "{caller}");
            assert_eq!(read(bench, 9).await, expected, "{caller}");
        });
        request.await;
        bench.cache.remove("k").await.expect("the store is back");
    }
}

#[tokio::test(start_paused = true)]
async fn kc30_a_request_sees_its_own_writes_at_once() {
    let store = Shared::default();
    let far = process(&store);
    let near = Bench::new();
    for bench in [&far, &near] {
        check(
            bench,
            async |cache| cache.insert("k", 3u64).await.expect("stored"),
            3,
        )
        .await;
        let many = async |cache: Cache| cache.insert_many([("k", 3u64)]).await.expect("stored");
        check(bench, many, 3).await;
        check(
            bench,
            async |cache| cache.remove("k").await.expect("removed"),
            2,
        )
        .await;
        let many = async |cache: Cache| cache.remove_many(["k"]).await.expect("removed");
        check(bench, many, 2).await;
        let bump = async |cache: Cache| cache.invalidate([track()]).await.expect("bumped");
        check(bench, bump, 2).await;
        check(
            bench,
            async |cache| cache.clear().await.expect("cleared"),
            2,
        )
        .await;
        let publish = async |cache: Cache| drop(cache.publish(change_of("track")).await);
        check(bench, publish, 2).await;
        check(
            bench,
            async |cache| cache.remove_tree("k").await.expect("removed"),
            2,
        )
        .await;
        // What concerns others leaves it alone.
        let others = async |cache: Cache| {
            cache.remove("l").await.expect("removed");
            cache.insert("m", 3u64).await.expect("stored");
            cache
                .invalidate([Tag::named("other")])
                .await
                .expect("bumped");
            cache.publish(change_of("genre")).await;
        };
        check(bench, others, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn kc30_a_write_on_a_task_of_its_own_is_seen_at_once() {
    let store = Shared::default();
    for bench in [&process(&store), &Bench::new()] {
        let publish = async |cache: Cache| {
            let writing = tokio::spawn(async move { cache.publish(change_of("track")).await });
            writing.await.expect("no panic");
        };
        check(bench, publish, 2).await;
        let insert = async |cache: Cache| {
            let writing = tokio::spawn(async move { cache.insert("k", 3u64).await });
            writing.await.expect("no panic").expect("stored");
        };
        check(bench, insert, 3).await;
    }
}

#[tokio::test]
async fn kc30_a_write_of_a_thread_is_seen_at_once() {
    let remove = async |cache: Cache| {
        let writing = std::thread::spawn(move || cache.blocking().remove("k"));
        writing.join().expect("no panic").expect("it is removed");
    };
    check(&Bench::new(), remove, 2).await;
}

#[tokio::test]
async fn kc30_a_publication_that_nobody_waits_for_is_seen_when_it_is_done() {
    let bench = Bench::new();
    check(
        &bench,
        async |cache| cache.publish_now(change_of("track")),
        2,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn h36_a_bump_that_fails_ends_what_scopes_keep() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        store.fails(["bump"]);
        let published = bench.cache.publish(change_of("track")).await;
        assert!(published.delayed);
        // As long as the bump waits nothing that carries it is served, or kept.
        assert_eq!(read(&bench, 2).await, 2);
        assert_eq!(read(&bench, 3).await, 3);
        store.is_back();
        tokio::time::sleep(seconds(5)).await;
        assert_eq!(read(&bench, 4).await, 4);
        store.trips();
        assert_eq!(read(&bench, 5).await, 4);
        assert_eq!(store.trips(), [""; 0]);
        store.fails(["bump"]);
        let failed = bench.cache.invalidate([track()]).await;
        assert!(failed.is_err());
        assert_eq!(read(&bench, 6).await, 6);
        store.is_back();
    });
    request.await;
}

#[tokio::test(start_paused = true)]
async fn h36_a_publication_that_is_dropped_ends_what_scopes_keep() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        {
            let publishing = pin!(bench.cache.publish(change_of("track")));
            let begun = publishing.poll(&mut Context::from_waker(Waker::noop()));
            assert!(begun.is_pending());
        }
        assert_eq!(read(&bench, 2).await, 2);
    });
    request.await;
}

#[tokio::test]
async fn kc30_an_invalidation_by_another_request_is_seen() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let (read_once, written) = (Notify::new(), Notify::new());
    let reader = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        read_once.notify_one();
        written.notified().await;
        assert_eq!(read(&bench, 2).await, 2);
    });
    let writer = bench.cache.request_scope(async {
        read_once.notified().await;
        let bumped = bench.cache.invalidate([track()]).await;
        bumped.expect("it is bumped");
        written.notify_one();
    });
    tokio::join!(reader, writer);
}

#[tokio::test]
async fn kc30_a_write_of_another_process_is_seen_when_the_scope_has_ended() {
    let store = Shared::default();
    let (bench, other) = (process(&store), process(&store));
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        insert(&other, 2).await;
        assert_eq!(read(&bench, 9).await, 1);
        // What it has not read yet is as it is.
        let fresh = bench.cache.request_scope(async { read(&bench, 9).await });
        assert_eq!(fresh.await, 2);
    });
    request.await;
    assert_eq!(read(&bench, 9).await, 2);
}

#[tokio::test]
async fn a_mark_ends_what_scopes_keep() {
    let bench = Bench::new();
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        let tags = [track()];
        let mark = bench.cache.mark(&tags, &[]).await.expect("memory marks");
        assert_eq!(read(&bench, 2).await, 2);
        assert_eq!(read(&bench, 3).await, 3);
        drop(mark);
    });
    request.await;
}

#[tokio::test]
async fn writes_of_nothing_note_nothing() {
    let bench = Bench::new();
    check(
        &bench,
        async |cache| drop(cache.publish(Changes::new()).await),
        1,
    )
    .await;
}

#[tokio::test]
async fn more_changes_than_the_journal_holds_cost_a_look_and_no_wrong_value() {
    let store = Shared::default();
    let bench = process(&store);
    insert(&bench, 1).await;
    let request = bench.cache.request_scope(async {
        assert_eq!(read(&bench, 9).await, 1);
        let tags = (0..10_000u64).map(|number| Tag::named_parts(("t", number)));
        bench.cache.invalidate(tags).await.expect("they are bumped");
        store.trips();
        assert_eq!(read(&bench, 9).await, 1);
        assert_eq!(store.trips(), ["get"]);
        assert_eq!(read(&bench, 9).await, 1);
        assert_eq!(store.trips(), [""; 0]);
    });
    request.await;
}

#[tokio::test]
async fn kc4_kc30_a_tree_that_is_removed_ends_what_a_request_has_read_below_it() {
    let store = Shared::default();
    for bench in [&process(&store), &Bench::new()] {
        let below = async |value: u64| {
            let load = async move || Ok::<u64, Broken>(value);
            let read = bench.cache.get_or_load(("product", 1, "reviews"), load);
            *read.await.expect("it loads")
        };
        let beside = async |value: u64| {
            let load = async move || Ok::<u64, Broken>(value);
            let read = bench.cache.get_or_load(("product", 12), load);
            *read.await.expect("it loads")
        };
        let request = bench.cache.request_scope(async {
            assert_eq!((below(1).await, beside(1).await), (1, 1));
            let removed = bench.cache.remove_tree(("product", 1)).await;
            removed.expect("it is removed");
            assert_eq!((below(2).await, beside(2).await), (2, 1));
        });
        request.await;
    }
}
