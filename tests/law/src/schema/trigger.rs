//! Triggers: before, after and instead of every kind of write; on other tables and on their own.

use fastrand::Rng;

use super::{Schema, Table, listed};
use crate::column::Column;
use crate::text::Gen;

pub(super) fn add(schema: &mut Schema, rng: &mut Rng) {
    let name = format!("trigger {}", schema.setup.len());
    let (sql, kind) = definition(schema, rng, &name);
    schema.setup.push(sql);
    schema.feature(format!("trigger {kind}"));
}

/// The definition of a trigger that the schema does not have yet.
pub(crate) fn another(schema: &Schema, rng: &mut Rng) -> String {
    let name = format!("late trigger {}", rng.u32(..));
    definition(schema, rng, &name).0
}

fn definition(schema: &Schema, rng: &mut Rng, name: &str) -> (String, String) {
    let mut generator = Gen::new(rng, schema);
    let place = generator.table();
    let table = &schema.tables[place];
    let timing = generator.pick(&["BEFORE", "AFTER", "AFTER", "AFTER"]);
    let (event, refs) = match schema.recursive_triggers {
        true => ("DELETE".to_owned(), &["OLD"][..]),
        false => event(&mut generator, table),
    };
    let condition = condition(&mut generator, table, refs);
    let mut body = String::new();
    // One statement for most: each fires further triggers for each of its rows.
    for _ in 0..generator.pick(&[1, 1, 1, 2]) {
        body.push_str(&statement(&mut generator, table, place, refs));
        body.push_str("; ");
    }
    let sql = format!(
        "CREATE TRIGGER \"{name}\" {timing} {event} ON \"{}\"{condition} BEGIN {body}END",
        table.name
    );
    let kind = format!(
        "{timing} {}",
        event.split_whitespace().next().unwrap_or_default()
    );
    (generator.finish_plain(&sql), kind)
}

/// Lets a view be written to.
pub(super) fn add_to_view(schema: &mut Schema, rng: &mut Rng) {
    for view in 0..schema.views.len() {
        let table = &schema.views[view];
        let mut definitions = Vec::new();
        for (event, refs) in [
            ("INSERT", &["NEW"][..]),
            ("UPDATE", &["NEW", "OLD"][..]),
            ("DELETE", &["OLD"][..]),
        ] {
            let number = schema.setup.len() + definitions.len();
            let mut generator = Gen::new(rng, schema);
            let body = statement(&mut generator, table, usize::MAX, refs);
            let sql = format!(
                "CREATE TRIGGER \"trigger {number}\" INSTEAD OF {event} ON \"{}\" BEGIN {body}; END",
                table.name
            );
            definitions.push(generator.finish_plain(&sql));
        }
        schema.setup.extend(definitions);
        schema.writable_views.push(view);
        schema.feature("trigger INSTEAD OF");
    }
}

fn event(generator: &mut Gen<'_>, table: &Table) -> (String, &'static [&'static str]) {
    match generator.rng.u8(0..10) {
        0..=2 => ("INSERT".to_owned(), &["NEW"]),
        3..=4 => ("DELETE".to_owned(), &["OLD"]),
        5..=6 => ("UPDATE".to_owned(), &["NEW", "OLD"]),
        _ => {
            let writable = table.writable();
            let of: Vec<Column> = writable
                .into_iter()
                .filter(|_| generator.chance(40))
                .map(|place| table.columns[place].clone())
                .collect();
            match of.is_empty() {
                true => ("UPDATE".to_owned(), &["NEW", "OLD"]),
                false => (format!("UPDATE OF {}", listed(&of)), &["NEW", "OLD"]),
            }
        }
    }
}

fn condition(generator: &mut Gen<'_>, table: &Table, refs: &[&'static str]) -> String {
    if !generator.chance(25) {
        return String::new();
    }
    let image = generator.pick(refs);
    let column = table.columns[generator.rng.usize(0..table.columns.len())].clone();
    let value = generator.value(&column);
    format!(" WHEN {image}.\"{}\" IS NOT {value}", column.name)
}

/// A statement of a trigger's body.
fn statement(
    generator: &mut Gen<'_>,
    table: &Table,
    place: usize,
    refs: &[&'static str],
) -> String {
    let same = place != usize::MAX && generator.chance(30);
    let other = if same { place } else { generator.table() };
    let target = &generator.schema.tables[other];
    let payload = match target.payload() {
        empty if empty.is_empty() => target.writable(),
        payload => payload,
    };
    let column = target.columns[generator.pick(&payload)].clone();
    let value = fitting(generator, table, refs, &column);
    let by = target.columns[generator.rng.usize(0..target.columns.len())].clone();
    let by_value = fitting(generator, table, refs, &by);
    match generator.rng.u8(0..10) {
        0..=4 => format!(
            "UPDATE \"{}\" SET \"{}\" = {value} WHERE \"{}\" = {by_value}",
            target.name, column.name, by.name
        ),
        5..=7 => {
            let columns: Vec<Column> = target
                .writable()
                .into_iter()
                .map(|place| target.columns[place].clone())
                .collect();
            let values: Vec<String> = columns
                .iter()
                .map(|column| fitting(generator, table, refs, column))
                .collect();
            let or = generator.pick(&["OR IGNORE", "OR IGNORE", "OR REPLACE"]);
            format!(
                "INSERT {or} INTO \"{}\" ({}) VALUES ({})",
                target.name,
                listed(&columns),
                values.join(", ")
            )
        }
        _ => format!(
            "DELETE FROM \"{}\" WHERE \"{}\" = {by_value}",
            target.name, by.name
        ),
    }
}

/// A value for `column`, of the row that fired or from anywhere.
fn fitting(
    generator: &mut Gen<'_>,
    table: &Table,
    refs: &[&'static str],
    column: &Column,
) -> String {
    if generator.chance(50) {
        let alike: Vec<&Column> = table
            .columns
            .iter()
            .filter(|other| other.kind.is_text() == column.kind.is_text())
            .collect();
        if !alike.is_empty() {
            let image = generator.pick(refs);
            return format!("{image}.\"{}\"", generator.pick(&alike).name);
        }
    }
    generator.value(column)
}
