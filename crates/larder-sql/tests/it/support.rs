use std::sync::Arc;

use larder_sql::{
    Catalogue, Dialect, Footprint, Planned, Planner, ReadSet, TableWrite, WriteSet, explain,
};

/// The schema of most cases.
pub(crate) const SHOP: &str = "
CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE artist (id INTEGER PRIMARY KEY, name TEXT COLLATE NOCASE, country TEXT COLLATE swedish);
CREATE TABLE album (
    id INTEGER PRIMARY KEY, title TEXT,
    artist_id INTEGER NOT NULL REFERENCES artist (id) ON DELETE CASCADE
);
CREATE TABLE Track (
    Id INTEGER PRIMARY KEY, name TEXT, genre_id INTEGER REFERENCES genre ON DELETE SET NULL,
    album_id INTEGER REFERENCES album (id) ON DELETE CASCADE ON UPDATE CASCADE,
    price NUMERIC(10, 2), code TEXT, cents AS (price * 100)
);
CREATE TABLE playlist_track (playlist_id INTEGER, track_id INTEGER,
    PRIMARY KEY (playlist_id, track_id)) WITHOUT ROWID;
CREATE TABLE note (body TEXT, n INTEGER);
CREATE TABLE log (at TEXT, what TEXT);
CREATE VIEW rock AS SELECT id, name FROM track WHERE genre_id = 1;
CREATE VIEW rock_names (label) AS SELECT name FROM rock;
CREATE VIRTUAL TABLE search USING fts5(name, content='Track', content_rowid='Id');
";

pub(crate) fn catalogue(dialect: Dialect, ddl: &str) -> Arc<Catalogue> {
    Arc::new(Catalogue::from_ddl(dialect, ddl).expect("the schema is valid"))
}

pub(crate) fn plan(dialect: Dialect, ddl: &str, sql: &str) -> Planned {
    Planner::new(dialect, catalogue(dialect, ddl)).plan(sql)
}

/// Plans on the shop's schema.
pub(crate) fn shop(sql: &str) -> Planned {
    plan(Dialect::Sqlite, SHOP, sql)
}

#[track_caller]
pub(crate) fn read_of(planned: &Planned) -> &ReadSet {
    match &planned.plan.footprint {
        Footprint::Read(read) => read,
        other => panic!("not a read: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn write_of(planned: &Planned) -> &WriteSet {
    match &planned.plan.footprint {
        Footprint::Write(write) => write,
        other => panic!("not a write: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn target_of(planned: &Planned) -> &TableWrite {
    match write_of(planned).targets.as_slice() {
        [one] => one,
        several => panic!("not one target: {several:?}"),
    }
}

/// Checks the tags of a read on the shop's schema: `table(pin=value; other columns)`, one for
/// each alternative of each alias, with `|` between them, in the order of the text.
#[track_caller]
pub(crate) fn check(sql: &str, expected: &str) {
    check_on(Dialect::Sqlite, SHOP, sql, expected);
}

#[track_caller]
pub(crate) fn check_on(dialect: Dialect, ddl: &str, sql: &str, expected: &str) {
    let catalogue = catalogue(dialect, ddl);
    let planned = Planner::new(dialect, catalogue.clone()).plan(sql);
    read_of(&planned);
    assert_eq!(
        explain(&planned, &catalogue).tags.join(" | "),
        expected,
        "{sql}"
    );
}

/// Checks that a read's answer must not be kept, or may be.
#[track_caller]
pub(crate) fn check_cacheable_on(dialect: Dialect, ddl: &str, sql: &str, cacheable: bool) {
    let planned = plan(dialect, ddl, sql);
    let reason = &read_of(&planned).uncacheable;
    assert_eq!(reason.is_none(), cacheable, "{sql}: {reason:?}");
}
