//! Reads of several tables.

use crate::text::{From, Gen};

fn two(generator: &mut Gen<'_>) -> (From, From) {
    let left = generator.any_aliased();
    // Along a foreign key, if there is one.
    let parent = left
        .table
        .and_then(|table| generator.schema.tables[table].references.first())
        .map(|reference| reference.parent);
    let right = match parent {
        Some(parent) if generator.chance(50) => generator.aliased(parent),
        _ => generator.any_aliased(),
    };
    if left.table.is_none() || right.table.is_none() {
        generator.loose = true;
    }
    (left, right)
}

fn list(generator: &mut Gen<'_>, left: &From, right: &From) -> String {
    match generator.rng.u8(0..8) {
        0 => "*".to_owned(),
        1 => "count(*)".to_owned(),
        2 => format!("{}.*", left.qualifier.as_deref().unwrap_or_default()),
        3 => generator.any_column(left).0,
        _ => format!(
            "{}, {}",
            generator.any_column(left).0,
            generator.any_column(right).0
        ),
    }
}

fn condition(generator: &mut Gen<'_>, left: &From, right: &From) -> String {
    match generator.rng.u8(0..10) {
        0..=2 => String::new(),
        3..=6 => format!(" WHERE {}", generator.one_sided(left, right)),
        7 => format!(
            " WHERE {} AND {}",
            generator.pinning(left),
            generator.pinning(right)
        ),
        8 => format!(
            " WHERE {} OR {}",
            generator.pinning(left),
            generator.pinning(right)
        ),
        _ => {
            let value = generator.one_sided(left, right);
            format!(" WHERE NOT ({value})")
        }
    }
}

fn join(generator: &mut Gen<'_>, word: &str) -> Option<String> {
    let (left, right) = two(generator);
    let list = list(generator, &left, &right);
    let on = generator.join_condition(&left, &right);
    let condition = condition(generator, &left, &right);
    Some(format!(
        "SELECT {list} FROM {} {word} {} ON {on}{condition}",
        left.sql, right.sql
    ))
}

pub(super) fn inner(generator: &mut Gen<'_>) -> Option<String> {
    let word = generator.pick(&["JOIN", "INNER JOIN"]);
    join(generator, word)
}

pub(super) fn left(generator: &mut Gen<'_>) -> Option<String> {
    let word = generator.pick(&["LEFT JOIN", "LEFT OUTER JOIN"]);
    join(generator, word)
}

pub(super) fn right(generator: &mut Gen<'_>) -> Option<String> {
    let word = generator.pick(generator.words().outer);
    join(generator, word)
}

pub(super) fn cross(generator: &mut Gen<'_>) -> Option<String> {
    let (left, right) = two(generator);
    let list = list(generator, &left, &right);
    let word = generator.pick(generator.words().crosses);
    let on = generator.join_condition(&left, &right);
    let pinned = generator.one_sided(&left, &right);
    let condition = generator.pick(&["", " WHERE on", " WHERE on AND pinned", " WHERE pinned"]);
    let condition = condition.replace("on", &on).replace("pinned", &pinned);
    let condition = match condition.as_str() {
        "" => format!(" WHERE {on}"),
        _ => condition,
    };
    Some(format!(
        "SELECT {list} FROM {}{word} {}{condition}",
        left.sql, right.sql
    ))
}

pub(super) fn natural(generator: &mut Gen<'_>) -> Option<String> {
    let (left, right) = two(generator);
    let common: Vec<&str> = left
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|name| generator.named(&right, name).is_some())
        .collect();
    if common.is_empty() {
        return None;
    }
    let list = match generator.rng.u8(0..3) {
        0 => "*".to_owned(),
        1 => "count(*)".to_owned(),
        _ => format!(
            "{}, {}",
            generator.any_column(&left).0,
            generator.any_column(&right).0
        ),
    };
    let outer = generator.pick(&["", "", "LEFT "]);
    let name = generator.pick(&common).to_owned();
    let joined = match generator.rng.u8(0..3) {
        0 => format!("{} NATURAL {outer}JOIN {}", left.sql, right.sql),
        _ => format!("{} {outer}JOIN {} USING (\"{name}\")", left.sql, right.sql),
    };
    let condition = match generator.rng.u8(0..3) {
        // The common column without a table.
        0 => {
            let column = generator.named(&left, &name)?.clone();
            format!(" WHERE \"{name}\" = {}", generator.value(&column))
        }
        1 => format!(" WHERE {}", generator.one_sided(&left, &right)),
        _ => String::new(),
    };
    generator.loose = true;
    Some(format!("SELECT {list} FROM {joined}{condition}"))
}

pub(super) fn own(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let (left, right) = (generator.aliased(table), generator.aliased(table));
    let list = list(generator, &left, &right);
    let on = generator.join_condition(&left, &right);
    let condition = condition(generator, &left, &right);
    let word = generator.pick(&["JOIN", "LEFT JOIN"]);
    Some(format!(
        "SELECT {list} FROM {} {word} {} ON {on}{condition}",
        left.sql, right.sql
    ))
}

pub(super) fn three(generator: &mut Gen<'_>) -> Option<String> {
    let (first, second) = two(generator);
    let third = generator.any_aliased();
    generator.loose |= third.table.is_none();
    let list = list(generator, &first, &third);
    let (one, other) = (
        generator.join_condition(&first, &second),
        generator.join_condition(&second, &third),
    );
    let (left, right) = (
        generator.pick(&["JOIN", "LEFT JOIN"]),
        generator.pick(&["JOIN", "LEFT JOIN"]),
    );
    let condition = condition(generator, &first, &third);
    Some(match generator.chance(20) {
        true => format!(
            "SELECT {list} FROM {} {left} ({} {right} {} ON {other}) ON {one}{condition}",
            first.sql, second.sql, third.sql
        ),
        false => format!(
            "SELECT {list} FROM {} {left} {} ON {one} {right} {} ON {other}{condition}",
            first.sql, second.sql, third.sql
        ),
    })
}

pub(super) fn on(generator: &mut Gen<'_>) -> Option<String> {
    let (left, right) = two(generator);
    let list = list(generator, &left, &right);
    let on = generator.join_condition(&left, &right);
    let pinned = generator.one_sided(&left, &right);
    let word = generator.pick(&["JOIN", "LEFT JOIN", "LEFT JOIN", "RIGHT JOIN"]);
    let both = generator.pick(&["AND", "AND", "OR"]);
    Some(format!(
        "SELECT {list} FROM {} {word} {} ON {on} {both} {pinned}",
        left.sql, right.sql
    ))
}

pub(super) fn view(generator: &mut Gen<'_>) -> Option<String> {
    if generator.schema.views.is_empty() {
        return None;
    }
    let place = generator.rng.usize(0..generator.schema.views.len());
    let table = generator.table();
    let (mut left, mut right) = (generator.view_aliased(place), generator.aliased(table));
    if generator.rng.bool() {
        std::mem::swap(&mut left, &mut right);
    }
    generator.loose = true;
    let list = list(generator, &left, &right);
    let on = generator.join_condition(&left, &right);
    let condition = condition(generator, &left, &right);
    let word = generator.pick(&["JOIN", "LEFT JOIN"]);
    Some(format!(
        "SELECT {list} FROM {} {word} {} ON {on}{condition}",
        left.sql, right.sql
    ))
}
