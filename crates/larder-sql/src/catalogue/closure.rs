//! What a write changes beyond its own statement.

use std::collections::BTreeMap;

use super::{Action, Catalogue, Table, TableKind, Trigger, TriggerEvent, TriggerTiming};
use crate::{ColumnSet, Dialect, Footprint, Name, parse, split, token};

/// What happens to a table's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteEvent {
    /// Rows may appear.
    pub insert: bool,
    /// Columns of rows may change.
    pub update: Option<ColumnSet>,
    /// Rows may vanish.
    pub delete: bool,
}

impl WriteEvent {
    /// Rows appear.
    pub fn inserts() -> Self {
        WriteEvent {
            insert: true,
            ..WriteEvent::default()
        }
    }

    /// These columns change.
    pub fn updates(columns: ColumnSet) -> Self {
        WriteEvent {
            update: Some(columns),
            ..WriteEvent::default()
        }
    }

    /// Rows vanish.
    pub fn deletes() -> Self {
        WriteEvent {
            delete: true,
            ..WriteEvent::default()
        }
    }

    /// Anything.
    pub fn all() -> Self {
        WriteEvent {
            insert: true,
            update: Some(ColumnSet::All),
            delete: true,
        }
    }

    /// The columns that may differ afterwards: all of them where rows appear or vanish.
    pub fn columns(&self) -> ColumnSet {
        match &self.update {
            _ if self.insert || self.delete => ColumnSet::All,
            Some(columns) => columns.clone(),
            None => ColumnSet::none(),
        }
    }

    /// Adds what `other` says. Returns whether that was more.
    pub fn merge(&mut self, other: &WriteEvent) -> bool {
        let before = self.clone();
        self.insert |= other.insert;
        self.delete |= other.delete;
        match (&mut self.update, &other.update) {
            (Some(columns), Some(more)) => columns.extend(more),
            (update @ None, Some(more)) => *update = Some(more.clone()),
            (_, None) => {}
        }
        *self != before
    }
}

/// The tables that a write changes through triggers and foreign keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closure {
    /// What happens to each.
    pub tables: BTreeMap<Name, WriteEvent>,
    /// A trigger could not be understood: anything may change.
    pub unknown: bool,
}

/// Follows triggers and foreign keys until nothing new happens.
pub(super) fn close(catalogue: &Catalogue, table: &Name, event: &WriteEvent) -> Closure {
    let mut closure = Closure {
        unknown: catalogue.is_unreadable(),
        ..Closure::default()
    };
    // What OR REPLACE says at the statement counts for what triggers write, too, whatever they say
    // themselves.
    let replaces = catalogue.dialect() == Dialect::Sqlite
        && event.delete
        && (event.insert || event.update.is_some());
    let mut work = vec![(table.clone(), event.clone())];
    while let Some((name, event)) = work.pop() {
        let Some(table) = catalogue.find(&name) else {
            // Triggers of another database on the same server may write here.
            closure.unknown |= catalogue.has_neighbours();
            continue;
        };
        let mut effects = Vec::new();
        let mut event = event;
        let may_conflict = event.insert || event.update.is_some();
        if (table.replaces_on_conflict || replaces) && !event.delete && may_conflict {
            event.delete = true;
            effects.push((table.name.clone(), WriteEvent::deletes()));
        }
        if let Some(columns) = &event.update {
            let widened = table.widened(columns);
            if widened != *columns {
                effects.push((table.name.clone(), WriteEvent::updates(widened)));
            }
        }
        if !table_effects(catalogue, table, &event, &mut effects) {
            closure.unknown = true;
        }
        for (name, effect) in effects {
            let known = closure.tables.entry(name.clone()).or_default();
            if known.merge(&effect) {
                work.push((name, known.clone()));
            }
        }
    }
    closure
}

