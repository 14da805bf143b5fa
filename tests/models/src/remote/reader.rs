//! What a reader does: look; settle the tags, note their versions, load, fill, return.

use super::Remote;
use super::cell::{Cell, Fine, Kind, Server};
use super::settings::{Cleaning, LookOrder, Swap};
use super::state::{Noted, Reader, ReaderStep, State, WriterStep};
use crate::promise::{Bounds, Broken, Promise};

impl Remote {
    /// The reader's next step.
    pub(super) fn read(&self, state: &mut State, index: usize) {
        let mut reader = state.readers[index];
        reader.step = match reader.step {
            ReaderStep::Idle => {
                reader = self.begin(state, reader);
                ReaderStep::Look
            }
            ReaderStep::Look => {
                let (server, life) = self.looked_at(state);
                let table = server.table_to_serve(life);
                let fine = server.fine_of(life).map(|fine| fine.version);
                match self.settings.look_order {
                    LookOrder::AtOnce => decide(server, table, fine),
                    LookOrder::CoarseFirst => ReaderStep::SawTable(table),
                    LookOrder::FineFirst => ReaderStep::SawFine(fine),
                }
            }
            ReaderStep::SawTable(table) => {
                let (server, life) = self.looked_at(state);
                decide(server, table, server.fine_of(life).map(|fine| fine.version))
            }
            ReaderStep::SawFine(fine) => {
                let (server, life) = self.looked_at(state);
                decide(server, server.table_to_serve(life), fine)
            }
            ReaderStep::Prepare => {
                let life = state.life(self.settings.lives);
                let fine = state.server().fine_of(life).map(|fine| fine.version);
                let table = state.server().table;
                if self.settings.swap == Swap::AtOnce {
                    self.settle(state, table, fine)
                } else {
                    self.after_read(state, table, fine)
                }
            }
            ReaderStep::Settle(seen, fine) => self.settle(state, seen, fine),
            ReaderStep::Clean(seen, fine) => self.clean(state, seen, fine),
            // Not possible while a writer has the lock.
            ReaderStep::Lock(cell, fine) => ReaderStep::Promote(cell, fine),
            ReaderStep::Promote(cell, fine) => {
                let next = Cell {
                    kind: Kind::Live,
                    revision: state.fresh_version(),
                    ..cell
                };
                if self.swap(state, Some(cell), Some(next)) {
                    note(next, fine)
                } else {
                    ReaderStep::Load(None)
                }
            }
            ReaderStep::NoteFine(table) => self.note_fine(state, table),
            ReaderStep::Load(None) => ReaderStep::Return(state.database),
            ReaderStep::Load(Some(noted)) => ReaderStep::Fill(noted, state.database),
            ReaderStep::Fill(noted, value) => {
                state.server().entry = Some(noted.entry(value));
                ReaderStep::Return(value)
            }
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

    /// Whether the reader can go on: only the lock makes it wait.
    pub(super) fn can_read(&self, state: &State, reader: Reader) -> bool {
        match reader.step {
            ReaderStep::Lock(..) => !state.has_writer_in_flight(),
            _ => reader.is_running(),
        }
    }

    /// The marks that a reader that is about to write the table's cell may judge to be over.
    pub(super) fn marks_to_clean(&self, state: &State, reader: Reader) -> Option<Cell> {
        let life = state.life(self.settings.lives);
        let seen = match reader.step {
            ReaderStep::Prepare => state.servers[state.master].table,
            _ => None,
        }?;
        let is_marked = seen.life == life && seen.marks != 0;
        let is_dead = |index: usize| state.writers[index].step == WriterStep::Crashed;
        let are_dead =
            (0..state.writers.len()).all(|index| seen.marks >> index & 1 == 0 || is_dead(index));
        let faults = state.faults_left;
        let judges = faults.slow_marks > 0 || (faults.dead_marks > 0 && are_dead);
        (is_marked && judges).then_some(seen)
    }

    /// The reader judges the marks that it sees to be over.
    pub(super) fn judge_over(&self, state: &mut State, index: usize) {
        let Some(seen) = self.marks_to_clean(state, state.readers[index]) else {
            return;
        };
        let life = state.life(self.settings.lives);
        let fine = state.server().fine_of(life).map(|fine| fine.version);
        let faults = &mut state.faults_left;
        if faults.slow_marks > 0 {
            faults.slow_marks -= 1;
        } else {
            faults.dead_marks -= 1;
        }
        state.readers[index].step = ReaderStep::Clean(seen, fine);
    }

    /// Begins a read: notes what it must not fall below.
    fn begin(&self, state: &State, reader: Reader) -> Reader {
        Reader {
            step: ReaderStep::Look,
            reads_left: reader.reads_left - 1,
            bounds: self.expected.bounds(state.bounds()),
        }
    }

    /// The server that looks lead to, and the life that the link says it has.
    fn looked_at<'a>(&self, state: &'a State) -> (&'a Server, u8) {
        if self.settings.looks_over_old_link {
            return (&state.servers[0], 0);
        }
        (
            &state.servers[state.master],
            state.life(self.settings.lives),
        )
    }

    /// What to do, given what was read of the tags: nothing needs to be written, or something.
    fn after_read(&self, state: &State, table: Option<Cell>, fine: Option<u8>) -> ReaderStep {
        let life = state.life(self.settings.lives);
        match table.filter(|cell| cell.kind != Kind::Void && cell.life == life) {
            Some(cell) if cell.marks != 0 => ReaderStep::Load(None),
            Some(cell) if cell.knows_shape && cell.kind == Kind::Live => note(cell, fine),
            _ => ReaderStep::Settle(table, fine),
        }
    }

    /// Writes the table's cell as it must be.
    fn settle(&self, state: &mut State, seen: Option<Cell>, fine: Option<u8>) -> ReaderStep {
        let life = state.life(self.settings.lives);
        let kind = self.kind_of_new();
        let next = match seen.filter(|cell| cell.kind != Kind::Void && cell.life == life) {
            Some(cell) if cell.marks != 0 => return ReaderStep::Load(None),
            Some(cell) if cell.knows_shape && cell.kind == Kind::Live => return note(cell, fine),
            Some(cell) => Cell {
                kind: cell.kind.max(kind),
                knows_shape: true,
                revision: state.fresh_version(),
                ..cell
            },
            None => Cell {
                knows_shape: true,
                ..Cell::new(kind, state.fresh_version(), life)
            },
        };
        if self.swap(state, seen, Some(next)) {
            self.after_write(next, fine)
        } else {
            let there = state.server().table;
            self.after_read(state, there, fine)
        }
    }

    /// Writes the table's cell without the marks that are over.
    fn clean(&self, state: &mut State, seen: Cell, fine: Option<u8>) -> ReaderStep {
        let fresh = state.fresh_version();
        let next = match self.settings.cleaning {
            Cleaning::FreshVersion => Cell {
                version: fresh,
                revision: 0,
                ..seen
            },
            Cleaning::SameVersion => Cell {
                revision: fresh,
                ..seen
            },
        };
        let next = Cell {
            marks: 0,
            kind: self.kind_of_new(),
            knows_shape: true,
            ..next
        };
        if self.swap(state, Some(seen), Some(next)) {
            self.after_write(next, fine)
        } else {
            ReaderStep::Load(None)
        }
    }

    fn after_write(&self, written: Cell, fine: Option<u8>) -> ReaderStep {
        match written.kind {
            Kind::Live => note(written, fine),
            Kind::Held | Kind::Void => ReaderStep::Lock(written, fine),
        }
    }

    /// What a reader may make of a cell at once.
    pub(super) fn kind_of_new(&self) -> Kind {
        if self.settings.probation {
            Kind::Held
        } else {
            Kind::Live
        }
    }

    /// Notes the version of the rows' tag, and creates it if there is none.
    fn note_fine(&self, state: &mut State, table: u8) -> ReaderStep {
        let life = state.life(self.settings.lives);
        let fine = state.server().fine_of(life).unwrap_or_else(|| Fine {
            version: state.fresh_version(),
            life,
        });
        state.server().fine = Some(fine);
        let fine = fine.version;
        ReaderStep::Load(Some(Noted { table, fine }))
    }

    /// What a reader would be served, were it to look at the master now.
    pub(super) fn servable(&self, state: &State) -> Option<u8> {
        let life = state.life(self.settings.lives);
        let server = &state.servers[state.master];
        let table = server.table_to_serve(life)?;
        let (fine, entry) = (server.fine_of(life)?, server.entry?);
        entry.noted.covers(table, fine).then_some(entry.value)
    }
}

/// Serves the entry if its tags are as they were noted, else goes for the tags.
fn decide(server: &Server, table: Option<u8>, fine: Option<u8>) -> ReaderStep {
    match (server.entry, table, fine) {
        (Some(entry), Some(table), Some(fine))
            if entry.noted.table == table && entry.noted.fine == fine =>
        {
            ReaderStep::Return(entry.value)
        }
        _ => ReaderStep::Prepare,
    }
}

/// Goes to the load, or for the rows' tag first.
fn note(table: Cell, fine: Option<u8>) -> ReaderStep {
    let table = table.version;
    match fine {
        Some(fine) => ReaderStep::Load(Some(Noted { table, fine })),
        None => ReaderStep::NoteFine(table),
    }
}
