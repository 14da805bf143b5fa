//! Whether a write can change what a read answers, by their texts alone.

use super::tag;
use crate::{
    Affinity, Catalogue, Collation, ColumnSet, Conjunction, Dialect, Footprint, PinValue, Planned,
    Slot, TableRead, TableWrite, Value, WriteKind,
};

/// Whether a write can change what a read answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// Whether it can.
    pub can_change: bool,
    /// Why, or why not.
    pub because: String,
    /// The read's tag that they meet in.
    pub tag: Option<String>,
}

impl Meeting {
    fn yes(because: impl Into<String>) -> Self {
        Meeting {
            can_change: true,
            because: because.into(),
            tag: None,
        }
    }

    fn no(because: impl Into<String>) -> Self {
        Meeting {
            can_change: false,
            because: because.into(),
            tag: None,
        }
    }
}

/// Holds a read against a write. At run time a cache does better: it sees the rows.
///
/// ```
/// use std::sync::Arc;
/// use larder_sql::{Catalogue, Dialect, Planner, meets};
/// let catalogue = Arc::new(Catalogue::from_ddl(
///     Dialect::Sqlite,
///     "CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT, genre_id INTEGER)",
/// )?);
/// let planner = Planner::new(Dialect::Sqlite, catalogue.clone());
/// let read = planner.plan("SELECT id FROM track WHERE genre_id = 1");
/// let write = planner.plan("UPDATE track SET name = 'x' WHERE id = 7");
/// assert!(!meets(&read, &write, &catalogue).can_change);
/// # Ok::<(), larder_sql::Error>(())
/// ```
pub fn meets(read: &Planned, write: &Planned, catalogue: &Catalogue) -> Meeting {
    let tables = match &read.plan.footprint {
        Footprint::Read(set) if set.tables.is_empty() => {
            return Meeting::no("the read has no table");
        }
        Footprint::Read(set) => &set.tables,
        Footprint::Unknown(reason) => {
            return Meeting::yes(format!("the read is not understood: {reason}"));
        }
        _ => return Meeting::no("the first statement reads nothing"),
    };
    let set = match &write.plan.footprint {
        Footprint::Write(set) => set,
        Footprint::Read(set) if set.may_write => {
            return Meeting::yes("the second statement calls what may write anything");
        }
        Footprint::Read(_) => return Meeting::no("the second statement only reads"),
        Footprint::Transaction(_) => {
            return Meeting::no("a statement about transactions changes no row");
        }
        Footprint::Ddl(ddl) => {
            let named = tables
                .iter()
                .find(|table| ddl.tables.contains(&table.table));
            return match (ddl.everything, named) {
                (true, _) => Meeting::yes("the schema changes"),
                (false, Some(table)) => Meeting::yes(format!("it touches {}", table.table)),
                (false, None) => Meeting::no("it changes no row"),
            };
        }
        Footprint::Unknown(reason) => {
            return Meeting::yes(format!("the write is not understood: {reason}"));
        }
    };
    if set.may_write_more {
        return Meeting::yes("the write calls what may write anything");
    }
    let mut near = None;
    for target in &set.targets {
        let closure = catalogue.closure(&target.table, &target.event);
        if closure.unknown {
            return Meeting::yes(format!(
                "what follows a write of {} is not known",
                target.table
            ));
        }
        for table in tables {
            if table.table == target.table {
                match direct(read, table, write, target, catalogue) {
                    Ok(meeting) => return meeting,
                    Err(why_not) => near = Some(why_not),
                }
            }
            if let Some(event) = closure.tables.get(&table.table)
                && event.columns().meets(&table.columns)
            {
                return Meeting {
                    can_change: true,
                    because: format!(
                        "a trigger or foreign key of {} changes {}",
                        target.table, table.table
                    ),
                    tag: first_tag(read, table),
                };
            }
        }
    }
    Meeting::no(near.unwrap_or_else(|| "they have no table in common".to_string()))
}

fn first_tag(read: &Planned, table: &TableRead) -> Option<String> {
    table
        .alternatives
        .first()
        .map(|conjunction| tag(table, conjunction, read))
}

/// The meeting in one table, or why there is none.
fn direct(
    read: &Planned,
    table: &TableRead,
    write: &Planned,
    target: &TableWrite,
    catalogue: &Catalogue,
) -> Result<Meeting, String> {
    let name = &table.table;
    if !target.columns.meets(&table.columns) {
        return Err(format!(
            "the write changes no column of {name} that the read looks at"
        ));
    }
    let fixed = matches!(target.kind, WriteKind::Update | WriteKind::Delete);
    for conjunction in &table.alternatives {
        let apart = fixed
            && !target.alternatives.is_empty()
            && target
                .alternatives
                .iter()
                .all(|other| contradict(read, conjunction, write, other, target, catalogue));
        if !apart {
            return Ok(Meeting {
                can_change: true,
                because: match target.columns {
                    ColumnSet::All => format!("rows of {name} come or go"),
                    ColumnSet::Set(_) => format!("columns of {name} change"),
                },
                tag: Some(tag(table, conjunction, read)),
            });
        }
    }
    Err(format!("the conditions on {name} contradict each other"))
}

/// Whether no row can meet both conjunctions, before the write or after it.
fn contradict(
    read: &Planned,
    one: &Conjunction,
    write: &Planned,
    other: &Conjunction,
    target: &TableWrite,
    catalogue: &Catalogue,
) -> bool {
    one.pins.iter().any(|pin| {
        let changes = match target.kind {
            WriteKind::Delete => false,
            _ => target.columns.contains(&pin.column),
        };
        !changes
            && other.pins.iter().any(|against| {
                against.column == pin.column
                    && differ(
                        catalogue,
                        target,
                        &pin.column,
                        &values(read, pin.value),
                        &values(write, against.value),
                    )
            })
    })
}

/// The literals that a pin allows; `None` if one of them is not known.
fn values(planned: &Planned, value: PinValue) -> Option<Vec<Value>> {
    let slot = match value {
        PinValue::Null => return Some(vec![Value::Null]),
        PinValue::Slot(at) => planned.slots.get(at)?,
    };
    let literal = |slot: &Slot| match slot {
        Slot::Literal(value) => Some(value.clone()),
        Slot::Bind(_) | Slot::List(_) => None,
    };
    match slot {
        Slot::List(items) => items.iter().map(literal).collect(),
        one => literal(one).map(|value| vec![value]),
    }
}

fn differ(
    catalogue: &Catalogue,
    target: &TableWrite,
    column: &str,
    one: &Option<Vec<Value>>,
    other: &Option<Vec<Value>>,
) -> bool {
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    let text = catalogue
        .table(&target.table)
        .and_then(|table| table.column(column))
        .is_some_and(|column| match catalogue.dialect() {
            Dialect::Sqlite => {
                column.collation == Collation::Binary
                    && matches!(column.affinity, Affinity::Text | Affinity::Blob)
            }
            Dialect::Postgres => {
                let declared = column.declared.to_ascii_lowercase();
                declared.starts_with("text") || declared.starts_with("varchar")
            }
            Dialect::MySql => false,
        });
    one.iter().all(|left| {
        other.iter().all(|right| match (left, right) {
            (Value::Integer(left), Value::Integer(right)) => left != right,
            (Value::Text(left), Value::Text(right)) => text && left != right,
            (Value::Null, Value::Null) => false,
            (Value::Null, _) | (_, Value::Null) => true,
            _ => false,
        })
    })
}
