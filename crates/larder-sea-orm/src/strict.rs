//! Which tables are strict: reads of them are linearizable, and writes mark them before they
//! commit.

use std::collections::BTreeSet;

use larder::adapter::{Changes, Want};
use larder::{Error, Tag, TagKind};
use larder_sql::{Catalogue, Name, ReadSet, TableKind};

/// The tables that are strict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Strict {
    /// None.
    #[default]
    Nothing,
    /// These, by their names in the catalogue.
    Tables(BTreeSet<Name>),
    /// All, and reads of no table.
    Everything,
}

/// Guards that a writer marks.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Marks {
    /// In any case.
    pub(crate) told: Vec<Tag>,
    /// If they stand.
    pub(crate) perhaps: Vec<Tag>,
}

impl Strict {
    /// Adds tables.
    pub(crate) fn and(self, names: impl IntoIterator<Item = Name>) -> Strict {
        match self {
            Strict::Nothing => Strict::Tables(names.into_iter().collect()),
            Strict::Tables(mut all) => {
                all.extend(names);
                Strict::Tables(all)
            }
            Strict::Everything => Strict::Everything,
        }
    }

    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Strict::Nothing => true,
            Strict::Tables(names) => names.is_empty(),
            Strict::Everything => false,
        }
    }

    /// The same with the names that the catalogue has.
    ///
    /// # Errors
    /// A name that is no table's.
    pub(crate) fn checked(self, catalogue: &Catalogue) -> larder::Result<Strict> {
        let Strict::Tables(names) = self else {
            return Ok(self);
        };
        let known = names.iter().map(|name| match catalogue.table(name) {
            Some(table) if matches!(table.kind, TableKind::Table) => Ok(table.name.clone()),
            Some(_) => Err(Error::config(format!(
                "only a table can be strict, and {name} is a view or a virtual table: name the tables behind it"
            ))),
            None => Err(Error::config(format!(
                "there is no table {name} in this database that could be strict"
            ))),
        });
        known.collect::<larder::Result<_>>().map(Strict::Tables)
    }

    /// The guards of what these changes are part of: those that must be marked before the commit,
    /// because we were told so, and those that others may read strictly.
    pub(crate) fn marks(&self, database: &str, changes: &Changes) -> Marks {
        let told = |tag: &Tag| match self {
            Strict::Nothing => false,
            // What is wider than a table may hold a strict one.
            Strict::Tables(names) => match tag.kind() {
                TagKind::Table => {
                    let name = tag.table_name().unwrap_or_default();
                    tag.database() == Some(database) && names.contains(name)
                }
                _ => !self.is_nothing(),
            },
            Strict::Everything => true,
        };
        let mut marks = Marks::default();
        for tag in changes.coarse_tags() {
            if !matches!(tag.kind(), TagKind::Table | TagKind::Root) {
                continue;
            }
            match told(&tag) {
                true => marks.told.push(Tag::guard(&tag)),
                false => marks.perhaps.push(Tag::guard(&tag)),
            }
        }
        marks
    }

    /// The strict ones among the tables that a read reads, each once; nothing if the read is not
    /// strict.
    pub(crate) fn of<'a>(&self, read: &'a ReadSet, also: &'a [String]) -> Option<Vec<&'a str>> {
        if self.is_nothing() {
            return None;
        }
        let names = read.tables.iter().map(|read| &*read.table);
        let mut names: Vec<&str> = names
            .chain(also.iter().map(String::as_str))
            .filter(|name| match self {
                Strict::Nothing => false,
                Strict::Tables(strict) => strict.contains(*name),
                Strict::Everything => true,
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        (!names.is_empty() || *self == Strict::Everything).then_some(names)
    }
}

/// The guards that a read of these strict tables depends on.
pub(crate) fn guards(database: &str, tables: &[&str]) -> Vec<Want> {
    let tables = tables.iter().map(|name| Tag::table(database, name));
    std::iter::once(Tag::root(database))
        .chain(tables)
        .map(|tag| Want::Tag(Tag::guard(&tag)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use larder_sql::{Dialect, Footprint, Planner};

    use super::*;

    fn catalogue() -> Catalogue {
        let script = "CREATE TABLE Track (id INTEGER PRIMARY KEY); \
                      CREATE TABLE genre (id INTEGER PRIMARY KEY); \
                      CREATE VIEW cheap AS SELECT id FROM Track;";
        Catalogue::from_ddl(Dialect::Sqlite, script).expect("three definitions")
    }

    #[track_caller]
    fn check_refused(name: &str, expected: &str) {
        let refused = Strict::default().and([name.into()]).checked(&catalogue());
        let error = refused.expect_err("no such table");
        assert!(
            error.is_config() && error.to_string().contains(expected),
            "{error}"
        );
    }

    #[test]
    fn a_table_is_found_in_any_case() {
        let strict = Strict::default().and(["TRACK".into()]);
        let checked = strict.checked(&catalogue()).expect("a table");
        assert_eq!(checked, Strict::Tables(["Track".into()].into()));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        check_refused("tarck", "no table tarck");
        check_refused("cheap", "a view");
    }

    #[test]
    fn strict_tables_and_what_is_wider_are_marked_and_others_if_they_are_read_so() {
        let strict = Strict::default().and(["Track".into()]);
        let track = Tag::guard(&Tag::table("shop", "Track"));
        let genre = Tag::guard(&Tag::table("shop", "genre"));
        let root = Tag::guard(&Tag::root("shop"));
        let mut changes = Changes::new();
        changes.table("shop", "Track");
        changes.table("shop", "genre");
        let marks = strict.marks("shop", &changes);
        assert_eq!(marks.told, std::slice::from_ref(&track));
        assert_eq!(marks.perhaps, std::slice::from_ref(&genre));
        changes.root("shop");
        assert!(strict.marks("shop", &changes).told.contains(&root));
        let marks = Strict::Nothing.marks("shop", &changes);
        assert_eq!((marks.told.len(), marks.perhaps.len()), (0, 3));
        let marks = Strict::Everything.marks("shop", &changes);
        assert_eq!((marks.told.len(), marks.perhaps.len()), (3, 0));
    }

    #[test]
    fn a_read_that_touches_a_strict_table_is_strict() {
        let planner = Planner::new(Dialect::Sqlite, Arc::new(catalogue()));
        let names = |strict: &Strict, sql: &str| {
            let planned = planner.plan(sql);
            let Footprint::Read(read) = &planned.plan.footprint else {
                panic!("{sql} reads");
            };
            let names = strict.of(read, &[])?;
            Some(names.join(" "))
        };
        let some = |names: &str| Some(names.to_owned());
        let tracks = Strict::default().and(["Track".into()]);
        assert_eq!(names(&tracks, "SELECT id FROM genre"), None);
        assert_eq!(names(&tracks, "SELECT id FROM cheap"), some("Track"));
        let joined = "SELECT t.id FROM genre, track t, Track u";
        assert_eq!(names(&tracks, joined), some("Track"));
        assert_eq!(names(&Strict::Everything, joined), some("Track genre"));
        assert_eq!(names(&Strict::Everything, "SELECT 1"), some(""));
        assert_eq!(names(&Strict::Nothing, joined), None);
        assert_eq!(guards("", &["Track"]).len(), 2);
    }
}
