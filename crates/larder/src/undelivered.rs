//! Bumps that have not reached the store yet, and what this process must not serve meanwhile.
//!
//! A write is committed, and its bump fails. The writer is told that all is well: it could only
//! repeat a write that is done. So the tags wait here until [`retry`](crate::retry) has delivered
//! them, and no read of this process that begins after the write returned gets an entry that
//! carries one of them.
//!
//! ```text
//! W: commit, bump fails, tags wait, return     R: begin (watch), look, compare, serve or load
//! ```
//!
//! R watches *before* it looks: what waits then was committed before, and what came later belongs
//! to writes that had not returned. If something was delivered while R looked, R cannot tell
//! whether its look came before or after, and treats what it found as invalid.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::store::{Mark, Versions};
use crate::tag::{Tag, TagKind};
use crate::version::Version;

/// So many tags wait at most. Beyond, the roots of their databases wait instead, and for named tags
/// and trees the namespace: more becomes invalid than need be, and nothing is forgotten.
pub(crate) const RETRY_TAGS_MAX: usize = 10_000;

/// The tags that wait.
#[derive(Default)]
pub(crate) struct Undelivered {
    /// How many tags and tables wait. Read by every look: as a rule it is zero, and that is all.
    waiting: AtomicUsize,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    /// Tags to be bumped, each with the number of its last arrival.
    tags: HashMap<Tag, u64>,
    /// Tables whose list of shapes is to be read again when the bump is delivered.
    tables: HashMap<Tag, Table>,
    /// Numbers arrivals.
    arrivals: u64,
    /// Numbers deliveries.
    deliveries: u64,
    /// Whether a task delivers.
    delivering: bool,
    /// Marks of writers whose bumps wait, with what they mark: they end with the delivery.
    marks: Vec<(Box<[Tag]>, Mark)>,
}

struct Table {
    /// The list by which the tags were found. Another one may hold shapes that want a bump too.
    list: Option<Version>,
    arrival: u64,
}

/// What a writer could not deliver.
#[derive(Debug, Default)]
pub(crate) struct Owed {
    /// The tags.
    pub(crate) tags: Vec<Tag>,
    /// The tables whose shapes decided on the tags, with the version of the list of shapes. What
    /// carries a table's tag is not served meanwhile, whatever its shape.
    pub(crate) tables: Vec<(Tag, Version)>,
}

impl Owed {
    pub(crate) fn tags(tags: &[Tag]) -> Owed {
        Owed {
            tags: tags.to_vec(),
            tables: Vec::new(),
        }
    }
}

/// What waited when a read began.
#[derive(Clone, Copy)]
pub(crate) struct Watch {
    deliveries: u64,
}

/// What is to be delivered now.
pub(crate) struct Batch {
    pub(crate) tags: Vec<Tag>,
    pub(crate) tables: Vec<Tag>,
    lists: Vec<Option<Version>>,
    arrivals: u64,
}

/// What has been delivered of a batch.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) tags: Vec<Tag>,
    pub(crate) tables: Vec<Tag>,
}

impl Batch {
    /// Whether the table's list at this place is the one by which its tags were found.
    pub(crate) fn knows(&self, at: usize, version: Version) -> bool {
        self.lists[at] == Some(version)
    }
}

impl Undelivered {
    /// To be called before a look. Nothing waits, as a rule.
    pub(crate) fn watch(&self) -> Option<Watch> {
        if self.waiting.load(Ordering::Acquire) == 0 {
            return None;
        }
        let deliveries = self.queue.lock().deliveries;
        Some(Watch { deliveries })
    }

    /// Whether what depends on these versions may be older than a bump that waits.
    pub(crate) fn meets(&self, watch: Watch, versions: &Versions) -> bool {
        let tags = versions.tags();
        let queue = self.queue.lock();
        queue.deliveries != watch.deliveries
            || tags
                .iter()
                .any(|tag| queue.tags.contains_key(tag) || queue.tables.contains_key(tag))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0
    }

    /// Takes in what could not be delivered.
    pub(crate) fn add(&self, owed: Owed) {
        let mut queue = self.queue.lock();
        queue.arrivals += 1;
        let arrival = queue.arrivals;
        for tag in owed.tags {
            queue.tags.insert(tag, arrival);
        }
        for (table, list) in owed.tables {
            let known = queue.tables.get(&table);
            // Tags that were found by two different lists: neither covers both.
            let list = match known {
                Some(known) if known.list != Some(list) => None,
                _ => Some(list),
            };
            queue.tables.insert(table, Table { list, arrival });
        }
        if queue.tags.len() + queue.tables.len() > RETRY_TAGS_MAX {
            queue.widen();
        }
        self.count(&queue);
    }

