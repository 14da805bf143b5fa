//! The times and rules of entries.

use std::sync::atomic::Ordering;
use std::time::Duration;

use larder::{Cache, LoadError, Policy, Tag};

use crate::support::{Bench, Broken, Gate, others_wait, seconds};

async fn read(bench: &Bench, value: u64) -> u64 {
    *bench
        .cache
        .get_or_load("k", bench.gives(value))
        .await
        .expect("the load gives a value")
}

#[tokio::test]
async fn an_entry_is_fresh_until_its_ttl_ends() {
    let bench = Bench::with_policy(Policy::new().ttl(seconds(60)));
    assert_eq!(read(&bench, 1).await, 1);
    bench.advance(59);
    assert_eq!(read(&bench, 2).await, 1);
    bench.advance(1);
    assert_eq!(read(&bench, 3).await, 3);
    assert_eq!(bench.loads(), 2);
}

#[tokio::test]
async fn the_ttl_of_a_call_goes_before_the_caches() {
    let bench = Bench::with_policy(Policy::new().ttl(seconds(60)));
    bench
        .cache
        .insert("k", 1u64)
        .ttl(seconds(10))
        .await
        .expect("memory answers");
    bench.advance(10);
    assert_eq!(
        bench.cache.get::<u64>("k").await.expect("memory answers"),
        None
    );
}

#[tokio::test]
async fn a_stale_entry_is_served_while_one_load_runs_behind_it() {
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_while_revalidate(seconds(30));
    let (bench, gate) = (Bench::with_policy(policy), Gate::new());
    assert_eq!(read(&bench, 1).await, 1);
    bench.advance(60);
    for _ in 0..5 {
        let (gate, loads) = (gate.clone(), bench.loads.clone());
        let load = async move || {
            loads.fetch_add(1, Ordering::SeqCst);
            gate.pass().await;
            Ok::<u64, Broken>(2)
        };
        assert_eq!(*bench.cache.get_or_load("k", load).await.expect("stale"), 1);
        others_wait().await;
    }
    assert_eq!(bench.loads(), 2, "one load runs behind five reads");
    gate.open();
    bench.settle().await;
    assert_eq!(read(&bench, 3).await, 2);
    assert_eq!(bench.events.count("stale"), 5);
}

#[tokio::test]
async fn the_stale_window_ends() {
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_while_revalidate(seconds(30));
    let bench = Bench::with_policy(policy);
    assert_eq!(read(&bench, 1).await, 1);
    bench.advance(90);
    assert_eq!(read(&bench, 2).await, 2);
}

#[tokio::test]
async fn what_was_invalidated_is_never_stale() {
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_while_revalidate(seconds(30))
        .stale_if_error(seconds(30));
    let bench = Bench::with_policy(policy);
    bench
        .cache
        .insert("k", 1u64)
        .tags([Tag::named("t")])
        .await
        .expect("memory answers");
    bench.advance(60);
    bench
        .cache
        .invalidate([Tag::named("t")])
        .await
        .expect("memory answers");
    let failed = bench.cache.get_or_load("k", bench.fails()).await;
    assert!(
        failed
            .expect_err("nothing may be served")
            .failed()
            .is_some()
    );
}

#[tokio::test]
async fn an_invalidation_during_a_failing_load_ends_the_stale_entry() {
    let bench = Bench::with_policy(Policy::new().ttl(seconds(60)).stale_if_error(seconds(30)));
    let gate = Gate::new();
    bench
        .cache
        .insert("k", 1u64)
        .tags([Tag::named("t")])
        .await
        .expect("memory answers");
    bench.advance(60);
    let (cache, inner) = (bench.cache.clone(), gate.clone());
    let caller = tokio::spawn(async move {
        let load = async move || {
            inner.pass().await;
            Err::<u64, Broken>(Broken)
        };
        cache.get_or_load("k", load).await
    });
    gate.started().await;
    bench
        .cache
        .invalidate([Tag::named("t")])
        .await
        .expect("memory answers");
    gate.open();
    assert!(
        caller
            .await
            .expect("no panic")
            .expect_err("not the old value")
            .failed()
            .is_some()
    );
}

