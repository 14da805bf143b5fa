//! Statements that add rows.

use crate::column::{Column, Kind};
use crate::database::Verb;
use crate::schema::Table;
use crate::text::Gen;

const PLAIN: Verb = ("INSERT", "");

/// `INTO table (columns)` with places of the columns.
fn into(generator: &mut Gen<'_>, table: &Table) -> (String, Vec<usize>) {
    let mut places = table.writable();
    let name = generator.table_name(table);
    match generator.rng.u8(0..10) {
        0..=1 => return (format!("INTO {name}"), places),
        2..=3 => places.retain(|_| generator.chance(80)),
        4 => places.reverse(),
        _ => {}
    }
    if places.is_empty() {
        places = table.writable();
    }
    let columns: Vec<String> = places
        .iter()
        .map(|&place| generator.name(&table.columns[place].name.clone()))
        .collect();
    (format!("INTO {name} ({})", columns.join(", ")), places)
}

fn values(generator: &mut Gen<'_>, table: &Table, places: &[usize]) -> String {
    let values: Vec<String> = places
        .iter()
        .map(|&place| value(generator, table, place))
        .collect();
    format!("({})", values.join(", "))
}

/// A value for a column; a key is rather new.
fn value(generator: &mut Gen<'_>, table: &Table, place: usize) -> String {
    let column: Column = table.columns[place].clone();
    if table.key.first() == Some(&place) && column.kind == Kind::Integer {
        return match generator.rng.u8(0..10) {
            0..=3 => generator.words().next_key.to_owned(),
            4..=6 => generator.native(&column),
            _ => new_key(generator),
        };
    }
    generator.value(&column)
}

/// A key that the first rows do not have.
fn new_key(generator: &mut Gen<'_>) -> String {
    let number = generator.rng.i64(5..40);
    generator.number(number)
}

/// One or several rows by `verb`.
pub(crate) fn rows(generator: &mut Gen<'_>, verb: Verb, count: usize) -> String {
    let place = generator.table();
    rows_of(generator, place, verb, count)
}

pub(crate) fn rows_of(
    generator: &mut Gen<'_>,
    place: usize,
    (before, after): Verb,
    count: usize,
) -> String {
    let table = &generator.schema.tables[place];
    let (into, places) = into(generator, table);
    let rows: Vec<String> = (0..count)
        .map(|_| values(generator, table, &places))
        .collect();
    format!("{before} {into} VALUES {}{after}", rows.join(", "))
}

pub(super) fn one(generator: &mut Gen<'_>) -> Option<String> {
    Some(rows(generator, PLAIN, 1))
}

pub(super) fn many(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(2..=4);
    Some(rows(generator, PLAIN, count))
}

pub(super) fn select(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = &generator.schema.tables[place];
    let (into, places) = into(generator, table);
    let source = generator.any_aliased();
    let mut columns = Vec::new();
    for &place in &places {
        let column = table.columns[place].clone();
        let key = table.key.first() == Some(&place) && column.kind == Kind::Integer;
        columns.push(match table.key.contains(&place) || generator.chance(30) {
            true if key => new_key(generator),
            true => value(generator, table, place),
            false => generator.column_like(&source, &column),
        });
    }
    let condition = generator.pinning(&source);
    let (before, after) = generator.pick(generator.words().inserts);
    let columns = columns.join(", ");
    Some(format!(
        "{before} {into} SELECT {columns} FROM {} WHERE {condition} LIMIT 3{after}",
        source.sql
    ))
}

pub(super) fn default_values(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let name = generator.table_name(&generator.schema.tables[place]);
    Some(format!("INSERT INTO {name} DEFAULT VALUES"))
}

pub(super) fn ignoring(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(1..=3);
    let verb = generator.words().ignoring;
    Some(rows(generator, verb, count))
}

/// What a conflict is about: the key, something unique, or anything.
fn target(generator: &mut Gen<'_>, table: &Table) -> Option<String> {
    let unique = match table.unique.is_empty() || generator.chance(60) {
        true => table.key.clone(),
        false => vec![table.unique[0]],
    };
    if unique.is_empty() {
        return None;
    }
    let names: Vec<String> = unique
        .iter()
        .map(|&place| generator.name(&table.columns[place].name.clone()))
        .collect();
    Some(format!("({})", names.join(", ")))
}

