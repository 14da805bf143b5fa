//! Reads that only PostgreSQL has.

use std::sync::LazyLock;

use crate::database::Of;
use crate::read::plain::list;
use crate::read::{Class, SHARED};
use crate::text::{From, Gen};

/// Every class of reads.
pub(super) static CLASSES: LazyLock<Vec<Class>> = LazyLock::new(|| {
    let own: &[Class] = &[
        ("DISTINCT ON", distinct_on),
        ("LATERAL", lateral),
        ("ANY, ALL of an array", array),
        ("whole row", whole_row),
        ("ROLLUP, GROUPING SETS", rollup),
        ("ordered aggregate", ordered_aggregate),
        ("TABLE, ONLY", table_only),
        ("join with VALUES", values),
        ("FETCH FIRST", fetch_first),
        ("system columns", system_columns),
        ("another schema, qualified columns", qualified),
    ];
    [SHARED, own].concat()
});

fn some(generator: &mut Gen<'_>) -> From {
    generator.loose = true;
    generator.any_aliased()
}

fn distinct_on(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    let how = generator.pick(generator.words().orders);
    Some(format!(
        "SELECT DISTINCT ON ({a}) {a}, {b} FROM {}{condition} ORDER BY {a}, {b}{how}",
        from.sql
    ))
}

fn lateral(generator: &mut Gen<'_>) -> Option<String> {
    let (outer, inner) = (some(generator), some(generator));
    let (a, _) = generator.any_column(&outer);
    let (b, _) = generator.any_column(&inner);
    let on = generator.join_condition(&inner, &outer);
    let end = generator.maybe_where(&outer);
    Some(match generator.rng.u8(0..3) {
        0 => format!(
            "SELECT {a}, q.n FROM {} CROSS JOIN LATERAL (SELECT count(*) AS n FROM {} WHERE {on}) q{end}",
            outer.sql, inner.sql
        ),
        1 => format!(
            "SELECT {a}, q.one FROM {}, LATERAL (SELECT {b} AS one FROM {} WHERE {on}) AS q{end}",
            outer.sql, inner.sql
        ),
        _ => format!(
            "SELECT {a}, q.one FROM {} LEFT JOIN LATERAL \
             (SELECT {b} AS one FROM {} WHERE {on} ORDER BY 1 LIMIT 1) q ON true{end}",
            outer.sql, inner.sql
        ),
    })
}

fn array(generator: &mut Gen<'_>) -> Option<String> {
    let (from, inner) = (some(generator), some(generator));
    let list = list(generator, &from);
    let (a, of) = match generator.rng.bool() {
        true => generator.column_of(&from, Of::Number),
        false => generator.column_of(&from, Of::Text),
    };
    let (v, x) = (generator.value(&of), generator.value(&of));
    let other = generator.column_like(&inner, &of);
    let end = generator.maybe_where(&inner);
    let condition = match generator.rng.u8(0..5) {
        0 => format!("{a} <> ALL (ARRAY[{v}, {x}])"),
        1 => format!("{a} = ANY (ARRAY(SELECT {other} FROM {}{end}))", inner.sql),
        2 => format!("ARRAY[{a}] && ARRAY[{v}, {x}]"),
        3 => format!("{a} = ANY (SELECT {other} FROM {}{end})", inner.sql),
        _ => format!("{a} = ANY (ARRAY[{v}, {x}])"),
    };
    Some(format!("SELECT {list} FROM {} WHERE {condition}", from.sql))
}

/// The row as one value: every column is read.
fn whole_row(generator: &mut Gen<'_>) -> Option<String> {
    let from = generator.any_aliased();
    let alias = from.qualifier.clone().unwrap_or_default();
    let condition = generator.maybe_where(&from);
    let what = match generator.rng.u8(0..5) {
        0 => format!("{alias}::text"),
        1 => format!("to_jsonb({alias})"),
        2 => format!("row_to_json({alias})::text"),
        3 => format!("({alias}).*"),
        _ => format!("{alias} IS NOT NULL, {alias}"),
    };
    generator.loose = from.table.is_none();
    Some(format!("SELECT {what} FROM {}{condition}", from.sql))
}

