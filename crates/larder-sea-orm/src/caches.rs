//! The caches of one connection: its own, and those that entities were given.

use std::ops::Deref;
use std::sync::Arc;

use futures_util::future::{join_all, try_join_all};
use larder::adapter::{Changes, Horizon, MarkGuard};
use larder::{Cache, Result, ShapeList, Tag};

/// The connection's own cache, which is what it derefs to, and others in which rows of some entities
/// are kept.
///
/// Reads go to one of them. What concerns writes is done here, and in all: a write does not know
/// where its rows are kept, and a row of one entity may be joined into the answers of another.
pub(crate) struct Caches {
    own: Cache,
    /// Each once, without `own`.
    others: Vec<Cache>,
}

impl Deref for Caches {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        &self.own
    }
}

impl Caches {
    pub(crate) fn new(own: Cache, more: impl IntoIterator<Item = Cache>) -> Caches {
        let mut others: Vec<Cache> = Vec::new();
        for cache in more {
            if !cache.is_same(&own) && !others.iter().any(|other| cache.is_same(other)) {
                others.push(cache);
            }
        }
        Caches { own, others }
    }

    fn all(&self) -> impl Iterator<Item = &Cache> {
        std::iter::once(&self.own).chain(&self.others)
    }

    /// Whether any of them is shared with other processes.
    pub(crate) fn any_is_remote(&self) -> bool {
        self.all().any(Cache::is_remote)
    }

    /// Whether reads from each of them can be linearizable.
    pub(crate) fn can_all_be_strict(&self) -> bool {
        self.all().all(Cache::can_be_strict)
    }

    pub(crate) fn set_horizon(&self, database: &str, horizon: &Arc<dyn Horizon>) {
        for cache in self.all() {
            cache.set_horizon(database, horizon.clone());
        }
    }

    /// The shapes in use on these tables in any of them: a list for each table and cache.
    pub(crate) async fn shapes(&self, tables: &[Tag]) -> Result<Vec<ShapeList>> {
        let lists = try_join_all(self.all().map(|cache| cache.shapes(tables))).await?;
        Ok(lists.into_iter().flatten().collect())
    }

    /// Bumps in all of them at once; the tags that were bumped in any.
    pub(crate) async fn publish(&self, changes: Changes) -> Vec<Tag> {
        if self.others.is_empty() {
            return self.own.publish(changes).await.tags;
        }
        let published = join_all(self.all().map(|cache| cache.publish(changes.clone()))).await;
        let mut bumped: Vec<Tag> = Vec::new();
        for tag in published.into_iter().flat_map(|published| published.tags) {
            if !bumped.contains(&tag) {
                bumped.push(tag);
            }
        }
        bumped
    }

    /// As [`publish`](Self::publish) where nothing can be awaited.
    pub(crate) fn publish_now(&self, changes: Changes) {
        for cache in &self.others {
            cache.publish_now(changes.clone());
        }
        self.own.publish_now(changes);
    }

    pub(crate) async fn look_for_guards(&self, guards: &[Tag]) {
        join_all(self.all().map(|cache| cache.look_for_guards(guards))).await;
    }

    /// Marks in all of them. If one cannot, the marks in the others go.
    pub(crate) async fn mark(&self, tags: &[Tag], perhaps: &[Tag]) -> Result<Vec<MarkGuard>> {
        // None is left halfway, so that each has a guard which takes its marks away.
        let marked = join_all(self.all().map(|cache| cache.mark(tags, perhaps))).await;
        marked.into_iter().collect()
    }
}
