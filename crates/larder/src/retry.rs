//! Delivers bumps that failed, until the store has acknowledged them.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::cache::{Core, State};
use crate::causes::Story;
use crate::error::{Error, Result};
use crate::event::Event;
use crate::shape::ShapeList;
use crate::tag::Tag;
use crate::undelivered::{Delivered, Owed};

/// The first pause before a failed bump is tried again. Each further one is twice as long.
const RETRY_PAUSE_MIN: Duration = Duration::from_millis(50);

/// The longest pause: a store that is back learns within this time what it has missed.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(2);

/// What is said to have bumped a table whose shapes have changed while a bump waited.
const LATER: &str = "the shapes of the table had changed when the bump was delivered";

/// Takes in bumps that failed. They are tried again in the background, and nothing that carries
/// one of the tags is served or stored by this process until they have arrived.
pub(crate) fn owe(core: &Arc<Core>, owed: Owed, error: &Error) {
    // What carries them is not taken from a scope either; nor is what carries the tables, whose
    // shapes may be others by now.
    let tables = owed.tables.iter().map(|(table, _)| table);
    let changed: Vec<Tag> = owed.tags.iter().chain(tables).cloned().collect();
    // Noted after they are taken in: a look in between would find them neither here nor there.
    let noted = core.journal.when_over(&[], &changed);
    if core.state() == State::Closed {
        // Nobody tries again, and nothing is served any more. It stands here for the marks over it,
        // which must not be taken away as if the bump had arrived.
        core.emit(|| Event::BumpLost {
            tags: &owed.tags,
            error,
        });
        return core.undelivered.add(owed);
    }
    core.emit(|| Event::BumpDelayed {
        tags: &owed.tags,
        error,
    });
    core.undelivered.add(owed);
    drop(noted);
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

/// Tries once to deliver all that waits. What some server does not take goes on waiting; the rest
/// does not, and is not bumped again.
///
/// # Errors
///
/// The first that kept something from being delivered.
async fn deliver(core: &Core) -> Result<()> {
    let batch = core.undelivered.batch();
    let mut delivered = Delivered::default();
    let mut failed: Option<Error> = None;
    let bumped = core.store.bump_each(&core.namespace, &batch.tags).await;
    for (tag, bumped) in batch.tags.iter().zip(bumped) {
        match bumped {
            Ok(()) => delivered.tags.push(tag.clone()),
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    // Where the list of shapes is another than the one by which the tags were found, it may hold
    // shapes that the write changed too: the table's tag covers them all.
    let mut changed: Vec<Tag> = Vec::new();
    let lists = lists_of(core, &batch.tables).await;
    for (at, (table, list)) in batch.tables.iter().zip(lists).enumerate() {
        match list {
            Ok(list) if batch.knows(at, list.version) => delivered.tables.push(table.clone()),
            Ok(_) => changed.push(table.clone()),
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    let mut widened: Vec<Tag> = Vec::new();
    let bumped = core.store.bump_each(&core.namespace, &changed).await;
    for (table, bumped) in changed.into_iter().zip(bumped) {
        match bumped {
            Ok(()) => {
                delivered.tables.push(table.clone());
                widened.push(table);
            }
            Err(error) => drop(failed.get_or_insert(error)),
        }
    }
    core.undelivered.settle(&batch, &delivered);
    told(core, &delivered, widened);
    failed.map_or(Ok(()), Err)
}

/// The lists of these tables as they are now: all at once, or one by one if a server is down.
async fn lists_of(core: &Core, tables: &[Tag]) -> Vec<Result<ShapeList>> {
    let read = async |tables| core.store.bump(&core.namespace, &[], tables).await;
    if let Ok(lists) = read(tables).await {
        return lists.into_iter().map(Ok).collect();
    }
    let mut lists = Vec::with_capacity(tables.len());
    for table in tables {
        let list = read(std::slice::from_ref(table)).await;
        lists.push(list.map(|mut lists| lists.pop().unwrap_or_else(ShapeList::empty)));
    }
    lists
}

fn told(core: &Core, delivered: &Delivered, widened: Vec<Tag>) {
    core.count_bumps(widened.len());
    let tags = &delivered.tags;
    if !tags.is_empty() || !delivered.tables.is_empty() {
        core.emit(|| Event::BumpDelivered { tags });
    }
    if !widened.is_empty() {
        core.note_bumped(&widened, false, |_| Story::act(Some(LATER)));
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
    let tags: Vec<Tag> = lost.tags.iter().chain(&lost.tables).cloned().collect();
    core.emit(|| Event::BumpLost {
        tags: &tags,
        error: &error,
    });
    Err(Error::store(format!(
        "{} tags of writes could not be bumped before the cache was closed ({error}): other \
         processes may serve what carries them until its ttl ends; invalidate or clear once the \
         store is back",
        tags.len()
    )))
}

#[cfg(all(test, any(feature = "redis", feature = "memcached")))]
mod tests {
    use std::sync::atomic::Ordering::SeqCst;

    use super::*;
    use crate::Cache;
    use crate::store::remote::sim::{Server, process};

    #[tokio::test(start_paused = true)]
    async fn what_one_server_does_not_take_is_no_reason_to_repeat_the_others() {
        let servers: Vec<Arc<Server>> = (0..2).map(|_| Arc::default()).collect();
        let store = process(&servers);
        let cache = Cache::builder().store(store).build().expect("valid");
        let waiting = || cache.core().undelivered.batch().tags.len();
        let tags: Vec<Tag> = (0..32).map(|n| Tag::named_parts(("row", n))).collect();
        servers[1].set_down(true);
        let refused = cache.invalidate(tags).await;
        assert!(refused.is_err_and(|error| error.is_store()));
        tokio::time::sleep(Duration::from_secs(5)).await;
        let left = waiting();
        assert!(
            0 < left && left < 32,
            "{left} wait for the server that is down"
        );
        let trips = servers[0].trips.load(SeqCst);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(servers[0].trips.load(SeqCst), trips, "bumped once");
        assert_eq!(waiting(), left);
        servers[1].set_down(false);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(waiting(), 0);
    }
}
