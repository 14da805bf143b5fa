//! A random schema: tables with every kind of key, column and reference, views, triggers, rows.

use std::collections::BTreeSet;

use fastrand::Rng;

use crate::column::{Column, Kind, percent, pick};
use crate::database::Dialect;
use crate::literal::Literal;

mod reference;
mod trigger;
mod view;

pub(crate) use trigger::{Trigger, another as another_trigger, fitting};
pub(crate) use view::another as another_view;

/// Tables and views, and the statements that make them.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) tables: Vec<Table>,
    pub(crate) views: Vec<Table>,
    /// Views that can be written to, by their place.
    pub(crate) writable_views: Vec<usize>,
    /// Definitions and first rows, in order. Some of the rows are refused.
    pub(crate) setup: Vec<String>,
    /// What is in it, for the tally.
    pub(crate) features: BTreeSet<String>,
    /// Triggers fire triggers of their own kind, and REPLACE fires those of DELETE.
    pub(crate) recursive_triggers: bool,
}

/// A table or view.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// The schema that stands before its name, where that is not the usual one.
    pub(crate) space: Option<&'static str>,
    /// Names of the tables that its rows are kept in, where it is divided.
    pub(crate) parts: Vec<String>,
    pub(crate) columns: Vec<Column>,
    /// The primary key's columns, by place.
    pub(crate) key: Vec<usize>,
    /// Its rows have a number.
    pub(crate) rowid: bool,
    /// Columns that together are unique, the key aside.
    pub(crate) unique: Vec<usize>,
    pub(crate) references: Vec<Reference>,
    /// The SELECT of a view.
    pub(crate) query: Option<String>,
}

/// A foreign key.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) parent: usize,
}

pub(crate) const TABLE_NAMES: [&str; 5] = ["track", "Album", "order", "play list", "genre"];
const COLUMN_NAMES: [&str; 9] = [
    "a", "b", "name", "Kind", "group", "a b", "price", "made", "c",
];

impl Schema {
    pub(crate) fn any(dialect: &'static dyn Dialect, rng: &mut Rng) -> Schema {
        let mut schema = Schema {
            dialect,
            tables: Vec::new(),
            views: Vec::new(),
            writable_views: Vec::new(),
            setup: Vec::new(),
            features: BTreeSet::new(),
            recursive_triggers: percent(rng, 12) && dialect.words().recursive_triggers,
        };
        if schema.recursive_triggers {
            schema.feature("recursive triggers");
        }
        for index in 0..pick(rng, &[2, 2, 2, 3, 3, 4, 5]) {
            schema.add_table(rng, index);
        }
        schema.add_indexes(rng);
        schema.add_rows(rng);
        for _ in 0..rng.usize(1..=2) {
            view::add(&mut schema, rng);
        }
        // Triggers that fire themselves could go on without end: then one will do.
        let triggers = if schema.recursive_triggers {
            1
        } else {
            rng.usize(0..=2)
        };
        for _ in 0..triggers {
            trigger::add(&mut schema, rng);
        }
        if dialect.words().views_written {
            schema.writable_views = (0..schema.views.len()).collect();
        } else if percent(rng, 70) {
            trigger::add_to_view(&mut schema, rng);
        }
        let setup = schema.setup.into_iter();
        schema.setup = setup.map(|sql| dialect.words().own_quotes(sql)).collect();
        schema
    }

    pub(crate) fn feature(&mut self, name: impl Into<String>) {
        self.features.insert(name.into());
    }

    fn add_table(&mut self, rng: &mut Rng, index: usize) {
        let mut draft = Draft::new(TABLE_NAMES[index]);
        let dialect = self.dialect;
        dialect.begin_table(rng, self, &mut draft);
        let names = &mut COLUMN_NAMES.to_vec();
        rng.shuffle(names);
        let plain = rng.usize(2..=4);
        for name in names.drain(..plain) {
            self.add_column(rng, &mut draft, name);
        }
        reference::add(self, rng, &mut draft, index);
        if percent(rng, 40) {
            self.add_generated(rng, &mut draft, names[0]);
        }
        let mut parts = draft.parts;
        parts.extend(draft.constraints);
        let (name, options) = (draft.table.quoted(), draft.options);
        self.setup.extend(draft.before);
        self.setup.push(format!(
            "CREATE TABLE {name} ({}){options}",
            parts.join(", ")
        ));
        self.setup.extend(draft.after);
        self.tables.push(draft.table);
    }

    fn add_column(&mut self, rng: &mut Rng, draft: &mut Draft, name: &str) {
        let dialect = self.dialect;
        let kind = dialect.kind(rng);
        let mut column = Column::new(name, kind, dialect.declared(kind, rng));
        let mut part = format!("\"{name}\" {}", column.declared);
        if percent(rng, 15) {
            column.not_null = true;
            part.push_str(" NOT NULL");
            part.push_str(dialect.on_conflict(rng, self, false));
        }
        let native = |rng: &mut Rng| dialect.spelled(&kind.native(rng));
        if column.not_null || percent(rng, 25) {
            part.push_str(&format!(" DEFAULT {}", native(rng)));
        }
        if percent(rng, 10) && draft.may_be_unique {
            draft.table.unique.push(draft.table.columns.len());
            part.push_str(" UNIQUE");
            self.feature("UNIQUE");
            part.push_str(dialect.on_conflict(rng, self, true));
        }
        if percent(rng, 6) {
            let is_not = dialect.words().is_not;
            part.push_str(&format!(" CHECK (\"{name}\" {is_not} {})", native(rng)));
            self.feature("CHECK");
        }
        self.feature(format!("column {kind:?}"));
        draft.table.columns.push(column);
        draft.parts.push(part);
    }

