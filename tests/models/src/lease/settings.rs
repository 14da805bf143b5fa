//! What a row about leases varies.

/// A variant of the leases' protocol, the size of its world, and the faults that may strike.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many writers there are; each writes once.
    pub writers: usize,
    /// How many reads each of the two readers makes.
    pub reads_each: u8,
    /// What a writer does with the entry after its commit.
    pub writing: Writing,
    /// Whether an entry past its ttl stays during its load.
    pub keeps_aged: bool,
    /// How what was loaded under a lease is stored.
    pub storing: Storing,
    /// What becomes of a load without a lease.
    pub alone: Alone,
    /// Which life of the server a stored entry says that it is of.
    pub entry_life: EntryLife,
    /// How often each fault may strike.
    pub faults: Faults,
}

impl Settings {
    /// Leases as larder takes them, without faults.
    pub const LEASES: Settings = Settings {
        writers: 2,
        reads_each: 2,
        writing: Writing::Removes,
        keeps_aged: true,
        storing: Storing::Swap,
        alone: Alone::StoresNothing,
        entry_life: EntryLife::OfTheLease,
        faults: Faults::NONE,
    };
}

/// What a writer does with the entry after its commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// It deletes what is there: the entry, or the record of a lease.
    Removes,
    /// It writes the new value over what is there.
    Inserts,
}

/// How what was loaded under a lease is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storing {
    /// Over the lease's record, or the entry that was seen, and nothing else.
    Swap,
    /// Over whatever is there.
    Set,
    /// Over whatever is there, if the lease still lasts.
    SetIfLeased,
}

/// What becomes of a load without a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alone {
    /// It is not stored.
    StoresNothing,
    /// It is stored over whatever is there.
    Stores,
}

/// Which life of the server a stored entry says that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryLife {
    /// The one in which its lease was taken, or in which the entry was seen that it replaces.
    OfTheLease,
    /// The one in which it is stored.
    OfTheServer,
}

/// How often each fault may (still) strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Faults {
    /// A lease runs out while its leader goes on.
    pub expiries: u8,
    /// The entry passes its ttl.
    pub agings: u8,
    /// A reader cannot ask for the lease.
    pub lost_takes: u8,
    /// The other server, which has an older copy, becomes the master.
    pub failovers: u8,
}

impl Faults {
    /// No fault.
    pub const NONE: Faults = Faults {
        expiries: 0,
        agings: 0,
        lost_takes: 0,
        failovers: 0,
    };
}
