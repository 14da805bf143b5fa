//! Failed loads that are not repeated at once, where entries cannot tell.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::clock::Moment;
use crate::entry::Entry;
use crate::key::Key;

/// So many keys are remembered. Beyond, a failed load of a further key may be repeated at once.
const THROTTLED_KEYS_MAX: usize = 4096;

/// Until when failed loads are not repeated, by key.
///
/// An entry in memory remembers it itself. One that comes as bytes from far away is made anew by
/// each look, and is told here.
#[derive(Default)]
pub(crate) struct Throttle {
    /// How many keys are remembered: as a rule none, and then there is no lock to take.
    len: AtomicUsize,
    until: Mutex<HashMap<Key, Moment>>,
}

impl Throttle {
    /// The load of `key` failed at `now`, and is not tried again before `until`.
    pub(crate) fn note(&self, key: &Key, now: Moment, until: Moment) {
        let mut all = self.until.lock();
        if all.len() >= THROTTLED_KEYS_MAX {
            all.retain(|_, until| *until > now);
        }
        if all.len() < THROTTLED_KEYS_MAX || all.contains_key(key) {
            all.insert(key.clone(), until);
        }
        self.len.store(all.len(), Ordering::Release);
    }

    /// A load of `key` has ended well.
    pub(crate) fn forget(&self, key: &Key) {
        if self.len.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut all = self.until.lock();
        all.remove(key);
        self.len.store(all.len(), Ordering::Release);
    }

    /// Tells an entry that was just found under `key`.
    pub(crate) fn tell(&self, key: &Key, entry: &Entry) {
        if self.len.load(Ordering::Acquire) == 0 {
            return;
        }
        if let Some(until) = self.until.lock().get(key) {
            entry.retry_after(*until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_full_throttle_forgets_what_is_over_and_takes_no_more() {
        let throttle = Throttle::default();
        let (start, later) = (
            Moment::default(),
            Moment::default().after(Duration::from_secs(1)),
        );
        for number in 0..THROTTLED_KEYS_MAX {
            throttle.note(&Key::new(number), start, later);
        }
        throttle.note(&Key::new("one more"), start, later);
        assert_eq!(throttle.len.load(Ordering::Relaxed), THROTTLED_KEYS_MAX);
        assert!(!throttle.until.lock().contains_key(&Key::new("one more")));
        throttle.note(
            &Key::new("one more"),
            later,
            later.after(Duration::from_secs(1)),
        );
        assert_eq!(throttle.len.load(Ordering::Relaxed), 1);
        throttle.forget(&Key::new("one more"));
        assert_eq!(throttle.len.load(Ordering::Relaxed), 0);
    }
}
