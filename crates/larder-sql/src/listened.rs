//! Reads that choose the columns by which they listen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{
    Catalogue, ColumnSet, Conjunction, Footprint, Name, Plan, Planned, ReadSet, Reason, TableRead,
};

/// Columns by which a reader wants to hear of changes.
///
/// Of a table of which columns are named here, a read depends on every row that has the values which
/// its condition pins in those columns, whatever else is in the row. What other conditions pin is
/// forgotten, so reads that differ in nothing else share one shape, and a write has fewer to tell.
/// Tables of which no column is named are read as precisely as before.
///
/// ```
/// use std::sync::Arc;
/// use larder_sql::{Catalogue, Dialect, Listened, Planner, explain};
/// let catalogue = Arc::new(Catalogue::from_ddl(
///     Dialect::Sqlite,
///     "CREATE TABLE photo (id INTEGER PRIMARY KEY, user_id INTEGER, status INTEGER)",
/// )?);
/// let planner = Planner::new(Dialect::Sqlite, catalogue.clone());
/// let planned = planner.plan("SELECT id FROM photo WHERE user_id = 7 AND status = 2");
/// let mut listened = Listened::new();
/// listened.add(&catalogue, "photo", "user_id");
/// assert_eq!(explain(&planned.on(&listened), &catalogue).tags, ["photo(user_id=7; *)"]);
/// # Ok::<(), larder_sql::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listened {
    /// By table. One whose columns are all unknown has an entry, too: any row of it counts.
    tables: BTreeMap<Name, BTreeSet<Name>>,
    /// What the catalogue does not know, for [`explain`](crate::explain()).
    unknown: BTreeSet<Name>,
}

impl Listened {
    /// No column: reads listen to what they depend on, as precisely as that is known.
    pub fn new() -> Listened {
        Listened::default()
    }

    /// Names a column. A table that the catalogue does not know is passed over; a column that its table
    /// does not have pins nothing, which widens.
    pub fn add(&mut self, catalogue: &Catalogue, table: &str, column: &str) {
        let Some(known) = catalogue.table(table) else {
            self.unknown.insert(table.into());
            return;
        };
        let columns = self.tables.entry(known.name.clone()).or_default();
        match known.canonical(catalogue.dialect(), column) {
            Some(name) => {
                columns.insert(name);
            }
            None => {
                self.unknown.insert(format!("{table}.{column}").into());
            }
        }
    }

    /// Whether no column is named.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.unknown.is_empty()
    }
}

impl ReadSet {
    /// The same read, of which the reader hears by these columns.
    ///
    /// It depends on more, never on less: a row that satisfies none of the alternatives which it has
    /// then satisfied none of those that it had before.
    pub fn on(&self, listened: &Listened) -> ReadSet {
        let mut read = self.clone();
        for table in &mut read.tables {
            let Some(columns) = listened.tables.get(&table.table) else {
                continue;
            };
            let was_any_row = table.is_any_row();
            hear(table, columns);
            if table.is_any_row() && !was_any_row {
                let names = ColumnSet::Set(columns.clone());
                let name = match table.alias.eq_ignore_ascii_case(&table.table) {
                    true => &table.table,
                    false => &table.alias,
                };
                let why = format!(
                    "{name} is listened to by ({names}), and not every alternative gives a value"
                );
                read.widened.push(Reason::of(why));
            }
        }
        let unread = listened.tables.keys().filter(|name| {
            let mut tables = self.tables.iter();
            !tables.any(|table| table.table == **name)
        });
        for name in unread.chain(&listened.unknown) {
            let why = format!("{name} is listened to, and is no part of what is read");
            read.widened.push(Reason::of(why));
        }
        read
    }
}

/// Forgets every pin but those of the columns. Any column of a row that is left may matter.
fn hear(table: &mut TableRead, columns: &BTreeSet<Name>) {
    let mut heard: Vec<Conjunction> = Vec::with_capacity(table.alternatives.len());
    for mut conjunction in std::mem::take(&mut table.alternatives) {
        conjunction.pins.retain(|pin| columns.contains(&pin.column));
        if !heard.contains(&conjunction) {
            heard.push(conjunction);
        }
    }
    // Any row covers every other alternative.
    if let Some(any) = heard.iter().position(|heard| heard.pins.is_empty()) {
        heard = vec![heard.swap_remove(any)];
    }
    table.alternatives = heard;
    table.columns = ColumnSet::All;
}

impl Planned {
    /// The same plan, of which the reader hears by these columns. What is no read stays as it is.
    pub fn on(&self, listened: &Listened) -> Planned {
        let Footprint::Read(read) = &self.plan.footprint else {
            return self.clone();
        };
        Planned {
            plan: Arc::new(Plan {
                footprint: Footprint::Read(read.on(listened)),
                constants: self.plan.constants.clone(),
                text: self.plan.text.clone(),
            }),
            slots: self.slots.clone(),
        }
    }
}
