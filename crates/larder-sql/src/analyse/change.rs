//! Statements that change rows.

use std::{collections::BTreeSet, ops::Range};

use sqlparser::ast::{
    Assignment, AssignmentTarget, Delete, Expr, FromTable, Merge, ObjectName, SelectItem,
    SqliteOnConflict, Statement, TableFactor, TableWithJoins, Truncate, Update,
};

use super::{
    Analyser, function,
    scope::{Scope, Source, SourceKind},
};
use crate::{
    ColumnSet, Conjunction, Dialect, Name, Reason, ReturningInfo, RowsNamed, TableKind, TableRead,
    TableWrite, WriteEvent, WriteKind,
    catalogue::is_rowid,
    name::{Qualified, fold_ident},
};

mod insert;

/// Where the parts of a write stand in the original text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ranges {
    /// The table with its alias.
    pub(crate) target: Range<usize>,
    /// The first name in `target`, as folded without a catalogue.
    pub(crate) first: Option<Name>,
    pub(crate) condition: Option<Range<usize>>,
    pub(crate) with: Option<Range<usize>>,
    pub(crate) returning: Option<Range<usize>>,
    pub(crate) end: usize,
    pub(crate) first_bind: usize,
    pub(crate) binds: usize,
    pub(crate) numbered: bool,
    /// Why the rows cannot be named by the text, if they cannot.
    pub(crate) unnamed: Option<Reason>,
}

