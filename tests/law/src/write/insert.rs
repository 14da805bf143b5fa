//! Statements that add rows.

use crate::column::{Column, Kind};
use crate::schema::Table;
use crate::text::Gen;

/// `INTO table (columns)` with places of the columns.
fn into(generator: &mut Gen<'_>, table: &Table) -> (String, Vec<usize>) {
    let mut places = table.writable();
    let name = generator.name(&table.name);
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
            0..=3 => "NULL".to_owned(),
            4..=6 => generator.native(&column),
            _ => {
                let number = crate::literal::Literal::Int(generator.rng.i64(5..40));
                generator.lit(number)
            }
        };
    }
    generator.value(&column)
}

/// One or several rows by `verb`.
pub(super) fn rows(generator: &mut Gen<'_>, verb: &str, count: usize) -> String {
    let place = generator.table();
    rows_of(generator, place, verb, count)
}

pub(super) fn rows_of(generator: &mut Gen<'_>, place: usize, verb: &str, count: usize) -> String {
    let table = &generator.schema.tables[place];
    let (into, places) = into(generator, table);
    let rows: Vec<String> = (0..count)
        .map(|_| values(generator, table, &places))
        .collect();
    format!("{verb} {into} VALUES {}", rows.join(", "))
}

pub(super) fn one(generator: &mut Gen<'_>) -> Option<String> {
    Some(rows(generator, "INSERT", 1))
}

pub(super) fn many(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(2..=4);
    Some(rows(generator, "INSERT", count))
}

pub(super) fn select(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = &generator.schema.tables[place];
    let (into, places) = into(generator, table);
    let source = generator.any_aliased();
    let mut columns = Vec::new();
    for &place in &places {
        let column = table.columns[place].clone();
        columns.push(match table.key.contains(&place) || generator.chance(30) {
            true => value(generator, table, place),
            false => generator.column_like(&source, &column),
        });
    }
    let condition = generator.pinning(&source);
    let verb = generator.pick(&["INSERT", "INSERT OR IGNORE", "INSERT OR REPLACE"]);
    let columns = columns.join(", ");
    Some(format!(
        "{verb} {into} SELECT {columns} FROM {} WHERE {condition} LIMIT 3",
        source.sql
    ))
}

pub(super) fn default_values(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let name = generator.name(&generator.schema.tables[place].name.clone());
    Some(format!("INSERT INTO {name} DEFAULT VALUES"))
}

pub(super) fn or_ignore(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(1..=3);
    Some(rows(generator, "INSERT OR IGNORE", count))
}

pub(super) fn or_replace(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(1..=2);
    Some(rows(generator, "INSERT OR REPLACE", count))
}

pub(super) fn or_other(generator: &mut Gen<'_>) -> Option<String> {
    let verb = generator.pick(&["INSERT OR FAIL", "INSERT OR ABORT", "INSERT OR ROLLBACK"]);
    let count = generator.rng.usize(1..=3);
    Some(rows(generator, verb, count))
}

pub(super) fn replace(generator: &mut Gen<'_>) -> Option<String> {
    let count = generator.rng.usize(1..=2);
    Some(rows(generator, "REPLACE", count))
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
    let name = generator.name(&table.name);
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
    let name = format!("\"{}\".\"{}\"", table.name, column.name);
    Some(format!("{sql} WHERE {name} IS NOT {value}"))
}

/// A RETURNING clause.
pub(super) fn returned(generator: &mut Gen<'_>, table: &Table) -> String {
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
    let verb = generator.pick(&[
        "INSERT",
        "INSERT",
        "INSERT OR REPLACE",
        "INSERT OR IGNORE",
        "REPLACE",
    ]);
    let count = generator.rng.usize(1..=2);
    let rows = rows_of(generator, place, verb, count);
    let upsert = match verb == "INSERT" && generator.chance(25) {
        true => " ON CONFLICT DO NOTHING",
        false => "",
    };
    Some(rows + upsert + &returned(generator, table))
}
