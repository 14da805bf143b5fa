//! From a planned read and its bound values to the tags that cover every row which could change
//! the answer. The only place where "table track, genre_id = 1" becomes a tag.

use larder::adapter::Want;
use larder::{Columns, Shape, Tag, TagValue};
use larder_sql::{
    Catalogue, Column, ColumnSet, Conjunction, Dialect, PinValue, Planned, ReadSet, Slot, Table,
    TableRead, Value as Literal,
};
use sea_orm::Value;

use crate::engine::Engine;
use crate::sabotage;
use crate::value::Stored;

/// The most tags that one table of one read depends on. A longer `IN` list, or a larger product
/// of lists, is dropped: the read then depends on more rows than it has to.
pub(crate) const TAGS_PER_TABLE_MAX: usize = 256;

/// The tags a read carries, coarse first: root, tables, shapes.
pub(crate) fn wants(
    engine: &dyn Engine,
    database: &str,
    catalogue: &Catalogue,
    planned: &Planned,
    read: &ReadSet,
    values: &[Value],
    also: &[String],
) -> Vec<Want> {
    let read = sabotage::read(read);
    let mut wants = vec![Want::Tag(Tag::root(database))];
    let names = read
        .tables
        .iter()
        .map(|table| &*table.table)
        .chain(also.iter().map(String::as_str));
    let mut tables: Vec<Tag> = names.map(|name| Tag::table(database, name)).collect();
    tables.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    tables.dedup();
    wants.extend(tables.into_iter().map(Want::Tag));
    for table in &read.tables {
        shapes_of(
            engine,
            database,
            catalogue.table(&table.table),
            planned,
            table,
            values,
            &mut wants,
        );
    }
    for name in also {
        wants.push(any_row(Tag::table(database, name)));
    }
    wants
}

fn shapes_of(
    engine: &dyn Engine,
    database: &str,
    known: Option<&Table>,
    planned: &Planned,
    read: &TableRead,
    values: &[Value],
    wants: &mut Vec<Want>,
) {
    let tag = Tag::table(database, &read.table);
    let columns = columns(&read.columns);
    let Some(known) = known else {
        // A table nobody described: any row, any column.
        wants.push(any_row(tag));
        return;
    };
    let mut found: Vec<(Shape, Vec<TagValue>)> = Vec::new();
    for conjunction in &read.alternatives {
        let pins = pins(engine, known, planned, conjunction, values);
        let names = pins.iter().map(|(name, _)| name.clone());
        let shape = Shape::new(names, besides(&columns, &pins));
        for values in product(&pins) {
            if !found.iter().any(|(s, v)| *s == shape && *v == values) {
                found.push((shape.clone(), values));
            }
        }
    }
    if found.len() > TAGS_PER_TABLE_MAX || read.alternatives.is_empty() {
        found = vec![(Shape::new::<larder::Name>([], columns), Vec::new())];
    }
    // "Any row" covers every other alternative.
    if let Some(any) = found.iter().position(|(_, values)| values.is_empty()) {
        found = vec![found.swap_remove(any)];
    }
    wants.extend(found.into_iter().map(|(shape, values)| Want::Shape {
        table: tag.clone(),
        shape,
        values: values.into(),
    }));
}

fn any_row(table: Tag) -> Want {
    Want::Shape {
        table,
        shape: Shape::any_row(),
        values: Default::default(),
    }
}

/// The columns read besides those pinned: a pin counts as read.
fn besides(columns: &Columns, pins: &[Pinned]) -> Columns {
    match columns {
        Columns::All => Columns::All,
        Columns::Set(names) => Columns::set(
            names
                .iter()
                .filter(|name| !pins.iter().any(|(pin, _)| pin == *name))
                .cloned(),
        ),
    }
}

type Pinned = (larder::Name, Vec<TagValue>);

/// The columns a conjunction pins, each with the values it may have. A pin whose values are not
/// known to be canonical is left out, which widens.
fn pins(
    engine: &dyn Engine,
    known: &Table,
    planned: &Planned,
    conjunction: &Conjunction,
    values: &[Value],
) -> Vec<Pinned> {
    let mut pins: Vec<Pinned> = Vec::new();
    let mut tags = 1usize;
    for pin in &conjunction.pins {
        let rowid;
        let column = match known
            .columns
            .iter()
            .find(|column| column.name == pin.column)
        {
            Some(column) => column,
            None if &*pin.column == "rowid" => {
                rowid = rowid_column();
                &rowid
            }
            None => continue,
        };
        let list = match &pin.value {
            PinValue::Null => Some(vec![TagValue::Null]),
            PinValue::Slot(slot) => {
                slot_values(engine, &planned.slots[*slot], values).and_then(|stored| {
                    let canonical = stored.iter().map(|value| engine.canonical(column, value));
                    canonical.collect()
                })
            }
        };
        let Some(mut list) = list else { continue };
        let mut seen = std::collections::HashSet::new();
        list.retain(|value| seen.insert(value.clone()));
        if list.is_empty() || tags.saturating_mul(list.len()) > TAGS_PER_TABLE_MAX {
            continue;
        }
        tags *= list.len();
        pins.push((pin.column.clone(), list));
    }
    pins
}

/// The hidden integer key of a table that gives it no name of its own.
fn rowid_column() -> Column {
    Column::new(Dialect::Sqlite, "rowid", "INTEGER")
}

/// What stands in a slot for this call. `None`: not known exactly.
pub(crate) fn slot_values(
    engine: &dyn Engine,
    slot: &Slot,
    values: &[Value],
) -> Option<Vec<Stored>> {
    match slot {
        Slot::Bind(index) => Some(vec![engine.bound(values.get(*index)?)?]),
        Slot::Literal(literal) => Some(vec![literal_value(literal)?]),
        Slot::List(items) => {
            let mut all = Vec::with_capacity(items.len());
            for item in items.iter() {
                all.extend(slot_values(engine, item, values)?);
            }
            Some(all)
        }
    }
}

fn literal_value(literal: &Literal) -> Option<Stored> {
    Some(match literal {
        Literal::Integer(i) => Stored::Int(*i),
        Literal::Text(s) => Stored::Text(s.clone()),
        Literal::Blob(b) => Stored::Blob(b.clone()),
        Literal::Bool(b) => Stored::Int(i64::from(*b)),
        Literal::Number(text) => Stored::Real(text.parse().ok()?),
        Literal::Null => return None,
    })
}

/// All combinations of the pinned values, in the order of the pins.
fn product(pins: &[Pinned]) -> Vec<Vec<TagValue>> {
    let mut rows = vec![Vec::with_capacity(pins.len())];
    for (_, list) in pins {
        rows = rows
            .iter()
            .flat_map(|row| {
                list.iter().map(move |value| {
                    let mut row = row.clone();
                    row.push(value.clone());
                    row
                })
            })
            .collect();
    }
    rows
}

pub(crate) fn columns(set: &ColumnSet) -> Columns {
    match set {
        ColumnSet::All => Columns::All,
        ColumnSet::Set(names) => Columns::set(names.iter().cloned()),
    }
}
