//! Statements that remove rows.

use crate::text::{From, Gen};

fn target_at(generator: &mut Gen<'_>, place: usize) -> From {
    let schema = generator.schema;
    let mut from = generator.alone(place);
    if let Some(alias) = from.qualifier.clone()
        && alias.starts_with('x')
    {
        from.sql = format!("{} AS {alias}", generator.table_name(&schema.tables[place]));
    }
    from
}

fn target(generator: &mut Gen<'_>) -> From {
    let place = generator.table();
    target_at(generator, place)
}

pub(super) fn by_key(generator: &mut Gen<'_>) -> Option<String> {
    let from = target(generator);
    let condition = generator.by_key(&from)?;
    Some(format!("DELETE FROM {} WHERE {condition}", from.sql))
}

pub(super) fn by_condition(generator: &mut Gen<'_>) -> Option<String> {
    let from = target(generator);
    let condition = generator.condition(&from, 1);
    Some(format!("DELETE FROM {} WHERE {condition}", from.sql))
}

pub(super) fn all(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let from = target_at(generator, place);
    Some(format!("DELETE FROM {}", from.sql))
}

pub(super) fn subquery(generator: &mut Gen<'_>) -> Option<String> {
    let from = target(generator);
    let inner = generator.any_aliased();
    let place = generator.rng.usize(0..from.columns.len());
    let column = generator.column(&from, place);
    let like = generator.column_like(&inner, &from.columns[place].clone());
    let condition = generator.pinning(&inner);
    Some(format!(
        "DELETE FROM {} WHERE {column} IN (SELECT {like} FROM {} WHERE {condition})",
        from.sql, inner.sql
    ))
}

/// A row goes that others refer to.
pub(super) fn parent(generator: &mut Gen<'_>) -> Option<String> {
    let parents: Vec<usize> = generator
        .schema
        .tables
        .iter()
        .flat_map(|table| &table.references)
        .map(|reference| reference.parent)
        .collect();
    if parents.is_empty() {
        return None;
    }
    let place = generator.pick(&parents);
    let from = target_at(generator, place);
    let condition = generator.pinning(&from);
    Some(format!("DELETE FROM {} WHERE {condition}", from.sql))
}

pub(super) fn returning(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let from = target_at(generator, place);
    let table = generator.schema.tables[place].clone();
    let condition = generator.pinning(&from);
    let returned = super::insert::returned(generator, &table);
    Some(format!(
        "DELETE FROM {} WHERE {condition}{returned}",
        from.sql
    ))
}
