//! Looking for many keys, else loading.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::hash::Hash;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::cache::Cache;
use crate::error::LoadError;
use crate::key::IntoKey;
use crate::many::{self, Plan, TagsOf, Wants};
use crate::policy::Policy;
use crate::tag::Tag;
use crate::value::{CacheValue, ValueKind};

/// A read of many keys through the cache to be awaited: see [`Cache::get_or_load_many`].
#[must_use = "a read does nothing unless it is awaited"]
pub struct GetOrLoadMany<'a, K, T, E, L, F, V> {
    cache: &'a Cache,
    keys: Vec<K>,
    load: L,
    policy: Policy,
    tags: Vec<Tag>,
    tags_of: Option<Box<TagsOf<'a, K>>>,
    answers: Mention<(T, E, F, V)>,
}

/// Types that a call is about and holds no value of.
type Mention<T> = PhantomData<fn() -> T>;

impl<'a, K, T, E, L, F, V> GetOrLoadMany<'a, K, T, E, L, F, V> {
    pub(super) fn new(cache: &'a Cache, keys: Vec<K>, load: L) -> Self {
        GetOrLoadMany {
            cache,
            keys,
            load,
            policy: *cache.policy(),
            tags: Vec::new(),
            tags_of: None,
            answers: PhantomData,
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

    /// What each entry depends on beside that. Asked only about what is missing, or where the
    /// store needs the tags to look.
    pub fn tags_of<I: IntoIterator<Item = Tag>>(
        mut self,
        tags: impl Fn(&K) -> I + Send + Sync + 'a,
    ) -> Self {
        self.tags_of = Some(Box::new(move |key| tags(key).into_iter().collect()));
        self
    }

    /// How long this caller waits. The loads go on.
    pub fn wait_timeout(mut self, limit: Duration) -> Self {
        self.policy = self.policy.wait_timeout(limit);
        self
    }
}

impl<K, T, E, L, F, V> fmt::Debug for GetOrLoadMany<'_, K, T, E, L, F, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrLoadMany")
            .field("keys", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl<'a, K, T, E, L, F, V> IntoFuture for GetOrLoadMany<'a, K, T, E, L, F, V>
where
    K: IntoKey + Clone + Hash + Eq + Send + Sync + 'static,
    T: CacheValue,
    E: Send + Sync + 'static,
    L: FnOnce(Vec<K>) -> F + Clone + Send + 'static,
    F: Future<Output = Result<V, E>> + Send + 'static,
    V: IntoIterator<Item = (K, T)> + Send + 'static,
{
    type Output = Result<HashMap<K, Arc<T>>, LoadError<E>>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let GetOrLoadMany {
            cache,
            keys,
            load,
            policy,
            tags,
            tags_of,
            ..
        } = self;
        let plan = Plan {
            policy,
            wants: Wants::Tags {
                all: tags,
                of: tags_of,
            },
            group: None,
            negative: None,
        };
        let kind = ValueKind::serde();
        Box::pin(many::get_or_load(cache.core(), keys, plan, kind, load))
    }
}
