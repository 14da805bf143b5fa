//! Queries: their tables, their scopes, the columns they mention.

mod form;
mod mention;
mod own;
mod source;

pub(super) use own::is_system;

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
};

use super::{
    Analyser, TOO_DEEP,
    scope::{Scope, Source, SourceKind, add_all},
    walk::Walk,
};
use crate::{
    Dialect, Name, PinValue, Reason, limit,
    name::{Qualified, fold, fold_ident},
};
use form::{
    counts_one_query, is_aggregate, is_table, last_ident, only_rows_count, shows_columns,
    shows_one_aggregate, shows_plain_columns,
};

/// Hands every expression to the analyser, and every query inside one.
pub(super) struct Walker<'w, 'a> {
    pub(super) analyser: &'w mut Analyser<'a>,
    /// Queries around: what is inside them was handed over with them.
    pub(super) depth: usize,
}

impl Walk for Walker<'_, '_> {
    fn enter_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.analyser.query(query);
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn leave_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn enter_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.depth == 0 {
            self.analyser.mention(expr);
        }
        ControlFlow::Continue(())
    }
}

impl<'a> Analyser<'a> {
    /// Analyses one query with everything inside it.
    pub(super) fn query(&mut self, query: &Query) {
        if self.depth >= limit::QUERIES_DEPTH_MAX {
            self.unknown.get_or_insert(TOO_DEEP);
            return;
        }
        self.depth += 1;
        self.nested |= self.depth > 1;
        let limited = query.limit_clause.is_some() || query.fetch.is_some();
        let plain =
            matches!(&*query.body, SetExpr::Select(select) if select.from.iter().all(is_table));
        if limited && query.order_by.is_none() && !plain {
            self.ordered_by_chance = true;
        }
        let counted = std::mem::take(&mut self.counted) && shows_plain_columns(query);
        let scalar = std::mem::take(&mut self.scalar);
        let exists = (std::mem::take(&mut self.exists) && only_rows_count(query)) || counted;
        let ctes = self.ctes.len();
        if let Some(with) = &query.with {
            for cte in &with.cte_tables {
                let name = fold_ident(self.dialect, &cte.alias.name);
                self.cte_names.insert(name.clone());
                // SQLite needs no RECURSIVE to let a CTE name itself; elsewhere, without it, the
                // name means a table inside its own query.
                let names_itself = with.recursive || self.dialect == Dialect::Sqlite;
                if names_itself {
                    self.ctes.push(name.clone());
                }
                self.query(&cte.query);
                if !names_itself {
                    self.ctes.push(name);
                }
            }
            // Where a later CTE is named before it is declared, the name may mean a table.
            if with.recursive || self.dialect == Dialect::Sqlite {
                self.look_for_hidden_tables(with.cte_tables.iter().map(|cte| &cte.alias.name));
            }
        }
        if !query.locks.is_empty() {
            self.refuse(Reason::new("it locks rows"));
        }
        if query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
        {
            self.refuse(Reason::new("a clause that is not understood"));
        }
        let scope = match &*query.body {
            SetExpr::Select(select) if counted => {
                let mut rows = select.clone();
                rows.projection.clear();
                Some(self.select(&rows, exists))
            }
            SetExpr::Select(select) => Some(self.select(select, exists)),
            body => {
                self.set_operations(body);
                None
            }
        };
        if let (Some(scope), SetExpr::Select(select)) = (&scope, &*query.body)
            && query.order_by.is_none()
            && (query.limit_clause.is_some() || query.fetch.is_some() || scalar)
            && !exists
            && shows_columns(select)
            && !shows_one_aggregate(select)
        {
            // Which rows come first is the database's choice, and may follow any column.
            let reads: Vec<usize> = scope.sources.iter().filter_map(Source::read).collect();
            if !self.is_one_row(scope, &reads) {
                self.widen(Reason::new(
                    "a choice without ORDER BY may follow any column",
                ));
                for read in reads {
                    add_all(&mut self.reads[read]);
                }
            }
        }
        let scoped = scope.is_some();
        self.scopes.extend(scope);
        self.walk(&query.order_by);
        self.walk(&query.limit_clause);
        if let Some(fetch) = &query.fetch {
            self.walk(&fetch.quantity);
        }
        if scoped {
            self.scopes.pop();
        }
        self.ctes.truncate(ctes);
        self.depth -= 1;
    }

    /// Whether a query of one table pins its primary key, so that there is nothing to choose.
    fn is_one_row(&self, scope: &Scope<'_>, reads: &[usize]) -> bool {
        let ([source], [read]) = (scope.sources.as_slice(), reads) else {
            return false;
        };
        let SourceKind::Table {
            known: Some(table), ..
        } = source.kind
        else {
            return false;
        };
        let [conjunction] = self.reads[*read].alternatives.as_slice() else {
            return false;
        };
        let pinned = |column: &Name| {
            conjunction.pins.iter().any(|pin| {
                pin.column == *column
                    && matches!(pin.value, PinValue::Slot(slot) if !self.lists.contains(&slot))
            })
        };
        !table.primary_key.is_empty() && table.primary_key.iter().all(pinned)
    }

