//! A state of the world: database, store, writers, readers.

use super::settings::{Faults, Settings};
use crate::promise::{Bounds, Broken};

/// The most writers that a row has.
pub(super) const WRITERS_MAX: usize = 3;
/// The most readers that a row has.
pub(super) const READERS_MAX: usize = 2;

/// What the cached read returns: how many writers had committed.
pub(super) type Value = u8;
/// A set of writers, a bit each.
pub(super) type WriterSet = u8;

/// Everything, at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// How many writers have committed.
    pub(super) database: Value,
    /// How many of their commits the database's replica has replayed.
    pub(super) replica: Value,
    pub(super) store: Store,
    /// The copy that lags behind, and takes over at a failover.
    pub(super) store_copy: Store,
    /// Which life of the store this is.
    pub(super) incarnation: u8,
    /// The last version that was given.
    pub(super) last_version: u8,
    pub(super) writers: [Writer; WRITERS_MAX],
    pub(super) readers: [Reader; READERS_MAX],
    /// The newest write that has returned.
    pub(super) acknowledged: Value,
    /// The newest value that a read has returned.
    pub(super) observed: Value,
    pub(super) faults_left: Faults,
    pub(super) broken: Broken,
}

impl State {
    pub(super) fn new(settings: &Settings) -> State {
        let mut writers = [Writer::Done; WRITERS_MAX];
        writers[..settings.writers].fill(Writer::Idle);
        let mut readers = [Reader::new(0); READERS_MAX];
        readers[..settings.readers].fill(Reader::new(settings.reads_each));
        State {
            database: 0,
            replica: 0,
            store: Store::default(),
            store_copy: Store::default(),
            incarnation: 0,
            last_version: 0,
            writers,
            readers,
            acknowledged: 0,
            observed: 0,
            faults_left: settings.faults,
            broken: Broken::default(),
        }
    }

    /// What a read that begins now must not fall below.
    pub(super) fn bounds(&self) -> Bounds {
        Bounds {
            acknowledged: self.acknowledged,
            observed: self.observed,
            committed: self.database,
            ..Bounds::default()
        }
    }

    /// A version never used before.
    pub(super) fn fresh_version(&mut self) -> u8 {
        self.last_version += 1;
        self.last_version
    }

    /// The writers that have begun and not committed.
    pub(super) fn in_flight(&self) -> WriterSet {
        let mut set = 0;
        for (index, writer) in self.writers.iter().enumerate() {
            if matches!(writer, Writer::Begun | Writer::Marked) {
                set |= 1 << index;
            }
        }
        set
    }
}

/// What the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Store {
    pub(super) tag: Option<Tag>,
    pub(super) entry: Option<Entry>,
}

/// The tag as the store holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Tag {
    pub(super) version: u8,
    pub(super) incarnation: u8,
    /// The writers that are about to commit.
    pub(super) marks: WriterSet,
    /// The database's position when the tag got its version.
    pub(super) position: u8,
    /// Created by a reader, and not yet proven safe to use.
    pub(super) on_probation: bool,
    /// The writers in flight when a tag on probation was created, once that is known.
    pub(super) horizon: Option<WriterSet>,
    /// Not begun by a mark on a missing tag; only such a tag outlives its marks.
    pub(super) is_solid: bool,
}

impl Tag {
    /// A tag that may be used at once.
    pub(super) fn live(version: u8, incarnation: u8, position: u8) -> Tag {
        Tag {
            version,
            incarnation,
            marks: 0,
            position,
            on_probation: false,
            horizon: None,
            is_solid: true,
        }
    }
}

/// The cached value, with the version of its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) version: u8,
    pub(super) incarnation: u8,
}

/// Where a writer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Writer {
    Idle,
    Begun,
    Marked,
    /// Committed as the so-manieth; not yet bumped.
    Committed(Value),
    /// Bumped; not yet returned.
    Bumped(Value),
    Done,
    Crashed,
}

impl Writer {
    pub(super) fn is_over(self) -> bool {
        matches!(self, Writer::Done | Writer::Crashed)
    }

    pub(super) fn is_running(self) -> bool {
        !self.is_over()
    }

    pub(super) fn has_committed(self) -> bool {
        matches!(self, Writer::Committed(_))
    }
}

/// A reader: where it stands, and what its read must not fall below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Reader {
    pub(super) step: ReaderStep,
    pub(super) reads_left: u8,
    pub(super) bounds: Bounds,
    /// What an earlier snapshot or an overlapping query sees.
    pub(super) snapshot: Value,
}

impl Reader {
    fn new(reads: u8) -> Reader {
        Reader {
            step: ReaderStep::Idle,
            reads_left: reads,
            bounds: Bounds::default(),
            snapshot: 0,
        }
    }

    pub(super) fn is_running(self) -> bool {
        self.step != ReaderStep::Idle || self.reads_left > 0
    }

    pub(super) fn is_looking(self) -> bool {
        self.step == ReaderStep::Look
    }
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ReaderStep {
    Idle,
    /// About to send its query together with its look.
    Overlap,
    /// About to look.
    Look,
    /// Half of a look in two steps.
    SawEntry(Option<Entry>),
    /// Half of a look in two steps.
    SawTag(Option<Tag>),
    /// About to create the tag, unless someone else has.
    CreateTag,
    /// About to ask the database who is in flight, for the tag it created with this version.
    AskInFlight(u8),
    /// About to write that answer to the tag.
    RecordHorizon(u8, WriterSet),
    /// About to end the tag's probation.
    EndProbation(u8),
    /// About to load.
    Load(Fill),
    /// About to fill the entry with this value.
    Fill(Fill, Value),
    /// About to return this value.
    Return(Value),
}

/// What a load's value may be stored under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Fill {
    /// Not at all.
    No,
    /// The version noted before the load.
    Noted {
        version: u8,
        incarnation: u8,
        position: u8,
    },
    /// Whatever version the tag has when the value is stored.
    Later,
}

impl Fill {
    pub(super) fn noted(tag: Tag) -> Fill {
        Fill::Noted {
            version: tag.version,
            incarnation: tag.incarnation,
            position: tag.position,
        }
    }
}

/// A step of one actor, or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A writer goes on.
    Write(usize),
    /// A reader goes on.
    Read(usize),
    /// A writer dies between its commit and its bump.
    Crash(usize),
    /// The store drops a tag without marks.
    Evict,
    /// The store drops a tag with marks.
    LoseMarks,
    /// The store's copy catches up.
    CopyStore,
    /// The store's copy takes over.
    FailOver,
    /// The database's replica replays one commit.
    CatchUp,
}