fn rollup(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    let by = match generator.rng.u8(0..3) {
        0 => format!("ROLLUP ({a}, {b})"),
        1 => format!("CUBE ({a}, {b})"),
        _ => format!("GROUPING SETS (({a}), ({b}), ())"),
    };
    Some(format!(
        "SELECT {a}, {b}, count(*) FROM {}{condition} GROUP BY {by}",
        from.sql
    ))
}

fn ordered_aggregate(generator: &mut Gen<'_>) -> Option<String> {
    let from = generator.any_aliased();
    let ((a, _), (b, _)) = (generator.any_column(&from), generator.any_column(&from));
    let condition = generator.maybe_where(&from);
    let list = match generator.rng.u8(0..4) {
        0 => format!("string_agg({a}::text, ',' ORDER BY {a}::text COLLATE \"C\")"),
        1 => format!("array_agg({a}::text ORDER BY {a}::text COLLATE \"C\", {b}::text)"),
        2 => format!("jsonb_agg({a} ORDER BY {a}::text COLLATE \"C\")"),
        _ => format!("mode() WITHIN GROUP (ORDER BY {a}::text COLLATE \"C\")"),
    };
    Some(format!("SELECT {list} FROM {}{condition}", from.sql))
}

fn table_only(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let schema = generator.schema;
    let name = generator.table_name(&schema.tables[place]);
    let from = generator.alone(place);
    let list = list(generator, &from);
    let condition = generator.maybe_where(&from);
    Some(match generator.rng.u8(0..3) {
        0 => format!("TABLE {name}"),
        1 => format!("SELECT {list} FROM ONLY {}{condition}", from.sql),
        _ => format!("SELECT {list} FROM ONLY ({}){condition}", from.sql),
    })
}

fn values(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let list = list(generator, &from);
    let (a, of) = generator.column_of(&from, Of::Number);
    let (v, x) = (generator.value(&of), generator.value(&of));
    let join = generator.pick(&["JOIN", "LEFT JOIN", "RIGHT JOIN"]);
    Some(match generator.chance(30) {
        true => format!(
            "SELECT {list} FROM {}, unnest(ARRAY[{v}, {x}]) AS w WHERE {a} = w",
            from.sql
        ),
        false => format!(
            "SELECT w.one, {a} FROM {} {join} (VALUES ({v}), ({x})) AS w(one) ON {a} = w.one",
            from.sql
        ),
    })
}

fn fetch_first(generator: &mut Gen<'_>) -> Option<String> {
    let from = some(generator);
    let (a, _) = generator.any_column(&from);
    let condition = generator.maybe_where(&from);
    let rows = generator.pick(&["ROW ONLY", "2 ROWS ONLY", "2 ROWS WITH TIES"]);
    generator.ordered = true;
    Some(format!(
        "SELECT {a} FROM {}{condition} ORDER BY {a} FETCH FIRST {rows}",
        from.sql
    ))
}

/// What a row has beside its columns.
fn system_columns(generator: &mut Gen<'_>) -> Option<String> {
    let table = generator.table();
    let from = generator.aliased(table);
    let alias = from.qualifier.clone().unwrap_or_default();
    let (a, _) = generator.any_column(&from);
    let condition = generator.maybe_where(&from);
    let column = generator.pick(&["tableoid::regclass::text", "ctid::text", "xmin::text"]);
    Some(format!(
        "SELECT {a}, {alias}.{column} FROM {}{condition}",
        from.sql
    ))
}

/// Columns with their table's whole name.
fn qualified(generator: &mut Gen<'_>) -> Option<String> {
    let place = generator.table();
    let table = &generator.schema.tables[place];
    let space = table.space.unwrap_or("public");
    let whole = format!("\"{space}\".\"{}\"", table.name);
    let of = table.columns[generator.rng.usize(0..table.columns.len())].clone();
    let value = generator.value(&of);
    Some(format!(
        "SELECT {whole}.* FROM {whole} WHERE {whole}.\"{}\" = {value}",
        of.name
    ))
}
