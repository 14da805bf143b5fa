//! Tables and columns of the database itself.

use crate::{Dialect, Reason, name::Qualified};

/// Why a table of the database itself cannot be followed.
pub(in crate::analyse) fn is_system(dialect: Dialect, name: &Qualified) -> Option<Reason> {
    let schema = name.schema.as_deref().unwrap_or_default();
    let table = &*name.table;
    let system = match dialect {
        Dialect::Sqlite => {
            table.starts_with("sqlite_") || table.starts_with("pragma_") || table == "dbstat"
        }
        Dialect::Postgres => {
            schema == "pg_catalog" || schema == "information_schema" || table.starts_with("pg_")
        }
        Dialect::MySql => {
            ["information_schema", "mysql", "performance_schema", "sys"].contains(&schema)
        }
    };
    system.then(|| Reason::of(format!("{} is the database's own table", name.name())))
}

/// Whether PostgreSQL gives a column of this name to every row, which differs whenever the row was
/// written again.
pub(super) fn is_of_a_version(dialect: Dialect, column: &str) -> bool {
    dialect == Dialect::Postgres
        && ["xmin", "xmax", "cmin", "cmax", "ctid", "tableoid"].contains(&column)
}