    fn look_for_hidden_tables<'i>(&mut self, names: impl Iterator<Item = &'i Ident>) {
        for ident in names {
            let name = fold_ident(self.dialect, ident);
            if let Some(table) = self.catalogue.find(&name) {
                self.read_table_or_view(table.name.clone());
            }
        }
    }

    /// `UNION` and its like, flattened: a long chain is deep on its left side.
    fn set_operations(&mut self, body: &SetExpr) {
        let mut parts = vec![body];
        while let Some(part) = parts.pop() {
            match part {
                SetExpr::SetOperation { left, right, .. } => {
                    parts.push(right);
                    parts.push(left);
                }
                SetExpr::Select(select) => {
                    self.select(select, false);
                }
                SetExpr::Query(query) => self.query(query),
                SetExpr::Values(values) => self.walk(values),
                SetExpr::Table(table) => {
                    let parts = [&table.schema_name, &table.table_name];
                    let parts = parts.into_iter().flatten();
                    let parts = parts.map(|part| fold(self.dialect, part, false)).collect();
                    match Qualified::new(self.catalogue, parts) {
                        Some(name) => self.read_whole(&name),
                        None => self.refuse(Reason::new("a TABLE without a name")),
                    }
                }
                SetExpr::Insert(change)
                | SetExpr::Update(change)
                | SetExpr::Delete(change)
                | SetExpr::Merge(change) => self.change(change),
            }
        }
    }

    /// Analyses a `SELECT` and gives back its scope, for what follows it.
    fn select(&mut self, select: &Select, exists: bool) -> Scope<'a> {
        self.scopes.push(Scope::default());
        for from in &select.from {
            self.register(from);
        }
        let mut results = std::collections::BTreeSet::new();
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { alias, .. } = item {
                results.insert(fold_ident(self.dialect, alias));
            }
            if exists {
                continue;
            }
            match item {
                SelectItem::Wildcard(_) => self.mention_all(),
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    _,
                ) => self.mention_all_of(name),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => {
                    self.mention_all();
                }
                SelectItem::UnnamedExpr(_)
                | SelectItem::ExprWithAlias { .. }
                | SelectItem::ExprWithAliases { .. } => {}
            }
        }
        if select.into.is_some() {
            self.unknown
                .get_or_insert(Reason::new("SELECT INTO makes a table"));
        }
        if matches!(select.group_by, GroupByExpr::All(_)) || !select.lateral_views.is_empty() {
            self.mention_all();
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.results = results;
        }
        self.counted = counts_one_query(select);
        self.ordered_by_chance |= self.shows_bare_columns(select);
        self.walk(select);
        self.pin(&select.from, select.selection.as_ref());
        self.scopes.pop().unwrap_or_default()
    }

    /// Whether a `SELECT` of groups shows a column that they are not made by: one row of each group
    /// is chosen for it, and nobody says which. Columns of a table by whose key the groups are made
    /// are the same in all rows of a group.
    fn shows_bare_columns(&self, select: &Select) -> bool {
        let shown = || {
            select.projection.iter().filter_map(|item| match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                    Some(expr)
                }
                _ => None,
            })
        };
        let GroupByExpr::Expressions(by, _) = &select.group_by else {
            return false;
        };
        if by.is_empty() && !shown().any(is_aggregate) {
            return false;
        }
        // `GROUP BY 1` names what is shown by its place.
        if by.iter().any(|expr| matches!(expr, Expr::Value(_))) {
            return false;
        }
        let by: Vec<&Ident> = by.iter().filter_map(last_ident).collect();
        let is_by = |name: &str| by.iter().any(|by| by.value.eq_ignore_ascii_case(name));
        let follows_key = |column: &Ident| {
            let sources = self
                .scopes
                .last()
                .into_iter()
                .flat_map(|scope| &scope.sources);
            let mut owners = sources.filter_map(|source| match &source.kind {
                SourceKind::Table { known, .. } => *known,
                _ => None,
            });
            let owns = |table: &&crate::Table| table.column(&column.value).is_some();
            let keyed = |table: &crate::Table| {
                !table.primary_key.is_empty() && table.primary_key.iter().all(|key| is_by(key))
            };
            let mut known = false;
            owners.by_ref().filter(owns).all(|table| {
                known = true;
                keyed(table)
            }) && known
        };
        shown()
            .filter_map(last_ident)
            .any(|column| !is_by(&column.value) && !follows_key(column))
    }
}
