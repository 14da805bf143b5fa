//! Bumps that do not reach the store: what the process that wrote serves, what others may, and when
//! it is over.

use std::time::Duration;

use larder::adapter::{Changes, RowImage, RowsChange};
use larder::{Columns, Name, Policy, Tag, TagValue};

use crate::shared::{Shared, change_of};
use crate::support::{Bench, Broken, Gate, others_wait, seconds};

fn track() -> Tag {
    Tag::table("", "track")
}

/// A read that depends on the table.
async fn read(process: &Bench, value: u64) -> u64 {
    let read = process.cache.get_or_load("k", process.gives(value));
    *read.tags([track()]).await.expect("the load gives a value")
}

#[tokio::test(start_paused = true)]
async fn h35_h36_a_bump_that_fails_is_bypassed_here_and_delivered_later() {
    let shared = Shared::default();
    let (writer, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    assert_eq!(read(&writer, 1).await, 1);
    shared.fails(["bump"]);
    let published = writer.cache.publish(change_of("track")).await;
    assert!(published.delayed);
    assert_eq!(writer.events.count("BumpDelayed"), 1);
    assert_eq!(writer.events.count("invalidated"), 0);
    // Another process cannot know: until the bump is delivered it may serve what was there.
    assert_eq!(read(&other, 2).await, 1);
    tokio::time::sleep(seconds(10)).await;
    assert_eq!(read(&other, 2).await, 1, "the store is still down");
    // The process that wrote goes to the database, each time.
    assert_eq!(writer.cache.get::<u64>("k").await.expect("a miss"), None);
    assert_eq!(read(&writer, 2).await, 2);
    assert_eq!(read(&writer, 3).await, 3);
    // What it has found was wrong, and is gone for all.
    assert_eq!(read(&other, 4).await, 4);
    assert_eq!(writer.events.count("BumpDelivered"), 0);
    shared.is_back();
    // The longest pause between two tries.
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(writer.events.count("BumpDelivered"), 1);
    assert_eq!(read(&other, 5).await, 5);
    assert_eq!(read(&writer, 6).await, 5, "it is served again");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_carry_the_tag_is_served_meanwhile() {
    let shared = Shared::default();
    let writer = shared.process(Policy::new());
    let read = async |key: &str, value| {
        let read = writer.cache.get_or_load(key, writer.gives(value));
        let table = Tag::table("", key);
        *read.tags([table]).await.expect("the load gives a value")
    };
    read("track", 1).await;
    read("album", 1).await;
    shared.fails(["bump"]);
    writer.cache.publish(change_of("track")).await;
    assert_eq!(read("track", 2).await, 2);
    assert_eq!(read("album", 2).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_began_before_the_commit_is_neither_joined_nor_kept() {
    let shared = Shared::default();
    let (writer, gate) = (shared.process(Policy::new()), Gate::new());
    let caller = |value| {
        let (cache, gate) = (writer.cache.clone(), gate.clone());
        tokio::spawn(async move {
            let load = async move || {
                gate.pass().await;
                Ok::<u64, Broken>(value)
            };
            let read = cache.get_or_load("k", load).tags([track()]);
            *read.await.expect("the load gives a value")
        })
    };
    let before = caller(1);
    gate.started().await;
    shared.fails(["bump"]);
    writer.cache.publish(change_of("track")).await;
    let after = caller(2);
    gate.started().await;
    gate.open();
    gate.open();
    assert_eq!(before.await.expect("no panic"), 1);
    assert_eq!(after.await.expect("no panic"), 2);
    assert!(writer.memory.is_empty(), "nothing was stored");
}

#[tokio::test(start_paused = true)]
async fn an_insert_meanwhile_leaves_nothing_under_the_key() {
    let shared = Shared::default();
    let writer = shared.process(Policy::new());
    assert_eq!(read(&writer, 1).await, 1);
    shared.fails(["bump"]);
    writer.cache.publish(change_of("track")).await;
    let inserted = writer.cache.insert("k", 2u64).tags([track()]).await;
    inserted.expect("the store answers");
    assert!(writer.memory.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_that_fails_says_so_and_is_delivered_later() {
    let shared = Shared::default();
    let (writer, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    assert_eq!(read(&writer, 1).await, 1);
    shared.fails(["bump"]);
    let refused = writer.cache.clear().await.expect_err("the store is down");
    assert!(refused.is_store());
    assert_eq!(read(&writer, 2).await, 2);
    shared.is_back();
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(read(&other, 3).await, 3);
}

/// An update of the price of track 1.
fn price_of_track_1() -> Changes {
    let columns: [Name; 2] = ["id", "price"].map(Name::from);
    let image = |price| Some(vec![TagValue::Int(1), TagValue::Int(price)]);
    let mut changes = Changes::new();
    let rows = RowsChange {
        columns: columns.into(),
        changed: Columns::set(["price"]),
        rows: vec![RowImage {
            old: image(99),
            new: image(129),
        }],
    };
    changes.rows("", "track", rows);
    changes
}

#[tokio::test(start_paused = true)]
async fn an_ordinary_write_is_one_round_trip() {
    let shared = Shared::default();
    let writer = shared.process(Policy::new());
    let published = writer.cache.publish(price_of_track_1()).await;
    assert!(!published.delayed);
    assert_eq!(shared.trips(), ["bump"]);
}

#[tokio::test(start_paused = true)]
async fn a_late_delivery_bumps_rows_and_not_their_whole_table() {
    let shared = Shared::default();
    let writer = shared.process(Policy::new());
    assert_eq!(read(&writer, 1).await, 1);
    shared.fails(["bump"]);
    let published = writer.cache.publish(price_of_track_1()).await;
    assert_eq!(published.tags.len(), 1, "{published:?}");
    let bypassed = writer.cache.get::<u64>("k").await;
    assert_eq!(bypassed.expect("a miss"), None, "the whole table");
    shared.is_back();
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(writer.events.count("BumpDelivered"), 1);
    // What depends on the table alone did not change.
    assert_eq!(read(&writer, 3).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_publication_that_is_dropped_goes_on_in_the_background() {
    let shared = Shared::default();
    let (writer, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    assert_eq!(read(&writer, 1).await, 1);
    {
        let publication = writer.cache.publish(change_of("track"));
        let begun = tokio::time::timeout(Duration::ZERO, publication).await;
        assert!(begun.is_err(), "it was dropped on its way");
    }
    assert_eq!(read(&writer, 2).await, 2, "bypassed at once");
    tokio::time::sleep(seconds(1)).await;
    assert_eq!(read(&other, 3).await, 3);
}

#[tokio::test(start_paused = true)]
async fn closing_tries_once_more_and_says_what_is_lost() {
    let shared = Shared::default();
    let (writer, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    assert_eq!(read(&writer, 1).await, 1);
    shared.fails(["bump"]);
    writer.cache.publish(change_of("track")).await;
    other.cache.publish(change_of("album")).await;
    let lost = writer.cache.close().await.expect_err("the store is down");
    assert!(lost.is_store());
    assert!(lost.to_string().starts_with("1 tags of writes"), "{lost}");
    assert_eq!(writer.events.count("BumpLost"), 1);
    shared.is_back();
    other.cache.close().await.expect("delivered");
    assert_eq!(other.events.count("BumpDelivered"), 1);
}

#[test]
fn a_publication_outside_a_runtime_waits_for_the_next_call_within_one() {
    let shared = Shared::default();
    let writer = shared.process(Policy::new());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    runtime.block_on(async { assert_eq!(read(&writer, 1).await, 1) });
    writer.cache.publish_now(change_of("track"));
    assert_eq!(writer.events.count("BumpDelayed"), 1);
    runtime.block_on(async {
        assert_eq!(read(&writer, 2).await, 2);
        tokio::time::sleep(seconds(1)).await;
        assert_eq!(writer.events.count("BumpDelivered"), 1);
        assert_eq!(read(&writer, 3).await, 3);
        assert_eq!(read(&writer, 4).await, 3);
    });
}

#[tokio::test(start_paused = true)]
async fn marks_stay_until_the_bump_behind_them_is_delivered() {
    let shared = Shared::default();
    let (writer, other) = (shared.process(Policy::new()), shared.process(Policy::new()));
    assert_eq!(read(&writer, 1).await, 1);
    let marks = writer.cache.mark(&[track()], &[]).await.expect("marked");
    shared.fails(["bump"]);
    writer.cache.publish(change_of("track")).await;
    marks.release();
    others_wait().await;
    assert_eq!(shared.marks_set(), 1);
    assert_eq!(read(&other, 2).await, 2, "no process serves what is marked");
    shared.is_back();
    tokio::time::sleep(seconds(2)).await;
    assert_eq!(shared.marks_set(), 0);
    assert_eq!(read(&other, 3).await, 3);
    assert_eq!(read(&writer, 4).await, 3);
}
