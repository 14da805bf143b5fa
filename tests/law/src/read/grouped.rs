//! Reads that aggregate.

use crate::text::{From, Gen};

fn some(generator: &mut Gen<'_>) -> From {
    generator.loose = true;
    generator.any_aliased()
}

pub(super) fn count(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let (column, _) = generator.any_column(&from);
    let counted = match generator.rng.u8(0..4) {
        0 => format!("count({column})"),
        1 => format!("count(DISTINCT {column})"),
        _ => "count(*)".to_owned(),
    };
    let condition = generator.maybe_where(&from);
    Some(format!("SELECT {counted} FROM {}{condition}", from.sql))
}

pub(super) fn aggregates(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    let list = match generator.rng.u8(0..5) {
        0 => format!("sum({a})"),
        1 => format!("min({a}), max({b})"),
        2 => format!("total({a}), count({b})"),
        3 => format!("avg({a})"),
        _ => {
            let inside = generator.pinning(&from);
            format!("count(*) FILTER (WHERE {inside}), max({a})")
        }
    };
    Some(format!("SELECT {list} FROM {}{condition}", from.sql))
}

pub(super) fn group_by(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    Some(match generator.rng.u8(0..4) {
        0 => format!(
            "SELECT {a}, count(*), min({b}) FROM {}{condition} GROUP BY 1",
            from.sql
        ),
        1 => format!(
            "SELECT {a}, {b}, count(*) FROM {}{condition} GROUP BY {a}, {b}",
            from.sql
        ),
        2 => format!(
            "SELECT count({b}) FROM {}{condition} GROUP BY {a}",
            from.sql
        ),
        _ => format!(
            "SELECT {a}, sum({b}) FROM {}{condition} GROUP BY {a}",
            from.sql
        ),
    })
}

pub(super) fn having(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, of), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    let value = generator.value(&of);
    let having = match generator.rng.u8(0..4) {
        0 => format!("{a} = {value}"),
        1 => format!("min({b}) IS NOT {value}"),
        _ => "count(*) > 1".to_owned(),
    };
    Some(format!(
        "SELECT {a}, count(*) FROM {}{condition} GROUP BY {a} HAVING {having}",
        from.sql
    ))
}

pub(super) fn window(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    Some(match generator.rng.u8(0..3) {
        0 => format!(
            "SELECT {a}, count(*) OVER (PARTITION BY {a}) FROM {}{condition}",
            from.sql
        ),
        1 => format!(
            "SELECT {a}, rank() OVER (ORDER BY {a}) FROM {}{condition}",
            from.sql
        ),
        _ => format!(
            "SELECT {a}, max({b}) OVER w FROM {}{condition} WINDOW w AS (PARTITION BY {a})",
            from.sql
        ),
    })
}
