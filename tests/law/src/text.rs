//! Writes statements: names in every spelling, values as literals or parameters.

use fastrand::Rng;
use larder_sea_orm::sea_orm::{DbBackend, Statement};

use crate::column::{Column, percent, pick};
use crate::literal::Literal;
use crate::schema::{Schema, Table};

/// A statement with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) sql: String,
    pub(crate) values: Vec<Literal>,
}

impl Text {
    pub(crate) fn plain(sql: impl Into<String>) -> Text {
        Text {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    pub(crate) fn statement(&self) -> Statement {
        let values = self.values.iter().map(Literal::bound);
        Statement::from_sql_and_values(DbBackend::Sqlite, self.sql.as_str(), values)
    }
}

/// A table in a statement, under an alias.
#[derive(Clone, Debug)]
pub(crate) struct From {
    /// Its name as SQL, with ` AS alias` where it has one.
    pub(crate) sql: String,
    /// What its columns are qualified with; nothing where they are not.
    pub(crate) qualifier: Option<String>,
    pub(crate) columns: Vec<Column>,
    pub(crate) key: Vec<usize>,
    pub(crate) rowid: bool,
    /// The table's place in the schema; views have none.
    pub(crate) table: Option<usize>,
}

/// Where a value stands until the statement is complete.
const MARK: char = '\u{1}';
const MARK_END: char = '\u{2}';

/// Writes one statement.
pub(crate) struct Gen<'a> {
    pub(crate) rng: &'a mut Rng,
    pub(crate) schema: &'a Schema,
    literals: Vec<Literal>,
    aliases: usize,
    /// Equal values may take each other's place in the answer (`DISTINCT` on a NOCASE column).
    pub(crate) loose: bool,
    /// The order of the rows is part of the answer.
    pub(crate) ordered: bool,
}

impl<'a> Gen<'a> {
    pub(crate) fn new(rng: &'a mut Rng, schema: &'a Schema) -> Gen<'a> {
        Gen {
            rng,
            schema,
            literals: Vec::new(),
            aliases: 0,
            loose: false,
            ordered: false,
        }
    }

    pub(crate) fn chance(&mut self, of_hundred: u8) -> bool {
        percent(self.rng, of_hundred)
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        pick(self.rng, all)
    }

    /// A value, to be written as a literal or bound.
    pub(crate) fn lit(&mut self, literal: Literal) -> String {
        self.literals.push(literal);
        format!("{MARK}{}{MARK_END}", self.literals.len() - 1)
    }

    /// A value that fits a column, or nearly.
    pub(crate) fn value(&mut self, column: &Column) -> String {
        let value = match column.not_null {
            true => column.native(self.rng),
            false => column.value(self.rng),
        };
        self.lit(value)
    }

    /// A value that is not NULL.
    pub(crate) fn native(&mut self, column: &Column) -> String {
        let value = column.native(self.rng);
        self.lit(value)
    }

    /// The statement with its values as literals, parameters, or both.
    pub(crate) fn finish(self, sql: &str) -> Text {
        let style = self.rng.u8(0..100);
        let mut text = Text::plain("");
        let mut rest = sql;
        while let Some((before, after)) = rest.split_once(MARK) {
            let (index, after) = after
                .split_once(MARK_END)
                .expect("a mark that was begun ends");
            let literal = &self.literals[index.parse::<usize>().expect("a mark holds a number")];
            text.sql.push_str(before);
            rest = after;
            match style {
                0..45 => text.sql.push_str(&literal.to_string()),
                45..75 => {
                    text.sql.push('?');
                    text.values.push(literal.clone());
                }
                75..85 => {
                    text.values.push(literal.clone());
                    text.sql.push_str(&format!("?{}", text.values.len()));
                }
                _ if self.rng.bool() => text.sql.push_str(&literal.to_string()),
                _ => {
                    text.sql.push('?');
                    text.values.push(literal.clone());
                }
            }
        }
        text.sql.push_str(rest);
        text
    }

    /// The statement with its values as literals, for definitions.
    pub(crate) fn finish_plain(self, sql: &str) -> String {
        let mut text = String::new();
        let mut rest = sql;
        while let Some((before, after)) = rest.split_once(MARK) {
            let (index, after) = after
                .split_once(MARK_END)
                .expect("a mark that was begun ends");
            text.push_str(before);
            text.push_str(
                &self.literals[index.parse::<usize>().expect("a mark holds a number")].to_string(),
            );
            rest = after;
        }
        text + rest
    }

