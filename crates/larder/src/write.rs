//! The write path: inserting, removing, invalidating, publishing what a commit changed.

use std::collections::HashSet;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::cache::{Core, State};
use crate::causes::Story;
use crate::change::Changes;
use crate::counters::Group;
use crate::entry::{Entry, NewEntry};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::facts::Prepared;
use crate::flight::Block;
use crate::key::Key;
use crate::load::put;
use crate::policy::Policy;
use crate::read::{expand, wants_of};
use crate::retry;
use crate::shape::{Shape, ShapeList};
use crate::store::{Insertion, Mark, Put, Versions, Want};
use crate::tag::{TREE_DEPTH_MAX, Tag};
use crate::undelivered::Owed;
use crate::value::ValueKind;

/// What a publication did.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// All tags that were bumped, in a readable order.
    pub tags: Vec<Tag>,
    /// Whether some could not be bumped yet. This process does not serve what carries them, and goes
    /// on trying; other processes may, until the bump is delivered or the ttl ends.
    pub delayed: bool,
}

/// Tags that a writer has marked before its commit. While it lives, entries that carry one of them
/// are neither served nor stored; drop it after the publication. If the publication is delayed the
/// marks stay until it is delivered.
#[derive(Debug)]
#[must_use = "a dropped mark is no mark"]
pub struct MarkGuard {
    mark: Option<Mark>,
    tags: Box<[Tag]>,
    core: Arc<Core>,
}

impl MarkGuard {
    /// Takes the marks away: the same as dropping it, in a word.
    pub fn release(self) {}
}

impl Drop for MarkGuard {
    fn drop(&mut self) {
        let Some(mark) = self.mark.take() else {
            return;
        };
        // Kept while a bump waits that it stands over.
        drop(self.core.undelivered.keep(&self.tags, mark));
        if self.core.state() == State::Closed {
            // Nobody delivers any more what waits.
            self.core.undelivered.abandon_marks();
        }
    }
}

/// A value to be inserted.
pub(crate) struct NewItem<T> {
    pub(crate) key: Key,
    pub(crate) value: Arc<T>,
    pub(crate) group: Arc<Group>,
    pub(crate) tags: Vec<Tag>,
    /// Whether it says that there is nothing.
    pub(crate) negative: bool,
}

