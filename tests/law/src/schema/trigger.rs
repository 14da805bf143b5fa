//! Triggers: before, after and instead of every kind of write; on other tables and on their own.

use fastrand::Rng;

use super::{Schema, Table, listed};
use crate::column::Column;
use crate::text::Gen;

/// A trigger.
pub(crate) struct Trigger<'a> {
    pub(crate) name: String,
    /// `BEFORE`, `AFTER` or `INSTEAD OF`.
    pub(crate) timing: &'static str,
    /// `INSERT`, `DELETE`, `UPDATE` or `UPDATE OF …`.
    pub(crate) event: String,
    /// The images of its row that there are.
    pub(crate) refs: &'static [&'static str],
    pub(crate) table: &'a Table,
    pub(crate) condition: Option<String>,
    pub(crate) steps: Vec<String>,
}

impl Trigger<'_> {
    /// `INSERT`, `DELETE` or `UPDATE`.
    pub(crate) fn verb(&self) -> &str {
        self.event.split_whitespace().next().unwrap_or_default()
    }
}

pub(super) fn add(schema: &mut Schema, rng: &mut Rng) {
    let name = format!("trigger {}", schema.setup.len());
    let (sql, kind) = definition(schema, rng, name);
    schema.setup.push(sql);
    schema.feature(format!("trigger {kind}"));
}

/// The definition of a trigger that the schema does not have yet.
pub(crate) fn another(schema: &Schema, rng: &mut Rng) -> String {
    let name = format!("late trigger {}", rng.u32(..));
    definition(schema, rng, name).0
}

fn definition(schema: &Schema, rng: &mut Rng, name: String) -> (String, String) {
    let mut generator = Gen::new(rng, schema);
    let place = generator.table();
    let table = &schema.tables[place];
    let timing = generator.pick(&["BEFORE", "AFTER", "AFTER", "AFTER"]);
    let (event, refs) = match schema.recursive_triggers {
        true => ("DELETE".to_owned(), &["OLD"][..]),
        false => event(&mut generator, table),
    };
    let condition = condition(&mut generator, table, refs);
    let mut trigger = Trigger {
        name,
        timing,
        event,
        refs,
        table,
        condition,
        steps: Vec::new(),
    };
    // One step for most: each fires further triggers for each of its rows.
    for _ in 0..generator.pick(&[1, 1, 1, 2]) {
        let step = match schema.dialect.own_row(&mut generator, &trigger) {
            Some(step) => step,
            None => statement(&mut generator, table, place, refs),
        };
        trigger.steps.push(step);
    }
    let kind = format!("{timing} {}", trigger.verb());
    let sql = schema.dialect.trigger(generator.rng, &trigger);
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
            let trigger = Trigger {
                name: format!("trigger {number}"),
                timing: "INSTEAD OF",
                event: event.to_owned(),
                refs,
                table,
                condition: None,
                steps: vec![statement(&mut generator, table, usize::MAX, refs)],
            };
            let sql = schema.dialect.trigger(generator.rng, &trigger);
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

fn condition(generator: &mut Gen<'_>, table: &Table, refs: &[&'static str]) -> Option<String> {
    if !generator.chance(25) {
        return None;
    }
    let image = generator.pick(refs);
    let column = table.columns[generator.rng.usize(0..table.columns.len())].clone();
    let value = generator.value(&column);
    let is_not = generator.words().is_not;
    Some(format!("{image}.\"{}\" {is_not} {value}", column.name))
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
    let name = target.quoted();
    match generator.rng.u8(0..10) {
        0..=4 => format!(
            "UPDATE {name} SET \"{}\" = {value} WHERE \"{}\" = {by_value}",
            column.name, by.name
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
            let (before, after) = generator.pick(generator.words().quietly);
            format!(
                "{before} INTO {name} ({}) VALUES ({}){after}",
                listed(&columns),
                values.join(", ")
            )
        }
        _ => format!("DELETE FROM {name} WHERE \"{}\" = {by_value}", by.name),
    }
}

/// A value for `column`, of the row that fired or from anywhere.
pub(crate) fn fitting(
    generator: &mut Gen<'_>,
    table: &Table,
    refs: &[&'static str],
    column: &Column,
) -> String {
    if generator.chance(50) {
        let dialect = generator.schema.dialect;
        let alike: Vec<&Column> = table
            .columns
            .iter()
            .filter(|other| dialect.alike(other.kind, column.kind))
            .collect();
        if !alike.is_empty() {
            let image = generator.pick(refs);
            return format!("{image}.\"{}\"", generator.pick(&alike).name);
        }
    }
    generator.value(column)
}
