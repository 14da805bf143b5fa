//! Leases: one load of a key among processes that share a store, and what may be stored after it.
//!
//! The entry depends on nothing but its key: a writer commits, then removes the entry (or inserts
//! the new value). A **reader** that misses takes the lease, loads, and stores what it has loaded.
//! While the key has no entry worth keeping, the lease's record stands in the entry's own place,
//! and storing swaps the record for the entry. An entry that is only past its ttl may stay; then
//! the record stands beside it, and storing swaps the old entry for the new one.
//!
//! | fault | what happens |
//! |---|---|
//! | expiry | a lease runs out, because its leader pauses |
//! | age | the entry passes its ttl |
//! | lost take | a reader cannot ask for the lease, and loads without |
//! | failover | the other server becomes the master, with an older copy |

mod canonical;
mod reader;
mod rows;
mod settings;
mod state;
mod writer;

pub use rows::rows;
pub use settings::{Alone, EntryLife, Faults, Settings, Storing, Writing};
pub use state::{Action, State};

use crate::checking::World;
use crate::promise::{Promise, Promises};
use state::{ReaderStep, Slot, WriterStep};

/// The model, set up for one row.
pub struct Leases {
    settings: Settings,
    expected: Promises,
}

impl Leases {
    /// The world of one row.
    pub fn new(settings: Settings, expected: Promises) -> Leases {
        Leases { settings, expected }
    }

    fn faults(&self, state: &State, steps: &mut Vec<Action>) {
        let left = state.faults_left;
        let server = &state.servers[state.master];
        let slot = server.slot;
        let has_lease = matches!(slot, Some(Slot::Record(_))) || server.beside.is_some();
        if left.expiries > 0 && has_lease {
            steps.push(Action::Expire);
        }
        if left.agings > 0 && matches!(slot, Some(Slot::Entry(entry)) if !entry.is_aged) {
            steps.push(Action::Age);
        }
        if left.lost_takes > 0 {
            for (index, reader) in state.readers.iter().enumerate() {
                if matches!(reader.step, ReaderStep::Take(_)) {
                    steps.push(Action::LoseTake(index));
                }
            }
        }
        if left.failovers > 0 {
            if state.servers[1 - state.master] != *server {
                steps.push(Action::Replicate);
            }
            steps.push(Action::FailOver);
        }
    }
}

impl World for Leases {
    type State = State;
    type Action = Action;

    fn start(&self) -> State {
        State::new(&self.settings)
    }

    fn steps(&self, state: &State, steps: &mut Vec<Action>) {
        for (index, writer) in state.writers.iter().enumerate() {
            if *writer != WriterStep::Done {
                steps.push(Action::Write(index));
            }
        }
        for (index, reader) in state.readers.iter().enumerate() {
            if reader.is_running() {
                steps.push(Action::Read(index));
            }
        }
        self.faults(state, steps);
    }

    fn take(&self, state: &State, step: &Action) -> State {
        let mut next = *state;
        next.broken = Default::default();
        let left = &mut next.faults_left;
        match *step {
            Action::Write(index) => self.write(&mut next, index),
            Action::Read(index) => self.read(&mut next, index),
            Action::Expire => {
                left.expiries -= 1;
                let server = next.server();
                if let Some(Slot::Record(_)) = server.slot {
                    server.slot = None;
                } else {
                    server.beside = None;
                }
            }
            Action::Age => {
                left.agings -= 1;
                if let Some(Slot::Entry(entry)) = &mut next.server().slot {
                    entry.is_aged = true;
                }
            }
            Action::LoseTake(index) => {
                left.lost_takes -= 1;
                next.readers[index].step = ReaderStep::Load(None);
            }
            Action::Replicate => next.servers[1 - next.master] = *next.server(),
            Action::FailOver => {
                left.failovers -= 1;
                next.master = 1 - next.master;
                next.promotions += 1;
                if next.faults_left.failovers == 0 {
                    next.servers[1 - next.master] = Default::default();
                }
            }
        }
        canonical::canonicalise(&mut next);
        next
    }

    fn breaks(&self, state: &State, promise: Promise) -> bool {
        if promise != Promise::NoStaleEntry {
            return state.broken.breaks(promise);
        }
        let is_quiet = state.writers.iter().all(|step| *step == WriterStep::Done);
        is_quiet && state.found().is_some_and(|e| e.value != state.database)
    }

    fn is_about_to_hit(&self, state: &State) -> bool {
        let mut readers = state.readers.iter();
        let is_looking = readers.any(|reader| reader.step == ReaderStep::Look);
        is_looking && state.found().is_some_and(|entry| !entry.is_aged)
    }

    fn expected(&self) -> Promises {
        self.expected
    }

    fn describe(&self, state: &State, step: &Action) -> String {
        match *step {
            Action::Write(index) => format!("writer at {:?}", state.writers[index]),
            Action::Read(index) => format!("reader at {:?}", state.readers[index].step),
            fault => format!("{fault:?}"),
        }
    }
}
