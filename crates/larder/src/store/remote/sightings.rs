//! How long marks have been seen.
//!
//! A mark whose writer died would stay for ever. No clocks are compared: a mark is over when this
//! process has seen the same one, again and again, for [`MARK_AGE_MAX`] of its own time. Whoever
//! takes such a mark away gives the tag a fresh version, because the writer may have committed.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::cell::MarkId;

/// For how long a mark is respected. A writer that takes longer from its mark to its bump loses it.
pub const MARK_AGE_MAX: Duration = Duration::from_secs(30);

/// So many marks are remembered. Beyond, those seen longest ago are looked at anew.
const SIGHTINGS_MAX: usize = 10_000;

/// When marks were first seen.
#[derive(Default)]
pub(crate) struct Sightings {
    /// Never held across an await.
    first: Mutex<HashMap<MarkId, Instant>>,
}

impl Sightings {
    /// Whether this mark has been seen for longer than marks may live.
    pub(crate) fn is_over(&self, mark: &MarkId) -> bool {
        let now = Instant::now();
        let mut first = self.first.lock();
        if first.len() >= SIGHTINGS_MAX && !first.contains_key(mark) {
            first.retain(|_, seen| now.duration_since(*seen) < MARK_AGE_MAX * 2);
            if first.len() >= SIGHTINGS_MAX {
                return false;
            }
        }
        let seen = *first.entry(*mark).or_insert(now);
        now.duration_since(seen) >= MARK_AGE_MAX
    }

    /// Forgets a mark that is gone.
    pub(crate) fn forget(&self, mark: &MarkId) {
        self.first.lock().remove(mark);
    }
}
