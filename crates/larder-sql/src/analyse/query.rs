//! Queries: their tables, their scopes, the columns they mention.

use std::ops::ControlFlow;

use sqlparser::ast::LimitClause;
use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident,
    ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, TableFactor,
    TableWithJoins, Visitor,
};

use super::{
    Analyser, TOO_DEEP, function,
    scope::{Owns, Scope, Source, SourceKind, add_all, add_column},
};
use crate::{
    ColumnSet, Conjunction, Dialect, Name, PinValue, Reason, TableKind, TableRead,
    catalogue::is_rowid,
    limit,
    name::{Qualified, fold, fold_ident},
    parse,
};

/// Hands every expression to the analyser, and every query inside one.
pub(super) struct Walker<'w, 'a> {
    pub(super) analyser: &'w mut Analyser<'a>,
    /// Queries around: what is inside them was handed over with them.
    pub(super) depth: usize,
}

impl Visitor for Walker<'_, '_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if self.depth == 0 {
            self.analyser.query(query);
        }
        self.depth += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<()> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
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

    /// Adds the sources of one item of a `FROM`.
    pub(super) fn register(&mut self, from: &TableWithJoins) {
        self.register_factor(&from.relation);
        for join in &from.joins {
            self.register_factor(&join.relation);
        }
        self.register_merged_columns(from);
    }

    fn register_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                version,
                sample,
                ..
            } => {
                let alias = alias
                    .as_ref()
                    .map(|alias| fold_ident(self.dialect, &alias.name));
                if version.is_some() || sample.is_some() {
                    self.refuse(Reason::new("a sample or an older version of a table"));
                }
                let Some(name) = self.qualified(name) else {
                    return self.derived(Name::from(""));
                };
                if args.is_some() {
                    self.table_function(&name);
                    self.derived(alias.unwrap_or(name.table));
                } else {
                    self.table(&name, alias);
                }
            }
            TableFactor::Derived { alias, sample, .. } => {
                if sample.is_some() {
                    self.refuse(Reason::new("a sample of a table"));
                }
                self.derived_named(alias.as_ref().map(|alias| &alias.name));
            }
            TableFactor::Function { name, alias, .. } => {
                if let Some(name) = self.qualified(name) {
                    self.table_function(&name);
                }
                self.derived_named(alias.as_ref().map(|alias| &alias.name));
            }
            TableFactor::UNNEST { alias, .. } | TableFactor::JsonTable { alias, .. } => {
                self.derived_named(alias.as_ref().map(|alias| &alias.name));
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                let first = self.scopes.last().map_or(0, |scope| scope.sources.len());
                self.register(table_with_joins);
                if alias.is_some() {
                    // The alias hides the tables: their columns are named through it.
                    let scope = self.scopes.last();
                    let inside = scope
                        .into_iter()
                        .flat_map(|scope| scope.sources.iter().skip(first));
                    let reads: Vec<usize> = inside.filter_map(Source::read).collect();
                    for read in reads {
                        add_all(&mut self.reads[read]);
                    }
                }
                self.derived_named(alias.as_ref().map(|alias| &alias.name));
            }
            _ => {
                self.refuse(Reason::new("a FROM that is not understood"));
                self.loose = true;
                self.derived(Name::from(""));
            }
        }
    }

    fn derived_named(&mut self, alias: Option<&Ident>) {
        let alias = alias.map_or_else(|| Name::from(""), |alias| fold_ident(self.dialect, alias));
        self.derived(alias);
    }

    fn derived(&mut self, alias: Name) {
        self.source(Source {
            alias,
            kind: SourceKind::Derived,
        });
    }

    fn source(&mut self, source: Source<'a>) {
        match self.scopes.last_mut() {
            Some(scope) => scope.sources.push(source),
            None => self.scopes.push(Scope {
                sources: vec![source],
                ..Scope::default()
            }),
        }
    }

    fn table_function(&mut self, name: &Qualified) {
        if name.schema.is_some() || !function::is_pure_table(self.dialect, &name.table) {
            let reason = format!("the table function {}", name.name());
            self.refuse(Reason::of(reason));
            self.may_write |= self.dialect != Dialect::Sqlite;
        }
    }

    /// A table, view or CTE in a `FROM`.
    fn table(&mut self, name: &Qualified, alias: Option<Name>) {
        let alias_or_name = alias.unwrap_or_else(|| name.table.clone());
        if name.schema.is_none() && self.ctes.contains(&name.table) {
            return self.derived(alias_or_name);
        }
        if let Some(reason) = is_system(self.dialect, name) {
            self.refuse(reason);
            return self.derived(alias_or_name);
        }
        let full = name.name();
        if let Some(schema) = &name.schema
            && self.catalogue.find(&full).is_none()
        {
            if self.catalogue.knows_other_schemas() {
                self.refuse(Reason::of(format!("{schema} is another database")));
            }
            // The same table may be written by its bare name, through a search path.
            self.read_all(name.table.clone());
        }
        let known = self.catalogue.find(&full);
        if let Some(table) = known
            && let TableKind::View { .. } = table.kind
        {
            self.view(table.name.clone());
            return self.derived(alias_or_name);
        }
        let mut columns = ColumnSet::none();
        if let Some(table) = known {
            if table.kind == TableKind::Virtual {
                columns = ColumnSet::All;
                self.widen(Reason::of(format!("{full} is a virtual table")));
                for other in &table.reads_through {
                    self.read_table_or_view(other.clone());
                }
            }
        } else if !self.catalogue.is_empty() {
            columns = ColumnSet::All;
            self.widen(Reason::of(format!("the table {full} is not known")));
        }
        let read = self.reads.len();
        self.reads.push(TableRead {
            table: known.map_or(full, |table| table.name.clone()),
            alias: alias_or_name.clone(),
            alternatives: vec![Conjunction::default()],
            columns,
        });
        self.source(Source {
            alias: alias_or_name,
            kind: SourceKind::Table { read, known },
        });
    }

    /// A table of which every row and column counts.
    pub(super) fn read_whole(&mut self, name: &Qualified) {
        if name.schema.is_none() && self.ctes.contains(&name.table) {
            return;
        }
        if let Some(reason) = is_system(self.dialect, name) {
            return self.refuse(reason);
        }
        if let Some(schema) = &name.schema {
            if self.catalogue.knows_other_schemas() && self.catalogue.find(&name.name()).is_none() {
                self.refuse(Reason::of(format!("{schema} is another database")));
            }
            self.read_all(name.table.clone());
        }
        self.read_table_or_view(name.name());
    }

    pub(super) fn read_table_or_view(&mut self, name: Name) {
        match self.catalogue.find(&name) {
            Some(table) if matches!(table.kind, TableKind::View { .. }) => {
                self.view(table.name.clone());
            }
            Some(table) => self.read_all(table.name.clone()),
            None => self.read_all(name),
        }
    }

    /// Analyses a view's query in place of the view.
    fn view(&mut self, name: Name) {
        if self.views.contains(&name) || self.views.len() >= limit::QUERIES_DEPTH_MAX {
            return;
        }
        let Some(table) = self.catalogue.find(&name) else {
            return;
        };
        let Some(query) = parse::view_query(self.catalogue, table) else {
            self.unknown
                .get_or_insert(Reason::of(format!("the view {name} is not understood")));
            return;
        };
        self.nested = true;
        self.expanded.insert(name.clone());
        self.views.push(name);
        let scopes = std::mem::take(&mut self.scopes);
        let ctes = std::mem::take(&mut self.ctes);
        let exists = std::mem::take(&mut self.exists);
        self.look_at_functions(&query);
        self.query(&query);
        self.catch_missed(&query);
        self.exists = exists;
        self.ctes = ctes;
        self.scopes = scopes;
        self.views.pop();
    }

    /// One expression, without those inside it.
    pub(super) fn mention(&mut self, expr: &Expr) {
        match expr {
            Expr::Identifier(ident) => self.mention_column(None, ident),
            Expr::CompoundIdentifier(idents) => match idents.as_slice() {
                [.., qualifier, column] => self.mention_column(Some(qualifier), column),
                [column] => self.mention_column(None, column),
                [] => {}
            },
            Expr::QualifiedWildcard(name, _) => self.mention_all_of(name),
            Expr::Wildcard(_) => self.mention_all(),
            Expr::MatchAgainst { columns, .. } => {
                for column in columns {
                    if let Some(ident) = column.0.last().and_then(|part| part.as_ident()) {
                        self.mention_column(None, ident);
                    }
                }
            }
            Expr::Exists { .. } => self.exists = true,
            Expr::Subquery(_) => self.scalar = true,
            Expr::Function(function) => self.mention_arguments(function),
            _ => {}
        }
    }

    /// `f(t.*)`, which is no expression of its own.
    fn mention_arguments(&mut self, function: &Function) {
        let FunctionArguments::List(list) = &function.args else {
            return;
        };
        for argument in &list.args {
            let (FunctionArg::Named { arg, .. }
            | FunctionArg::ExprNamed { arg, .. }
            | FunctionArg::Unnamed(arg)) = argument;
            match arg {
                FunctionArgExpr::QualifiedWildcard(name) => self.mention_all_of(name),
                FunctionArgExpr::Wildcard | FunctionArgExpr::WildcardWithOptions(_) => {
                    let counts = function.name.0.last().and_then(|part| part.as_ident());
                    if !counts.is_some_and(|name| name.value.eq_ignore_ascii_case("count")) {
                        self.mention_all();
                    }
                }
                FunctionArgExpr::Expr(_) => {}
            }
        }
    }

    /// A column by name: it is added wherever it could belong.
    fn mention_column(&mut self, qualifier: Option<&Ident>, ident: &Ident) {
        let column = fold_ident(self.dialect, ident);
        let qualifier = qualifier.map(|ident| fold_ident(self.dialect, ident));
        let mut found = Vec::new();
        for scope in self.scopes.iter().rev() {
            let mut certain = false;
            for source in &scope.sources {
                if let Some(qualifier) = &qualifier {
                    if source.alias != *qualifier {
                        continue;
                    }
                    certain = true;
                } else if source.alias == column {
                    // The name of a table stands for its whole row.
                    found.extend(source.read().map(|read| (read, None)));
                }
                match source.owns(self.dialect, &column) {
                    Owns::Yes(name) => {
                        certain = true;
                        found.extend(source.read().map(|read| (read, Some(name))));
                    }
                    // Without a schema nobody knows which column is the rowid.
                    Owns::Perhaps(name) if is_rowid(&name) => {
                        found.extend(source.read().map(|read| (read, None)));
                    }
                    Owns::Perhaps(name) => {
                        found.extend(source.read().map(|read| (read, Some(name))));
                    }
                    // The catalogue may be behind, or the name may mean a row's whole.
                    Owns::No if qualifier.is_some() || is_of_a_version(self.dialect, &column) => {
                        found.extend(source.read().map(|read| (read, None)));
                    }
                    Owns::No => {}
                }
            }
            if certain {
                break;
            }
        }
        for (read, column) in found {
            match column {
                Some(column) => add_column(&mut self.reads[read], column),
                None => add_all(&mut self.reads[read]),
            }
        }
    }

    fn mention_all(&mut self) {
        if let Some(scope) = self.scopes.last() {
            for read in scope.sources.iter().filter_map(Source::read) {
                add_all(&mut self.reads[read]);
            }
        }
    }

    fn mention_all_of(&mut self, name: &ObjectName) {
        let alias = Qualified::of(self.catalogue, name).map(|name| name.table);
        for scope in self.scopes.iter().rev() {
            let mut found = false;
            for source in scope
                .sources
                .iter()
                .filter(|source| Some(&source.alias) == alias.as_ref())
            {
                found = true;
                if let Some(read) = source.read() {
                    add_all(&mut self.reads[read]);
                }
            }
            if found {
                return;
            }
        }
        self.mention_all();
    }
}

