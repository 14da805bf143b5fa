//! What adapters rely on: shapes, publication, marks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use larder::adapter::{Changes, Fetch, FetchMany, Outcome, RowImage, RowsChange, ValueKind, Want};
use larder::{Cache, Columns, Key, Name, Policy, Shape, Tag, TagValue};

use crate::support::{Bench, Broken, Gate};

fn by_genre() -> Shape {
    Shape::new(["genre_id"], Columns::set(["id", "name"]))
}

fn want(genre: i64) -> Want {
    Want::Shape {
        table: Tag::table("", "track"),
        shape: by_genre(),
        values: std::iter::once(TagValue::Int(genre)).collect(),
    }
}

/// A cached query for the tracks of a genre; `value` is what the database would say.
async fn query(bench: &Bench, genre: i64, value: u64) -> (u64, Outcome) {
    let key = Key::new(("tracks of", genre));
    let group = bench.cache.group("track");
    let wants = move || vec![want(genre)];
    let policy = Policy::new();
    let fetch = Fetch {
        key: &key,
        wants: &wants,
        group: &group,
        policy: &policy,
    };
    let fetched = bench
        .cache
        .fetch(fetch, bench.gives(value), None, ValueKind::serde())
        .await;
    let fetched = fetched.expect("the load gives a value");
    (*fetched.value, fetched.outcome)
}

/// An update of track(id, genre_id) from one genre to another.
fn moved(from: i64, to: i64) -> Changes {
    let columns: Arc<[Name]> = ["id", "genre_id"].map(Name::from).into();
    let image = |genre| Some(vec![TagValue::Int(1), TagValue::Int(genre)]);
    let mut changes = Changes::new();
    changes.cause("UPDATE track SET genre_id = ?");
    let rows = vec![RowImage {
        old: image(from),
        new: image(to),
    }];
    let changed = Columns::set(["genre_id"]);
    changes.rows(
        "",
        "track",
        RowsChange {
            columns,
            changed,
            rows,
        },
    );
    changes
}

#[tokio::test]
async fn a_write_ends_the_reads_of_the_old_and_of_the_new_row() {
    let bench = Bench::new();
    for genre in 1..=3 {
        assert_eq!(query(&bench, genre, 0).await, (0, Outcome::Loaded));
        assert_eq!(query(&bench, genre, 9).await, (0, Outcome::Hit));
    }
    let published = bench.cache.publish(moved(1, 2)).await;
    let tags: Vec<String> = published.tags.iter().map(Tag::to_string).collect();
    assert_eq!(
        tags,
        [
            "track(; *)",
            "track(genre_id=1; id, name)",
            "track(genre_id=2; id, name)"
        ]
    );
    assert!(!published.delayed);
    assert_eq!(query(&bench, 1, 1).await, (1, Outcome::Loaded));
    assert_eq!(query(&bench, 2, 1).await, (1, Outcome::Loaded));
    assert_eq!(query(&bench, 3, 1).await, (0, Outcome::Hit));
}

#[tokio::test]
async fn a_widened_write_ends_every_read_of_the_table_and_a_root_of_the_database() {
    let bench = Bench::new();
    query(&bench, 1, 0).await;
    let mut changes = Changes::new();
    changes.table("", "track");
    assert_eq!(
        bench.cache.publish(changes).await.tags,
        [Tag::table("", "track")]
    );
    assert_eq!(query(&bench, 1, 1).await, (1, Outcome::Loaded));
    let mut changes = Changes::new();
    changes.root("");
    bench.cache.publish_now(changes);
    assert_eq!(query(&bench, 1, 2).await, (2, Outcome::Loaded));
    let mut elsewhere = Changes::new();
    elsewhere.root("other");
    elsewhere.table("other", "track");
    bench.cache.publish(elsewhere).await;
    assert_eq!(query(&bench, 1, 3).await, (2, Outcome::Hit));
}

#[tokio::test]
async fn images_without_a_pinned_column_widen_and_say_so() {
    let bench = Bench::new();
    query(&bench, 1, 0).await;
    let mut changes = Changes::new();
    let rows = vec![RowImage {
        old: None,
        new: Some(vec![TagValue::Int(1)]),
    }];
    let columns: Arc<[Name]> = [Name::from("id")].into();
    changes.rows(
        "",
        "track",
        RowsChange {
            columns,
            changed: Columns::All,
            rows,
        },
    );
    bench.events.take();
    assert_eq!(
        bench.cache.publish(changes).await.tags,
        [Tag::table("", "track")]
    );
    let events = bench.events.take();
    assert_eq!(
        events,
        [
            "widened track: the row images do not hold column genre_id",
            "invalidated track by nobody"
        ]
    );
    assert_eq!(query(&bench, 1, 1).await, (1, Outcome::Loaded));
}

