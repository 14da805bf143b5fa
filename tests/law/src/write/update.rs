//! Statements that change rows.

use crate::database::Of;
use crate::schema::Table;
use crate::text::{From, Gen};

/// A table to update, under its own name or an alias.
pub(crate) fn target(generator: &mut Gen<'_>) -> (From, Table) {
    let place = generator.table();
    target_at(generator, place)
}

fn target_at(generator: &mut Gen<'_>, place: usize) -> (From, Table) {
    let table = generator.schema.tables[place].clone();
    let mut from = generator.alone(place);
    // An update knows aliases with AS alone.
    if let Some(alias) = from.qualifier.clone()
        && alias.starts_with('x')
    {
        from.sql = format!("{} AS {alias}", generator.table_name(&table));
    }
    (from, table)
}

/// `SET …` of columns outside the key.
fn set(generator: &mut Gen<'_>, from: &From, table: &Table) -> String {
    let payload = match table.payload() {
        empty if empty.is_empty() => table.writable(),
        payload => payload,
    };
    let mut sets = Vec::new();
    for _ in 0..generator.rng.usize(1..=2) {
        let column = table.columns[generator.pick(&payload)].clone();
        let name = generator.name(&column.name);
        let value = match generator.rng.u8(0..10) {
            0 => generator.column_like(from, &column),
            1 if generator.schema.dialect.is(column.kind, Of::Number) => format!(
                "{} + 1",
                generator.column(from, generator_place(table, &column.name))
            ),
            _ => generator.value(&column),
        };
        sets.push(format!("{name} = {value}"));
    }
    sets.join(", ")
}

fn generator_place(table: &Table, name: &str) -> usize {
    table
        .columns
        .iter()
        .position(|column| column.name == name)
        .unwrap_or_default()
}

/// An update without its condition.
pub(crate) fn head(generator: &mut Gen<'_>, verb: &str) -> (From, Table, String) {
    let (from, table) = target(generator);
    let set = set(generator, &from, &table);
    let sql = format!("{verb} {} SET {set}", from.sql);
    (from, table, sql)
}

pub(super) fn by_key(generator: &mut Gen<'_>) -> Option<String> {
    let (from, _, sql) = head(generator, "UPDATE");
    let condition = generator.by_key(&from)?;
    Some(format!("{sql} WHERE {condition}"))
}

pub(super) fn by_condition(generator: &mut Gen<'_>) -> Option<String> {
    let (from, _, sql) = head(generator, "UPDATE");
    let condition = generator.condition(&from, 1);
    Some(format!("{sql} WHERE {condition}"))
}

pub(super) fn all(generator: &mut Gen<'_>) -> Option<String> {
    Some(head(generator, "UPDATE").2)
}

pub(super) fn key(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table) = target(generator);
    let place = match table.key.is_empty() {
        true => 0,
        false => generator.pick(&table.key),
    };
    let column = table.columns[place].clone();
    let name = generator.name(&column.name);
    let number = generator.schema.dialect.is(column.kind, Of::Number);
    let value = match number && generator.chance(50) {
        true => generator.number(NEW_KEY),
        false => generator.native(&column),
    };
    let condition = generator.pinning(&from);
    let verb = generator.pick(generator.words().updates);
    Some(format!(
        "{verb} {} SET {name} = {value} WHERE {condition}",
        from.sql
    ))
}

/// A key that few of the first rows have.
const NEW_KEY: i64 = 7;

pub(super) fn same(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table) = target(generator);
    let column = table.columns[generator.pick(&table.writable())].clone();
    let name = generator.name(&column.name);
    let condition = generator.maybe_where(&from);
    Some(format!(
        "UPDATE {} SET {name} = {name}{condition}",
        from.sql
    ))
}

/// Another spelling of what was there: another case, trailing blanks, 1.0 for 1.
pub(super) fn equal(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table) = target(generator);
    let template = generator.pick(generator.words().respelled);
    let dialect = generator.schema.dialect;
    let fitting: Vec<usize> = table
        .writable()
        .into_iter()
        .filter(|&place| dialect.is(table.columns[place].kind, template.of))
        .collect();
    if fitting.is_empty() {
        return None;
    }
    let name = table.columns[generator.pick(&fitting)].name.clone();
    let name = generator.name(&name);
    let condition = generator.maybe_where(&from);
    let value = template.sql.replace("{a}", &name);
    Some(format!(
        "UPDATE {} SET {name} = {value}{condition}",
        from.sql
    ))
}