/// Whether it does not matter which columns a query under `EXISTS` shows.
fn only_rows_count(query: &Query) -> bool {
    let SetExpr::Select(select) = &*query.body else {
        return false;
    };
    let skips = match &query.limit_clause {
        None => false,
        Some(LimitClause::LimitOffset { offset, .. }) => offset.is_some(),
        Some(LimitClause::OffsetCommaLimit { .. }) => true,
    };
    select.distinct.is_none() && !skips
}

/// Aggregates of one row for all, known to every database.
const AGGREGATES: [&str; 6] = ["avg", "count", "max", "min", "sum", "total"];

fn is_aggregate(expr: &Expr) -> bool {
    match expr {
        Expr::Nested(inner) => is_aggregate(inner),
        Expr::Function(function) => {
            let name = function.name.to_string();
            function.over.is_none()
                && AGGREGATES
                    .iter()
                    .any(|known| name.eq_ignore_ascii_case(known))
        }
        _ => false,
    }
}

/// Whether a `SELECT` shows one aggregate and nothing else: it has one row.
fn shows_one_aggregate(select: &Select) -> bool {
    let one = match select.projection.as_slice() {
        [SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }] => {
            is_aggregate(expr)
        }
        _ => false,
    };
    one && is_ungrouped(select)
}