#[tokio::test]
async fn a_write_during_the_load_that_registered_the_shape_wins() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let (cache, inner) = (bench.cache.clone(), gate.clone());
    let reader = tokio::spawn(async move {
        let key = Key::new(("tracks of", 1));
        let group = cache.group("track");
        let wants = || vec![want(1)];
        let policy = Policy::new();
        let fetch = Fetch {
            key: &key,
            wants: &wants,
            group: &group,
            policy: &policy,
        };
        let load = async move || {
            inner.pass().await;
            Ok::<u64, Broken>(0)
        };
        cache
            .fetch(fetch, load, None, ValueKind::serde())
            .await
            .map(|fetched| *fetched.value)
    });
    gate.started().await;
    let published = bench.cache.publish(moved(1, 2)).await;
    assert_eq!(
        published.tags.len(),
        3,
        "the writer knows the shape: {published:?}"
    );
    gate.open();
    assert_eq!(reader.await.expect("no panic").expect("loads"), 0);
    assert_eq!(query(&bench, 1, 1).await, (1, Outcome::Loaded));
}

/// The answers to several queries at once, by genre; `value` is what the database would say of each that
/// is asked for.
async fn queries(
    cache: &Cache,
    genres: &[i64],
    load: impl FnOnce(Vec<Key>) -> LoadedMany + Clone + Send + 'static,
) -> Vec<u64> {
    let key = |genre: &i64| Key::new(("tracks of", *genre));
    let keys: Vec<Key> = genres.iter().map(key).collect();
    let group = cache.group("track");
    let policy = Policy::new().negative_ttl(Duration::from_secs(1));
    let wants = |asked: &Key| {
        let of = genres.iter().filter(|genre| key(genre) == *asked);
        of.map(|genre| want(*genre)).collect()
    };
    let fetch = FetchMany {
        keys: &keys,
        wants: &wants,
        group: &group,
        policy: &policy,
    };
    let found = cache
        .fetch_many(fetch, load, Some(|value| *value == 0), ValueKind::serde())
        .await
        .expect("the load gives values");
    keys.iter().map(|key| *found[key]).collect()
}

type LoadedMany = BoxFuture<'static, Result<Vec<(Key, u64)>, Broken>>;

/// A load that gives `value` for every key.
fn all(value: u64) -> impl FnOnce(Vec<Key>) -> LoadedMany + Clone {
    move |keys| Box::pin(async move { Ok(keys.into_iter().map(|key| (key, value)).collect()) })
}

#[tokio::test]
async fn a_batch_shares_its_entries_with_single_reads_and_counts_where_it_is_told_to() {
    let bench = Bench::new();
    assert_eq!(query(&bench, 2, 5).await, (5, Outcome::Loaded));
    assert_eq!(queries(&bench.cache, &[3, 2, 1], all(7)).await, [7, 5, 7]);
    assert_eq!(query(&bench, 1, 9).await, (7, Outcome::Hit));
    assert_eq!(queries(&bench.cache, &[1, 2, 3], all(9)).await, [7, 5, 7]);
    bench.cache.publish(moved(1, 2)).await;
    assert_eq!(queries(&bench.cache, &[1, 2, 3], all(8)).await, [8, 8, 7]);
    let stats = bench.cache.group("track").stats();
    assert_eq!((stats.misses, stats.inserts), (5, 5));
    // What stands for nothing lives as long as such things do.
    assert_eq!(queries(&bench.cache, &[4], all(0)).await, [0]);
    bench.clock.advance(Duration::from_secs(2));
    assert_eq!(queries(&bench.cache, &[4, 3], all(6)).await, [6, 7]);
}

