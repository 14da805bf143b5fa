//! Reads of one table or view.

use crate::text::{From, Gen};

/// A select list: all columns, some of them, or something computed.
pub(crate) fn list(generator: &mut Gen<'_>, from: &From) -> String {
    match generator.rng.u8(0..10) {
        0..=2 => match (&from.qualifier, generator.chance(40)) {
            (Some(qualifier), true) => format!("{qualifier}.*"),
            _ => "*".to_owned(),
        },
        3..=7 => {
            let mut columns = Vec::new();
            for _ in 0..generator.rng.usize(1..=3) {
                let (mut column, _) = generator.any_column(from);
                if generator.chance(15) {
                    column.push_str(" AS \"other name\"");
                }
                columns.push(column);
            }
            columns.join(", ")
        }
        8 => "count(*)".to_owned(),
        _ => generator.one_filled(&[generator.words().expression], from),
    }
}

type Condition = fn(&mut Gen<'_>, &From) -> String;

/// A table with a condition of the class, and sometimes another one.
fn filtered(generator: &mut Gen<'_>, condition: Condition) -> Option<String> {
    let table = generator.table();
    let from = generator.alone(table);
    let list = list(generator, &from);
    let condition = condition(generator, &from);
    let more = match generator.rng.u8(0..10) {
        0 => format!(" AND {}", generator.pinning(&from)),
        1 => format!(" AND {}", generator.condition(&from, 1)),
        _ => String::new(),
    };
    Some(format!(
        "SELECT {list} FROM {} WHERE {condition}{more}",
        from.sql
    ))
}

pub(super) fn by_key(generator: &mut Gen<'_>) -> Option<String> {
    let keyed: Vec<usize> = (0..generator.schema.tables.len())
        .filter(|&i| !generator.schema.tables[i].key.is_empty())
        .collect();
    if keyed.is_empty() {
        return None;
    }
    let table = generator.pick(&keyed);
    let from = generator.alone(table);
    let list = list(generator, &from);
    let condition = generator.by_key(&from)?;
    Some(format!("SELECT {list} FROM {} WHERE {condition}", from.sql))
}

pub(super) fn every_column(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.alone(table);
    let condition = generator.maybe_where(&from);
    Some(format!("SELECT * FROM {}{condition}", from.sql))
}

pub(super) fn equality(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.equal(from))
}

pub(super) fn several_equalities(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| {
        let parts: Vec<String> = (0..generator.rng.usize(2..=3))
            .map(|_| generator.equal(from))
            .collect();
        parts.join(" AND ")
    })
}

pub(super) fn in_list(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.in_list(from))
}

pub(super) fn null_test(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.null_test(from))
}

pub(super) fn negated(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.negated(from))
}

pub(super) fn either(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.either(from))
}

pub(super) fn deep(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| {
        format!("({})", generator.condition(from, 4))
    })
}

pub(super) fn range(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.range(from))
}

pub(super) fn like(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.like(from))
}

pub(super) fn collated(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.collated(from))
}

pub(super) fn cast(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.cast(from))
}

pub(super) fn wrong_type(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.wrong_type(from))
}

pub(super) fn is_exactly(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.is_exactly(from))
}

pub(super) fn computed(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.computed(from))
}

pub(super) fn row_values(generator: &mut Gen<'_>) -> Option<String> {
    filtered(generator, |generator, from| generator.row_values(from))
}

pub(super) fn quoted(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.aliased(table);
    let place = generator.rng.usize(0..from.columns.len());
    let name = from.columns[place].name.clone();
    let (one, other) = (generator.name(&name), generator.name(&name));
    let value = generator.value(&from.columns[place].clone());
    let qualifier = from.qualifier.clone().unwrap_or_default();
    Some(format!(
        "SELECT {one} AS \"the name\", \"{qualifier}\".* FROM {} WHERE {other} = {value}",
        from.sql
    ))
}

