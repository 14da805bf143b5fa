//! Reads that only SQLite has.

use std::sync::LazyLock;

use crate::read::plain::list;
use crate::read::{Class, SHARED};
use crate::text::{From, Gen};

/// Every class of reads.
pub(super) static CLASSES: LazyLock<Vec<Class>> =
    LazyLock::new(|| [SHARED, &[("rowid", rowid)]].concat());

fn rowid(generator: &mut Gen<'_>) -> Option<String> {
    let numbered: Vec<usize> = (0..generator.schema.tables.len())
        .filter(|&i| generator.schema.tables[i].rowid)
        .collect();
    if numbered.is_empty() {
        return None;
    }
    let table = generator.pick(&numbered);
    let from = generator.alone(table);
    let (name, again) = (number(generator, &from)?, number(generator, &from)?);
    let list = list(generator, &from);
    let wanted = generator.rng.i64(1..9);
    let number = generator.number(wanted);
    Some(match generator.rng.u8(0..4) {
        0 => format!("SELECT {name} FROM {}", from.sql),
        1 => format!(
            "SELECT {name}, {again} FROM {} WHERE {}",
            from.sql,
            generator.pinning(&from)
        ),
        2 => format!(
            "SELECT {list} FROM {} WHERE {name} IN ({number}, 2, 3)",
            from.sql
        ),
        _ => format!("SELECT {list} FROM {} WHERE {name} = {number}", from.sql),
    })
}

/// The name of the row's number, if it has one.
pub(super) fn number(generator: &mut Gen<'_>, from: &From) -> Option<String> {
    if !from.rowid {
        return None;
    }
    let name = generator.pick(&["rowid", "oid", "_rowid_", "ROWID"]);
    Some(match &from.qualifier {
        Some(qualifier) => format!("{qualifier}.{name}"),
        None => name.to_owned(),
    })
}
