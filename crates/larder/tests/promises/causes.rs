//! Why an entry is gone: which statement, in which transaction, bumped which of its tags.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use larder::adapter::Changes;
use larder::{
    CAUSE_STATEMENTS_KEPT, CAUSE_TAGS_KEPT, CAUSES_KEPT, Cache, Clock, Event, MissReason, Moment,
    Observer, SystemClock, Tag,
};

/// What misses are told of, in words.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no test panics while it holds this"))
    }
}

impl Observer for Told {
    fn event(&self, event: &Event<'_>) {
        let words = match event {
            Event::Miss {
                reason: MissReason::Invalidated,
                gone,
                ..
            } => gone.map_or("nobody knows".into(), |gone| {
                let cause = gone.cause().map(|cause| cause.to_string());
                format!("{:?} by {cause:?}", gone.tag().map(Tag::pattern))
            }),
            Event::NotStored { why, .. } => format!("not stored: {why}"),
            _ => return,
        };
        self.0
            .lock()
            .expect("no test panics while it holds this")
            .push(words);
    }
}

fn told() -> (Cache, Arc<Told>) {
    let told = Arc::new(Told::default());
    let cache = Cache::builder().observer(told.clone()).build();
    (cache.expect("the settings are valid"), told)
}

fn statement(text: &str, table: &str) -> Changes {
    let mut changes = Changes::new();
    changes.cause(text);
    changes.table("", table);
    changes
}

async fn keep(cache: &Cache, key: &str, tag: Tag) {
    let insert = cache.insert(key, 1).tags([tag]);
    insert.await.expect("memory answers");
}

#[tokio::test]
async fn a_miss_names_the_statement_and_the_transaction_that_bumped_its_tag() {
    let (cache, told) = told();
    keep(&cache, "track", Tag::table("", "track")).await;
    keep(&cache, "album", Tag::table("", "album")).await;
    let mut changes = Changes::new();
    changes.transaction(7);
    changes.merge(statement("UPDATE album SET title = ?", "album"));
    changes.merge(statement("UPDATE track SET name = ?", "track"));
    changes.merge(statement("UPDATE album SET title = ?", "album"));
    cache.publish(changes).await;

    let gone = cache.why_gone("track").expect("it was invalidated");
    let cause = gone.cause().expect("a moment ago");
    assert_eq!(gone.tag(), Some(&Tag::table("", "track")));
    assert_eq!(cause.transaction(), Some(7));
    assert_eq!(
        cause.statements(),
        ["UPDATE album SET title = ?", "UPDATE track SET name = ?"]
    );
    let track = gone.tag().expect("it is known");
    assert_eq!(cause.statements_of(track), ["UPDATE track SET name = ?"]);
    let words = gone.to_string();
    let expected = "is gone: track was bumped by UPDATE track SET name = ? in \
                    #1 UPDATE album SET title = ? and 1 more (transaction 7): 2 tags";
    assert!(words.ends_with(expected), "{words}");

    assert_eq!(
        cache.get::<i32>("track").await.expect("memory answers"),
        None
    );
    let told = told.take();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("Some(\"track\") by Some(\"#1 UPDATE album"));
    // The read has let the entry go; what was known of it stays.
    let again = cache.why_gone("track").expect("it is remembered");
    assert_eq!(again.cause().map(|cause| cause.number()), Some(1));
    assert_eq!(cache.gone().len(), 1);
}

#[tokio::test]
async fn an_entry_that_is_there_or_never_was_is_not_gone() {
    let (cache, _) = told();
    cache
        .invalidate([Tag::named("a")])
        .await
        .expect("memory answers");
    keep(&cache, "key", Tag::named("a")).await;
    assert!(cache.why_gone("key").is_none(), "it is there");
    assert!(cache.why_gone("other").is_none(), "it never was");
    cache.remove("key").await.expect("memory answers");
    assert!(cache.why_gone("key").is_none(), "nothing was invalidated");
}

