//! The bare words of an SQL text: neither in comments nor in quotes.

/// Whether these words follow one another, with nothing but blanks and comments between them.
pub(crate) fn follow(sql: &str, wanted: &[&str]) -> bool {
    let words = bare(sql);
    words.windows(wanted.len()).any(|found| {
        found
            .iter()
            .zip(wanted)
            .all(|(found, wanted)| found.eq_ignore_ascii_case(wanted))
    })
}

/// Whether the text begins with one of these words.
pub(crate) fn begins(sql: &str, wanted: &[&str]) -> bool {
    let first = bare(sql).into_iter().next().unwrap_or_default();
    wanted.iter().any(|word| word.eq_ignore_ascii_case(first))
}

/// Whether the text has one of these words.
pub(crate) fn any(sql: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|word| follow(sql, &[word]))
}

/// The words that a parenthesis follows: what a text calls, if it is no keyword.
#[cfg_attr(
    not(feature = "postgres"),
    allow(dead_code, reason = "only PostgreSQL's triggers are read so")
)]
pub(crate) fn called(sql: &str) -> Vec<&str> {
    let words = bare(sql);
    let calls = words.windows(2).filter(|pair| pair[1] == "(");
    calls.map(|pair| pair[0]).collect()
}

/// The bare words, and opening parentheses. What else stands between them, other than blanks and
/// comments, is an empty word, so that nothing follows across it.
fn bare(sql: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = match first {
            _ if rest.starts_with("--") => rest.find('\n').map_or(rest.len(), |at| at + 1),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            c if c.is_whitespace() => c.len_utf8(),
            c if is_word(c) => {
                let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                words.push(&rest[..end]);
                end
            }
            '\'' | '"' | '`' | '[' => {
                words.push("");
                let close = if first == '[' { ']' } else { first };
                // A doubled quote closes and opens again: two quotes side by side.
                rest[1..].find(close).map_or(rest.len(), |at| at + 2)
            }
            '(' => {
                words.push("(");
                1
            }
            other => {
                words.push("");
                other.len_utf8()
            }
        };
        rest = &rest[end..];
    }
    words
}

#[cfg(test)]
mod tests {
    use super::follow;

    #[track_caller]
    fn check(sql: &str, wanted: &[&str], expected: bool) {
        assert_eq!(follow(sql, wanted), expected, "{sql}");
    }

    #[test]
    fn comments_stand_between_words_and_quotes_do_not() {
        let replace = &["conflict", "replace"];
        check("ON CONFLICT REPLACE", replace, true);
        check("ON CONFLICT /* hm */ replace", replace, true);
        check("ON CONFLICT -- hm\nREPLACE", replace, true);
        check("ON CONFLICT 'x' REPLACE", replace, false);
        check("conflict, replace", replace, false);
        check("'conflict replace'", replace, false);
    }

    #[test]
    fn a_column_called_desc_is_no_order() {
        let order = &["primary", "key", "desc"];
        check("id INTEGER PRIMARY KEY, \"desc\" TEXT", order, false);
        check("id INTEGER PRIMARY KEY, desc TEXT", order, false);
        check("id INTEGER, PRIMARY KEY (id DESC)", order, false);
        check("id INTEGER PRIMARY KEY DESC", order, true);
    }
}
