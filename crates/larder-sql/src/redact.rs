//! Texts of statements without their values, for logs and for people.

use sqlparser::tokenizer::Token;

use crate::{
    Catalogue, Dialect,
    token::{self, Lexeme},
};

/// Longer texts are cut.
const REDACTED_BYTES_MAX: usize = 1_000;

/// Longer texts are not cut into tokens for this alone.
const UNCUT_BYTES_MAX: usize = 16 << 10;

/// Longer first words are none.
const WORD_BYTES_MAX: usize = 32;

/// What stands in the place of a value.
const VALUE: &str = "?";

/// What stands in the place of the rest of a long text, or of one that nobody understands.
const REST: &str = "…";

/// The text with `?` in the place of everything that could be a value, without comments, on one line.
///
/// Nothing is shown that is not known to be no value: words, names, parameters, and signs. In SQLite a
/// name in double quotes may be a text; it is shown if the catalogue knows it, or where only a name can
/// stand.
pub(crate) fn redact(catalogue: &Catalogue, lexemes: &[Lexeme]) -> String {
    let mut text = String::new();
    let mut end = lexemes.first().map_or(0, |first| first.start);
    for (at, lexeme) in lexemes.iter().enumerate() {
        if text.len() > REDACTED_BYTES_MAX {
            text.push_str(REST);
            break;
        }
        if lexeme.start > end {
            text.push(' ');
        }
        end = lexeme.end;
        match is_no_value(catalogue, lexemes, at) {
            true => text.push_str(&lexeme.token.to_string()),
            false => text.push_str(VALUE),
        }
    }
    text
}

/// The same of a text that was answered by its words alone, or not at all: one that is too long, or no
/// SQL, shows its first word.
pub(crate) fn uncut(catalogue: &Catalogue, text: &str) -> String {
    let short = text.len() <= UNCUT_BYTES_MAX;
    let lexemes = short
        .then(|| token::lex(catalogue.dialect(), text))
        .flatten();
    match lexemes {
        Some(lexemes) => redact(catalogue, &lexemes),
        None => first_word(text),
    }
}

fn first_word(text: &str) -> String {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphabetic());
    let word = &text[..end.unwrap_or(text.len()).min(WORD_BYTES_MAX)];
    format!("{word}{REST}")
}

fn is_no_value(catalogue: &Catalogue, lexemes: &[Lexeme], at: usize) -> bool {
    let lexeme = &lexemes[at];
    match &lexeme.token {
        Token::Placeholder(_) => true,
        Token::Word(word) => match (word.quote_style, catalogue.dialect()) {
            (Some('"'), Dialect::Sqlite) => {
                is_known(catalogue, &word.value) || is_name_place(lexemes, at)
            }
            _ => true,
        },
        // A sign. What has letters or digits and is no word is a literal of some kind.
        token => !token.to_string().contains(char::is_alphanumeric),
    }
}

fn is_known(catalogue: &Catalogue, name: &str) -> bool {
    catalogue.table(name).is_some() || catalogue.tables().any(|table| table.column(name).is_some())
}

/// Whether only a name can stand here: beside a point, after `AS`, before a list of columns.
fn is_name_place(lexemes: &[Lexeme], at: usize) -> bool {
    const BEFORE: [&str; 6] = ["AS", "INTO", "UPDATE", "FROM", "JOIN", "TABLE"];
    let before = at.checked_sub(1).map(|before| &lexemes[before]);
    let is_point = |lexeme: &Lexeme| lexeme.token == Token::Period;
    before.is_some_and(|before| is_point(before) || before.is_any(&BEFORE))
        || lexemes.get(at + 1).is_some_and(is_point)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Planner;

    #[track_caller]
    fn check(dialect: Dialect, text: &str, expected: &str) {
        let catalogue = Catalogue::from_ddl(
            dialect,
            "CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT, price REAL)",
        );
        let planner = Planner::new(dialect, Arc::new(catalogue.expect("it is plain")));
        assert_eq!(&*planner.plan(text).plan.text, expected, "{text}");
    }

    #[test]
    fn no_value_is_shown() {
        use Dialect::{MySql, Postgres, Sqlite};
        for dialect in [Sqlite, Postgres, MySql] {
            check(
                dialect,
                "UPDATE track SET name = 'Ann''s', price=-1.5e3 /* ann */ WHERE id IN (1, 2)",
                "UPDATE track SET name = ?, price=-? WHERE id IN (?, ?)",
            );
            check(
                dialect,
                "INSERT INTO track (id, name)\n VALUES (1, x'616e6e') -- ann",
                "INSERT INTO track (id, name) VALUES (?, ?)",
            );
            check(
                dialect,
                "SELECT name FROM track WHERE substr(name, 3) = 'ann' LIMIT 5",
                "SELECT name FROM track WHERE substr(name, ?) = ? LIMIT ?",
            );
            check(dialect, "SELECT 'ann", "SELECT…");
            check(dialect, "'ann", "…");
        }
        check(
            Postgres,
            "UPDATE \"track\" SET name = $1 || $$ann$$ || E'a\\n' WHERE id = $2",
            "UPDATE \"track\" SET name = $1 || ? || ? WHERE id = $2",
        );
        check(
            MySql,
            "UPDATE `track` SET name = \"ann\" WHERE id = ?",
            "UPDATE `track` SET name = ? WHERE id = ?",
        );
        check(
            Sqlite,
            "UPDATE \"track\" AS \"t\" SET \"name\" = \"ann\" WHERE \"t\".\"id\" = ?",
            "UPDATE \"track\" AS \"t\" SET \"name\" = ? WHERE \"t\".\"id\" = ?",
        );
    }

    #[test]
    fn a_long_text_is_cut() {
        let many = vec!["(?, ?)"; 4_000].join(", ");
        let planner = Planner::new(Dialect::Sqlite, Arc::new(Catalogue::new()));
        let planned = planner.plan(&format!("INSERT INTO track VALUES {many}"));
        let text = &planned.plan.text;
        assert!(text.len() < 1_100 && text.ends_with('…'), "{text}");
    }
}
