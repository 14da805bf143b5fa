//! Triggers, and the functions behind them: some only set their own row, others write tables.

use fastrand::Rng;

use crate::column::{percent, pick};
use crate::schema::{Trigger, fitting};
use crate::text::Gen;

pub(super) fn definition(rng: &mut Rng, trigger: &Trigger<'_>) -> String {
    let quiet = trigger.steps.iter().all(|step| step.starts_with("NEW."));
    let mut body = format!("{};", trigger.steps.join("; "));
    // A step that is refused need not refuse what fired.
    if percent(rng, FORGIVING_PERCENT) {
        body = format!("BEGIN {body} EXCEPTION WHEN OTHERS THEN NULL; END;");
    }
    let mut conditions: Vec<&str> = trigger.condition.as_deref().into_iter().collect();
    // Triggers that fire each other end at some time.
    if !quiet {
        conditions.push("pg_trigger_depth() < 3");
    }
    let condition = conditions.join(" AND ");
    let mut when = String::new();
    // Before a write the condition could not speak of computed columns.
    if !conditions.is_empty() && trigger.timing == "AFTER" && rng.bool() {
        when = format!(" WHEN ({condition})");
    } else if !conditions.is_empty() {
        body = format!("IF {condition} THEN {body} END IF;");
    }
    let returned = match (trigger.timing, trigger.verb()) {
        ("AFTER", _) => "NULL",
        // The row is left as it was.
        ("BEFORE", _) if percent(rng, SKIPPING_PERCENT) => "NULL",
        (_, "DELETE") => "OLD",
        _ => "NEW",
    };
    let speaks_of_rows = ["NEW.", "OLD."]
        .iter()
        .any(|image| body.contains(image) || when.contains(image));
    let (each, returned) = match trigger.timing {
        "INSTEAD OF" => ("ROW", returned),
        _ if !speaks_of_rows && rng.bool() => ("STATEMENT", "NULL"),
        _ => ("ROW", returned),
    };
    let function = format!("\"{} does\"", trigger.name);
    format!(
        "CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS \
         $body$ BEGIN {body} RETURN {returned}; END $body$; \
         CREATE TRIGGER \"{}\" {} {} ON {} FOR EACH {each}{when} EXECUTE FUNCTION {function}()",
        trigger.name,
        trigger.timing,
        trigger.event,
        trigger.table.quoted(),
    )
}

/// So many of a hundred triggers swallow what is refused.
const FORGIVING_PERCENT: u8 = 60;
/// So many of a hundred triggers before a write have the row skipped.
const SKIPPING_PERCENT: u8 = 8;
/// So many of a hundred steps before a write set a column of the row.
const OWN_PERCENT: u8 = 60;

/// `NEW.column := value`.
pub(super) fn own_row(generator: &mut Gen<'_>, trigger: &Trigger<'_>) -> Option<String> {
    let before = trigger.timing == "BEFORE" && trigger.refs.contains(&"NEW");
    if !before || !generator.chance(OWN_PERCENT) {
        return None;
    }
    let payload = trigger.table.payload();
    let place = match payload.is_empty() {
        true => return None,
        false => pick(generator.rng, &payload),
    };
    let column = trigger.table.columns[place].clone();
    let value = fitting(generator, trigger.table, trigger.refs, &column);
    Some(format!("NEW.\"{}\" := {value}", column.name))
}
