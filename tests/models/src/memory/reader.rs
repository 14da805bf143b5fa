//! What a reader does: look; on a miss join a flight or start one; return.

use super::Memory;
use super::look::{first_is_current, second_is_current};
use super::settings::Joining;
use super::state::{Flight, Reader, ReaderStep, State};
use crate::promise::{Bounds, Broken, Promise};

impl Memory {
    /// The reader's next step.
    pub(super) fn read(&self, state: &mut State, index: usize) {
        let mut reader = state.readers[index];
        reader.step = match reader.step {
            ReaderStep::Idle => {
                reader = self.begin(state, reader);
                ReaderStep::Look
            }
            ReaderStep::Look => match state.entry {
                Some(entry) if first_is_current(state, entry.noted, self.settings.look_order) => {
                    ReaderStep::LookOn(entry)
                }
                _ => ReaderStep::Join,
            },
            ReaderStep::LookOn(entry) => {
                if second_is_current(state, entry.noted, self.settings.look_order) {
                    ReaderStep::Return(entry.value)
                } else {
                    ReaderStep::Join
                }
            }
            ReaderStep::Join => self.join(state),
            ReaderStep::Recheck(flight, noted, order) => {
                if first_is_current(state, noted, order) {
                    ReaderStep::RecheckOn(flight, noted, order)
                } else {
                    lead(state)
                }
            }
            ReaderStep::RecheckOn(flight, noted, order) => {
                if second_is_current(state, noted, order) {
                    ReaderStep::Following(flight)
                } else {
                    lead(state)
                }
            }
            waiting @ (ReaderStep::Leading(_) | ReaderStep::Following(_)) => waiting,
            ReaderStep::Return(value) => {
                state.broken = Broken::judge(value, reader.bounds);
                if self.expected.checks(Promise::NoInversion) {
                    state.observed = state.observed.max(value);
                }
                reader.bounds = Bounds::default();
                ReaderStep::Idle
            }
        };
        state.readers[index] = reader;
    }

    /// Begins a read: notes what it must not fall below.
    fn begin(&self, state: &State, reader: Reader) -> Reader {
        Reader {
            step: ReaderStep::Look,
            reads_left: reader.reads_left - 1,
            bounds: self.expected.bounds(state.bounds()),
        }
    }

    /// Joins the listed flight, or starts one.
    fn join(&self, state: &mut State) -> ReaderStep {
        let Some(place) = state.listed else {
            return lead(state);
        };
        let Some(flight) = state.flights[place] else {
            return lead(state);
        };
        let Joining::IfCurrent(order) = self.settings.joining else {
            return ReaderStep::Following(place);
        };
        match flight {
            // Its load is still to come, so it will see all that was committed by now.
            Flight::Look | Flight::LookOn(_) | Flight::NoteTable | Flight::NoteShape(_) => {
                ReaderStep::Following(place)
            }
            Flight::Load(Some(noted)) | Flight::Land(Some(noted), _) => {
                ReaderStep::Recheck(place, noted, order)
            }
            // Nothing says what its load has seen.
            Flight::Load(None) | Flight::Land(None, _) | Flight::NoteLate(_) => lead(state),
        }
    }
}

/// Starts a flight, which takes the place of one that is listed.
fn lead(state: &mut State) -> ReaderStep {
    let free = state.flights.iter().position(Option::is_none);
    // Invariant: each flight has its leader waiting, and this reader waits for none.
    let place = free.expect("there are no more flights than readers");
    state.flights[place] = Some(Flight::Look);
    state.listed = Some(place);
    ReaderStep::Leading(place)
}
