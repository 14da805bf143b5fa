//! What invalidated something.

use larder::{Tag, TagKind};
use serde::{Deserialize, Serialize};

use crate::report::cut;

/// Longer statements are cut.
pub const CAUSE_CHARS_MAX: usize = 500;

/// So many tags of a cause are told by name; of further ones only how many there are.
pub const CAUSE_TAGS_MAX: usize = 16;

/// So many tags of a cause are remembered as marks.
const CAUSE_MARKS_MAX: usize = 64;

/// The name of a tag is cut after so many characters.
const TAG_CHARS_MAX: usize = 160;

/// A write, or an act, and the tags that it bumped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Cause {
    /// When, in milliseconds since 1970, by the clock of the process that did it.
    pub at: u64,
    /// The statement without its literals, or what was called.
    pub text: String,
    /// The first of its tags.
    pub tags: Vec<CauseTag>,
    /// How many tags there are.
    pub tags_count: usize,
    /// Marks of its tags, to be compared with those of entries.
    pub marks: Vec<u64>,
}

/// A tag of a cause.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CauseTag {
    /// The tag as people write it.
    pub text: String,
    /// Its table, if it has one, with the database before it.
    pub table: Option<String>,
    /// Whether it stands for everything in its table, its database or its namespace.
    pub is_coarse: bool,
}

impl Cause {
    /// What an event tells of.
    pub(crate) fn new(at: u64, cause: Option<&str>, tags: &[Tag]) -> Cause {
        Cause {
            at,
            text: cut(&without_literals(cause.unwrap_or("")), CAUSE_CHARS_MAX),
            tags: tags
                .iter()
                .take(CAUSE_TAGS_MAX)
                .map(CauseTag::new)
                .collect(),
            tags_count: tags.len(),
            marks: tags.iter().take(CAUSE_MARKS_MAX).map(mark).collect(),
        }
    }
}

impl CauseTag {
    fn new(tag: &Tag) -> CauseTag {
        CauseTag {
            text: cut(&tag.to_string(), TAG_CHARS_MAX),
            table: table_of(tag),
            is_coarse: matches!(
                tag.kind(),
                TagKind::Namespace | TagKind::Root | TagKind::Table
            ),
        }
    }
}

fn table_of(tag: &Tag) -> Option<String> {
    let table = tag.table_name()?;
    Some(match tag.database() {
        None | Some("") => cut(table, TAG_CHARS_MAX),
        Some(database) => cut(&format!("{database}.{table}"), TAG_CHARS_MAX),
    })
}

/// A short mark of a tag, the same in every process. Two tags may share one, which misleads nobody but
/// whoever looks.
pub(crate) fn mark(tag: &Tag) -> u64 {
    // FNV-1a.
    tag.as_bytes()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

/// The statement with `?` in the place of every literal: what stands in a text may be somebody's data.
///
/// It knows the literals of SQLite, PostgreSQL and MariaDB, and takes out too much rather than too little:
/// in a text with backticks, or after `=` and the like, what stands in double quotes is a literal.
///
/// ```
/// use larder_report::without_literals;
///
/// let text = r#"UPDATE "track" SET name = 'It''s', price = 99 WHERE "id" = $1 -- by Ada"#;
/// assert_eq!(without_literals(text), r#"UPDATE "track" SET name = ?, price = ? WHERE "id" = $1 "#);
/// ```
pub fn without_literals(statement: &str) -> String {
    Scan {
        rest: statement,
        out: String::with_capacity(statement.len().min(4 * CAUSE_CHARS_MAX)),
        backticks: statement.contains('`'),
        before: ' ',
    }
    .run()
}

struct Scan<'a> {
    rest: &'a str,
    out: String,
    backticks: bool,
    /// The last character that is no space.
    before: char,
}

