//! Functions of their own, in memory.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use larder::{Cache, Key, Policy, Tag, cached};

use crate::common_functions::Tables;
use crate::support::{Bench, seconds};

/// How often functions have run, by what they say when they do.
static RUNS: LazyLock<Mutex<HashMap<&'static str, usize>>> = LazyLock::new(Mutex::default);

fn runs(what: &'static str) -> usize {
    let mut runs = RUNS.lock().expect("nobody panics with it");
    let count = runs.entry(what).or_default();
    *count += 1;
    *count
}

#[tokio::test]
async fn bc22_bc24_kc10_kc11_kc12_kc13_functions_keep_their_promises_in_memory() {
    let here = Cache::memory();
    let there = here.clone();
    Tables { here, there }.keep_their_promises().await;
}

/// What the user has written stays: documentation, attributes, visibility.
#[cached]
#[must_use]
pub(crate) async fn times(cache: &Cache, left: u32, mut right: u64) -> u64 {
    right *= u64::from(left);
    right
}

#[tokio::test]
async fn kc10_a_result_is_found_under_the_functions_name_and_the_list_of_its_arguments() {
    let cache = Cache::memory();
    assert_eq!(times(&cache, 3, 4).await, 12);
    let name = "promises::functions::free::times";
    assert_eq!(times::key(3, 4), Key::new((name, (3, 4))));
    let kept = cache.get::<u64>((name, (3, 4))).await;
    assert_eq!(kept.expect("memory answers").as_deref(), Some(&12));
}

#[cached(name = "the clock of Ulm", group = "clocks", ttl = "1m")]
async fn clock(cache: &Cache) -> usize {
    runs("clock")
}

#[tokio::test]
async fn kc10_a_name_a_group_and_a_time_are_the_users() {
    let bench = Bench::new();
    assert_eq!(clock(&bench.cache).await, 1);
    bench.advance(59);
    assert_eq!(clock(&bench.cache).await, 1);
    bench.advance(1);
    assert_eq!(clock(&bench.cache).await, 2);
    assert_eq!(clock::key().first_text(), Some("the clock of Ulm"));
    assert_eq!(bench.cache.stats()[0].name.as_ref(), "clocks");
}

const SHORT: std::time::Duration = seconds(5);

#[cached(ttl = SHORT, tags(Tag::named("prices"), Tag::named_parts(("price", id))))]
async fn price(cache: &Cache, id: u32) -> usize {
    runs("price")
}

#[tokio::test]
async fn kc10_a_result_depends_on_its_tags() {
    let bench = Bench::new();
    let cache = &bench.cache;
    assert_eq!((price(cache, 1).await, price(cache, 2).await), (1, 2));
    cache
        .invalidate([Tag::named_parts(("price", 1))])
        .await
        .expect("memory answers");
    assert_eq!((price(cache, 1).await, price(cache, 2).await), (3, 2));
    price::prime(cache, 2, 20).await.expect("memory answers");
    cache
        .invalidate([Tag::named("prices")])
        .await
        .expect("memory answers");
    assert_eq!((price(cache, 1).await, price(cache, 2).await), (4, 5));
    bench.advance(5);
    assert_eq!(price(cache, 2).await, 6);
}

#[cached(policy = Policy::new().ttl(seconds(10)).stale_if_error(seconds(60)), skip(fails))]
async fn stale(cache: &Cache, fails: bool) -> Result<u32, Arc<std::num::ParseIntError>> {
    let text = if fails { "" } else { "7" };
    // An error becomes an `Arc` of itself.
    Ok(text.parse::<u32>()?)
}

#[tokio::test]
async fn bc22_an_error_without_clone_reaches_its_callers_in_an_arc_and_stale_results_stand_in() {
    let bench = Bench::new();
    let failed = stale(&bench.cache, true)
        .await
        .expect_err("there is nothing to serve");
    assert_eq!(failed.kind(), &std::num::IntErrorKind::Empty);
    assert_eq!(stale(&bench.cache, false).await.expect("it parses"), 7);
    bench.advance(11);
    assert_eq!(
        stale(&bench.cache, true).await.expect("the old one serves"),
        7
    );
    bench.advance(60);
    stale(&bench.cache, true)
        .await
        .expect_err("it is too old by now");
}

