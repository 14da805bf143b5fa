//! What every database is asked in words of its own.

use sea_orm::{
    ColumnTrait, DbBackend,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

/// Stands before a sign that is meant as a letter. Not the backslash: to some databases it is more.
const ESCAPE: char = '!';

/// A condition that a column's text contains `part`, whatever signs are in it. Upper and lower case
/// are one, at least in ASCII: elsewhere the databases differ.
pub(super) fn contains(column: impl ColumnTrait, part: &str, backend: DbBackend) -> SimpleExpr {
    let condition = match backend {
        DbBackend::Postgres => "$1 ILIKE $2",
        // By the collation of the shop's tables every letter is itself alone.
        DbBackend::MySql => "LOWER(?) LIKE LOWER(?)",
        _ => "? LIKE ?",
    };
    Expr::cust_with_exprs(
        format!("{condition} ESCAPE '{ESCAPE}'"),
        [column.into_expr(), Expr::value(pattern(part))],
    )
}

fn pattern(part: &str) -> String {
    let mut pattern = String::with_capacity(part.len() + 2);
    pattern.push('%');
    for letter in part.chars() {
        if matches!(letter, '%' | '_' | ESCAPE) {
            pattern.push(ESCAPE);
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The sum of a column of whole numbers, as a whole number: MySQL and MariaDB make a decimal of it.
pub(super) fn sum(column: impl ColumnTrait, backend: DbBackend) -> SimpleExpr {
    let sum = column.sum();
    match backend {
        DbBackend::MySql => sum.cast_as("SIGNED"),
        _ => sum,
    }
}
