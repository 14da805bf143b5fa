//! Reads schemas from the text that made them, word by word: a table is understood even where
//! a parser of whole statements would stumble over a type or an option.

use sqlparser::tokenizer::Token;

use super::{
    Action, Affinity, Catalogue, Collation, Column, ForeignKey, Table, TableKind, Trigger,
    TriggerEvent, TriggerTiming,
};
use crate::{
    Dialect, Error, Name, split,
    token::{self, Lexeme},
};

pub(super) fn read(dialect: Dialect, text: &str) -> Result<Catalogue, Error> {
    let mut reader = Reader {
        dialect,
        catalogue: Catalogue::of(dialect),
        triggers: Vec::new(),
        failed: None,
        found: false,
    };
    for range in split(text, dialect) {
        let statement = &text[range];
        match token::lex(dialect, statement) {
            Some(lexemes) => reader.statement(statement, &lexemes),
            None => reader.fail(statement),
        }
    }
    for (table, trigger) in std::mem::take(&mut reader.triggers) {
        match reader.catalogue.table_mut(&table) {
            Some(table) => table.triggers.push(trigger),
            None => reader.catalogue.set_unreadable(),
        }
    }
    match reader.failed {
        Some(statement) if !reader.found => {
            let start: String = statement.chars().take(60).collect();
            Err(Error::new(format!("the schema cannot be read: {start}")))
        }
        _ => Ok(reader.catalogue),
    }
}

struct Reader {
    dialect: Dialect,
    catalogue: Catalogue,
    /// By table, added when all tables are known.
    triggers: Vec<(Name, Trigger)>,
    /// The first statement that could not be read.
    failed: Option<String>,
    /// Some statement was understood.
    found: bool,
}

impl Reader {
    /// A part of the schema is lost: nothing is known of what a write changes further.
    fn fail(&mut self, statement: &str) {
        self.catalogue.set_unreadable();
        self.failed.get_or_insert_with(|| statement.to_string());
    }

    fn statement(&mut self, text: &str, lexemes: &[Lexeme]) {
        let mut words = Words {
            dialect: self.dialect,
            lexemes,
            at: 0,
        };
        let understood = if words.eat("CREATE") {
            self.create(text, &mut words)
        } else if words.eat("ALTER") {
            self.alter(text, &mut words)
        } else if words.eat("DROP") {
            self.drop(&mut words)
        } else {
            Some(())
        };
        match understood {
            Some(()) => self.found = true,
            None => self.fail(text),
        }
    }

    fn create(&mut self, text: &str, words: &mut Words<'_>) -> Option<()> {
        while words.eat_any(&[
            "TEMP",
            "TEMPORARY",
            "UNIQUE",
            "OR",
            "REPLACE",
            "UNLOGGED",
            "CONSTRAINT",
            "FULLTEXT",
        ]) {}
        if words.eat("VIRTUAL") {
            words.eat("TABLE");
            words.eat_all(&["IF", "NOT", "EXISTS"]);
            let mut table = Table::new(words.name()?);
            table.kind = TableKind::Virtual;
            table.reads_through = words.content_tables();
            self.catalogue.insert(table);
        } else if words.eat("TABLE") {
            words.eat_all(&["IF", "NOT", "EXISTS"]);
            let table = words.table(text)?;
            if words.rest_has(&["INHERITS", "PARTITION"]) && self.dialect == Dialect::Postgres {
                // A parent shows the rows of its children.
                self.catalogue.set_unreadable();
            }
            self.catalogue.insert(table);
        } else if words.eat("VIEW") {
            words.eat_all(&["IF", "NOT", "EXISTS"]);
            let mut table = Table::new(words.name()?);
            table.kind = TableKind::View {
                sql: text.to_string(),
            };
            self.catalogue.insert(table);
        } else if words.eat("TRIGGER") {
            words.eat_all(&["IF", "NOT", "EXISTS"]);
            self.trigger(text, words)?;
        } else if words.peek("MATERIALIZED") || words.peek("RULE") || words.peek("POLICY") {
            return None;
        }
        Some(())
    }

