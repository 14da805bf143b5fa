//! Tables of which no read is kept.

use std::sync::Arc;

/// Tables of which no read is kept, unless [`Builder::uncached_tables`](crate::Builder::uncached_tables)
/// says otherwise: the books of migrations, and sessions, which are written as often as they are read.
pub const UNCACHED_TABLES: [&str; 5] = [
    "seaql_migrations",
    "session",
    "sessions",
    "async_sessions",
    "tower_sessions",
];

/// Names of tables, in any case, with the schema or without it.
#[derive(Clone, Debug)]
pub(crate) struct Excluded(Arc<[Box<str>]>);

impl Default for Excluded {
    fn default() -> Excluded {
        Excluded::new(UNCACHED_TABLES)
    }
}

impl Excluded {
    pub(crate) fn new<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Excluded {
        let names = names.into_iter().map(|name| name.as_ref().into());
        Excluded(names.collect())
    }

    /// Whether a table of the catalogue is one of them.
    pub(crate) fn has(&self, table: &str) -> bool {
        let bare = table.rsplit('.').next().unwrap_or(table);
        let is = |name: &str| name.eq_ignore_ascii_case(table) || name.eq_ignore_ascii_case(bare);
        self.0.iter().any(|name| is(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(names: &[&str], table: &str, expected: bool) {
        assert_eq!(Excluded::new(names).has(table), expected, "{table}");
    }

    #[test]
    fn a_table_is_found_in_any_case_and_schema() {
        check(&["sessions"], "Sessions", true);
        check(&["sessions"], "web.sessions", true);
        check(&["web.sessions"], "web.sessions", true);
        check(&["web.sessions"], "shop.sessions", false);
        check(&["sessions"], "session", false);
        check(&[], "sessions", false);
    }
}
