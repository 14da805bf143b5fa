//! One tag, one entry, and everything that can come between a load and a bump.
//!
//! The database's content is the number of writers that have committed, so an older value is a
//! smaller one. A **writer** begins its transaction, (strict) marks the tag, commits, bumps the
//! tag, and returns. A **reader** looks at entry and tag; on a miss it notes the tag's version,
//! loads, and fills the entry with the value and the version that it noted. Each operation on the
//! store is one atomic step, as it is in Redis or memcached.
//!
//! | fault | what happens |
//! |---|---|
//! | eviction | the store drops a tag that carries no mark |
//! | lost mark | the store drops a tag that carries marks, or they run out |
//! | failover | an older copy of the store takes over, as a new incarnation |
//! | crash | a writer dies between its commit and its bump |

mod canonical;
mod reader;
mod rows;
mod settings;
mod state;
mod writer;

pub use rows::rows;
pub use settings::{Faults, Marking, MissingTag, Round, Settings, Source, Stamping, Versions};
pub use state::{Action, State};

use crate::checking::World;
use crate::promise::{Promise, Promises};
use state::{Entry, Tag, Value};

/// The model, set up for one row.
pub struct Protocol {
    settings: Settings,
    expected: Promises,
}

impl Protocol {
    /// The world of one row.
    pub fn new(settings: Settings, expected: Promises) -> Protocol {
        Protocol { settings, expected }
    }

    /// Whether the tag is of this life of the store, or nobody looks at that.
    fn is_of_this_life(&self, state: &State, tag: Tag) -> bool {
        !self.settings.fence || tag.incarnation == state.incarnation
    }

    /// Whether the entry was filled under this version of the tag.
    fn matches(&self, entry: Entry, tag: Tag) -> bool {
        entry.version == tag.version
            && (!self.settings.fence || entry.incarnation == tag.incarnation)
    }

    /// What a reader would be served from the store, were it to look now.
    fn servable(&self, state: &State) -> Option<Value> {
        let (tag, entry) = (state.store.tag?, state.store.entry?);
        let is_live = self.is_of_this_life(state, tag) && tag.marks == 0 && !tag.on_probation;
        (is_live && self.matches(entry, tag)).then_some(entry.value)
    }
}

impl World for Protocol {
    type State = State;
    type Action = Action;

    fn start(&self) -> State {
        State::new(&self.settings)
    }

    fn steps(&self, state: &State, steps: &mut Vec<Action>) {
        let settings = &self.settings;
        for (index, writer) in state.writers.iter().enumerate() {
            if writer.is_running() {
                steps.push(Action::Write(index));
            }
            if state.faults_left.crashes > 0 && writer.has_committed() {
                steps.push(Action::Crash(index));
            }
        }
        for (index, reader) in state.readers.iter().enumerate() {
            if reader.is_running() {
                steps.push(Action::Read(index));
            }
        }
        if let Some(tag) = state.store.tag {
            if tag.marks == 0 && state.faults_left.evictions > 0 {
                steps.push(Action::Evict);
            }
            if tag.marks != 0 && state.faults_left.lost_marks > 0 {
                steps.push(Action::LoseMarks);
            }
        }
        let has_copy = state.faults_left.failovers > 0 || settings.reads_store_copy;
        if has_copy && state.store_copy != state.store {
            steps.push(Action::CopyStore);
        }
        if state.faults_left.failovers > 0 {
            steps.push(Action::FailOver);
        }
        if settings.source.is_replica() && state.replica < state.database {
            steps.push(Action::CatchUp);
        }
    }

    fn take(&self, state: &State, step: &Action) -> State {
        let mut next = *state;
        next.broken = Default::default();
        match *step {
            Action::Write(index) => self.write(&mut next, index),
            Action::Read(index) => self.read(&mut next, index),
            Action::Crash(index) => {
                next.writers[index] = state::Writer::Crashed;
                next.faults_left.crashes -= 1;
            }
            Action::Evict => {
                next.store.tag = None;
                next.faults_left.evictions -= 1;
            }
            Action::LoseMarks => {
                next.store.tag = None;
                next.faults_left.lost_marks -= 1;
            }
            Action::CopyStore => next.store_copy = next.store,
            Action::FailOver => {
                next.store = next.store_copy;
                next.incarnation += 1;
                next.faults_left.failovers -= 1;
                if next.faults_left.failovers == 0 && !self.settings.reads_store_copy {
                    next.store_copy = Default::default();
                }
            }
            Action::CatchUp => next.replica += 1,
        }
        canonical::canonicalise(&mut next, self.settings.versions);
        next
    }

    fn breaks(&self, state: &State, promise: Promise) -> bool {
        if promise != Promise::NoStaleEntry {
            return state.broken.breaks(promise);
        }
        let is_quiet = state.writers.iter().all(|writer| writer.is_over());
        is_quiet && self.servable(state).is_some_and(|v| v != state.database)
    }

    fn is_about_to_hit(&self, state: &State) -> bool {
        let readers = state.readers.iter();
        let is_looking = readers.clone().any(|reader| reader.is_looking());
        is_looking && self.servable(state).is_some()
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
