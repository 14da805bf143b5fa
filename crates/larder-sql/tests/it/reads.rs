//! Which tables and columns a query reads.

use larder_sql::{ColumnSet, Dialect, Footprint};

use crate::support::{check, check_on, read_of, shop};

#[test]
fn stars_read_every_column() {
    check("SELECT * FROM track", "Track(; *)");
    check(
        "SELECT t.*, a.id FROM track t, album a",
        "Track(; *) | album(; id)",
    );
    check("SELECT count(t.id) FROM track t", "Track(; Id)");
    check("SELECT json_array(track.name) FROM track", "Track(; name)");
}

#[test]
fn a_count_reads_only_what_it_filters() {
    check("SELECT count(*) FROM track", "Track(;)");
    check(
        "SELECT count(*) FROM track WHERE genre_id = 1",
        "Track(genre_id=1;)",
    );
    check(
        "SELECT COUNT(*) AS num_items FROM (SELECT track.name FROM track WHERE genre_id = 1) AS sub_query",
        "Track(genre_id=1;)",
    );
}

#[test]
fn every_clause_counts() {
    check(
        "SELECT code FROM track WHERE genre_id = 1 GROUP BY code HAVING max(price) > 1 ORDER BY album_id",
        "Track(genre_id=1; album_id, code, price)",
    );
    check(
        "SELECT row_number() OVER (PARTITION BY genre_id ORDER BY price) FROM track",
        "Track(; genre_id, price)",
    );
    check(
        "SELECT sum(price) OVER (PARTITION BY genre_id ORDER BY code) FROM track",
        "Track(; code, genre_id, price)",
    );
    // The order of a window with a name is said elsewhere, and not looked for.
    check(
        "SELECT sum(price) OVER w FROM track WINDOW w AS (PARTITION BY genre_id ORDER BY code)",
        "Track(; *)",
    );
    check(
        "SELECT count(*) FILTER (WHERE price > 1) FROM track",
        "Track(; price)",
    );
    check("SELECT DISTINCT code FROM track", "Track(; code)");
    check(
        "SELECT CASE WHEN price > 1 THEN code END FROM track",
        "Track(; code, price)",
    );
    check(
        "SELECT group_concat(name, ',' ORDER BY code) FROM track",
        "Track(; code, name)",
    );
}

#[test]
fn subqueries_are_found_wherever_they_stand() {
    let with_genre = |sql: &str| {
        let planned = shop(sql);
        let tables = &read_of(&planned).tables;
        let genre: Vec<_> = tables
            .iter()
            .filter(|table| &*table.table == "genre")
            .collect();
        assert_eq!(genre.len(), 1, "{sql}: {tables:?}");
        assert!(genre[0].columns.contains("id"), "{sql}: {tables:?}");
    };
    for sql in [
        "SELECT (SELECT max(id) FROM genre)",
        "SELECT name FROM track WHERE genre_id IN (SELECT id FROM genre)",
        "SELECT name FROM track WHERE genre_id = (SELECT id FROM genre LIMIT 1)",
        "SELECT name FROM track WHERE EXISTS (SELECT 1 FROM genre g WHERE g.id = track.genre_id)",
        "SELECT name FROM track JOIN album ON album.id IN (SELECT id FROM genre)",
        "SELECT name FROM track GROUP BY (SELECT max(id) FROM genre)",
        "SELECT name FROM track GROUP BY name HAVING count(*) > (SELECT id FROM genre)",
        "SELECT name FROM track ORDER BY (SELECT max(id) FROM genre)",
        "SELECT name FROM track ORDER BY name LIMIT (SELECT max(id) FROM genre)",
        "SELECT name FROM track ORDER BY name LIMIT 1 OFFSET (SELECT max(id) FROM genre)",
        "SELECT sum(price) OVER (ORDER BY (SELECT max(id) FROM genre)) FROM track",
        "SELECT CASE (SELECT id FROM genre) WHEN 1 THEN 2 END FROM track",
        "SELECT coalesce((SELECT id FROM genre), 1) FROM track",
        "VALUES ((SELECT id FROM genre))",
        "SELECT 1 UNION SELECT id FROM genre",
        "SELECT 1 EXCEPT SELECT id FROM genre",
        "SELECT name FROM track UNION ALL SELECT 2 FROM genre WHERE id > 1",
        "SELECT * FROM (SELECT * FROM (SELECT id FROM genre))",
        "WITH g AS (SELECT id FROM genre) SELECT 1 FROM g",
        "SELECT name FROM track t, (SELECT id FROM genre) g",
        "SELECT name FROM track WHERE genre_id IN genre",
        "SELECT count(*) FILTER (WHERE genre_id IN (SELECT id FROM genre)) FROM track",
        "SELECT name FROM track WHERE (SELECT id FROM genre) BETWEEN 1 AND 2",
    ] {
        with_genre(sql);
    }
}