#[tokio::test]
async fn a_write_from_before_an_entry_is_not_blamed() {
    let clock = Arc::new(larder::ManualClock::default());
    let cache = Cache::builder().clock(clock.clone()).causes(2).build();
    let cache = cache.expect("the settings are valid");
    let bump = async |name: &str| {
        let bumped = cache.invalidate([Tag::named(name)]).await;
        bumped.expect("memory answers");
        clock.advance(std::time::Duration::from_secs(1));
    };
    bump("a").await;
    keep(&cache, "key", Tag::named("a")).await;
    clock.advance(std::time::Duration::from_secs(1));
    bump("a").await;
    let gone = cache.why_gone("key").expect("it was invalidated");
    assert_eq!(gone.cause().map(|cause| cause.number()), Some(2));
    // Two others push it out of the ring: nobody is blamed in its place.
    bump("b").await;
    bump("b").await;
    let gone = cache.why_gone("key").expect("it was invalidated");
    assert!(gone.cause().is_none(), "{gone}");
    assert_eq!(gone.tag(), Some(&Tag::named("a")));
    let numbers: Vec<u64> = cache.causes().iter().map(|cause| cause.number()).collect();
    assert_eq!(numbers, [4, 3], "the newest first");
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let (cache, _) = told();
    let tags = (0..1_000).map(|n| Tag::named_parts(("row", n)));
    cache.invalidate(tags).await.expect("memory answers");
    let mut changes = Changes::new();
    for n in 0..50 {
        changes.merge(statement(&format!("UPDATE t{n}"), &format!("t{n}")));
    }
    cache.publish(changes).await;
    let causes = cache.causes();
    assert_eq!(causes[1].tags().len(), CAUSE_TAGS_KEPT);
    assert_eq!(causes[1].tags_count(), 1_000);
    assert_eq!(causes[0].statements().len(), CAUSE_STATEMENTS_KEPT);
    assert_eq!(causes[0].statements_count(), 50);
    for n in 0..CAUSES_KEPT + 10 {
        let tag = Tag::named_parts(("other", n));
        cache.invalidate([tag]).await.expect("memory answers");
    }
    assert_eq!(cache.causes().len(), CAUSES_KEPT);
}

#[tokio::test]
async fn a_cache_without_causes_remembers_none_and_tells_all_the_same() {
    let told = Arc::new(Told::default());
    let cache = Cache::builder().causes(0).observer(told.clone()).build();
    let cache = cache.expect("the settings are valid");
    keep(&cache, "key", Tag::named("a")).await;
    cache
        .invalidate([Tag::named("a")])
        .await
        .expect("memory answers");
    assert_eq!(cache.get::<i32>("key").await.expect("memory answers"), None);
    assert!(cache.causes().is_empty() && cache.gone().is_empty());
    assert_eq!(told.take(), ["nobody knows"]);
}

#[tokio::test]
async fn a_value_that_was_loaded_and_not_stored_says_why() {
    let (cache, told) = told();
    let within = cache.clone();
    let load = move || async move {
        within.invalidate([Tag::named("a")]).await?;
        Ok::<_, larder::Error>(1)
    };
    let read = cache.get_or_load("key", load).tags([Tag::named("a")]);
    assert_eq!(*read.await.expect("it loads"), 1);
    let told = told.take();
    assert_eq!(
        told,
        ["not stored: one of its tags was bumped while it was loaded"]
    );
}

/// Counts how often the time is asked.
#[derive(Clone, Default)]
struct Asked(Arc<AtomicUsize>);

impl Clock for Asked {
    fn now(&self) -> Moment {
        self.0.fetch_add(1, Ordering::Relaxed);
        SystemClock.now()
    }
}

/// Hears of everything but hits, and counts what it hears.
#[derive(Clone, Default)]
struct Deaf(Arc<AtomicUsize>);

impl Observer for Deaf {
    fn event(&self, _event: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn hears_hits(&self) -> bool {
        false
    }
}

#[tokio::test]
async fn a_hit_asks_the_time_once_whoever_listens() {
    let (alone, watched) = (Asked::default(), Asked::default());
    let deaf = Deaf::default();
    let without = Cache::builder().clock(alone.clone()).causes(0).build();
    let with = Cache::builder()
        .clock(watched.clone())
        .observer(deaf.clone())
        .build();
    for (cache, clock) in [(without, alone), (with, watched)] {
        let cache = cache.expect("the settings are valid");
        keep(&cache, "key", Tag::named("a")).await;
        let (before, heard) = (
            clock.0.load(Ordering::Relaxed),
            deaf.0.load(Ordering::Relaxed),
        );
        assert!(cache.get::<i32>("key").await.expect("memory").is_some());
        assert_eq!(clock.0.load(Ordering::Relaxed) - before, 1);
        assert_eq!(deaf.0.load(Ordering::Relaxed), heard, "hits are not heard");
        assert_eq!(cache.stats()[0].hits, 1, "and counted all the same");
    }
    assert!(deaf.0.load(Ordering::Relaxed) > 0, "the rest is heard");
}
