//! Writes that only SQLite has: conflicts settled by a word, rows with numbers, statements that keep
//! what they did before they failed.

use std::sync::LazyLock;

use fastrand::Rng;

use super::reads::number;
use crate::schema::Schema;
use crate::text::Gen;
use crate::write::{Act, Class, Make, SHARED, insert, several, update};

/// Every class of writes.
pub(super) static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let own: &[Class] = &[
        ("INSERT OR REPLACE", Make::One(or_replace)),
        ("INSERT OR FAIL, ABORT, ROLLBACK", Make::One(or_other)),
        ("REPLACE", Make::One(replace)),
        ("UPDATE of the rowid", Make::One(rowid)),
        ("UPDATE OR IGNORE", Make::One(update_or_ignore)),
        ("UPDATE OR REPLACE", Make::One(update_or_replace)),
        ("refused after its first rows", Make::Refused(refused_late)),
        (
            "refused late in a transaction",
            Make::Act(refused_late_inside),
        ),
    ];
    [SHARED, own].concat()
});

fn or_replace(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(1..=2);
    Some(insert::rows(generator, ("INSERT OR REPLACE", ""), count))
}

fn or_other(generator: &mut Gen<'_>) -> Option<String> {
    let verb = generator.pick(&["INSERT OR FAIL", "INSERT OR ABORT", "INSERT OR ROLLBACK"]);
    let count = generator.rng.usize(1..=3);
    Some(insert::rows(generator, (verb, ""), count))
}

fn replace(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(1..=2);
    Some(insert::rows(generator, ("REPLACE", ""), count))
}

fn update_or_ignore(generator: &mut Gen<'_>) -> Option<String> {
    let (from, _, sql) = update::head(generator, "UPDATE OR IGNORE");
    let condition = generator.maybe_where(&from);
    Some(sql + &condition)
}

fn update_or_replace(generator: &mut Gen<'_>) -> Option<String> {
    let verb = generator.pick(&["UPDATE OR REPLACE", "UPDATE OR REPLACE", "UPDATE OR FAIL"]);
    let (from, _, sql) = update::head(generator, verb);
    let condition = generator.maybe_where(&from);
    Some(sql + &condition)
}

fn rowid(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table) = update::target(generator);
    if !table.rowid {
        return None;
    }
    let (set, by) = (
        generator.pick(&["rowid", "oid", "_rowid_"]),
        number(generator, &from)?,
    );
    let value = generator.rng.i64(1..12);
    let value = generator.number(value);
    let other = generator.rng.i64(1..6);
    let other = generator.number(other);
    Some(match generator.rng.u8(0..3) {
        0 => format!("UPDATE {} SET {set} = {by} + 20", from.sql),
        _ => format!(
            "UPDATE OR REPLACE {} SET {set} = {value} WHERE {by} = {other}",
            from.sql
        ),
    })
}

/// A statement that is refused at its last row, and keeps the rows before it.
fn refused_late(generator: &mut Gen<'_>) -> Option<String> {
    let integer_keyed: Vec<usize> = (0..generator.schema.tables.len())
        .filter(|&place| {
            let table = &generator.schema.tables[place];
            let plain = |place: &usize| !table.columns[*place].not_null;
            table.key.len() == 1 && table.rowid && table.payload().iter().all(plain)
        })
        .collect();
    if integer_keyed.is_empty() {
        return None;
    }
    let table = generator.schema.tables[generator.pick(&integer_keyed)].clone();
    let (key, other) = (
        table.columns[table.key[0]].clone(),
        table.columns[*table.payload().first()?].clone(),
    );
    let name = generator.table_name(&table);
    let number = generator.rng.i64(10..60);
    let (first, value) = (generator.number(number), generator.value(&other));
    let (key, other) = (generator.name(&key.name), generator.name(&other.name));
    // The same key twice.
    Some(format!(
        "INSERT OR FAIL INTO {name} ({key}, {other}) VALUES ({first}, {value}), ({first}, {value})"
    ))
}

fn refused_late_inside(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    several::refused_by(rng, schema, refused_late)
}
