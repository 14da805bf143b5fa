//! What this process has changed while a scope was open.
//!
//! A scope keeps entries apart from the store, so no store tells it that one has become wrong. The
//! journal does: a writer notes the keys and tags that it has changed, **after** the store has
//! acknowledged it (or failed, or the writer has gone away) and **before** its call returns. A
//! reader compares before it takes an entry from its scope, and before it puts one there:
//!
//! ```text
//! R: position · ask the store · ─────────────────────── · anything noted since? · keep or not
//! W:                            change · note · return
//! ```
//!
//! What R finds in the store may be older than W's change; then the note comes after R's position,
//! and the entry is not kept, or not taken later.
//!
//! Nothing is noted while no scope is open: a writer then reads one number. The first scope counts
//! itself before it reads anything, and a writer looks at the count after its change: of the two,
//! one sees the other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

use ahash::RandomState;
use parking_lot::Mutex;

use crate::key::Key;
use crate::tag::Tag;

/// So many keys and tags are remembered at most. Beyond, all are forgotten: what scopes hold from
/// before is asked for again.
pub(crate) const JOURNAL_NOTES_MAX: usize = 8_192;

/// The changes of this process, numbered.
#[derive(Default)]
pub(crate) struct Journal {
    /// How many scopes are open. Read by every look: as a rule it is zero, and that is all.
    open: AtomicUsize,
    /// The number of the last change. Written under the lock.
    head: AtomicU64,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// Changes up to this number are forgotten.
    forgotten: u64,
    /// The last change of each.
    keys: HashMap<Key, u64, RandomState>,
    tags: HashMap<Tag, u64, RandomState>,
    /// Keys that a load has stored. That changes nothing for whoever has an entry.
    filled: HashMap<Key, u64, RandomState>,
}

impl Notes {
    fn len(&self) -> usize {
        self.keys.len() + self.tags.len() + self.filled.len()
    }

    fn forget(&mut self, head: u64) {
        self.forgotten = head;
        // The room goes too: a burst of writes is not paid for ever after.
        self.keys = HashMap::default();
        self.tags = HashMap::default();
        self.filled = HashMap::default();
    }
}

impl Journal {
    /// Whether a scope is open.
    ///
    /// A reader within a scope has opened it before, so it sees that; others need no order.
    pub(crate) fn is_watched(&self) -> bool {
        self.open.load(Ordering::Relaxed) > 0
    }

    /// A scope opens.
    pub(super) fn open(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
        // Pairs with the one in `note`: what the scope reads from now on is no older than the
        // change of a writer that has not seen it open.
        fence(Ordering::SeqCst);
    }

    /// A scope ends.
    pub(super) fn close(&self) {
        let mut notes = self.notes.lock();
        if self.open.fetch_sub(1, Ordering::SeqCst) == 1 {
            let head = self.head.load(Ordering::Acquire);
            notes.forget(head);
        }
    }

    /// Where the journal stands. To be asked **before** the store is.
    pub(super) fn position(&self) -> u64 {
        self.head.load(Ordering::SeqCst)
    }

    /// Notes that these have changed.
    pub(crate) fn note(&self, keys: &[Key], tags: &[Tag]) {
        fence(Ordering::SeqCst);
        if !self.is_watched() || (keys.is_empty() && tags.is_empty()) {
            return;
        }
        self.write(|notes, number| {
            for key in keys {
                notes.keys.insert(key.clone(), number);
            }
            for tag in tags {
                notes.tags.insert(tag.clone(), number);
            }
        });
    }

    /// Notes that a load has stored this key.
    pub(crate) fn note_filled(&self, key: &Key) {
        fence(Ordering::SeqCst);
        if self.is_watched() {
            self.write(|notes, number| {
                notes.filled.insert(key.clone(), number);
            });
        }
    }

    fn write(&self, write: impl FnOnce(&mut Notes, u64)) {
        let mut notes = self.notes.lock();
        let number = self.head.load(Ordering::Acquire) + 1;
        write(&mut notes, number);
        if notes.len() > JOURNAL_NOTES_MAX {
            notes.forget(number);
        }
        self.head.store(number, Ordering::SeqCst);
    }