#[test]
fn a_subquery_s_conditions_are_its_own() {
    check(
        "SELECT name FROM track WHERE genre_id = 1 AND EXISTS (SELECT * FROM album WHERE album.id = track.album_id AND title = 'x')",
        "Track(genre_id=1; album_id, name) | album(title='x'; id)",
    );
    // The columns that a comparison with the outer query needs count there.
    check(
        "SELECT name FROM track t WHERE (SELECT count(*) FROM album a WHERE a.id = t.album_id) > 1",
        "Track(; album_id, name) | album(; id)",
    );
    // EXISTS looks at columns after all where rows are compared.
    check("SELECT EXISTS (SELECT * FROM genre)", "genre(;)");
    check(
        "SELECT EXISTS (SELECT * FROM genre EXCEPT SELECT * FROM genre WHERE id = 1)",
        "genre(; *) | genre(id=1; *)",
    );
    check(
        "SELECT EXISTS (SELECT DISTINCT * FROM genre LIMIT 1 OFFSET 3)",
        "genre(; *)",
    );
}

#[test]
fn names_of_ctes_hide_tables_but_not_in_their_own_query() {
    check(
        "WITH x AS (SELECT name FROM track WHERE genre_id = 1) SELECT * FROM x",
        "Track(genre_id=1; name)",
    );
    check(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT name FROM track, n WHERE genre_id = 1",
        "Track(genre_id=1; name)",
    );
    let planned = shop("WITH genre AS (SELECT id FROM genre WHERE id = 1) SELECT * FROM genre");
    assert!(
        matches!(&planned.plan.footprint, Footprint::Read(read) if read.tables.iter().any(|t| &*t.table == "genre")),
        "the table below the CTE of the same name is read"
    );
    check_on(
        Dialect::Postgres,
        "CREATE TABLE genre (id int)",
        "WITH genre AS (SELECT id FROM genre WHERE id = 1) SELECT * FROM genre",
        "genre(id=1;)",
    );
    check(
        "SELECT * FROM (WITH genre AS (SELECT 1) SELECT * FROM genre) d, genre WHERE genre.id = 3",
        "genre(id=3; *)",
    );
}

#[test]
fn views_are_what_they_show() {
    check("SELECT * FROM rock", "Track(genre_id=1; Id, name)");
    check(
        "SELECT label FROM rock_names WHERE label = 'x'",
        "Track(genre_id=1; Id, name)",
    );
    check(
        "SELECT 1 FROM rock r JOIN genre g ON g.id = 5 AND r.id = 3",
        "Track(genre_id=1; Id, name) | genre(id=5;)",
    );
}

#[test]
fn a_virtual_table_is_read_whole_with_the_table_behind_it() {
    check(
        "SELECT name FROM search WHERE search MATCH 'x'",
        "Track(; *) | search(; *)",
    );
}

#[test]
fn set_operations_keep_the_conditions_of_their_parts() {
    check(
        "SELECT name FROM track WHERE genre_id = 1 UNION ALL SELECT title FROM album WHERE artist_id = 2 ORDER BY 1",
        "Track(genre_id=1; name) | album(artist_id=2; title)",
    );
}

#[test]
fn limit_without_order_may_choose_by_any_column() {
    check(
        "SELECT name FROM track WHERE genre_id = 1 LIMIT 5",
        "Track(genre_id=1; *)",
    );
    check(
        "SELECT name FROM track WHERE genre_id = 1 ORDER BY name LIMIT 5",
        "Track(genre_id=1; name)",
    );
    check(
        "SELECT name FROM track WHERE id = ? LIMIT 1",
        "Track(Id=?1; name)",
    );
    check(
        "SELECT name FROM track WHERE id IN (1, 2) LIMIT 1",
        "Track(Id in (1, 2); *)",
    );
    check(
        "SELECT 1 FROM track WHERE genre_id = 1 LIMIT 1",
        "Track(genre_id=1;)",
    );
}

#[test]
fn columns_that_could_be_anybodys_are_everybodys() {
    check_on(
        Dialect::Sqlite,
        "",
        "SELECT x FROM a, b WHERE y = 1",
        "a(; x, y) | b(; x, y)",
    );
    check_on(
        Dialect::Sqlite,
        "",
        "SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE x = 1)",
        "a(; x) | b(; x)",
    );
}

