//! One process.

use std::sync::Arc;
use std::time::Duration;

use larder::testing::{Faults, Faulty, Operation};
use larder::{Cache, ManualClock, Memory, Tag};
use larder_report::{Act, ActOutcome, GROUP, PROCESSES_SHOWN_MAX, Reporter, Reporting};

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
    assert!(fleet.acts().is_empty());
    assert_eq!(fleet.refused()[0].1.who, "ada");
}

#[tokio::test]
async fn refusals_hide_nothing_of_what_was_done() {
    let clock = Arc::new(ManualClock::default());
    let (_cache, reporting) = reporting(&clock);
    reporting.note(Act::new("grace", "drop everything", ActOutcome::Done));
    let failed = ActOutcome::Failed("the store did not answer".to_owned());
    reporting.note(Act::new("grace", "delete", failed));
    for n in 0..10_000 {
        let refused = ActOutcome::Refused(format!("for the {n}th time"));
        reporting.note(Act::new("mallory", "POST /clear", refused));
    }
    let fleet = reporting.fleet().await;
    let acts = fleet.acts();
    let acts: Vec<&str> = acts.iter().map(|(_, act)| act.what.as_str()).collect();
    assert_eq!(acts, ["delete", "drop everything"]);
    let refused = fleet.refused();
    assert!(refused.len() <= 32, "{}", refused.len());
    let last = ActOutcome::Refused("for the 9999th time".to_owned());
    assert_eq!(refused[0].1.outcome, last);
}

#[tokio::test]
async fn keys_and_tags_of_megabytes_are_told_cut_or_not_at_all() {
    let clock = Arc::new(ManualClock::default());
    let (cache, reporting) = reporting(&clock);
    let long = "x".repeat(3 << 20);
    let (key, tag) = (larder::Key::new(("long", &*long)), Tag::named(&long));
    let load = || {
        let clock = clock.clone();
        async move || {
            clock.advance(Duration::from_millis(20));
            Ok::<_, std::io::Error>(1)
        }
    };
    let get = || cache.get_or_load(&key, load()).tags([tag.clone()]);
    get().await.unwrap();
    for _ in 0..1_000 {
        get().await.unwrap();
    }
    let both = [tag.clone(), Tag::named("short")];
    cache.invalidate(both).await.unwrap();
    get().await.unwrap();
    let causes = cache.causes();
    assert_eq!(causes[0].tags(), [Tag::named("short")]);
    assert_eq!(causes[0].tags_count(), 2);
    assert!(cache.gone().is_empty());
    // A short key under a long tag: it is known to be gone, and the tag is not kept.
    let short = || cache.get_or_load("short", load()).tags([tag.clone()]);
    short().await.unwrap();
    cache.invalidate([tag.clone()]).await.unwrap();
    short().await.unwrap();
    let gone = cache.gone();
    assert_eq!(
        (gone.len(), gone[0].tag(), gone[0].tags()),
        (1, None, &[][..])
    );

    let fleet = reporting.fleet().await;
    assert!(
        fleet
            .hot()
            .iter()
            .all(|hot| hot.key.readable == "('short')")
    );
    let slow = fleet.slow();
    let told = &slow.last().unwrap().1.key;
    assert!(told.readable.starts_with("('long', 'xxx") && told.readable.ends_with('…'));
    assert_eq!((told.readable.chars().count(), &told.opaque), (201, &None));
    let causes = fleet.causes();
    let cause = causes.last().unwrap().cause;
    assert_eq!((cause.tags.len(), cause.tags_count), (1, 2));
}

#[tokio::test]
async fn ten_looks_in_a_second_ask_the_store_once() {
    let clock = Arc::new(ManualClock::default());
    clock.advance(Duration::from_secs(1_000_000));
    let (faults, second) = (Faults::default(), Duration::from_secs(1));
    let reporter = Reporter::with("one", second, clock.clone());
    let store = Faulty::new(Memory::new(), &faults);
    let cache = Cache::builder().store(store).clock(clock.clone());
    let cache = cache.observer(reporter.clone()).build().unwrap();
    let reporting = reporter.start(&cache);
    reporting.publish().await.unwrap();

    // Those who come together wait for one answer.
    faults.delay(Operation::Get, Duration::from_millis(50));
    let before = asked(&cache);
    let looks = (0..10).map(|_| {
        let reporting = reporting.clone();
        tokio::spawn(async move { reporting.fleet_as_of(second).await })
    });
    for look in looks.collect::<Vec<_>>() {
        assert_eq!(look.await.unwrap().reports().len(), 1);
    }
    assert_eq!(reads(asked(&cache) - before), 1);
    // Who comes within a second takes it, and sees what this process has done meanwhile.
    clock.advance(Duration::from_millis(900));
    reporting.note(Act::new("grace", "delete", ActOutcome::Done));
    assert_eq!(reporting.fleet_as_of(second).await.acts().len(), 1);
    assert_eq!(reads(asked(&cache) - before), 1);
    // One who asks goes away: the next one asks.
    clock.advance(second);
    let gone = tokio::time::timeout(Duration::from_millis(10), reporting.fleet_as_of(second));
    assert!(gone.await.is_err());
    let next = reporting.fleet_as_of(second).await;
    assert_eq!((next.reports().len(), next.unanswered()), (1, None));
    assert!(reads(asked(&cache) - before) > 1);
}

/// How often all reports were read. Looking where one's own report lies is a few look-ups more.
fn reads(asked: u64) -> u64 {
    asked / PROCESSES_SHOWN_MAX as u64
}

/// How many reports were looked up.
fn asked(cache: &Cache) -> u64 {
    let stats = cache.stats();
    let own = stats.iter().find(|stats| &*stats.name == GROUP);
    own.map_or(0, |own| own.hits + own.misses)
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
