//! The rows about guards.

use super::settings::{
    Cleaning, DelayedMark, Faults, GuardRead, Hearing, Horizon, Loading, MadeByMark, Marking,
    Settings,
};
use crate::promise::{Promises, Verdict};
use crate::row::{Row, Setup};
use Verdict::{Holds, Unchecked};

/// The rows of guards.
pub fn rows() -> Vec<Row> {
    let mut rows = holding_rows();
    rows.extend(failing_rows());
    rows
}

/// Guard and tag are dropped, once with a mark and once without.
const LOSSES: Settings = Settings {
    faults: Faults {
        guard_evictions: 1,
        lost_marks: 1,
        tag_evictions: 1,
        ..Faults::NONE
    },
    ..Settings::GUARDS
};

/// Once a mark is lost.
const LOST: Faults = Faults {
    lost_marks: 1,
    ..Faults::NONE
};

/// As [`LOSSES`], over a database that has several writers at a time.
const SEVERAL: Settings = Settings {
    one_writer_at_a_time: false,
    ..LOSSES
};

/// A writer dies, and marks are judged to be over: those of the dead, and of others.
const OVER: Settings = Settings {
    faults: Faults {
        lost_marks: 1,
        crashes: 1,
        dead_marks: 1,
        slow_marks: 1,
        ..Faults::NONE
    },
    ..Settings::GUARDS
};

/// A bump is delivered after its writer returned.
const DELAYED: Settings = Settings {
    faults: Faults {
        lost_marks: 1,
        slow_marks: 1,
        delayed_bumps: 1,
        ..Faults::NONE
    },
    ..Settings::GUARDS
};

fn holding_rows() -> Vec<Row> {
    vec![
        row(
            "g1",
            "guards; guard and tag evicted, a mark lost",
            LOSSES,
            Promises::HOLD,
        ),
        row(
            "g1a",
            "guards, two readers; a mark lost",
            Settings {
                readers: 2,
                reads_each: 2,
                faults: LOST,
                ..Settings::GUARDS
            },
            Promises::HOLD,
        ),
        row(
            "g2",
            "g1 over a database with several writers at a time",
            SEVERAL,
            Promises::HOLD,
        ),
        row(
            "g3",
            "guards; a writer dies, marks of dead and of slow writers are taken away, one is lost",
            OVER,
            Promises::HOLD,
        ),
        row(
            "g4",
            "guards; a bump is delivered after its writer returned, its mark lost or taken away",
            DELAYED,
            Promises::HOLD,
        ),
        row(
            "g14",
            "g1, writers mark a guard that they find inside their transaction",
            Settings {
                hearing: Hearing::Asks,
                ..LOSSES
            },
            Promises::HOLD,
        ),
        row(
            "g15",
            "g1, writers believe for a while that there is no guard, and a new one is left alone as long",
            Settings {
                hearing: Hearing::BelievesForAWhile,
                ..LOSSES
            },
            Promises::HOLD,
        ),
        row(
            "g15a",
            "g15 over a database with several writers at a time",
            Settings {
                hearing: Hearing::BelievesForAWhile,
                ..SEVERAL
            },
            Promises::HOLD,
        ),
        row(
            "g5",
            "guards; a mark lost, beside a reader that is not strict",
            Settings {
                readers: 2,
                reads_each: 2,
                one_is_regular: true,
                faults: LOST,
                ..LOSSES
            },
            Promises::HOLD,
        ),
    ]
}

fn failing_rows() -> Vec<Row> {
    let fails = Promises {
        no_inversion: Unchecked,
        ..Promises::REGULAR_ONLY
    };
    vec![
        row(
            "g6",
            "g1, a new guard is confirmed without waiting for writers",
            Settings {
                horizon: Horizon::NotAsked,
                ..LOSSES
            },
            fails,
        ),
        row(
            "g6a",
            "g1, the writers to wait for are asked for before the guard's version is noted",
            Settings {
                horizon: Horizon::BeforeVersions,
                ..LOSSES
            },
            fails,
        ),
        row(
            "g7",
            "g1, the load before the wait for writers",
            Settings {
                loading: Loading::BeforeHorizon,
                ..LOSSES
            },
            fails,
        ),
        row(
            "g8",
            "g1, writers mark before they take the lock",
            Settings {
                marking: Marking::BeforeLock,
                ..LOSSES
            },
            fails,
        ),
        row(
            "g16",
            "g15, a new guard is not left alone",
            Settings {
                hearing: Hearing::Believes,
                faults: Faults::NONE,
                ..LOSSES
            },
            fails,
        ),
        row(
            "g9",
            "g1, the guard read after the tag",
            Settings {
                guard_read: GuardRead::Last,
                ..LOSSES
            },
            fails,
        ),
        row(
            "g10",
            "g5, what was stored without a guard is served to a strict read",
            Settings {
                readers: 2,
                reads_each: 2,
                one_is_regular: true,
                faults: LOST,
                serves_unguarded: true,
                ..LOSSES
            },
            fails,
        ),
        row(
            "g11",
            "g2, a mark on a guard that is not there makes one on which entries may depend",
            Settings {
                made_by_mark: MadeByMark::Live,
                ..SEVERAL
            },
            fails,
        ),
        row(
            "g12",
            "g3 with two readers, marks taken away without a fresh version",
            Settings {
                writers: 1,
                readers: 2,
                reads_each: 2,
                cleaning: Cleaning::SameVersion,
                ..OVER
            },
            Promises {
                regular: Holds,
                no_inversion: Unchecked,
                ..Promises::FAIL
            },
        ),
        row(
            "g13",
            "g4, the mark of a delayed bump is taken away when its writer returns",
            Settings {
                delayed_mark: DelayedMark::IsTaken,
                ..DELAYED
            },
            Promises {
                no_inversion: Unchecked,
                no_stale_entry: Holds,
                ..Promises::FAIL
            },
        ),
    ]
}

fn row(name: &'static str, about: &'static str, settings: Settings, expected: Promises) -> Row {
    Row::new(name, about, Setup::Guards(settings), expected)
}