/// Adds what `event` on `table` causes at once. `false` if that cannot be told.
fn table_effects(
    catalogue: &Catalogue,
    table: &Table,
    event: &WriteEvent,
    effects: &mut Vec<(Name, WriteEvent)>,
) -> bool {
    let mut known = true;
    let mut instead = false;
    for trigger in table
        .triggers
        .iter()
        .filter(|trigger| fires(trigger, event, table))
    {
        instead |= trigger.timing == TriggerTiming::InsteadOf;
        known &= body_effects(catalogue, table, trigger, effects);
    }
    match &table.kind {
        TableKind::View { .. } if !instead => {
            // Without a trigger the database itself may pass the write on to the view's tables.
            match parse::view_tables(catalogue, table) {
                Some(tables) => {
                    effects.extend(tables.into_iter().map(|base| (base, WriteEvent::all())));
                }
                None => known = false,
            }
        }
        TableKind::Virtual => {
            // The tables that a module keeps its data in are named after the virtual table.
            let prefix = format!("{}_", table.name.to_ascii_lowercase());
            let shadows = catalogue
                .tables()
                .filter(|other| other.name.to_ascii_lowercase().starts_with(&prefix))
                .map(|other| (other.name.clone(), WriteEvent::all()));
            effects.extend(shadows);
        }
        TableKind::View { .. } | TableKind::Table => {}
    }
    // A changed row may also move from one to the other.
    let shared = match event.update {
        Some(_) => WriteEvent::all(),
        None => event.clone(),
    };
    effects.extend(table.kin.iter().map(|kin| (kin.clone(), shared.clone())));
    for child in catalogue.tables() {
        for key in &child.foreign_keys {
            let parent = catalogue.find(&key.parent);
            if parent.map(|parent| &parent.name) != Some(&table.name) {
                continue;
            }
            let columns = || ColumnSet::Set(key.columns.iter().cloned().collect());
            if event.delete {
                match key.on_delete {
                    Action::None => {}
                    Action::Cascade => effects.push((child.name.clone(), WriteEvent::deletes())),
                    Action::SetNull | Action::SetDefault => {
                        effects.push((child.name.clone(), WriteEvent::updates(columns())));
                    }
                }
            }
            let parent_columns = match key.parent_columns.is_empty() {
                true => &table.primary_key,
                false => &key.parent_columns,
            };
            let key_changes = event.update.as_ref().is_some_and(|changed| {
                parent_columns.is_empty()
                    || parent_columns.iter().any(|column| has(changed, column))
            });
            if key_changes && key.on_update != Action::None {
                effects.push((child.name.clone(), WriteEvent::updates(columns())));
            }
        }
    }
    known
}

/// Whether a column is in the set, upper and lower case aside.
fn has(columns: &ColumnSet, column: &str) -> bool {
    match columns {
        ColumnSet::All => true,
        ColumnSet::Set(set) => set.iter().any(|other| other.eq_ignore_ascii_case(column)),
    }
}

fn fires(trigger: &Trigger, event: &WriteEvent, table: &Table) -> bool {
    match &trigger.event {
        TriggerEvent::Insert => event.insert,
        TriggerEvent::Delete => event.delete,
        TriggerEvent::Update(None) => event.update.is_some(),
        TriggerEvent::Update(Some(columns)) => event.update.as_ref().is_some_and(|changed| {
            columns.iter().any(|column| {
                let column = table.column(column).map_or(column, |column| &column.name);
                has(changed, column)
            })
        }),
    }
}

/// Adds what a trigger's statements write. `false` if one of them cannot be understood.
fn body_effects(
    catalogue: &Catalogue,
    table: &Table,
    trigger: &Trigger,
    effects: &mut Vec<(Name, WriteEvent)>,
) -> bool {
    let dialect = catalogue.dialect();
    let Some(body) = statements(catalogue, &trigger.body) else {
        return false;
    };
    let mut known = true;
    for range in split(body, dialect) {
        let text = &body[range];
        if text
            .get(..4)
            .is_some_and(|word| word.eq_ignore_ascii_case("SET "))
        {
            // MySQL: `SET NEW.column = …` changes the row being written.
            effects.push((table.name.clone(), WriteEvent::updates(ColumnSet::All)));
            known &= is_plain_set(catalogue, text);
            continue;
        }
        match parse::footprint(catalogue, text).0 {
            Footprint::Read(read) => known &= !read.may_write,
            Footprint::Write(write) => {
                known &= !write.may_write_more;
                effects.extend(write.targets.into_iter().map(|w| (w.table, w.event)));
            }
            Footprint::Transaction(_) | Footprint::Ddl(_) | Footprint::Unknown(_) => known = false,
        }
    }
    known
}

/// The statements inside a trigger, without the `CREATE TRIGGER` and `BEGIN … END` around them.
fn statements<'a>(catalogue: &Catalogue, body: &'a str) -> Option<&'a str> {
    let lexemes = token::lex(catalogue.dialect(), body)?;
    let mut range = 0..body.len();
    let creates = lexemes.first().is_some_and(|first| first.is("CREATE"));
    let begin = match creates {
        true => lexemes
            .iter()
            .position(|lexeme| lexeme.depth == 0 && lexeme.is("BEGIN")),
        false => Some(0).filter(|_| lexemes.first().is_some_and(|first| first.is("BEGIN"))),
    };
    match begin {
        Some(begin) => {
            let end = lexemes
                .iter()
                .rev()
                .find(|lexeme| lexeme.token != sqlparser::tokenizer::Token::SemiColon)?;
            if !end.is("END") {
                return None;
            }
            range = lexemes[begin].end..end.start;
        }
        // MySQL: one statement needs no BEGIN.
        None if creates => {
            let each = lexemes
                .windows(3)
                .position(|three| three[0].is("FOR") && three[1].is("EACH") && three[2].is("ROW"));
            range.start = each
                .filter(|_| catalogue.dialect() == Dialect::MySql)
                .map(|at| lexemes[at + 2].end)?;
        }
        None => {}
    }
    body.get(range)
}

/// Whether a MySQL `SET` has no subquery and calls nothing, so that it changes its row alone.
fn is_plain_set(catalogue: &Catalogue, text: &str) -> bool {
    token::lex(catalogue.dialect(), text)
        .is_some_and(|lexemes| lexemes.iter().all(|lexeme| lexeme.depth == 0))
}
