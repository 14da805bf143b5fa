//! Functions that always answer alike. All others make an answer uncacheable.

mod moment;
mod names;

pub(crate) use moment::has_moment;

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, Ident, ObjectName, Value as Literal, Visit, WindowType,
};

use super::Analyser;
use super::walk::{self, Walk};
use crate::{Dialect, Reason, name::fold_ident, normalise::slot_of};
use moment::{is_bare_moment, is_given_time, names_a_moment};
use names::{
    BARE, CLOCKS, LISTS, LOOKS, PLACES, PURE, PURE_MYSQL, PURE_POSTGRES, PURE_SQLITE, SEQUENCES,
    SESSION, SQLITE_TIMES, VOLATILE,
};

impl Analyser<'_> {
    /// Looks at every function below `node`, however deep.
    pub(super) fn look_at_functions<T: Visit>(&mut self, node: &T) {
        let mut look = Look {
            dialect: self.dialect,
            reason: None,
            may_write: false,
            times_of_columns: false,
            ordered_by_chance: false,
        };
        let _ = walk::over(node, &mut look);
        self.may_write |= look.may_write;
        self.times_of_columns |= look.times_of_columns;
        self.ordered_by_chance |= look.ordered_by_chance;
        if let Some(reason) = look.reason {
            self.refuse(reason);
        }
    }
}

/// Whether everything below `node` answers alike when asked twice.
pub(super) fn is_steady<T: Visit>(dialect: Dialect, node: &T) -> bool {
    let mut look = Look {
        dialect,
        reason: None,
        may_write: false,
        times_of_columns: false,
        ordered_by_chance: false,
    };
    let _ = walk::over(node, &mut look);
    look.reason.is_none()
}

struct Look {
    dialect: Dialect,
    reason: Option<Reason>,
    may_write: bool,
    times_of_columns: bool,
    ordered_by_chance: bool,
}