/// Without serde and without `Clone`.
#[derive(Debug, PartialEq)]
struct Page(String);

#[cached(local)]
async fn page(cache: &Cache, number: u32) -> Arc<Page> {
    Arc::new(Page(format!("{number} {}", runs("page"))))
}

#[tokio::test]
async fn bc22_an_arc_is_shared_and_not_copied() {
    let cache = Cache::memory();
    let first = page(&cache, 1).await;
    let second = page(&cache, 1).await;
    assert!(Arc::ptr_eq(&first, &second));
    let kept = page::get(&cache, 1).await.expect("memory answers");
    assert!(Arc::ptr_eq(&first, &kept.expect("it is kept")));
}

/// Two functions of one name, in functions of their own.
async fn inner_of_one(cache: &Cache) -> u32 {
    #[cached]
    async fn inner(cache: &Cache) -> u32 {
        1
    }
    inner(cache).await
}

async fn inner_of_another(cache: &Cache) -> u32 {
    #[cached]
    async fn inner(cache: &Cache) -> u32 {
        2
    }
    inner(cache).await
}

#[tokio::test]
async fn bc20_functions_inside_functions_are_told_apart() {
    let cache = Cache::memory();
    assert_eq!(inner_of_one(&cache).await, 1);
    assert_eq!(inner_of_another(&cache).await, 2);
}

#[cached(wait = "20ms", skip(gate))]
async fn slow(cache: &Cache, gate: &crate::support::Gate) -> Result<u32, larder::Error> {
    gate.pass().await;
    Ok(7)
}

#[tokio::test(start_paused = true)]
async fn kc13_a_caller_waits_as_long_as_it_says_and_the_run_goes_on() {
    let (cache, gate) = (Cache::memory(), crate::support::Gate::new());
    let error = slow(&cache, &gate).await.expect_err("nobody lets it on");
    assert!(error.is_timeout(), "{error}");
    gate.open();
    while cache.loads_running() > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(slow::get(&cache).await.expect("memory answers"), Some(7));
}

#[cached(skip(gate))]
async fn patient(cache: &Cache, gate: &crate::support::Gate) -> u32 {
    gate.pass().await;
    7
}

#[tokio::test(start_paused = true)]
async fn kc13_a_function_that_cannot_say_that_it_took_too_long_is_waited_for() {
    let limits = Policy::new()
        .wait_timeout(seconds(1))
        .hard_load_timeout(seconds(1));
    let (bench, gate) = (Bench::with_policy(limits), crate::support::Gate::new());
    let cache = bench.cache.clone();
    let caller = {
        let gate = gate.clone();
        tokio::spawn(async move { patient(&cache, &gate).await })
    };
    gate.started().await;
    tokio::time::sleep(seconds(100)).await;
    gate.open();
    assert_eq!(caller.await.expect("no panic"), 7);
}

#[cached(cache = None::<Cache>)]
async fn uncached() -> usize {
    runs("uncached")
}

#[cached(ttl = "1h")]
async fn by_default() -> usize {
    runs("by default")
}

#[tokio::test]
async fn kc10_without_a_cache_a_function_runs_and_with_an_installed_one_it_is_cached() {
    assert_eq!((uncached().await, uncached().await), (1, 2));
    let missing = larder::installed().expect_err("none is installed");
    assert!(missing.is_config(), "{missing}");
    assert_eq!((by_default().await, by_default().await), (1, 2));
    larder::install(Cache::memory()).expect("it is the first one");
    assert_eq!((by_default().await, by_default().await), (3, 3));
    let refused = larder::install(Cache::memory()).expect_err("one is installed");
    assert!(refused.is_config(), "{refused}");
    let cache = larder::installed().expect("one is installed");
    assert_eq!(
        by_default::get(&cache).await.expect("memory answers"),
        Some(3)
    );
    assert_eq!(by_default::refresh().await, 4);
}