    fn add_generated(&mut self, rng: &mut Rng, draft: &mut Draft, name: &str) {
        let base = rng.usize(0..draft.table.columns.len());
        let (kind, expression, kept) = self.dialect.generated(rng, &draft.table.columns[base]);
        let declared = match kind {
            Kind::Untyped => "",
            kind => self.dialect.declared(kind, rng),
        };
        self.feature(format!("generated {kept}"));
        draft.table.columns.push(Column {
            generated: true,
            ..Column::new(name, kind, declared)
        });
        draft.parts.push(format!(
            "\"{name}\" {declared} GENERATED ALWAYS AS ({expression}) {kept}"
        ));
    }

    fn add_indexes(&mut self, rng: &mut Rng) {
        for index in 0..self.tables.len() {
            if !percent(rng, 45) {
                continue;
            }
            let table = &self.tables[index];
            let place = rng.usize(0..table.columns.len());
            let (name, column) = (table.quoted(), &table.columns[place].name);
            let how = match percent(rng, 15) && table.parts.is_empty() {
                true => "UNIQUE ",
                false => "",
            };
            let part = match percent(rng, 20) && self.dialect.words().partial_indexes {
                true => format!(" WHERE \"{column}\" IS NOT NULL"),
                false => String::new(),
            };
            let text = format!("CREATE {how}INDEX \"by {index}\" ON {name} (\"{column}\"){part}");
            self.setup.push(text);
            self.feature("index");
        }
    }

    fn add_rows(&mut self, rng: &mut Rng) {
        let dialect = self.dialect;
        let (before, after) = dialect.words().ignoring;
        for table in &mut self.tables {
            let writable = table.writable();
            let columns: Vec<Column> = writable
                .iter()
                .map(|&place| table.columns[place].clone())
                .collect();
            let names = listed(&columns);
            for number in 0..rng.usize(5..=9) {
                let mut values = Vec::new();
                for &place in &writable {
                    let column = &mut table.columns[place];
                    let value = match column.not_null {
                        _ if table.key == [place] && column.kind == Kind::Integer => {
                            Literal::Int(number as i64)
                        }
                        true => column.kind.native(rng),
                        false => column.kind.value(dialect, rng),
                    };
                    column.seen.push(value.clone());
                    values.push(dialect.spelled(&value));
                }
                let (values, name) = (values.join(", "), table.quoted());
                self.setup.push(format!(
                    "{before} INTO {name} ({names}) VALUES ({values}){after}"
                ));
            }
        }
    }
}

/// A table that is being thought up.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) table: Table,
    /// Declarations of its columns.
    pub(crate) parts: Vec<String>,
    /// What stands after them.
    pub(crate) constraints: Vec<String>,
    /// What stands after the parentheses.
    pub(crate) options: String,
    /// Definitions before it, and after it.
    pub(crate) before: Vec<String>,
    pub(crate) after: Vec<String>,
    /// Columns outside the key may be unique.
    pub(crate) may_be_unique: bool,
}

impl Draft {
    fn new(name: &str) -> Draft {
        Draft {
            table: Table::new(name),
            parts: Vec::new(),
            constraints: Vec::new(),
            options: String::new(),
            before: Vec::new(),
            after: Vec::new(),
            may_be_unique: true,
        }
    }

    /// Adds a column to the key.
    pub(crate) fn key(&mut self, name: &str, kind: Kind, declared: &str, constraint: &str) {
        self.table.key.push(self.table.columns.len());
        self.table.columns.push(Column::new(name, kind, declared));
        self.parts
            .push(format!("\"{name}\" {declared}{constraint}"));
    }
}

/// Names of columns, quoted.
pub(crate) fn listed(columns: &[Column]) -> String {
    columns
        .iter()
        .map(|column| format!("\"{}\"", column.name))
        .collect::<Vec<_>>()
        .join(", ")
}

impl Table {
    pub(crate) fn new(name: &str) -> Table {
        Table {
            name: name.to_owned(),
            space: None,
            parts: Vec::new(),
            columns: Vec::new(),
            key: Vec::new(),
            rowid: true,
            unique: Vec::new(),
            references: Vec::new(),
            query: None,
        }
    }

    /// Its name, quoted.
    pub(crate) fn quoted(&self) -> String {
        self.within(&self.name)
    }

    /// A name in its schema, quoted.
    pub(crate) fn within(&self, name: &str) -> String {
        match self.space {
            Some(space) => format!("\"{space}\".\"{name}\""),
            None => format!("\"{name}\""),
        }
    }

    /// The columns that statements may write, by place.
    pub(crate) fn writable(&self) -> Vec<usize> {
        (0..self.columns.len())
            .filter(|&index| !self.columns[index].generated)
            .collect()
    }

    /// The writable columns outside the key.
    pub(crate) fn payload(&self) -> Vec<usize> {
        self.writable()
            .into_iter()
            .filter(|index| !self.key.contains(index))
            .collect()
    }
}

/// What a foreign key may fall back to.
fn default_literal(rng: &mut Rng, kind: Kind) -> Literal {
    match rng.u8(0..3) {
        0 => Literal::Null,
        _ => kind.native(rng),
    }
}
