//! The entries that one scope keeps.

use std::collections::HashMap;

use ahash::RandomState;

use crate::clock::Moment;
use crate::entry::Entry;
use crate::freshness::TagState;
use crate::key::Key;
use crate::store::Lookup;
use crate::tag::{Tag, TagKind};

use super::Begun;
use super::journal::Journal;

/// So many entries are kept at most by one scope. Those that come later are not: reading them again
/// asks the store again.
pub const SCOPE_ENTRIES_MAX: usize = 4_096;

/// So many estimated bytes are kept at most by one scope; as above. In memory most of them are
/// shared with the store.
pub const SCOPE_BYTES_MAX: usize = 16 << 20;

/// Entries by key.
#[derive(Default)]
pub(super) struct Shelf {
    entries: HashMap<Key, Kept, RandomState>,
    /// What entries and absent keys weigh together.
    bytes: usize,
    /// Keys under which nothing was found. At most as many as entries.
    absent: HashMap<Key, KeptAbsent, RandomState>,
    /// Entries that went, for whoever holds the lock to drop without it.
    gone: Vec<Kept>,
}

/// What an absent key weighs.
fn absent_weight(key: &Key) -> usize {
    size_of::<(Key, KeptAbsent)>() + key.as_bytes().len()
}

pub(super) struct Kept {
    entry: Entry,
    tags: Box<[Tag]>,
    /// Up to here the journal tells of nothing that concerns it.
    checked: u64,
    /// The look that found it.
    ticket: u64,
    /// The ticket that was the next when it was kept.
    since: u64,
    weight: usize,
}

struct KeptAbsent {
    /// As of an entry.
    checked: u64,
    /// As of an entry.
    since: u64,
}

impl Shelf {
    /// The entry under `key`, if it is there, fresh, and nothing has changed that concerns it.
    pub(super) fn get(&mut self, journal: &Journal, key: &Key, now: Moment) -> Option<Entry> {
        let kept = self.entries.get_mut(key)?;
        if let Some(checked) = journal.unchanged(kept.checked, key, &kept.tags)
            && now.since(kept.entry.written_at()) < kept.entry.ttl()
        {
            kept.checked = checked;
            return Some(kept.entry.clone());
        }
        self.remove(key);
        None
    }

    /// What another reader has kept after this one came, if it still holds. What was kept before he
    /// has seen, and may have had reasons not to take it; what was kept as he looked may be either.
    pub(super) fn kept_since(
        &mut self,
        journal: &Journal,
        key: &Key,
        now: Moment,
        came: Begun,
    ) -> Option<Lookup> {
        let kept = self.entries.get(key);
        if kept.is_some_and(|kept| kept.since > came.ticket)
            && let Some(entry) = self.get(journal, key, now)
        {
            let state = TagState::Current;
            return Some(Lookup::Found { entry, state });
        }
        let absent = self.absent.get(key);
        let absent = absent.is_some_and(|absent| absent.since > came.ticket);
        (absent && self.is_absent(journal, key)).then_some(Lookup::Absent)
    }

    /// Keeps an entry that was found current by a look that began at `begun`. `next` is the ticket of
    /// whoever comes next.
    ///
    /// Of two looks the later one counts, whichever ends first: an answer that is on its way for
    /// long does not push a newer one out.
    pub(super) fn put(
        &mut self,
        journal: &Journal,
        key: &Key,
        entry: &Entry,
        begun: Begun,
        next: u64,
    ) {
        let kept = self.entries.get(key);
        if kept.is_some_and(|kept| kept.ticket > begun.ticket || kept.entry.is(entry)) {
            return;
        }
        let tags = entry.versions().tags();
        // Strict readers want to know what holds now.
        if is_strict(&tags) {
            return;
        }
        let Some(checked) = journal.unchanged(begun.position, key, &tags) else {
            return;
        };
        self.remove(key);
        self.forget_absent(key);
        let weight = Entry::OVERHEAD + key.as_bytes().len() + entry.weight() + entry.tags_weight();
        if self.entries.len() >= SCOPE_ENTRIES_MAX || self.bytes + weight > SCOPE_BYTES_MAX {
            return;
        }
        self.bytes += weight;
        let kept = Kept {
            entry: entry.clone(),
            tags: tags.into(),
            checked,
            ticket: begun.ticket,
            since: next,
            weight,
        };
        self.entries.insert(key.clone(), kept);
    }

    /// Whether nothing was found under `key`, and nobody has stored it since.
    pub(super) fn is_absent(&mut self, journal: &Journal, key: &Key) -> bool {
        let Some(kept) = self.absent.get_mut(key) else {
            return false;
        };
        if let Some(now) = journal.still_absent(kept.checked, key) {
            kept.checked = now;
            return true;
        }
        self.forget_absent(key);
        false
    }

    /// Keeps in mind that a look that began at `begun` has found nothing. Where there is an entry it
    /// counts: a load may have stored it after that look. `next` is as above.
    pub(super) fn put_absent(&mut self, journal: &Journal, key: &Key, begun: Begun, next: u64) {
        let weight = absent_weight(key);
        if self.absent.len() < SCOPE_ENTRIES_MAX
            && self.bytes + weight <= SCOPE_BYTES_MAX
            && !self.entries.contains_key(key)
            && let Some(checked) = journal.still_absent(begun.position, key)
        {
            // Of several who waited for one look the first has kept it.
            let known = self.absent.get(key);
            let known = known.filter(|kept| kept.checked >= checked);
            let since = known.map_or(next, |kept| kept.since);
            let kept = KeptAbsent { checked, since };
            if self.absent.insert(key.clone(), kept).is_none() {
                self.bytes += weight;
            }
        }
    }

    fn forget_absent(&mut self, key: &Key) {
        if self.absent.remove(key).is_some() {
            self.bytes -= absent_weight(key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(kept) = self.entries.remove(key) {
            self.bytes -= kept.weight;
            self.gone.push(kept);
        }
    }

    /// What has gone since it was asked last. To be dropped without the lock.
    pub(super) fn take_gone(&mut self) -> Vec<Kept> {
        std::mem::take(&mut self.gone)
    }
}

/// Whether a reader of an entry with these tags may see nothing that is older than its own call.
pub(super) fn is_strict(tags: &[Tag]) -> bool {
    tags.iter().any(|tag| tag.kind() == TagKind::Guard)
}