    /// Notes it when the answer is dropped: the change has happened by then, or failed, or whoever
    /// wanted it has gone away, and nobody knows.
    pub(crate) fn when_over<'a>(&'a self, keys: &'a [Key], tags: &'a [Tag]) -> WhenOver<'a> {
        WhenOver {
            journal: self,
            keys,
            tags,
        }
    }

    /// Where the journal stands, if neither the key nor one of the tags has changed since
    /// `position`. Nothing if one has, or nobody remembers.
    pub(super) fn unchanged(&self, position: u64, key: &Key, tags: &[Tag]) -> Option<u64> {
        if self.head.load(Ordering::SeqCst) == position {
            return Some(position);
        }
        let notes = self.notes.lock();
        let since = |number: Option<&u64>| number.is_some_and(|number| *number > position);
        if notes.forgotten > position
            || since(notes.keys.get(key))
            || tags.iter().any(|tag| since(notes.tags.get(tag)))
        {
            return None;
        }
        Some(self.head.load(Ordering::Acquire))
    }

    /// The same for a key that was absent: nobody has stored it either.
    pub(super) fn still_absent(&self, position: u64, key: &Key) -> Option<u64> {
        let position_now = self.unchanged(position, key, &[])?;
        if position_now == position {
            return Some(position);
        }
        let notes = self.notes.lock();
        let filled = notes.filled.get(key);
        let filled = filled.is_some_and(|number| *number > position);
        (!filled && notes.forgotten <= position).then_some(position_now)
    }
}

/// Changes that are to be noted.
#[must_use = "what is dropped at once is noted before it has happened"]
pub(crate) struct WhenOver<'a> {
    journal: &'a Journal,
    keys: &'a [Key],
    tags: &'a [Tag],
}

impl Drop for WhenOver<'_> {
    fn drop(&mut self) {
        self.journal.note(self.keys, self.tags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u64) -> Key {
        Key::new(("k", number))
    }

    #[track_caller]
    fn check(journal: &Journal, position: u64, number: u64, tag: &str, expected: bool) {
        let unchanged = journal.unchanged(position, &key(number), &[Tag::named(tag)]);
        assert_eq!(unchanged.is_some(), expected, "{number} {tag}");
    }

    #[test]
    fn what_was_changed_after_a_position_is_told_and_nothing_else() {
        let journal = Journal::default();
        journal.open();
        let before = journal.position();
        journal.note(&[key(1)], &[Tag::named("a")]);
        let after = journal.position();
        check(&journal, before, 1, "b", false);
        check(&journal, before, 2, "a", false);
        check(&journal, before, 2, "b", true);
        check(&journal, after, 1, "a", true);
    }

    #[test]
    fn nothing_is_noted_while_no_scope_is_open() {
        let journal = Journal::default();
        journal.note(&[key(1)], &[]);
        assert_eq!(journal.position(), 0);
        journal.open();
        journal.note(&[key(1)], &[]);
        assert_eq!(journal.position(), 1);
        journal.close();
        assert!(journal.notes.lock().keys.is_empty());
    }

    #[test]
    fn a_full_journal_forgets_and_whoever_is_older_is_told_that_all_has_changed() {
        let journal = Journal::default();
        journal.open();
        let before = journal.position();
        let keys: Vec<Key> = (0..JOURNAL_NOTES_MAX as u64).map(key).collect();
        journal.note(&keys, &[]);
        check(&journal, before, u64::MAX, "t", true);
        journal.note(&[], &[Tag::named("one more")]);
        check(&journal, before, u64::MAX, "t", false);
        check(&journal, journal.position(), u64::MAX, "t", true);
    }

    #[test]
    fn a_change_is_noted_when_it_is_over() {
        let journal = Journal::default();
        journal.open();
        let (keys, before) = ([key(1)], journal.position());
        let changing = journal.when_over(&keys, &[]);
        check(&journal, before, 1, "t", true);
        drop(changing);
        check(&journal, before, 1, "t", false);
    }
}
