//! What a flight does: look again, note versions, load, store, hand out.

use super::Memory;
use super::look::{first_is_current, second_is_current};
use super::settings::LookAgain;
use super::state::{Entry, Flight, Noted, ReaderStep, State, Value};

impl Memory {
    /// The flight's next step.
    pub(super) fn fly(&self, state: &mut State, place: usize) {
        let Some(flight) = state.flights[place] else {
            return;
        };
        let order = self.settings.look_order;
        state.flights[place] = match flight {
            Flight::Look => match state.entry {
                Some(entry) if first_is_current(state, entry.noted, order) => {
                    Some(Flight::LookOn(entry))
                }
                _ => Some(self.after_look()),
            },
            Flight::LookOn(entry) if second_is_current(state, entry.noted, order) => {
                let shares = self.settings.look_again == LookAgain::ForAll;
                hand_out(state, place, entry.value, shares);
                None
            }
            Flight::LookOn(_) => Some(self.after_look()),
            Flight::NoteTable => {
                let is_marked = state.table.marks != 0;
                let version = (!is_marked).then_some(state.table.version);
                Some(Flight::NoteShape(version))
            }
            Flight::NoteShape(table_version) => {
                Some(Flight::Load(note_shape(state, table_version)))
            }
            Flight::Load(_) if !self.settings.notes_before_load => {
                Some(Flight::NoteLate(state.database))
            }
            Flight::Load(noted) => Some(Flight::Land(noted, state.database)),
            Flight::NoteLate(value) => {
                let is_marked = state.table.marks != 0;
                let version = (!is_marked).then_some(state.table.version);
                Some(Flight::Land(note_shape(state, version), value))
            }
            Flight::Land(noted, value) => {
                if let Some(noted) = noted {
                    state.entry = Some(Entry { value, noted });
                }
                hand_out(state, place, value, true);
                None
            }
        };
    }

    fn after_look(&self) -> Flight {
        if self.settings.notes_before_load {
            Flight::NoteTable
        } else {
            Flight::Load(None)
        }
    }
}

/// Notes the shape's version, and registers the shape if it is not listed yet.
fn note_shape(state: &mut State, table_version: Option<u8>) -> Option<Noted> {
    if state.shape_version == 0 {
        state.shape_version = state.fresh_version();
    }
    let shape_version = state.shape_version;
    table_version.map(|table_version| Noted {
        table_version,
        shape_version,
    })
}

/// Ends the flight. Who does not get its value looks again.
fn hand_out(state: &mut State, place: usize, value: Value, shares: bool) {
    if state.listed == Some(place) {
        state.listed = None;
    }
    for reader in &mut state.readers {
        if reader.step.flight_mut().copied() != Some(place) {
            continue;
        }
        reader.step = match reader.step {
            ReaderStep::Leading(_) => ReaderStep::Return(value),
            ReaderStep::Following(_) if shares => ReaderStep::Return(value),
            _ => ReaderStep::Look,
        };
    }
}