    /// A name in one of the ways to write it.
    pub(crate) fn name(&mut self, name: &str) -> String {
        let bare = !NEED_QUOTES.contains(&name) && !name.contains(' ');
        match self.rng.u8(0..10) {
            0..=5 if bare => name.to_owned(),
            6 if bare => name.to_ascii_uppercase(),
            7 => format!("[{name}]"),
            8 => format!("`{name}`"),
            _ => format!("\"{name}\""),
        }
    }

    /// A table (not a view) of the schema.
    pub(crate) fn table(&mut self) -> usize {
        let all = self.schema.tables.len();
        match self.chance(HOT_PERCENT) {
            true => all - 1,
            false => self.rng.usize(0..all),
        }
    }

    /// A table as the only one of its statement.
    pub(crate) fn alone(&mut self, index: usize) -> From {
        let table = &self.schema.tables[index];
        let sql = self.name(&table.name);
        match self.rng.u8(0..4) {
            0 => self.under_alias(sql, table, Some(index)),
            1 => from(sql.clone(), Some(sql), table, Some(index)),
            _ => from(sql, None, table, Some(index)),
        }
    }

    /// A table as one of several.
    pub(crate) fn aliased(&mut self, index: usize) -> From {
        let table = &self.schema.tables[index];
        let sql = self.name(&table.name);
        self.under_alias(sql, table, Some(index))
    }

    /// A table, or now and then a view, under an alias.
    pub(crate) fn any_aliased(&mut self) -> From {
        if !self.schema.views.is_empty() && self.chance(12) {
            let view = self.rng.usize(0..self.schema.views.len());
            return self.view_aliased(view);
        }
        let table = self.table();
        self.aliased(table)
    }

    pub(crate) fn view_aliased(&mut self, index: usize) -> From {
        let view = &self.schema.views[index];
        let sql = self.name(&view.name);
        self.under_alias(sql, view, None)
    }

    fn under_alias(&mut self, sql: String, table: &Table, index: Option<usize>) -> From {
        let alias = self.alias();
        let sql = match self.rng.bool() {
            true => format!("{sql} AS {alias}"),
            false => format!("{sql} {alias}"),
        };
        from(sql, Some(alias), table, index)
    }

    /// A name that no other table of the statement has.
    pub(crate) fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("x{}", self.aliases)
    }

    /// Column `index` of `from`.
    pub(crate) fn column(&mut self, from: &From, index: usize) -> String {
        let name = self.name(&from.columns[index].name.clone());
        match &from.qualifier {
            Some(qualifier) => format!("{qualifier}.{name}"),
            None => name,
        }
    }

    /// Any column of `from`.
    pub(crate) fn any_column(&mut self, from: &From) -> (String, Column) {
        let index = self.rng.usize(0..from.columns.len());
        (self.column(from, index), from.columns[index].clone())
    }

    /// Any column of `from`, rather one of a kind that values of `like` meet.
    pub(crate) fn column_like(&mut self, from: &From, like: &Column) -> String {
        let same: Vec<usize> = (0..from.columns.len())
            .filter(|&index| from.columns[index].kind.is_text() == like.kind.is_text())
            .collect();
        if same.is_empty() || self.chance(10) {
            return self.any_column(from).0;
        }
        let index = self.pick(&same);
        self.column(from, index)
    }

    /// The name of the row's number, if it has one.
    pub(crate) fn rowid(&mut self, from: &From) -> Option<String> {
        if !from.rowid {
            return None;
        }
        let name = self.pick(&["rowid", "oid", "_rowid_", "ROWID"]);
        Some(match &from.qualifier {
            Some(qualifier) => format!("{qualifier}.{name}"),
            None => name.to_owned(),
        })
    }
}

/// How many of a hundred tables are the last one, so that reads and writes meet often.
const HOT_PERCENT: u8 = 50;

/// Words of the name pools that cannot stand alone.
const NEED_QUOTES: [&str; 3] = ["order", "group", "select"];

fn from(sql: String, qualifier: Option<String>, table: &Table, index: Option<usize>) -> From {
    From {
        sql,
        qualifier,
        columns: table.columns.clone(),
        key: table.key.clone(),
        rowid: table.rowid,
        table: index,
    }
}
