//! Looking for many keys.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::cache::Cache;
use crate::error::Result;
use crate::key::Key;
use crate::many;
use crate::tag::Tag;
use crate::value::{CacheValue, ValueKind};

/// Look-ups to be awaited: see [`Cache::get_many`].
#[must_use = "a look-up does nothing unless it is awaited"]
pub struct GetMany<'a, T> {
    cache: &'a Cache,
    keys: Vec<Key>,
    tags: Vec<Tag>,
    values: PhantomData<fn() -> T>,
}

impl<'a, T> GetMany<'a, T> {
    pub(super) fn new(cache: &'a Cache, keys: Vec<Key>) -> Self {
        GetMany {
            cache,
            keys,
            tags: Vec::new(),
            values: PhantomData,
        }
    }

    /// What the entries are known to depend on. It changes no answer: a store far away fetches the
    /// versions of these tags together with the entries, and needs a second round trip for others.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }
}

impl<T> fmt::Debug for GetMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetMany")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

impl<'a, T: CacheValue> IntoFuture for GetMany<'a, T> {
    type Output = Result<Vec<Option<Arc<T>>>>;
    type IntoFuture = BoxFuture<'a, Result<Vec<Option<Arc<T>>>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let core = self.cache.core();
            Ok(many::get(core, &self.keys, &self.tags, ValueKind::serde()).await)
        })
    }
}
