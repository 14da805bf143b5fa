//! Inserting many values.

use std::collections::HashMap;
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::cache::Cache;
use crate::error::Result;
use crate::key::{IntoKey, Key};
use crate::policy::Policy;
use crate::tag::Tag;
use crate::value::{CacheValue, ValueKind};
use crate::write::{self, NewItem};

/// Insertions to be awaited: see [`Cache::insert_many`].
#[must_use = "an insertion does nothing unless it is awaited"]
pub struct InsertMany<'a, K, T> {
    cache: &'a Cache,
    /// Each value with the tags that are its own.
    values: Vec<(K, T, Vec<Tag>)>,
    policy: Policy,
    tags: Vec<Tag>,
}

impl<'a, K, T> InsertMany<'a, K, T> {
    pub(super) fn new(cache: &'a Cache, values: Vec<(K, T)>) -> Self {
        let values = values.into_iter();
        InsertMany {
            cache,
            values: values
                .map(|(key, value)| (key, value, Vec::new()))
                .collect(),
            policy: *cache.policy(),
            tags: Vec::new(),
        }
    }

    /// How long the entries are fresh.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy = self.policy.ttl(ttl);
        self
    }

    /// All times and rules of the entries.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What all the entries depend on.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }

    /// What each entry depends on beside that.
    pub fn tags_of<I: IntoIterator<Item = Tag>>(mut self, tags: impl Fn(&K, &T) -> I) -> Self {
        for (key, value, own) in &mut self.values {
            own.extend(tags(key, value));
        }
        self
    }
}

impl<K, T> fmt::Debug for InsertMany<'_, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InsertMany")
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl<'a, K: IntoKey, T: CacheValue> IntoFuture for InsertMany<'a, K, T> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        let InsertMany {
            cache,
            values,
            policy,
            tags,
        } = self;
        let core = cache.core();
        // Of values under one key the last one counts.
        let values: HashMap<Key, (T, Vec<Tag>)> = values
            .into_iter()
            .map(|(key, value, own)| (Key::new(key), (value, own)))
            .collect();
        let items: Vec<NewItem<T>> = values
            .into_iter()
            .map(|(key, (value, mut own))| NewItem {
                group: core.groups.of(&key),
                value: Arc::new(value),
                tags: {
                    own.extend(tags.iter().cloned());
                    own
                },
                negative: false,
                key,
            })
            .collect();
        Box::pin(async move {
            policy.check()?;
            write::insert_all(core, items, &policy, ValueKind::serde()).await
        })
    }
}