pub(super) fn generated(generator: &mut Gen<'_>) -> Option<String> {
    let schema = generator.schema;
    let computed: Vec<(usize, usize)> = schema
        .tables
        .iter()
        .enumerate()
        .flat_map(|(t, table)| (0..table.columns.len()).map(move |c| (t, c)))
        .filter(|&(t, c)| schema.tables[t].columns[c].generated)
        .collect();
    if computed.is_empty() {
        return None;
    }
    let (table, place) = generator.pick(&computed);
    let from = generator.alone(table);
    let column = generator.column(&from, place);
    let of = from.columns[place].clone();
    let (value, other) = (generator.value(&of), generator.value(&of));
    let list = list(generator, &from);
    Some(match generator.rng.u8(0..4) {
        0 => format!("SELECT {column} FROM {}", from.sql),
        1 => format!(
            "SELECT {column} FROM {} WHERE {}",
            from.sql,
            generator.pinning(&from)
        ),
        2 => format!(
            "SELECT {list} FROM {} WHERE {column} IN ({value}, {other})",
            from.sql
        ),
        _ => format!("SELECT {list} FROM {} WHERE {column} = {value}", from.sql),
    })
}

pub(super) fn expressions(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.alone(table);
    let list = generator.any_filled(generator.words().expressions, &from);
    let condition = generator.maybe_where(&from);
    Some(format!("SELECT {list} FROM {}{condition}", from.sql))
}

/// Some columns with all of them in the order, so that ties are rows alike.
fn ordered(generator: &mut Gen<'_>, from: &From) -> (String, String) {
    let mut columns = Vec::new();
    let mut order = Vec::new();
    for place in 0..generator.rng.usize(1..=3) {
        let (column, _) = generator.any_column(from);
        let by = match generator.rng.bool() {
            true => format!("{}", place + 1),
            false => column.clone(),
        };
        let how = generator.pick(generator.words().orders);
        order.push(format!("{by}{how}"));
        columns.push(column);
    }
    generator.loose = true;
    (columns.join(", "), order.join(", "))
}

pub(super) fn order_by(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.alone(table);
    let (list, order) = ordered(generator, &from);
    let condition = generator.maybe_where(&from);
    generator.ordered = true;
    Some(format!(
        "SELECT {list} FROM {}{condition} ORDER BY {order}",
        from.sql
    ))
}

pub(super) fn limit(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.alone(table);
    let (list, order) = ordered(generator, &from);
    let condition = generator.maybe_where(&from);
    let number = generator.rng.i64(0..4);
    let number = generator.number(number);
    let offset = match generator.rng.u8(0..3) {
        0 => " OFFSET 1",
        _ => "",
    };
    generator.ordered = true;
    Some(format!(
        "SELECT {list} FROM {}{condition} ORDER BY {order} LIMIT {number}{offset}",
        from.sql
    ))
}

pub(super) fn distinct(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.alone(table);
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let list = if generator.rng.bool() {
        a
    } else {
        format!("{a}, {b}")
    };
    let condition = generator.maybe_where(&from);
    generator.loose = true;
    Some(format!(
        "SELECT DISTINCT {list} FROM {}{condition}",
        from.sql
    ))
}

fn any_view(generator: &mut Gen<'_>) -> Option<From> {
    if generator.schema.views.is_empty() {
        return None;
    }
    let view = generator.rng.usize(0..generator.schema.views.len());
    // An aggregated view shows one of several equal values.
    generator.loose = true;
    Some(generator.view_aliased(view))
}

pub(super) fn view(generator: &mut Gen<'_>) -> Option<String> {
    let from = any_view(generator)?;
    let list = list(generator, &from);
    Some(format!("SELECT {list} FROM {}", from.sql))
}

pub(super) fn view_where(generator: &mut Gen<'_>) -> Option<String> {
    let from = any_view(generator)?;
    let list = list(generator, &from);
    let condition = generator.condition(&from, 1);
    Some(format!("SELECT {list} FROM {} WHERE {condition}", from.sql))
}
