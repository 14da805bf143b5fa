//! Whether a write can change a read, by their texts.

use larder_sql::{Dialect, Planner, meets};

use crate::support::{SHOP, catalogue};

#[track_caller]
fn check(read: &str, write: &str, tag: Option<&str>) {
    let catalogue = catalogue(Dialect::Sqlite, SHOP);
    let planner = Planner::new(Dialect::Sqlite, catalogue.clone());
    let meeting = meets(&planner.plan(read), &planner.plan(write), &catalogue);
    assert_eq!(
        meeting.can_change,
        tag.is_some(),
        "{read} / {write}: {}",
        meeting.because
    );
    if let Some(tag) = tag.filter(|tag| !tag.is_empty()) {
        assert_eq!(meeting.tag.as_deref(), Some(tag));
    }
    assert!(!meeting.because.is_empty());
}

const READ: &str = "SELECT id, name FROM track WHERE genre_id = 1";
const TAG: Option<&str> = Some("Track(genre_id=1; Id, name)");

#[test]
fn other_tables_and_other_columns_do_not_meet() {
    check(READ, "UPDATE album SET title = 'x'", None);
    check(READ, "UPDATE track SET price = 1 WHERE id = 3", None);
    check(READ, "UPDATE track SET name = 'x' WHERE id = 3", TAG);
    check(
        "SELECT count(*) FROM track",
        "UPDATE track SET name = 'x'",
        None,
    );
    check(
        "SELECT count(*) FROM track",
        "DELETE FROM track WHERE id = 1",
        Some("Track(;)"),
    );
    check(
        "SELECT cents FROM track",
        "UPDATE track SET price = 1",
        Some("Track(; cents)"),
    );
}

#[test]
fn conditions_that_contradict_do_not_meet() {
    check(READ, "UPDATE track SET name = 'x' WHERE genre_id = 2", None);
    check(READ, "DELETE FROM track WHERE genre_id IN (2, 3)", None);
    check(READ, "DELETE FROM track WHERE genre_id IN (1, 3)", TAG);
    check(READ, "DELETE FROM track WHERE genre_id IS NULL", None);
    check(READ, "DELETE FROM track WHERE genre_id = ?", TAG);
    check(READ, "DELETE FROM track WHERE genre_id > 1", TAG);
    check(READ, "DELETE FROM track WHERE genre_id = 2 OR id = 3", TAG);
    check(READ, "DELETE FROM track WHERE genre_id = '1.0'", TAG);
    check(
        "SELECT id FROM track WHERE code = 'a'",
        "DELETE FROM track WHERE code = 'b'",
        None,
    );
    check(
        "SELECT id FROM artist WHERE name = 'a'",
        "DELETE FROM artist WHERE name = 'A'",
        Some("artist(name='a'; id)"),
    );
}

#[test]
fn a_row_may_move_into_the_condition() {
    check(
        READ,
        "UPDATE track SET genre_id = 1 WHERE genre_id = 2",
        TAG,
    );
    check(READ, "INSERT INTO track (genre_id) VALUES (2)", TAG);
    check(
        READ,
        "UPDATE OR REPLACE track SET name = 'x' WHERE genre_id = 2",
        TAG,
    );
}

#[test]
fn cascades_meet() {
    check(READ, "DELETE FROM artist WHERE id = 1", TAG);
    check(READ, "DELETE FROM genre WHERE id = 1", TAG);
    check(
        "SELECT id, name FROM track",
        "DELETE FROM genre WHERE id = 1",
        None,
    );
    check(
        "SELECT * FROM rock",
        "UPDATE track SET name = 'x' WHERE id = 3",
        TAG,
    );
    check(READ, "UPDATE rock SET name = 'x' WHERE id = 3", Some(""));
}

#[test]
fn what_is_not_understood_meets_everything() {
    check(READ, "FROBNICATE", Some(""));
    check(READ, "DROP TABLE log", Some(""));
    check("FROBNICATE", "DELETE FROM log", Some(""));
    check(READ, "COMMIT", None);
    check(READ, "SELECT 1", None);
    check(READ, "ANALYZE", None);
    check("SELECT 1", "DELETE FROM track", None);
}
