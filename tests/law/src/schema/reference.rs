//! Foreign keys: every action, chains, references of a table to itself.

use fastrand::Rng;

use super::{Draft, Reference, Schema, Table, default_literal};
use crate::column::{Column, percent, pick};

/// Adds the referring columns, and the constraints that belong to the table's end.
pub(super) fn add(schema: &mut Schema, rng: &mut Rng, draft: &mut Draft, index: usize) {
    for number in 0..rng.usize(0..=2) {
        let parent_index = if percent(rng, 25) {
            index
        } else {
            rng.usize(0..=index)
        };
        let own = parent_index == index;
        let parent = if own {
            draft.table.clone()
        } else {
            schema.tables[parent_index].clone()
        };
        let by_unique = !parent.unique.is_empty() && percent(rng, 30);
        let target = if by_unique {
            vec![parent.unique[0]]
        } else {
            parent.key.clone()
        };
        if target.is_empty() {
            continue;
        }
        let mut names = Vec::new();
        for (part, &column) in target.iter().enumerate() {
            let Column { kind, declared, .. } = &parent.columns[column];
            let name = format!("of{number}{}", if part == 0 { "" } else { "b" });
            let default = match percent(rng, 60) {
                true => {
                    let literal = default_literal(rng, *kind);
                    format!(" DEFAULT {}", schema.dialect.spelled(&literal))
                }
                false => String::new(),
            };
            draft.parts.push(format!("\"{name}\" {declared}{default}"));
            draft
                .table
                .columns
                .push(Column::new(&name, *kind, declared));
            names.push(format!("\"{name}\""));
        }
        let words = schema.dialect.words();
        let (on_delete, on_update) = (pick(rng, words.actions), pick(rng, words.actions));
        schema.feature(format!("ON DELETE {on_delete}"));
        schema.feature(format!("ON UPDATE {on_update}"));
        if own {
            schema.feature("reference to itself");
        }
        if target.len() > 1 {
            schema.feature("composite reference");
        }
        // The parent's key need not be named everywhere.
        let named = match !by_unique && target.len() == 1 && rng.bool() && !words.keys_named {
            true => String::new(),
            false => format!(" ({})", listed(&parent, &target)),
        };
        let deferred = if percent(rng, 15) && words.deferrable {
            " DEFERRABLE INITIALLY DEFERRED"
        } else {
            ""
        };
        draft.constraints.push(format!(
            "FOREIGN KEY ({}) REFERENCES {}{named} ON DELETE {on_delete} ON UPDATE {on_update}{deferred}",
            names.join(", "),
            parent.quoted(),
        ));
        draft.table.references.push(Reference {
            parent: parent_index,
        });
    }
}

fn listed(parent: &Table, target: &[usize]) -> String {
    let names: Vec<String> = target
        .iter()
        .map(|&index| format!("\"{}\"", parent.columns[index].name))
        .collect();
    names.join(", ")
}
