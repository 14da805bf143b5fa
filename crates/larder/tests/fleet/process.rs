//! A process of the fleet: a cache with connections of its own, whose reads are checked.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use larder::{Cache, CacheBuilder, Columns, Event, Observer, Shape, Tag, TagValue};

use crate::database::Database;

/// A process that shares a store and a database with others. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) cache: Cache,
    pub(crate) database: Arc<Database>,
    pub(crate) events: Arc<Events>,
    /// The newest write of this process for each row, whether it could be told to others or not.
    own: Arc<[AtomicU64]>,
}

/// How often something happened in a process.
#[derive(Debug, Default)]
pub(crate) struct Events {
    pub(crate) hits: AtomicU64,
    pub(crate) misses: AtomicU64,
    pub(crate) delayed: AtomicU64,
    pub(crate) delivered: AtomicU64,
    pub(crate) failures: AtomicU64,
}

impl Observer for Events {
    fn event(&self, event: &Event<'_>) {
        let count = match event {
            Event::Hit { .. } => &self.hits,
            Event::Miss { .. } => &self.misses,
            Event::BumpDelayed { .. } => &self.delayed,
            Event::BumpDelivered { .. } => &self.delivered,
            Event::StoreFailed { .. } => &self.failures,
            _ => return,
        };
        count.fetch_add(1, SeqCst);
    }
}

impl Process {
    pub(crate) fn new(builder: CacheBuilder, database: Arc<Database>) -> Process {
        let events = Arc::new(Events::default());
        let cache = builder.observer(events.clone()).build();
        Process {
            cache: cache.expect("the settings are valid"),
            own: (0..database.len()).map(|_| AtomicU64::new(0)).collect(),
            database,
            events,
        }
    }

    /// Reads a row, and checks that nothing older comes than what this read must see.
    pub(crate) async fn read(&self, row: usize) -> u64 {
        let floor = self.database.floor(row).max(self.own[row].load(SeqCst));
        let value = self.read_unchecked(row).await;
        assert!(
            value >= floor,
            "row {row}: a read gave {value}, and the write of {floor} had returned before it began"
        );
        let newest = self.database.now(row);
        assert!(value <= newest, "row {row}: {value} was never written");
        value
    }

    pub(crate) async fn read_unchecked(&self, row: usize) -> u64 {
        let database = self.database.clone();
        let load = move || async move {
            let value = database.load(row);
            // Time for others to come between the load and its insertion.
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(value)
        };
        let read = self.cache.get_or_load(key(row), load).tags([tag(row)]);
        *read.await.expect("a load that cannot fail")
    }

    /// Writes a row: commits, then invalidates. Whether the store has acknowledged it.
    pub(crate) async fn write(&self, row: usize) -> bool {
        let value = self.database.commit(row);
        let bumped = self.cache.invalidate([tag(row)]).await.is_ok();
        self.own[row].fetch_max(value, SeqCst);
        self.database.returned(row, value, bumped);
        bumped
    }

    pub(crate) fn hits(&self) -> u64 {
        self.events.hits.load(SeqCst)
    }

    /// Reads until the entry is served from the store, and gives its value: the store is there and
    /// takes entries again.
    pub(crate) async fn read_until_hit(&self, row: usize) -> u64 {
        eventually("a row is served from the store", async || {
            let before = self.hits();
            let value = self.read(row).await;
            (self.hits() > before).then_some(value)
        })
        .await
    }
}

pub(crate) fn key(row: usize) -> (&'static str, u64) {
    ("row", row as u64)
}

/// What a row's entry depends on, beside the namespace: a named tag for even rows, the tag of a
/// table's rows for odd ones, as a store keeps the two in different ways.
pub(crate) fn tag(row: usize) -> Tag {
    if row.is_multiple_of(2) {
        return Tag::named(&format!("row {row}"));
    }
    let shape = Shape::new(["id"], Columns::All);
    let value = TagValue::Int(i64::try_from(row).expect("few rows"));
    Tag::shape(&Tag::table("", "row"), &shape, &[value])
}

/// Asks again and again, for half a minute at most.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = std::time::Duration::from_secs(30);
    let pause = std::time::Duration::from_millis(5);
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(pause).await;
        }
    };
    let answer = tokio::time::timeout(patience, asking).await;
    answer.unwrap_or_else(|_| panic!("gave up waiting until {what}"))
}
