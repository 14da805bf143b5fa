//! What a reader does: look; on a miss note the version, load, fill, return.

use super::settings::{Round, Source, Stamping, Versions};
use super::state::{Entry, Fill, Reader, ReaderStep, State, Store, Tag, Value};
use super::{MissingTag, Protocol};
use crate::promise::{Bounds, Broken, Promise};

impl Protocol {
    /// The reader's next step.
    pub(super) fn read(&self, state: &mut State, index: usize) {
        let mut reader = state.readers[index];
        reader.step = match reader.step {
            ReaderStep::Idle => {
                reader = self.begin(state, reader);
                reader.step
            }
            ReaderStep::Overlap => {
                reader.snapshot = state.database;
                ReaderStep::Look
            }
            ReaderStep::Look => {
                let seen = self.seen(state);
                match self.settings.round {
                    Round::One => self.decide(state, seen.entry, seen.tag),
                    Round::EntryThenTag => ReaderStep::SawEntry(seen.entry),
                    Round::TagThenEntry => ReaderStep::SawTag(seen.tag),
                }
            }
            ReaderStep::SawEntry(entry) => self.decide(state, entry, self.seen(state).tag),
            ReaderStep::SawTag(tag) => self.decide(state, self.seen(state).entry, tag),
            ReaderStep::CreateTag => self.create_tag(state),
            ReaderStep::AskInFlight(version) => self.ask_in_flight(state, version),
            ReaderStep::RecordHorizon(version, horizon) => {
                if let Some(tag) = &mut state.store.tag
                    && tag.version == version
                    && tag.on_probation
                {
                    tag.horizon = Some(horizon);
                }
                if horizon == 0 {
                    ReaderStep::EndProbation(version)
                } else {
                    ReaderStep::Load(Fill::No)
                }
            }
            ReaderStep::EndProbation(version) => self.end_probation(state, version),
            ReaderStep::Load(fill) => {
                let value = self.load(state, reader, fill);
                match fill {
                    Fill::No => ReaderStep::Return(value),
                    Fill::Noted { .. } | Fill::Later => ReaderStep::Fill(fill, value),
                }
            }
            ReaderStep::Fill(fill, value) => {
                self.fill(state, fill, value);
                ReaderStep::Return(value)
            }
            ReaderStep::Return(value) => {
                state.broken = Broken::judge(value, reader.bounds);
                if self.expected.checks(Promise::NoInversion) {
                    state.observed = state.observed.max(value);
                }
                ReaderStep::Idle
            }
        };
        if reader.step == ReaderStep::Idle {
            // What was noted for this read means nothing to the next.
            reader.bounds = Bounds::default();
            reader.snapshot = 0;
        }
        state.readers[index] = reader;
    }

    /// Begins a read: notes what it must not fall below.
    fn begin(&self, state: &State, reader: Reader) -> Reader {
        let overlaps = self.settings.source == Source::OverlappingQuery;
        let has_snapshot = self.settings.source == Source::EarlierSnapshot;
        Reader {
            step: if overlaps {
                ReaderStep::Overlap
            } else {
                ReaderStep::Look
            },
            reads_left: reader.reads_left - 1,
            bounds: self.expected.bounds(state.bounds()),
            snapshot: if has_snapshot { state.database } else { 0 },
        }
    }

    /// What a look sees of the store.
    fn seen(&self, state: &State) -> Store {
        if self.settings.reads_store_copy {
            state.store_copy
        } else {
            state.store
        }
    }

    /// What to do, given what a look saw.
    fn decide(&self, state: &State, entry: Option<Entry>, tag: Option<Tag>) -> ReaderStep {
        let stamps_later = self.settings.stamping == Stamping::AtFill;
        let Some(tag) = tag.filter(|tag| self.is_of_this_life(state, *tag)) else {
            return if stamps_later {
                ReaderStep::Load(Fill::Later)
            } else {
                ReaderStep::CreateTag
            };
        };
        if tag.on_probation && tag.horizon.is_some_and(|set| state.in_flight() & set == 0) {
            return ReaderStep::EndProbation(tag.version);
        }
        if tag.marks != 0 || tag.on_probation {
            return ReaderStep::Load(Fill::No);
        }
        match entry {
            Some(entry) if self.matches(entry, tag) => ReaderStep::Return(entry.value),
            _ if stamps_later => ReaderStep::Load(Fill::Later),
            _ => ReaderStep::Load(Fill::noted(tag)),
        }
    }

    /// Creates the tag, unless it is there by now.
    fn create_tag(&self, state: &mut State) -> ReaderStep {
        let current = state.store.tag;
        if let Some(tag) = current.filter(|tag| self.is_of_this_life(state, *tag)) {
            let is_usable = tag.marks == 0 && !tag.on_probation;
            return ReaderStep::Load(if is_usable {
                Fill::noted(tag)
            } else {
                Fill::No
            });
        }
        let version = match self.settings.versions {
            Versions::Unique => state.fresh_version(),
            Versions::Counter => 1,
        };
        let tag = Tag {
            on_probation: self.settings.missing_tag.is_probation(),
            ..Tag::live(version, state.incarnation, state.database)
        };
        state.store.tag = Some(tag);
        if tag.on_probation {
            ReaderStep::AskInFlight(version)
        } else {
            ReaderStep::Load(Fill::noted(tag))
        }
    }

    /// Asks the database which writers are in flight.
    fn ask_in_flight(&self, state: &mut State, version: u8) -> ReaderStep {
        let in_flight = state.in_flight();
        if self.settings.missing_tag == MissingTag::ProbationByHorizon {
            return ReaderStep::RecordHorizon(version, in_flight);
        }
        if in_flight == 0 {
            return ReaderStep::EndProbation(version);
        }
        if state.store.tag.is_some_and(|tag| tag.version == version) {
            state.store.tag = None;
        }
        ReaderStep::Load(Fill::No)
    }

    /// Makes the tag live, if it is still the one that was on probation.
    fn end_probation(&self, state: &mut State, version: u8) -> ReaderStep {
        match state.store.tag {
            Some(tag)
                if tag.version == version
                    && tag.on_probation
                    && self.is_of_this_life(state, tag) =>
            {
                state.store.tag = Some(Tag {
                    on_probation: false,
                    horizon: None,
                    ..tag
                });
                ReaderStep::Load(Fill::noted(tag))
            }
            _ => ReaderStep::Load(Fill::No),
        }
    }

    /// What the load sees.
    fn load(&self, state: &State, reader: Reader, fill: Fill) -> Value {
        match self.settings.source {
            Source::Database => state.database,
            Source::OverlappingQuery | Source::EarlierSnapshot => reader.snapshot,
            Source::Replica => state.replica,
            Source::ReplicaByPosition => match fill {
                Fill::Noted { position, .. } if state.replica >= position => state.replica,
                _ => state.database,
            },
        }
    }

    /// Stores the value.
    fn fill(&self, state: &mut State, fill: Fill, value: Value) {
        let (version, incarnation) = match fill {
            Fill::No => return,
            Fill::Noted {
                version,
                incarnation,
                ..
            } => (version, incarnation),
            Fill::Later => {
                let tag = state.store.tag.unwrap_or_else(|| {
                    Tag::live(state.fresh_version(), state.incarnation, state.database)
                });
                state.store.tag = Some(tag);
                (tag.version, tag.incarnation)
            }
        };
        state.store.entry = Some(Entry {
            value,
            version,
            incarnation,
        });
    }
}
