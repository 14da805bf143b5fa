//! Walks over syntax trees.
//!
//! The parser makes a walk for each type that walks, of every node that a statement can have: tens of
//! thousands of lines that the compiler would translate again for each of ours. All of ours take the
//! same one.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, ObjectName, Query, TableFactor, Visit, Visitor};

/// What is done on a walk. Whoever breaks ends it.
pub(super) trait Walk {
    /// Before what is inside the query.
    fn enter_query(&mut self, _: &Query) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// After it.
    fn leave_query(&mut self, _: &Query) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Before what is inside the table factor.
    fn enter_table_factor(&mut self, _: &TableFactor) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// At the name of a relation.
    fn enter_relation(&mut self, _: &ObjectName) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// Before what is inside the expression.
    fn enter_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Walks over everything below `node`, in the order of the text. Breaks if the walk was ended.
pub(super) fn over<T: Visit>(node: &T, walk: &mut dyn Walk) -> ControlFlow<()> {
    node.visit(&mut Walking(walk))
}

struct Walking<'w>(&'w mut dyn Walk);

impl Visitor for Walking<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.0.enter_query(query)
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.0.leave_query(query)
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.0.enter_table_factor(factor)
    }

    fn pre_visit_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        self.0.enter_relation(name)
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.0.enter_expr(expr)
    }
}
