//! Cells of tags: the current version of every tag that something depends on.
//!
//! A tag's cell is one atomic number. Whoever depends on the tag *holds* the cell and has recorded
//! the number; a bump changes the number, so a check is one comparison for each tag.
//!
//! States of a cell: *linked* (in its shard's map) or *unlinked* (for ever). Only linked cells are
//! given to new holders and bumped.
//!
//! What can go wrong, and why it does not:
//! - A bump misses a holder: it would have to find no cell, or another one. A cell is unlinked only
//!   under its shard's lock after its holders are counted again, and a new holder is counted under
//!   the same lock. So a held cell is linked.
//! - An old version comes back: numbers are drawn from one counter and never used twice.
//! - A mark is overlooked: the low bits of the number count marks, and recorded numbers have none,
//!   so the one comparison sees both.
//!
//! This file has no dependency but `sync`, so that a model checker can run it.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use super::sync::{Arc, AtomicU64, AtomicUsize, Mutex, Ordering};

/// The bits of a cell's number that count marks.
const MARK_BITS: u32 = 16;

/// So many marks a tag may bear at once; the next is refused.
const MARKS_MAX: u64 = (1 << MARK_BITS) - 1;

/// Recorded for a tag that was marked: no cell ever has this number.
const NEVER: u64 = 0;

/// All cells of a store.
pub(crate) struct Cells<K, S> {
    shards: Box<[Shard<K, S>]>,
    hasher: S,
    /// The next version. The first is 1: [`NEVER`] is not a version.
    next: AtomicU64,
}

type Shard<K, S> = Mutex<HashMap<K, Arc<Cell<K>>, S>>;

/// The current version of one tag.
struct Cell<K> {
    tag: K,
    /// The version, above its marks.
    number: AtomicU64,
    // Invariant: while this is not zero the cell is linked. It leaves zero under the shard's lock only.
    holders: AtomicUsize,
}

impl<K: Hash + Eq + Clone, S: BuildHasher + Clone> Cells<K, S> {
    /// No cells yet, to be kept in so many shards.
    pub(crate) fn new(shards: usize, hasher: S) -> Self {
        Cells {
            shards: (0..shards.max(1))
                .map(|_| Mutex::new(HashMap::with_hasher(hasher.clone())))
                .collect(),
            hasher,
            next: AtomicU64::new(1),
        }
    }

    /// Holds the cells of these tags, in this order, with the numbers that they have now.
    pub(crate) fn hold(self: &Arc<Self>, tags: impl IntoIterator<Item = K>) -> Holder<K, S> {
        let stamps = tags
            .into_iter()
            .map(|tag| {
                let cell = self.acquire(tag);
                let number = cell.number.load(Ordering::SeqCst);
                let recorded = if number & MARKS_MAX == 0 {
                    number
                } else {
                    NEVER
                };
                (cell, recorded)
            })
            .collect();
        Holder {
            cells: self.clone(),
            stamps,
        }
    }

    /// Gives the tag a fresh version. A tag without a cell has no holder to tell.
    pub(crate) fn bump(&self, tag: &K) {
        let shard = lock(self.shard(tag));
        if let Some(cell) = shard.get(tag) {
            let version = self.fresh();
            // Marks come and go beside us: they are kept.
            let _ = cell
                .number
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |number| {
                    Some(version | (number & MARKS_MAX))
                });
        }
    }

    /// How many tags have a cell.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn fresh(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst) << MARK_BITS
    }

    fn shard(&self, tag: &K) -> &Shard<K, S> {
        let hash = self.hasher.hash_one(tag);
        // The map inside the shard uses the high and the low bits.
        &self.shards[(hash >> 24) as usize % self.shards.len()]
    }

    fn acquire(&self, tag: K) -> Arc<Cell<K>> {
        let mut shard = lock(self.shard(&tag));
        if let Some(cell) = shard.get(&tag) {
            cell.holders.fetch_add(1, Ordering::SeqCst);
            return cell.clone();
        }
        let cell = Arc::new(Cell {
            tag: tag.clone(),
            number: AtomicU64::new(self.fresh()),
            holders: AtomicUsize::new(1),
        });
        shard.insert(tag, cell.clone());
        cell
    }

    fn release(&self, cell: &Arc<Cell<K>>) {
        if cell.holders.fetch_sub(1, Ordering::SeqCst) > 1 {
            return;
        }
        // Count again under the lock: between our count and the lock another may have become a
        // holder, and may even have gone again and unlinked the cell.
        //   A: count 0        B: acquire (count 1)   B: release (count 0), lock, unlink
        //   A: lock, count 0, but the map has no cell, or a newer one: leave it
        let mut shard = lock(self.shard(&cell.tag));
        if cell.holders.load(Ordering::SeqCst) == 0
            && shard
                .get(&cell.tag)
                .is_some_and(|linked| Arc::ptr_eq(linked, cell))
        {
            shard.remove(&cell.tag);
        }
    }
}

