//! Marks: a writer's notes on tags that it is about to commit.

use std::fmt;

use futures_util::future::BoxFuture;

use super::{Reply, Versions};
use crate::error::Result;
use crate::namespace::Namespace;
use crate::tag::Tag;

/// Marks: a writer's notes on tags that it is about to commit.
///
/// While a tag is marked, every look-up of an entry that carries it reports
/// [`TagState::Marked`](crate::TagState::Marked) or [`TagState::Changed`](crate::TagState::Changed),
/// and versions prepared under it are never current.
pub trait Marks: Send + Sync {
    /// Marks the tags until the mark is dropped.
    fn mark<'a>(&'a self, namespace: &'a Namespace, tags: &'a [Tag]) -> Reply<'a, Result<Mark>>;

    /// Lets entries depend on the new guards among these versions. To be called when every writer
    /// that was about to commit when the versions were prepared has ended: the guard was not there
    /// for it to mark, or its mark was lost with the guard. Whether all of them are confirmed and as
    /// they were prepared.
    ///
    /// A store that never loses a mark has no new guards.
    fn confirm<'a>(
        &'a self,
        _namespace: &'a Namespace,
        _versions: &'a Versions,
    ) -> Reply<'a, Result<bool>> {
        Reply::Ready(Ok(true))
    }

    /// Which of these guards stand: somebody reads strictly what they guard, so that a writer who was
    /// not told to be strict has to mark them too. To be asked between a writer's first change and
    /// its commit. What cannot be told does not stand, unless it did when it was last told.
    ///
    /// A store that is asked at no cost may say that all of them do.
    fn standing<'a>(&'a self, _namespace: &'a Namespace, guards: &'a [Tag]) -> Reply<'a, Vec<Tag>> {
        Reply::Ready(guards.to_vec())
    }

    /// Whether the new guards among these versions are old enough to be
    /// [confirmed](Self::confirm): every writer who [believes](Self::standing) that they do not stand
    /// has asked by now, and was inside its transaction then.
    fn are_ripe(&self, _versions: &Versions) -> bool {
        true
    }
}

/// Tags marked in a store. Dropping it takes the mark away, with a store far away a moment later.
#[must_use = "a dropped mark is no mark"]
pub struct Mark(Box<dyn Marked>);

/// What a store holds for a [`Mark`]. Dropping it takes the mark away.
pub trait Marked: Send + Sync {
    /// Takes the mark away, and waits until it is.
    fn release(self: Box<Self>) -> BoxFuture<'static, ()>;

    /// Leaves the mark standing: it ends as one whose writer has died, and takes along what
    /// depends on its tags. A store that never loses its writers keeps it for ever.
    fn abandon(self: Box<Self>);
}

impl Mark {
    /// A mark that lasts until `held` is dropped.
    pub fn new(held: impl Marked + 'static) -> Mark {
        Mark(Box::new(held))
    }

    /// Takes the mark away, and waits until it is.
    pub async fn release(self) {
        self.0.release().await;
    }

    /// Leaves the mark standing, because what its writer has changed could not be announced: it ends
    /// as one whose writer has died, and takes along what depends on its tags.
    pub fn abandon(self) {
        self.0.abandon();
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mark")
    }
}
