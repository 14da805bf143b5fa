//! Triggers, as far as they can be read.

use larder_sql::{Action, Trigger, TriggerEvent, TriggerTiming};
use sea_orm::{DbErr, QueryResult};

use super::word;

/// A body that no reader of statements understands: it may do anything.
const UNKNOWN: &str = "something";

/// Modes in which a body was written that is read otherwise without them.
const MODES: [&str; 3] = ["ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ORACLE"];

pub(super) fn read(row: &QueryResult) -> Result<Vec<Trigger>, DbErr> {
    let name = word(row, "name")?;
    let (event, mode) = (word(row, "event")?, word(row, "mode")?);
    let body = match mode.split(',').any(|set| MODES.contains(&set)) {
        true => UNKNOWN.to_owned(),
        false => word(row, "body")?,
    };
    let timing = match word(row, "timing")?.as_str() {
        "BEFORE" => TriggerTiming::Before,
        _ => TriggerTiming::After,
    };
    let events = [
        ("INSERT", TriggerEvent::Insert),
        ("DELETE", TriggerEvent::Delete),
        ("UPDATE", TriggerEvent::Update(None)),
    ];
    let fired = events.into_iter().filter(|(word, _)| event.contains(word));
    let trigger = |(_, event)| Trigger {
        name: name.as_str().into(),
        event,
        timing,
        body: body.clone(),
    };
    Ok(fired.map(trigger).collect())
}

/// What a foreign key of a table in another database makes of changes: anything.
pub(super) fn beyond(on_delete: Action, on_update: Action) -> Vec<Trigger> {
    let events = [
        (on_delete, TriggerEvent::Delete),
        (on_update, TriggerEvent::Update(None)),
    ];
    let acts = events
        .into_iter()
        .filter(|(action, _)| *action != Action::None);
    let trigger = |(_, event)| Trigger {
        name: "a foreign key".into(),
        event,
        timing: TriggerTiming::After,
        body: UNKNOWN.to_owned(),
    };
    acts.map(trigger).collect()
}
