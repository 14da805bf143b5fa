//! The promise that what a write changed is announced.

use std::sync::Arc;

use larder::adapter::Changes;

use crate::shared::Shared;

/// What becomes of a write's changes. Dropped before [`publish`](Fate::publish), by an error or a
/// panic on the way, it publishes all that the write could have changed.
pub(crate) struct Fate<'a> {
    shared: &'a Arc<Shared>,
    changes: Option<Changes>,
}

impl<'a> Fate<'a> {
    pub(crate) fn new(shared: &'a Arc<Shared>, widened: Changes) -> Fate<'a> {
        Fate {
            shared,
            changes: Some(widened),
        }
    }

    pub(crate) fn changes(&self) -> &Changes {
        self.changes
            .as_ref()
            .expect("changes are there until they are published")
    }

    /// The outcome is known: these are the changes.
    pub(crate) fn settle(&mut self, changes: Changes) {
        self.changes = Some(changes);
    }

    pub(crate) async fn publish(mut self) {
        if let Some(changes) = self.changes.clone() {
            self.shared.publish(changes).await;
            self.changes = None;
        }
    }
}

impl Drop for Fate<'_> {
    fn drop(&mut self) {
        if let Some(changes) = self.changes.take() {
            self.shared.cache.publish_now(changes);
        }
    }
}
