//! How long marks and guards have been seen.
//!
//! A mark whose writer died would stay for ever. No clocks are compared: a mark is over when this
//! process has seen the same one, again and again, for [`MARK_AGE_MAX`] of its own time. Whoever
//! takes such a mark away gives the tag a fresh version, because the writer may have committed.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// For how long a mark is respected. A writer that takes longer from its mark to its bump loses it.
pub const MARK_AGE_MAX: Duration = Duration::from_secs(30);

/// So many marks and guards are remembered. Beyond, those seen longest ago are looked at anew.
const SIGHTINGS_MAX: usize = 10_000;

/// What is seen: a mark's identity, or a guard's version.
type Seen = [u8; 16];

/// When marks and guards were first seen.
#[derive(Default)]
pub(crate) struct Sightings {
    /// Never held across an await.
    first: Mutex<HashMap<Seen, Instant>>,
}

impl Sightings {
    /// Whether this mark has been seen for longer than marks may live.
    pub(crate) fn is_over(&self, mark: &Seen) -> bool {
        self.seen_for(mark) >= MARK_AGE_MAX
    }

    /// For how long this has been seen; no time at all if it is seen for the first time now, or too
    /// many others are.
    pub(crate) fn seen_for(&self, what: &Seen) -> Duration {
        let now = Instant::now();
        let mut first = self.first.lock();
        if first.len() >= SIGHTINGS_MAX && !first.contains_key(what) {
            first.retain(|_, seen| now.duration_since(*seen) < MARK_AGE_MAX * 2);
            if first.len() >= SIGHTINGS_MAX {
                return Duration::ZERO;
            }
        }
        let seen = *first.entry(*what).or_insert(now);
        now.duration_since(seen)
    }

    /// Forgets what is gone.
    pub(crate) fn forget(&self, what: &Seen) {
        self.first.lock().remove(what);
    }
}