/// A table that has a key, with rows for it whose keys are likely taken.
fn conflicting(generator: &mut Gen<'_>) -> Option<(Table, String)> {
    let keyed: Vec<usize> = (0..generator.schema.tables.len())
        .filter(|&i| !generator.schema.tables[i].key.is_empty())
        .collect();
    if keyed.is_empty() {
        return None;
    }
    let place = generator.pick(&keyed);
    let table = generator.schema.tables[place].clone();
    let places = table.writable();
    let columns: Vec<String> = places
        .iter()
        .map(|&place| generator.name(&table.columns[place].name.clone()))
        .collect();
    let mut rows = Vec::new();
    for _ in 0..generator.rng.usize(1..=2) {
        let values: Vec<String> = places
            .iter()
            .map(|&place| {
                let column = table.columns[place].clone();
                match table.key.contains(&place) {
                    true => generator.native(&column),
                    false => generator.value(&column),
                }
            })
            .collect();
        rows.push(format!("({})", values.join(", ")));
    }
    let name = generator.table_name(&table);
    let sql = format!(
        "INSERT INTO {name} ({}) VALUES {}",
        columns.join(", "),
        rows.join(", ")
    );
    Some((table, sql))
}

pub(super) fn upsert_nothing(generator: &mut Gen<'_>) -> Option<String> {
    let (table, sql) = conflicting(generator)?;
    let target = match generator.rng.bool() {
        true => target(generator, &table)?,
        false => String::new(),
    };
    Some(format!("{sql} ON CONFLICT {target} DO NOTHING"))
}

fn upsert(generator: &mut Gen<'_>) -> Option<(Table, String)> {
    let (table, sql) = conflicting(generator)?;
    let target = target(generator, &table)?;
    let payload = match table.payload() {
        empty if empty.is_empty() => table.writable(),
        payload => payload,
    };
    let mut sets = Vec::new();
    for _ in 0..generator.rng.usize(1..=2) {
        let column = table.columns[generator.pick(&payload)].clone();
        let name = generator.name(&column.name);
        sets.push(match generator.rng.bool() {
            true => format!("{name} = excluded.{name}"),
            false => format!("{name} = {}", generator.value(&column)),
        });
    }
    Some((
        table,
        format!(
            "{sql} ON CONFLICT {target} DO UPDATE SET {}",
            sets.join(", ")
        ),
    ))
}

pub(super) fn upsert_update(generator: &mut Gen<'_>) -> Option<String> {
    Some(upsert(generator)?.1)
}

pub(super) fn upsert_where(generator: &mut Gen<'_>) -> Option<String> {
    let (table, sql) = upsert(generator)?;
    let column = table.columns[generator.rng.usize(0..table.columns.len())].clone();
    let value = generator.value(&column);
    let is_not = generator.words().is_not;
    let name = format!("\"{}\".\"{}\"", table.name, column.name);
    Some(format!("{sql} WHERE {name} {is_not} {value}"))
}

/// A RETURNING clause.
pub(crate) fn returned(generator: &mut Gen<'_>, table: &Table) -> String {
    let mut column = || {
        let place = generator.rng.usize(0..table.columns.len());
        generator.name(&table.columns[place].name.clone())
    };
    let (a, b) = (column(), column());
    match generator.rng.u8(0..6) {
        0..=1 => " RETURNING *".to_owned(),
        2 => format!(" RETURNING {a} AS {b}, {b} AS {a}"),
        3 => format!(" RETURNING {a} || 'x', {b}"),
        4 if !table.key.is_empty() => {
            format!(" RETURNING \"{}\"", table.columns[table.key[0]].name)
        }
        _ => format!(" RETURNING {a}, {b}"),
    }
}

pub(super) fn returning(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = &generator.schema.tables[place];
    let verb = match generator.chance(15) {
        true => ("INSERT", " ON CONFLICT DO NOTHING"),
        false => generator.pick(generator.words().inserts),
    };
    let count = generator.rng.usize(1..=2);
    let rows = rows_of(generator, place, verb, count);
    Some(rows + &returned(generator, table))
}
