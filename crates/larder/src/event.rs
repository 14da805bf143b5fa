//! What happened, for whoever listens.

use std::time::Duration;

use std::sync::Arc;

use crate::causes::{Cause, Gone};
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
        /** What invalidated the entry, if it was invalidated and causes are kept. */
        gone: Option<&'a Gone>,
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
    /// A load of many keys at once ended well.
    LoadedMany {
        /** The first key's group. */
        group: &'a str,
        /** How many keys it was for. */
        keys: usize,
        /** How long it ran. */
        elapsed: Duration,
    },
    /// A load failed, panicked or was given up.
    LoadFailed {
        /** The key's group. */
        group: &'a str,
        /** The key, unless it was a load of many. */
        key: Option<&'a Key>,
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
        /** The same in full: all statements, the transaction, which of them touched which tag. */
        by: &'a Arc<Cause>,
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
        /** What was read: a statement without its values, if it was one. */
        what: Option<&'a str>,
        /** Why. */
        why: &'a str,
    },
    /// A value was loaded and not stored: a tag changed during the load, or it was removed meanwhile.
    NotStored {
        /** Its group. */
        group: &'a str,
        /** Its key. */
        key: &'a Key,
        /** Why. */
        why: &'a str,
    },
    /// A hit was compared with the database, and was not what the database says: see
    /// [`Stale`].
    Stale(&'a Stale<'a>),
    /// A hit was compared with the database.
    Sampled {
        /** Its group. */
        group: &'a str,
        /** What came of it. */
        verdict: Sampled,
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

/// An entry that was served, carried current tags, and was not what the database says, nor was it
/// after a pause: a promise that was broken, by larder or by a write that it does not see.
#[derive(Debug)]
#[non_exhaustive]
pub struct Stale<'a> {
    /// Its group.
    pub group: &'a str,
    /// Its key.
    pub key: &'a Key,
    /// What was read: a statement without its values.
    pub what: &'a str,
    /// How long the entry had been there.
    pub age: Duration,
    /// How long it was seen to be wrong.
    pub wrong_for: Duration,
    /// The tags that it depends on.
    pub tags: &'a [Tag],
    /// The writes to these tags that this process remembers, the newest first. The write that should
    /// have invalidated the entry is not among them, or did not name the right tags.
    pub history: &'a [Arc<Cause>],
}

impl<'a> Stale<'a> {
    /// An entry that was found stale.
    pub fn new(group: &'a str, key: &'a Key, what: &'a str) -> Stale<'a> {
        Stale {
            group,
            key,
            what,
            age: Duration::ZERO,
            wrong_for: Duration::ZERO,
            tags: &[],
            history: &[],
        }
    }
}

/// What came of comparing a hit with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sampled {
    /// It was what the database says.
    Fresh,
    /// It was not, and the entry was invalidated or replaced meanwhile: a write came between.
    Overtaken,
    /// It was not, and the entry was still there, or the database had changed its mind: nobody can
    /// say.
    Unclear,
    /// It was not, and still was not after a pause: there is an [`Event::Stale`].
    Stale,
    /// The database could not be asked.
    Unanswered,
}

/// Who listens to a cache's events. Called on the path of the read or write: be quick. A panic of
/// an observer is caught, and goes no further.
pub trait Observer: Send + Sync + 'static {
    /// Takes note of an event.
    fn event(&self, event: &Event<'_>);

    /// Whether it is told of hits and stale hits, too. If no observer of a cache is, a hit costs what
    /// it costs without any: they are counted in [`Cache::stats`](crate::Cache::stats) all the same.
    /// Asked once, when the cache is built.
    fn hears_hits(&self) -> bool {
        true
    }
}

impl<O: Observer + ?Sized> Observer for std::sync::Arc<O> {
    fn event(&self, event: &Event<'_>) {
        (**self).event(event);
    }

    fn hears_hits(&self) -> bool {
        (**self).hears_hits()
    }
}
