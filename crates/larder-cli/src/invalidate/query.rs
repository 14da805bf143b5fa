//! The read of `--query`: one, and understood. What is not would drop everything, or nothing.

use std::sync::Arc;

use larder_sql::{Catalogue, Footprint, Planned, Planner, ReadSet, Slot, split};

use crate::failure::Failure;

/// A read whose conditions say what is to go.
#[derive(Debug)]
pub(super) struct Read {
    /// Its text, without what stands around it.
    pub(super) sql: String,
    /// The tables that it reads, each once.
    pub(super) tables: Vec<String>,
}

impl Read {
    /// The only statement of a text.
    ///
    /// # Errors
    ///
    /// It is none, or several; no read, or one whose answer is never kept; it reads what the database does not have; or a
    /// value of it is not there.
    pub(super) fn plan(text: &str, catalogue: &Arc<Catalogue>) -> Result<Read, Failure> {
        let dialect = catalogue.dialect();
        let statements = split(text, dialect);
        let [one] = statements.as_slice() else {
            return Err(refused(match statements.len() {
                0 => "there is none".to_owned(),
                count => format!("there are {count} statements"),
            }));
        };
        let sql = text[one.clone()].to_owned();
        let planned = Planner::new(dialect, catalogue.clone()).plan(&sql);
        let read = understood(&planned)?;
        let mut tables: Vec<String> = Vec::new();
        for table in read.tables.iter().map(|read| &*read.table) {
            if catalogue.table(table).is_none() {
                return Err(refused(format!("the database has no table {table}")));
            }
            if !tables.iter().any(|known| known == table) {
                tables.push(table.to_owned());
            }
        }
        match tables.is_empty() {
            true => Err(refused("it reads no table")),
            false => Ok(Read { sql, tables }),
        }
    }
}

/// What it reads, if its answer is one that a cache keeps.
fn understood(planned: &Planned) -> Result<&ReadSet, Failure> {
    let read = match &planned.plan.footprint {
        Footprint::Read(read) => read,
        Footprint::Unknown(reason) => return Err(refused(reason)),
        Footprint::Write(_) | Footprint::Transaction(_) | Footprint::Ddl(_) => {
            return Err(refused("this is no read"));
        }
    };
    if let Some(reason) = &read.uncacheable {
        return Err(refused(format!("no answer to it is kept: {reason}")));
    }
    if read.may_write {
        return Err(refused("it may write"));
    }
    match planned.slots.iter().any(is_open) {
        true => Err(refused("a placeholder stands for a value: write the value")),
        false => Ok(read),
    }
}

/// Whether a value is to be given later.
fn is_open(slot: &Slot) -> bool {
    match slot {
        Slot::Bind(_) => true,
        Slot::Literal(_) => false,
        Slot::List(slots) => slots.iter().any(is_open),
    }
}

fn refused(why: impl std::fmt::Display) -> Failure {
    Failure::new(format!(
        "--query takes one SELECT of the database's tables, and nothing was dropped: {why}"
    ))
}

#[cfg(test)]
mod tests {
    use larder_sql::Dialect;

    use super::*;

    fn plan(sql: &str) -> Result<Read, Failure> {
        let tables = "CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT);
            CREATE TABLE track (id INTEGER PRIMARY KEY, genre_id INTEGER)";
        let catalogue = Catalogue::from_ddl(Dialect::Sqlite, tables).expect("tables");
        Read::plan(sql, &Arc::new(catalogue))
    }

    #[test]
    fn cb9_one_read_of_known_tables_says_what_is_to_go() {
        let read = plan(
            " SELECT g.name FROM genre g JOIN track t ON t.genre_id = g.id WHERE t.id IN (1, 2); ",
        );
        let read = read.expect("a read");
        assert_eq!(read.tables, ["genre", "track"]);
        assert!(plan("SELECT * FROM track WHERE id = 1").is_ok());
    }

    #[track_caller]
    fn check(sql: &str, why: &str) {
        let said = plan(sql).expect_err(sql).to_string();
        assert!(said.contains(why), "{sql}: {said}");
    }

    #[test]
    fn cb9_what_would_drop_everything_or_nothing_is_refused() {
        check("", "there is none");
        check(" -- nothing", "there is none");
        check("SELECT 1; SELECT 2", "2 statements");
        check("SELECT * FROM genre WHERE id=", "nothing was dropped");
        check("DELETE FROM track WHERE id = 1", "no read");
        check("BEGIN", "no read");
        check("DROP TABLE track", "no read");
        check("SELECT * FROM nope", "nope");
        check("SELECT 1", "no table");
        check("SELECT random()", "nothing was dropped");
        check("SELECT * FROM track WHERE id = ?", "placeholder");
        check("SELECT * FROM track WHERE id IN (1, ?)", "placeholder");
    }
}
