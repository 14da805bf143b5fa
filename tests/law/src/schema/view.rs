//! Views: plain, filtered, joined, aggregated, of another view.

use fastrand::Rng;

use super::{Schema, Table};
use crate::column::{Collate, Column, Kind, percent};
use crate::text::{From, Gen};

pub(super) fn add(schema: &mut Schema, rng: &mut Rng) {
    let name = format!("seen {}", schema.views.len());
    let (query, columns, kind) = query(schema, rng);
    let columns: Vec<Column> = columns
        .into_iter()
        .enumerate()
        .map(|(index, kind)| Column::new(&format!("v{index}"), kind, ""))
        .collect();
    // Names in the view's head, or in its query.
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    schema.setup.push(format!(
        "CREATE VIEW \"{name}\" ({}) AS {query}",
        names.join(", ")
    ));
    schema.feature(format!("view {kind}"));
    schema.views.push(Table {
        columns,
        rowid: false,
        query: Some(query),
        ..Table::new(&name)
    });
}

/// Another query for a view, with the same number of columns.
pub(crate) fn another(schema: &Schema, rng: &mut Rng, width: usize) -> String {
    let mut generator = Gen::new(rng, schema);
    let table = generator.table();
    let from = generator.aliased(table);
    let columns: Vec<String> = (0..width).map(|_| generator.any_column(&from).0).collect();
    let sql = format!("SELECT {} FROM {}", columns.join(", "), from.sql);
    generator.finish_plain(&sql)
}

fn query(schema: &Schema, rng: &mut Rng) -> (String, Vec<Kind>, &'static str) {
    let of_view = !schema.views.is_empty() && percent(rng, 30);
    let mut generator = Gen::new(rng, schema);
    let table = generator.table();
    let from = match of_view {
        true => generator.view_aliased(0),
        false => generator.aliased(table),
    };
    let (sql, kinds, kind) = match generator.rng.u8(0..8) {
        0..=1 => {
            let (columns, kinds) = some(&mut generator, &from);
            (
                format!("SELECT {columns} FROM {}", from.sql),
                kinds,
                "plain",
            )
        }
        2..=4 => {
            let (columns, kinds) = some(&mut generator, &from);
            let condition = generator.condition(&from, 1);
            (
                format!("SELECT {columns} FROM {} WHERE {condition}", from.sql),
                kinds,
                "filtered",
            )
        }
        5..=6 => {
            let other = generator.table();
            let other = generator.aliased(other);
            let (left, mut kinds) = some(&mut generator, &from);
            let (right, more) = some(&mut generator, &other);
            kinds.extend(more);
            let on = generator.join_condition(&from, &other);
            let join = generator.pick(&["JOIN", "LEFT JOIN"]);
            (
                format!(
                    "SELECT {left}, {right} FROM {} {join} {} ON {on}",
                    from.sql, other.sql
                ),
                kinds,
                "joined",
            )
        }
        _ => {
            let (by, column) = generator.any_column(&from);
            let by = generator.words().grouped.replace("{a}", &by);
            (
                format!("SELECT {by}, count(*) FROM {} GROUP BY {by}", from.sql),
                vec![column.kind, Kind::Integer],
                "aggregated",
            )
        }
    };
    let kind = if of_view { "of a view" } else { kind };
    // Whatever a column of a view is compared with, it has affinity and collation of its source.
    let kinds = kinds
        .into_iter()
        .map(|kind| {
            if kind.is_text() {
                Kind::Text(Collate::NoCase)
            } else {
                kind
            }
        })
        .collect();
    (generator.finish_plain(&sql), kinds, kind)
}

fn some(generator: &mut Gen<'_>, from: &From) -> (String, Vec<Kind>) {
    let mut texts = Vec::new();
    let mut kinds = Vec::new();
    for index in 0..from.columns.len() {
        if generator.chance(70) || texts.is_empty() {
            texts.push(generator.column(from, index));
            kinds.push(from.columns[index].kind);
        }
    }
    (texts.join(", "), kinds)
}
