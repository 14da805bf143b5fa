//! The only place that asks the time.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// An instant: nanoseconds since 1970, by the machine's clock when the process first asked and by
/// the time that has passed since. It never goes back, and processes agree on it as well as their
/// machines' clocks do: good enough for ages, never for validity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(u64);

impl Moment {
    /// The instant so many nanoseconds after the beginning of 1970.
    pub fn from_nanos(nanos: u64) -> Moment {
        Moment(nanos)
    }

    /// Nanoseconds since 1970.
    pub fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to this; zero if that was later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The instant `later` after this one.
    #[must_use]
    pub fn after(self, later: Duration) -> Moment {
        Moment(self.0.saturating_add(nanos(later)))
    }
}

fn nanos(duration: Duration) -> u64 {
    // In 64 bits: this runs on every hit.
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(duration.subsec_nanos().into())
}

/// A source of time that never goes back.
pub trait Clock: Send + Sync + 'static {
    /// The instant it is.
    fn now(&self) -> Moment;
}

/// The machine's monotonic clock, set once by its clock of days.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        static START: LazyLock<(Instant, u64)> = LazyLock::new(|| {
            let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
            (Instant::now(), nanos(since_1970.unwrap_or_default()))
        });
        let (start, since_1970) = *START;
        let passed = nanos(Instant::now().saturating_duration_since(start));
        Moment(since_1970.saturating_add(passed))
    }
}

/// A clock that stands still until it is told to go on, for tests.
///
/// ```
/// use std::{sync::Arc, time::Duration};
/// use larder::{Clock, ManualClock};
///
/// let clock = Arc::new(ManualClock::default());
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now().since(before), Duration::from_secs(60));
/// ```
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// Goes on by `by`.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(nanos(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment(self.0.load(Ordering::SeqCst))
    }
}

impl<C: Clock + ?Sized> Clock for std::sync::Arc<C> {
    fn now(&self) -> Moment {
        (**self).now()
    }
}
