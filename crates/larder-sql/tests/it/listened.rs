//! CB-5: reads that choose the columns by which they listen.

use larder_sql::{Dialect, Listened, Planner, explain};

use crate::support::{SHOP, catalogue};

/// Checks the tags of a read that listens by these columns, and what is said to be widened.
#[track_caller]
fn check(sql: &str, on: &[(&str, &str)], tags: &str, widened: &[&str]) {
    let catalogue = catalogue(Dialect::Sqlite, SHOP);
    let planned = Planner::new(Dialect::Sqlite, catalogue.clone()).plan(sql);
    let mut listened = Listened::new();
    for (table, column) in on {
        listened.add(&catalogue, table, column);
    }
    let explanation = explain(&planned.on(&listened), &catalogue);
    assert_eq!(explanation.tags.join(" | "), tags, "{sql}");
    assert_eq!(explanation.widened, widened, "{sql}");
}

#[test]
fn cb5_other_pins_are_forgotten_and_all_columns_count() {
    let sql = "SELECT name FROM track WHERE genre_id = 1 AND album_id = 2";
    check(sql, &[("track", "genre_id")], "Track(genre_id=1; *)", &[]);
    check(
        sql,
        &[("TRACK", "Album_Id"), ("track", "genre_id")],
        "Track(album_id=2, genre_id=1; *)",
        &[],
    );
    check(sql, &[], "Track(album_id=2, genre_id=1; name)", &[]);
}

#[test]
fn cb5_an_alternative_that_is_not_pinned_is_any_row() {
    let sql = "SELECT name FROM Track WHERE genre_id = 1 OR album_id = 2";
    check(
        sql,
        &[("track", "genre_id")],
        "Track(; *)",
        &[
            "Track is listened to by (genre_id), and not every alternative gives a value",
            "any row of Track",
        ],
    );
    // Each alternative is pinned by one of them.
    check(
        sql,
        &[("track", "genre_id"), ("track", "album_id")],
        "Track(album_id=2; *) | Track(genre_id=1; *)",
        &[],
    );
    let lists = "SELECT name FROM track WHERE (genre_id = 1 AND album_id = 2) OR (genre_id = 1 AND album_id = 3)";
    check(lists, &[("track", "genre_id")], "Track(genre_id=1; *)", &[]);
}

#[test]
fn cb5_tables_of_which_nothing_is_named_stay_precise() {
    let sql = "SELECT t.name, a.title FROM track t JOIN album a ON t.album_id = a.id \
               WHERE a.id = 3 AND t.genre_id = 1";
    check(
        sql,
        &[("album", "id")],
        "Track(album_id=3, genre_id=1; name) | album(id=3; *)",
        &[],
    );
    check(
        sql,
        &[("track", "album_id"), ("album", "id")],
        "Track(album_id=3; *) | album(id=3; *)",
        &[],
    );
}

#[test]
fn cb5_subqueries_listen_too() {
    check(
        "SELECT title FROM album WHERE id IN (SELECT album_id FROM track WHERE genre_id = 1 AND code = 'x')",
        &[("track", "genre_id")],
        "album(; id, title) | Track(genre_id=1; *)",
        &["any row of album"],
    );
}

#[test]
fn cb5_what_is_not_read_is_said_and_changes_nothing() {
    check(
        "SELECT name FROM genre WHERE id = 1",
        &[("album", "id"), ("nowhere", "x")],
        "genre(id=1; name)",
        &[
            "album is listened to, and is no part of what is read",
            "nowhere is listened to, and is no part of what is read",
        ],
    );
    check(
        "SELECT name FROM genre WHERE id = 1",
        &[("genre", "colour")],
        "genre(; *)",
        &[
            "genre is listened to by (), and not every alternative gives a value",
            "genre.colour is listened to, and is no part of what is read",
            "any row of genre",
        ],
    );
}