pub(super) fn from(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = generator.schema.tables[place].clone();
    let from = generator.aliased(place);
    let alias = from.qualifier.clone().unwrap_or_default();
    let other = generator.any_aliased();
    let payload = match table.payload() {
        empty if empty.is_empty() => table.writable(),
        payload => payload,
    };
    let column = table.columns[generator.pick(&payload)].clone();
    let name = generator.name(&column.name);
    let value = match generator.rng.bool() {
        true => generator.column_like(&other, &column),
        false => generator.value(&column),
    };
    let on = generator.join_condition(&other, &from);
    let target = generator.table_name(&table);
    Some(format!(
        "UPDATE {target} AS {alias} SET {name} = {value} FROM {} WHERE {on}",
        other.sql
    ))
}

pub(super) fn row_values(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table) = target(generator);
    let mut payload = table.payload();
    generator.rng.shuffle(&mut payload);
    let [first, second, ..] = payload.as_slice() else {
        return None;
    };
    let (a, b) = (
        table.columns[*first].clone(),
        table.columns[*second].clone(),
    );
    let values = format!("{}, {}", generator.value(&a), generator.value(&b));
    let names = format!("{}, {}", generator.name(&a.name), generator.name(&b.name));
    let condition = generator.maybe_where(&from);
    Some(match generator.rng.bool() {
        true => format!("UPDATE {} SET ({names}) = ({values}){condition}", from.sql),
        false => {
            let other = generator.any_aliased();
            let pair = format!(
                "{}, {}",
                generator.column_like(&other, &a),
                generator.column_like(&other, &b)
            );
            format!(
                "UPDATE {} SET ({names}) = (SELECT {pair} FROM {} ORDER BY 1, 2 LIMIT 1){condition}",
                from.sql, other.sql
            )
        }
    })
}

pub(super) fn subquery(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table, sql) = head(generator, "UPDATE");
    let inner = generator.any_aliased();
    let column = table.columns[generator.rng.usize(0..table.columns.len())].clone();
    let place = generator_place(&table, &column.name);
    let name = generator.column(&from, place);
    let like = generator.column_like(&inner, &column);
    let condition = generator.maybe_where(&inner);
    Some(match generator.rng.u8(0..3) {
        0 => {
            let count = generator.chance(50);
            let payload = table.payload();
            let set = table.columns[*payload.first()?].clone();
            let dialect = generator.schema.dialect;
            let inside = match count && dialect.is(set.kind, Of::Number) {
                true => "count(*)".to_owned(),
                false => format!("max({})", generator.column_like(&inner, &set)),
            };
            let set = generator.name(&set.name);
            let end = generator.maybe_where(&from);
            format!(
                "UPDATE {} SET {set} = (SELECT {inside} FROM {}{condition}){end}",
                from.sql, inner.sql
            )
        }
        _ => format!(
            "{sql} WHERE {name} IN (SELECT {like} FROM {}{condition})",
            inner.sql
        ),
    })
}

/// A child moves to another parent.
pub(super) fn reference(generator: &mut Gen<'_>) -> Option<String> {
    let referring: Vec<usize> = (0..generator.schema.tables.len())
        .filter(|&i| !generator.schema.tables[i].references.is_empty())
        .collect();
    if referring.is_empty() {
        return None;
    }
    let place = generator.pick(&referring);
    let (from, table) = target_at(generator, place);
    let column = table
        .columns
        .iter()
        .find(|column| column.name.starts_with("of"))?
        .clone();
    let (name, value) = (generator.name(&column.name), generator.value(&column));
    let condition = generator.pinning(&from);
    Some(format!(
        "UPDATE {} SET {name} = {value} WHERE {condition}",
        from.sql
    ))
}

/// A key changes that others refer to.
pub(super) fn parent_key(generator: &mut Gen<'_>) -> Option<String> {
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
    let (from, table) = target_at(generator, place);
    let target = match table.unique.is_empty() || generator.chance(70) {
        true => *table.key.first()?,
        false => table.unique[0],
    };
    let column = table.columns[target].clone();
    let name = generator.name(&column.name);
    let condition = generator.pinning(&from);
    let number = generator.schema.dialect.is(column.kind, Of::Number);
    Some(match generator.rng.u8(0..3) {
        0 if number => format!("UPDATE {} SET {name} = {name} + 30", from.sql),
        1 if number => {
            let number = generator.rng.i64(5..50);
            let number = generator.number(number);
            let verb = generator.pick(generator.words().updates);
            format!(
                "{verb} {} SET {name} = {number} WHERE {condition}",
                from.sql
            )
        }
        _ => {
            let value = generator.native(&column);
            format!("UPDATE {} SET {name} = {value} WHERE {condition}", from.sql)
        }
    })
}

pub(super) fn returning(generator: &mut Gen<'_>) -> Option<String> {
    let (from, table, sql) = head(generator, "UPDATE");
    let condition = generator.maybe_where(&from);
    Some(sql + &condition + &super::insert::returned(generator, &table))
}
