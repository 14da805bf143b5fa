//! What texts set, and for how long.
//!
//! `SET LOCAL` ends with its transaction, whose reads are not cached. What it sets may give later
//! statements of that transaction another meaning (`search_path`, `role`): they are not asked about
//! their rows, and their commit drops everything. What changes no meaning is passed on as it stands.

use larder_sql::{Dialect, split};

use crate::engine::Setting;
use crate::words;

/// Settings that decide how statements are run, and neither what they mean nor what they do. A name with
/// a dot in it is the application's own, or an extension's: nothing that larder understands asks for one.
const HARMLESS: [&str; 12] = [
    "application_name",
    "client_min_messages",
    "deadlock_timeout",
    "hash_mem_multiplier",
    "idle_in_transaction_session_timeout",
    "jit",
    "lock_timeout",
    "log_min_duration_statement",
    "maintenance_work_mem",
    "statement_timeout",
    "transaction_timeout",
    "work_mem",
];

/// What makes the rest of the transaction's texts end elsewhere than larder believes.
const TEXTS: &str = "standard_conforming_strings";

/// What a text of one or several statements sets.
pub(super) fn of(sql: &str) -> Setting {
    let statements = split(sql, Dialect::Postgres);
    let alone = statements.len() == 1;
    let mut most = Setting::Nothing;
    for range in statements {
        most = match (most, of_one(&sql[range])) {
            (Setting::Connection, _) | (_, Setting::Connection) => Setting::Connection,
            (Setting::Transaction, _) | (_, Setting::Transaction) => Setting::Transaction,
            (_, Setting::Harmless) if alone => Setting::Harmless,
            _ => Setting::Nothing,
        };
    }
    most
}

fn of_one(text: &str) -> Setting {
    if hides_words(text) {
        return Setting::Connection;
    }
    if words::begins(text, &["reset", "discard"]) {
        return Setting::Connection;
    }
    if words::any(text, &["set_config"]) {
        return match configured(text) {
            Some(names) => strongest(&names),
            None => Setting::Connection,
        };
    }
    if !words::begins(text, &["set"]) {
        return Setting::Nothing;
    }
    let mut rest = Rest(text);
    if !rest.word("set") {
        return Setting::Connection;
    }
    if rest.word("constraints") || rest.word("transaction") {
        return Setting::Harmless;
    }
    if !rest.word("local") {
        return Setting::Connection;
    }
    match rest.name() {
        Some(name) if rest.sign("=") || rest.word("to") => strongest(&[name]),
        _ => Setting::Transaction,
    }
}

/// Whether the words that set something may stand where [`words`] does not see them as such: behind a quote
/// that a backslash keeps from ending a text, or behind a comment within a comment.
fn hides_words(text: &str) -> bool {
    let mentions = |words: &[&str]| {
        let text = text.to_ascii_lowercase();
        words.iter().any(|word| text.contains(word))
    };
    let nested = text.split("*/").any(|part| part.matches("/*").count() > 1);
    nested && mentions(&["set", "discard"]) || text.contains("\\'") && mentions(&["set_config"])
}

/// What it means that these are set for a transaction.
fn strongest(names: &[String]) -> Setting {
    if names.iter().any(|name| name == TEXTS) {
        return Setting::Connection;
    }
    let harmless = |name: &String| name.contains('.') || HARMLESS.contains(&name.as_str());
    match names.iter().all(harmless) {
        true => Setting::Harmless,
        false => Setting::Transaction,
    }
}

/// What `SELECT set_config('name', value, true), …` sets, if that is all that the text does.
fn configured(text: &str) -> Option<Vec<String>> {
    let mut rest = Rest(text);
    let mut names = Vec::new();
    if !rest.word("select") {
        return None;
    }
    loop {
        if rest.word("pg_catalog") && !rest.sign(".") {
            return None;
        }
        let called = rest.word("set_config") && rest.sign("(");
        let name = rest.quoted().filter(|_| called)?;
        names.push(name.to_ascii_lowercase());
        let valued = rest.sign(",") && (rest.quoted().is_some() || rest.parameter());
        if valued && rest.sign("::") && !rest.word("text") {
            return None;
        }
        if !(valued && rest.sign(",") && rest.word("true") && rest.sign(")")) {
            return None;
        }
        if rest.word("as") {
            rest.name()?;
        }
        if !rest.sign(",") {
            return rest.0.trim().is_empty().then_some(names);
        }
    }
}

