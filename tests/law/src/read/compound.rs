//! Reads made of several selects.

use crate::text::Gen;

/// Two selects of as many columns.
fn selects(generator: &mut Gen<'_>) -> (String, String) {
    let (left, right) = (generator.any_aliased(), generator.any_aliased());
    let (a, of_a) = generator.any_column(&left);
    let b = generator.column_like(&right, &of_a);
    let (before, after) = (generator.maybe_where(&left), generator.maybe_where(&right));
    generator.loose = true;
    match generator.rng.bool() {
        true => (
            format!("SELECT {a} FROM {}{before}", left.sql),
            format!("SELECT {b} FROM {}{after}", right.sql),
        ),
        false => {
            let (c, of_c) = generator.any_column(&left);
            let d = generator.column_like(&right, &of_c);
            (
                format!("SELECT {a}, {c} FROM {}{before}", left.sql),
                format!("SELECT {b}, {d} FROM {}{after}", right.sql),
            )
        }
    }
}

pub(super) fn union(generator: &mut Gen<'_>) -> Option<String> {
    let (left, right) = selects(generator);
    let word = generator.pick(&["UNION", "UNION ALL"]);
    Some(match generator.chance(20) {
        true => format!("SELECT count(*) FROM ({left} {word} {right}) AS u"),
        false => format!("{left} {word} {right}"),
    })
}

pub(super) fn intersect(generator: &mut Gen<'_>) -> Option<String> {
    let (left, right) = selects(generator);
    let word = generator.pick(&["INTERSECT", "EXCEPT", "EXCEPT"]);
    Some(format!("{left} {word} {right}"))
}
