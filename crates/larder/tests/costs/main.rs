//! What operations on a shared store cost: allocations of this process, commands of the server.
//!
//! Everything runs on one thread, so that the connection's own work is counted as well.
#![allow(
    unsafe_code,
    reason = "a counting allocator can only be written with `unsafe`"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use larder::adapter::Fetch;
use larder::{
    Cache, Changes, Columns, Key, Memory, Near, Redis, RowImage, RowsChange, Shape, Tag, TagValue,
    ValueKind, Want,
};

/// Counts the allocations of each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more.
    let _ = ALLOCATIONS.try_with(|allocations| allocations.set(allocations.get() + 1));
}

// Safety: every call is handed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A cache on a server of its own.
struct Bench {
    server: larder_servers::Redis,
    cache: Cache,
}

fn table() -> Tag {
    Tag::table("", "track")
}

fn shape() -> Shape {
    Shape::new(["genre_id"], Columns::set(["name"]))
}

impl Bench {
    async fn new(near: Option<Near>) -> Bench {
        let server = larder_servers::Redis::start();
        let store = Redis::builder()
            .url(&server.url())
            .response_timeout(Duration::from_secs(30))
            .connect()
            .await
            .expect("the server is there");
        let builder = Cache::builder().store(store).namespace("shop");
        let cache = match near {
            Some(near) => builder.near(near).build(),
            None => builder.build(),
        };
        Bench {
            server,
            cache: cache.expect("valid"),
        }
    }

    /// A read of one genre's tracks, as an adapter makes it.
    async fn read(&self, genre: i64) {
        let key = Key::new(("tracks", genre));
        let group = self.cache.group("tracks");
        let wants = || {
            vec![
                Want::Tag(table()),
                Want::Shape {
                    table: table(),
                    shape: shape(),
                    values: [TagValue::Int(genre)].into_iter().collect(),
                },
            ]
        };
        let fetch = Fetch {
            key: &key,
            wants: &wants,
            group: &group,
            policy: self.cache.policy(),
        };
        if self
            .cache
            .lookup_now(&fetch, ValueKind::<Vec<u32>>::serde())
            .is_some()
        {
            return;
        }
        let load = || async { Ok::<_, Infallible>(vec![7u32; 8]) };
        let fetched = self
            .cache
            .fetch(fetch, load, None, ValueKind::serde())
            .await;
        fetched.expect("loaded");
    }

    async fn write(&self, genre: i64) {
        let mut changes = Changes::new();
        let row = RowImage {
            old: Some(vec![TagValue::Int(genre)]),
            new: Some(vec![TagValue::Int(genre)]),
        };
        let columns = Arc::from([Arc::from("genre_id")]);
        let rows = RowsChange {
            columns,
            changed: Columns::set(["name"]),
            rows: vec![row],
        };
        changes.rows("", "track", rows);
        assert!(!self.cache.publish(changes).await.delayed);
    }

    /// The commands that the server has run, but for those that ask who it is.
    fn commands(&self) -> u64 {
        let stats = self.server.cli(&["INFO", "commandstats"]);
        let calls = stats
            .lines()
            .filter(|line| !line.starts_with("cmdstat_info"));
        let numbers = calls.filter_map(|line| {
            let (_, rest) = line.split_once("calls=")?;
            rest.split(',').next()?.parse::<u64>().ok()
        });
        numbers.sum()
    }
}

/// Allocations and commands of what is done a few times; the fewest of each, because once a second
/// a connection asks more.
async fn costs(bench: &Bench, act: impl AsyncFn()) -> (usize, u64) {
    let asking = {
        let commands = bench.commands();
        bench.commands() - commands
    };
    let mut least = (usize::MAX, u64::MAX);
    for _ in 0..5 {
        let commands = bench.commands();
        let allocations = ALLOCATIONS.get();
        act().await;
        let spent = ALLOCATIONS.get() - allocations;
        // Whatever still runs behind it.
        tokio::time::sleep(Duration::from_millis(20)).await;
        let ran = bench.commands() - commands - asking;
        least = (least.0.min(spent), least.1.min(ran));
    }
    least
}

#[track_caller]
fn check(what: &str, cost: (usize, u64), allocations: usize, commands: u64) {
    println!("{what}: {} allocations, {} commands", cost.0, cost.1);
    assert!(
        cost.0 <= allocations,
        "{what}: {} allocations, not {allocations}",
        cost.0
    );
    assert_eq!(cost.1, commands, "{what}: commands");
}

#[tokio::test]
async fn a_hit_is_one_command_and_few_allocations() {
    let bench = Bench::new(None).await;
    bench.read(1).await;
    let cost = costs(&bench, async || bench.read(1).await).await;
    check("a hit", cost, 80, 1);
}

#[tokio::test]
async fn kc30_a_second_read_in_a_request_is_no_command() {
    let bench = Bench::new(None).await;
    bench.read(1).await;
    let request = bench.cache.request_scope(async {
        // The first one asks, and is kept.
        let first = bench.commands();
        bench.read(1).await;
        assert!(bench.commands() > first);
        let cost = costs(&bench, async || bench.read(1).await).await;
        check("a second read in a request", cost, 0, 0);
    });
    request.await;
    let cost = costs(&bench, async || bench.read(1).await).await;
    check("a hit after it", cost, 80, 1);
}

#[tokio::test]
async fn a_validated_hit_reads_no_value() {
    let near = Near::validated(Memory::bytes_max(16 << 20));
    let bench = Bench::new(Some(near)).await;
    bench.read(1).await;
    bench.read(1).await;
    let cost = costs(&bench, async || bench.read(1).await).await;
    // One MGET and one GETRANGE in one round trip.
    check("a validated hit", cost, 80, 2);
}

#[tokio::test]
async fn a_pushed_hit_asks_nobody() {
    let near = Near::pushed(Memory::bytes_max(16 << 20));
    let bench = Bench::new(Some(near)).await;
    // The news of what was stored arrive a moment after it.
    for _ in 0..50 {
        bench.read(1).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let cost = costs(&bench, async || bench.read(1).await).await;
    check("a pushed hit", cost, 0, 0);
}

#[tokio::test]
async fn a_write_is_a_bump_for_each_tag_and_one_look_at_the_list() {
    let bench = Bench::new(None).await;
    bench.read(1).await;
    bench.write(1).await;
    let cost = costs(&bench, async || bench.write(1).await).await;
    // The rows by genre, any row of the table, and the table's cell for its list of shapes.
    check("a write", cost, 105, 3);
}
