//! A script: statements, and the comments that direct them.

use larder_sea_orm::sea_orm::Value;
use larder_sql::{Dialect, split};

use crate::failure::Failure;

/// One statement of a script.
#[derive(Debug, PartialEq)]
pub(crate) struct Step {
    /// Its number, from 1.
    pub(crate) n: usize,
    /// The line it begins on, from 1.
    pub(crate) line: usize,
    pub(crate) sql: String,
    /// The connection it runs on.
    pub(crate) conn: String,
    pub(crate) params: Vec<Value>,
    pub(crate) expected: Option<Expected>,
}

/// What a comment says about a statement's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Hit,
    Miss,
    Uncached,
    Error,
}

impl Expected {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Expected::Hit => "hit",
            Expected::Miss => "miss",
            Expected::Uncached => "uncached",
            Expected::Error => "error",
        }
    }
}

/// The connection of statements that name none.
const CONN: &str = "a";

/// The statements of a script.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Result<Vec<Step>, Failure> {
    // Editors of another world begin a text with this mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut steps = Vec::new();
    let mut end = 0;
    for range in split(text, dialect) {
        // Comments may belong to what comes before the statement, or to the statement's range.
        let begin = end + start(&text[end..range.end], dialect);
        let comments = &text[end..begin];
        end = range.end;
        let sql = text[begin..range.end]
            .trim()
            .trim_end_matches(';')
            .trim_end();
        if sql.is_empty() {
            continue;
        }
        let line = 1 + text[..begin].matches('\n').count();
        let mut step = Step {
            n: steps.len() + 1,
            line,
            sql: sql.to_owned(),
            conn: CONN.to_owned(),
            params: Vec::new(),
            expected: None,
        };
        for comment in comments.lines() {
            direct(&mut step, comment.trim()).map_err(|why| {
                Failure::new(format!("the statement at line {line} cannot be run: {why}"))
            })?;
        }
        steps.push(step);
    }
    Ok(steps)
}

/// Where a statement begins: after white space, comments and stray semicolons.
fn start(text: &str, dialect: Dialect) -> usize {
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let blank = rest.len()
            - rest
                .trim_start_matches([' ', '\t', '\r', '\n', ';', '\u{feff}'])
                .len();
        at += blank;
        let rest = &text[at..];
        match comment(rest, dialect) {
            Some(length) => at += length,
            None => return at,
        }
    }
}

/// How long the comment is that a text begins with, if it does.
fn comment(text: &str, dialect: Dialect) -> Option<usize> {
    let mysql = dialect == Dialect::MySql;
    if text.starts_with("--") || (mysql && text.starts_with('#')) {
        return Some(text.find('\n').map_or(text.len(), |end| end + 1));
    }
    // MySQL and MariaDB run what stands in these.
    let is_run = mysql && (text.starts_with("/*!") || text.starts_with("/*M!"));
    (text.starts_with("/*") && !is_run).then(|| block(text, dialect))
}

/// How long the comment is that a text begins with and that an asterisk ends.
fn block(text: &str, dialect: Dialect) -> usize {
    let mut depth = 0;
    let mut at = 0;
    loop {
        let rest = &text[at..];
        // Only PostgreSQL knows comments within comments.
        if rest.starts_with("/*") && (depth == 0 || dialect == Dialect::Postgres) {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            match rest.chars().next() {
                Some(letter) => at += letter.len_utf8(),
                None => return text.len(),
            }
        }
    }
}

/// Carries out one comment line, if it is a direction.
fn direct(step: &mut Step, comment: &str) -> Result<(), String> {
    let Some(direction) = comment
        .strip_prefix("--")
        .map(str::trim_start)
        .and_then(|c| c.strip_prefix('@'))
    else {
        return Ok(());
    };
    let (word, rest) = direction
        .split_once(char::is_whitespace)
        .unwrap_or((direction, ""));
    let rest = rest.trim();
    match word {
        "conn" if !rest.is_empty() => step.conn = rest.to_owned(),
        "conn" => return Err("@conn needs a name".to_owned()),
        "expect" => {
            step.expected = Some(match rest {
                "hit" => Expected::Hit,
                "miss" => Expected::Miss,
                "uncached" => Expected::Uncached,
                "error" => Expected::Error,
                other => {
                    return Err(format!(
                        "@expect takes hit, miss, uncached or error, not {other:?}"
                    ));
                }
            });
        }
        "params" => step.params = params(rest)?,
        other => {
            return Err(format!(
                "there is no direction @{other}; there are @conn, @expect and @params"
            ));
        }
    }
    Ok(())
}

