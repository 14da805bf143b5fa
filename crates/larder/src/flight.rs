//! Single-flight: one load for all callers that want the same key at the same time.
//!
//! A *flight* is one running load. Its *leader* is the caller that found none running; the others
//! are *followers*. The load runs on a task of its own, so that nobody who goes away stops it.
//!
//! States of a flight: *preparing* (nothing noted, the load has not begun; maybe it waits for
//! another process), *loading* (noted what the load began under, or that nobody can tell: *blind*),
//! *landed* (its outcome is there for all who joined). Beside that it is *listed* in the table or
//! not, and *attached* (its result may be stored) or not.
//!
//! What can go wrong, and why it does not:
//! - A caller that comes after an invalidation gets an older value: whoever joins a loading flight
//!   checks its versions and its lease first, and lists a flight of its own if they have changed. A
//!   preparing flight may be joined unchecked, because its query begins after the join. A leader
//!   that finds what another process has stored strikes its flight off the table, and looks then.
//! - A store that is down makes as many loads as there are callers: a blind flight is not joined,
//!   but followed by one that all who come meanwhile share, and that begins when it has landed.
//! - A flight that was replaced stores what a removal has removed since, because the removal only
//!   finds the flight that is listed: whoever replaces a flight detaches it.
//! - A value is stored after the key was removed or inserted: `remove` and `insert` list a flight
//!   of their own first (a [`Block`]) and detach the one they found, under its gate; a load stores
//!   its result under the same gate, and only while it is attached.
//! - A waiter waits for ever: [`Lead`] and [`Block`] land their flight when they are dropped, in
//!   whatever way, and tell the waiters to look again.

use std::any::{Any, TypeId};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, watch};

use crate::cache::Core;
use crate::entry::Entry;
use crate::freshness::TagState;
use crate::key::Key;
use crate::lease;
use crate::load::within;
use crate::sync;

pub(crate) mod check;
pub(crate) mod table;

pub(crate) use check::{Check, Noted, Under};
use table::{Entered, Table};

/// How a load ended, for everyone who waited.
#[derive(Clone)]
pub(crate) enum Done {
    /// With this value.
    Loaded(Landed),
    /// Without: another process has loaded this value, and stored it.
    Found(Landed),
    /// A load of many keys knows nothing of this one.
    Nothing,
    /// With this error, an `Arc<E>`.
    Failed(Arc<dyn Any + Send + Sync>),
    /// With a panic that said this.
    Panicked(Arc<str>),
    /// It was given up.
    TimedOut,
    /// It has no outcome: look again.
    Again,
}

/// A value that a load has come to.
#[derive(Clone)]
pub(crate) struct Landed {
    /// An `Arc<T>`.
    value: Arc<dyn Any + Send + Sync>,
    /// Its entry, for the scopes of those who waited. Nothing if it may not be kept.
    entry: Option<Entry>,
}

impl Landed {
    pub(crate) fn new<T: Send + Sync + 'static>(value: Arc<T>, entry: Option<Entry>) -> Landed {
        Landed { value, entry }
    }

    /// The value, if it is of this type, with its entry.
    pub(crate) fn take<T: Send + Sync + 'static>(self) -> Option<(Arc<T>, Option<Entry>)> {
        Some((self.value.downcast().ok()?, self.entry))
    }
}

pub(crate) struct Flight {
    /// The types of value and error; none for a block, which anyone may wait for.
    types: Option<TypeId>,
    /// Set once, before the load begins.
    noted: OnceLock<Noted>,
    /// The outcome. The sender lives as long as the flight.
    done: watch::Sender<Option<Done>>,
    /// Whether the result may be stored. Held while it is being stored.
    attached: Mutex<bool>,
}

impl Flight {
    fn new(types: Option<TypeId>) -> Flight {
        Flight {
            types,
            noted: OnceLock::new(),
            done: watch::Sender::new(None),
            attached: Mutex::new(true),
        }
    }

    /// Waits for the outcome, from now on.
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter(self.done.subscribe())
    }

    /// Whether nobody waits.
    pub(crate) fn is_unwatched(&self) -> bool {
        self.done.receiver_count() == 0
    }

    /// Notes what the load begins under.
    pub(crate) fn note(&self, noted: Noted) {
        // A flight notes once.
        let _ = self.noted.set(noted);
    }

    /// The lock under which the result is stored; it says whether it may be.
    pub(crate) async fn gate(&self) -> tokio::sync::MutexGuard<'_, bool> {
        self.attached.lock().await
    }

    async fn detach(&self) {
        *self.attached.lock().await = false;
    }

    /// Gives its lease back: what it loads is old, and the next load need not wait for it.
    async fn give_way(&self, core: &Core) {
        if let Some(Noted::Under(under)) = self.noted.get()
            && let Some((permit, _)) = &under.lease
        {
            lease::give_back(core, permit).await;
        }
    }
}

/// Someone who waits for a flight's outcome.
pub(crate) struct Waiter(watch::Receiver<Option<Done>>);

impl Waiter {
    /// The outcome.
    ///
    /// # Cancel safety
    ///
    /// Dropping the wait stops nothing.
    pub(crate) async fn done(mut self) -> Done {
        match self.0.wait_for(Option::is_some).await {
            Ok(done) => done.clone().unwrap_or(Done::Again),
            // The flight is gone with its leader, which lands it first.
            Err(_) => Done::Again,
        }
    }
}

/// All flights of a cache, and how many of its tasks run.
pub(crate) struct Flights {
    table: Table<Key, Flight>,
    tasks: sync::AtomicUsize,
    idle: Notify,
}

impl Flights {
    pub(crate) fn new() -> Flights {
        Flights {
            table: Table::new(),
            tasks: sync::AtomicUsize::new(0),
            idle: Notify::new(),
        }
    }