/// What is left of a text without comments.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// Passes a bare word.
    fn word(&mut self, word: &str) -> bool {
        let text = self.0.trim_start();
        let found = text
            .get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word));
        let ends = |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        match text.get(word.len()..) {
            Some(rest) if found && ends(rest) => {
                *self = Rest(rest_of(self.0, rest));
                true
            }
            _ => false,
        }
    }

    fn sign(&mut self, sign: &str) -> bool {
        let rest = self.0.trim_start().strip_prefix(sign);
        let found = rest.is_some();
        if let Some(rest) = rest {
            *self = Rest(rest_of(self.0, rest));
        }
        found
    }

    /// Passes a bare name, which may have dots, and gives it folded.
    fn name(&mut self) -> Option<String> {
        let text = self.0.trim_start();
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let end = text.find(|c| !is_part(c)).unwrap_or(text.len());
        let name = text[..end].to_ascii_lowercase();
        *self = Rest(rest_of(self.0, &text[end..]));
        (!name.is_empty()).then_some(name)
    }

    /// Passes a text in quotes that has none in it.
    fn quoted(&mut self) -> Option<String> {
        let text = self.0.trim_start().strip_prefix('\'')?;
        let end = text.find('\'')?;
        let rest = &text[end + 1..];
        if rest.starts_with('\'') {
            return None;
        }
        let quoted = text[..end].to_owned();
        *self = Rest(rest_of(self.0, rest));
        Some(quoted)
    }

    /// Passes `$1`.
    fn parameter(&mut self) -> bool {
        let Some(text) = self.0.trim_start().strip_prefix('$') else {
            return false;
        };
        let end = text
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len());
        *self = Rest(rest_of(self.0, &text[end..]));
        end > 0
    }
}

/// The end of `text` that is as long as `rest`.
fn rest_of<'a>(text: &'a str, rest: &str) -> &'a str {
    &text[text.len() - rest.len()..]
}

#[cfg(test)]
mod tests {
    use super::{Setting, of};

    #[track_caller]
    fn check(sql: &str, setting: Setting) {
        assert_eq!(of(sql), setting, "{sql}");
    }

    #[test]
    fn what_ends_with_its_transaction() {
        check("SET LOCAL search_path = app", Setting::Transaction);
        check("set local role writer;", Setting::Transaction);
        check("SET LOCAL SESSION AUTHORIZATION x", Setting::Transaction);
        check("SET LOCAL TIME ZONE 'UTC'", Setting::Transaction);
        check("SET LOCAL \"search_path\" = app", Setting::Transaction);
        check(
            "SELECT set_config('search_path', $1, true)",
            Setting::Transaction,
        );
        check(
            "SET LOCAL search_path = app; UPDATE track SET n = 1",
            Setting::Transaction,
        );
    }

    #[test]
    fn what_changes_no_meaning() {
        check("SET LOCAL lock_timeout = '2s'", Setting::Harmless);
        check("SET LOCAL app.tenant TO 7", Setting::Harmless);
        check("SET CONSTRAINTS ALL DEFERRED", Setting::Harmless);
        check("SET TRANSACTION READ ONLY", Setting::Harmless);
        check(
            "SELECT set_config('app.tenant', $1::text, TRUE) AS t",
            Setting::Harmless,
        );
        check(
            "SELECT set_config('app.a', 'x', true), pg_catalog.set_config('app.b', $1, true)",
            Setting::Harmless,
        );
        check("UPDATE track SET n = 1", Setting::Nothing);
        check(r"UPDATE track SET name = E'it\'s'", Setting::Nothing);
        check(
            "/* one */ UPDATE track SET n = 1 /* another */",
            Setting::Nothing,
        );
        check(
            "UPDATE track SET n = 1; SET LOCAL lock_timeout = 1",
            Setting::Nothing,
        );
    }

    #[test]
    fn what_stays_with_the_connection() {
        for sql in [
            "SET search_path = app",
            "SET SESSION lock_timeout = 1",
            "SET /* LOCAL */ search_path = app",
            "RESET ALL",
            "DISCARD ALL",
            // Where the words are is seen by PostgreSQL alone.
            "/* /* */ */ SET search_path = app",
            r"SELECT E'\'', set_config('search_path', 'app', false)",
            "SET LOCAL standard_conforming_strings = off",
            "SELECT set_config('app.tenant', $1, false)",
            "SELECT set_config('app.tenant', $1, true), set_config('search_path', 'x', false)",
            "SELECT set_config('app.it''s', $1, true)",
            "SELECT set_config(name, $1, true) FROM settings",
            "SET LOCAL lock_timeout = 1; SET role = x",
        ] {
            check(sql, Setting::Connection);
        }
    }
}