#[tokio::test]
async fn a_stale_entry_is_served_if_the_load_fails_and_the_load_is_not_repeated_at_once() {
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_if_error(seconds(600))
        .stale_if_error_throttle(seconds(5));
    let bench = Bench::with_policy(policy);
    assert_eq!(read(&bench, 1).await, 1);
    bench.advance(60);
    let fail = async || {
        *bench
            .cache
            .get_or_load("k", bench.fails())
            .await
            .expect("stale")
    };
    assert_eq!(fail().await, 1);
    assert_eq!(fail().await, 1);
    bench.advance(4);
    assert_eq!(fail().await, 1);
    assert_eq!(
        bench.loads(),
        2,
        "the failed load is not repeated for five seconds"
    );
    bench.advance(1);
    assert_eq!(fail().await, 1);
    assert_eq!(bench.loads(), 3);
    bench.advance(5);
    assert_eq!(
        read(&bench, 9).await,
        9,
        "the first load that works ends it"
    );
    bench.advance(660);
    assert!(
        bench.cache.get_or_load("k", bench.fails()).await.is_err(),
        "the window has ended"
    );
}

#[tokio::test]
async fn an_entry_near_its_end_is_loaded_ahead() {
    let bench = Bench::with_policy(Policy::new().ttl(seconds(100)).refresh_ahead(0.8));
    assert_eq!(read(&bench, 1).await, 1);
    bench.advance(79);
    assert_eq!(read(&bench, 2).await, 1);
    bench.settle().await;
    assert_eq!(bench.loads(), 1);
    bench.advance(1);
    assert_eq!(read(&bench, 3).await, 1, "the old one is served");
    bench.settle().await;
    assert_eq!(read(&bench, 4).await, 3, "and the new one is there");
    assert_eq!(bench.events.count("stale"), 0);
    assert_eq!(bench.loads(), 2);
}

#[tokio::test]
async fn nothing_lives_by_a_ttl_of_its_own() {
    let bench = Bench::with_policy(Policy::new().ttl(seconds(60)).negative_ttl(seconds(5)));
    let ask = async |found: Option<u64>| {
        let load = async move || Ok::<Option<u64>, Broken>(found);
        *bench
            .cache
            .get_or_load("k", load)
            .negative_if(Option::is_none)
            .await
            .expect("loads")
    };
    assert_eq!(ask(None).await, None);
    bench.advance(4);
    assert_eq!(ask(Some(1)).await, None, "the absence is remembered");
    bench.advance(1);
    assert_eq!(ask(Some(1)).await, Some(1));
    bench.advance(59);
    assert_eq!(ask(None).await, Some(1), "a presence lives by the ttl");
}

#[tokio::test]
async fn a_negative_ttl_of_zero_remembers_no_absence() {
    let bench = Bench::with_policy(Policy::new().negative_ttl(Duration::ZERO));
    for _ in 0..3 {
        let found = bench
            .cache
            .get_or_load("k", bench.gives(0))
            .negative_if(|n| *n == 0)
            .await;
        assert_eq!(*found.expect("loads"), 0);
    }
    assert_eq!(bench.loads(), 3);
}

