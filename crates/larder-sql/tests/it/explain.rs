//! Plans for people.

use larder_sql::{Dialect, Planner, explain};

use crate::support::{SHOP, catalogue};

#[track_caller]
fn check(sql: &str, expected: &str) {
    let catalogue = catalogue(Dialect::Sqlite, SHOP);
    let planned = Planner::new(Dialect::Sqlite, catalogue.clone()).plan(sql);
    let text = explain(&planned, &catalogue).to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let expected: Vec<&str> = expected.lines().skip(1).map(|line| &line[8..]).collect();
    assert_eq!(lines, expected, "{text}");
}

#[test]
fn a_read_is_explained_by_its_shapes_and_tags() {
    check(
        "SELECT id, name FROM track WHERE genre_id = 1 AND album_id IN (?, 3)",
        "
        read
          tables       Track
          shape        Track(album_id, genre_id; Id, name)
          tag          Track(album_id in (?1, 3), genre_id=1; Id, name)",
    );
}

#[test]
fn what_was_widened_and_what_is_not_kept_is_said() {
    check(
        "SELECT name FROM track t WHERE price > random()",
        "
        read
          tables       Track
          shape        Track(; name, price)
          tag          Track(; name, price)
          widened      any row of Track as t
          not cached   random differs from call to call",
    );
}

#[test]
fn a_write_is_explained_with_what_follows_it() {
    check(
        "DELETE FROM artist WHERE id = 1",
        "
        write: delete
          tables       artist
          changes      artist(*)
          then changes Track(*)
          then changes album(*)
          rows         rows of artist are those of its WHERE",
    );
}

#[test]
fn other_statements_are_named() {
    check("BEGIN", "\n        transaction: begin");
    check("ANALYZE", "\n        ddl: maintenance");
    check(
        "FROBNICATE",
        "
        unknown
          widened      it counts as reading and writing everything
          not cached   FROBNICATE is not understood",
    );
}
