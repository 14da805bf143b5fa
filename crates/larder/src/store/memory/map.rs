//! The map of entries, bounded in bytes.

use std::hash::{Hash, Hasher};

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Lifecycle, OptionsBuilder, Weighter};

use super::Passthrough;
use crate::entry::Entry;
use crate::key::Key;
use crate::namespace::Namespace;

/// Entries by key.
pub(super) type Map = Cache<StoredKey, Entry, ByWeight, Passthrough, Collect>;

/// The share of a division that one entry may take: a quarter.
const ENTRY_SHARE: u64 = 4;

/// What an entry weighs, roughly: decides how much room for bookkeeping is set aside, no more.
const ENTRY_BYTES_EXPECTED: u64 = 4096;

/// A map of at most `bytes`, and the most an entry may weigh.
pub(super) fn new(bytes: u64, division_bytes_min: u64) -> (Map, u64) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let wanted = (threads * 4).next_power_of_two();
    let affordable = (bytes / division_bytes_min).max(1);
    // The largest power of two that is affordable.
    let divisions = wanted.min(1 << affordable.ilog2());
    let options = OptionsBuilder::new()
        .shards(divisions as usize)
        .estimated_items_capacity((bytes / ENTRY_BYTES_EXPECTED).clamp(16, 1 << 20) as usize)
        .weight_capacity(bytes)
        .build()
        .expect("both capacities are set");
    let map = Cache::with_options(options, ByWeight, Passthrough::default(), Collect);
    let entry_max = map.shard_capacity() / ENTRY_SHARE;
    (map, entry_max)
}

/// A key as the map keeps it: no larger than it must be.
#[derive(Clone)]
pub(super) struct StoredKey {
    hash: u64,
    namespace: Namespace,
    bytes: Box<[u8]>,
}

impl StoredKey {
    pub(super) fn new(namespace: &Namespace, key: &Key) -> StoredKey {
        StoredKey {
            hash: mixed(namespace, key),
            namespace: namespace.clone(),
            bytes: key.as_bytes().into(),
        }
    }

    /// The key, if it is one of the namespace and begins with these parts.
    pub(super) fn key_below(&self, namespace: &Namespace, prefix: &Key) -> Option<Key> {
        if self.namespace != *namespace || !self.bytes.starts_with(prefix.as_bytes()) {
            return None;
        }
        Key::decode(&self.bytes)
    }
}

impl PartialEq for StoredKey {
    fn eq(&self, other: &StoredKey) -> bool {
        self.hash == other.hash && self.bytes == other.bytes && self.namespace == other.namespace
    }
}

impl Eq for StoredKey {}

impl Hash for StoredKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// A key to look for, borrowed.
pub(super) struct Seek<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) key: &'a Key,
}

impl Hash for Seek<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(mixed(self.namespace, self.key));
    }
}

impl Equivalent<StoredKey> for Seek<'_> {
    fn equivalent(&self, stored: &StoredKey) -> bool {
        *self.key.as_bytes() == *stored.bytes && *self.namespace == stored.namespace
    }
}

fn mixed(namespace: &Namespace, key: &Key) -> u64 {
    key.hash_value() ^ namespace.hash_value().rotate_left(17)
}

/// What an entry weighs with its key and its tags.
pub(super) fn weight(key: &StoredKey, entry: &Entry) -> u64 {
    let beside = key.bytes.len() + entry.tags_weight() + Entry::OVERHEAD;
    // A caller's own weigher may say anything.
    entry.weight().saturating_add(beside) as u64
}

/// Weighs by [`weight`].
#[derive(Clone)]
pub(super) struct ByWeight;

impl Weighter<StoredKey, Entry> for ByWeight {
    fn weight(&self, key: &StoredKey, entry: &Entry) -> u64 {
        weight(key, entry)
    }
}

/// Collects what is dropped for lack of room, so that it is dropped outside the map's lock.
#[derive(Clone)]
pub(super) struct Collect;

/// What was dropped for lack of room.
#[derive(Default)]
pub(super) struct Gone(Vec<(StoredKey, Entry)>);

impl Gone {
    /// Counts the entries in their groups.
    pub(super) fn count(&self) -> usize {
        for (_, entry) in &self.0 {
            if let Some(group) = entry.group() {
                group.evictions();
            }
        }
        self.0.len()
    }
}

impl Lifecycle<StoredKey, Entry> for Collect {
    type RequestState = Gone;

    fn on_evict(&self, gone: &mut Gone, key: StoredKey, entry: Entry) {
        gone.0.push((key, entry));
    }
}
