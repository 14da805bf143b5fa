//! What triggers do, as far as the text of their functions tells.

use larder_sql::{Name, Table, Trigger, TriggerEvent, TriggerTiming};
use sea_orm::{DbErr, QueryResult};

use crate::words;

/// Bits of `pg_trigger.tgtype`.
const ROW: i32 = 1;
const BEFORE: i32 = 2;
const INSERT: i32 = 4;
const DELETE: i32 = 8;
const UPDATE: i32 = 16;
const TRUNCATE: i32 = 32;
const INSTEAD: i32 = 64;

/// Words without which a function of PL/pgSQL writes nothing but the row that it was called for. A
/// function that it calls may write: then it calls something, and is not quiet.
const LOUD: [&str; 27] = [
    "insert", "update", "delete", "merge", "truncate", "execute", "perform", "call", "copy",
    "select", "into", "create", "alter", "drop", "lock", "refresh", "set", "reset", "do", "import",
    "cluster", "reindex", "discard", "grant", "revoke", "comment", "notify",
];

/// Functions that a quiet function may call.
const QUIET_CALLS: [&str; 14] = [
    "now",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "coalesce",
    "lower",
    "upper",
    "trim",
    "btrim",
    "length",
    "concat",
    "nullif",
    "greatest",
    "least",
];

/// A body that no reader of statements understands: it may do anything.
const UNKNOWN: &str = "a function";

pub(super) fn read(table: &Table, row: &QueryResult) -> Result<Vec<Trigger>, DbErr> {
    let name: String = row.try_get("", "trigger")?;
    let bits: i32 = row.try_get("", "type")?;
    let source: String = row.try_get("", "source")?;
    let language: String = row.try_get("", "language")?;
    let quiet = language == "plpgsql" && is_quiet(&source);
    let changes_row = bits & (ROW | BEFORE) == ROW | BEFORE;
    let timing = match bits {
        bits if bits & INSTEAD != 0 => TriggerTiming::InsteadOf,
        bits if bits & BEFORE != 0 => TriggerTiming::Before,
        _ => TriggerTiming::After,
    };
    let body = match (quiet, changes_row) {
        (false, _) => UNKNOWN.to_owned(),
        (true, false) => String::new(),
        (true, true) => own_row(table),
    };
    let events = [
        (INSERT, TriggerEvent::Insert),
        (DELETE | TRUNCATE, TriggerEvent::Delete),
        // Also one that names columns: a trigger before it may set them.
        (UPDATE, TriggerEvent::Update(None)),
    ];
    let fired = events.into_iter().filter(|(bit, _)| bits & bit != 0);
    Ok(fired
        .map(|(_, event)| Trigger {
            name: name.as_str().into(),
            event,
            timing,
            body: body.clone(),
        })
        .collect())
}

/// Triggers that may do anything whatever happens: what a rule is.
pub(super) fn unknown(name: &Name) -> Vec<Trigger> {
    let events = [
        TriggerEvent::Insert,
        TriggerEvent::Delete,
        TriggerEvent::Update(None),
    ];
    let trigger = |event| Trigger {
        name: name.clone(),
        event,
        timing: TriggerTiming::Before,
        body: UNKNOWN.to_owned(),
    };
    events.map(trigger).to_vec()
}

/// Whether a function of PL/pgSQL does nothing but look at its row, change it, or refuse it.
fn is_quiet(source: &str) -> bool {
    // Texts whose ends our words do not know.
    !source.contains(['\\', '[', '$'])
        && !words::any(source, &LOUD)
        && words::called(source).iter().all(|name| {
            QUIET_CALLS
                .iter()
                .any(|quiet| name.eq_ignore_ascii_case(quiet))
        })
}

/// A statement that changes every column of the rows of a table: what a function before a write
/// may do to its row.
fn own_row(table: &Table) -> String {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let name: Vec<String> = table.name.splitn(2, '.').map(quoted).collect();
    let set: Vec<String> = table
        .columns
        .iter()
        .filter(|column| !column.generated)
        .map(|column| format!("{} = NULL", quoted(&column.name)))
        .collect();
    format!("UPDATE {} SET {}", name.join("."), set.join(", "))
}

#[cfg(test)]
mod tests {
    use super::is_quiet;

    #[track_caller]
    fn check(source: &str, quiet: bool) {
        assert_eq!(is_quiet(source), quiet, "{source}");
    }

    #[test]
    fn a_function_that_only_changes_its_row_is_quiet() {
        check("BEGIN NEW.updated_at = now(); RETURN NEW; END", true);
        check(
            "BEGIN IF NEW.a IS NULL THEN NEW.a := lower(NEW.b); END IF; RETURN NEW; END",
            true,
        );
        check("BEGIN -- UPDATE nothing\n RETURN NEW; END", true);
        check("BEGIN UPDATE stock SET n = n - 1; RETURN NEW; END", false);
        check("BEGIN PERFORM log(NEW.id); RETURN NEW; END", false);
        check("BEGIN NEW.a := next_number(); RETURN NEW; END", false);
        check("BEGIN EXECUTE 'x'; RETURN NEW; END", false);
        check(
            "BEGIN REFRESH MATERIALIZED VIEW top; RETURN NULL; END",
            false,
        );
        check(
            "BEGIN NEW.a := E'it\\'s'; UPDATE stock SET n = 1; RETURN NEW; END",
            false,
        );
    }
}
