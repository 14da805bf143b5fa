//! Which columns an expression mentions, and whose they are.

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, ObjectName,
};

use super::own::is_of_a_version;
use crate::analyse::{
    Analyser,
    scope::{Owns, Source, add_all, add_column},
};
use crate::{
    catalogue::is_rowid,
    name::{Qualified, fold_ident},
};

impl Analyser<'_> {
    /// One expression, without those inside it.
    pub(in crate::analyse) fn mention(&mut self, expr: &Expr) {
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

    pub(super) fn mention_all(&mut self) {
        if let Some(scope) = self.scopes.last() {
            for read in scope.sources.iter().filter_map(Source::read) {
                add_all(&mut self.reads[read]);
            }
        }
    }

    pub(super) fn mention_all_of(&mut self, name: &ObjectName) {
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