impl Walk for Look {
    fn enter_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.function(function),
            Expr::Identifier(ident) => self.identifier(ident),
            Expr::CompoundIdentifier(idents) => idents.iter().for_each(|ident| self.place(ident)),
            // Beside a time it is one, whatever stands there is not looked at.
            Expr::Value(value)
                if self.dialect == Dialect::Postgres && is_bare_moment(&value.value) =>
            {
                self.refuse(Reason::new("a text that beside a time asks for the time"));
            }
            Expr::Value(value) => {
                if let Literal::Placeholder(text) = &value.value
                    && self.dialect == Dialect::MySql
                    && slot_of(text).is_none()
                    && text.starts_with('@')
                {
                    self.refuse(Reason::of(format!("the variable {text}")));
                }
            }
            Expr::Cast {
                expr, data_type, ..
            } => self.cast(expr, data_type),
            Expr::TypedString(typed)
                if self.dialect == Dialect::Postgres && names_a_moment(&typed.value.value) =>
            {
                self.refuse(Reason::new("it asks for the time"));
            }
            Expr::BinaryOp {
                op:
                    BinaryOperator::Custom(_)
                    | BinaryOperator::PGCustomBinaryOperator(_)
                    | BinaryOperator::Assignment,
                ..
            } => {
                self.may_write = true;
                self.refuse(Reason::new("an operator that is not known"));
            }
            Expr::BinaryOp {
                op: BinaryOperator::Regexp,
                ..
            } if self.dialect == Dialect::Sqlite => {
                self.refuse(Reason::new("the function regexp is not SQLite's own"));
            }
            Expr::RLike { .. } if self.dialect == Dialect::Sqlite => {
                self.refuse(Reason::new("the function regexp is not SQLite's own"));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Look {
    fn refuse(&mut self, reason: Reason) {
        self.reason.get_or_insert(reason);
    }

    /// Columns of PostgreSQL that no statement writes and any write of a row changes.
    fn place(&mut self, ident: &Ident) {
        let name = fold_ident(self.dialect, ident);
        if self.dialect == Dialect::Postgres && PLACES.contains(&&*name) {
            self.refuse(Reason::of(format!("{name} tells where a row lies")));
        }
    }

    fn identifier(&mut self, ident: &Ident) {
        self.place(ident);
        if ident.quote_style.is_some() {
            return;
        }
        let name = ident.value.to_ascii_lowercase();
        let asks = match self.dialect {
            Dialect::Sqlite => BARE[..3].contains(&name.as_str()),
            Dialect::MySql => BARE[..8].contains(&name.as_str()) || name.starts_with('@'),
            Dialect::Postgres => BARE.contains(&name.as_str()),
        };
        if asks {
            self.refuse(Reason::of(format!("{name} differs from call to call")));
        }
    }

    fn cast(&mut self, expr: &Expr, data_type: &DataType) {
        let time = matches!(
            data_type,
            DataType::Date
                | DataType::Time(..)
                | DataType::Timestamp(..)
                | DataType::TimestampNtz(..)
        ) || matches!(data_type, DataType::Custom(..));
        if self.dialect != Dialect::Postgres || !time {
            return;
        }
        if let Expr::Value(value) = expr {
            let unsure = match &value.value {
                Literal::Placeholder(_) => true,
                literal => names_a_moment(literal),
            };
            if unsure {
                self.refuse(Reason::new("a text cast to a time may be 'now'"));
            }
        }
    }

    fn function(&mut self, function: &Function) {
        let Some(name) = own_name(&function.name) else {
            self.may_write |= self.dialect != Dialect::Sqlite;
            return self.refuse(Reason::of(format!(
                "the function {} is not known",
                function.name
            )));
        };
        // Windows and lists follow the rows in the order in which they come.
        self.ordered_by_chance |= is_window_without_order(function)
            || LISTS.contains(&name.as_str()) && !is_sorted(function);
        let pure = PURE.binary_search(&name.as_str()).is_ok()
            || match self.dialect {
                Dialect::Sqlite => PURE_SQLITE.binary_search(&name.as_str()).is_ok(),
                Dialect::Postgres => PURE_POSTGRES.binary_search(&name.as_str()).is_ok(),
                Dialect::MySql => PURE_MYSQL.binary_search(&name.as_str()).is_ok(),
            };
        if pure {
            return;
        }
        if self.dialect == Dialect::Sqlite && SQLITE_TIMES.contains(&name.as_str()) {
            if !times_are_given(&name, function) {
                self.refuse(Reason::of(format!("{name} may ask for the time")));
            }
            self.times_of_columns |= works_with_columns(function);
            return;
        }
        let clock = CLOCKS.contains(&name.as_str()) || SESSION.contains(&name.as_str());
        let own =
            |names: &[&str]| self.dialect == Dialect::Postgres && names.contains(&name.as_str());
        let volatile = clock || own(SEQUENCES) || own(LOOKS) || VOLATILE.contains(&name.as_str());
        self.may_write |= !volatile && self.dialect != Dialect::Sqlite || name == "load_extension";
        self.refuse(match volatile {
            true => Reason::of(format!("{name} differs from call to call")),
            false => Reason::of(format!("the function {name} is not known")),
        });
    }
}

/// A function's name, if it is one of the database itself.
fn own_name(name: &ObjectName) -> Option<String> {
    let part = |at: usize| name.0.get(at).and_then(|part| part.as_ident());
    match name.0.len() {
        1 => Some(part(0)?.value.to_ascii_lowercase()),
        2 if part(0)?.value.eq_ignore_ascii_case("pg_catalog") => {
            Some(part(1)?.value.to_ascii_lowercase())
        }
        _ => None,
    }
}

/// Whether SQLite's time function is told every time that it works with.
fn times_are_given(name: &str, function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else {
        return false;
    };
    let mut arguments = Vec::new();
    for argument in &list.args {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => arguments.push(expr),
            _ => return false,
        }
    }
    let times: &[usize] = match name {
        "strftime" => &[1],
        "timediff" => &[0, 1],
        _ => &[0],
    };
    times
        .iter()
        .all(|at| arguments.get(*at).is_some_and(|expr| is_given_time(expr)))
        && arguments.iter().all(|expr| !is_slot(expr))
}

/// Whether an aggregate says in which order it takes its rows.
fn is_sorted(function: &Function) -> bool {
    let sorts =
        |clause: &FunctionArgumentClause| matches!(clause, FunctionArgumentClause::OrderBy(_));
    match &function.args {
        FunctionArguments::List(list) => list.clauses.iter().any(sorts),
        _ => false,
    }
}

fn is_window_without_order(function: &Function) -> bool {
    match &function.over {
        None => false,
        Some(WindowType::WindowSpec(window)) => window.order_by.is_empty(),
        Some(WindowType::NamedWindow(_)) => true,
    }
}

fn works_with_columns(function: &Function) -> bool {
    struct Columns(bool);
    impl Walk for Columns {
        fn enter_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
            self.0 |= matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            ControlFlow::Continue(())
        }
    }
    let mut columns = Columns(false);
    let _ = walk::over(&function.args, &mut columns);
    columns.0
}

fn is_slot(expr: &Expr) -> bool {
    matches!(expr, Expr::Value(value) if matches!(value.value, Literal::Placeholder(_)))
}

/// Whether a function in a `FROM` answers alike for the same arguments.
pub(super) fn is_pure_table(dialect: Dialect, name: &str) -> bool {
    match dialect {
        Dialect::Sqlite => [
            "json_each",
            "json_tree",
            "jsonb_each",
            "jsonb_tree",
            "generate_series",
        ]
        .contains(&name),
        Dialect::Postgres => name == "unnest" || PURE_POSTGRES.binary_search(&name).is_ok(),
        Dialect::MySql => false,
    }
}
