//! Writes statements: names in every spelling, values as literals or parameters.

use fastrand::Rng;
use larder_sea_orm::sea_orm::{DbBackend, Statement, Value};

use crate::column::{Column, Kind, percent, pick};
use crate::database::{Of, Template, Words};
use crate::literal::Literal;
use crate::schema::{Schema, Table};

/// A statement with its parameters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Text {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Text {
    pub(crate) fn plain(sql: impl Into<String>) -> Text {
        Text {
            sql: sql.into(),
            values: Vec::new(),
        }
    }

    pub(crate) fn statement(&self, backend: DbBackend) -> Statement {
        let values = self.values.iter().cloned();
        Statement::from_sql_and_values(backend, self.sql.as_str(), values)
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
    /// Values, and what is wanted in their places.
    literals: Vec<(Literal, Option<Kind>)>,
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

    pub(crate) fn words(&self) -> &'static Words {
        self.schema.dialect.words()
    }

    /// A value, to be written as a literal or bound.
    pub(crate) fn lit(&mut self, literal: Literal) -> String {
        self.keep(literal, None)
    }

    /// The same, where a value of a kind is wanted.
    pub(crate) fn lit_of(&mut self, literal: Literal, kind: Kind) -> String {
        self.keep(literal, Some(kind))
    }

    fn keep(&mut self, literal: Literal, kind: Option<Kind>) -> String {
        self.literals.push((literal, kind));
        format!("{MARK}{}{MARK_END}", self.literals.len() - 1)
    }

    /// A value that fits a column, or nearly.
    pub(crate) fn value(&mut self, column: &Column) -> String {
        let value = match column.not_null {
            true => column.native(self.schema.dialect, self.rng),
            false => column.value(self.schema.dialect, self.rng),
        };
        self.lit_of(value, column.kind)
    }

    /// A value that is not NULL.
    pub(crate) fn native(&mut self, column: &Column) -> String {
        let value = column.native(self.schema.dialect, self.rng);
        self.lit_of(value, column.kind)
    }

    /// A number.
    pub(crate) fn number(&mut self, number: i64) -> String {
        self.lit_of(Literal::Int(number), Kind::Integer)
    }

    /// A template with columns of `from`; another if that has none for it.
    pub(crate) fn filled(&mut self, template: Template, from: &From) -> String {
        let place = self.place_of(from, template.of);
        match self
            .schema
            .dialect
            .is(from.columns[place].kind, template.of)
        {
            true => self.filled_with(template.sql, from, place),
            false => self.filled_with("{a} = {v}", from, place),
        }
    }

    /// One of several templates.
    pub(crate) fn any_filled(&mut self, templates: &[Template], from: &From) -> String {
        let template = self.pick(templates);
        self.filled(template, from)
    }

    /// One of several texts, with columns of any kind.
    pub(crate) fn one_filled(&mut self, texts: &[&'static str], from: &From) -> String {
        let (sql, place) = (self.pick(texts), self.rng.usize(0..from.columns.len()));
        self.filled_with(sql, from, place)
    }

    fn filled_with(&mut self, sql: &str, from: &From, place: usize) -> String {
        let of = from.columns[place].clone();
        let like = self.place_like(from, &of);
        let (a, b) = (self.column(from, place), self.column(from, like));
        let mut text = sql.replace("{a}", &a).replace("{b}", &b);
        for (mark, column) in [("{v}", &of), ("{x}", &of), ("{w}", &from.columns[like])] {
            if text.contains(mark) {
                text = text.replace(mark, &self.value(column));
            }
        }
        if text.contains("{c}") {
            text = text.replace("{c}", self.pick(self.words().collations));
        }
        if text.contains("{p}") {
            let pattern = self.pick(self.words().patterns);
            text = text.replace("{p}", &self.lit(Literal::text(pattern)));
        }
        text
    }

    /// The place of a column of a kind; of any kind if `from` has none of it.
    pub(crate) fn place_of(&mut self, from: &From, of: Of) -> usize {
        let dialect = self.schema.dialect;
        let fitting: Vec<usize> = (0..from.columns.len())
            .filter(|&place| dialect.is(from.columns[place].kind, of))
            .collect();
        match fitting.is_empty() {
            true => self.rng.usize(0..from.columns.len()),
            false => self.pick(&fitting),
        }
    }

    /// Whether columns of the two kinds can be compared.
    pub(crate) fn meet(&self, one: Kind, other: Kind) -> bool {
        self.words().unlike_percent > 0 || self.schema.dialect.alike(one, other)
    }

    /// Any column of a kind.
    pub(crate) fn column_of(&mut self, from: &From, of: Of) -> (String, Column) {
        let place = self.place_of(from, of);
        (self.column(from, place), from.columns[place].clone())
    }

    /// The statement with its values as literals, parameters, or both.
    pub(crate) fn finish(self, sql: &str) -> Text {
        let dialect = self.schema.dialect;
        let bound_percent = match self.rng.u8(0..100) {
            0..45 => 0,
            45..85 => 100,
            _ => 50,
        };
        let mut text = Text::plain("");
        let mut rest = sql;
        while let Some((before, literal, kind, after)) = next_value(&self.literals, rest) {
            text.sql.push_str(before);
            rest = after;
            let bound = match percent(self.rng, bound_percent) {
                true => dialect.bound(literal, kind),
                false => None,
            };
            match bound {
                None => text.sql.push_str(&dialect.spelled(literal)),
                Some(value) => {
                    text.values.push(value);
                    let parameter = dialect.parameter(self.rng, text.values.len(), kind);
                    text.sql.push_str(&parameter);
                }
            }
        }
        text.sql.push_str(rest);
        text.sql = dialect.words().own_quotes(text.sql);
        text
    }

    /// The statement with its values as literals, for definitions.
    pub(crate) fn finish_plain(self, sql: &str) -> String {
        let mut text = String::new();
        let mut rest = sql;
        while let Some((before, literal, _, after)) = next_value(&self.literals, rest) {
            text.push_str(before);
            text.push_str(&self.schema.dialect.spelled(literal));
            rest = after;
        }
        self.schema.dialect.words().own_quotes(text + rest)
    }

    /// A name in one of the ways to write it.
    pub(crate) fn name(&mut self, name: &str) -> String {
        self.schema.dialect.name(self.rng, name)
    }

    /// A table's name; that of a part of it now and then.
    pub(crate) fn table_name(&mut self, table: &Table) -> String {
        let part = match table.parts.is_empty() || !self.chance(PART_PERCENT) {
            true => &table.name,
            false => &table.parts[self.rng.usize(0..table.parts.len())],
        };
        let name = self.name(part);
        match table.space {
            Some(space) => format!("{}.{name}", self.name(space)),
            None => name,
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
        let sql = self.table_name(table);
        match self.rng.u8(0..4) {
            0 => self.under_alias(sql, table, Some(index)),
            1 => from(sql.clone(), Some(sql), table, Some(index)),
            _ => from(sql, None, table, Some(index)),
        }
    }

    /// A table as one of several.
    pub(crate) fn aliased(&mut self, index: usize) -> From {
        let table = &self.schema.tables[index];
        let sql = self.table_name(table);
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
        let sql = self.table_name(view);
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
        let place = self.place_like(from, like);
        self.column(from, place)
    }

    fn place_like(&mut self, from: &From, like: &Column) -> usize {
        let dialect = self.schema.dialect;
        let same: Vec<usize> = (0..from.columns.len())
            .filter(|&index| dialect.alike(from.columns[index].kind, like.kind))
            .collect();
        match same.is_empty() || self.chance(self.words().unlike_percent) {
            true => self.rng.usize(0..from.columns.len()),
            false => self.pick(&same),
        }
    }
}

/// What stands before the next value, the value, what is wanted there, and what follows.
fn next_value<'a, 'b>(
    literals: &'a [(Literal, Option<Kind>)],
    sql: &'b str,
) -> Option<(&'b str, &'a Literal, Option<Kind>, &'b str)> {
    let (before, after) = sql.split_once(MARK)?;
    let (index, after) = after
        .split_once(MARK_END)
        .expect("a mark that was begun ends");
    let (literal, kind) = &literals[index.parse::<usize>().expect("a mark holds a number")];
    Some((before, literal, *kind, after))
}

/// How many of a hundred tables are the last one, so that reads and writes meet often.
const HOT_PERCENT: u8 = 50;

/// How many of a hundred divided tables are named by one of their parts.
const PART_PERCENT: u8 = 15;

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
