//! Whether reads look for a changed schema, because of a handle that larder does not wrap.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long reads look for a changed schema after anything was heard of a handle that
/// [`CachedConnection::inner`](crate::CachedConnection::inner) gave out. What comes later is
/// noticed by the next write.
const SCHEMA_WATCH: Duration = Duration::from_secs(60);

/// Kept by all handles of one connection.
#[derive(Default)]
pub(crate) struct Watch {
    /// Whether `until` holds anything: the only thing a hit looks at.
    on: AtomicBool,
    until: Mutex<Option<Instant>>,
    /// Handles that were given out and are still there.
    handles: AtomicUsize,
}

/// A look that was begun: it ends a watch that was over by then, and no other.
pub(crate) struct Look(Instant);

impl Watch {
    /// Something happened on such a handle: a change of the schema may follow.
    pub(crate) fn begin(&self) {
        let mut until = self.until.lock();
        *until = Some(Instant::now() + SCHEMA_WATCH);
        self.on.store(true, Ordering::Release);
    }

    /// A handle was given out.
    pub(crate) fn given_out(&self) {
        self.handles.fetch_add(1, Ordering::AcqRel);
        self.begin();
    }

    /// The last clone of a handle is gone. What it did may not have ended.
    pub(crate) fn given_back(&self) {
        self.begin();
        self.handles.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Acquire)
    }

    /// Begins a look at the schema.
    pub(crate) fn look(&self) -> Look {
        Look(Instant::now())
    }

    /// The schema that was looked at is the one in use.
    pub(crate) fn looked(&self, look: Look) {
        let until = self.until.lock();
        if until.is_some_and(|until| until < look.0) {
            self.on.store(false, Ordering::Release);
        }
    }

    /// The application says that all changes are done. Whether it can be believed: no handle is left
    /// by which another could follow.
    pub(crate) fn end(&self) {
        let mut until = self.until.lock();
        if self.handles.load(Ordering::Acquire) == 0 {
            *until = None;
            self.on.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_over_only_by_a_look_that_began_after_its_end() {
        let watch = Watch::default();
        assert!(!watch.is_on());
        watch.begin();
        watch.looked(watch.look());
        assert!(watch.is_on());
        let later = Look(Instant::now() + SCHEMA_WATCH * 2);
        watch.looked(later);
        assert!(!watch.is_on());
    }

    #[test]
    fn a_handle_that_is_left_is_watched_whatever_the_application_says() {
        let watch = Watch::default();
        watch.given_out();
        watch.end();
        assert!(watch.is_on());
        watch.given_back();
        assert!(watch.is_on());
        watch.end();
        assert!(!watch.is_on());
    }
}
