//! Changes of the schema.

use fastrand::Rng;

use super::{Act, Call};
use crate::column::pick;
use crate::schema::{Schema, another_trigger, another_view};

pub(super) fn add_column(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let table = schema.tables[rng.usize(0..schema.tables.len())].quoted();
    let number = rng.u32(..);
    let declared = pick(rng, &["INTEGER", "INTEGER DEFAULT 1", "TEXT DEFAULT 'a'"]);
    Some(Act::Call(Call::unprepared(format!(
        "ALTER TABLE {table} ADD COLUMN \"new {number}\" {declared}"
    ))))
}

pub(super) fn index(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let table = &schema.tables[rng.usize(0..schema.tables.len())];
    let column = &table.columns[rng.usize(0..table.columns.len())].name;
    let name = format!("index {}", rng.u32(..));
    let create = Call::unprepared(format!(
        "CREATE INDEX \"{name}\" ON {} (\"{column}\")",
        table.quoted()
    ));
    let drop = schema.dialect.words().drop_index;
    let drop = drop
        .replace("{index}", &format!("\"{name}\""))
        .replace("{within}", &table.within(&name))
        .replace("{table}", &table.quoted());
    let drop = Call::unprepared(drop);
    Some(Act::Calls(match rng.bool() {
        true => vec![create],
        false => vec![create, drop],
    }))
}

pub(super) fn view(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let view = &schema.views[rng.usize(0..schema.views.len())];
    let names: Vec<&str> = view
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let query = match rng.bool() {
        true => another_view(schema, rng, names.len()),
        false => view.query.clone()?,
    };
    let drop = format!("DROP VIEW IF EXISTS \"{}\"", view.name);
    let create = format!(
        "CREATE VIEW \"{}\" ({}) AS {query}",
        view.name,
        names.join(", ")
    );
    Some(match rng.u8(0..3) {
        0 => Act::Call(Call::unprepared(format!("{drop}; {create}"))),
        _ => Act::Calls(vec![Call::unprepared(drop), Call::unprepared(create)]),
    })
}

pub(super) fn trigger(rng: &mut Rng, schema: &Schema) -> Option<Act> {
    let sql = (!schema.recursive_triggers).then(|| another_trigger(schema, rng))?;
    Some(Act::Call(Call::unprepared(sql)))
}
