//! Entries: stored values with their times and versions.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock::Moment;
use crate::counters::Group;
use crate::store::Versions;
use crate::value::Value;

pub mod envelope;
pub mod seal;

/// A stored value with its times and the versions that its tags had before it was loaded. Cheap to clone.
#[derive(Clone)]
pub struct Entry(Arc<Parts>);

struct Parts {
    value: Value,
    versions: Versions,
    written_at: Moment,
    ttl: Duration,
    weight: usize,
    tags_weight: usize,
    group: Option<Arc<Group>>,
    origin: Option<Origin>,
    /// Before this instant (in nanoseconds) a failed load is not repeated.
    retry_at: AtomicU64,
}

/// What an entry is made of.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The value.
    pub value: Value,
    /// What its tags' versions were before its load began.
    pub versions: Versions,
    /// When it was written.
    pub written_at: Moment,
    /// How long it is fresh.
    pub ttl: Duration,
    /// Its value's estimated bytes.
    pub weight: usize,
    /// Where it is counted; where its reader is, if nothing is said.
    pub group: Option<Arc<Group>>,
    /// Where it was read, if it comes from a store that keeps bytes.
    pub origin: Option<Origin>,
}

/// Where an entry was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// What tells it from every other entry.
    pub stamp: Stamp,
    /// The life of the server that it was read in.
    pub incarnation: [u8; 16],
    /// The server's own number for it; zero where there is none.
    pub cas: u64,
}

/// Random bytes that tell one stored entry from every other, also from an equal one.
pub type Stamp = [u8; 16];

impl Entry {
    /// What an entry weighs beside its value, its key and its tags: the entry itself and the
    /// store's slot. Measured with small entries in memory: 350 to 400 bytes.
    pub const OVERHEAD: usize = 384;

    /// What each tag adds: the note of its version.
    pub const TAG_OVERHEAD: usize = 16;

    /// What a named tag or one of rows adds beside, and beside its own bytes: its cell, of which
    /// there is often one for each entry. Measured with tags of 20 to 60 bytes: 180 to 190 bytes.
    /// The coarse tags are shared by many entries, and there are few.
    pub const FINE_TAG_OVERHEAD: usize = 184;

    /// An entry of these parts.
    pub fn new(parts: NewEntry) -> Entry {
        Entry(Arc::new(Parts {
            value: parts.value,
            tags_weight: parts.versions.weight(),
            versions: parts.versions,
            written_at: parts.written_at,
            ttl: parts.ttl,
            weight: parts.weight,
            group: parts.group,
            origin: parts.origin,
            retry_at: AtomicU64::new(0),
        }))
    }

    /// The value.
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// The versions that its tags had before its load began.
    pub fn versions(&self) -> &Versions {
        &self.0.versions
    }

    /// When it was written.
    pub fn written_at(&self) -> Moment {
        self.0.written_at
    }

    /// How long it is fresh after it was written.
    pub fn ttl(&self) -> Duration {
        self.0.ttl
    }

    /// Its value's estimated bytes, without key, tags and [`Entry::OVERHEAD`].
    pub fn weight(&self) -> usize {
        self.0.weight
    }

    /// What its tags add.
    pub fn tags_weight(&self) -> usize {
        self.0.tags_weight
    }

    /// Where it is counted; where its reader is, if it does not say.
    pub fn group(&self) -> Option<&Arc<Group>> {
        self.0.group.as_ref()
    }

    /// Where it was read, if it comes from a store that keeps bytes.
    pub fn origin(&self) -> Option<&Origin> {
        self.0.origin.as_ref()
    }

    /// What tells it from every other entry, in a store that keeps bytes.
    pub fn stamp(&self) -> Option<Stamp> {
        self.0.origin.map(|origin| origin.stamp)
    }

    /// The same entry, with its versions in another form.
    pub(crate) fn with_versions(&self, versions: Versions) -> Entry {
        Entry::new(NewEntry {
            value: self.0.value.clone(),
            versions,
            written_at: self.0.written_at,
            ttl: self.0.ttl,
            weight: self.0.weight,
            group: self.0.group.clone(),
            origin: self.0.origin,
        })
    }

    /// Whether both are the same stored entry.
    pub fn is(&self, other: &Entry) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || self
                .stamp()
                .is_some_and(|stamp| other.stamp() == Some(stamp))
    }

    /// Whether a load of this key may be tried at `now`: none failed a moment ago.
    pub(crate) fn may_retry(&self, now: Moment) -> bool {
        now.as_nanos() >= self.0.retry_at.load(Ordering::Relaxed)
    }

    pub(crate) fn retry_after(&self, moment: Moment) {
        self.0.retry_at.store(moment.as_nanos(), Ordering::Relaxed);
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("group", &self.0.group)
            .field("written_at", &self.0.written_at)
            .field("ttl", &self.0.ttl)
            .field("weight", &self.0.weight)
            .finish_non_exhaustive()
    }
}
