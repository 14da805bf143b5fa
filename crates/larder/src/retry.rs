//! Delivers bumps that failed, until the store has acknowledged them.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::cache::{Core, State};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::tag::Tag;
use crate::undelivered::{Batch, Owed};

/// The first pause before a failed bump is tried again. Each further one is twice as long.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);

/// The longest pause: a store that is back learns within this time what it has missed.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(2);

/// Takes in bumps that failed. They are tried again in the background, and nothing that carries
/// one of the tags is served or stored by this process until they have arrived.
pub(crate) fn owe(core: &Arc<Core>, owed: Owed, error: &Error) {
    if core.state() == State::Closed {
        // Nobody tries again, and nothing is served any more.
        let tags = &owed.tags;
        return core.emit(|| Event::BumpLost { tags, error });
    }
    core.emit(|| Event::BumpDelayed {
        tags: &owed.tags,
        error,
    });
    core.undelivered.add(owed);
    kick(core);
}

/// Sees to it that a task delivers what waits, if this is within a runtime. What was taken in
/// outside one is delivered when the next caller within one comes by.
pub(crate) fn kick(core: &Arc<Core>) {
    if core.undelivered.is_empty() {
        return;
    }
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    if core.undelivered.claim() {
        runtime.spawn(Delivery(core.clone()).run());
    }
}

/// The right to deliver. Dropped in whatever way, it lets another task have it.
struct Delivery(Arc<Core>);

impl Drop for Delivery {
    fn drop(&mut self) {
        self.0.undelivered.unclaim();
    }
}

impl Delivery {
    async fn run(self) {
        let core = &self.0;
        let mut pause = RETRY_PAUSE_MIN;
        while !core.undelivered.is_empty() {
            // Half of it at least: processes that lost the same store do not come back as one.
            tokio::time::sleep(pause.mul_f64(0.5 + core.chance() / 2.0)).await;
            // A cache that was closed has said what is lost.
            if core.state() == State::Closed {
                return;
            }
            match deliver(core).await {
                Ok(()) => pause = RETRY_PAUSE_MIN,
                Err(_) => pause = (pause * 2).min(RETRY_PAUSE_MAX),
            }
        }
        let core = core.clone();
        drop(self);
        // What came between the last look at the queue and now found a task that was at its end.
        kick(&core);
    }
}

/// Tries once to deliver all that waits.
async fn deliver(core: &Core) -> Result<()> {
    let batch = core.undelivered.batch();
    let lists = core
        .store
        .bump(&core.namespace, &batch.tags, &batch.tables)
        .await?;
    // Where the list of shapes is another than the one by which the tags were found, it may hold
    // shapes that the write changed too: the table's tag covers them all.
    let widened: Vec<Tag> = batch
        .tables
        .iter()
        .enumerate()
        .filter(|(at, _)| {
            !lists
                .get(*at)
                .is_some_and(|list| batch.knows(*at, list.version))
        })
        .map(|(_, table)| table.clone())
        .collect();
    if !widened.is_empty() {
        core.store.bump(&core.namespace, &widened, &[]).await?;
    }
    core.undelivered.settle(&batch);
    told(core, batch, widened);
    Ok(())
}

fn told(core: &Core, batch: Batch, widened: Vec<Tag>) {
    core.count_bumps(widened.len());
    core.emit(|| Event::BumpDelivered { tags: &batch.tags });
    if !widened.is_empty() {
        core.emit(|| Event::Invalidated {
            cause: Some("the shapes of the table had changed when the bump was delivered"),
            tags: &widened,
        });
    }
}

/// The last try, when the cache is closed.
///
/// # Errors
///
/// What waits is lost.
pub(crate) async fn deliver_or_lose(core: &Core) -> Result<()> {
    if core.undelivered.is_empty() {
        return Ok(());
    }
    let Err(error) = deliver(core).await else {
        return Ok(());
    };
    let lost = core.undelivered.batch();
    core.undelivered.abandon_marks();
    core.emit(|| Event::BumpLost {
        tags: &lost.tags,
        error: &error,
    });
    Err(Error::store(format!(
        "{} tags of writes could not be bumped before the cache was closed ({error}): other \
         processes may serve what carries them until its ttl ends; invalidate or clear once the \
         store is back",
        lost.tags.len() + lost.tables.len()
    )))
}
