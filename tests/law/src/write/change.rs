//! Statements of other kinds, and any statement at all.

use crate::text::Gen;

use super::{delete, insert, update};

/// Some ordinary statement, for transactions and scripts.
pub(super) fn any(generator: &mut Gen<'_>) -> String {
    (0..)
        .find_map(|_| match generator.rng.u8(0..16) {
            0..=2 => insert::one(generator),
            3..=4 => {
                let verb = generator.pick(generator.words().inserts);
                Some(insert::rows(generator, verb, 1))
            }
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
    let target = format!("{} AS {alias}", generator.table_name(&table));
    let column = generator.column_like(&from, &of);
    let payload = table.payload();
    let set = table.columns[*payload.first()?].clone();
    let (name, value) = (generator.name(&set.name), generator.value(&set));
    Some(match generator.rng.u8(0..4) {
        0 => format!("{head} DELETE FROM {target} WHERE {column} IN (SELECT one FROM q)"),
        1 => {
            let name_of = generator.table_name(&table);
            let (before, after) = generator.words().ignoring;
            format!("{head} {before} INTO {name_of} ({name}) SELECT one FROM q LIMIT 2{after}")
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
    let name = generator.table_name(&view);
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
            "UPDATE {name} SET {} = {value} WHERE {} {} {by_value}",
            column.name,
            by.name,
            generator.words().is_not
        ),
        _ => format!("DELETE FROM {name} WHERE {} = {by_value}", by.name),
    })
}

/// A statement that the database refuses before it changes anything that stays.
pub(super) fn refused(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let from = generator.table_name(&table);
    let (failing, is_not) = (generator.words().failing, generator.words().is_not);
    let column = table.columns[generator.pick(&table.writable())].clone();
    let (name, value) = (generator.name(&column.name), generator.value(&column));
    Some(match generator.rng.u8(0..4) {
        // Found out when it is prepared.
        0 => format!("UPDATE {from} SET {name} = no_such_function({value})"),
        1 => format!("INSERT INTO {from} ({name}) VALUES ({value}, {value})"),
        // Found out when it runs: the whole statement is undone.
        2 => format!("UPDATE {from} SET {name} = {failing}"),
        _ => format!("DELETE FROM {from} WHERE {name} {is_not} {value} OR {failing} = 1"),
    })
}