    fn trigger(&mut self, text: &str, words: &mut Words<'_>) -> Option<()> {
        let name = words.name()?;
        let timing = if words.eat("BEFORE") {
            TriggerTiming::Before
        } else if words.eat("INSTEAD") {
            words.eat("OF");
            TriggerTiming::InsteadOf
        } else {
            words.eat("AFTER");
            TriggerTiming::After
        };
        let mut events = Vec::new();
        loop {
            events.push(if words.eat("INSERT") {
                TriggerEvent::Insert
            } else if words.eat_any(&["DELETE", "TRUNCATE"]) {
                TriggerEvent::Delete
            } else if words.eat("UPDATE") {
                TriggerEvent::Update(if words.eat("OF") {
                    Some(words.names()?)
                } else {
                    None
                })
            } else {
                return None;
            });
            if !words.eat("OR") {
                break;
            }
        }
        if !words.eat("ON") {
            return None;
        }
        let table = words.name()?;
        for event in events {
            let body = text.to_string();
            let trigger = Trigger {
                name: name.clone(),
                event,
                timing,
                body,
            };
            self.triggers.push((table.clone(), trigger));
        }
        Some(())
    }

    fn alter(&mut self, text: &str, words: &mut Words<'_>) -> Option<()> {
        if !words.eat("TABLE") {
            return Some(());
        }
        words.eat_any(&["ONLY"]);
        words.eat_all(&["IF", "EXISTS"]);
        let name = words.name()?;
        let dialect = self.dialect;
        if words.eat("ADD") {
            let column = words.eat("COLUMN");
            let end = words.lexemes.len();
            if words.lexemes[words.at..]
                .iter()
                .any(|lexeme| lexeme.depth == 0 && lexeme.token == Token::Comma)
            {
                return None;
            }
            let table = self.catalogue.table_mut(&name)?;
            let item = &words.lexemes[words.at..end];
            match !column && is_constraint(dialect, item) {
                true => constraint(dialect, item, table)?,
                false => column_definition(dialect, text, item, table)?,
            }
            // No column that is added can become the rowid's name.
            let alias = table.rowid_alias.clone();
            finish(dialect, table);
            table.rowid_alias = alias;
            return Some(());
        }
        // Renames and drops: what refers to the table is no longer known.
        self.catalogue.remove(&name);
        None
    }

    fn drop(&mut self, words: &mut Words<'_>) -> Option<()> {
        if words.eat_any(&["TABLE", "VIEW"]) {
            words.eat_all(&["IF", "EXISTS"]);
            let name = words.name()?;
            self.catalogue.remove(&name);
        } else if words.eat("TRIGGER") {
            words.eat_all(&["IF", "EXISTS"]);
            let name = words.name()?;
            self.triggers
                .retain(|(_, trigger)| !trigger.name.eq_ignore_ascii_case(&name));
        }
        Some(())
    }
}

/// A place among the words of a statement.
struct Words<'a> {
    dialect: Dialect,
    lexemes: &'a [Lexeme],
    at: usize,
}

impl<'a> Words<'a> {
    fn peek(&self, word: &str) -> bool {
        self.lexemes
            .get(self.at)
            .is_some_and(|lexeme| lexeme.is(word))
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.peek(word);
        self.at += usize::from(found);
        found
    }

    fn eat_any(&mut self, words: &[&str]) -> bool {
        words.iter().any(|word| self.eat(word))
    }

    fn eat_all(&mut self, words: &[&str]) {
        let all = words.iter().enumerate().all(|(i, word)| {
            self.lexemes
                .get(self.at + i)
                .is_some_and(|lexeme| lexeme.is(word))
        });
        self.at += if all { words.len() } else { 0 };
    }

    fn rest_has(&self, words: &[&str]) -> bool {
        self.lexemes[self.at.min(self.lexemes.len())..]
            .iter()
            .any(|lexeme| lexeme.depth == 0 && lexeme.is_any(words))
    }

    /// A name, with its schema if that is not the default one.
    fn name(&mut self) -> Option<Name> {
        let mut parts = vec![self.lexemes.get(self.at)?.spelling(self.dialect)?];
        self.at += 1;
        while self
            .lexemes
            .get(self.at)
            .is_some_and(|lexeme| lexeme.token == Token::Period)
        {
            parts.push(self.lexemes.get(self.at + 1)?.spelling(self.dialect)?);
            self.at += 2;
        }
        let table = parts.pop()?;
        match parts.pop() {
            Some(schema) if !schema.eq_ignore_ascii_case(self.dialect.default_schema()) => Some(
                Name::from(format!("{}.{table}", schema.to_ascii_lowercase())),
            ),
            _ => Some(table),
        }
    }

    /// Names with commas between them.
    fn names(&mut self) -> Option<Vec<Name>> {
        let mut names = vec![self.lexemes.get(self.at)?.spelling(self.dialect)?];
        self.at += 1;
        while self
            .lexemes
            .get(self.at)
            .is_some_and(|lexeme| lexeme.token == Token::Comma)
        {
            names.push(self.lexemes.get(self.at + 1)?.spelling(self.dialect)?);
            self.at += 2;
        }
        Some(names)
    }

