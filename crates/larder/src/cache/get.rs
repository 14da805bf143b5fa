//! Looking.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::{AnyKey, Cache};
use crate::error::Result;
use crate::mode::{Local, Mode, Serde};
use crate::read::{self, Ask, GroupOf};
use crate::store::Want;
use crate::tag::Tag;
use crate::value::ValueKind;

/// A look-up to be awaited: see [`Cache::get`].
#[must_use = "a look-up does nothing unless it is awaited"]
pub struct Get<'a, T, M = Serde> {
    cache: &'a Cache,
    key: AnyKey<'a>,
    tags: Vec<Tag>,
    mode: PhantomData<fn() -> (T, M)>,
}

impl<'a, T> Get<'a, T> {
    pub(super) fn new(cache: &'a Cache, key: AnyKey<'a>) -> Self {
        Get {
            cache,
            key,
            tags: Vec::new(),
            mode: PhantomData,
        }
    }

    /// For a type without serde.
    pub fn local(self) -> Get<'a, T, Local> {
        Get {
            cache: self.cache,
            key: self.key,
            tags: self.tags,
            mode: PhantomData,
        }
    }
}

impl<'a, T, M> Get<'a, T, M> {
    /// The look-up, for values of this kind.
    pub(crate) fn by(self, kind: ValueKind<T>) -> Getting<'a, T> {
        Getting {
            start: Some((self.cache, self.key, self.tags, kind)),
            running: None,
        }
    }

    /// What the entry is known to depend on. It changes no answer: a store far away fetches the
    /// versions of these tags together with the entry, and needs a second round trip for others.
    pub fn tags(mut self, tags: impl IntoIterator<Item = Tag>) -> Self {
        self.tags.extend(tags);
        self
    }
}

impl<T, M> fmt::Debug for Get<'_, T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl<'a, T: Send + Sync + 'static, M: Mode<T>> IntoFuture for Get<'a, T, M> {
    type Output = Result<Option<Arc<T>>>;
    type IntoFuture = Getting<'a, T>;

    fn into_future(self) -> Getting<'a, T> {
        self.by(M::kind())
    }
}

/// A look-up on its way.
#[must_use = "a look-up does nothing unless it is awaited"]
pub struct Getting<'a, T> {
    start: Option<(&'a Cache, AnyKey<'a>, Vec<Tag>, ValueKind<T>)>,
    running: Option<BoxFuture<'a, Option<Arc<T>>>>,
}

impl<T> fmt::Debug for Getting<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Getting")
            .field("started", &self.start.is_none())
            .finish_non_exhaustive()
    }
}

impl<T> Unpin for Getting<'_, T> {}

impl<T: Send + Sync + 'static> Getting<'_, T> {
    /// A hit, if the look-up has not begun and the store has the entry at hand.
    ///
    /// It leaves the parts where they are: moving a key costs more than it seems.
    pub(super) fn hit_now(&mut self) -> Option<Arc<T>> {
        let (cache, key, _, kind) = self.start.as_ref()?;
        let hit = read::hit_now(cache.core(), &ask(cache, key, &Vec::new, *kind))?;
        self.start = None;
        Some(hit.value)
    }
}

impl<T: Send + Sync + 'static> Future for Getting<'_, T> {
    type Output = Result<Option<Arc<T>>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The look-up begins here rather than where the future was made: a write that returned in
        // between must be seen.
        if let Some(value) = self.hit_now() {
            return Poll::Ready(Ok(Some(value)));
        }
        if let Some((cache, key, tags, kind)) = self.start.take() {
            self.running = Some(Box::pin(async move {
                let wants = || read::wants_of(&key, &tags);
                read::look_only(cache.core(), &ask(cache, &key, &wants, kind))
                    .await
                    .map(|hit| hit.value)
            }));
        }
        match &mut self.running {
            Some(running) => running.as_mut().poll(context).map(Ok),
            None => panic!("a look-up was polled after it was ready"),
        }
    }
}

fn ask<'a, T>(
    cache: &'a Cache,
    key: &'a AnyKey<'_>,
    wants: &'a (dyn Fn() -> Vec<Want> + Send + Sync),
    kind: ValueKind<T>,
) -> Ask<'a, T> {
    Ask {
        key,
        wants,
        group: GroupOf::Key,
        policy: cache.policy(),
        kind,
        negative: None,
        refused: None,
        unanswered: None,
    }
}
