//! Horizons: how it is known that the writers of a database have ended.
//!
//! Linearizable reads rely on marks: a writer marks a guard before it commits, and takes the mark
//! away after its bump. A store that is not this process's memory may lose a mark before its
//! writer's commit (evicted, restarted, promoted), and with it the guard. Then a guard that is made
//! anew shows no mark, although a commit is about to happen. So a new guard is good for nothing
//! until every writer that could have marked the old one has ended. Only the database can tell when
//! that is; the adapter brings its answer as a [`Horizon`].
//!
//! The rule, and that it is needed, is a row of the protocol's models.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use crate::cache::Core;
use crate::error::Result;
use crate::store::Versions;
use crate::tag::TagKind;

/// What a database knows of its writers.
pub trait Horizon: Send + Sync + 'static {
    /// Waits until every transaction has ended that had written, or begun to commit, when this was
    /// called; true if they have, false if that cannot be told in reasonable time.
    fn writers_ended(&self) -> BoxFuture<'_, bool>;
}

/// The horizons of a cache's databases, by their names.
#[derive(Default)]
pub(crate) struct Horizons(Mutex<HashMap<Box<str>, Arc<dyn Horizon>>>);

impl Horizons {
    pub(crate) fn set(&self, database: &str, horizon: Arc<dyn Horizon>) {
        self.0.lock().insert(database.into(), horizon);
    }

    fn get(&self, database: &str) -> Option<Arc<dyn Horizon>> {
        self.0.lock().get(database).cloned()
    }
}

/// The versions with their new guards confirmed; nothing if they cannot be, and nothing may be
/// stored under them.
pub(crate) async fn confirmed(core: &Core, versions: Versions) -> Result<Option<Versions>> {
    if !versions.is_unconfirmed() {
        return Ok(Some(versions));
    }
    let Some(marks) = core.store.marks() else {
        return Ok(None);
    };
    let mut databases: Vec<Box<str>> = Vec::new();
    for tag in versions.tags() {
        if tag.kind() != TagKind::Guard {
            continue;
        }
        let guarded = tag.guarded();
        let name = guarded.as_ref().and_then(|tag| tag.database());
        let name: Box<str> = name.unwrap_or_default().into();
        if !databases.contains(&name) {
            databases.push(name);
        }
    }
    for database in databases {
        match core.horizons.get(&database) {
            Some(horizon) if horizon.writers_ended().await => {}
            _ => return Ok(None),
        }
    }
    let confirmed = marks.confirm(&core.namespace, &versions).await?;
    Ok(confirmed.then(|| versions.confirmed()))
}
