//! News: what a server tells of changes by itself.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::tag::Tag;

/// The news of a store: a server that tells which of its names have changed.
pub trait Push: Send + Sync {
    /// What the server calls a tag.
    fn tag_name(&self, namespace: &Namespace, tag: &Tag) -> Arc<str>;

    /// What the server calls an entry.
    fn entry_name(&self, namespace: &Namespace, key: &Key) -> Arc<str>;

    /// Tells `listener` of every change in the namespace from now on, until it is dropped: the
    /// subscription keeps no more than a weak hold on it.
    ///
    /// # Errors
    ///
    /// The store has no news to give.
    fn subscribe(&self, namespace: &Namespace, listener: Arc<dyn Listener>) -> Result<()>;

    /// How long it takes at most until a connection that brings no news is noticed: after so long
    /// the listener has either heard of a change or been told that the news are
    /// [`lost`](Listener::lost).
    fn delay_max(&self) -> Duration;
}

/// Who hears of changes. Called in the order in which the server told of them.
pub trait Listener: Send + Sync {
    /// The news come from now on: whatever changes after this call is told.
    fn live(&self);

    /// This name has changed, or is gone.
    fn changed(&self, name: &str);

    /// Everything may have changed.
    fn all(&self);

    /// The news come no longer. [`live`](Listener::live) tells when they do again.
    fn lost(&self);
}
