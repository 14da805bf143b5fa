//! A handle given out that we do not wrap: what can be seen of it.

use std::sync::{Arc, Weak};

use crate::shared::Shared;
use crate::write::{Intent, Write};

/// Lives as long as the handle and its clones.
pub(super) struct Outside(Weak<Shared>);

impl Outside {
    pub(super) fn new(shared: &Arc<Shared>) -> Outside {
        shared.watch.given_out();
        Outside(Arc::downgrade(shared))
    }

    /// A statement has been run. SeaORM tells of those with parameters, not of text run unprepared,
    /// and not of the ends of transactions: what is done here is a help, not a promise.
    pub(super) fn saw(&self, sql: &str) {
        let Some(shared) = self.0.upgrade() else {
            return;
        };
        let schema = shared.schema();
        match Intent::of(&shared, &schema, sql) {
            Intent::Read | Intent::Transaction(_) => {}
            Intent::Write(planned) => {
                if let Some(write) = Write::new(&shared, &schema, &planned) {
                    shared.cache.publish_now(write.widened());
                }
            }
            Intent::Script(script) => {
                shared.watch.begin();
                shared.cache.publish_now(script.changes);
            }
        }
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.watch.given_back();
        }
    }
}
