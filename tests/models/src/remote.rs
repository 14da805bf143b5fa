//! The remote store: a table's cell and the tag of its rows on a server, and what one process can
//! do to them at a time.
//!
//! A table's cell holds its version, the marks of writers and the list of shapes (here the list
//! has the one shape or does not). A **reader** that misses reads the cell and the rows' tag,
//! makes what is missing and registers its shape, notes both versions, loads and fills. A
//! **writer** (strict) enters its mark in the cell, commits, bumps the rows' tag if it remembers
//! the shape, reads the list again and bumps if it does now, (strict) takes its mark out, and
//! returns. Writers create no tag.
//!
//! What is read of a cell is old when it is written: a *swap* compares the cell's head. A bump of
//! the cell is written over its version in place.
//!
//! | fault | what happens |
//! |---|---|
//! | eviction, lost mark | the server drops the cell or the tag |
//! | failover | the other server becomes the master, with an older copy |
//! | crash | a writer dies between its commit and its bump |
//! | a mark that is over | a reader takes marks away, of dead writers or of slow ones |
//! | lost answer | a bump is done, and sent again later |
//! | lost bump | a bump cannot be sent at all, and its writer returns |

mod canonical;
mod cell;
mod reader;
mod rows;
mod settings;
mod state;
mod writer;

pub use rows::rows;
pub use settings::{
    Cleaning, Faults, ListRead, Lives, LookOrder, Repeating, Settings, Swap, Unmarking, Void,
};
pub use state::{Action, State};

use crate::checking::World;
use crate::promise::{Promise, Promises};
use state::{Other, ReaderStep, WriterStep};

/// The model, set up for one row.
pub struct Remote {
    settings: Settings,
    expected: Promises,
}

impl Remote {
    /// The world of one row.
    pub fn new(settings: Settings, expected: Promises) -> Remote {
        Remote { settings, expected }
    }

    fn faults(&self, state: &State, steps: &mut Vec<Action>) {
        let left = state.faults_left;
        for (index, writer) in state.writers.iter().enumerate() {
            if !matches!(writer.step, WriterStep::Committed(_)) {
                continue;
            }
            if left.crashes > 0 {
                steps.push(Action::Crash(index));
            }
            if left.lost_answers > 0 {
                steps.push(Action::LoseAnswer(index));
            }
            if left.lost_bumps > 0 {
                steps.push(Action::LoseBump(index));
            }
        }
        let master = &state.servers[state.master];
        if let Some(cell) = master.table {
            let evictions = if cell.marks == 0 {
                left.table_evictions
            } else {
                left.lost_marks
            };
            if evictions > 0 {
                steps.push(Action::EvictTable);
            }
        }
        if master.fine.is_some() && left.fine_evictions > 0 {
            steps.push(Action::EvictFine);
        }
        if self.settings.faults.failovers > 0 {
            let replica = &state.servers[1 - state.master];
            if (left.failovers > 0 || self.settings.looks_over_old_link) && replica != master {
                steps.push(Action::Replicate);
            }
            if left.failovers > 0 {
                steps.push(Action::FailOver);
            }
        }
    }
}

impl World for Remote {
    type State = State;
    type Action = Action;

    fn start(&self) -> State {
        State::new(&self.settings)
    }

    fn steps(&self, state: &State, steps: &mut Vec<Action>) {
        let must_wait = self.settings.one_writer_at_a_time && state.has_writer_in_flight();
        for (index, writer) in state.writers.iter().enumerate() {
            let waits = writer.step == WriterStep::Idle && must_wait;
            if !writer.is_over() && !waits {
                steps.push(Action::Write(index));
            }
        }
        for (index, reader) in state.readers.iter().enumerate() {
            if self.can_read(state, *reader) {
                steps.push(Action::Read(index));
            }
            if self.marks_to_clean(state, *reader).is_some() {
                steps.push(Action::JudgeOver(index));
            }
        }
        if state.other != Other::Done {
            steps.push(Action::Register);
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
            Action::JudgeOver(index) => self.judge_over(&mut next, index),
            Action::Register => self.register_other(&mut next),
            Action::Crash(index) => {
                left.crashes -= 1;
                next.writers[index].step = WriterStep::Crashed;
            }
            Action::LoseAnswer(index) => {
                left.lost_answers -= 1;
                self.bump_without_answer(&mut next, index);
            }
            Action::LoseBump(index) => {
                left.lost_bumps -= 1;
                self.fail_to_bump(&mut next, index);
            }
            Action::EvictTable => {
                let marks = next.server().table.take().map_or(0, |cell| cell.marks);
                let left = &mut next.faults_left;
                if marks == 0 {
                    left.table_evictions -= 1;
                } else {
                    left.lost_marks -= 1;
                }
            }
            Action::EvictFine => {
                left.fine_evictions -= 1;
                next.server().fine = None;
            }
            Action::Replicate => next.servers[1 - next.master] = *next.server(),
            Action::FailOver => {
                left.failovers -= 1;
                next.master = 1 - next.master;
                next.promotions += 1;
                let is_needed = self.settings.looks_over_old_link;
                if next.faults_left.failovers == 0 && !is_needed {
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
        let is_quiet = state.writers.iter().all(|writer| writer.is_over());
        is_quiet && self.servable(state).is_some_and(|v| v != state.database)
    }

    fn is_about_to_hit(&self, state: &State) -> bool {
        let mut readers = state.readers.iter();
        let is_looking = readers.any(|reader| reader.step == ReaderStep::Look);
        is_looking && self.servable(state).is_some()
    }

    fn expected(&self) -> Promises {
        self.expected
    }

    fn describe(&self, state: &State, step: &Action) -> String {
        match *step {
            Action::Write(index) => format!("writer at {:?}", state.writers[index].step),
            Action::Read(index) => format!("reader at {:?}", state.readers[index].step),
            fault => format!("{fault:?}"),
        }
    }
}