#[tokio::test]
async fn jitter_shortens_lives_apart_and_never_lengthens_them() {
    let bench = Bench::with_policy(Policy::new().ttl(seconds(1_000)).jitter(0.5));
    for key in 0..100u64 {
        bench.cache.insert(key, key).await.expect("memory answers");
    }
    let alive = async || {
        let found = bench
            .cache
            .get_many::<u64>(0..100u64)
            .await
            .expect("memory answers");
        found.iter().flatten().count()
    };
    bench.advance(499);
    assert_eq!(alive().await, 100, "none loses more than half");
    bench.advance(251);
    let half = alive().await;
    assert!(
        (15..=85).contains(&half),
        "lives end apart: {half} of 100 are left at three quarters"
    );
    bench.advance(250);
    assert_eq!(alive().await, 0, "none lives longer than the ttl");
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_is_given_up() {
    let bench = Bench::with_policy(Policy::new().hard_load_timeout(seconds(3)));
    let load = async || std::future::pending::<Result<u64, Broken>>().await;
    let failed = bench
        .cache
        .get_or_load("k", load)
        .await
        .expect_err("it never ends");
    assert!(failed.is_timeout(), "{failed}");
    assert_eq!(bench.cache.loads_running(), 0);
    assert_eq!(bench.events.take(), ["miss Absent", "failed timeout"]);
    assert_eq!(read(&bench, 1).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_slow_load_leaves_the_stale_entry_to_its_callers() {
    let policy = Policy::new()
        .ttl(seconds(60))
        .stale_if_error(seconds(600))
        .soft_load_timeout(seconds(1));
    let (bench, gate) = (Bench::with_policy(policy), Gate::new());
    assert_eq!(read(&bench, 1).await, 1);
    bench.advance(60);
    let inner = gate.clone();
    let load = async move || {
        inner.pass().await;
        Ok::<u64, Broken>(2)
    };
    let begun = tokio::time::Instant::now();
    assert_eq!(*bench.cache.get_or_load("k", load).await.expect("stale"), 1);
    assert_eq!(begun.elapsed(), seconds(1));
    gate.open();
    bench.settle().await;
    assert_eq!(read(&bench, 3).await, 2, "the load went on");
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_no_longer_than_it_says_and_the_load_goes_on() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let inner = gate.clone();
    let load = async move || {
        inner.pass().await;
        Ok::<u64, Broken>(7)
    };
    let waited = bench
        .cache
        .get_or_load("k", load)
        .wait_timeout(seconds(2))
        .await;
    assert!(matches!(waited, Err(LoadError::TimedOut)));
    gate.open();
    bench.settle().await;
    assert_eq!(read(&bench, 8).await, 7);
}

#[test]
fn fractions_that_are_none_are_refused() {
    for policy in [Policy::new().jitter(1.5), Policy::new().refresh_ahead(-0.1)] {
        let refused = Cache::builder()
            .policy(policy)
            .build()
            .expect_err("not a fraction");
        assert!(refused.is_config(), "{refused}");
    }
    assert!(
        Cache::builder()
            .namespace("")
            .build()
            .expect_err("empty")
            .is_config()
    );
}

#[tokio::test]
async fn a_calls_own_policy_never_panics_whatever_its_numbers() {
    let bench = Bench::new();
    let longest = std::time::Duration::MAX;
    for policy in [
        Policy::new().refresh_ahead(f64::NAN),
        Policy::new().jitter(f64::NAN),
        Policy::new().jitter(-1e300).ttl(longest),
        Policy::new().refresh_ahead(1.0).ttl(longest),
        Policy::new()
            .ttl(longest)
            .stale_while_revalidate(longest)
            .stale_if_error(longest)
            .wait_timeout(longest)
            .hard_load_timeout(longest),
    ] {
        for round in 0..2 {
            let read = bench.cache.get_or_load("k", bench.gives(1)).policy(policy);
            assert_eq!(*read.await.expect("loads"), 1, "{policy:?}, {round}");
            bench.advance(1);
        }
        bench.cache.remove("k").await.expect("memory answers");
    }
    assert_eq!(bench.loads(), 5, "each was loaded once and then found");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_must_look_again_waits_no_longer_than_it_says() {
    let (bench, gate, endless) = (Bench::new(), Gate::new(), Gate::new());
    // A batch leads the key and knows nothing of it in the end.
    let (cache, inner) = (bench.cache.clone(), gate.clone());
    let batch = tokio::spawn(async move {
        let load = async move |_| {
            inner.pass().await;
            Ok::<_, Broken>(Vec::<(&str, u64)>::new())
        };
        cache.get_or_load_many(["k"], load).await
    });
    gate.started().await;
    let begun = tokio::time::Instant::now();
    let (cache, inner) = (bench.cache.clone(), endless.clone());
    let caller = tokio::spawn(async move {
        let load = async move || {
            inner.pass().await;
            Ok::<u64, Broken>(7)
        };
        cache.get_or_load("k", load).wait_timeout(seconds(2)).await
    });
    others_wait().await;
    tokio::time::advance(seconds(1)).await;
    gate.open();
    assert!(batch.await.expect("no panic").expect("loads").is_empty());
    endless.started().await;
    assert_eq!(begun.elapsed(), seconds(1), "its own load has begun");
    let waited = caller.await.expect("no panic");
    assert!(matches!(waited, Err(LoadError::TimedOut)), "{waited:?}");
    assert_eq!(begun.elapsed(), seconds(2));
}
