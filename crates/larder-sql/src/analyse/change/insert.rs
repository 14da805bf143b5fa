//! `INSERT` and its kin: what they may meet, and by which values they name their rows.

use sqlparser::ast::{
    Assignment, AssignmentTarget, ConflictTarget, Expr, Insert, OnConflictAction, OnInsert,
    SetExpr, SqliteOnConflict, TableObject,
};

use crate::analyse::Analyser;
use crate::{
    ColumnSet, Dialect, Name, Reason, RowsNamed, TableWrite, WriteEvent, WriteKind, limit,
    name::{Qualified, fold_ident},
};

impl Analyser<'_> {
    pub(super) fn insert(&mut self, insert: &Insert) {
        let ranges = self.own_ranges();
        let TableObject::TableName(name) = &insert.table else {
            self.unknown
                .get_or_insert(Reason::new("INSERT into something that is no table"));
            return;
        };
        let Some(name) = self.target(name) else {
            return;
        };
        if insert.multi_table_insert_type.is_some() || insert.overwrite {
            self.unknown
                .get_or_insert(Reason::new("an INSERT that is not understood"));
            return;
        }
        let update = match &insert.on {
            Some(OnInsert::DuplicateKeyUpdate(assignments)) => {
                let changes = |assignment: &&Assignment| !is_to_itself(self.dialect, assignment);
                let changes: Vec<Assignment> =
                    assignments.iter().filter(changes).cloned().collect();
                Some(self.assigned(&name, &changes))
            }
            Some(OnInsert::OnConflict(conflict)) => match &conflict.action {
                OnConflictAction::DoUpdate(update) => {
                    Some(self.assigned(&name, &update.assignments))
                }
                OnConflictAction::DoNothing => None,
            },
            Some(_) => Some(ColumnSet::All),
            None => None,
        };
        let replaces = insert.replace_into || insert.or == Some(SqliteOnConflict::Replace);
        let kind = match (replaces, &update) {
            (true, _) => WriteKind::Replace,
            (false, Some(_)) => WriteKind::Upsert,
            (false, None) => WriteKind::Insert,
        };
        let returning = self.returning(&name, insert.returning.as_deref(), ranges.as_ref());
        let keys = ranges.as_ref().and_then(|_| {
            let columns = self.key_columns(&name, insert, kind)?;
            let rows = self.given(&name, insert, &columns)?;
            Some(RowsNamed::Keys { columns, rows })
        });
        self.write(
            &name,
            TableWrite {
                table: name.name(),
                kind,
                columns: ColumnSet::All,
                alternatives: Vec::new(),
                rows: keys.unwrap_or(RowsNamed::Inserted),
                event: WriteEvent {
                    insert: true,
                    update,
                    delete: replaces,
                },
                returning,
                end: ranges.map_or(0, |ranges| ranges.end),
            },
        );
        self.scope_of(&name, None);
        let depth = self.depth;
        self.depth = depth.max(1);
        if let Some(source) = &insert.source {
            self.query(source);
        }
        self.depth = depth;
        self.walk(&insert.assignments);
        self.walk(&insert.on);
        self.walk(&insert.returning);
        self.scopes.pop();
    }

    /// The columns by whose values an `INSERT` names its rows, where that is of use.
    ///
    /// MySQL does not tell what it has inserted: those of the primary key. PostgreSQL does, and not what
    /// an upsert has met: those of the conflict target.
    fn key_columns(&self, name: &Qualified, insert: &Insert, kind: WriteKind) -> Option<Vec<Name>> {
        let known = self.catalogue.find(&name.name())?;
        let columns = match (self.dialect, kind, &insert.on) {
            // What passes over rows may also change what it is given.
            (Dialect::MySql, WriteKind::Upsert | WriteKind::Replace, _) if insert.ignore => {
                return None;
            }
            (Dialect::MySql, ..) => known.primary_key.clone(),
            (Dialect::Postgres, WriteKind::Upsert, Some(OnInsert::OnConflict(conflict))) => {
                let Some(ConflictTarget::Columns(idents)) = &conflict.conflict_target else {
                    return None;
                };
                let column =
                    |ident| known.canonical(self.dialect, &fold_ident(self.dialect, ident));
                idents.iter().map(column).collect::<Option<_>>()?
            }
            _ => return None,
        };
        (!columns.is_empty()).then_some(columns)
    }

    /// The values that an `INSERT` gives to these columns of its rows, if it does so for all of them.
    fn given(
        &mut self,
        name: &Qualified,
        insert: &Insert,
        keys: &[Name],
    ) -> Option<Vec<Vec<usize>>> {
        let known = self.catalogue.find(&name.name())?;
        let SetExpr::Values(values) = &*insert.source.as_ref()?.body else {
            return None;
        };
        if values.rows.len() > limit::ROWS_MAX {
            return None;
        }
        let mut columns = Vec::new();
        for column in &insert.columns {
            let ident = column.0.last()?.as_ident()?;
            columns.push(known.canonical(self.dialect, &fold_ident(self.dialect, ident))?);
        }
        if columns.is_empty() {
            let shown = known.columns.iter().filter(|column| !column.hidden);
            columns.extend(shown.map(|column| column.name.clone()));
        }
        let place = |key| columns.iter().position(|column| column == key);
        let places: Vec<usize> = keys.iter().map(place).collect::<Option<_>>()?;
        let mut rows = Vec::with_capacity(values.rows.len());
        for row in &values.rows {
            if row.content.len() != columns.len() {
                return None;
            }
            let key = places.iter().map(|place| self.slot(&row.content[*place]));
            rows.push(key.collect::<Option<Vec<_>>>()?);
        }
        Some(rows)
    }
}

/// Whether a column is set to what it is: how MySQL is told to do nothing on a conflict.
fn is_to_itself(dialect: Dialect, assignment: &Assignment) -> bool {
    let (AssignmentTarget::ColumnName(name), Expr::Identifier(value)) =
        (&assignment.target, &assignment.value)
    else {
        return false;
    };
    let column = name.0.last().and_then(|part| part.as_ident());
    column.is_some_and(|column| fold_ident(dialect, column) == fold_ident(dialect, value))
}
