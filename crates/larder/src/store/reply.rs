//! A store's answer: there already, or on its way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

/// A store's answer: there already, or on its way. A store in memory is always ready, so that a
/// hit allocates nothing and never waits.
#[must_use = "a reply does nothing unless it is awaited"]
pub enum Reply<'a, T> {
    /// The answer.
    Ready(T),
    /// The answer on its way.
    Pending(BoxFuture<'a, T>),
    /// The answer was there and has been taken.
    #[doc(hidden)]
    Taken,
}

impl<'a, T> Reply<'a, T> {
    /// The answer, if it is there.
    ///
    /// # Errors
    ///
    /// The reply itself, if the answer is on its way.
    pub fn now(self) -> std::result::Result<T, Self> {
        match self {
            Reply::Ready(answer) => Ok(answer),
            pending => Err(pending),
        }
    }

    /// The answer turned into another.
    pub fn map<U>(self, map: impl FnOnce(T) -> U + Send + 'a) -> Reply<'a, U>
    where
        T: Send + 'a,
    {
        match self {
            Reply::Ready(answer) => Reply::Ready(map(answer)),
            Reply::Pending(future) => Reply::Pending(Box::pin(async move { map(future.await) })),
            Reply::Taken => Reply::Taken,
        }
    }
}

// The answer is not pinned itself: a ready one is moved out.
impl<T> Unpin for Reply<'_, T> {}

impl<T> Future for Reply<'_, T> {
    type Output = T;

    /// # Panics
    ///
    /// If polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if let Reply::Pending(future) = &mut *self {
            return future.as_mut().poll(context);
        }
        match std::mem::replace(&mut *self, Reply::Taken) {
            Reply::Ready(answer) => Poll::Ready(answer),
            _ => panic!("a reply was polled after it was ready"),
        }
    }
}