/// Stores values that the caller has, in one batch. They win over loads of the keys that are
/// running. Each depends on its tags and on the trees above its key.
pub(crate) async fn insert_all<T: Send + Sync + 'static>(
    core: &Arc<Core>,
    items: Vec<NewItem<T>>,
    policy: &Policy,
    kind: ValueKind<T>,
) -> Result<()> {
    let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
    let _noted = core.journal.when_over(&keys, &[]);
    let mut blocks = Vec::with_capacity(items.len());
    for item in &items {
        blocks.push(Block::new(core, &item.key).await);
    }
    let sets: Vec<Vec<Want>> = match core.state() {
        State::Open => items
            .iter()
            .map(|item| expand(wants_of(&item.key, &item.tags)))
            .collect(),
        _ => Vec::new(),
    };
    let prepared = core.prepare_each(&sets).await.into_iter();
    let mut unusable: Vec<Key> = Vec::new();
    let mut failed: Option<Error> = None;
    let mut usable: Vec<(&NewItem<T>, Versions)> = Vec::with_capacity(items.len());
    let rest = std::iter::repeat_with(|| Prepared::Undelivered);
    for (item, prepared) in items.iter().zip(prepared.chain(rest)) {
        match prepared {
            Prepared::Usable(versions) => usable.push((item, versions)),
            // Nothing may be stored; and what is there would come back, older than these values.
            Prepared::Marked | Prepared::Undelivered => unusable.push(item.key.clone()),
            Prepared::Failed(error) => failed = failed.or(Some(error)),
        }
    }
    let mut groups: SmallVec<[&Group; 1]> = SmallVec::new();
    let mut insertions: SmallVec<[Insertion<'_>; 1]> = SmallVec::new();
    for (item, versions) in usable {
        let ttl = policy.ttl_of(item.negative, core.chance());
        let entry = Entry::new(NewEntry {
            weight: kind.weight(&item.value),
            value: kind.wrap(item.value.clone(), core.codec),
            versions,
            written_at: core.clock.now(),
            ttl,
            group: Some(item.group.clone()),
            origin: None,
        });
        groups.push(&item.group);
        insertions.push(Insertion::new(&item.key, entry, policy.keep_of(ttl)));
    }
    let keys: Vec<&Key> = insertions.iter().map(|item| item.key).collect();
    if !insertions.is_empty() {
        match put(core, &groups, insertions).await {
            // A tag was bumped meanwhile: the value is not kept, and what was there is older still.
            Ok(puts) => unusable.extend(
                puts.iter()
                    .zip(keys)
                    .filter(|(put, _)| matches!(put, Put::Outdated | Put::Fenced))
                    .map(|(_, key)| key.clone()),
            ),
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    if !unusable.is_empty() {
        core.store.remove(&core.namespace, &unusable).await?;
    }
    drop(blocks);
    failed.map_or(Ok(()), Err)
}

/// Removes entries. It wins over loads of the keys that are running.
pub(crate) async fn remove(core: &Arc<Core>, keys: &[Key]) -> Result<()> {
    let _noted = core.journal.when_over(keys, &[]);
    let mut blocks = Vec::with_capacity(keys.len());
    for key in keys {
        blocks.push(Block::new(core, key).await);
    }
    let removed = core.store.remove(&core.namespace, keys).await;
    drop(blocks);
    for key in keys {
        core.emit(|| Event::Removed { key });
    }
    removed
}

/// Invalidates everything that carries one of the tags.
pub(crate) async fn invalidate(core: &Arc<Core>, tags: &[Tag], cause: Option<&str>) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    core.count_bumps(tags.len());
    let _noted = core.journal.when_over(&[], tags);
    match core.store.bump(&core.namespace, tags, &[]).await {
        Ok(_) => {
            core.note_bumped(tags, false, |_| Story::act(cause));
            Ok(())
        }
        Err(error) => {
            core.note_bumped(tags, true, |_| Story::act(cause));
            retry::owe(core, Owed::tags(tags), &error);
            Err(error)
        }
    }
}

/// Removes an entry and invalidates everything below its key, and what carries one of the tags
/// `too`. It wins over the loads that run: those of the key are detached, and those below it have
/// recorded the version of the tree before they began.
pub(crate) async fn remove_tree(core: &Arc<Core>, key: &Key, too: &[Tag]) -> Result<()> {
    let tree = Tag::tree(key);
    if let Some(wider) = wider(key, &tree) {
        core.emit(|| Event::Widened {
            what: &wider,
            why: "a key that has more parts carries the tags of the first ones only",
        });
    }
    let mut tags = vec![tree];
    tags.extend_from_slice(too);
    let bump = invalidate(core, &tags, Some("remove_tree"));
    // At the same time: each is right without the other, and both are done when this is.
    let remove = remove(core, std::slice::from_ref(key));
    let (bumped, removed) = futures_util::future::join(bump, remove).await;
    bumped.and(removed)
}

/// What is invalidated, if that is more than what lies below the key.
fn wider(key: &Key, tree: &Tag) -> Option<String> {
    (key.depth() > TREE_DEPTH_MAX).then(|| tree.to_string())
}

/// Bumps what a committed write changed. To be called after the commit was acknowledged.
///
/// The lists of shapes are read after the commit: a read that registered its shape before has its
/// tag bumped, and one that registers later begins its load later, so it sees the commit. They are
/// read twice: by `shapes`, which a store far away may answer from a copy of its own that is old,
/// and by `bump`, which tells the lists as they are after it. A write is one round trip if both
/// agree.
pub(crate) async fn publish(core: &Arc<Core>, changes: &Changes) -> Published {
    if changes.is_empty() {
        return Published::default();
    }
    // If the caller goes away now, all that the write could have changed is bumped behind it.
    let mut debt = Debt {
        core,
        changes,
        tags: changes.coarse_tags(),
    };
    let watch = changes.watched();
    let mut published = Published::default();
    let mut widened = Vec::new();
    let (tags, lists) = match core.store.shapes(&core.namespace, &watch).await {
        Ok(lists) => {
            let (tags, wide) = changes.tags(shapes_of(&watch, &lists));
            widened = wide;
            (tags, lists)
        }
        Err(error) => {
            core.emit(|| Event::StoreFailed { error: &error });
            (changes.coarse_tags(), Vec::new())
        }
    };
    match core.store.bump(&core.namespace, &tags, &watch).await {
        Ok(now) => {
            // What the write has met without knowing it is bumped as well.
            let (all, wide) = changes.tags(shapes_of(&watch, &now));
            widened = wide;
            let bumped: HashSet<&Tag> = tags.iter().collect();
            let new: Vec<Tag> = all
                .into_iter()
                .filter(|tag| !bumped.contains(tag))
                .collect();
            published.tags = tags;
            if !new.is_empty()
                && let Err(error) = core.store.bump(&core.namespace, &new, &[]).await
            {
                published.delayed = true;
                retry::owe(core, Owed::tags(&new), &error);
            }
            published.tags.extend(new);
        }
        Err(error) => {
            published.delayed = true;
            let versions = lists.iter().map(|list| list.version);
            let owed = Owed {
                tags: tags.clone(),
                tables: watch.iter().cloned().zip(versions).collect(),
            };
            retry::owe(core, owed, &error);
            published.tags = tags;
        }
    }
    core.journal.note(&[], &published.tags);
    debt.tags.clear();
    for (table, why) in &widened {
        let (what, why) = (table.to_string(), why.to_string());
        core.emit(|| Event::Widened {
            what: &what,
            why: &why,
        });
    }
    core.count_bumps(published.tags.len());
    let story = |tags: &[Tag]| changes.story(tags);
    core.note_bumped(&published.tags, published.delayed, story);
    let order = |tag: &Tag| (tag.kind(), tag.to_string());
    published.tags.sort_by_cached_key(order);
    published
}

/// The tags of a publication that is on its way.
struct Debt<'a> {
    core: &'a Arc<Core>,
    changes: &'a Changes,
    tags: Vec<Tag>,
}

impl Drop for Debt<'_> {
    fn drop(&mut self) {
        if !self.tags.is_empty() {
            let error = Error::store("the publication was dropped before it had ended");
            let story = |tags: &[Tag]| self.changes.story(tags);
            self.core.note_bumped(&self.tags, true, story);
            retry::owe(self.core, Owed::tags(&self.tags), &error);
        }
    }
}

