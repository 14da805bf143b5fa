//! Looking at entries without reading them.

use larder::{Cache, Key, Policy, Tag, TagState, ValueForm};

use crate::shared::Shared;
use crate::support::{Bench, seconds};

async fn look(cache: &Cache, key: &str) -> larder::Inspected {
    let look = cache.inspect(key).value(1_000).await.expect("looked");
    look.expect("an entry")
}

#[tokio::test]
async fn a_look_changes_nothing_and_tells_nobody() {
    let bench = Bench::new();
    let tags = [Tag::named("t")];
    bench
        .cache
        .insert("k", 1)
        .tags(tags.clone())
        .await
        .expect("stored");
    bench.cache.invalidate(tags).await.expect("invalidated");
    bench.events.take();
    // Twice: a read of an invalidated entry may have the store let it go.
    for _ in 0..2 {
        assert_eq!(look(&bench.cache, "k").await.state, TagState::Changed);
    }
    assert!(
        bench
            .cache
            .inspect("absent")
            .await
            .expect("looked")
            .is_none()
    );
    assert_eq!(bench.events.take(), [""; 0]);
    let stats = &bench.cache.stats()[0];
    assert_eq!((stats.hits, stats.misses, stats.invalidations), (0, 0, 0));
}

#[tokio::test]
async fn each_tag_is_told_with_what_has_become_of_it() {
    let bench = Bench::new();
    let (one, other) = (Tag::named("one"), Tag::named("other"));
    let tags = [one.clone(), other.clone()];
    bench.cache.insert("k", 1).tags(tags).await.expect("stored");
    bench
        .cache
        .invalidate([other.clone()])
        .await
        .expect("invalidated");
    let entry = look(&bench.cache, "k").await;
    let state = |wanted: &Tag| {
        let tag = entry.tags.iter().find(|tag| tag.tag == *wanted);
        tag.expect("a tag of the entry").state
    };
    assert_eq!(state(&one), TagState::Current);
    assert_eq!(state(&other), TagState::Changed);
    assert_eq!(state(&Tag::namespace()), TagState::Current);
}

#[tokio::test]
async fn an_entry_past_its_ttl_is_shown_with_its_age() {
    let bench = Bench::new();
    let insert = bench.cache.insert("k", 1).ttl(seconds(10));
    insert.await.expect("stored");
    bench.advance(12);
    // Memory may have let it go by then.
    if let Some(entry) = bench.cache.inspect("k").await.expect("looked") {
        assert_eq!((entry.age, entry.ttl), (seconds(12), seconds(10)));
    }
    bench
        .cache
        .insert("k", 1)
        .ttl(seconds(10))
        .await
        .expect("stored");
    bench.advance(3);
    assert_eq!(look(&bench.cache, "k").await.age, seconds(3));
}

#[tokio::test]
async fn a_value_is_shown_as_json_cut_where_it_was_to_end() {
    let bench = Bench::new();
    let long = "ä".repeat(2_000);
    bench.cache.insert("long", long).await.expect("stored");
    let entry = look(&bench.cache, "long").await;
    let value = entry.value.expect("a text");
    assert!(value.is_cut() && value.len == 4_002);
    // A letter of two bytes is not cut in the middle.
    assert_eq!(value.text.len(), 999);
    assert_eq!(entry.form, ValueForm::Memory);

    struct Plain;
    bench
        .cache
        .insert("plain", Plain)
        .local()
        .await
        .expect("stored");
    assert_eq!(look(&bench.cache, "plain").await.value, None);
    let unasked = bench.cache.inspect("long").await.expect("looked");
    assert_eq!(unasked.expect("an entry").value, None);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_an_error_and_no_absence() {
    let shared = Shared::default();
    let process = shared.process(Policy::new());
    process.cache.insert("k", 1).await.expect("stored");
    shared.is_down();
    let error = process.cache.inspect("k").await.expect_err("it is down");
    assert!(error.is_store(), "{error}");
}

#[tokio::test]
async fn a_joined_load_is_counted_once() {
    let cache = Cache::memory();
    let key = Key::new("k");
    let load = async || {
        tokio::task::yield_now().await;
        Ok::<_, std::io::Error>(1)
    };
    let read = || cache.get_or_load(&key, load);
    let (one, two, three) = tokio::join!(read(), read(), read());
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    let stats = &cache.stats()[0];
    assert_eq!((stats.loads, stats.joins, stats.misses), (1, 2, 3));
}
