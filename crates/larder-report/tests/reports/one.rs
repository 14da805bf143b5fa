//! One process.

use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, ManualClock, Tag};
use larder_report::{Act, ActOutcome, Reporter, Reporting};

fn reporting(clock: &Arc<ManualClock>) -> (Cache, Reporting) {
    clock.advance(Duration::from_secs(1_000_000));
    let reporter = Reporter::with("one", Duration::from_millis(5), clock.clone());
    let cache = Cache::builder()
        .observer(reporter.clone())
        .clock(clock.clone())
        .build()
        .unwrap();
    let reporting = reporter.start(&cache);
    (cache, reporting)
}

#[tokio::test]
async fn hits_are_counted_in_the_slice_in_which_they_were_seen() {
    let clock = Arc::new(ManualClock::default());
    let (cache, reporting) = reporting(&clock);
    cache.insert(("price", 1), 10).await.unwrap();
    for _ in 0..5 {
        cache.get::<i32>(("price", 1)).await.unwrap();
    }
    reporting.publish().await.unwrap();
    clock.advance(Duration::from_secs(10));
    cache.get::<i32>(("price", 2)).await.unwrap();
    let fleet = reporting.fleet().await;

    let timeline = fleet.timeline();
    assert_eq!(timeline.len(), 2);
    assert_eq!((timeline[0].1.hits, timeline[1].1.misses), (5, 1));
    // What the reporter itself reads and writes is nobody's traffic.
    let groups = fleet.groups();
    assert_eq!(groups.len(), 1, "{groups:?}");
    assert_eq!((groups[0].0, groups[0].1.inserts), ("price", 1));
}

#[tokio::test]
async fn what_lies_more_than_ten_minutes_back_is_told_no_more() {
    let clock = Arc::new(ManualClock::default());
    let (cache, reporting) = reporting(&clock);
    cache.get::<i32>("a").await.unwrap();
    assert_eq!(reporting.fleet().await.total().misses, 1);
    clock.advance(Duration::from_secs(605));
    assert_eq!(reporting.fleet().await.total().misses, 0);
}

#[tokio::test]
async fn a_key_that_was_dropped_is_traced_to_the_last_cause_that_bumped_one_of_its_tags() {
    let clock = Arc::new(ManualClock::default());
    let (cache, reporting) = reporting(&clock);
    let load = async || Ok::<_, std::io::Error>(1);
    let (prices, other) = (Tag::named("prices"), Tag::named("other"));
    let get = || cache.get_or_load("a", load).tags([prices.clone()]);
    get().await.unwrap();
    cache.invalidate([prices.clone()]).await.unwrap();
    clock.advance(Duration::from_millis(10));
    cache.invalidate([other]).await.unwrap();
    clock.advance(Duration::from_millis(10));
    get().await.unwrap();
    clock.advance(Duration::from_millis(10));
    // Later than the miss: it cannot have been this one.
    cache.invalidate([prices.clone()]).await.unwrap();
    reporting.publish().await.unwrap();

    let fleet = reporting.fleet().await;
    let causes = fleet.causes();
    let dropped: Vec<(&str, usize)> = causes
        .iter()
        .map(|told| (told.cause.tags[0].text.as_str(), told.dropped.len()))
        .collect();
    assert_eq!(dropped, [("prices", 0), ("other", 0), ("prices", 1)]);
}

#[tokio::test]
async fn slow_loads_spared_loads_and_acts_are_told() {
    let clock = Arc::new(ManualClock::default());
    let (cache, reporting) = reporting(&clock);
    let gets = (0..4).map(|_| {
        let (cache, clock) = (cache.clone(), clock.clone());
        let load = async move || {
            // The others come while it runs.
            tokio::task::yield_now().await;
            clock.advance(Duration::from_millis(20));
            Ok::<_, std::io::Error>(1)
        };
        tokio::spawn(async move { *cache.get_or_load("slow", load).await.unwrap() })
    });
    for get in gets.collect::<Vec<_>>() {
        get.await.unwrap();
    }
    reporting.note(Act::new(
        "ada",
        "clear",
        ActOutcome::Refused("no".to_owned()),
    ));

    let fleet = reporting.fleet().await;
    assert_eq!(fleet.total().loads, 1);
    assert_eq!(fleet.total().joins, 3);
    assert_eq!(fleet.latencies().len(), 1);
    assert_eq!(fleet.latencies_by_group()["slow"].len(), 1);
    assert_eq!(fleet.slow()[0].1.key.readable, "('slow')");
    assert_eq!(fleet.acts()[0].1.who, "ada");
}

#[tokio::test]
async fn a_report_that_ends_is_gone() {
    let clock = Arc::new(ManualClock::default());
    let (cache, reporting) = reporting(&clock);
    reporting.publish().await.unwrap();
    assert_eq!(cache.keys("larder report").await.unwrap().keys.len(), 1);
    reporting.end().await.unwrap();
    assert_eq!(cache.keys("larder report").await.unwrap().keys.len(), 0);
}
