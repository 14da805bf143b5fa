//! Plans for people and programs.

mod meeting;

pub use meeting::{Meeting, meets};

use std::fmt;

use crate::{
    Catalogue, ColumnSet, Conjunction, DdlKind, Footprint, Name, PinValue, Planned, ReadSet,
    RowsNamed, Slot, TableRead, TableWrite, TransactionKind, WriteKind, WriteSet,
};

/// What a statement's analysis comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// `read`, `write`, `transaction`, `ddl` or `unknown`.
    pub kind: &'static str,
    /// In a word or two: `update`, `begin`, `schema`, … Empty for a read.
    pub act: String,
    /// Tables read or written.
    pub tables: Vec<Name>,
    /// Shapes read, as `track(genre_id; id, name)`: pinned columns, then the others.
    pub shapes: Vec<String>,
    /// The shapes with their values, as `track(genre_id=1; id, name)`; a parameter is `?1`.
    pub tags: Vec<String>,
    /// What a write changes, as `track(unit_price)`, or `track(*)` where rows come or go.
    pub changes: Vec<String>,
    /// What triggers and foreign keys change further, in the same form.
    pub follows: Vec<String>,
    /// Whether a write's rows can be named, and why not.
    pub rows: Vec<String>,
    /// What was widened, and why.
    pub widened: Vec<String>,
    /// Why an answer is not kept.
    pub uncacheable: Option<String>,
}

/// Explains a plan.
///
/// ```
/// use std::sync::Arc;
/// use larder_sql::{Catalogue, Dialect, Planner, explain};
/// let catalogue = Arc::new(Catalogue::from_ddl(
///     Dialect::Sqlite,
///     "CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT, genre_id INTEGER)",
/// )?);
/// let planner = Planner::new(Dialect::Sqlite, catalogue.clone());
/// let planned = planner.plan("SELECT id, name FROM track WHERE genre_id = 1");
/// assert_eq!(explain(&planned, &catalogue).tags, ["track(genre_id=1; id, name)"]);
/// # Ok::<(), larder_sql::Error>(())
/// ```
pub fn explain(planned: &Planned, catalogue: &Catalogue) -> Explanation {
    match &planned.plan.footprint {
        Footprint::Read(read) => explain_read(read, planned),
        Footprint::Write(write) => explain_write(write, catalogue),
        Footprint::Transaction(kind) => Explanation {
            kind: "transaction",
            act: match kind {
                TransactionKind::Begin { .. } => "begin".to_string(),
                TransactionKind::Commit => "commit".to_string(),
                TransactionKind::Rollback => "rollback".to_string(),
                TransactionKind::Savepoint(name) => format!("savepoint {name}"),
                TransactionKind::Release(name) => format!("release {name}"),
                TransactionKind::RollbackTo(name) => format!("rollback to {name}"),
            },
            ..Explanation::default()
        },
        Footprint::Ddl(ddl) => Explanation {
            kind: "ddl",
            act: match ddl.kind {
                DdlKind::Schema => "schema".to_string(),
                DdlKind::Maintenance => "maintenance".to_string(),
            },
            tables: ddl.tables.clone(),
            widened: match ddl.everything {
                true => vec!["every table counts as changed".to_string()],
                false => Vec::new(),
            },
            ..Explanation::default()
        },
        Footprint::Unknown(reason) => Explanation {
            kind: "unknown",
            widened: vec!["it counts as reading and writing everything".to_string()],
            uncacheable: Some(reason.to_string()),
            ..Explanation::default()
        },
    }
}

fn explain_read(read: &ReadSet, planned: &Planned) -> Explanation {
    let mut explanation = Explanation {
        kind: "read",
        widened: read.widened.iter().map(ToString::to_string).collect(),
        uncacheable: read.uncacheable.as_ref().map(ToString::to_string),
        ..Explanation::default()
    };
    if read.may_write {
        explanation
            .widened
            .push("it may write anything".to_string());
    }
    for table in &read.tables {
        add(&mut explanation.tables, table.table.clone());
        for conjunction in &table.alternatives {
            add(&mut explanation.shapes, shape(table, conjunction));
            add(&mut explanation.tags, tag(table, conjunction, planned));
        }
        if table.is_any_row() {
            let name = match table.alias.eq_ignore_ascii_case(&table.table) {
                true => table.table.to_string(),
                false => format!("{} as {}", table.table, table.alias),
            };
            add(&mut explanation.widened, format!("any row of {name}"));
        }
    }
    explanation
}

