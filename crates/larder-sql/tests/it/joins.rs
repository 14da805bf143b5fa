//! Joins: what may be pinned on which side.

use larder_sql::Dialect;

use crate::support::{check, check_on};

#[test]
fn equality_travels_over_inner_joins() {
    check(
        "SELECT t.name FROM track t JOIN album a ON t.album_id = a.id WHERE a.id = 5",
        "Track(album_id=5; name) | album(id=5;)",
    );
    check(
        "SELECT t.name FROM album a, track t WHERE a.id = t.album_id AND t.album_id = ?",
        "album(id=?1;) | Track(album_id=?1; name)",
    );
    check(
        "SELECT t.name FROM artist r JOIN album a ON a.artist_id = r.id JOIN track t ON t.album_id = a.id WHERE r.id = 1",
        "artist(id=1;) | album(artist_id=1; id) | Track(; album_id, name)",
    );
}

#[test]
fn equality_does_not_travel_between_unlike_columns() {
    check(
        "SELECT 1 FROM track t JOIN artist r ON t.code = r.name WHERE r.name = 'x'",
        "Track(; code) | artist(name='x';)",
    );
    check_on(
        Dialect::Sqlite,
        "CREATE TABLE a (x INTEGER); CREATE TABLE b (y TEXT)",
        "SELECT 1 FROM a JOIN b ON a.x = b.y WHERE a.x = 1",
        "a(x=1;) | b(; y)",
    );
    check_on(
        Dialect::Sqlite,
        "",
        "SELECT 1 FROM a JOIN b ON a.x = b.y WHERE a.x = 1",
        "a(x=1;) | b(; y)",
    );
}

#[test]
fn the_on_of_a_left_join_restricts_only_its_right_side() {
    check(
        "SELECT * FROM artist r LEFT JOIN album a ON a.artist_id = r.id AND a.title = 'x' WHERE r.name = 'y'",
        "artist(name='y'; *) | album(title='x'; *)",
    );
    check(
        "SELECT r.id FROM artist r LEFT JOIN album a ON r.id = 1",
        "artist(; id) | album(;)",
    );
    check(
        "SELECT a.title FROM artist r LEFT JOIN album a ON a.artist_id = r.id WHERE r.id = ?",
        "artist(id=?1;) | album(artist_id=?1; title)",
    );
}

#[test]
fn where_does_not_restrict_what_a_left_join_supplies() {
    // A row with any title ends the absence that the query looks for.
    check(
        "SELECT r.id FROM artist r LEFT JOIN album a ON a.artist_id = r.id WHERE a.title IS NULL",
        "artist(; id) | album(; artist_id, title)",
    );
    check(
        "SELECT r.id FROM artist r LEFT JOIN album a ON a.artist_id = r.id WHERE a.id = 3",
        "artist(; id) | album(; artist_id, id)",
    );
    check(
        "SELECT r.id FROM artist r LEFT JOIN album a ON a.artist_id = r.id WHERE r.id = 1 OR a.id = 3",
        "artist(; id) | album(; artist_id, id)",
    );
}

#[test]
fn an_inner_join_after_a_left_join_restricts_the_first_table_only() {
    check(
        "SELECT 1 FROM artist r LEFT JOIN album a ON a.artist_id = r.id JOIN genre g ON g.id = 2 AND r.name = 'x' AND a.title = 'y'",
        "artist(name='x'; id) | album(; artist_id, title) | genre(id=2;)",
    );
}

#[test]
fn a_right_join_is_a_left_join_from_the_other_side() {
    check(
        "SELECT 1 FROM album a RIGHT JOIN artist r ON a.artist_id = r.id AND a.title = 'x' WHERE r.id = 1 AND a.id = 2",
        "album(artist_id=1, title='x'; id) | artist(id=1;)",
    );
}

#[test]
fn a_full_join_pins_neither_side() {
    check(
        "SELECT 1 FROM album a FULL JOIN artist r ON a.artist_id = r.id AND a.title = 'x' WHERE r.id = 1 AND a.id = 2",
        "album(; artist_id, id, title) | artist(; id)",
    );
}

#[test]
fn a_right_join_after_a_comma_reaches_back_over_it() {
    check(
        "SELECT 1 FROM genre g, album a RIGHT JOIN artist r ON a.artist_id = r.id WHERE g.id IS NULL",
        "genre(; id) | album(; artist_id) | artist(; id)",
    );
}

#[test]
fn nested_joins_keep_their_sides() {
    check(
        "SELECT 1 FROM artist r LEFT JOIN (album a JOIN track t ON t.album_id = a.id AND t.genre_id = 4) ON a.artist_id = r.id WHERE r.id = 9 AND t.id = 3",
        "artist(id=9;) | album(artist_id=9; id) | Track(genre_id=4; Id, album_id)",
    );
    check_on(
        Dialect::Postgres,
        "CREATE TABLE a (x int, y int); CREATE TABLE b (x int, z int)",
        "SELECT j.y FROM (a JOIN b ON a.x = b.x) AS j",
        "a(; *) | b(; *)",
    );
}

#[test]
fn merged_columns_count_on_both_sides() {
    const DDL: &str =
        "CREATE TABLE a (x INTEGER, y INTEGER); CREATE TABLE b (x INTEGER, z INTEGER)";
    let check = |sql, expected| check_on(Dialect::Sqlite, DDL, sql, expected);
    check("SELECT y FROM a JOIN b USING (x)", "a(; x, y) | b(; x)");
    check(
        "SELECT y FROM a JOIN b USING (x) WHERE x = 1",
        "a(; x, y) | b(; x)",
    );
    check(
        "SELECT y FROM a NATURAL JOIN b WHERE a.x = 1",
        "a(x=1; *) | b(; *)",
    );
    check(
        "SELECT y FROM a LEFT JOIN b USING (x) WHERE z = 1",
        "a(; x, y) | b(; x, z)",
    );
}

#[test]
fn derived_tables_are_analysed_on_their_own() {
    check(
        "SELECT d.name FROM (SELECT name FROM track WHERE genre_id = 1) d JOIN genre g ON g.id = 2",
        "genre(id=2;) | Track(genre_id=1; name)",
    );
}