/// Values as in JSON, with SQL's quotes allowed.
fn params(text: &str) -> Result<Vec<Value>, String> {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('[');
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                json.push(c);
                let mut escaped = false;
                for c in rest.by_ref() {
                    json.push(c);
                    if c == '"' && !escaped {
                        break;
                    }
                    escaped = c == '\\' && !escaped;
                }
            }
            '\'' => {
                let mut string = String::new();
                while let Some(c) = rest.next() {
                    match c {
                        '\'' if rest.peek() == Some(&'\'') => {
                            string.push(rest.next().unwrap_or('\''))
                        }
                        '\'' => break,
                        c => string.push(c),
                    }
                }
                json.push_str(&serde_json::Value::from(string).to_string());
            }
            c => json.push(c.to_ascii_lowercase()),
        }
    }
    json.push(']');
    let values: Vec<serde_json::Value> = serde_json::from_str(&json).map_err(|error| {
        format!("@params takes numbers, strings, true, false and null: {error}")
    })?;
    values.into_iter().map(value).collect()
}

fn value(json: serde_json::Value) -> Result<Value, String> {
    use serde_json::Value as Json;
    Ok(match json {
        Json::Null => Value::BigInt(None),
        Json::Bool(b) => Value::from(b),
        Json::Number(n) => match n.as_i64() {
            Some(i) => Value::from(i),
            None => Value::from(n.as_f64().ok_or_else(|| format!("{n} is too large"))?),
        },
        Json::String(s) => Value::from(s),
        Json::Array(_) | Json::Object(_) => {
            return Err("@params takes numbers, strings, true, false and null".to_owned());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(text: &str) -> Result<Vec<Step>, Failure> {
        parse(text, Dialect::Sqlite)
    }

    #[test]
    fn comments_direct_the_next_statement_only() {
        let steps = sqlite("-- @conn b\n-- @expect hit\nSELECT 1;\nSELECT 2;").unwrap();
        assert_eq!(
            (steps[0].conn.as_str(), steps[0].expected),
            ("b", Some(Expected::Hit))
        );
        assert_eq!((steps[1].conn.as_str(), steps[1].expected), ("a", None));
        assert_eq!((steps[0].line, steps[1].line), (3, 4));
    }

    #[test]
    fn params_are_numbers_strings_and_null() {
        let steps =
            sqlite("-- @params 1, \"Ro\\\"ck\", 'it''s', NULL, 1.5, true\nSELECT ?, ?, ?, ?, ?, ?")
                .unwrap();
        let expected = vec![
            Value::from(1i64),
            Value::from("Ro\"ck"),
            Value::from("it's"),
            Value::BigInt(None),
            Value::from(1.5f64),
            Value::from(true),
        ];
        assert_eq!(steps[0].params, expected);
    }

    #[test]
    fn a_byte_order_mark_hides_no_direction() {
        let steps = sqlite("\u{feff}-- @conn b\r\nSELECT 1;\r\n").unwrap();
        assert_eq!((steps[0].conn.as_str(), steps[0].line), ("b", 2));
    }

    #[test]
    fn trigger_bodies_stay_whole() {
        let text = "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  UPDATE b SET x = 1;\n  DELETE FROM c;\nEND;\nSELECT 1;";
        let steps = sqlite(text).unwrap();
        assert_eq!(steps.len(), 2);
        assert!(steps[0].sql.ends_with("END"));
    }

    #[test]
    fn a_wrong_direction_is_refused_with_its_line() {
        let error = sqlite("SELECT 1;\n-- @expect warm\nSELECT 2;")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("line 3") && error.contains("warm"),
            "{error}"
        );
        assert!(sqlite("-- @params {}\nSELECT ?;").is_err());
        assert!(sqlite("-- @cnn b\nSELECT 1;").is_err());
    }

    /// The comments of other databases: what they say directs a statement, and no more.
    #[test]
    fn comments_are_those_of_the_database() {
        let begins = |text: &str, dialect| parse(text, dialect).unwrap()[0].sql.clone();
        let nested = "/* a /* b */ c */ SELECT 1";
        assert_eq!(begins(nested, Dialect::Postgres), "SELECT 1");
        assert_eq!(begins(nested, Dialect::Sqlite), "c */ SELECT 1");
        assert_eq!(begins("# a\nSELECT 1", Dialect::MySql), "SELECT 1");
        let run = "/*!40101 SET NAMES utf8mb4 */";
        assert_eq!(begins(run, Dialect::MySql), run);
    }
}
