//! What people type to find keys.

use larder::{Key, KeyBuilder};

/// Longer searches are refused.
pub(crate) const SEARCH_BYTES_MAX: usize = 1_000;

/// The first parts of keys, as they are typed: parts with commas between them. What looks like a number is
/// one, `true`, `false` and `NULL` are what they say, everything else is text; text in quotes is text
/// whatever it looks like. Brackets around it all are what keys are shown with.
///
/// # Errors
///
/// What is wrong, as a sentence.
pub(crate) fn prefix(typed: &str) -> Result<Key, &'static str> {
    if typed.len() > SEARCH_BYTES_MAX {
        return Err("Shorter, please: at most 1,000 letters.");
    }
    let mut rest = typed.trim();
    if let Some(inside) = rest.strip_prefix('(') {
        rest = inside.strip_suffix(')').unwrap_or(inside).trim();
    }
    let mut key = Key::builder();
    while !rest.is_empty() {
        let (with_part, after) = part(key, rest)?;
        key = with_part;
        rest = match after.trim_start() {
            "" => "",
            after => after
                .strip_prefix(',')
                .ok_or("Between two parts of a key stands a comma.")?
                .trim_start(),
        };
    }
    Ok(key.build())
}

fn part(key: KeyBuilder, rest: &str) -> Result<(KeyBuilder, &str), &'static str> {
    if let Some(inside) = rest.strip_prefix('\'') {
        return quoted(key, inside);
    }
    let end = rest.find(',').unwrap_or(rest.len());
    let (word, after) = (rest[..end].trim(), &rest[end..]);
    if word.starts_with('(') || word.starts_with("x'") || word.starts_with("some ") {
        return Err("Search by parts that are texts, numbers, true, false or NULL.");
    }
    let key = match word {
        "" => return Err("Between two commas a part is missing."),
        "NULL" => key.null(),
        "true" => key.bool(true),
        "false" => key.bool(false),
        word => match (word.parse::<i128>(), word.parse::<f64>()) {
            (Ok(int), _) => key.int(int),
            (_, Ok(real)) if word.contains('.') => key.real(real),
            _ => key.text(word),
        },
    };
    Ok((key, after))
}

fn quoted(key: KeyBuilder, inside: &str) -> Result<(KeyBuilder, &str), &'static str> {
    let mut text = String::new();
    let mut chars = inside.char_indices().peekable();
    while let Some((at, next)) = chars.next() {
        if next != '\'' {
            text.push(next);
        } else if chars.next_if(|(_, next)| *next == '\'').is_some() {
            text.push('\'');
        } else {
            return Ok((key.text(&text), &inside[at + 1..]));
        }
    }
    Err("A quotation mark is missing at the end of a text.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: &str) {
        let found = prefix(typed).unwrap().readable();
        assert_eq!(found, expected, "{typed}");
    }

    #[test]
    fn parts_are_typed_with_commas_between_them() {
        check("", "()");
        check(" product ", "('product')");
        check("product, 7", "('product', 7)");
        check("('product', 7)", "('product', 7)");
        check("product,'7'", "('product', '7')");
        check("a b, true, NULL, 1.5, -3", "('a b', true, NULL, 1.5, -3)");
        check("'it''s, no', 2", "('it''s, no', 2)");
        check("<script>, \u{202e}", "('<script>', '\u{202e}')");
    }

    #[test]
    fn what_is_shown_of_a_key_finds_it() {
        for key in [
            Key::new(("a", 1, "b'c")),
            Key::new(true),
            Key::new(("x", None::<i32>)),
        ] {
            assert_eq!(prefix(&key.readable()).unwrap(), key);
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_sentence() {
        for typed in [
            "'a",
            "a,,b",
            "'a' 'b'",
            "((1), 2",
            "x'00'",
            &"a".repeat(1_001),
        ] {
            assert!(prefix(typed).unwrap_err().ends_with('.'), "{typed}");
        }
    }
}
