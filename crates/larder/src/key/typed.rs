//! Keys as people type them.

use super::{Key, KeyBuilder};
use crate::encoding;
use crate::error::{Error, Result};

/// A longer text is refused before it is read: nobody types it, and no command line carries it.
pub const TYPED_BYTES_MAX: usize = 128 * 1024;

/// What stands before the opaque text of a key.
const OPAQUE_MARK: char = '@';

/// Lists in lists are read so deep.
const DEPTH_MAX: usize = 16;

impl Key {
    /// The key as text that [`from_typed`](Key::from_typed) takes back: its readable form where that says
    /// everything, else `@` and its opaque form. Nothing in it does anything to a terminal.
    ///
    /// ```
    /// use larder::Key;
    ///
    /// # fn main() -> larder::Result<()> {
    /// let key = Key::new(("product", 123));
    /// assert_eq!(key.to_typed(), "('product', 123)");
    /// assert_eq!(Key::from_typed("product, 123")?, key);
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_typed(&self) -> String {
        let readable = self.readable();
        let says_all = readable.len() <= TYPED_BYTES_MAX
            && !readable.chars().any(crate::is_unseen)
            && Key::from_typed(&readable).is_ok_and(|key| key == *self);
        match says_all {
            true => readable,
            false => format!("{OPAQUE_MARK}{}", self.to_opaque()),
        }
    }

    /// The key that somebody has typed: parts with commas between them. What looks like a number is one,
    /// `true`, `false` and `NULL` are what they say, everything else is text; text in quotation marks is text
    /// whatever it looks like, and in `e'…'` a backslash stands before what cannot be typed. `x'00ff'` are bytes, parts in
    /// brackets are one part. Brackets around it all are what keys are shown with. After `@` comes the
    /// [opaque](Key::to_opaque) text of a key. Nothing typed is the key without parts.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config): what is wrong, as a sentence.
    pub fn from_typed(typed: &str) -> Result<Key> {
        read(typed).map_err(Error::config)
    }
}

fn read(typed: &str) -> Result<Key, &'static str> {
    if typed.len() > TYPED_BYTES_MAX {
        return Err("this is too long for a key that is typed");
    }
    let typed = typed.trim();
    if let Some(opaque) = typed.strip_prefix(OPAQUE_MARK) {
        let key = Key::from_opaque(opaque).ok().filter(|_| !opaque.is_empty());
        return key.ok_or(
            "what stands after the @ is no key: take it over whole, or put a text that begins so in quotation marks"
        );
    }
    // In brackets as a whole, as keys are shown; else brackets are those of a part.
    if let Some(inside) = typed.strip_prefix('(') {
        let mut rest = inside;
        let parts = parts(Key::builder(), &mut rest, Some(')'), 0)?;
        if rest.trim().is_empty() {
            return Ok(parts.0.build());
        }
    }
    let mut rest = typed;
    Ok(parts(Key::builder(), &mut rest, None, 0)?.0.build())
}

/// Parts with commas between them, up to `end`, and how many they are.
fn parts(
    mut key: KeyBuilder,
    rest: &mut &str,
    end: Option<char>,
    depth: usize,
) -> Result<(KeyBuilder, usize), &'static str> {
    if depth > DEPTH_MAX {
        return Err("there are too many brackets in each other");
    }
    let mut count = 0;
    loop {
        *rest = rest.trim_start();
        let at_end = match end {
            Some(end) => rest.strip_prefix(end),
            None => rest.is_empty().then_some(""),
        };
        match at_end {
            Some(after) if count == 0 => {
                *rest = after;
                return Ok((key, 0));
            }
            Some(_) => return Err("after a comma a part is missing"),
            None => {}
        }
        key = part(key, rest, depth)?;
        count += 1;
        *rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(',') {
            *rest = after;
            continue;
        }
        return match end {
            None if rest.is_empty() => Ok((key, count)),
            Some(end) => match rest.strip_prefix(end) {
                Some(after) => {
                    *rest = after;
                    Ok((key, count))
                }
                None if rest.is_empty() => Err("a bracket is not closed"),
                None => Err("between two parts of a key stands a comma"),
            },
            None => Err("between two parts of a key stands a comma"),
        };
    }
}

