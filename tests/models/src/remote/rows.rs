//! The rows about the remote store.

use super::settings::{
    Cleaning, Faults, ListRead, Lives, LookOrder, Repeating, Settings, Swap, Unmarking, Void,
};
use crate::promise::{Promises, Verdict};
use crate::row::{Row, Setup};
use Verdict::{Fails, Holds, Unchecked};

/// Rows r1 to r10 and r17 to r21.
pub fn rows() -> Vec<Row> {
    let mut rows = regular_rows();
    rows.extend(strict_rows());
    rows.extend(splice_rows());
    rows.extend(failover_rows());
    rows.extend(mark_rows());
    rows.extend(delivery_rows());
    rows
}

fn regular_rows() -> Vec<Row> {
    let regular = Settings {
        reads_each: 1,
        other_registers: true,
        faults: Faults {
            table_evictions: 1,
            fine_evictions: 1,
            ..Faults::NONE
        },
        ..Settings::REGULAR
    };
    vec![
        row(
            "r1",
            "remote: bumps by a remembered list, which is read after them; cell and tag evicted",
            regular,
            Promises::base(Holds, Holds),
        ),
        row(
            "r2",
            "r1, the list not read again",
            Settings {
                list_read: ListRead::Remembered,
                ..regular
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "r7a",
            "r1, shapes registered without comparing heads",
            Settings {
                swap: Swap::Blind,
                ..regular
            },
            Promises::base(Fails, Fails),
        ),
    ]
}

fn strict_rows() -> Vec<Row> {
    let strict = Settings {
        one_writer_at_a_time: false,
        ..Settings::STRICT
    };
    vec![
        row(
            "r3",
            "remote, strict: marks on the table's cell, which is read before the rows' tag",
            strict,
            Promises::HOLD,
        ),
        row(
            "r4",
            "r3, the rows' tag read first",
            Settings {
                look_order: LookOrder::FineFirst,
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "r5",
            "r3, the mark taken away before the bump",
            Settings {
                unmarking: Unmarking::BeforeBump,
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
    ]
}

fn splice_rows() -> Vec<Row> {
    let swapping = Settings {
        one_writer_at_a_time: false,
        one_widens: true,
        other_registers: true,
        swap: Swap::Compared,
        readers: 1,
        ..Settings::STRICT
    };
    let voids = Settings {
        one_widens: true,
        probation: true,
        readers: 1,
        faults: Faults {
            table_evictions: 1,
            lost_marks: 1,
            ..Faults::NONE
        },
        ..Settings::STRICT
    };
    let voids_regular = Settings {
        strict: false,
        probation: false,
        readers: 2,
        ..voids
    };
    vec![
        row(
            "r6",
            "strict, one writer bumps the cell in place, marks and list are swapped by their head",
            swapping,
            Promises::HOLD,
        ),
        row(
            "r7",
            "r6, swapped without comparing",
            Settings {
                swap: Swap::Blind,
                ..swapping
            },
            nothing_holds(),
        ),
        row(
            "r8",
            "strict, a bump in place of an evicted cell leaves a void; probation",
            voids,
            Promises::HOLD,
        ),
        row(
            "r8a",
            "r8 without marks",
            voids_regular,
            Promises::base(Holds, Holds),
        ),
        row(
            "r9",
            "r8, a void taken for a tag",
            Settings {
                void: Void::IsLive,
                ..voids
            },
            not_database(),
        ),
        row(
            "r9a",
            "r8a, a void taken for a tag",
            Settings {
                void: Void::IsLive,
                ..voids_regular
            },
            Promises::base(Holds, Holds),
        ),
    ]
}

fn failover_rows() -> Vec<Row> {
    let failovers = |failovers| Faults {
        failovers,
        ..Faults::NONE
    };
    let regular = Settings {
        writers: 1,
        faults: failovers(1),
        swap: Swap::AtOnce,
        ..Settings::REGULAR
    };
    let strict = Settings {
        one_widens: true,
        probation: true,
        readers: 1,
        reads_each: 3,
        faults: failovers(1),
        ..Settings::STRICT
    };
    vec![
        row(
            "r10",
            "failover, incarnations compared",
            regular,
            Promises::base(Holds, Holds),
        ),
        row(
            "r10a",
            "failover, incarnations not compared",
            Settings {
                lives: Lives::NotCompared,
                ..regular
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "r10b",
            "a master demoted and promoted again, told by its run id",
            Settings {
                lives: Lives::RunId,
                faults: failovers(2),
                ..regular
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "r10c",
            "a master demoted and promoted again, told by run id and replication id",
            Settings {
                faults: failovers(2),
                ..regular
            },
            Promises::base(Holds, Holds),
        ),
        row(
            "r10d",
            "failover, looks over a link that outlives the demotion",
            Settings {
                looks_over_old_link: true,
                ..regular
            },
            Promises::base(Fails, Holds),
        ),
        row(
            "r10e",
            "strict, failover, probation, one writer bumps the cell in place",
            strict,
            Promises::HOLD,
        ),
        row(
            "r10f",
            "r10e, a bump in place writes the incarnation too",
            Settings {
                splice_writes_life: true,
                ..strict
            },
            not_database(),
        ),
        row(
            "r10g",
            "r10f without marks",
            Settings {
                splice_writes_life: true,
                one_widens: true,
                writers: 2,
                readers: 1,
                ..regular
            },
            Promises::base(Holds, Holds),
        ),
    ]
}

fn mark_rows() -> Vec<Row> {
    let dead = Settings {
        faults: Faults {
            crashes: 1,
            dead_marks: 1,
            ..Faults::NONE
        },
        ..Settings::STRICT
    };
    let slow = Settings {
        readers: 1,
        reads_each: 3,
        faults: Faults {
            slow_marks: 1,
            ..Faults::NONE
        },
        ..Settings::STRICT
    };
    vec![
        row(
            "r17",
            "strict, a writer dies after its commit, its mark is taken away with a fresh version",
            dead,
            Promises::HOLD,
        ),
        row(
            "r18",
            "r17 without a fresh version",
            Settings {
                cleaning: Cleaning::SameVersion,
                ..dead
            },
            Promises {
                regular: Holds,
                ..Promises::FAIL
            },
        ),
        row(
            "r19",
            "strict, a mark is taken away before a slow commit",
            slow,
            not_database(),
        ),
        row(
            "r19a",
            "r19, who takes it away waits for the write lock before the cell is live",
            Settings {
                probation: true,
                ..slow
            },
            Promises::HOLD,
        ),
        row(
            "r19b",
            "r19a, a mark lost and a cell evicted as well",
            Settings {
                probation: true,
                faults: Faults {
                    lost_marks: 1,
                    table_evictions: 1,
                    ..slow.faults
                },
                ..slow
            },
            Promises::HOLD,
        ),
    ]
}

fn delivery_rows() -> Vec<Row> {
    let repeated = Settings {
        faults: Faults {
            lost_answers: 1,
            ..Faults::NONE
        },
        swap: Swap::AtOnce,
        ..Settings::REGULAR
    };
    let undelivered = Settings {
        faults: Faults {
            lost_bumps: 1,
            dead_marks: 1,
            slow_marks: 1,
            ..Faults::NONE
        },
        probation: true,
        readers: 1,
        ..Settings::STRICT
    };
    vec![
        row(
            "r20",
            "a bump whose answer was lost is sent again with a fresh version",
            repeated,
            Promises::base(Holds, Holds),
        ),
        row(
            "r20a",
            "r20, with the version that it had",
            Settings {
                repeating: Repeating::SameVersion,
                ..repeated
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "r21",
            "strict, a bump that cannot be sent leaves its mark until that is over",
            undelivered,
            Promises::HOLD,
        ),
        row(
            "r21a",
            "r21, the mark taken away all the same",
            Settings {
                unmarking: Unmarking::AfterAnyBump,
                ..undelivered
            },
            nothing_holds(),
        ),
    ]
}

/// Strict fails. With one reader it takes too many reads to look at inversions as well.
fn not_database() -> Promises {
    Promises {
        no_inversion: Unchecked,
        ..Promises::REGULAR_ONLY
    }
}

/// All that is looked at with one reader fails.
fn nothing_holds() -> Promises {
    Promises {
        no_inversion: Unchecked,
        ..Promises::FAIL
    }
}

fn row(name: &'static str, about: &'static str, settings: Settings, expected: Promises) -> Row {
    Row::new(name, about, Setup::Remote(settings), expected)
}