    /// What follows `CREATE TABLE`.
    fn table(&mut self, text: &str) -> Option<Table> {
        let mut table = Table::new(self.name()?);
        let opens = self
            .lexemes
            .get(self.at)
            .is_some_and(|l| l.token == Token::LParen);
        if !opens {
            // `AS SELECT`, `LIKE`, `PARTITION OF`: columns unknown.
            return Some(table);
        }
        let close = (self.at..self.lexemes.len()).find(|at| {
            let lexeme = &self.lexemes[*at];
            lexeme.depth == 1 && lexeme.token == Token::RParen
        })?;
        let body = &self.lexemes[self.at + 1..close];
        self.at = close + 1;
        for item in body.split(|lexeme| lexeme.depth == 1 && lexeme.token == Token::Comma) {
            match is_constraint(self.dialect, item) {
                true => constraint(self.dialect, item, &mut table)?,
                false => column_definition(self.dialect, text, item, &mut table)?,
            }
        }
        let options = &self.lexemes[self.at..];
        table.without_rowid = options
            .windows(2)
            .any(|pair| pair[0].is("WITHOUT") && pair[1].is("ROWID"));
        table.strict = options.iter().any(|lexeme| lexeme.is("STRICT"));
        finish(self.dialect, &mut table);
        Some(table)
    }

    /// The tables named by `content=…` of a full-text table.
    fn content_tables(&self) -> Vec<Name> {
        let mut tables = Vec::new();
        for part in self.lexemes[self.at..].windows(3) {
            if part[0].is("content") && part[1].token == Token::Eq {
                let name = match &part[2].token {
                    Token::DoubleQuotedString(text) => Some(Name::from(text.as_str())),
                    _ => part[2].spelling(self.dialect),
                };
                tables.extend(name.filter(|name| !name.is_empty()));
            }
        }
        tables
    }
}

/// What can only be said once all columns are known.
fn finish(dialect: Dialect, table: &mut Table) {
    if dialect != Dialect::Sqlite {
        return;
    }
    if table.strict {
        for column in table.columns.iter_mut() {
            if column.declared.eq_ignore_ascii_case("ANY") {
                column.affinity = Affinity::Blob;
            }
        }
    }
    let key = table.primary_key.clone();
    if let ([only], false) = (key.as_slice(), table.without_rowid) {
        let whole = table
            .column(only)
            .filter(|column| column.declared.eq_ignore_ascii_case("INTEGER") && !column.hidden);
        table.rowid_alias = whole.map(|column| column.name.clone());
    } else if table.without_rowid {
        for column in table.columns.iter_mut() {
            column.not_null |= key
                .iter()
                .any(|name| name.eq_ignore_ascii_case(&column.name));
        }
    }
    // `INTEGER PRIMARY KEY DESC` in a column's own definition is, by an old slip of SQLite's, no
    // name of the rowid. Until here `hidden` remembered it.
    for column in table.columns.iter_mut() {
        column.hidden = false;
    }
}