/// A panic while the lock was held leaves a map that is whole: nothing in between can panic.
fn lock<T>(mutex: &Mutex<T>) -> impl std::ops::DerefMut<Target = T> + '_ {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// What has become of recorded versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Current,
    Changed,
    Marked,
}

/// Cells that something depends on, with the numbers recorded.
pub(crate) struct Holder<K: Hash + Eq + Clone, S: BuildHasher + Clone> {
    cells: Arc<Cells<K, S>>,
    stamps: Box<[(Arc<Cell<K>>, u64)]>,
}

impl<K: Hash + Eq + Clone, S: BuildHasher + Clone> Holder<K, S> {
    /// Compares in the order of the tags: coarse ones first, which strict readers rely on.
    ///
    /// A strict writer marks the coarse tag, commits, bumps the fine ones and unmarks. A reader
    /// that finds the coarse tag unmarked and then the fine ones unchanged has a value that was
    /// current when it looked at the coarse one. Looking the other way round it could pass the
    /// fine ones before the bump and the coarse one after the mark is gone.
    pub(crate) fn state(&self) -> State {
        self.each()
            .map(|(_, _, state)| state)
            .find(|state| *state != State::Current)
            .unwrap_or(State::Current)
    }

    /// The tags, in their order, each with the number that was recorded, without its marks, and what
    /// has become of it.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&K, u64, State)> {
        self.stamps.iter().map(|(cell, recorded)| {
            let number = cell.number.load(Ordering::SeqCst);
            let state = match (number == *recorded, number & MARKS_MAX == 0) {
                (true, _) => State::Current,
                (false, true) => State::Changed,
                (false, false) => State::Marked,
            };
            (&cell.tag, *recorded >> MARK_BITS, state)
        })
    }

    /// The first tag whose version is not the recorded one.
    pub(crate) fn changed(&self) -> Option<&K> {
        let differs = |(cell, recorded): &&(Arc<Cell<K>>, u64)| {
            (cell.number.load(Ordering::SeqCst) ^ recorded) >> MARK_BITS != 0
        };
        self.stamps.iter().find(differs).map(|(cell, _)| &cell.tag)
    }

    /// Whether a tag was marked when it was recorded: then the versions are never current.
    pub(crate) fn is_marked(&self) -> bool {
        self.stamps.iter().any(|(_, recorded)| *recorded == NEVER)
    }

    /// The tags, in their order.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &K> {
        self.stamps.iter().map(|(cell, _)| &cell.tag)
    }

    /// The tags, in their order, each with how many hold it now, with this one.
    pub(crate) fn shares(&self) -> impl Iterator<Item = (&K, usize)> {
        self.stamps
            .iter()
            .map(|(cell, _)| (&cell.tag, cell.holders.load(Ordering::Relaxed)))
    }

    /// Marks the tags until the marker is dropped; nothing if a tag bears too many marks already.
    pub(crate) fn mark(self) -> Option<Marker<K, S>> {
        // Built first, so that its drop takes back the marks that were made if one is refused.
        let mut marker = Marker {
            holder: self,
            marked: 0,
        };
        for (cell, _) in &marker.holder.stamps {
            cell.number
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |number| {
                    (number & MARKS_MAX < MARKS_MAX).then_some(number + 1)
                })
                .ok()?;
            marker.marked += 1;
        }
        Some(marker)
    }
}

impl<K: Hash + Eq + Clone, S: BuildHasher + Clone> Drop for Holder<K, S> {
    fn drop(&mut self) {
        for (cell, _) in &self.stamps {
            self.cells.release(cell);
        }
    }
}

/// Marks on tags. Dropping it takes them away.
pub(crate) struct Marker<K: Hash + Eq + Clone, S: BuildHasher + Clone> {
    holder: Holder<K, S>,
    /// How many of the tags, from the first, bear our mark.
    marked: usize,
}

impl<K: Hash + Eq + Clone, S: BuildHasher + Clone> Drop for Marker<K, S> {
    fn drop(&mut self) {
        for (cell, _) in &self.holder.stamps[..self.marked] {
            cell.number.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
