//! Whether a statement is the one that a test means.

/// Stands for any text.
const ANY: &str = "…";

/// Whether `text` begins as `pattern` says, whatever its quotes, its case and its blanks. `…` stands
/// for any text: what comes behind it must be found somewhere behind what came before.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (plain(pattern), plain(text));
    let mut rest = text.as_str();
    for (at, piece) in pattern.split(ANY).enumerate() {
        let piece = piece.trim();
        let found = match at {
            0 => rest.starts_with(piece).then_some(0),
            _ => rest.find(piece),
        };
        match found {
            Some(start) => rest = &rest[start + piece.len()..],
            None => return false,
        }
    }
    true
}

/// The text without quotes round names, in lower case, with single blanks and none beside signs.
fn plain(text: &str) -> String {
    let text: String = text.replace("...", ANY);
    let mut plain = String::with_capacity(text.len());
    let mut blank = false;
    for c in text.chars().filter(|c| !matches!(c, '"' | '`' | '[' | ']')) {
        if c.is_whitespace() {
            blank = true;
            continue;
        }
        let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '?' | '$');
        let last = plain.chars().last();
        if blank && joins(c) && last.is_some_and(joins) {
            plain.push(' ');
        }
        blank = false;
        plain.extend(c.to_lowercase());
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} and {text}");
    }

    #[test]
    fn quotes_case_and_blanks_do_not_matter() {
        let text = "UPDATE \"track\" SET \"name\" = ? WHERE \"track\".\"id\" = ?";
        check("UPDATE track", text, true);
        check("update  track\n set name=?", text, true);
        check("UPDATE track … WHERE track.id = ?", text, true);
        check("UPDATE track ... id = ?", text, true);
        check("… WHERE", text, true);
        check("UPDATE album", text, false);
        check("UPDATE tra ck", text, false);
        check("track", text, false);
        check("UPDATE track … SET … SET", text, false);
        check("invalidate", "invalidate", true);
    }
}