#[tokio::test]
async fn a_write_during_a_batch_wins_for_the_keys_that_it_concerns() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let (cache, inner) = (bench.cache.clone(), gate.clone());
    let reader = tokio::spawn(async move {
        let load = move |keys: Vec<Key>| -> LoadedMany {
            Box::pin(async move {
                inner.pass().await;
                all(0)(keys).await
            })
        };
        queries(&cache, &[1, 2, 3], load).await
    });
    gate.started().await;
    bench.cache.publish(moved(1, 2)).await;
    gate.open();
    assert_eq!(reader.await.expect("no panic"), [0, 0, 0]);
    assert_eq!(query(&bench, 1, 1).await, (1, Outcome::Loaded));
    assert_eq!(query(&bench, 2, 1).await, (1, Outcome::Loaded));
    assert_eq!(query(&bench, 3, 1).await, (0, Outcome::Hit));
}

#[tokio::test]
async fn a_marked_table_is_neither_served_nor_filled_nor_joined() {
    let bench = Bench::new();
    query(&bench, 1, 0).await;
    let changes = moved(1, 2);
    let marks = bench
        .cache
        .mark(&[Tag::table("", "track")], &[])
        .await
        .expect("memory marks");
    // Before the commit, and between commit and publication: always the database.
    let bypassed = query(&bench, 1, 5).await;
    assert_eq!(bypassed.0, 5);
    assert_eq!(query(&bench, 1, 6).await.0, 6);
    bench.cache.publish(changes).await;
    assert_eq!(query(&bench, 1, 7).await.0, 7, "published, still marked");
    marks.release();
    assert_eq!(query(&bench, 1, 8).await, (8, Outcome::Loaded));
    assert_eq!(query(&bench, 1, 9).await, (8, Outcome::Hit));
}

#[tokio::test]
async fn a_load_that_runs_when_a_mark_is_set_is_not_joined_and_not_kept() {
    let (bench, gate) = (Bench::new(), Gate::new());
    let (cache, inner) = (bench.cache.clone(), gate.clone());
    let reader = tokio::spawn(async move {
        let load = async move || {
            inner.pass().await;
            Ok::<u64, Broken>(1)
        };
        cache
            .get_or_load("k", load)
            .tags([Tag::table("", "track")])
            .await
            .map(|value| *value)
    });
    gate.started().await;
    let marks = bench
        .cache
        .mark(&[Tag::table("", "track")], &[])
        .await
        .expect("memory marks");
    let table = [Tag::table("", "track")];
    let second = bench
        .cache
        .get_or_load("k", bench.gives(2))
        .tags(table)
        .await
        .expect("loads");
    assert_eq!(*second, 2, "it goes to the database by itself");
    gate.open();
    assert_eq!(reader.await.expect("no panic").expect("loads"), 1);
    drop(marks);
    assert_eq!(
        bench.cache.get::<u64>("k").await.expect("memory answers"),
        None
    );
}

#[tokio::test]
async fn lookups_never_load() {
    let bench = Bench::new();
    let key = Key::new(("tracks of", 1));
    let group = bench.cache.group("track");
    let wants = || vec![want(1)];
    let policy = Policy::new();
    let fetch = Fetch {
        key: &key,
        wants: &wants,
        group: &group,
        policy: &policy,
    };
    assert!(
        bench
            .cache
            .lookup_now::<u64>(&fetch, ValueKind::serde())
            .is_none()
    );
    assert!(
        bench
            .cache
            .lookup::<u64>(&fetch, ValueKind::serde())
            .await
            .is_none()
    );
    query(&bench, 1, 7).await;
    let hit = bench
        .cache
        .lookup_now::<u64>(&fetch, ValueKind::serde())
        .expect("is there");
    assert_eq!((*hit.value, hit.stale), (7, false));
    assert_eq!(
        bench
            .cache
            .shapes(&[Tag::table("", "track")])
            .await
            .expect("memory answers")[0]
            .shapes
            .len(),
        1
    );
}

#[tokio::test]
async fn a_witness_is_current_until_its_tag_is_bumped() {
    let bench = Bench::new();
    let track = Tag::table("", "track");
    let witness = bench.cache.witness(track.clone()).await;
    let witness = witness.expect("memory answers");
    assert!(witness.is_current());
    let publish = async |table: &str| {
        let mut changes = Changes::new();
        changes.table("", table);
        bench.cache.publish(changes).await;
    };
    publish("album").await;
    assert!(witness.is_current(), "another table");
    publish("track").await;
    assert!(!witness.is_current());
    let later = bench.cache.witness(track).await.expect("memory answers");
    assert!(later.is_current());
    assert!(!witness.is_current(), "it does not come back");
}
