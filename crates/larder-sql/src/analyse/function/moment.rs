//! Texts by which a database means the time at which it is asked.

use sqlparser::ast::{Expr, Value as Literal};

/// A column, a number, or a literal that starts with a digit. Anything computed may be `now`.
pub(super) fn is_given_time(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_given_time(inner),
        Expr::Identifier(ident) => ident.quote_style != Some('"') || !is_moment(&ident.value),
        Expr::CompoundIdentifier(_) => true,
        Expr::Value(value) => match &value.value {
            Literal::Number(..) => true,
            Literal::SingleQuotedString(text) => text
                .trim_start_matches('-')
                .starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        },
        _ => false,
    }
}

pub(super) fn names_a_moment(literal: &Literal) -> bool {
    match literal {
        Literal::SingleQuotedString(text) => is_moment(text),
        _ => false,
    }
}

pub(super) fn is_moment(text: &str) -> bool {
    let text = text.trim().to_ascii_lowercase();
    [
        "now",
        "today",
        "tomorrow",
        "yesterday",
        "allballs",
        "subsec",
        "subsecond",
    ]
    .iter()
    .any(|moment| text.contains(moment))
}

pub(super) fn is_bare_moment(literal: &Literal) -> bool {
    match literal {
        Literal::SingleQuotedString(text) => has_moment(text),
        _ => false,
    }
}

/// Whether PostgreSQL reads a word of this text as the time of the statement, where a time is wanted.
/// Such a text is no value that could be put in the place of another.
pub(crate) fn has_moment(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        ["now", "today", "tomorrow", "yesterday"]
            .iter()
            .any(|moment| word.eq_ignore_ascii_case(moment))
    })
}