fn is_ungrouped(select: &Select) -> bool {
    matches!(&select.group_by, GroupByExpr::Expressions(by, more) if by.is_empty() && more.is_empty())
}

/// The name of a column without its table's.
fn last_ident(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    }
}

/// Whether a source of a `FROM` is made of tables by name alone.
fn is_table(from: &TableWithJoins) -> bool {
    let named = |factor: &TableFactor| matches!(factor, TableFactor::Table { .. });
    named(&from.relation) && from.joins.iter().all(|join| named(&join.relation))
}

/// Whether it is `SELECT COUNT(*) FROM (query)` and nothing else.
fn counts_one_query(select: &Select) -> bool {
    let ([item], [from]) = (select.projection.as_slice(), select.from.as_slice()) else {
        return false;
    };
    let (SelectItem::UnnamedExpr(Expr::Function(count))
    | SelectItem::ExprWithAlias {
        expr: Expr::Function(count),
        ..
    }) = item
    else {
        return false;
    };
    let named_count = count.name.to_string().eq_ignore_ascii_case("count");
    let of_rows = matches!(&count.args, FunctionArguments::List(list)
        if list.duplicate_treatment.is_none()
            && list.clauses.is_empty()
            && matches!(list.args.as_slice(), [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]));
    let nothing_else = select.selection.is_none()
        && select.having.is_none()
        && select.distinct.is_none()
        && select.qualify.is_none()
        && matches!(&select.group_by, GroupByExpr::Expressions(by, more) if by.is_empty() && more.is_empty());
    named_count
        && of_rows
        && count.over.is_none()
        && count.filter.is_none()
        && nothing_else
        && from.joins.is_empty()
        && matches!(
            &from.relation,
            TableFactor::Derived {
                lateral: false,
                sample: None,
                ..
            }
        )
}

