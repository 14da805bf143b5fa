//! Statements of other kinds, and any statement at all.

use crate::literal::Literal;
use crate::text::Gen;

use super::{delete, insert, update};

/// Some ordinary statement, for transactions and scripts.
pub(super) fn any(generator: &mut Gen<'_>) -> String {
    (0..)
        .find_map(|_| match generator.rng.u8(0..16) {
            0..=2 => insert::one(generator),
            3 => insert::or_ignore(generator),
            4 => insert::or_replace(generator),
            5 => insert::upsert_update(generator),
            6 => update::by_key(generator),
            7..=9 => update::by_condition(generator),
            10 => update::reference(generator),
            11 => update::parent_key(generator),
            12 => delete::by_key(generator),
            13 => delete::parent(generator),
            14 => to_view(generator),
            _ => delete::by_condition(generator),
        })
        .expect("an insert needs nothing of the schema")
}

pub(super) fn with(generator: &mut Gen<'_>) -> Option<String> {
    let inner = generator.any_aliased();
    let (one, of) = generator.any_column(&inner);
    let condition = generator.pinning(&inner);
    let head = format!(
        "WITH q(one) AS (SELECT {one} FROM {} WHERE {condition})",
        inner.sql
    );
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let from = generator.aliased(place);
    let alias = from.qualifier.clone().unwrap_or_default();
    let target = format!("{} AS {alias}", generator.name(&table.name));
    let column = generator.column_like(&from, &of);
    let payload = table.payload();
    let set = table.columns[*payload.first()?].clone();
    let (name, value) = (generator.name(&set.name), generator.value(&set));
    Some(match generator.rng.u8(0..4) {
        0 => format!("{head} DELETE FROM {target} WHERE {column} IN (SELECT one FROM q)"),
        1 => {
            let name_of = generator.name(&table.name);
            format!("{head} INSERT OR IGNORE INTO {name_of} ({name}) SELECT one FROM q LIMIT 2")
        }
        _ => format!(
            "{head} UPDATE {target} SET {name} = {value} WHERE {column} IN (SELECT one FROM q)"
        ),
    })
}

/// A write to a view that a trigger takes over.
pub(super) fn to_view(generator: &mut Gen<'_>) -> Option<String> {
    if generator.schema.writable_views.is_empty() {
        return None;
    }
    let place = generator.pick(&generator.schema.writable_views);
    let view = generator.schema.views[place].clone();
    let name = generator.name(&view.name);
    let column = view.columns[generator.rng.usize(0..view.columns.len())].clone();
    let by = view.columns[generator.rng.usize(0..view.columns.len())].clone();
    let (value, by_value) = (generator.value(&column), generator.value(&by));
    Some(match generator.rng.u8(0..3) {
        0 => {
            let values: Vec<String> = view
                .columns
                .iter()
                .map(|column| generator.value(column))
                .collect();
            format!("INSERT INTO {name} VALUES ({})", values.join(", "))
        }
        1 => format!(
            "UPDATE {name} SET {} = {value} WHERE {} IS NOT {by_value}",
            column.name, by.name
        ),
        _ => format!("DELETE FROM {name} WHERE {} = {by_value}", by.name),
    })
}

/// A statement that the database refuses before it changes anything that stays.
pub(super) fn refused(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let from = generator.name(&table.name);
    let column = table.columns[generator.pick(&table.writable())].clone();
    let (name, value) = (generator.name(&column.name), generator.value(&column));
    Some(match generator.rng.u8(0..4) {
        // Found out when it is prepared.
        0 => format!("UPDATE {from} SET {name} = no_such_function({value})"),
        1 => format!("INSERT INTO {from} ({name}) VALUES ({value}, {value})"),
        // Found out when it runs: the whole statement is undone.
        2 => format!("UPDATE {from} SET {name} = abs(-9223372036854775808)"),
        _ => format!("DELETE FROM {from} WHERE {name} IS NOT {value} OR abs(-9223372036854775808)"),
    })
}

/// A statement that is refused at its last row, and keeps the rows before it.
pub(super) fn refused_late(generator: &mut Gen<'_>) -> Option<String> {
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
    let name = generator.name(&table.name);
    let number = generator.rng.i64(10..60);
    let (first, value) = (generator.lit(Literal::Int(number)), generator.value(&other));
    let (key, other) = (generator.name(&key.name), generator.name(&other.name));
    // The same key twice.
    Some(format!(
        "INSERT OR FAIL INTO {name} ({key}, {other}) VALUES ({first}, {value}), ({first}, {value})"
    ))
}
