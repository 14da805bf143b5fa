//! What stands in a `FROM`: tables, views, queries, functions.

use sqlparser::ast::{Ident, TableFactor, TableWithJoins};

use super::own::is_system;
use crate::analyse::{
    Analyser, function,
    scope::{Scope, Source, SourceKind, add_all},
};
use crate::{
    ColumnSet, Conjunction, Dialect, Name, Reason, TableKind, TableRead, limit,
    name::{Qualified, fold_ident},
    parse,
};

impl<'a> Analyser<'a> {
    /// Adds the sources of one item of a `FROM`.
    pub(in crate::analyse) fn register(&mut self, from: &TableWithJoins) {
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
    pub(in crate::analyse) fn read_whole(&mut self, name: &Qualified) {
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

    pub(in crate::analyse) fn read_table_or_view(&mut self, name: Name) {
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
}
