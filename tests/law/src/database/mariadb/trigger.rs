//! Triggers: of one statement, or of several within BEGIN and END.

use fastrand::Rng;

use crate::column::{percent, pick};
use crate::schema::{Trigger, fitting};
use crate::text::Gen;

pub(super) fn definition(rng: &mut Rng, trigger: &Trigger<'_>) -> String {
    let steps = trigger.steps.join("; ");
    let plain = trigger.steps.len() == 1 && percent(rng, PLAIN_PERCENT);
    let body = match &trigger.condition {
        Some(condition) => format!("IF {condition} THEN {steps}; END IF"),
        None if plain => steps,
        None => format!("BEGIN {steps}; END"),
    };
    format!(
        "CREATE TRIGGER \"{}\" {} {} ON {} FOR EACH ROW {body}",
        trigger.name,
        trigger.timing,
        trigger.verb(),
        trigger.table.quoted(),
    )
}

/// So many of a hundred triggers of one statement have no BEGIN and END.
const PLAIN_PERCENT: u8 = 60;
/// So many of a hundred steps before a write set a column of the row.
const OWN_PERCENT: u8 = 50;

/// `SET NEW.column = value`.
pub(super) fn own_row(generator: &mut Gen<'_>, trigger: &Trigger<'_>) -> Option<String> {
    let before = trigger.timing == "BEFORE" && trigger.refs.contains(&"NEW");
    if !before || !generator.chance(OWN_PERCENT) {
        return None;
    }
    let payload = trigger.table.payload();
    if payload.is_empty() {
        return None;
    }
    let place = pick(generator.rng, &payload);
    let column = trigger.table.columns[place].clone();
    let value = fitting(generator, trigger.table, trigger.refs, &column);
    Some(format!("SET NEW.\"{}\" = {value}", column.name))
}
