//! Reads that aggregate.

use crate::database::Of;
use crate::text::{From, Gen};

fn some(generator: &mut Gen<'_>) -> From {
    generator.loose = true;
    generator.any_aliased()
}

/// A column that has a least value.
fn least(generator: &mut Gen<'_>, from: &From) -> String {
    generator.column_of(from, Of::Ordered).0
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
    let (a, b) = (least(generator, &from), least(generator, &from));
    let condition = generator.maybe_where(&from);
    let list = match generator.rng.u8(0..5) {
        0 => format!("min({a}), max({b})"),
        1 => {
            let inside = generator.pinning(&from);
            format!("count(*) FILTER (WHERE {inside}), max({a})")
        }
        _ => {
            let sum = generator.pick(generator.words().sums);
            let (a, _) = generator.column_of(&from, Of::Number);
            sum.replace("{a}", &a).replace("{b}", &b)
        }
    };
    Some(format!("SELECT {list} FROM {}{condition}", from.sql))
}

pub(super) fn group_by(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), b) = (generator.any_column(&from), least(generator, &from));
    let (number, _) = generator.column_of(&from, Of::Number);
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
            "SELECT {a}, sum({number}) FROM {}{condition} GROUP BY {a}",
            from.sql
        ),
    })
}

pub(super) fn having(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, of), (b, of_b)) = (
        generator.any_column(&from),
        generator.column_of(&from, Of::Ordered),
    );
    let condition = generator.maybe_where(&from);
    let (value, least) = (generator.value(&of), generator.value(&of_b));
    let is_not = generator.words().is_not;
    let having = match generator.rng.u8(0..4) {
        0 => format!("{a} = {value}"),
        1 => format!("min({b}) {is_not} {least}"),
        _ => "count(*) > 1".to_owned(),
    };
    Some(format!(
        "SELECT {a}, count(*) FROM {}{condition} GROUP BY {a} HAVING {having}",
        from.sql
    ))
}

pub(super) fn window(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), b) = (generator.any_column(&from), least(generator, &from));
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
