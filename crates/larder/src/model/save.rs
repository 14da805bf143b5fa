//! Saving an object.

use std::fmt;
use std::future::{IntoFuture, ready};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::reference::Slots;
use super::{CacheModel, kind, policy};
use crate::cache::Cache;
use crate::error::Result;
use crate::policy::Policy;

/// An object to be saved: see [`CacheModel::save`].
#[must_use = "nothing is saved unless it is awaited"]
pub struct Save<'a, M> {
    cache: &'a Cache,
    object: &'a M,
    policy: Policy,
}

impl<'a, M: CacheModel> Save<'a, M> {
    pub(super) fn new(cache: &'a Cache, object: &'a M) -> Save<'a, M> {
        Save {
            cache,
            object,
            policy: policy::<M>(cache),
        }
    }

    /// How long it is fresh, whatever the model says. Zero saves nothing that is ever found.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy = self.policy.ttl(ttl);
        self
    }
}

impl<M: CacheModel> fmt::Debug for Save<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Save")
            .field("key", &self.object.key())
            .finish_non_exhaustive()
    }
}

impl<'a, M: CacheModel> IntoFuture for Save<'a, M> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        if let Err(refused) = self.cache.core().models.check::<M>() {
            return Box::pin(ready(Err(refused)));
        }
        // What is stored refers by keys only: an entry in memory must not hold what its references
        // were once loaded to.
        let bare = self.object.with_references(&mut Slots::empty());
        let insert = self.cache.insert(self.object.key(), bare);
        insert.policy(self.policy).by(kind::<M>())
    }
}
