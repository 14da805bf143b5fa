//! A state of the world: database, two servers of which one is the master, writers, readers.

use super::cell::{Cell, Entry, Fine, Server};
use super::settings::{Faults, Lives, Settings};
use crate::promise::{Bounds, Broken};

/// The most writers that a row has.
pub(super) const WRITERS_MAX: usize = 2;
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
    pub(super) servers: [Server; 2],
    /// Which server is the master.
    pub(super) master: usize,
    /// How many promotions there were.
    pub(super) promotions: u8,
    /// The last version that was given.
    pub(super) last_version: u8,
    pub(super) writers: [Writer; WRITERS_MAX],
    pub(super) readers: [Reader; READERS_MAX],
    pub(super) other: Other,
    /// The newest write that has returned.
    pub(super) acknowledged: Value,
    /// The newest value that a read has returned.
    pub(super) observed: Value,
    pub(super) faults_left: Faults,
    pub(super) broken: Broken,
}

impl State {
    pub(super) fn new(settings: &Settings) -> State {
        let mut writers = [Writer::new(WriterStep::Done); WRITERS_MAX];
        writers[..settings.writers].fill(Writer::new(WriterStep::Idle));
        writers[0].widens = settings.one_widens;
        let mut readers = [Reader::new(0); READERS_MAX];
        readers[..settings.readers].fill(Reader::new(settings.reads_each));
        State {
            database: 0,
            servers: [Server::default(); 2],
            master: 0,
            promotions: 0,
            last_version: 0,
            writers,
            readers,
            other: if settings.other_registers {
                Other::Idle
            } else {
                Other::Done
            },
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

    /// The life of the master.
    pub(super) fn life(&self, lives: Lives) -> u8 {
        match lives {
            Lives::NotCompared => 0,
            Lives::RunId => self.master as u8,
            Lives::RunIdAndReplication => self.promotions,
        }
    }

    /// The server that all but an old link lead to.
    pub(super) fn server(&mut self) -> &mut Server {
        &mut self.servers[self.master]
    }

    /// Whether some writer has begun and not committed: it has the database's write lock.
    pub(super) fn has_writer_in_flight(&self) -> bool {
        self.writers.iter().any(|writer| writer.step.is_in_flight())
    }
}

/// A writer: where it stands, what it bumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Writer {
    pub(super) step: WriterStep,
    /// Whether it bumps the table's cell instead of the rows' tag.
    pub(super) widens: bool,
    /// Whether the list of shapes that it knows has the shape.
    pub(super) knows_shape: bool,
}

impl Writer {
    fn new(step: WriterStep) -> Writer {
        Writer {
            step,
            widens: false,
            knows_shape: false,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.step, WriterStep::Done | WriterStep::Crashed)
    }
}

/// Where a writer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum WriterStep {
    Idle,
    /// In its transaction, which has written.
    Begun,
    /// Has read the table's cell, to write it with its mark.
    Marking(Option<Cell>),
    /// About to commit.
    Marked,
    /// Committed as the so-manieth; not yet bumped.
    Committed(Value),
    /// Committed, its mark is gone; not yet bumped.
    Unmarked(Value),
    /// Has bumped with this version, does not know it, and will again.
    Repeating(Value, u8),
    /// Has bumped what it knew; about to read the list.
    ReadingList(Value),
    /// About to bump what was new in the list.
    BumpingNew(Value),
    /// About to take its mark away.
    Bumped(Value),
    /// Has read the table's cell, to write it without its mark.
    Unmarking(Value, Option<Cell>),
    /// About to return.
    Returning(Value),
    Done,
    Crashed,
}

impl WriterStep {
    fn is_in_flight(self) -> bool {
        use WriterStep::{Begun, Marked, Marking};
        matches!(self, Begun | Marking(_) | Marked)
    }
}

/// Another process, which registers another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Other {
    Idle,
    /// Has read the table's cell.
    Registering(Option<Cell>),
    Done,
}

/// A reader: where it stands, and what its read must not fall below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Reader {
    pub(super) step: ReaderStep,
    pub(super) reads_left: u8,
    pub(super) bounds: Bounds,
}

impl Reader {
    fn new(reads: u8) -> Reader {
        Reader {
            step: ReaderStep::Idle,
            reads_left: reads,
            bounds: Bounds::default(),
        }
    }

    pub(super) fn is_running(self) -> bool {
        self.step != ReaderStep::Idle || self.reads_left > 0
    }
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ReaderStep {
    Idle,
    /// About to look.
    Look,
    /// Half of a look: the table's version, if it is live and unmarked.
    SawTable(Option<u8>),
    /// Half of a look: the version of the rows' tag, if it is there.
    SawFine(Option<u8>),
    /// About to read the table's cell and the rows' tag.
    Prepare,
    /// Has read them; about to write the table's cell.
    Settle(Option<Cell>, Option<u8>),
    /// Has read them; about to write the table's cell without marks that it judges to be over.
    Clean(Cell, Option<u8>),
    /// Waiting for the database's write lock, before it lets this cell live.
    Lock(Cell, Option<u8>),
    /// Has had the lock since it read this cell; about to let it live.
    Promote(Cell, Option<u8>),
    /// About to note the version of the rows' tag, creating it if need be, beside this of the table.
    NoteFine(u8),
    /// About to load, and to fill under these versions if there are any.
    Load(Option<Noted>),
    /// About to fill the entry with this value.
    Fill(Noted, Value),
    /// About to return this value.
    Return(Value),
}

/// The versions noted before a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Noted {
    pub(super) table: u8,
    pub(super) fine: u8,
}

impl Noted {
    pub(super) fn entry(self, value: Value) -> Entry {
        Entry { value, noted: self }
    }

    pub(super) fn covers(self, table: u8, fine: Fine) -> bool {
        self.table == table && self.fine == fine.version
    }
}

/// A step of one actor, or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A writer goes on.
    Write(usize),
    /// A reader goes on.
    Read(usize),
    /// A reader that sees marks judges them to be over.
    JudgeOver(usize),
    /// The process that registers another shape goes on.
    Register,
    /// A writer dies between its commit and its bump.
    Crash(usize),
    /// A writer's bump is done, and its answer lost.
    LoseAnswer(usize),
    /// A writer's bump is not done.
    LoseBump(usize),
    /// The table's cell is dropped.
    EvictTable,
    /// The rows' tag is dropped.
    EvictFine,
    /// The other server catches up with the master.
    Replicate,
    /// The other server becomes the master.
    FailOver,
}