    /// How many keys are being loaded or written.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Waits until no task runs.
    pub(crate) async fn idle(&self) {
        loop {
            let idle = self.idle.notified();
            tokio::pin!(idle);
            // Listen first, then count: the last task may end in between.
            idle.as_mut().enable();
            if self.tasks.load(sync::Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }
}

/// A running task, counted until it is dropped.
pub(crate) struct Running(Arc<Core>);

impl Running {
    pub(crate) fn new(core: &Arc<Core>) -> Running {
        core.flights.tasks.fetch_add(1, sync::Ordering::SeqCst);
        Running(core.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.flights.tasks.fetch_sub(1, sync::Ordering::SeqCst) == 1 {
            self.0.flights.idle.notify_waiters();
        }
    }
}

/// What a caller does about a key that must be loaded.
#[expect(clippy::large_enum_variant, reason = "lives for one match, on a miss")]
pub(crate) enum Join {
    /// It loads, for all.
    Lead(Lead),
    /// It waits.
    Follow(Waiter),
    /// It loads for itself alone.
    Bypass(&'static str),
}

/// Joins the flight for `key`, or leads a new one.
pub(crate) async fn join(core: &Arc<Core>, key: &Key, types: TypeId) -> Join {
    let new = || Flight::new(Some(types));
    let table = &core.flights.table;
    let mut entered = table.enter(key, new);
    // The flight that was there, if the caller leads one in its place, and whether to wait for it.
    let mut replaced: Option<(Arc<Flight>, Option<Turn>)> = None;
    loop {
        let flight = match entered {
            Entered::Lead(flight) => {
                let mut lead = Lead::new(core, key, flight);
                if let Some((old, turn)) = replaced {
                    // A removal finds only the flight that is listed now.
                    old.detach().await;
                    if turn.is_none() {
                        old.give_way(core).await;
                    }
                    lead.after = turn.map(|turn| (old.waiter(), turn));
                }
                return Join::Lead(lead);
            }
            Entered::Present(flight) => flight,
        };
        if flight.types.is_some_and(|own| own != types) {
            return Join::Bypass("a value of another type is being loaded under this key");
        }
        let turn = match flight.noted.get() {
            None => return Join::Follow(flight.waiter()),
            Some(Noted::Blind { patience }) => Some(Turn {
                patience: *patience,
            }),
            Some(Noted::Under(under)) => match under.state(core).await {
                Ok(TagState::Current) => return Join::Follow(flight.waiter()),
                Ok(TagState::Marked) => return Join::Bypass("a writer is about to commit"),
                // The load that runs may have read what was there before the change, and we came
                // after it. Its waiters came before and may have the older value; we may not.
                Ok(TagState::Changed | TagState::Missing) => None,
                // The same, for all we know. But a store that is down must not make the callers
                // load one beside the other: those who come now share the load after this one.
                Err(_) => Some(Turn { patience: None }),
            },
        };
        entered = table.replace(key, &flight, new);
        replaced = Some((flight, turn));
    }
}

/// How a load waits for the one before it.
struct Turn {
    /// So long at most; to its end if nothing is said.
    patience: Option<Duration>,
}

/// Leads a flight if none is there.
pub(crate) fn try_lead(core: &Arc<Core>, key: &Key, types: TypeId) -> Option<Lead> {
    match core.flights.table.enter(key, || Flight::new(Some(types))) {
        Entered::Lead(flight) => Some(Lead::new(core, key, flight)),
        Entered::Present(_) => None,
    }
}

/// The duty to see a flight through. Dropped before it landed, it tells the waiters to look again.
pub(crate) struct Lead {
    core: Arc<Core>,
    key: Key,
    pub(crate) flight: Arc<Flight>,
    /// The load before this one, which it does not run beside.
    after: Option<(Waiter, Turn)>,
    listed: bool,
}

impl Lead {
    fn new(core: &Arc<Core>, key: &Key, flight: Arc<Flight>) -> Lead {
        Lead {
            core: core.clone(),
            key: key.clone(),
            flight,
            after: None,
            listed: true,
        }
    }

    /// Whether another load comes first.
    pub(crate) fn is_after(&self) -> bool {
        self.after.is_some()
    }

    /// Waits until it is this load's turn.
    pub(crate) async fn turn(&mut self) {
        if let Some((before, turn)) = self.after.take() {
            let _ = within(turn.patience, before.done()).await;
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Strikes the flight off the table: nobody joins any more, and no removal finds it.
    pub(crate) fn leave(&mut self) {
        self.listed = false;
        self.core.flights.table.leave(&self.key, &self.flight);
    }

    /// Whether the leader has not struck it off.
    pub(crate) fn is_listed(&self) -> bool {
        self.listed
    }

    /// Gives the outcome to all who wait.
    pub(crate) fn land(mut self, done: Done) {
        // Leave first: who comes now looks in the store, where the value is already.
        self.leave();
        self.flight.done.send_replace(Some(done));
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.leave();
        self.flight.done.send_if_modified(|done| {
            let open = done.is_none();
            if open {
                *done = Some(Done::Again);
            }
            open
        });
    }
}

/// A writer's claim on a key: while it lasts, whoever misses the key waits and then looks again,
/// and no load that began before stores its result.
pub(crate) struct Block(#[expect(dead_code, reason = "lands its flight when dropped")] Lead);

impl Block {
    pub(crate) async fn new(core: &Arc<Core>, key: &Key) -> Block {
        let (flight, old) = core.flights.table.swap(key, Flight::new(None));
        let block = Block(Lead::new(core, key, flight));
        if let Some(old) = old {
            // A load that holds the gate now is storing: we wait, and write after it.
            old.detach().await;
        }
        block
    }
}
