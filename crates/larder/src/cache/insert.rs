//! Inserting.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{AnyKey, Cache};
use crate::error::Result;
use crate::mode::{Local, Mode, Serde};
use crate::policy::Policy;
use crate::tag::Tag;
use crate::value::ValueKind;
use crate::write::{self, NewItem};

/// An insertion to be awaited: see [`Cache::insert`].
#[must_use = "an insertion does nothing unless it is awaited"]
pub struct Insert<'a, T, M = Serde> {
    cache: &'a Cache,
    key: AnyKey<'a>,
    value: T,
    policy: Policy,
    tags: Vec<Tag>,
    weigh: Option<fn(&T) -> usize>,
    mode: PhantomData<fn() -> M>,
}

impl<'a, T> Insert<'a, T> {
    pub(super) fn new(cache: &'a Cache, key: AnyKey<'a>, value: T) -> Self {
        Insert {
            cache,
            key,
            value,
            policy: *cache.policy(),
            tags: Vec::new(),
            weigh: None,
            mode: PhantomData,
        }
    }

    /// For a type without serde.
    pub fn local(self) -> Insert<'a, T, Local> {
        Insert {
            cache: self.cache,
            key: self.key,
            value: self.value,
            policy: self.policy,
            tags: self.tags,
            weigh: self.weigh,
            mode: PhantomData,
        }
    }
}

impl<T, M> Insert<'_, T, M> {
    /// How long the entry is fresh.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.policy = self.policy.ttl(ttl);
        self
    }

    /// All times and rules of the entry.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What the entry depends on.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }

    /// How the value is weighed: its bytes, with what it owns.
    pub fn weigh(mut self, weigh: fn(&T) -> usize) -> Self {
        self.weigh = Some(weigh);
        self
    }
}

impl<T, M> fmt::Debug for Insert<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insert")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<'a, T: Send + Sync + 'static, M: Mode<T>> IntoFuture for Insert<'a, T, M> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'a, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        self.by(M::kind())
    }
}

impl<'a, T: Send + Sync + 'static, M> Insert<'a, T, M> {
    /// The insertion, of a value of this kind.
    pub(crate) fn by(self, kind: ValueKind<T>) -> BoxFuture<'a, Result<()>> {
        let kind = self.weigh.map_or(kind, |weigh| kind.weigh(weigh));
        let Insert {
            cache,
            key,
            value,
            policy,
            tags,
            ..
        } = self;
        Box::pin(async move {
            policy.check()?;
            let item = NewItem {
                group: cache.core().groups.of(&key),
                key: key.into_owned(),
                value: Arc::new(value),
                tags,
                negative: false,
            };
            write::insert_all(cache.core(), vec![item], &policy, kind).await
        })
    }
}