fn part(key: KeyBuilder, rest: &mut &str, depth: usize) -> Result<KeyBuilder, &'static str> {
    if let Some(inside) = rest.strip_prefix('\'') {
        *rest = inside;
        return Ok(key.text(&quoted(rest, false)?));
    }
    if let Some(inside) = rest.strip_prefix("e'") {
        *rest = inside;
        return Ok(key.text(&quoted(rest, true)?));
    }
    if let Some(inside) = rest.strip_prefix("x'") {
        *rest = inside;
        let digits = quoted(rest, false)?;
        let bytes = hex(&digits).ok_or("x'…' holds bytes, each as two digits from 0 to f")?;
        return Ok(key.bytes(&bytes));
    }
    if let Some(inside) = rest.strip_prefix("some ") {
        *rest = inside.trim_start();
        let mut key = key;
        encoding::some(&mut key.bytes);
        return match depth < DEPTH_MAX {
            true => part(key, rest, depth + 1),
            false => Err("there are too many parts in each other"),
        };
    }
    if let Some(inside) = rest.strip_prefix('(') {
        *rest = inside;
        let (inside, count) = parts(Key::builder(), rest, Some(')'), depth + 1)?;
        let mut key = key.list(count);
        key.bytes.extend_from_slice(&inside.bytes);
        return Ok(key);
    }
    let end = rest.find([',', ')', '\'']).unwrap_or(rest.len());
    let word = rest[..end].trim();
    *rest = &rest[end..];
    if rest.starts_with('\'') {
        return Err(
            "a quotation mark stands in a word: put the whole text in quotation marks, and each mark within twice",
        );
    }
    bare(key, word)
}

/// A part without quotation marks.
fn bare(mut key: KeyBuilder, word: &str) -> Result<KeyBuilder, &'static str> {
    Ok(match word {
        "" => return Err("between two commas a part is missing"),
        "NULL" => key.null(),
        "true" => key.bool(true),
        "false" => key.bool(false),
        word => match (word.parse::<i128>(), word.parse::<u128>(), real(word)) {
            (Ok(int), ..) => key.int(int),
            (_, Ok(int), _) => {
                encoding::unsigned(&mut key.bytes, int);
                key
            }
            (.., Some(real)) => key.real(real),
            _ => key.text(word),
        },
    })
}

/// What is written as numbers with a point are, or as they are shown where they are very large or small.
fn real(word: &str) -> Option<f64> {
    let number = word.parse::<f64>().ok()?;
    let begins = word.trim_start_matches('-').as_bytes().first()?;
    let is_written = begins.is_ascii_digit() && word.contains(['.', 'e']);
    (is_written || matches!(word, "NaN" | "inf" | "-inf")).then_some(number)
}