#[tokio::test]
async fn kc6_a_cache_that_is_off_or_closed_breaks_no_function() {
    #[cached]
    async fn counted(cache: &Cache) -> usize {
        runs("off")
    }
    let cache = Cache::memory();
    assert_eq!((counted(&cache).await, counted(&cache).await), (1, 1));
    cache.set_enabled(false);
    assert_eq!((counted(&cache).await, counted(&cache).await), (2, 3));
    cache.set_enabled(true);
    assert_eq!(counted(&cache).await, 1);
    cache.close().await.expect("memory answers");
    assert_eq!((counted(&cache).await, counted(&cache).await), (4, 5));
}

#[test]
fn kc10_without_a_runtime_a_function_runs_where_it_is_called() {
    #[cached]
    async fn counted(cache: &Cache) -> usize {
        runs("no runtime")
    }
    let bench = Bench::new();
    for expected in 1..3 {
        let answer = futures_util::FutureExt::now_or_never(counted(&bench.cache));
        assert_eq!(answer, Some(expected));
    }
    let told = bench.events.count("uncached");
    assert_eq!(told, 2, "the observers are told");
}

#[cached(policy = Policy::new().ttl(seconds(60)).negative_ttl(seconds(5)), skip(found))]
async fn maybe(cache: &Cache, id: u32, found: bool) -> Result<Option<u32>, String> {
    Ok(found.then_some(id))
}

#[cached(policy = Policy::new().ttl(seconds(60)).negative_ttl(seconds(5)), group = "findings", skip(found))]
async fn finding(cache: &Cache, id: u32, found: bool) -> Option<u32> {
    found.then_some(id)
}

#[tokio::test]
async fn bc24_what_is_primed_is_kept_as_if_the_function_had_said_it() {
    let bench = Bench::new();
    let cache = &bench.cache;
    finding::prime(cache, 1, None)
        .await
        .expect("memory answers");
    finding::prime(cache, 2, Some(2))
        .await
        .expect("memory answers");
    bench.advance(4);
    assert_eq!(finding(cache, 1, true).await, None);
    bench.advance(1);
    assert_eq!(
        finding(cache, 1, true).await,
        Some(1),
        "nothing lives by its own time"
    );
    assert_eq!(finding(cache, 2, false).await, Some(2));
    let stats = cache.stats();
    let group = stats.iter().find(|group| *group.name == *"findings");
    assert_eq!(group.map(|group| group.inserts), Some(3));
    assert_eq!(stats.len(), 1, "{stats:?}");
}

#[tokio::test]
async fn bc22_nothing_lives_by_its_own_time() {
    let bench = Bench::new();
    assert_eq!(maybe(&bench.cache, 1, false).await, Ok(None));
    assert_eq!(maybe(&bench.cache, 2, true).await, Ok(Some(2)));
    bench.advance(4);
    assert_eq!(maybe(&bench.cache, 1, true).await, Ok(None));
    bench.advance(1);
    assert_eq!(maybe(&bench.cache, 1, true).await, Ok(Some(1)));
    assert_eq!(maybe(&bench.cache, 2, false).await, Ok(Some(2)));
}

#[tokio::test]
async fn kc10_functions_of_one_name_within_one_function_are_kept_apart() {
    let cache = &Cache::memory();
    let (plain, same, other) = {
        #[cached]
        async fn inner(cache: &Cache, id: u32) -> u32 {
            id * STEP
        }
        const STEP: u32 = 10;
        let answer = (inner(cache, 1).await, inner(cache, 1).await);
        (inner::key(1), answer.0 == answer.1, answer.0)
    };
    assert!(same);
    // The same words, which mean something else here.
    let second = {
        #[cached]
        async fn inner(cache: &Cache, id: u32) -> u32 {
            id * STEP
        }
        const STEP: u32 = 20;
        assert_eq!(inner(cache, 1).await, 20);
        inner::invalidate_all(cache).await.expect("memory answers");
        inner::key(1)
    };
    assert_eq!(other, 10);
    assert_ne!(plain, second);
    let kept = cache.get::<u32>(plain).await.expect("memory answers");
    assert_eq!(kept.as_deref(), Some(&10));
}
