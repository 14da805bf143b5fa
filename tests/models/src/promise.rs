//! What a cached read promises, and what a row expects of each promise.

/// One promise that a model checks in every state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Promise {
    /// A read returns nothing older than a write that had returned when the read began.
    Regular,
    /// A read returns nothing older than what an earlier read had returned.
    NoInversion,
    /// A read returns nothing older than what was committed when the read began.
    Database,
    /// When all is quiet, no entry that would still be served is stale.
    NoStaleEntry,
    /// A read returns nothing older than a write whose bump had reached the process that reads.
    Delivered,
}

impl Promise {
    /// All promises, in the order of the tables.
    pub const ALL: [Promise; 5] = [
        Promise::Regular,
        Promise::NoInversion,
        Promise::Database,
        Promise::NoStaleEntry,
        Promise::Delivered,
    ];

    /// The promise as the checker and the reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Promise::Regular => "regular: nothing older than a write that returned",
            Promise::NoInversion => "no inversion: nothing older than an earlier read",
            Promise::Database => "database: nothing older than what was committed",
            Promise::NoStaleEntry => "no stale entry when all is quiet",
            Promise::Delivered => "delivered: nothing older than a write whose bump was delivered",
        }
    }
}

/// What became, or should become, of one promise in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// No interleaving breaks it.
    Holds,
    /// Some interleaving breaks it, and the checker found one.
    Fails,
    /// The row does not look at it.
    Unchecked,
}

/// One verdict for each promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promises {
    /// For [`Promise::Regular`].
    pub regular: Verdict,
    /// For [`Promise::NoInversion`].
    pub no_inversion: Verdict,
    /// For [`Promise::Database`].
    pub database: Verdict,
    /// For [`Promise::NoStaleEntry`].
    pub no_stale_entry: Verdict,
    /// For [`Promise::Delivered`], where bumps arrive later than their writes return.
    pub delivered: Verdict,
}

impl Promises {
    /// Every promise holds that is about bumps which arrive before their writes return.
    pub const HOLD: Promises = Promises {
        regular: Verdict::Holds,
        no_inversion: Verdict::Holds,
        database: Verdict::Holds,
        no_stale_entry: Verdict::Holds,
        delivered: Verdict::Unchecked,
    };

    /// Reads are regular and nothing stale stays; but inside a write's commit gap a read may be
    /// older than the database. What the protocol gives without marks, and with marks where a
    /// fault can lose one.
    pub const REGULAR_ONLY: Promises = Promises {
        no_inversion: Verdict::Fails,
        database: Verdict::Fails,
        ..Promises::HOLD
    };

    /// Every one of these promises fails.
    pub const FAIL: Promises = Promises {
        regular: Verdict::Fails,
        no_inversion: Verdict::Fails,
        database: Verdict::Fails,
        no_stale_entry: Verdict::Fails,
        delivered: Verdict::Unchecked,
    };

    /// Verdicts for the two promises of a protocol without marks; the others are not looked at.
    pub const fn base(regular: Verdict, no_stale_entry: Verdict) -> Promises {
        Promises {
            regular,
            no_inversion: Verdict::Unchecked,
            database: Verdict::Unchecked,
            no_stale_entry,
            delivered: Verdict::Unchecked,
        }
    }

    /// The verdict for one promise.
    pub fn of(&self, promise: Promise) -> Verdict {
        match promise {
            Promise::Regular => self.regular,
            Promise::NoInversion => self.no_inversion,
            Promise::Database => self.database,
            Promise::NoStaleEntry => self.no_stale_entry,
            Promise::Delivered => self.delivered,
        }
    }

    /// Whether a row looks at this promise at all.
    pub fn checks(&self, promise: Promise) -> bool {
        self.of(promise) != Verdict::Unchecked
    }

    /// What a read that begins now must not fall below, as far as it is looked at.
    pub fn bounds(&self, now: Bounds) -> Bounds {
        let needed = |promise, bound| if self.checks(promise) { bound } else { 0 };
        Bounds {
            acknowledged: needed(Promise::Regular, now.acknowledged),
            observed: needed(Promise::NoInversion, now.observed),
            committed: needed(Promise::Database, now.committed),
            delivered: needed(Promise::Delivered, now.delivered),
        }
    }
}

/// What a read must not fall below, noted when it begins.
///
/// A bound whose promise is not checked stays zero, which keeps the space of states small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounds {
    /// The newest write that had returned.
    pub acknowledged: u8,
    /// The newest value that a read had returned.
    pub observed: u8,
    /// The newest write that had committed.
    pub committed: u8,
    /// The newest write whose bump had reached the process that reads.
    pub delivered: u8,
}

/// The promises that the step just taken broke.
///
/// Not remembered beyond that one state: the checker looks at every state it reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken {
    regular: bool,
    no_inversion: bool,
    database: bool,
    delivered: bool,
}

impl Broken {
    /// Judges a read that returns `value` under `bounds`.
    pub fn judge(value: u8, bounds: Bounds) -> Broken {
        Broken {
            regular: value < bounds.acknowledged,
            no_inversion: value < bounds.observed,
            database: value < bounds.committed,
            delivered: value < bounds.delivered,
        }
    }

    /// Whether the promise, one about what a read returns, was broken.
    pub fn breaks(self, promise: Promise) -> bool {
        match promise {
            Promise::Regular => self.regular,
            Promise::NoInversion => self.no_inversion,
            Promise::Database => self.database,
            Promise::Delivered => self.delivered,
            Promise::NoStaleEntry => false,
        }
    }
}
