//! Counters by group of keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::key::Key;

/// So many groups have counters of their own. Keys of further groups count together, as "other".
pub const GROUPS_MAX: usize = 1024;

/// The group of keys that begin with no text.
const UNNAMED: &str = "unnamed";

/// The group that counts for all beyond [`GROUPS_MAX`].
const OTHER: &str = "other";

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident)*) => {
        #[derive(Default)]
        struct Counters { $($name: AtomicU64,)* }

        /// What has happened to the keys of one group since the cache was built.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct GroupStats {
            /// The group's name.
            pub name: Arc<str>,
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Group {
            /// The counts so far.
            pub fn stats(&self) -> GroupStats {
                GroupStats {
                    name: self.name.clone(),
                    $($name: self.counters.$name.load(Ordering::Relaxed),)*
                }
            }

            $(pub(crate) fn $name(&self) {
                self.counters.$name.fetch_add(1, Ordering::Relaxed);
            })*
        }
    };
}

counters! {
    /// Fresh entries served.
    hits
    /// Entries past their ttl served.
    stale_hits
    /// Look-ups that found nothing to serve.
    misses
    /// Loads begun.
    loads
    /// Loads that failed, panicked or were given up.
    load_errors
    /// Reads that waited for a load that was running already: loads spared.
    joins
    /// Entries stored.
    inserts
    /// Values not stored because they are too large.
    too_large
    /// Look-ups that found an entry invalidated.
    invalidations
    /// Entries dropped for lack of room.
    evictions
}

/// Keys that are counted together: as a rule those that begin with the same text.
pub struct Group {
    name: Arc<str>,
    counters: Counters,
}

impl Group {
    pub(crate) fn new(name: &str) -> Group {
        Group {
            name: name.into(),
            counters: Counters::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({:?})", self.name)
    }
}

/// All groups of a cache. Asked on misses only: entries hold their group.
#[derive(Default)]
pub(crate) struct Groups {
    by_name: RwLock<HashMap<Arc<str>, Arc<Group>>>,
}

impl Groups {
    pub(crate) fn named(&self, name: &str) -> Arc<Group> {
        if let Some(group) = self.by_name.read().get(name) {
            return group.clone();
        }
        let mut groups = self.by_name.write();
        let name = if groups.len() < GROUPS_MAX || groups.contains_key(name) {
            name
        } else {
            OTHER
        };
        let group = Arc::new(Group::new(name));
        groups.entry(name.into()).or_insert(group).clone()
    }

    pub(crate) fn of(&self, key: &Key) -> Arc<Group> {
        self.named(key.first_text().unwrap_or(UNNAMED))
    }

    pub(crate) fn stats(&self) -> Vec<GroupStats> {
        let mut stats: Vec<GroupStats> = self
            .by_name
            .read()
            .values()
            .map(|group| group.stats())
            .collect();
        stats.sort_by(|left, right| left.name.cmp(&right.name));
        stats
    }
}
