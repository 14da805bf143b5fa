//! Which statements made a write's changes, and which of them touched what: for people.

use std::sync::Arc;

use crate::causes::{Story, Touched};
use crate::tag::Tag;

/// So many different statements of one transaction are remembered as its cause. Further ones are
/// counted.
pub const CAUSE_STATEMENTS_KEPT: usize = 16;

/// A table, by its database and name.
pub(super) type TableName = (Arc<str>, Arc<str>);

/// The statements of a write, in the order in which they first ran, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Acts {
    all: Vec<Act>,
    /// How many more there were.
    more: usize,
}

#[derive(Clone, Debug)]
struct Act {
    text: Arc<str>,
    of: Of,
}

/// What a statement touched.
#[derive(Clone, Debug)]
enum Of {
    /// All that the changes hold: it is the only one.
    All,
    These(Things),
}

impl Of {
    fn add(&mut self, more: &Things) {
        if let Of::These(things) = self {
            things.add(more);
        }
    }
}

/// What changes hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Things {
    pub(super) tables: Vec<TableName>,
    pub(super) tags: Vec<Tag>,
}

impl Things {
    fn add(&mut self, more: &Things) {
        for table in &more.tables {
            if !self.tables.contains(table) {
                self.tables.push(table.clone());
            }
        }
        for tag in &more.tags {
            if !self.tags.contains(tag) {
                self.tags.push(tag.clone());
            }
        }
    }

    fn cover(&self, tag: &Tag) -> bool {
        let table = tag.database().zip(tag.table_name());
        self.tags.contains(tag)
            || table.is_some_and(|(database, table)| {
                let mut names = self.tables.iter();
                names.any(|name| *name.0 == *database && *name.1 == *table)
            })
    }
}

impl Acts {
    /// The changes are this statement's. The first one stays.
    pub(super) fn begin(&mut self, text: &str) {
        if self.all.is_empty() {
            let of = Of::All;
            let text = text.into();
            self.all.push(Act { text, of });
        }
    }

    /// Adds those of other changes, which hold `theirs`; these hold `ours` so far.
    pub(super) fn merge(&mut self, other: Acts, ours: impl FnOnce() -> Things, theirs: &Things) {
        if other.all.is_empty() {
            return;
        }
        if let [
            Act {
                of: of @ Of::All, ..
            },
        ] = self.all.as_mut_slice()
        {
            *of = Of::These(ours());
        }
        self.more += other.more;
        for act in other.all {
            let things = match &act.of {
                Of::All => theirs,
                Of::These(things) => things,
            };
            let full = self.all.len() >= CAUSE_STATEMENTS_KEPT;
            match self.all.iter_mut().find(|known| known.text == act.text) {
                Some(known) => known.of.add(things),
                None if full => self.more += 1,
                None => self.all.push(Act {
                    of: Of::These(things.clone()),
                    text: act.text,
                }),
            }
        }
    }

    /// The story of these tags.
    pub(super) fn story(&self, tags: &[Tag], transaction: Option<u64>) -> Story {
        let touched: Touched = match self.all.len() {
            0 | 1 => Touched::default(),
            _ => tags.iter().map(|tag| self.places(tag)).collect(),
        };
        Story {
            statements: self.all.iter().map(|act| act.text.clone()).collect(),
            touched,
            statements_count: self.all.len() + self.more,
            transaction,
        }
    }

    fn places(&self, tag: &Tag) -> Box<[usize]> {
        let covers = |act: &Act| match &act.of {
            Of::All => true,
            Of::These(things) => things.cover(tag),
        };
        let acts = self.all.iter().enumerate();
        acts.filter(|(_, act)| covers(act))
            .map(|(place, _)| place)
            .collect()
    }
}
