//! Reads that only MariaDB has.

use std::sync::LazyLock;

use crate::database::Of;
use crate::read::plain::list;
use crate::read::{Class, SHARED};
use crate::text::{From, Gen};

/// Every class of reads.
pub(super) static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let own: &[Class] = &[
        ("GROUP_CONCAT", group_concat),
        ("WITH ROLLUP", rollup),
        ("LIMIT offset, count", limit),
        ("hints", hints),
        ("text and numbers", text_and_numbers),
        ("full text of a row", whole_row),
    ];
    [SHARED, own].concat()
});

fn some(generator: &mut Gen<'_>) -> From {
    generator.loose = true;
    generator.any_aliased()
}

fn group_concat(generator: &mut Gen<'_>) -> Option<String> {
    let from = generator.any_aliased();
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    // Equal texts stand in one order.
    let order = "ORDER BY BINARY";
    Some(match generator.rng.u8(0..3) {
        0 => format!(
            "SELECT group_concat({a} {order} {a}) FROM {}{condition}",
            from.sql
        ),
        1 => format!(
            "SELECT group_concat({a}, '-', {b} {order} concat({a}, '-', {b}) SEPARATOR '; ') FROM {}{condition}",
            from.sql
        ),
        _ => format!(
            "SELECT hex({a}), group_concat(hex({b}) {order} hex({b})) FROM {}{condition} GROUP BY hex({a})",
            from.sql
        ),
    })
}

fn rollup(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    let by = match generator.rng.bool() {
        true => a.clone(),
        false => format!("{a}, {b}"),
    };
    Some(format!(
        "SELECT {by}, count(*) FROM {}{condition} GROUP BY {by} WITH ROLLUP",
        from.sql
    ))
}

fn limit(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let (a, _) = generator.any_column(&from);
    let condition = generator.maybe_where(&from);
    let (offset, count) = (generator.rng.i64(0..2), generator.rng.i64(0..4));
    let (offset, count) = (generator.number(offset), generator.number(count));
    generator.ordered = true;
    Some(format!(
        "SELECT {a} FROM {}{condition} ORDER BY {a} LIMIT {offset}, {count}",
        from.sql
    ))
}

fn hints(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.alone(table);
    let list = list(generator, &from);
    let condition = generator.maybe_where(&from);
    let hint = generator.pick(&[
        "SQL_NO_CACHE ",
        "HIGH_PRIORITY ",
        "ALL ",
        "SQL_SMALL_RESULT ",
    ]);
    let ignored = generator.pick(&["", " IGNORE INDEX (PRIMARY)", " USE INDEX ()"]);
    let lock = generator.pick(&["", "", " LOCK IN SHARE MODE"]);
    Some(format!(
        "SELECT {hint}{list} FROM {}{ignored}{condition}{lock}",
        from.sql
    ))
}

/// Columns of one kind compared with another by way of numbers.
fn text_and_numbers(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let list = list(generator, &from);
    let (text, of_text) = generator.column_of(&from, Of::Text);
    let (number, of_number) = generator.column_of(&from, Of::Number);
    let (v, w) = (generator.value(&of_number), generator.value(&of_text));
    let condition = match generator.rng.u8(0..5) {
        0 => format!("{text} = {number}"),
        1 => format!("{text} = {v}"),
        2 => format!("{number} = {w}"),
        3 => format!("{text} IN ({v}, {w})"),
        _ => format!("{number} IN ({v}, {w})"),
    };
    Some(format!("SELECT {list} FROM {} WHERE {condition}", from.sql))
}

fn whole_row(generator: &mut Gen<'_>) -> Option<String> {
    let from = generator.any_aliased();
    generator.loose = from.table.is_none();
    let columns: Vec<String> = (0..from.columns.len())
        .map(|place| generator.column(&from, place))
        .collect();
    let condition = generator.maybe_where(&from);
    Some(format!(
        "SELECT concat_ws('|', {}), json_array({}) FROM {}{condition}",
        columns.join(", "),
        columns.join(", "),
        from.sql
    ))
}
