//! The rows about one tag and its versions.

use super::settings::{Faults, Marking, MissingTag, Round, Settings, Source, Stamping, Versions};
use crate::promise::{Promises, Verdict};
use crate::row::{Row, Setup};
use Verdict::{Fails, Holds};

/// Rows 00 to 13: the base and what breaks it; 20 to 31: strict; 40 to 43: another probation; w1 to w4: larger
/// worlds.
pub fn rows() -> Vec<Row> {
    let mut rows = base_rows();
    rows.extend(strict_rows());
    rows.extend(probation_rows());
    rows.extend(wide_rows());
    rows
}

fn base_rows() -> Vec<Row> {
    let base = Settings::BASE;
    let no_faults = Faults::NONE;
    vec![
        row(
            "00",
            "versions read at the fill",
            Settings {
                stamping: Stamping::AtFill,
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "01",
            "the query overlaps the look",
            Settings {
                source: Source::OverlappingQuery,
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row("02", "the base", base, Promises::REGULAR_ONLY),
        row(
            "03",
            "the tag evicted twice, unique versions",
            Settings {
                faults: Faults {
                    evictions: 2,
                    ..no_faults
                },
                ..base
            },
            Promises::base(Holds, Holds),
        ),
        row(
            "04",
            "the tag evicted twice, counted versions",
            Settings {
                versions: Versions::Counter,
                faults: Faults {
                    evictions: 2,
                    ..no_faults
                },
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "05",
            "a writer dies between commit and bump",
            Settings {
                faults: Faults {
                    crashes: 1,
                    ..no_faults
                },
                ..base
            },
            Promises::base(Holds, Fails),
        ),
        row(
            "06",
            "the store fails over",
            Settings {
                faults: Faults {
                    failovers: 1,
                    ..no_faults
                },
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "07",
            "the store fails over, incarnations compared",
            Settings {
                fence: true,
                faults: Faults {
                    failovers: 1,
                    ..no_faults
                },
                ..base
            },
            Promises::base(Holds, Holds),
        ),
        row(
            "08",
            "looks read a lagging copy of the store",
            Settings {
                writers: 1,
                reads_store_copy: true,
                ..base
            },
            Promises::base(Fails, Holds),
        ),
        row(
            "09",
            "loads read a snapshot older than the look",
            Settings {
                source: Source::EarlierSnapshot,
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "10",
            "loads read a replica of the database",
            Settings {
                source: Source::Replica,
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "11",
            "loads read a replica that has replayed the tag's position; the tag evicted once",
            Settings {
                source: Source::ReplicaByPosition,
                faults: Faults {
                    evictions: 1,
                    ..no_faults
                },
                ..base
            },
            Promises::base(Holds, Holds),
        ),
        row(
            "12",
            "looks in two steps, entry first",
            Settings {
                round: Round::EntryThenTag,
                ..base
            },
            Promises::base(Holds, Holds),
        ),
        row(
            "13",
            "looks in two steps, tag first",
            Settings {
                round: Round::TagThenEntry,
                ..base
            },
            Promises::base(Holds, Holds),
        ),
    ]
}

fn strict_rows() -> Vec<Row> {
    let strict = Settings::STRICT;
    let no_faults = Faults::NONE;
    let lost_once = Faults {
        lost_marks: 1,
        ..no_faults
    };
    let by_lock = Settings {
        missing_tag: MissingTag::ProbationByLock,
        ..strict
    };
    let by_lock_only = Settings {
        only_probation_makes_live: true,
        ..by_lock
    };
    let database_only = Promises {
        database: Fails,
        ..Promises::HOLD
    };
    vec![
        row(
            "20",
            "one flag as mark, one writer",
            Settings {
                writers: 1,
                marking: Marking::Flag,
                ..strict
            },
            Promises::HOLD,
        ),
        row(
            "21",
            "one flag as mark, two writers",
            Settings {
                marking: Marking::Flag,
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
        row("22", "a set of marks", strict, Promises::HOLD),
        row(
            "23",
            "a set of marks, looks in two steps, entry first",
            Settings {
                round: Round::EntryThenTag,
                ..strict
            },
            Promises::HOLD,
        ),
        row(
            "24",
            "a set of marks, looks in two steps, tag first",
            Settings {
                round: Round::TagThenEntry,
                ..strict
            },
            Promises::HOLD,
        ),
        row(
            "25",
            "a mark lost before the commit",
            Settings {
                faults: lost_once,
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "26",
            "marks lost twice, the tag evicted once, naive probation, one reader",
            Settings {
                readers: 1,
                faults: Faults {
                    lost_marks: 2,
                    evictions: 1,
                    ..no_faults
                },
                ..by_lock
            },
            database_only,
        ),
        row(
            "26a",
            "a mark lost once, naive probation, one reader",
            Settings {
                readers: 1,
                reads_each: 3,
                faults: lost_once,
                ..by_lock
            },
            database_only,
        ),
        row(
            "26b",
            "a mark lost once, naive probation, two readers",
            Settings {
                faults: lost_once,
                ..by_lock
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "26c",
            "marks lost twice, naive probation, one reader",
            Settings {
                readers: 1,
                reads_each: 3,
                faults: Faults {
                    lost_marks: 2,
                    ..no_faults
                },
                ..by_lock
            },
            database_only,
        ),
        row(
            "26d",
            "26a, and only probation makes a tag live",
            Settings {
                readers: 1,
                reads_each: 3,
                faults: lost_once,
                ..by_lock_only
            },
            Promises::HOLD,
        ),
        row(
            "26e",
            "26b, and only probation makes a tag live",
            Settings {
                faults: lost_once,
                ..by_lock_only
            },
            Promises::HOLD,
        ),
        row(
            "26f",
            "marks lost twice, the tag evicted once, only probation makes a tag live",
            Settings {
                readers: 1,
                reads_each: 3,
                faults: Faults {
                    lost_marks: 2,
                    evictions: 1,
                    ..no_faults
                },
                ..by_lock_only
            },
            Promises::HOLD,
        ),
        row(
            "27",
            "the store fails over, incarnations compared",
            Settings {
                fence: true,
                faults: Faults {
                    failovers: 1,
                    ..no_faults
                },
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "28",
            "27, and only probation makes a tag live",
            Settings {
                fence: true,
                faults: Faults {
                    failovers: 1,
                    ..no_faults
                },
                ..by_lock_only
            },
            Promises::HOLD,
        ),
        row(
            "29",
            "a writer dies after its commit, its mark runs out, only probation makes a tag live",
            Settings {
                faults: Faults {
                    crashes: 1,
                    ..lost_once
                },
                ..by_lock_only
            },
            Promises::HOLD,
        ),
        row(
            "30",
            "loads read a snapshot older than the look",
            Settings {
                source: Source::EarlierSnapshot,
                ..strict
            },
            Promises::FAIL,
        ),
        row(
            "31",
            "every fault and every remedy",
            Settings {
                readers: 1,
                reads_each: 3,
                fence: true,
                faults: EVERY_FAULT,
                ..by_lock_only
            },
            Promises::HOLD,
        ),
    ]
}

fn probation_rows() -> Vec<Row> {
    let by_horizon = Settings {
        missing_tag: MissingTag::ProbationByHorizon,
        only_probation_makes_live: true,
        ..Settings::STRICT
    };
    let no_faults = Faults::NONE;
    vec![
        row(
            "40",
            "probation until writers in flight have ended: a mark lost, the tag evicted",
            Settings {
                faults: Faults {
                    lost_marks: 1,
                    evictions: 1,
                    ..no_faults
                },
                ..by_horizon
            },
            Promises::HOLD,
        ),
        row(
            "41",
            "the same: marks lost twice, the tag evicted twice, one reader",
            Settings {
                readers: 1,
                reads_each: 4,
                faults: Faults {
                    lost_marks: 2,
                    evictions: 2,
                    ..no_faults
                },
                ..by_horizon
            },
            Promises::HOLD,
        ),
        row(
            "42",
            "the same: every fault and every remedy",
            Settings {
                readers: 1,
                reads_each: 3,
                fence: true,
                faults: EVERY_FAULT,
                ..by_horizon
            },
            Promises::HOLD,
        ),
        row(
            "43",
            "the same: three writers, a mark lost",
            Settings {
                writers: 3,
                readers: 1,
                reads_each: 3,
                faults: Faults {
                    lost_marks: 1,
                    ..no_faults
                },
                ..by_horizon
            },
            Promises::HOLD,
        ),
    ]
}

/// The rows that matter most, in larger worlds.
fn wide_rows() -> Vec<Row> {
    let every_fault = Settings {
        readers: 1,
        reads_each: 5,
        only_probation_makes_live: true,
        fence: true,
        faults: EVERY_FAULT,
        ..Settings::STRICT
    };
    let rows = vec![
        row(
            "w1",
            "02, three writers",
            Settings {
                writers: 3,
                ..Settings::BASE
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "w2",
            "22, three writers",
            Settings {
                writers: 3,
                ..Settings::STRICT
            },
            Promises::HOLD,
        ),
        row(
            "w3",
            "31, five reads",
            Settings {
                missing_tag: MissingTag::ProbationByLock,
                ..every_fault
            },
            Promises::HOLD,
        ),
        row(
            "w4",
            "42, five reads",
            Settings {
                missing_tag: MissingTag::ProbationByHorizon,
                ..every_fault
            },
            Promises::HOLD,
        ),
    ];
    rows.into_iter().map(Row::on_request).collect()
}

/// Each fault once.
const EVERY_FAULT: Faults = Faults {
    evictions: 1,
    lost_marks: 1,
    failovers: 1,
    crashes: 1,
};

fn row(name: &'static str, about: &'static str, settings: Settings, expected: Promises) -> Row {
    Row::new(name, about, Setup::Protocol(settings), expected)
}
