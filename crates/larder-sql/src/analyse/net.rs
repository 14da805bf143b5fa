//! The safety net: whatever relation a statement names must have been found.

use std::ops::ControlFlow;

use sqlparser::ast::{ObjectName, TableFactor, Visit};

use super::Analyser;
use super::walk::{self, Walk};
use crate::{Name, Reason, TableKind, name::Qualified};

#[derive(Default)]
struct Net {
    relations: Vec<ObjectName>,
    /// The next relation is a function's name.
    function: bool,
}

impl Walk for Net {
    fn enter_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.function = matches!(factor, TableFactor::Table { args: Some(_), .. });
        ControlFlow::Continue(())
    }

    fn enter_relation(&mut self, name: &ObjectName) -> ControlFlow<()> {
        if !std::mem::take(&mut self.function) && !self.relations.contains(name) {
            self.relations.push(name.clone());
        }
        ControlFlow::Continue(())
    }
}

impl Analyser<'_> {
    /// Reads as a whole each relation below `node` that the walk did not find.
    pub(super) fn catch_missed<T: Visit>(&mut self, node: &T) {
        let mut net = Net::default();
        let _ = walk::over(node, &mut net);
        for relation in net.relations {
            let Some(name) = Qualified::of(self.catalogue, &relation) else {
                self.unknown
                    .get_or_insert(Reason::new("a table's name is computed"));
                continue;
            };
            if !self.was_found(&name) {
                self.widen(Reason::of(format!(
                    "{} is read in a way not understood",
                    name.name()
                )));
                self.read_whole(&name);
            }
        }
    }

    fn was_found(&self, name: &Qualified) -> bool {
        let full = name.name();
        if name.schema.is_none() && self.cte_names.contains(&full) {
            return true;
        }
        let known = self.catalogue.find(&full);
        let table: &Name = known.map_or(&full, |table| &table.name);
        if known.is_some_and(|table| matches!(table.kind, TableKind::View { .. })) {
            return self.expanded.contains(table)
                || self.writes.iter().any(|write| write.table == *table);
        }
        super::query::is_system(self.dialect, name).is_some()
            || self.reads.iter().any(|read| read.table == *table)
            || self.writes.iter().any(|write| write.table == *table)
    }
}
