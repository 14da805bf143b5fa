//! For tests of applications: a cache that records what happens, on a clock that is set by hand, over
//! a store that fails when it is told to. Feature `test-util`.
//!
//! ```
//! use std::time::Duration;
//! use larder::Tag;
//! use larder::testing::TestCache;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = TestCache::new();
//! let price = async || Ok::<_, std::io::Error>(99);
//! let ask = || cache.get_or_load(("price", 7), price).tags([Tag::named("prices")]);
//!
//! ask().await?;
//! ask().await?;
//! cache.assert_loads(1);
//! cache.assert_hits(1);
//!
//! cache.forget();
//! cache.invalidate([Tag::named("prices")]).await?;
//! ask().await?;
//! cache.assert_invalidated_by("invalidate");
//! cache.assert_misses(1);
//!
//! cache.forget();
//! cache.clock().advance(Duration::from_secs(3600));
//! ask().await?;
//! cache.assert_loads(1);
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::cache::{Cache, CacheBuilder};
use crate::clock::ManualClock;
use crate::store::Store;
use crate::store::memory::Memory;

mod faults;
mod matching;
mod record;

pub use faults::{Faults, Faulty, Operation};
pub use record::{Happened, Kind, Recorder};

/// A cache for tests. It derefs to [`Cache`], and asserts as a [`Recorder`] does.
///
/// For a cache with settings of one's own put the parts together: [`Recorder`], [`Faulty`],
/// [`ManualClock`].
#[derive(Clone)]
pub struct TestCache {
    cache: Cache,
    parts: Parts,
}

/// What a [`TestCache`] is beside a cache.
#[derive(Clone)]
struct Parts {
    recorder: Recorder,
    clock: Arc<ManualClock>,
    faults: Faults,
}

impl TestCache {
    /// A cache in memory.
    #[expect(clippy::new_without_default, reason = "a cache is not a plain value")]
    pub fn new() -> TestCache {
        TestCache::over(Memory::new(), |builder| builder)
    }

    /// A cache over this store, with these settings beside store, clock and observer.
    ///
    /// ```
    /// use std::time::Duration;
    /// use larder::{Memory, Policy};
    /// use larder::testing::TestCache;
    ///
    /// let minute = Policy::new().ttl(Duration::from_secs(60));
    /// let cache = TestCache::over(Memory::new(), |builder| builder.policy(minute));
    /// # let _ = cache;
    /// ```
    ///
    /// # Panics
    ///
    /// If a setting cannot work.
    pub fn over(
        store: impl Store,
        settings: impl FnOnce(CacheBuilder) -> CacheBuilder,
    ) -> TestCache {
        let parts = Parts {
            recorder: Recorder::new(),
            clock: Arc::default(),
            faults: Faults::default(),
        };
        let builder = Cache::builder()
            .store(Faulty::new(store, &parts.faults))
            .clock(parts.clock.clone())
            .observer(parts.recorder.clone());
        match settings(builder).build() {
            Ok(cache) => TestCache { cache, parts },
            Err(error) => panic!("the settings of a test's cache cannot work: {error}"),
        }
    }

    /// The cache, for code that takes one.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Its clock. It stands still until it is told to go on.
    pub fn clock(&self) -> &ManualClock {
        &self.parts.clock
    }

    /// Makes its store fail, or slow.
    pub fn faults(&self) -> &Faults {
        &self.parts.faults
    }

    /// What has happened.
    pub fn recorder(&self) -> &Recorder {
        &self.parts.recorder
    }

    /// See [`Recorder::forget`].
    pub fn forget(&self) {
        self.recorder().forget();
    }

    /// See [`Recorder::assert_hits`].
    #[track_caller]
    pub fn assert_hits(&self, expected: usize) {
        self.recorder().assert_hits(expected);
    }

    /// See [`Recorder::assert_misses`].
    #[track_caller]
    pub fn assert_misses(&self, expected: usize) {
        self.recorder().assert_misses(expected);
    }

    /// See [`Recorder::assert_loads`].
    #[track_caller]
    pub fn assert_loads(&self, expected: usize) {
        self.recorder().assert_loads(expected);
    }

    /// See [`Recorder::assert_invalidated_by`].
    #[track_caller]
    pub fn assert_invalidated_by(&self, statement: &str) {
        self.recorder().assert_invalidated_by(statement);
    }

    /// See [`Recorder::assert_nothing_invalidated`].
    #[track_caller]
    pub fn assert_nothing_invalidated(&self) {
        self.recorder().assert_nothing_invalidated();
    }

    /// See [`Recorder::assert_uncached`].
    #[track_caller]
    pub fn assert_uncached(&self, why: &str) {
        self.recorder().assert_uncached(why);
    }
}

impl Deref for TestCache {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        &self.cache
    }
}

impl fmt::Debug for TestCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCache")
            .field("cache", &self.cache)
            .field("recorder", self.recorder())
            .finish_non_exhaustive()
    }
}
