//! What the tests share: a cache on a manual clock that records its events, and gates.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use larder::{Cache, Event, ManualClock, Memory, Observer, Policy};
use tokio::sync::Semaphore;

/// What a load fails with.
#[derive(Debug, PartialEq)]
pub(crate) struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

/// A cache under test.
pub(crate) struct Bench {
    pub(crate) cache: Cache,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) memory: Memory,
    pub(crate) events: Arc<Events>,
    pub(crate) loads: Arc<AtomicUsize>,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::with(Memory::new(), Policy::new())
    }

    pub(crate) fn with_policy(policy: Policy) -> Bench {
        Bench::with(Memory::new(), policy)
    }

    pub(crate) fn with(memory: Memory, policy: Policy) -> Bench {
        let clock = Arc::new(ManualClock::default());
        let events = Arc::new(Events::default());
        let cache = Cache::builder()
            .store(memory.clone())
            .policy(policy)
            .clock(clock.clone())
            .observer(events.clone())
            .build()
            .expect("the settings are valid");
        Bench {
            cache,
            clock,
            memory,
            events,
            loads: Arc::default(),
        }
    }

    /// A load that counts itself and gives `value`.
    pub(crate) fn gives(
        &self,
        value: u64,
    ) -> impl FnOnce() -> std::pin::Pin<Box<dyn Future<Output = Result<u64, Broken>> + Send>>
    + Send
    + 'static {
        let loads = self.loads.clone();
        move || {
            Box::pin(async move {
                loads.fetch_add(1, Ordering::SeqCst);
                Ok(value)
            })
        }
    }

    /// A load that counts itself and fails.
    pub(crate) fn fails(
        &self,
    ) -> impl FnOnce() -> std::pin::Pin<Box<dyn Future<Output = Result<u64, Broken>> + Send>>
    + Send
    + 'static {
        let loads = self.loads.clone();
        move || {
            Box::pin(async move {
                loads.fetch_add(1, Ordering::SeqCst);
                Err(Broken)
            })
        }
    }

    pub(crate) fn loads(&self) -> usize {
        self.loads.load(Ordering::SeqCst)
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Waits until no load runs in the background.
    pub(crate) async fn settle(&self) {
        while self.cache.loads_running() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Remembers events in words.
#[derive(Default)]
pub(crate) struct Events(Mutex<Vec<String>>);

impl Events {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no test panics while it holds this"))
    }

    pub(crate) fn count(&self, word: &str) -> usize {
        let events = self.0.lock().expect("no test panics while it holds this");
        events
            .iter()
            .filter(|event| event.split(' ').next() == Some(word))
            .count()
    }
}

impl Observer for Events {
    fn event(&self, event: &Event<'_>) {
        let words = match event {
            Event::Hit { .. } => "hit".into(),
            Event::StaleHit { .. } => "stale".into(),
            Event::Miss { reason, .. } => format!("miss {reason:?}"),
            Event::Loaded { .. } => "loaded".into(),
            Event::LoadFailed { how, .. } => format!("failed {how}"),
            Event::Inserted { .. } => "inserted".into(),
            Event::TooLarge { .. } => "toolarge".into(),
            Event::Removed { .. } => "removed".into(),
            Event::Invalidated { cause, tags, .. } => {
                let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
                format!(
                    "invalidated {} by {}",
                    tags.join(" "),
                    cause.unwrap_or("nobody")
                )
            }
            Event::Widened { what, why } => format!("widened {what}: {why}"),
            Event::Uncached { why, .. } => format!("uncached {why}"),
            other => format!("{other:?}"),
        };
        self.0
            .lock()
            .expect("no test panics while it holds this")
            .push(words);
    }
}

/// A load that stops in the middle until it is let on.
#[derive(Clone)]
pub(crate) struct Gate {
    started: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn new() -> Gate {
        Gate {
            started: Arc::new(Semaphore::new(0)),
            open: Arc::new(Semaphore::new(0)),
        }
    }

    /// For the load: says that it has begun, and waits.
    pub(crate) async fn pass(&self) {
        self.started.add_permits(1);
        self.open.acquire().await.expect("never closed").forget();
    }

    /// Waits until a load has begun.
    pub(crate) async fn started(&self) {
        self.started.acquire().await.expect("never closed").forget();
    }

    /// Lets one load on.
    pub(crate) fn open(&self) {
        self.open.add_permits(1);
    }
}

/// Lets all other tasks of this thread run until they wait for something.
pub(crate) async fn others_wait() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}
