//! A state of the world: database, two servers of which one is the master, writers, readers.

use super::settings::{Faults, Settings};
use crate::promise::{Bounds, Broken};

/// The most writers that a row has.
pub(super) const WRITERS_MAX: usize = 2;
/// How many readers every row has.
const READERS: usize = 2;

/// What the cached read returns: how many writers had committed.
pub(super) type Value = u8;
/// What tells one stored thing from every other: a lease's token, an entry's stamp.
pub(super) type Stamp = u8;

/// Everything, at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// How many writers have committed.
    pub(super) database: Value,
    pub(super) servers: [Server; 2],
    /// Which server is the master.
    pub(super) master: usize,
    /// How many promotions there were: the master's life.
    pub(super) promotions: u8,
    /// The last stamp that was given.
    pub(super) last_stamp: Stamp,
    pub(super) writers: [WriterStep; WRITERS_MAX],
    pub(super) readers: [Reader; READERS],
    /// The newest write that has returned.
    pub(super) acknowledged: Value,
    pub(super) faults_left: Faults,
    pub(super) broken: Broken,
}

impl State {
    pub(super) fn new(settings: &Settings) -> State {
        let mut writers = [WriterStep::Done; WRITERS_MAX];
        writers[..settings.writers].fill(WriterStep::Idle);
        let reader = Reader {
            step: ReaderStep::Idle,
            reads_left: settings.reads_each,
            bounds: Bounds::default(),
        };
        State {
            database: 0,
            servers: [Server::default(); 2],
            master: 0,
            promotions: 0,
            last_stamp: 0,
            writers,
            readers: [reader; READERS],
            acknowledged: 0,
            faults_left: settings.faults,
            broken: Broken::default(),
        }
    }

    pub(super) fn server(&mut self) -> &mut Server {
        &mut self.servers[self.master]
    }

    /// The entry that a look would find on the master: one of this life.
    pub(super) fn found(&self) -> Option<Entry> {
        match self.servers[self.master].slot {
            Some(Slot::Entry(entry)) if entry.life == self.promotions => Some(entry),
            _ => None,
        }
    }

    /// A stamp never used before.
    pub(super) fn fresh_stamp(&mut self) -> Stamp {
        self.last_stamp += 1;
        self.last_stamp
    }
}

/// What a server holds for the key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Server {
    /// In the entry's place.
    pub(super) slot: Option<Slot>,
    /// The record of a lease beside the entry.
    pub(super) beside: Option<Stamp>,
}

/// What stands in the entry's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Slot {
    /// The record of a lease.
    Record(Stamp),
    Entry(Entry),
}

/// The cached value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Entry {
    pub(super) value: Value,
    pub(super) stamp: Stamp,
    /// The life of the server that it is of.
    pub(super) life: u8,
    /// Whether it is past its ttl.
    pub(super) is_aged: bool,
}

/// Where a writer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum WriterStep {
    Idle,
    /// Committed as the so-manieth.
    Committed(Value),
    /// About to return.
    Returning(Value),
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
    /// About to ask for the lease; has seen this entry, past its ttl.
    Take(Option<Entry>),
    /// Has the lease beside the entry; about to look whether another stands there by now.
    LookAgain(Lease),
    /// About to load, under this lease if there is one.
    Load(Option<Lease>),
    /// About to store this value.
    Store(Option<Lease>, Value),
    /// About to return this value.
    Return(Value),
}

/// A lease that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Lease {
    pub(super) token: Stamp,
    /// The entry beside which its record stands; none if it stands in the entry's place.
    pub(super) seen: Option<Stamp>,
    /// The life of the server in which it was taken, or the entry was seen.
    pub(super) life: u8,
}

/// A step of one actor, or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A writer goes on.
    Write(usize),
    /// A reader goes on.
    Read(usize),
    /// A lease runs out.
    Expire,
    /// The entry passes its ttl.
    Age,
    /// A reader cannot ask for the lease.
    LoseTake(usize),
    /// The other server catches up with the master.
    Replicate,
    /// The other server becomes the master.
    FailOver,
}