/// Leaves a publication to the background: for callers who cannot wait.
pub(crate) fn publish_later(core: &Arc<Core>, changes: &Changes, error: &Error) {
    let tags = changes.coarse_tags();
    if !tags.is_empty() {
        core.count_bumps(tags.len());
        core.note_bumped(&tags, true, |tags| changes.story(tags));
        retry::owe(core, Owed::tags(&tags), error);
    }
}

fn shapes_of<'a>(watch: &'a [Tag], lists: &'a [ShapeList]) -> impl Fn(&Tag) -> Arc<[Shape]> + 'a {
    move |table| {
        let at = watch.iter().position(|watched| watched == table);
        at.and_then(|at| lists.get(at))
            .map(|list| list.shapes.clone())
            .unwrap_or_default()
    }
}

/// Marks tags before a commit: these, and those of `perhaps` that somebody reads strictly.
pub(crate) async fn mark(core: &Arc<Core>, tags: &[Tag], perhaps: &[Tag]) -> Result<MarkGuard> {
    let mut all = tags.to_vec();
    let mark = match core.store.marks() {
        Some(marks) => {
            all.extend(marks.standing(&core.namespace, perhaps).await);
            match all.is_empty() {
                true => None,
                false => Some(marks.mark(&core.namespace, &all).await?),
            }
        }
        None if tags.is_empty() => None,
        None => {
            return Err(Error::config(
                "this store keeps no marks: it cannot give linearizable reads",
            ));
        }
    };
    core.journal.note(&[], &all);
    Ok(MarkGuard {
        mark,
        tags: all.into(),
        core: core.clone(),
    })
}
