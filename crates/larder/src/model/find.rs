//! Getting one object.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::graph::Graph;
use super::object::Object;
use super::{CacheModel, ModelError};
use crate::cache::Cache;

/// An object on its way: see [`CacheModel::get`].
#[must_use = "a get does nothing unless it is awaited"]
pub struct Find<'a, M: CacheModel> {
    start: Option<(&'a Cache, Object<M>)>,
    running: Option<BoxFuture<'a, Result<Arc<M>, ModelError>>>,
}

impl<'a, M: CacheModel> Find<'a, M> {
    pub(super) fn new(cache: &'a Cache, keys: M::Keys) -> Find<'a, M> {
        Find {
            start: Some((cache, Object::new(keys))),
            running: None,
        }
    }
}

impl<M: CacheModel> fmt::Debug for Find<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Find")
            .field("model", &M::NAME)
            .field("started", &self.start.is_none())
            .finish_non_exhaustive()
    }
}

// Nothing inside is pinned in place: the object is moved out, the running future is boxed.
impl<M: CacheModel> Unpin for Find<'_, M> {}

impl<M: CacheModel> Future for Find<'_, M> {
    type Output = Result<Arc<M>, ModelError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // The look-up begins here rather than where the future was made: a write that returned in
        // between must be seen.
        if let Some((cache, object)) = &self.start
            && let Some(hit) = object.hit_now(cache)
        {
            self.start = None;
            return Poll::Ready(Ok(hit));
        }
        if let Some((cache, object)) = self.start.take() {
            self.running = Some(Box::pin(Graph::one(cache, object)));
        }
        match &mut self.running {
            Some(running) => running.as_mut().poll(context),
            None => panic!("a get was polled after it was ready"),
        }
    }
}