fn is_constraint(dialect: Dialect, item: &[Lexeme]) -> bool {
    let Some(first) = item.first() else {
        return false;
    };
    first.is_any(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"])
        || (dialect == Dialect::MySql && first.is_any(&["KEY", "INDEX", "FULLTEXT", "SPATIAL"]))
        || (dialect == Dialect::Postgres && first.is_any(&["LIKE", "EXCLUDE"]))
}

/// Where a column's type ends.
const AFTER_TYPE: &[&str] = &[
    "CONSTRAINT",
    "PRIMARY",
    "NOT",
    "NULL",
    "UNIQUE",
    "CHECK",
    "DEFAULT",
    "COLLATE",
    "REFERENCES",
    "GENERATED",
    "AS",
    "AUTOINCREMENT",
    "AUTO_INCREMENT",
    "ON",
    "COMMENT",
    "CHARSET",
    "KEY",
];

fn column_definition(
    dialect: Dialect,
    text: &str,
    item: &[Lexeme],
    table: &mut Table,
) -> Option<()> {
    let base = item.first()?.depth;
    let name = item.first()?.spelling(dialect)?;
    let end = (1..item.len())
        .find(|at| {
            let lexeme = &item[*at];
            let character_set =
                lexeme.is("CHARACTER") && item.get(at + 1).is_some_and(|next| next.is("SET"));
            lexeme.depth == base && (lexeme.is_any(AFTER_TYPE) || character_set)
        })
        .unwrap_or(item.len());
    let declared = match end > 1 {
        true => text.get(item[1].start..item[end - 1].end)?,
        false => "",
    };
    let declared = declared.trim_matches(['"', '`', '[', ']', '\'']);
    let mut column = Column::new(dialect, name.clone(), declared);
    let at = |at: usize, word: &str| item.get(at).is_some_and(|lexeme| lexeme.is(word));
    for index in end..item.len() {
        let lexeme = &item[index];
        if lexeme.depth != base {
            continue;
        }
        if lexeme.is("PRIMARY") && at(index + 1, "KEY") {
            table.primary_key.push(name.clone());
            column.hidden |= at(index + 2, "DESC");
        } else if lexeme.is("NOT") && at(index + 1, "NULL") {
            column.not_null = true;
        } else if lexeme.is("COLLATE") {
            let collation = item.get(index + 1)?.spelling(dialect)?;
            column.collate(dialect, Collation::of(&collation));
        } else if lexeme.is("AS")
            && item
                .get(index + 1)
                .is_some_and(|next| next.token == Token::LParen)
        {
            column.generated = true;
        } else if lexeme.is("REFERENCES") {
            let columns = vec![name.clone()];
            table
                .foreign_keys
                .push(reference(dialect, columns, &item[index + 1..])?);
        }
    }
    table.replaces_on_conflict |= replaces(item);
    table.columns.push(column);
    Some(())
}

fn constraint(dialect: Dialect, item: &[Lexeme], table: &mut Table) -> Option<()> {
    table.replaces_on_conflict |= replaces(item);
    let primary = item
        .windows(2)
        .position(|pair| pair[0].is("PRIMARY") && pair[1].is("KEY"));
    let foreign = item
        .windows(2)
        .position(|pair| pair[0].is("FOREIGN") && pair[1].is("KEY"));
    let checks = item.iter().any(|lexeme| lexeme.is("CHECK"));
    if let (Some(primary), false) = (primary, checks) {
        table.primary_key = listed(dialect, &item[primary + 2..])?;
    } else if let (Some(foreign), false) = (foreign, checks) {
        let columns = listed(dialect, &item[foreign + 2..])?;
        let at = item.iter().position(|lexeme| lexeme.is("REFERENCES"))?;
        table
            .foreign_keys
            .push(reference(dialect, columns, &item[at + 1..])?);
    }
    Some(())
}

/// Whether a constraint deletes rows that conflict.
fn replaces(item: &[Lexeme]) -> bool {
    item.windows(3)
        .any(|three| three[0].is("ON") && three[1].is("CONFLICT") && three[2].is("REPLACE"))
}

/// The names in the first parentheses; an index name may come before them.
fn listed(dialect: Dialect, item: &[Lexeme]) -> Option<Vec<Name>> {
    let open = item
        .iter()
        .position(|lexeme| lexeme.token == Token::LParen)?;
    let depth = item[open].depth;
    let close = (open..item.len())
        .find(|at| item[*at].depth == depth && item[*at].token == Token::RParen)?;
    item[open + 1..close]
        .split(|lexeme| lexeme.depth == depth && lexeme.token == Token::Comma)
        .map(|part| part.first()?.spelling(dialect))
        .collect()
}

/// What follows `REFERENCES`.
fn reference(dialect: Dialect, columns: Vec<Name>, item: &[Lexeme]) -> Option<ForeignKey> {
    let mut words = Words {
        dialect,
        lexemes: item,
        at: 0,
    };
    let parent = words.name()?;
    let parent_columns = match item.get(words.at).is_some_and(|l| l.token == Token::LParen) {
        true => listed(dialect, &item[words.at..])?,
        false => Vec::new(),
    };
    let action = |event: &str| {
        let at = item
            .windows(2)
            .position(|pair| pair[0].is("ON") && pair[1].is(event))?;
        let first = item.get(at + 2)?;
        Some(if first.is("CASCADE") {
            Action::Cascade
        } else if first.is("SET") && item.get(at + 3)?.is("NULL") {
            Action::SetNull
        } else if first.is("SET") {
            Action::SetDefault
        } else {
            Action::None
        })
    };
    Some(ForeignKey {
        columns,
        parent,
        parent_columns,
        on_delete: action("DELETE").unwrap_or_default(),
        on_update: action("UPDATE").unwrap_or_default(),
    })
}