/// Whether a query shows nothing but columns, each of its rows once: then what it shows does not
/// change how many rows it has.
fn shows_plain_columns(query: &Query) -> bool {
    let SetExpr::Select(select) = &*query.body else {
        return false;
    };
    let plain = |item: &SelectItem| match item {
        SelectItem::UnnamedExpr(expr) => {
            matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
        }
        SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => true,
        // The rest of the query may name what it shows by the alias.
        SelectItem::ExprWithAlias { .. } | SelectItem::ExprWithAliases { .. } => false,
    };
    select.distinct.is_none()
        && matches!(&select.group_by, GroupByExpr::Expressions(by, more) if by.is_empty() && more.is_empty())
        && query.order_by.is_none()
        && select.projection.iter().all(plain)
}

/// Whether a `SELECT` shows columns, and not only constants and counts.
fn shows_columns(select: &Select) -> bool {
    struct Shows(bool);
    impl Visitor for Shows {
        type Break = ();
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            self.0 |= matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            ControlFlow::Continue(())
        }
    }
    let mut shows = Shows(false);
    let _ = sqlparser::ast::Visit::visit(&select.projection, &mut shows);
    shows.0
}

/// Why a table of the database itself cannot be followed.
pub(super) fn is_system(dialect: Dialect, name: &Qualified) -> Option<Reason> {
    let schema = name.schema.as_deref().unwrap_or_default();
    let table = &*name.table;
    let system = match dialect {
        Dialect::Sqlite => {
            table.starts_with("sqlite_") || table.starts_with("pragma_") || table == "dbstat"
        }
        Dialect::Postgres => {
            schema == "pg_catalog" || schema == "information_schema" || table.starts_with("pg_")
        }
        Dialect::MySql => {
            ["information_schema", "mysql", "performance_schema", "sys"].contains(&schema)
        }
    };
    system.then(|| Reason::of(format!("{} is the database's own table", name.name())))
}

/// Whether PostgreSQL gives a column of this name to every row, which differs whenever the row was
/// written again.
fn is_of_a_version(dialect: Dialect, column: &str) -> bool {
    dialect == Dialect::Postgres
        && ["xmin", "xmax", "cmin", "cmax", "ctid", "tableoid"].contains(&column)
}
