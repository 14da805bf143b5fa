//! What happened, for whoever listens.

use std::time::Duration;

use crate::error::Error;
use crate::key::Key;
use crate::tag::Tag;

/// Why a look-up found nothing to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissReason {
    /// There is no entry.
    Absent,
    /// The entry is too old.
    Expired,
    /// A tag of the entry was invalidated.
    Invalidated,
    /// A writer has announced a commit on a tag of the entry.
    Marked,
    /// The entry holds a value of another type, or bytes that are none.
    OtherType,
    /// The store did not say whether there is one.
    Unanswered,
}

/// Something that happened in a cache. Groups are names of [`Group`](crate::Group)s.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A fresh entry was served.
    Hit {
        /** Its group. */
        group: &'a str,
        /** Its key. */
        key: &'a Key,
    },
    /// An entry past its ttl was served.
    StaleHit {
        /** Its group. */
        group: &'a str,
        /** Its key. */
        key: &'a Key,
    },
    /// There was nothing to serve.
    Miss {
        /** The key's group. */
        group: &'a str,
        /** The key. */
        key: &'a Key,
        /** Why. */
        reason: MissReason,
    },
    /// A load ended well.
    Loaded {
        /** The key's group. */
        group: &'a str,
        /** The key. */
        key: &'a Key,
        /** How long it ran. */
        elapsed: Duration,
    },
    /// A load failed, panicked or was given up.
    LoadFailed {
        /** The key's group. */
        group: &'a str,
        /** The key. */
        key: &'a Key,
        /** In which way. */
        how: &'a str,
    },
    /// An entry was stored.
    Inserted {
        /** Its group. */
        group: &'a str,
        /** Its key. */
        key: &'a Key,
        /** Its estimated bytes. */
        weight: usize,
    },
    /// A value was not stored because it is too large.
    TooLarge {
        /** Its group. */
        group: &'a str,
        /** Its key. */
        key: &'a Key,
        /** Its estimated bytes. */
        weight: usize,
        /** The most a value may weigh. */
        max: usize,
    },
    /// An entry was removed by its key.
    Removed {
        /** Its key. */
        key: &'a Key,
    },
    /// Everything that carries these tags was invalidated.
    Invalidated {
        /** The statement or act that did it. */
        cause: Option<&'a str>,
        /** The tags. */
        tags: &'a [Tag],
    },
    /// A read depends on more, or a write bumps more, than strictly needed.
    Widened {
        /** What was widened. */
        what: &'a str,
        /** Why. */
        why: &'a str,
    },
    /// A read was not cached.
    Uncached {
        /** Its group. */
        group: &'a str,
        /** Why. */
        why: &'a str,
    },
    /// Tags could not be bumped: this process no longer serves what carries them, and goes on
    /// trying. Other processes may serve it until the bump is delivered or its ttl ends.
    BumpDelayed {
        /** The tags. */
        tags: &'a [Tag],
        /** Why. */
        error: &'a Error,
    },
    /// Delayed bumps have reached the store.
    BumpDelivered {
        /** The tags. */
        tags: &'a [Tag],
    },
    /// The cache was closed before these bumps reached the store: other processes may serve what
    /// carries the tags until its ttl ends.
    BumpLost {
        /** The tags. */
        tags: &'a [Tag],
        /** Why. */
        error: &'a Error,
    },
    /// The store failed; the load's answer was served.
    StoreFailed {
        /** How. */
        error: &'a Error,
    },
    /// Entries were dropped for lack of room.
    Evicted {
        /** How many. */
        count: usize,
    },
}

/// Who listens to a cache's events. Called on the path of the read or write: be quick. A panic of
/// an observer is caught, and goes no further.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an event.
    fn event(&self, event: &Event<'_>);
}

impl<O: Observer + ?Sized> Observer for std::sync::Arc<O> {
    fn event(&self, event: &Event<'_>) {
        (**self).event(event);
    }
}
