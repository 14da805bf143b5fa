//! From syntax trees to what they read and write.
//!
//! [`Analyser`] keeps what was found so far. `query.rs` walks queries and resolves names against
//! scopes, `join.rs` and `condition.rs` turn conditions into pins, `function.rs` knows which
//! functions always answer alike, `change.rs` handles writes, `net.rs` looks over everything again.

mod change;
mod condition;
mod function;
mod join;
mod net;
mod query;
mod scope;
mod walk;

pub(crate) use change::Ranges;
pub(crate) use function::has_moment;

use std::collections::BTreeSet;

use sqlparser::ast::{ObjectName, ObjectNamePart, Statement, Visit};

use crate::{
    Catalogue, ColumnSet, Conjunction, Dialect, Name, ReadSet, Reason, Slot, TableRead, TableWrite,
    Value, limit, name::Qualified,
};

use scope::Scope;

/// The parser gave up a statement this deep in queries.
const TOO_DEEP: Reason = Reason::new("queries are nested too deeply");

/// What was found so far in one statement.
pub(crate) struct Analyser<'a> {
    pub(crate) catalogue: &'a Catalogue,
    dialect: Dialect,
    /// Innermost last.
    scopes: Vec<Scope<'a>>,
    /// Names of CTEs that can be seen, innermost last.
    ctes: Vec<Name>,
    /// Names of all CTEs seen anywhere.
    cte_names: BTreeSet<Name>,
    /// Views being expanded.
    views: Vec<Name>,
    /// Views expanded so far.
    expanded: BTreeSet<Name>,
    depth: usize,
    /// The next query only has to have rows; its columns do not matter.
    exists: bool,
    /// The next query gives one value: its first row's.
    scalar: bool,
    /// The next query is the only source of a `COUNT(*)`: only the number of its rows matters.
    counted: bool,
    /// There are queries inside the query, or views: a column may be computed.
    nested: bool,
    /// A time function works with a column.
    times_of_columns: bool,
    /// The answer follows an order that nothing says.
    ordered_by_chance: bool,
    /// Conditions cannot be trusted to group as the parser grouped them.
    pub(crate) loose: bool,
    pub(crate) reads: Vec<TableRead>,
    pub(crate) writes: Vec<TableWrite>,
    pub(crate) widened: Vec<Reason>,
    pub(crate) uncacheable: Option<Reason>,
    pub(crate) unknown: Option<Reason>,
    pub(crate) may_write: bool,
    /// Where the parts of the outermost write stand in the text.
    pub(crate) ranges: Option<Ranges>,
    /// Slots that hold lists.
    lists: BTreeSet<usize>,
    /// Slots of the text; constants follow them.
    slots: usize,
    pub(crate) constants: Vec<Slot>,
}

impl<'a> Analyser<'a> {
    pub(crate) fn new(catalogue: &'a Catalogue, slots: usize) -> Self {
        Analyser {
            catalogue,
            dialect: catalogue.dialect(),
            scopes: Vec::new(),
            ctes: Vec::new(),
            cte_names: BTreeSet::new(),
            views: Vec::new(),
            expanded: BTreeSet::new(),
            depth: 0,
            exists: false,
            scalar: false,
            counted: false,
            nested: false,
            times_of_columns: false,
            ordered_by_chance: false,
            loose: false,
            reads: Vec::new(),
            writes: Vec::new(),
            widened: Vec::new(),
            uncacheable: None,
            unknown: None,
            may_write: false,
            ranges: None,
            lists: BTreeSet::new(),
            slots,
            constants: Vec::new(),
        }
    }

    /// Analyses a whole statement.
    pub(crate) fn statement(&mut self, statement: &Statement) {
        self.look_at_functions(statement);
        match statement {
            Statement::Query(query) => self.query(query),
            other => self.change(other),
        }
        self.catch_missed(statement);
        if self.nested && self.times_of_columns {
            self.refuse(Reason::new(
                "a time function of a computed column may ask for the time",
            ));
        }
        if self.ordered_by_chance && !self.reads.is_empty() {
            // The order is that of the database's plan, and may follow any column.
            self.widen(Reason::new("its answer follows an order that nothing says"));
            self.reads.iter_mut().for_each(scope::add_all);
        }
    }

    /// What a statement that turned out to be a read reads.
    pub(crate) fn into_read_set(mut self) -> (ReadSet, Vec<Slot>) {
        if self.catalogue.is_empty() && !self.reads.is_empty() {
            self.widen(Reason::NO_SCHEMA);
        }
        let read = ReadSet {
            tables: self.reads,
            uncacheable: self.uncacheable,
            widened: self.widened,
            may_write: self.may_write,
        };
        (read, self.constants)
    }

    fn widen(&mut self, reason: Reason) {
        if self.widened.len() < limit::REASONS_MAX && !self.widened.contains(&reason) {
            self.widened.push(reason);
        }
    }

    fn refuse(&mut self, reason: Reason) {
        self.uncacheable.get_or_insert(reason);
    }

    fn constant(&mut self, value: Value) -> usize {
        let slot = Slot::Literal(value);
        let at = self
            .constants
            .iter()
            .position(|other| *other == slot)
            .unwrap_or_else(|| {
                self.constants.push(slot);
                self.constants.len() - 1
            });
        self.slots + at
    }

    /// Adds a read of any row and every column, unless there is one.
    fn read_all(&mut self, table: Name) {
        let known = self
            .reads
            .iter()
            .any(|read| read.table == table && read.is_any_row() && read.columns == ColumnSet::All);
        if !known {
            self.reads.push(TableRead {
                alias: table.clone(),
                table,
                alternatives: vec![Conjunction::default()],
                columns: ColumnSet::All,
            });
        }
    }

    fn qualified(&mut self, name: &ObjectName) -> Option<Qualified> {
        // `ONLY t` has been taken for a table of that name with an alias, which none can have.
        if self.dialect == Dialect::Postgres && is_only(name) {
            self.unknown
                .get_or_insert(Reason::new("ONLY, which leaves out a table's parts"));
            return None;
        }
        let qualified = Qualified::of(self.catalogue, name);
        if qualified.is_none() {
            self.unknown
                .get_or_insert(Reason::new("a table's name is computed"));
        }
        qualified
    }

    /// Walks every expression below `node`, in the scopes that are open.
    fn walk<T: Visit>(&mut self, node: &T) {
        let mut walker = query::Walker {
            analyser: self,
            depth: 0,
        };
        let _ = walk::over(node, &mut walker);
    }
}

fn is_only(name: &ObjectName) -> bool {
    match name.0.as_slice() {
        [ObjectNamePart::Identifier(name)] => {
            name.quote_style.is_none() && name.value.eq_ignore_ascii_case("only")
        }
        _ => false,
    }
}