#[test]
fn a_row_as_a_value_reads_every_column() {
    check_on(
        Dialect::Postgres,
        "CREATE TABLE t (a int, b int)",
        "SELECT t FROM t WHERE a = 1",
        "t(a=1; *)",
    );
    check_on(
        Dialect::Postgres,
        "CREATE TABLE t (a int, b int)",
        "SELECT row_to_json(t.*) FROM t",
        "t(; *)",
    );
    check_on(
        Dialect::Postgres,
        "CREATE TABLE t (a int, b int)",
        "SELECT (t).a FROM t",
        "t(; *)",
    );
}

#[test]
fn schemas_are_part_of_the_name_and_may_be_found_without() {
    check_on(
        Dialect::Postgres,
        "",
        "SELECT x FROM app.t WHERE t.y = 1",
        "t(; *) | app.t(y=1; x)",
    );
    check_on(Dialect::Postgres, "", "SELECT x FROM public.t", "t(; x)");
    check_on(
        Dialect::MySql,
        "",
        "SELECT x FROM app.t",
        "t(; *) | app.t(; x)",
    );
}

#[test]
fn no_table_is_no_dependency() {
    let planned = shop("SELECT 1 + 1");
    assert!(read_of(&planned).tables.is_empty());
    assert!(read_of(&planned).uncacheable.is_none());
}

#[test]
fn sets_of_columns_meet_when_they_share_one() {
    let set = |names: &[&str]| ColumnSet::Set(names.iter().map(|name| (*name).into()).collect());
    assert!(set(&["a", "b"]).meets(&set(&["b"])));
    assert!(!set(&["a"]).meets(&set(&["b"])));
    assert!(
        ColumnSet::All.meets(&set(&[])),
        "a count changes when rows come or go"
    );
    assert!(
        !set(&["a"]).meets(&set(&[])),
        "a count does not change with a column"
    );
}

/// SeaORM counts like this: what the inner query shows does not change how many rows it has.
#[test]
fn a_count_of_a_query_does_not_read_what_the_query_shows() {
    check(
        "SELECT COUNT(*) AS n FROM (SELECT track.id, track.name FROM track WHERE track.genre_id = 1) AS q",
        "Track(genre_id=1;)",
    );
    check("SELECT count(*) FROM (SELECT * FROM track) q", "Track(;)");
    check(
        "SELECT count(*) FROM (SELECT DISTINCT name FROM track) q",
        "Track(; name)",
    );
    check(
        "SELECT count(name) FROM (SELECT name FROM track) q",
        "Track(; name)",
    );
    check(
        "SELECT count(*) FROM (SELECT name FROM track GROUP BY name) q",
        "Track(; name)",
    );
    check(
        "SELECT count(*) FROM (SELECT name FROM track) q WHERE name > 'a'",
        "Track(; name)",
    );
}

#[test]
fn a_count_of_a_query_reads_what_an_alias_hides() {
    check(
        "SELECT count(*) FROM (SELECT price AS x FROM track WHERE x > 1) q",
        "Track(; price)",
    );
}

/// Where nothing says in which order rows come, any column may decide it.
#[test]
fn answers_ordered_by_chance_read_every_column() {
    check(
        "SELECT group_concat(name) FROM track WHERE genre_id = 1",
        "Track(genre_id=1; *)",
    );
    check("SELECT row_number() OVER () FROM track", "Track(; *)");
    check(
        "SELECT name FROM (SELECT name FROM track) q LIMIT 1",
        "Track(; *)",
    );
    check(
        "SELECT name FROM track WHERE genre_id = 1",
        "Track(genre_id=1; name)",
    );
}

/// One row is chosen for a column that groups are not made by, and for a query that gives one value.
#[test]
fn a_choice_that_nothing_says_follows_any_column() {
    check("SELECT name, min(1) FROM track", "Track(; *)");
    check(
        "SELECT name, genre_id FROM track GROUP BY genre_id",
        "Track(; *)",
    );
    check(
        "SELECT genre_id, count(*) FROM track GROUP BY genre_id",
        "Track(; genre_id)",
    );
    check(
        "SELECT id, code, count(*) FROM track GROUP BY id",
        "Track(; Id, code)",
    );
    check("SELECT (SELECT name FROM track)", "Track(; *)");
    check("SELECT (SELECT max(price) FROM track)", "Track(; price)");
    check(
        "SELECT (SELECT name FROM track WHERE id = 1)",
        "Track(Id=1; name)",
    );
}
