//! What can be told of a query by its form alone.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, LimitClause, Query,
    Select, SelectItem, SetExpr, TableFactor, TableWithJoins,
};

use super::super::walk::{self, Walk};

/// Whether it does not matter which columns a query under `EXISTS` shows.
pub(super) fn only_rows_count(query: &Query) -> bool {
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

pub(super) fn is_aggregate(expr: &Expr) -> bool {
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
pub(super) fn shows_one_aggregate(select: &Select) -> bool {
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
pub(super) fn last_ident(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::Identifier(ident) => Some(ident),
        Expr::CompoundIdentifier(parts) => parts.last(),
        _ => None,
    }
}

/// Whether a source of a `FROM` is made of tables by name alone.
pub(super) fn is_table(from: &TableWithJoins) -> bool {
    let named = |factor: &TableFactor| matches!(factor, TableFactor::Table { .. });
    named(&from.relation) && from.joins.iter().all(|join| named(&join.relation))
}

/// Whether it is `SELECT COUNT(*) FROM (query)` and nothing else.
pub(super) fn counts_one_query(select: &Select) -> bool {
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
        && is_ungrouped(select);
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
pub(super) fn shows_plain_columns(query: &Query) -> bool {
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
        && is_ungrouped(select)
        && query.order_by.is_none()
        && select.projection.iter().all(plain)
}

/// Whether a `SELECT` shows columns, and not only constants and counts.
pub(super) fn shows_columns(select: &Select) -> bool {
    struct Shows(bool);
    impl Walk for Shows {
        fn enter_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            self.0 |= matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            ControlFlow::Continue(())
        }
    }
    let mut shows = Shows(false);
    let _ = walk::over(&select.projection, &mut shows);
    shows.0
}
