//! Guards: cells of their own on which strict reads depend and which strict writers mark, over a
//! store that may lose them.
//!
//! A **reader** that misses notes the versions of the tag and of the guard and makes what is
//! missing. A guard that is new, or off which old marks were taken, is *held*: the reader waits
//! until all writers of that moment have ended, *confirms* the guard, loads and fills. A **writer**
//! begins its transaction, marks the guard (one that was not told to be strict, if it is there), commits, bumps the tag, takes its mark away and
//! returns. Looks read the guard before the tag.
//!
//! | fault | what happens |
//! |---|---|
//! | eviction, lost mark | the store drops the guard, with its marks, or the tag |
//! | crash | a writer dies between its mark and its bump |
//! | a mark that is over | a reader takes marks away, of dead writers or of slow ones |
//! | delayed bump | a bump cannot be sent; it is delivered when its writer has returned |

mod canonical;
mod reader;
mod rows;
mod settings;
mod state;
mod writer;

pub use rows::rows;
pub use settings::{
    Cleaning, DelayedMark, Faults, GuardRead, Hearing, Horizon, Loading, MadeByMark, Marking,
    Settings,
};
pub use state::{Action, State};

use crate::checking::World;
use crate::promise::{Promise, Promises};
use state::{ReaderStep, WriterStep};

/// The model, set up for one row.
pub struct Guards {
    settings: Settings,
    expected: Promises,
}

impl Guards {
    /// The world of one row.
    pub fn new(settings: Settings, expected: Promises) -> Guards {
        Guards { settings, expected }
    }

    fn faults(&self, state: &State, steps: &mut Vec<Action>) {
        let left = state.faults_left;
        for (index, step) in state.writers.iter().enumerate() {
            let may_die = matches!(step, WriterStep::Marked | WriterStep::Committed(_));
            if may_die && left.crashes > 0 {
                steps.push(Action::Crash(index));
            }
            if matches!(step, WriterStep::Committed(_)) && left.delayed_bumps > 0 {
                steps.push(Action::DelayBump(index));
            }
        }
        if let Some(guard) = state.guard {
            let evictions = if guard.marks == 0 {
                left.guard_evictions
            } else {
                left.lost_marks
            };
            if evictions > 0 {
                steps.push(Action::EvictGuard);
            }
        }
        if state.tag.is_some() && left.tag_evictions > 0 {
            steps.push(Action::EvictTag);
        }
    }
}

impl World for Guards {
    type State = State;
    type Action = Action;

    fn start(&self) -> State {
        State::new(&self.settings)
    }

    fn steps(&self, state: &State, steps: &mut Vec<Action>) {
        for index in 0..state.writers.len() {
            if self.can_write(state, index) {
                steps.push(Action::Write(index));
            }
        }
        for (index, reader) in state.readers.iter().enumerate() {
            if self.can_read(state, *reader) {
                steps.push(Action::Read(index));
            }
            if self.judges(state, *reader).is_some() {
                steps.push(Action::JudgeOver(index));
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
            Action::JudgeOver(index) => self.judge_over(&mut next, index),
            Action::Crash(index) => {
                left.crashes -= 1;
                next.writers[index] = WriterStep::Crashed;
            }
            Action::DelayBump(index) => {
                left.delayed_bumps -= 1;
                if let WriterStep::Committed(value) = next.writers[index] {
                    next.writers[index] = WriterStep::ReturningOwing(value);
                }
            }
            Action::EvictGuard => {
                if next.guard.take().is_some_and(|guard| guard.marks == 0) {
                    left.guard_evictions -= 1;
                } else {
                    left.lost_marks -= 1;
                }
            }
            Action::EvictTag => {
                left.tag_evictions -= 1;
                next.tag = None;
            }
        }
        canonical::canonicalise(&mut next);
        next
    }

    fn breaks(&self, state: &State, promise: Promise) -> bool {
        if promise != Promise::NoStaleEntry {
            return state.broken.breaks(promise);
        }
        let is_over = |step: &WriterStep| matches!(step, WriterStep::Done | WriterStep::Crashed);
        let is_quiet = state.writers.iter().all(is_over);
        is_quiet && self.servable(state).is_some_and(|v| v != state.database)
    }

    fn is_about_to_hit(&self, state: &State) -> bool {
        let mut readers = state.readers.iter();
        let is_looking = readers.any(|r| r.step == ReaderStep::Look && !r.is_regular);
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