    /// Keeps a mark until nothing waits that its tags cover; gives it back if nothing does.
    pub(crate) fn keep(&self, tags: &[Tag], mark: Mark) -> Option<Mark> {
        let mut queue = self.queue.lock();
        if !queue.waits_under(tags) {
            return Some(mark);
        }
        queue.marks.push((tags.into(), mark));
        None
    }

    /// Nobody delivers any more what waits: the marks over it are left standing, and end as those
    /// of dead writers do.
    pub(crate) fn abandon_marks(&self) {
        let marks = std::mem::take(&mut self.queue.lock().marks);
        for (_, mark) in marks {
            mark.abandon();
        }
    }

    /// Whether the caller is to deliver: something waits, and nobody does.
    pub(crate) fn claim(&self) -> bool {
        let mut queue = self.queue.lock();
        let claimed = queue.len() > 0 && !queue.delivering;
        queue.delivering |= claimed;
        claimed
    }

    /// The caller delivers no longer. Whether something came meanwhile, and is left.
    pub(crate) fn unclaim(&self) {
        self.queue.lock().delivering = false;
    }

    /// What is to be delivered now.
    pub(crate) fn batch(&self) -> Batch {
        let queue = self.queue.lock();
        let mut tags: Vec<Tag> = queue.tags.keys().cloned().collect();
        // Coarse ones first, as everywhere.
        tags.sort_by_key(Tag::kind);
        let (tables, lists) = queue
            .tables
            .iter()
            .map(|(table, known)| (table.clone(), known.list))
            .unzip();
        Batch {
            tags,
            tables,
            lists,
            arrivals: queue.arrivals,
        }
    }

    /// So much of the batch was delivered. What came again after the batch was taken stays: its
    /// commit may be later than the bump.
    pub(crate) fn settle(&self, batch: &Batch, delivered: &Delivered) {
        if delivered.tags.is_empty() && delivered.tables.is_empty() {
            return;
        }
        let mut queue = self.queue.lock();
        for tag in &delivered.tags {
            let arrival = queue.tags.get(tag);
            if arrival.is_some_and(|arrival| *arrival <= batch.arrivals) {
                queue.tags.remove(tag);
            }
        }
        for table in &delivered.tables {
            let known = queue.tables.get(table);
            if known.is_some_and(|known| known.arrival <= batch.arrivals) {
                queue.tables.remove(table);
            }
        }
        queue.deliveries += 1;
        let all = std::mem::take(&mut queue.marks);
        let (kept, marks): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(tags, _)| queue.waits_under(tags));
        queue.marks = kept;
        self.count(&queue);
        drop(queue);
        // A mark's own end may call the store.
        drop(marks);
    }

    fn count(&self, queue: &Queue) {
        self.waiting.store(queue.len(), Ordering::Release);
    }
}

impl Drop for Undelivered {
    fn drop(&mut self) {
        self.abandon_marks();
    }
}

impl Queue {
    fn len(&self) -> usize {
        self.tags.len() + self.tables.len()
    }

    /// Whether something waits that a writer who has marked these tags may have changed.
    fn waits_under(&self, marked: &[Tag]) -> bool {
        let mut waiting = self.tags.keys().chain(self.tables.keys());
        waiting.any(|waiting| marked.iter().any(|marked| covers(marked, waiting)))
    }

    /// Coarser tags in place of all that wait.
    fn widen(&mut self) {
        let arrival = self.arrivals;
        let fine = std::mem::take(&mut self.tags);
        let tables = std::mem::take(&mut self.tables);
        for tag in fine.into_keys().chain(tables.into_keys()) {
            let wide = match (tag.kind(), tag.database()) {
                (TagKind::Root | TagKind::Table | TagKind::Shape, Some(database)) => {
                    Tag::root(database)
                }
                _ => Tag::namespace(),
            };
            self.tags.insert(wide, arrival);
        }
        // Everything carries the namespace's tag.
        if self.tags.len() > RETRY_TAGS_MAX || self.tags.contains_key(&Tag::namespace()) {
            self.tags.clear();
            self.tags.insert(Tag::namespace(), arrival);
        }
    }
}

/// Whether a mark on `marked` stands for a change of `waiting`.
fn covers(marked: &Tag, waiting: &Tag) -> bool {
    let guarded = marked.guarded();
    let marked = guarded.as_ref().unwrap_or(marked);
    let of_database = waiting.database().is_some() && waiting.database() == marked.database();
    match (marked.kind(), waiting.kind()) {
        (_, TagKind::Namespace) => true,
        (TagKind::Root, _) | (TagKind::Table, TagKind::Root) => of_database,
        (TagKind::Table, TagKind::Table | TagKind::Shape) => {
            of_database && waiting.table_name() == marked.table_name()
        }
        _ => marked == waiting,
    }
}

#[cfg(test)]
mod tests;
