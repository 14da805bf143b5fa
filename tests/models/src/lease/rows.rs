//! The rows about leases.

use super::settings::{Alone, EntryLife, Faults, Settings, Storing, Writing};
use crate::promise::{Promises, Verdict};
use crate::row::{Row, Setup};
use Verdict::{Fails, Holds};

/// Rows r11 and r12.
pub fn rows() -> Vec<Row> {
    let removed = Settings {
        faults: Faults {
            expiries: 1,
            agings: 1,
            lost_takes: 1,
            ..Faults::NONE
        },
        ..Settings::LEASES
    };
    let over = Settings {
        keeps_aged: false,
        ..removed
    };
    let inserted = Settings {
        writers: 1,
        writing: Writing::Inserts,
        ..removed
    };
    let failover = Settings {
        writers: 1,
        faults: Faults {
            agings: 1,
            failovers: 1,
            ..Faults::NONE
        },
        ..Settings::LEASES
    };
    let fails = Promises::base(Fails, Fails);
    vec![
        row(
            "r11",
            "leases; removals, a lease runs out, a load without a lease",
            removed,
            Promises::base(Holds, Holds),
        ),
        row(
            "r11a",
            "r11, an entry past its ttl gives way to its lease",
            over,
            Promises::base(Holds, Holds),
        ),
        row(
            "r11b",
            "r11, the writer inserts the new value",
            inserted,
            Promises::base(Holds, Holds),
        ),
        row(
            "r11c",
            "leases, failover; an entry is of the life of its lease",
            failover,
            Promises::base(Holds, Holds),
        ),
        row(
            "r11d",
            "r11c, an entry is of the life in which it is stored",
            Settings {
                entry_life: EntryLife::OfTheServer,
                ..failover
            },
            fails,
        ),
        row(
            "r12",
            "r11, what was loaded is written over whatever is there",
            Settings {
                storing: Storing::Set,
                ..removed
            },
            fails,
        ),
        row(
            "r12a",
            "r11, what was loaded is written if the lease beside the entry lasts",
            Settings {
                storing: Storing::SetIfLeased,
                ..removed
            },
            fails,
        ),
        row(
            "r12b",
            "r11, a load without a lease is stored",
            Settings {
                alone: Alone::Stores,
                ..removed
            },
            fails,
        ),
    ]
}

fn row(name: &'static str, about: &'static str, settings: Settings, expected: Promises) -> Row {
    Row::new(name, about, Setup::Leases(settings), expected)
}
