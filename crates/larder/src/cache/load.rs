//! Looking, else loading.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::{AnyKey, Cache};
use crate::error::LoadError;
use crate::mode::{Local, Mode, Serde};
use crate::policy::Policy;
use crate::read::{self, Ask, GroupOf};
use crate::tag::Tag;
use crate::value::ValueKind;

/// A read through the cache to be awaited: see [`Cache::get_or_load`].
#[must_use = "a read does nothing unless it is awaited"]
pub struct GetOrLoad<'a, T, E, L, F, M = Serde> {
    parts: Parts<'a, T, L>,
    mode: Mention<(E, F, M)>,
}

/// Types that a call is about and holds no value of.
type Mention<T> = PhantomData<fn() -> T>;

struct Parts<'a, T, L> {
    cache: &'a Cache,
    key: AnyKey<'a>,
    load: L,
    policy: Policy,
    tags: Vec<Tag>,
    group: Option<&'a str>,
    negative: Option<fn(&T) -> bool>,
    weigh: Option<fn(&T) -> usize>,
}

impl<'a, T, E, L, F> GetOrLoad<'a, T, E, L, F> {
    pub(super) fn new(cache: &'a Cache, key: AnyKey<'a>, load: L) -> Self {
        let parts = Parts {
            cache,
            key,
            load,
            policy: *cache.policy(),
            tags: Vec::new(),
            group: None,
            negative: None,
            weigh: None,
        };
        GetOrLoad {
            parts,
            mode: PhantomData,
        }
    }

    /// For a type without serde.
    pub fn local(self) -> GetOrLoad<'a, T, E, L, F, Local> {
        GetOrLoad {
            parts: self.parts,
            mode: PhantomData,
        }
    }
}

impl<'a, T, E, L, F, M> GetOrLoad<'a, T, E, L, F, M> {
    /// How long the entry is fresh.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.parts.policy = self.parts.policy.ttl(ttl);
        self
    }

    /// All times and rules of the entry.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.parts.policy = policy;
        self
    }

    /// What the entry depends on.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.parts.tags.extend(tags);
        self
    }

    /// Where the read is counted; under the key's first text if not set.
    pub fn group(mut self, name: &'a str) -> Self {
        self.parts.group = Some(name);
        self
    }

    /// Which values say that there is nothing: they live by [`Policy::negative_ttl`].
    pub fn negative_if(mut self, negative: fn(&T) -> bool) -> Self {
        self.parts.negative = Some(negative);
        self
    }

    /// How long this caller waits. The load goes on.
    pub fn wait_timeout(mut self, limit: Duration) -> Self {
        self.parts.policy = self.parts.policy.wait_timeout(limit);
        self
    }

    /// How the value is weighed: its bytes, with what it owns.
    pub fn weigh(mut self, weigh: fn(&T) -> usize) -> Self {
        self.parts.weigh = Some(weigh);
        self
    }
}

impl<T, E, L, F, M> fmt::Debug for GetOrLoad<'_, T, E, L, F, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrLoad")
            .field("key", &self.parts.key)
            .finish_non_exhaustive()
    }
}

impl<'a, T: Send + Sync + 'static, E, L, F, M> GetOrLoad<'a, T, E, L, F, M> {
    /// The read, for values of this kind.
    pub(crate) fn by(self, kind: ValueKind<T>) -> Loading<'a, T, E, L, F> {
        let kind = self.parts.weigh.map_or(kind, |weigh| kind.weigh(weigh));
        Loading {
            start: Some((self.parts, kind)),
            running: None,
            load: PhantomData,
        }
    }
}

impl<'a, T, E, L, F, M> IntoFuture for GetOrLoad<'a, T, E, L, F, M>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
    M: Mode<T>,
{
    type Output = Result<Arc<T>, LoadError<E>>;
    type IntoFuture = Loading<'a, T, E, L, F>;

    fn into_future(self) -> Self::IntoFuture {
        self.by(M::kind())
    }
}

/// A read through the cache on its way.
#[must_use = "a read does nothing unless it is awaited"]
pub struct Loading<'a, T, E, L, F> {
    start: Option<(Parts<'a, T, L>, ValueKind<T>)>,
    running: Option<BoxFuture<'a, Result<Arc<T>, LoadError<E>>>>,
    load: PhantomData<fn() -> F>,
}

impl<T, E, L, F> fmt::Debug for Loading<'_, T, E, L, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading")
            .field("started", &self.start.is_none())
            .finish_non_exhaustive()
    }
}

// Nothing inside is pinned in place: the parts are moved out, the running future is boxed.
impl<T, E, L, F> Unpin for Loading<'_, T, E, L, F> {}

impl<T: Send + Sync + 'static, E, L, F> Loading<'_, T, E, L, F> {
    /// A hit, if the read has not begun and the store has the entry at hand.
    ///
    /// It leaves the parts where they are: moving a key costs more than it seems.
    pub(super) fn hit_now(&mut self) -> Option<Arc<T>> {
        let (parts, kind) = self.start.as_ref()?;
        let value = parts.hit_now(*kind)?;
        self.start = None;
        Some(value)
    }
}

impl<'a, T, E, L, F> Future for Loading<'a, T, E, L, F>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    type Output = Result<Arc<T>, LoadError<E>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The look-up begins here rather than where the future was made: a write that returned in
        // between must be seen.
        if let Some(value) = self.hit_now() {
            return Poll::Ready(Ok(value));
        }
        if let Some((parts, kind)) = self.start.take() {
            self.running = Some(Box::pin(parts.read_through(kind)));
        }
        match &mut self.running {
            Some(running) => running.as_mut().poll(context),
            None => panic!("a read was polled after it was ready"),
        }
    }
}

impl<T: Send + Sync + 'static, L> Parts<'_, T, L> {
    fn hit_now(&self, kind: ValueKind<T>) -> Option<Arc<T>> {
        let (key, tags) = (&*self.key, &self.tags);
        let wants = || read::wants_of(key, tags);
        let ask = Ask {
            key,
            wants: &wants,
            group: GroupOf::Key,
            policy: &self.policy,
            kind,
            negative: self.negative,
            refused: None,
            unanswered: None,
        };
        read::hit_now(self.cache.core(), &ask).map(|hit| hit.value)
    }

    async fn read_through<E, F>(self, kind: ValueKind<T>) -> Result<Arc<T>, LoadError<E>>
    where
        E: Send + Sync + 'static,
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let (key, tags) = (&*self.key, &self.tags);
        let wants = || read::wants_of(key, tags);
        let ask = Ask {
            key,
            wants: &wants,
            group: self.group.map_or(GroupOf::Key, GroupOf::Named),
            policy: &self.policy,
            kind,
            negative: self.negative,
            refused: None,
            unanswered: None,
        };
        let fetched = read::read_through(self.cache.core(), ask, self.load).await?;
        Ok(fetched.value)
    }
}
