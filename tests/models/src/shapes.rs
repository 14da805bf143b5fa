//! How a shape enters a table's list, and when writers read that list.
//!
//! The store holds, for one table, its *table tag* (a version together with the list of shapes;
//! here the list either knows the one shape or does not) and the shape's own tag. A **reader**
//! that finds its shape unknown registers it before it loads. A **writer** bumps the shape's tag
//! only if it knows the shape. So a reader that registers while a writer is under way must not
//! depend on that writer's bump, unless the writer reads the list after its commit.

mod canonical;
mod reader;
mod rows;
mod settings;
mod state;
mod writer;

pub use rows::rows;
pub use settings::{ListRead, Settings};
pub use state::{Action, State};

use crate::checking::World;
use crate::promise::{Promise, Promises};
use state::{Entry, ShapeTag, TableTag, Value};

/// The model, set up for one row.
pub struct Shapes {
    settings: Settings,
    expected: Promises,
}

impl Shapes {
    /// The world of one row.
    pub fn new(settings: Settings, expected: Promises) -> Shapes {
        Shapes { settings, expected }
    }

    /// Whether the entry was filled under these versions.
    fn matches(&self, entry: Entry, table: TableTag, shape: ShapeTag) -> bool {
        entry.shape_version == shape.version
            && (!self.settings.records_table_tag || entry.table_version == table.version)
    }

    /// What a reader would be served from the store, were it to look now.
    fn servable(&self, state: &State) -> Option<Value> {
        let (table, shape, entry) = (state.table?, state.shape?, state.entry?);
        let is_live = table.is_usable() && shape.marks == 0;
        (is_live && self.matches(entry, table, shape)).then_some(entry.value)
    }
}

impl World for Shapes {
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
            if reader.is_running() {
                steps.push(Action::Read(index));
            }
        }
        if state.table.is_some() && state.table_evictions_left > 0 {
            steps.push(Action::EvictTable);
        }
        if state.shape.is_some_and(|shape| shape.marks == 0) && state.shape_evictions_left > 0 {
            steps.push(Action::EvictShape);
        }
    }

    fn take(&self, state: &State, step: &Action) -> State {
        let mut next = *state;
        next.broken = Default::default();
        match *step {
            Action::Write(index) => self.write(&mut next, index),
            Action::Read(index) => self.read(&mut next, index),
            Action::EvictTable => {
                next.table = None;
                next.table_evictions_left -= 1;
            }
            Action::EvictShape => {
                next.shape = None;
                next.shape_evictions_left -= 1;
            }
        }
        canonical::canonicalise(&mut next);
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
        let is_looking = state.readers.iter().any(|reader| reader.is_looking());
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
