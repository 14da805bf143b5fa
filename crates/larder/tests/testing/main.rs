//! What applications' tests are promised: what happened is told, what is to fail fails.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use larder::testing::{Kind, Operation, TestCache};
use larder::{MissReason, Tag};

/// What an assertion says when it fails.
#[track_caller]
fn complaint(assert: impl FnOnce()) -> String {
    let failed = catch_unwind(AssertUnwindSafe(assert)).expect_err("it fails");
    let message = failed.downcast_ref::<String>();
    message.expect("it says why").clone()
}

async fn price(cache: &TestCache) -> i32 {
    let load = async || Ok::<_, std::io::Error>(99);
    let read = cache
        .get_or_load(("price", 7), load)
        .tags([Tag::named("prices")]);
    *read.await.expect("it loads")
}

#[tokio::test]
async fn what_happened_is_told_in_order_and_in_words() {
    let cache = TestCache::new();
    price(&cache).await;
    price(&cache).await;
    cache
        .invalidate([Tag::named("prices")])
        .await
        .expect("memory answers");
    price(&cache).await;
    cache.assert_hits(1);
    cache.assert_misses(2);
    cache.assert_loads(2);
    cache.assert_invalidated_by("invalid…");
    cache.recorder().assert_nothing_failed();
    let reasons: Vec<_> = cache.recorder().all();
    let reasons: Vec<_> = reasons.iter().filter_map(|one| one.reason).collect();
    assert_eq!(reasons, [MissReason::Absent, MissReason::Invalidated]);
    let said = complaint(|| cache.assert_hits(2));
    assert!(
        said.starts_with("1 hits, not 2; what has happened:\n"),
        "{said}"
    );
    for line in [
        "  1. miss ('price', 7): Absent",
        "hit ('price', 7)",
        "invalidated prices by #1 invalidate: 1 tags",
        "is gone: prices was bumped by #1 invalidate",
    ] {
        assert!(said.contains(line), "{line} in\n{said}");
    }
    let said = complaint(|| cache.assert_invalidated_by("UPDATE track"));
    assert!(said.starts_with("nothing was invalidated by \"UPDATE track\""));
    cache.forget();
    let said = complaint(|| cache.assert_loads(1));
    assert!(said.ends_with("(nothing)"), "{said}");
    cache.assert_nothing_invalidated();
}

#[tokio::test]
async fn time_goes_on_when_it_is_told_to() {
    let cache = TestCache::new();
    price(&cache).await;
    cache.clock().advance(Duration::from_secs(3_600));
    price(&cache).await;
    cache.assert_loads(2);
    let last = cache.recorder().all();
    assert!(
        last.iter()
            .any(|one| one.reason == Some(MissReason::Expired))
    );
}

#[tokio::test]
async fn a_store_that_fails_is_past_by_and_says_so() {
    let cache = TestCache::new();
    cache.faults().fail_all();
    assert_eq!(price(&cache).await, 99);
    assert_eq!(price(&cache).await, 99);
    cache.assert_loads(2);
    assert!(cache.recorder().count(Kind::Failure) >= 2);
    cache.faults().heal();
    price(&cache).await;
    price(&cache).await;
    cache.assert_hits(1);
    // Whoever leads a load looks again before it.
    cache.faults().fail_times(Operation::Get, 1);
    price(&cache).await;
    cache.assert_loads(3);
    cache.assert_hits(2);
    cache.faults().fail_times(Operation::Get, 2);
    price(&cache).await;
    cache.assert_loads(4);
}

#[tokio::test(start_paused = true)]
async fn a_bump_that_fails_is_a_cause_that_is_delayed() {
    let cache = TestCache::new();
    price(&cache).await;
    cache.faults().fail_times(Operation::Bump, 1);
    assert!(cache.invalidate([Tag::named("prices")]).await.is_err());
    let cause = cache.causes().remove(0);
    assert!(cause.delayed());
    price(&cache).await;
    let gone = cache.why_gone(("price", 7)).expect("it is not served");
    assert_eq!(
        gone.cause().map(|cause| cause.number()),
        Some(cause.number())
    );
    cache.assert_loads(2);
    tokio::time::sleep(Duration::from_secs(5)).await;
    price(&cache).await;
    price(&cache).await;
    cache.assert_loads(3);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_is_waited_for() {
    let cache = TestCache::new();
    price(&cache).await;
    cache.faults().delay(Operation::Get, Duration::from_secs(3));
    let begun = tokio::time::Instant::now();
    price(&cache).await;
    assert!(begun.elapsed() >= Duration::from_secs(3));
    cache.assert_hits(1);
}
