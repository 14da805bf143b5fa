//! A random schema: tables with every kind of key, column and reference, views, triggers, rows.

use std::collections::BTreeSet;

use fastrand::Rng;

use crate::column::{Collate, Column, Kind, percent, pick};
use crate::literal::Literal;

mod reference;
mod trigger;
mod view;

pub(crate) use trigger::another as another_trigger;
pub(crate) use view::another as another_view;

/// Tables and views, and the statements that make them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Schema {
    pub(crate) tables: Vec<Table>,
    pub(crate) views: Vec<Table>,
    /// Views that a trigger lets be written to, by their place.
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

const TABLE_NAMES: [&str; 5] = ["track", "Album", "order", "play list", "genre"];
const COLUMN_NAMES: [&str; 9] = [
    "a", "b", "name", "Kind", "group", "a b", "price", "made", "c",
];

impl Schema {
    pub(crate) fn any(rng: &mut Rng) -> Schema {
        let mut schema = Schema {
            recursive_triggers: percent(rng, 12),
            ..Schema::default()
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
        if percent(rng, 70) {
            trigger::add_to_view(&mut schema, rng);
        }
        schema
    }

    fn feature(&mut self, name: impl Into<String>) {
        self.features.insert(name.into());
    }

    fn add_table(&mut self, rng: &mut Rng, index: usize) {
        let mut parts = Vec::new();
        let mut table = Table {
            name: TABLE_NAMES[index].to_owned(),
            columns: Vec::new(),
            key: Vec::new(),
            rowid: true,
            unique: Vec::new(),
            references: Vec::new(),
            query: None,
        };
        let (after, without_rowid) = self.add_key(rng, &mut table, &mut parts);
        table.rowid = !without_rowid;
        let names = &mut COLUMN_NAMES.to_vec();
        rng.shuffle(names);
        let plain = rng.usize(2..=4);
        for name in names.drain(..plain) {
            self.add_column(rng, &mut table, &mut parts, name);
        }
        let constraints = reference::add(self, rng, &mut table, index, &mut parts);
        if percent(rng, 40) {
            self.add_generated(rng, &mut table, &mut parts, names[0]);
        }
        parts.extend(after);
        parts.extend(constraints);
        let end = if without_rowid { " WITHOUT ROWID" } else { "" };
        let name = &table.name;
        self.setup.push(format!(
            "CREATE TABLE \"{name}\" ({}){end}",
            parts.join(", ")
        ));
        self.tables.push(table);
    }

    /// The primary key; what it adds to the end of the table, and whether rows have no number.
    fn add_key(
        &mut self,
        rng: &mut Rng,
        table: &mut Table,
        parts: &mut Vec<String>,
    ) -> (Option<String>, bool) {
        let mut add = |name: &str, kind: Kind, declared: &str| {
            table.key.push(table.columns.len());
            table.columns.push(Column::new(name, kind));
            parts.push(format!("\"{name}\" {declared}"));
        };
        let kinds = [
            Kind::Integer,
            Kind::Text(Collate::NoCase),
            Kind::Text(Collate::Binary),
            Kind::Integer,
        ];
        match rng.u8(0..16) {
            0..=6 => {
                let more = pick(rng, &["", "", " AUTOINCREMENT", " NOT NULL"]);
                let declared = match more {
                    " NOT NULL" => "INTEGER NOT NULL PRIMARY KEY".to_owned(),
                    more => format!("INTEGER PRIMARY KEY{more}"),
                };
                add("id", Kind::Integer, &declared);
                self.feature("INTEGER PRIMARY KEY");
                (None, false)
            }
            7 => {
                add("id", Kind::Integer, "INTEGER PRIMARY KEY DESC");
                self.feature("PRIMARY KEY DESC");
                (None, false)
            }
            8..=9 => {
                let kind = pick(rng, &kinds);
                let declared = if kind == Kind::Integer {
                    "INT"
                } else {
                    kind.declared(rng)
                };
                add("id", kind, &format!("{declared} PRIMARY KEY"));
                self.feature("other PRIMARY KEY");
                (None, false)
            }
            10..=11 => {
                let (first, second) = (pick(rng, &kinds), Kind::any(rng));
                add("id", first, first.declared(rng));
                add("part", second, second.declared(rng));
                self.feature("composite PRIMARY KEY");
                (Some("PRIMARY KEY (\"id\", \"part\")".to_owned()), false)
            }
            12..=13 => {
                self.feature("WITHOUT ROWID");
                let kind = pick(rng, &kinds);
                add("id", kind, kind.declared(rng));
                if rng.bool() {
                    add("part", Kind::Integer, "INTEGER");
                    return (Some("PRIMARY KEY (\"part\", \"id\")".to_owned()), true);
                }
                (Some("PRIMARY KEY (\"id\")".to_owned()), true)
            }
            14 => {
                self.feature("no PRIMARY KEY");
                table.columns.push(Column::new("id", Kind::Integer));
                parts.push("\"id\" INTEGER".to_owned());
                (None, false)
            }
            _ => {
                add(
                    "id",
                    Kind::Integer,
                    "INTEGER PRIMARY KEY ON CONFLICT REPLACE",
                );
                self.feature("ON CONFLICT REPLACE");
                (None, false)
            }
        }
    }

    fn add_column(
        &mut self,
        rng: &mut Rng,
        table: &mut Table,
        parts: &mut Vec<String>,
        name: &str,
    ) {
        let kind = Kind::any(rng);
        let mut column = Column::new(name, kind);
        let mut part = format!("\"{name}\" {}", kind.declared(rng));
        if percent(rng, 15) {
            column.not_null = true;
            part.push_str(" NOT NULL");
            if percent(rng, 30) {
                part.push_str(" ON CONFLICT REPLACE");
            }
        }
        if column.not_null || percent(rng, 25) {
            part.push_str(&format!(" DEFAULT {}", kind.native(rng)));
        }
        if percent(rng, 10) {
            table.unique.push(table.columns.len());
            part.push_str(" UNIQUE");
            self.feature("UNIQUE");
            match rng.u8(0..4) {
                0 | 1 => {
                    part.push_str(" ON CONFLICT REPLACE");
                    self.feature("ON CONFLICT REPLACE");
                }
                2 => part.push_str(" ON CONFLICT IGNORE"),
                _ => {}
            }
        }
        if percent(rng, 6) {
            part.push_str(&format!(" CHECK (\"{name}\" IS NOT {})", kind.native(rng)));
            self.feature("CHECK");
        }
        self.feature(format!("column {kind:?}"));
        table.columns.push(column);
        parts.push(part);
    }

    fn add_generated(
        &mut self,
        rng: &mut Rng,
        table: &mut Table,
        parts: &mut Vec<String>,
        name: &str,
    ) {
        let base = rng.usize(0..table.columns.len());
        let of = format!("\"{}\"", table.columns[base].name);
        let (kind, expression) = match rng.u8(0..5) {
            0 => (Kind::Integer, format!("{of} + 1")),
            1 => (Kind::Integer, format!("{of} IS NULL")),
            2 => (Kind::Text(Collate::Binary), format!("lower({of})")),
            3 => (Kind::Untyped, of.clone()),
            _ => (
                Kind::Text(Collate::Binary),
                format!("coalesce({of}, 'a') || ''"),
            ),
        };
        let declared = if kind == Kind::Untyped {
            ""
        } else {
            kind.declared(rng)
        };
        let stored = pick(rng, &["VIRTUAL", "STORED"]);
        self.feature(format!("generated {stored}"));
        table.columns.push(Column {
            generated: true,
            ..Column::new(name, kind)
        });
        parts.push(format!("\"{name}\" {declared} AS ({expression}) {stored}"));
    }

    fn add_indexes(&mut self, rng: &mut Rng) {
        for index in 0..self.tables.len() {
            if !percent(rng, 45) {
                continue;
            }
            let table = &self.tables[index];
            let place = rng.usize(0..table.columns.len());
            let (name, column) = (&table.name, &table.columns[place].name);
            let how = if percent(rng, 15) { "UNIQUE " } else { "" };
            let part = match percent(rng, 20) {
                true => format!(" WHERE \"{column}\" IS NOT NULL"),
                false => String::new(),
            };
            let text =
                format!("CREATE {how}INDEX \"by {index}\" ON \"{name}\" (\"{column}\"){part}");
            self.setup.push(text);
            self.feature("index");
        }
    }

    fn add_rows(&mut self, rng: &mut Rng) {
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
                        false => column.kind.value(rng),
                    };
                    column.seen.push(value.clone());
                    values.push(value.to_string());
                }
                let values = values.join(", ");
                self.setup.push(format!(
                    "INSERT OR IGNORE INTO \"{}\" ({names}) VALUES ({values})",
                    table.name
                ));
            }
        }
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

/// A literal that a foreign key may fall back to.
fn default_literal(rng: &mut Rng, kind: Kind) -> Literal {
    match rng.u8(0..3) {
        0 => Literal::Null,
        _ => kind.native(rng),
    }
}
