//! The write path: inserting, removing, invalidating, publishing what a commit changed.

use std::collections::HashSet;
use std::sync::Arc;

use crate::cache::{Core, State};
use crate::change::Changes;
use crate::counters::Group;
use crate::entry::{Entry, NewEntry};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::flight::Block;
use crate::key::Key;
use crate::load::put;
use crate::policy::Policy;
use crate::read::expand;
use crate::shape::{Shape, ShapeList};
use crate::store::{Mark, Put, Want};
use crate::tag::Tag;
use crate::value::ValueKind;

/// What a publication did.
#[derive(Clone, Debug, Default)]
pub struct Published {
    /// All tags that were bumped, in a readable order.
    pub tags: Vec<Tag>,
    /// Whether some could not be bumped: entries that carry them may be stale until their ttl ends.
    pub delayed: bool,
}

/// Tags that a writer has marked before its commit. While it lives, entries that carry one of them
/// are neither served nor stored; drop it after the publication.
#[derive(Debug)]
#[must_use = "a dropped mark is no mark"]
pub struct MarkGuard {
    _mark: Option<Mark>,
}

impl MarkGuard {
    pub(crate) fn new(mark: Option<Mark>) -> MarkGuard {
        MarkGuard { _mark: mark }
    }

    /// Takes the marks away: the same as dropping it, in a word.
    pub fn release(self) {}
}

/// Stores a value that the caller has. It wins over loads of the key that are running.
pub(crate) async fn insert<T: Send + Sync + 'static>(
    core: &Arc<Core>,
    key: &Key,
    value: Arc<T>,
    wants: Vec<Want>,
    policy: &Policy,
    kind: ValueKind<T>,
    group: Arc<Group>,
) -> Result<()> {
    let block = Block::new(core, key).await;
    let stored = async {
        if core.state() != State::Open {
            // What is there would come back, older than this value, when the cache is on again.
            return core
                .store
                .remove(&core.namespace, std::slice::from_ref(key))
                .await;
        }
        let versions = core.store.prepare(&core.namespace, &expand(wants)).await?;
        if versions.is_marked() {
            return core
                .store
                .remove(&core.namespace, std::slice::from_ref(key))
                .await;
        }
        let ttl = policy.ttl_of(false, core.chance());
        let entry = Entry::new(NewEntry {
            weight: kind.weight(&value),
            value: kind.wrap(value, core.codec),
            versions,
            written_at: core.clock.now(),
            ttl,
            group: Some(group.clone()),
            origin: None,
        });
        match put(core, &group, key, entry, policy.keep_of(ttl)).await? {
            // A tag was bumped meanwhile: the value is not kept, and what was there is older still.
            Put::Outdated | Put::Fenced => {
                core.store
                    .remove(&core.namespace, std::slice::from_ref(key))
                    .await
            }
            _ => Ok(()),
        }
    }
    .await;
    drop(block);
    stored
}

/// Removes entries. It wins over loads of the keys that are running.
pub(crate) async fn remove(core: &Arc<Core>, keys: &[Key]) -> Result<()> {
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
pub(crate) async fn invalidate(core: &Core, tags: &[Tag], cause: Option<&str>) -> Result<()> {
    if tags.is_empty() {
        return Ok(());
    }
    core.count_bumps(tags.len());
    let bumped = core.store.bump(&core.namespace, tags, &[]).await;
    match &bumped {
        Ok(_) => core.emit(|| Event::Invalidated { cause, tags }),
        Err(error) => core.emit(|| Event::BumpDelayed { tags, error }),
    }
    bumped.map(|_| ())
}

/// Bumps what a committed write changed. To be called after the commit was acknowledged.
///
/// The lists of shapes are read after the commit: a read that registered its shape before has its
/// tag bumped, and one that registers later begins its load later, so it sees the commit.
pub(crate) async fn publish(core: &Core, changes: &Changes) -> Published {
    if changes.is_empty() {
        return Published::default();
    }
    let watch = changes.watched();
    let (mut tags, mut widened, failed) = match core.store.shapes(&core.namespace, &watch).await {
        Ok(lists) => {
            let (tags, widened) = changes.tags(shapes_of(&watch, &lists));
            (tags, widened, None)
        }
        Err(error) => (watch.clone(), Vec::new(), Some(error)),
    };
    let mut delayed = failed.is_some();
    match core.store.bump(&core.namespace, &tags, &watch).await {
        Err(error) => {
            delayed = true;
            core.emit(|| Event::BumpDelayed {
                tags: &tags,
                error: &error,
            });
        }
        Ok(lists) => {
            // A store may answer with lists that grew on the way: what is new is bumped as well.
            let (all, now_widened) = changes.tags(shapes_of(&watch, &lists));
            let bumped: HashSet<&Tag> = tags.iter().collect();
            let new: Vec<Tag> = all
                .into_iter()
                .filter(|tag| !bumped.contains(tag))
                .collect();
            widened = now_widened;
            if !new.is_empty() {
                if let Err(error) = core.store.bump(&core.namespace, &new, &[]).await {
                    delayed = true;
                    core.emit(|| Event::BumpDelayed {
                        tags: &new,
                        error: &error,
                    });
                }
                tags.extend(new);
            }
        }
    }
    if let Some(error) = failed {
        core.emit(|| Event::StoreFailed { error: &error });
    }
    for (table, why) in &widened {
        let (what, why) = (table.to_string(), why.to_string());
        core.emit(|| Event::Widened {
            what: &what,
            why: &why,
        });
    }
    core.count_bumps(tags.len());
    core.emit(|| Event::Invalidated {
        cause: changes.cause_text(),
        tags: &tags,
    });
    tags.sort_by_cached_key(|tag| (tag.kind(), tag.to_string()));
    Published { tags, delayed }
}

fn shapes_of<'a>(watch: &'a [Tag], lists: &'a [ShapeList]) -> impl Fn(&Tag) -> Arc<[Shape]> + 'a {
    move |table| {
        let at = watch.iter().position(|watched| watched == table);
        at.and_then(|at| lists.get(at))
            .map(|list| list.shapes.clone())
            .unwrap_or_default()
    }
}

/// Marks tags before a commit.
pub(crate) async fn mark(core: &Core, tags: &[Tag]) -> Result<MarkGuard> {
    let Some(marks) = core.store.marks() else {
        return Err(Error::config(
            "this store keeps no marks: it cannot give linearizable reads",
        ));
    };
    if tags.is_empty() {
        return Ok(MarkGuard::new(None));
    }
    marks
        .mark(&core.namespace, tags)
        .await
        .map(|mark| MarkGuard::new(Some(mark)))
}