/// A text up to the quotation mark that ends it, which is taken as well.
fn quoted(rest: &mut &str, escaped: bool) -> Result<String, &'static str> {
    let mut text = String::new();
    let mut chars = rest.char_indices().peekable();
    while let Some((at, next)) = chars.next() {
        match next {
            '\'' if chars.next_if(|(_, next)| *next == '\'').is_some() => text.push('\''),
            '\'' => {
                *rest = &rest[at + 1..];
                return Ok(text);
            }
            '\\' if escaped => {
                let stands_for = match chars.next() {
                    Some((_, '\\')) => Some('\\'),
                    Some((_, 'n')) => Some('\n'),
                    Some((at, 'u')) => {
                        let number = rest[at + 1..].strip_prefix('{');
                        let number = number.and_then(|rest| Some(rest.split_once('}')?.0));
                        let number = number.filter(|number| number.len() <= 6);
                        let number = number.and_then(|n| u32::from_str_radix(n, 16).ok());
                        while chars.next_if(|(_, next)| *next != '}').is_some() {}
                        chars.next();
                        number.and_then(char::from_u32)
                    }
                    _ => None,
                };
                text.push(stands_for.ok_or(
                    "in e'…' a backslash stands before n, before another, or before u{…} with the number of a character",
                )?);
            }
            next => text.push(next),
        }
    }
    Err("a quotation mark is missing at the end of a text")
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    let pairs = digits.chunks(2);
    let byte = |pair: &[u8]| match pair {
        [high, low] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()
        }
        _ => None,
    };
    pairs.map(byte).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn check(typed: &str, expected: Key) {
        assert_eq!(Key::from_typed(typed).unwrap(), expected, "{typed}");
    }

    #[test]
    fn parts_are_typed_with_commas_between_them() {
        check("", Key::new(()));
        check("()", Key::new(()));
        check(" product ", Key::new("product"));
        check("product, 7", Key::new(("product", 7)));
        check("('product', 7)", Key::new(("product", 7)));
        check("product,'7'", Key::new(("product", "7")));
        check("a b, true, NULL", Key::new(("a b", true, None::<i32>)));
        check("1.5, -3, 1e300", Key::new((1.5, -3, 1e300)));
        check("'it''s, (no)', 2", Key::new(("it's, (no)", 2)));
        check("(a, 1), 2", Key::new((("a", 1), 2)));
        check("((a, 1))", Key::new((("a", 1),)));
        check("(a, 1)", Key::new(("a", 1)));
        check("x'00ff'", Key::new(vec![0_u8, 255]));
        check(r"e'a\n\\\u{1b}'", Key::new("a\n\\\u{1b}"));
        check("inf", Key::new(f64::INFINITY));
        check(
            "infinity, e1, 1e, nan",
            Key::new(("infinity", "e1", "1e", "nan")),
        );
    }

    /// Whatever a key is made of, what is shown of it stands for it and for no other.
    #[test]
    fn what_is_shown_of_a_key_is_taken_back() {
        let deep = (0..40).fold(Key::new(1), |inside, _| Key::new((1, inside)));
        let keys = [
            Key::new(()),
            Key::new(((),)),
            Key::new(("a", 1, "b'c", "7", "NULL", "true", "@x", "")),
            Key::new(("<script>", -1, 1.5, true, "\u{202e}\u{1b}[2J\r\n")),
            Key::new((
                f64::NAN,
                -0.0,
                f64::NEG_INFINITY,
                f64::MIN_POSITIVE,
                0.1 + 0.2,
            )),
            Key::new(f64::from_bits(f64::NAN.to_bits() | 1)),
            Key::new((i128::MIN, u128::MAX, i64::MAX)),
            Key::new((vec![0_u8, 255], (1, "deep"), Some(7), Some(None::<i32>))),
            Key::new(('x', Duration::from_secs(1), Key::new("inner"))),
            crate::key!("ship", weight = 3, country = "CH"),
            Key::new(("SELECT \"a\" FROM b\nWHERE c = 'd'", "\\")),
            deep,
            Key::new("x".repeat(300_000)),
        ];
        for key in keys {
            let typed = key.to_typed();
            assert!(!typed.chars().any(crate::is_unseen), "{typed}");
            // A longer one cannot be carried.
            if typed.len() <= TYPED_BYTES_MAX && key.to_opaque().len() <= crate::OPAQUE_BYTES_MAX {
                assert_eq!(Key::from_typed(&typed).unwrap(), key, "{typed}");
            }
        }
    }

    #[test]
    fn what_makes_no_sense_is_a_sentence() {
        let nested = "(".repeat(1_000);
        let long = "a".repeat(TYPED_BYTES_MAX + 1);
        for typed in [
            "'a",
            "a,,b",
            "a,",
            "'a' 'b'",
            "((1), 2",
            "x'0'",
            "x'gg'",
            "it's",
            "@",
            "@_w",
            "@ä",
            "(a) b",
            "e'\\x'",
            "e'\\u{110000}'",
            "e'\\u{",
            "e'\\",
            &nested,
            &long,
        ] {
            let error = Key::from_typed(typed).unwrap_err();
            assert!(
                error.is_config() && !error.to_string().is_empty(),
                "{typed}"
            );
        }
    }
}
