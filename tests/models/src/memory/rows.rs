//! The rows about the memory store.

use super::settings::{Joining, ListRead, LookAgain, Order, Settings};
use crate::promise::{Promises, Verdict};
use crate::row::{Row, Setup};
use Verdict::{Fails, Unchecked};

/// Rows m1 to m14.
pub fn rows() -> Vec<Row> {
    let regular = Settings::REGULAR;
    let strict = Settings::STRICT;
    vec![
        row(
            "m1",
            "strict: mark, commit, bump, unmark; the table tag compared first",
            strict,
            Promises::HOLD,
        ),
        row(
            "m2",
            "strict, one writer widens",
            Settings {
                one_widens: true,
                ..strict
            },
            Promises::HOLD,
        ),
        row(
            "m3",
            "strict, the shape's tag compared first",
            Settings {
                look_order: Order::ShapeFirst,
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "m4",
            "strict, marks taken away before the bump",
            Settings {
                unmarks_before_bump: true,
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "m5",
            "strict, a follower joins any flight",
            Settings {
                joining: Joining::Always,
                ..strict
            },
            JOINED_TOO_LATE,
        ),
        row(
            "m6",
            "strict, a follower compares the shape's tag first",
            Settings {
                joining: Joining::IfCurrent(Order::ShapeFirst),
                ..strict
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "m7",
            "strict, one writer widens, followers share the flight's second look",
            Settings {
                one_widens: true,
                look_again: LookAgain::ForAll,
                ..strict
            },
            JOINED_TOO_LATE,
        ),
        row(
            "m8",
            "strict, writers read the list of shapes before their commit",
            Settings {
                list_read: ListRead::BeforeCommit,
                ..strict
            },
            Promises::FAIL,
        ),
        row("m9", "regular", regular, Promises::REGULAR_ONLY),
        row(
            "m10",
            "regular, a follower joins any flight",
            Settings {
                joining: Joining::Always,
                ..regular
            },
            JOINED_TOO_LATE,
        ),
        row(
            "m11",
            "regular, writers read the list of shapes before their commit",
            Settings {
                list_read: ListRead::BeforeCommit,
                ..regular
            },
            Promises::FAIL,
        ),
        row(
            "m12",
            "regular, one writer widens",
            Settings {
                one_widens: true,
                ..regular
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "m13",
            "regular, one writer widens, followers share the flight's second look",
            Settings {
                one_widens: true,
                look_again: LookAgain::ForAll,
                ..regular
            },
            JOINED_TOO_LATE,
        ),
        row(
            "m14",
            "regular, versions noted after the load",
            Settings {
                notes_before_load: false,
                ..regular
            },
            Promises::FAIL,
        ),
    ]
}

/// A follower gets what was right before it came. That two reads then fall out of order needs a
/// third reader, which these worlds do not have; the entry itself is never stale.
const JOINED_TOO_LATE: Promises = Promises {
    regular: Fails,
    no_inversion: Unchecked,
    database: Fails,
    ..Promises::HOLD
};

fn row(name: &'static str, about: &'static str, settings: Settings, expected: Promises) -> Row {
    Row::new(name, about, Setup::Memory(settings), expected)
}