fn explain_write(write: &WriteSet, catalogue: &Catalogue) -> Explanation {
    let mut explanation = Explanation {
        kind: "write",
        widened: write.widened.iter().map(ToString::to_string).collect(),
        ..Explanation::default()
    };
    if write.may_write_more {
        explanation
            .widened
            .push("it may write anything".to_string());
    }
    for target in &write.targets {
        explanation.act = act(target.kind).to_string();
        add(&mut explanation.tables, target.table.clone());
        add(
            &mut explanation.changes,
            format!("{}({})", target.table, target.columns),
        );
        add(&mut explanation.rows, rows(target));
        let closure = catalogue.closure(&target.table, &target.event);
        for (table, event) in &closure.tables {
            add(
                &mut explanation.follows,
                format!("{table}({})", event.columns()),
            );
        }
        if closure.unknown {
            let reason = format!("what follows a write of {} is not known", target.table);
            add(&mut explanation.widened, reason);
        }
    }
    explanation
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn act(kind: WriteKind) -> &'static str {
    match kind {
        WriteKind::Insert => "insert",
        WriteKind::Update => "update",
        WriteKind::Delete => "delete",
        WriteKind::Replace => "replace",
        WriteKind::Upsert => "upsert",
        WriteKind::Merge => "merge",
        WriteKind::Truncate => "truncate",
    }
}

fn rows(target: &TableWrite) -> String {
    let table = &target.table;
    match &target.rows {
        RowsNamed::Where { .. } => format!("rows of {table} are those of its WHERE"),
        RowsNamed::Keys { .. } => format!("rows of {table} are named by their keys"),
        RowsNamed::Inserted => format!("rows of {table} are known after the write"),
        RowsNamed::Unknown(reason) => format!("rows of {table} cannot be named: {reason}"),
    }
}

/// `track(genre_id; id, name)`.
pub(crate) fn shape(table: &TableRead, conjunction: &Conjunction) -> String {
    let pins: Vec<&str> = conjunction.pins.iter().map(|pin| &*pin.column).collect();
    written(table, conjunction, &pins.join(", "))
}

/// `track(genre_id=1; id, name)`.
pub(crate) fn tag(table: &TableRead, conjunction: &Conjunction, planned: &Planned) -> String {
    let pins: Vec<String> = conjunction
        .pins
        .iter()
        .map(|pin| match pin.value {
            PinValue::Null => format!("{} is null", pin.column),
            PinValue::Slot(at) => match planned.slots.get(at) {
                Some(list @ Slot::List(_)) => format!("{} in {}", pin.column, slot(list)),
                Some(one) => format!("{}={}", pin.column, slot(one)),
                None => format!("{}=?", pin.column),
            },
        })
        .collect();
    written(table, conjunction, &pins.join(", "))
}

fn written(table: &TableRead, conjunction: &Conjunction, pins: &str) -> String {
    let columns = match &table.columns {
        ColumnSet::All => "*".to_string(),
        ColumnSet::Set(set) => {
            let others = set
                .iter()
                .filter(|column| conjunction.pins.iter().all(|pin| pin.column != **column));
            others
                .map(|column| &**column)
                .collect::<Vec<_>>()
                .join(", ")
        }
    };
    match columns.is_empty() {
        true => format!("{}({pins};)", table.table),
        false => format!("{}({pins}; {columns})", table.table),
    }
}

fn slot(slot: &Slot) -> String {
    match slot {
        Slot::Bind(at) => format!("?{}", at + 1),
        Slot::Literal(value) => value.to_string(),
        Slot::List(items) => {
            let items: Vec<String> = items.iter().map(self::slot).collect();
            format!("({})", items.join(", "))
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.act.is_empty() {
            true => writeln!(f, "{}", self.kind)?,
            false => writeln!(f, "{}: {}", self.kind, self.act)?,
        }
        let tables: Vec<&str> = self.tables.iter().map(|table| &**table).collect();
        let mut line = |name: &str, text: &str| match text.is_empty() {
            true => Ok(()),
            false => writeln!(f, "  {name:<12} {text}"),
        };
        line("tables", &tables.join(", "))?;
        for (name, list) in [
            ("shape", &self.shapes),
            ("tag", &self.tags),
            ("changes", &self.changes),
            ("then changes", &self.follows),
            ("rows", &self.rows),
            ("widened", &self.widened),
        ] {
            for text in list {
                line(name, text)?;
            }
        }
        line(
            "not cached",
            self.uncacheable.as_deref().unwrap_or_default(),
        )
    }
}