impl Analyser<'_> {
    /// Analyses a statement that changes rows, alone or in a CTE.
    pub(super) fn change(&mut self, statement: &Statement) {
        match statement {
            Statement::Insert(insert) => self.insert(insert),
            Statement::Update(update) => self.update(update),
            Statement::Delete(delete) => self.delete(delete),
            Statement::Merge(merge) => self.merge(merge),
            Statement::Truncate(truncate) => self.truncate(truncate),
            _ => {
                self.unknown
                    .get_or_insert(Reason::new("a statement that is not understood"));
            }
        }
    }

    /// The ranges, if the write is the statement itself and not one in a CTE.
    fn own_ranges(&mut self) -> Option<Ranges> {
        if self.depth > 1 {
            None
        } else {
            self.ranges.take()
        }
    }

    fn target(&mut self, name: &ObjectName) -> Option<Qualified> {
        self.qualified(name)
    }

    /// Adds a write of a table, and of the table that its name could also mean.
    fn write(&mut self, name: &Qualified, mut write: TableWrite) {
        if let Some(known) = self.catalogue.find(&name.name()) {
            write.table = known.name.clone();
            write.columns = known.widened(&write.columns);
            if let Some(columns) = &mut write.event.update {
                *columns = known.widened(columns);
            }
            if known.replaces_on_conflict {
                write.event.delete |= write.event.insert || write.event.update.is_some();
                write.columns = match write.event.delete {
                    true => ColumnSet::All,
                    false => write.columns,
                };
                if matches!(
                    write.kind,
                    WriteKind::Insert | WriteKind::Update | WriteKind::Upsert
                ) {
                    self.widen(Reason::new("the schema says ON CONFLICT REPLACE"));
                    if write.kind != WriteKind::Insert {
                        write.rows = RowsNamed::Unknown(Reason::new(
                            "the schema replaces rows that conflict",
                        ));
                    }
                    write.kind = WriteKind::Replace;
                }
            }
            if known.kind != TableKind::Table && matches!(write.rows, RowsNamed::Where { .. }) {
                write.rows = RowsNamed::Unknown(Reason::new("it is no ordinary table"));
            }
        } else if name.schema.is_some() {
            let mut other = write.clone();
            other.table = name.table.clone();
            other.rows = RowsNamed::Unknown(Reason::new("the schema may be the default one"));
            self.writes.push(other);
        }
        self.writes.push(write);
    }

    fn update(&mut self, update: &Update) {
        let ranges = self.own_ranges();
        let mut all_tables = Vec::new();
        self.tables_of(&update.table, &mut all_tables);
        let Some((first, alias)) = all_tables.first().cloned() else {
            self.unknown
                .get_or_insert(Reason::new("UPDATE of something that is no table"));
            return;
        };
        let several = all_tables.len() > 1;
        let replaces = update.or == Some(SqliteOnConflict::Replace);
        let unnamed = if several || !update.table.joins.is_empty() {
            Some("several tables are updated")
        } else if update.from.is_some() {
            Some("UPDATE … FROM chooses rows by other tables")
        } else if !update.order_by.is_empty() || update.limit.is_some() {
            Some("ORDER BY and LIMIT choose the rows")
        } else if replaces {
            Some("rows that conflict are deleted")
        } else {
            None
        };
        let rows = self.rows(&first, ranges.as_ref(), unnamed, update.selection.as_ref());
        let returning = self.returning(&first, update.returning.as_deref(), ranges.as_ref());
        let alternatives = match several || update.from.is_some() {
            true => Vec::new(),
            false => self.alternatives(&first, alias.as_ref(), update.selection.as_ref()),
        };
        for (name, _) in &all_tables {
            let columns = match several {
                true => ColumnSet::All,
                false => self.assigned(name, &update.assignments),
            };
            let write = TableWrite {
                table: name.name(),
                kind: if replaces {
                    WriteKind::Replace
                } else {
                    WriteKind::Update
                },
                columns: if replaces {
                    ColumnSet::All
                } else {
                    columns.clone()
                },
                alternatives: alternatives.clone(),
                rows: rows.clone(),
                event: WriteEvent {
                    insert: false,
                    update: Some(columns),
                    delete: replaces,
                },
                returning: returning.clone(),
                end: ranges.as_ref().map_or(0, |ranges| ranges.end),
            };
            self.write(name, write);
        }
        self.scope_of(&first, alias);
        self.inside(update);
        self.scopes.pop();
    }

    fn delete(&mut self, delete: &Delete) {
        let ranges = self.own_ranges();
        let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
        let mut sources = Vec::new();
        for item in from {
            self.tables_of(item, &mut sources);
        }
        let targets: Vec<Qualified> = if delete.tables.is_empty() {
            sources.iter().map(|(name, _)| name.clone()).collect()
        } else {
            // MySQL: the tables before FROM may be aliases of those after it.
            let mut targets = Vec::new();
            for name in &delete.tables {
                let Some(name) = self.target(name) else {
                    return;
                };
                let meant = sources
                    .iter()
                    .find(|(_, alias)| alias.as_ref() == Some(&name.table));
                targets.push(meant.map_or(name, |(meant, _)| meant.clone()));
            }
            targets
        };
        let Some(first) = targets.first().cloned() else {
            self.unknown
                .get_or_insert(Reason::new("DELETE from something that is no table"));
            return;
        };
        let joined = from.iter().any(|item| !item.joins.is_empty());
        let unnamed = if targets.len() > 1 || sources.len() > 1 || joined {
            Some("several tables are named")
        } else if !delete.tables.is_empty() || delete.using.is_some() {
            Some("DELETE … USING chooses rows by other tables")
        } else if !delete.order_by.is_empty() || delete.limit.is_some() {
            Some("ORDER BY and LIMIT choose the rows")
        } else {
            None
        };
        let rows = self.rows(&first, ranges.as_ref(), unnamed, delete.selection.as_ref());
        let returning = self.returning(&first, delete.returning.as_deref(), ranges.as_ref());
        let alias = sources.first().and_then(|(_, alias)| alias.clone());
        let alternatives = match unnamed.is_some() {
            true => Vec::new(),
            false => self.alternatives(&first, alias.as_ref(), delete.selection.as_ref()),
        };
        for name in &targets {
            self.write(
                name,
                TableWrite {
                    table: name.name(),
                    kind: WriteKind::Delete,
                    columns: ColumnSet::All,
                    alternatives: alternatives.clone(),
                    rows: rows.clone(),
                    event: WriteEvent::deletes(),
                    returning: returning.clone(),
                    end: ranges.as_ref().map_or(0, |ranges| ranges.end),
                },
            );
        }
        self.scope_of(&first, alias);
        self.inside(delete);
        self.scopes.pop();
    }

    fn merge(&mut self, merge: &Merge) {
        let TableFactor::Table { name, .. } = &merge.table else {
            self.unknown
                .get_or_insert(Reason::new("MERGE into something that is no table"));
            return;
        };
        let Some(name) = self.target(name) else {
            return;
        };
        self.write(
            &name,
            TableWrite {
                table: name.name(),
                kind: WriteKind::Merge,
                columns: ColumnSet::All,
                alternatives: Vec::new(),
                rows: RowsNamed::Unknown(Reason::new("MERGE chooses the rows")),
                event: WriteEvent::all(),
                returning: None,
                end: 0,
            },
        );
        self.scopes.push(Scope::default());
        self.inside(merge);
        self.scopes.pop();
    }

    fn truncate(&mut self, truncate: &Truncate) {
        let mut names = Vec::new();
        for target in &truncate.table_names {
            names.extend(self.target(&target.name));
        }
        if format!("{truncate}")
            .to_ascii_uppercase()
            .contains("CASCADE")
        {
            self.unknown
                .get_or_insert(Reason::new("TRUNCATE … CASCADE empties more tables"));
        }
        for name in names {
            self.write(
                &name,
                TableWrite {
                    table: name.name(),
                    kind: WriteKind::Truncate,
                    columns: ColumnSet::All,
                    alternatives: Vec::new(),
                    rows: RowsNamed::Unknown(Reason::new("all rows vanish")),
                    event: WriteEvent::deletes(),
                    returning: None,
                    end: 0,
                },
            );
        }
    }

    /// The tables that an item of `UPDATE` or `DELETE … FROM` names, with their aliases.
    fn tables_of(&mut self, item: &TableWithJoins, found: &mut Vec<(Qualified, Option<Name>)>) {
        let mut factors = vec![&item.relation];
        factors.extend(item.joins.iter().map(|join| &join.relation));
        for factor in factors {
            match factor {
                TableFactor::Table { name, alias, .. } => {
                    let alias = alias
                        .as_ref()
                        .map(|alias| fold_ident(self.dialect, &alias.name));
                    found.extend(self.target(name).map(|name| (name, alias)));
                }
                TableFactor::NestedJoin {
                    table_with_joins, ..
                } => {
                    self.tables_of(table_with_joins, found);
                }
                // A subquery cannot be written; it is read like any other.
                _ => {}
            }
        }
    }

    /// What the condition of a write of one table pins.
    fn alternatives(
        &mut self,
        name: &Qualified,
        alias: Option<&Name>,
        selection: Option<&Expr>,
    ) -> Vec<Conjunction> {
        let known = self.catalogue.find(&name.name());
        let alias = alias.unwrap_or(&name.table).clone();
        let reads = self.reads.len();
        self.reads.push(TableRead {
            table: name.table.clone(),
            alias: alias.clone(),
            alternatives: vec![Conjunction::default()],
            columns: ColumnSet::none(),
        });
        let kind = SourceKind::Table { read: reads, known };
        self.scopes.push(Scope {
            sources: vec![Source { alias, kind }],
            ..Scope::default()
        });
        self.pin_only_source(selection);
        self.scopes.pop();
        let found = self.reads.pop().map(|read| read.alternatives);
        found.unwrap_or_default()
    }

    /// Opens a scope with the written table, for the columns that its expressions mention.
    fn scope_of(&mut self, name: &Qualified, alias: Option<Name>) {
        let alias = alias.unwrap_or_else(|| name.table.clone());
        let source = Source {
            alias,
            kind: SourceKind::Derived,
        };
        self.scopes.push(Scope {
            sources: vec![source],
            ..Scope::default()
        });
    }

    /// Walks everything below a write, as a query inside it.
    fn inside<T: sqlparser::ast::Visit>(&mut self, node: &T) {
        let depth = self.depth;
        self.depth = depth.max(1);
        self.walk(node);
        self.depth = depth;
    }

    /// The columns that assignments set.
    fn assigned(&mut self, name: &Qualified, assignments: &[Assignment]) -> ColumnSet {
        let known = self.catalogue.find(&name.name());
        let mut columns = BTreeSet::new();
        for assignment in assignments {
            let targets = match &assignment.target {
                AssignmentTarget::ColumnName(name) => std::slice::from_ref(name),
                AssignmentTarget::Tuple(names) => names.as_slice(),
            };
            for target in targets {
                let Some(ident) = target.0.last().and_then(|part| part.as_ident()) else {
                    return ColumnSet::All;
                };
                let column = fold_ident(self.dialect, ident);
                match known.map(|table| table.canonical(self.dialect, &column)) {
                    Some(Some(column)) => columns.insert(column),
                    // In PostgreSQL the last part may be a field of a composite column.
                    Some(None) => return ColumnSet::All,
                    None if is_rowid(&column) && self.dialect == Dialect::Sqlite => {
                        return ColumnSet::All;
                    }
                    None if target.0.len() > 1 && self.dialect == Dialect::Postgres => {
                        return ColumnSet::All;
                    }
                    None => columns.insert(column),
                };
            }
        }
        ColumnSet::Set(columns)
    }

    fn rows(
        &mut self,
        name: &Qualified,
        ranges: Option<&Ranges>,
        unnamed: Option<&'static str>,
        selection: Option<&Expr>,
    ) -> RowsNamed {
        if let Some(reason) = unnamed {
            return RowsNamed::Unknown(Reason::new(reason));
        }
        let Some(ranges) = ranges else {
            return RowsNamed::Unknown(Reason::new("it is part of a larger statement"));
        };
        if let Some(reason) = &ranges.unnamed {
            return RowsNamed::Unknown(reason.clone());
        }
        let full = name.schema.as_ref().unwrap_or(&name.table);
        let named = ranges
            .first
            .as_ref()
            .is_some_and(|first| first == full || **first == *self.catalogue.default_schema());
        if !named || ranges.condition.is_some() != selection.is_some() {
            return RowsNamed::Unknown(Reason::new("its parts cannot be told apart"));
        }
        if selection.is_some_and(|selection| !function::is_steady(self.dialect, selection)) {
            return RowsNamed::Unknown(Reason::new("its condition differs from call to call"));
        }
        RowsNamed::Where {
            target: ranges.target.clone(),
            condition: ranges.condition.clone(),
            with: ranges.with.clone(),
            first_bind: ranges.first_bind,
            binds: ranges.binds,
            numbered: ranges.numbered,
        }
    }

    fn returning(
        &mut self,
        name: &Qualified,
        items: Option<&[SelectItem]>,
        ranges: Option<&Ranges>,
    ) -> Option<ReturningInfo> {
        let items = items?;
        let mut info = ReturningInfo {
            all_columns: false,
            columns: Vec::new(),
            range: ranges
                .and_then(|ranges| ranges.returning.clone())
                .unwrap_or_default(),
        };
        let known = self.catalogue.find(&name.name());
        for item in items {
            let ident = match item {
                SelectItem::Wildcard(_) => {
                    info.all_columns = true;
                    continue;
                }
                SelectItem::UnnamedExpr(Expr::Identifier(ident)) => ident,
                // PostgreSQL's `old.c` is not what is there afterwards.
                SelectItem::UnnamedExpr(Expr::CompoundIdentifier(idents)) => match &idents[..] {
                    [row, _]
                        if ["old", "new"]
                            .iter()
                            .any(|word| row.value.eq_ignore_ascii_case(word)) =>
                    {
                        continue;
                    }
                    [.., ident] => ident,
                    [] => continue,
                },
                SelectItem::ExprWithAlias {
                    expr: Expr::Identifier(ident),
                    alias,
                } if fold_ident(self.dialect, ident) == fold_ident(self.dialect, alias) => ident,
                _ => continue,
            };
            let column = fold_ident(self.dialect, ident);
            info.columns.push(match known {
                Some(table) => table.canonical(self.dialect, &column).unwrap_or(column),
                None => column,
            });
        }
        Some(info)
    }

    /// Whether any write was found.
    pub(crate) fn writes_anything(&self) -> bool {
        !self.writes.is_empty()
    }
}
