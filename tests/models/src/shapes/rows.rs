//! The rows about shapes.

use super::settings::{ListRead, Settings};
use crate::promise::{Promises, Verdict};
use crate::row::{Row, Setup};
use Verdict::{Fails, Holds};

/// Rows s1 to s8.
pub fn rows() -> Vec<Row> {
    let base = Settings::BASE;
    let strict = Settings::STRICT;
    let waiting = Settings {
        waits_for_writers: true,
        ..strict
    };
    vec![
        row(
            "s1",
            "writers read the list of shapes before their commit only",
            Settings {
                list_read: ListRead::BeforeCommit,
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "s2",
            "writers read the list of shapes after their commit",
            base,
            Promises::base(Holds, Holds),
        ),
        row(
            "s3",
            "the list evicted, entries do not depend on the table tag",
            Settings {
                records_table_tag: false,
                table_evictions: 1,
                ..base
            },
            Promises::base(Fails, Fails),
        ),
        row(
            "s4",
            "list and shape tag evicted, entries depend on the table tag",
            Settings {
                table_evictions: 1,
                shape_evictions: 1,
                ..base
            },
            Promises::base(Holds, Holds),
        ),
        row(
            "s5",
            "strict, a new shape is usable at once",
            strict,
            Promises::REGULAR_ONLY,
        ),
        row(
            "s6",
            "strict, a new shape waits for the writers in flight",
            waiting,
            Promises::HOLD,
        ),
        row(
            "s7",
            "s6, the list evicted",
            Settings {
                table_evictions: 1,
                ..waiting
            },
            Promises::REGULAR_ONLY,
        ),
        row(
            "s8",
            "s6, the list evicted twice, a new list on probation",
            Settings {
                probation: true,
                table_evictions: 2,
                ..waiting
            },
            Promises::HOLD,
        ),
    ]
}

fn row(name: &'static str, about: &'static str, settings: Settings, expected: Promises) -> Row {
    Row::new(name, about, Setup::Shapes(settings), expected)
}