impl Scan<'_> {
    fn run(mut self) -> String {
        while let Some(next) = self.rest.chars().next() {
            // Nobody is shown more: a megabyte of text costs no more than what is shown of it.
            if self.out.len() > 4 * CAUSE_CHARS_MAX {
                break;
            }
            match next {
                '\'' => self.literal('\''),
                '"' if self.backticks || "=<>(,".contains(self.before) && !self.is_name() => {
                    self.literal('"');
                }
                '"' => self.keep_quoted('"'),
                '`' => self.keep_quoted('`'),
                '-' if self.rest.starts_with("--") => self.skip_to("\n"),
                '#' if self.backticks => self.skip_to("\n"),
                '/' if self.rest.starts_with("/*") => self.skip_to("*/"),
                '$' => self.dollar(),
                digit if digit.is_ascii_digit() && !self.in_word() => self.number(),
                other => self.keep(other),
            }
        }
        self.out
    }

    fn keep(&mut self, next: char) {
        self.rest = &self.rest[next.len_utf8()..];
        self.out.push(next);
        if !next.is_whitespace() {
            self.before = next;
        }
    }

    fn put(&mut self) {
        self.out.push('?');
        self.before = '?';
    }

    fn in_word(&self) -> bool {
        let last = self.out.chars().next_back();
        last.is_some_and(|last| last.is_alphanumeric() || "_$?:@".contains(last))
    }

    /// Whether the double-quoted text stands where only a name can: before a dot, in an INSERT's list of
    /// columns, behind RETURNING, or before an assignment's `=`.
    fn is_name(&self) -> bool {
        let Some((name, after)) = self.rest[1..].split_once('"') else {
            return false;
        };
        let after = after.trim_start();
        let before = self.out.to_ascii_lowercase();
        let plain = |c: char| c.is_alphanumeric() || c == '_';
        name.chars().all(plain)
            && (after.starts_with('.')
                || before.starts_with("insert")
                    && before.matches('(').count() == 1
                    && !before.contains("values")
                || before.contains("returning")
                || before.contains("set ") && !before.contains("where") && after.starts_with('='))
    }

    fn literal(&mut self, quote: char) {
        let mut rest = self.rest[1..].char_indices();
        let mut end = self.rest.len();
        while let Some((at, next)) = rest.next() {
            if next == '\\' && (self.backticks || self.out.ends_with(['E', 'e'])) {
                rest.next();
            } else if next == quote {
                // Doubled, it stands for itself.
                if self.rest[1 + at + 1..].starts_with(quote) {
                    rest.next();
                    continue;
                }
                end = 1 + at + 1;
                break;
            }
        }
        self.rest = &self.rest[end..];
        self.put();
    }

    fn keep_quoted(&mut self, quote: char) {
        self.keep(quote);
        while let Some(next) = self.rest.chars().next() {
            self.keep(next);
            if next == quote {
                break;
            }
        }
    }

    fn skip_to(&mut self, end: &str) {
        let at = self.rest.find(end).map(|at| at + end.len());
        self.rest = &self.rest[at.unwrap_or(self.rest.len())..];
    }

    /// A parameter, or a text between two equal words in dollars.
    fn dollar(&mut self) {
        let word = self.rest[1..].split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let word = word.into_iter().next().unwrap_or_default();
        let closed = self.rest[1 + word.len()..].starts_with('$');
        if word.starts_with(|c: char| c.is_ascii_digit()) || !closed {
            return self.keep('$');
        }
        let mark = format!("${word}$");
        self.rest = &self.rest[mark.len()..];
        self.skip_to(&mark);
        self.put();
    }

    fn number(&mut self) {
        let in_number = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '_';
        let end = self.rest.find(|c| !in_number(c));
        self.rest = &self.rest[end.unwrap_or(self.rest.len())..];
        self.put();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without_literals(text), expected);
    }

    #[test]
    fn statements_with_parameters_stay_as_they_are() {
        for text in [
            r#"UPDATE "track" SET "name" = ?, "genre_id" = ? WHERE "track"."id" = ?"#,
            r#"INSERT INTO "track" ("name", "genre_id") VALUES ($1, $2) RETURNING "id""#,
            "UPDATE `track` SET `name` = ? WHERE `id2` = ?",
            "DELETE FROM t1 WHERE a = :name AND b = ?12",
            "invalidate",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn literals_do_not_stay() {
        check("SET a = 'Ada', b = -12.5e3", "SET a = ?, b = -?");
        check("SET a = 'it''s', b = 1", "SET a = ?, b = ?");
        check(r"SET a = E'it\'s Ada', b = 1", "SET a = E?, b = ?");
        check(
            r"UPDATE `t` SET a = 'it\'s Ada', b = 1",
            "UPDATE `t` SET a = ?, b = ?",
        );
        check(r#"UPDATE `t` SET a = "Ada""#, "UPDATE `t` SET a = ?");
        check(r#"UPDATE t SET a = "Ada""#, "UPDATE t SET a = ?");
        check(
            r#"INSERT INTO t VALUES ("Ada", "Bob")"#,
            "INSERT INTO t VALUES (?, ?)",
        );
        check(
            r#"DELETE FROM t WHERE a IN ("Ada", "Bob")"#,
            "DELETE FROM t WHERE a IN (?, ?)",
        );
        check(
            r#"UPDATE t SET a = concat("Ada", b)"#,
            "UPDATE t SET a = concat(?, b)",
        );
        check("SET a = $$Ada's$$, b = $x$ $$ $x$", "SET a = ?, b = ?");
        check("SET a = x'ff00', b = 0xff", "SET a = x?, b = ?");
        check(
            "DELETE /* for Ada */ FROM t -- by Bob\nWHERE a = 1",
            "DELETE  FROM t WHERE a = ?",
        );
    }

    #[test]
    fn a_text_that_never_ends_is_a_literal_to_its_end() {
        check("SET a = 'Ada", "SET a = ?");
        check("SET a = $$Ada", "SET a = ?");
        check("SET a = /* Ada", "SET a = ");
        check("SET a = 'Ada\\", "SET a = ?");
    }
}
