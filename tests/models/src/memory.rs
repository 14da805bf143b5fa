//! The memory store: tags read one after the other, and flights.
//!
//! In one process there is no round trip in which entry, table tag and shape tag are read at
//! once. An entry holds its tags' cells, and a look compares them one by one. What is proven here
//! is the order in which it does so, and who may share a load.
//!
//! A **writer** (strict) marks the table tag, commits, reads the table's list of shapes, bumps the
//! shape's tag (or, widened, the table tag), (strict) takes its mark away, and returns. A
//! **reader** that misses joins the flight of its key or starts one. A **flight** looks again,
//! notes the versions of the tags, loads, stores the entry, and hands its value to all who wait.

mod canonical;
mod flight;
mod look;
mod reader;
mod rows;
mod settings;
mod state;
mod writer;

pub use rows::rows;
pub use settings::{Joining, ListRead, LookAgain, Order, Settings};
pub use state::{Action, State};

use crate::checking::World;
use crate::promise::{Promise, Promises};

/// The model, set up for one row.
pub struct Memory {
    settings: Settings,
    expected: Promises,
}

impl Memory {
    /// The world of one row.
    pub fn new(settings: Settings, expected: Promises) -> Memory {
        Memory { settings, expected }
    }
}

impl World for Memory {
    type State = State;
    type Action = Action;

    fn start(&self) -> State {
        State::new(&self.settings)
    }

    fn steps(&self, state: &State, steps: &mut Vec<Action>) {
        for (index, writer) in state.writers.iter().enumerate() {
            if !writer.is_over() {
                steps.push(Action::Write(index));
            }
        }
        for (index, reader) in state.readers.iter().enumerate() {
            if reader.can_step() {
                steps.push(Action::Read(index));
            }
        }
        for (index, flight) in state.flights.iter().enumerate() {
            if flight.is_some() {
                steps.push(Action::Fly(index));
            }
        }
    }

    fn take(&self, state: &State, step: &Action) -> State {
        let mut next = *state;
        next.broken = Default::default();
        match *step {
            Action::Write(index) => self.write(&mut next, index),
            Action::Read(index) => self.read(&mut next, index),
            Action::Fly(index) => self.fly(&mut next, index),
        }
        canonical::canonicalise(&mut next);
        next
    }

    fn breaks(&self, state: &State, promise: Promise) -> bool {
        if promise != Promise::NoStaleEntry {
            return state.broken.breaks(promise);
        }
        let is_quiet = state.writers.iter().all(|writer| writer.is_over());
        is_quiet && state.servable().is_some_and(|v| v != state.database)
    }

    fn is_about_to_hit(&self, state: &State) -> bool {
        let is_looking = state.readers.iter().any(|reader| reader.is_looking());
        is_looking && state.servable().is_some()
    }

    fn expected(&self) -> Promises {
        self.expected
    }

    fn describe(&self, state: &State, step: &Action) -> String {
        match *step {
            Action::Write(index) => format!("writer at {:?}", state.writers[index].step),
            Action::Read(index) => format!("reader at {:?}", state.readers[index].step),
            Action::Fly(index) => format!("flight {index} at {:?}", state.flights[index]),
        }
    }
}
