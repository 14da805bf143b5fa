//! Conditions and what they pin.

use larder_sql::{Dialect, Reason, Slot};

use crate::support::{SHOP, check, check_on, plan, read_of, shop};

#[test]
fn equality_pins() {
    check(
        "SELECT name FROM track WHERE genre_id = 1",
        "Track(genre_id=1; name)",
    );
    check(
        "SELECT name FROM track WHERE 1 = genre_id",
        "Track(genre_id=1; name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id == ?",
        "Track(genre_id=?1; name)",
    );
    check(
        "SELECT name FROM track WHERE (genre_id) = (?)",
        "Track(genre_id=?1; name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id = -7",
        "Track(genre_id=-7; name)",
    );
    check(
        "SELECT name FROM track t WHERE t.genre_id = 1",
        "Track(genre_id=1; name)",
    );
    check(
        "SELECT name FROM main.track WHERE track.genre_id = 1",
        "Track(genre_id=1; name)",
    );
    check(
        "SELECT name FROM track WHERE code = 'it''s'",
        "Track(code='it''s'; name)",
    );
    check(
        r#"SELECT "name" FROM "track" WHERE "track"."genre_id" = ?"#,
        "Track(genre_id=?1; name)",
    );
    check(
        "SELECT name FROM [track] WHERE `genre_id` = 1",
        "Track(genre_id=1; name)",
    );
    check(
        "SELECT NAME FROM TRACK WHERE GENRE_ID = 1",
        "Track(genre_id=1; name)",
    );
}

#[test]
fn lists_and_nulls_pin() {
    check(
        "SELECT name FROM track WHERE genre_id IN (1, ?, -3)",
        "Track(genre_id in (1, ?1, -3); name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id IN (1)",
        "Track(genre_id in (1); name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id IN (1, NULL)",
        "Track(genre_id in (1, NULL); name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id IS NULL",
        "Track(genre_id is null; name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id ISNULL",
        "Track(genre_id is null; name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id = TRUE",
        "Track(genre_id=1; name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id = FALSE",
        "Track(genre_id=0; name)",
    );
}

#[test]
fn and_joins_pins_and_or_makes_alternatives() {
    check(
        "SELECT name FROM track WHERE genre_id = 1 AND album_id = 2",
        "Track(album_id=2, genre_id=1; name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id = 1 OR album_id = 2",
        "Track(album_id=2; genre_id, name) | Track(genre_id=1; album_id, name)",
    );
    check(
        "SELECT name FROM track WHERE (genre_id = 1 OR genre_id = 2) AND album_id = 3",
        "Track(album_id=3, genre_id=1; name) | Track(album_id=3, genre_id=2; name)",
    );
    // An alternative without a pin is any row.
    check(
        "SELECT name FROM track WHERE genre_id = 1 OR price > 2",
        "Track(; genre_id, name, price)",
    );
    // What one alternative covers, another need not name.
    check(
        "SELECT name FROM track WHERE genre_id IS NULL OR (genre_id IS NULL AND album_id = 3)",
        "Track(genre_id is null; album_id, name)",
    );
}

#[test]
fn what_cannot_be_used_is_dropped_but_its_columns_count() {
    for condition in [
        "NOT genre_id = 1",
        "genre_id <> 1",
        "genre_id > 1",
        "genre_id BETWEEN 1 AND 2",
        "genre_id NOT IN (1, 2)",
        "genre_id IS NOT NULL",
        "genre_id NOT NULL",
        "genre_id IS 1",
        "genre_id IS NOT 1",
        "genre_id IS NOT DISTINCT FROM 1",
        "genre_id = NULL",
        "genre_id = 1 + 1",
        "genre_id = ? + 1",
        "genre_id + 0 = 1",
        "+genre_id = 1",
        "genre_id = CAST(? AS INTEGER)",
        "CAST(genre_id AS TEXT) = '1'",
        "genre_id = abs(1)",
        "abs(genre_id) = 1",
        "(genre_id = 1) = 0",
        "genre_id = 1 IS NULL",
        "genre_id = 1 = 0",
        "genre_id LIKE 1",
        "genre_id GLOB '1'",
        "genre_id NOT GLOB '1'",
        "CASE WHEN genre_id = 1 THEN 1 END",
        "genre_id IN (1 + 1, 2)",
        "(genre_id, genre_id) = (1, 2)",
        "(genre_id, 1) IN ((1, 1))",
        "genre_id = 0x10",
        "coalesce(genre_id = 1, 1)",
    ] {
        check(
            &format!("SELECT name FROM track WHERE {condition}"),
            "Track(; genre_id, name)",
        );
    }
    check(
        "SELECT name FROM track WHERE genre_id = album_id",
        "Track(; album_id, genre_id, name)",
    );
    check(
        "SELECT 1 FROM track WHERE code = 'x' COLLATE NOCASE",
        "Track(; code)",
    );
    check(
        "SELECT 1 FROM track WHERE code COLLATE NOCASE = 'x'",
        "Track(; code)",
    );
}

#[test]
fn a_dropped_part_leaves_the_others() {
    check(
        "SELECT name FROM track WHERE genre_id = 1 AND price > 5 AND name LIKE 'a%'",
        "Track(genre_id=1; name, price)",
    );
    check(
        "SELECT 1 FROM track WHERE price BETWEEN 1 AND 2 AND genre_id = 1",
        "Track(genre_id=1; price)",
    );
}

#[test]
fn the_rowid_and_its_alias_are_one_column() {
    check(
        "SELECT name FROM track WHERE rowid = 1",
        "Track(Id=1; name)",
    );
    check(
        "SELECT name FROM track WHERE _ROWID_ = 1",
        "Track(Id=1; name)",
    );
    check("SELECT oid FROM track WHERE id = 1", "Track(Id=1;)");
    check(
        "SELECT body FROM note WHERE rowid = 1",
        "note(rowid=1; body)",
    );
    check(
        "SELECT rowid FROM playlist_track WHERE playlist_id = 1",
        "playlist_track(playlist_id=1;)",
    );
}

#[test]
fn collations_that_are_not_known_do_not_pin() {
    check(
        "SELECT id FROM artist WHERE name = 'x'",
        "artist(name='x'; id)",
    );
    check(
        "SELECT id FROM artist WHERE country = 'x'",
        "artist(; country, id)",
    );
}

#[test]
fn generated_columns_pin() {
    check(
        "SELECT name FROM track WHERE cents = 99",
        "Track(cents=99; name)",
    );
}

#[test]
fn a_double_quoted_string_is_no_column() {
    check(
        r#"SELECT name FROM track WHERE "genre_id" = 1"#,
        "Track(genre_id=1; name)",
    );
    check(
        r#"SELECT name FROM track WHERE code = "rock""#,
        "Track(; code, name)",
    );
    // Without a schema it could be either.
    check_on(
        Dialect::Sqlite,
        "",
        r#"SELECT a FROM t WHERE "b" = 1"#,
        "t(; a, b)",
    );
    check_on(
        Dialect::Sqlite,
        "",
        r#"SELECT a FROM t WHERE "t"."b" = 1"#,
        "t(b=1; a)",
    );
    check_on(
        Dialect::Sqlite,
        "",
        "SELECT a AS b FROM t WHERE b = 1",
        "t(; a, b)",
    );
    check_on(
        Dialect::Sqlite,
        "",
        "SELECT a FROM t WHERE rowid = 1",
        "t(; *)",
    );
}

#[test]
fn without_a_schema_it_says_so() {
    let planned = plan(Dialect::Sqlite, "", "SELECT a FROM t WHERE t.b = 1");
    assert_eq!(read_of(&planned).widened, [Reason::NO_SCHEMA]);
}

#[test]
fn a_table_that_is_not_known_is_read_as_a_whole() {
    check("SELECT a FROM elsewhere WHERE a = 1", "elsewhere(; *)");
    assert!(!read_of(&shop("SELECT a FROM elsewhere")).widened.is_empty());
}

#[test]
fn too_many_alternatives_widen() {
    let many: Vec<String> = (0..40)
        .map(|n| format!("(genre_id = {n} AND album_id = {n})"))
        .collect();
    let sql = format!(
        "SELECT name FROM track WHERE code = 'x' AND ({})",
        many.join(" OR ")
    );
    check(&sql, "Track(code='x'; album_id, genre_id, name)");
    assert!(!read_of(&shop(&sql)).widened.is_empty());
}

#[test]
fn postgres_pins_only_what_compares_byte_by_byte() {
    const DDL: &str = "CREATE TABLE t (a int, b bigint, c boolean, d uuid, e bytea, f text,
        g varchar(10), h char(3), i numeric(10, 2), j double precision, k citext, l timestamptz,
        m text COLLATE \"und-x-icu\", \"N\" int)";
    for (column, pins) in [
        ("a", true),
        ("b", true),
        ("c", true),
        ("d", true),
        ("e", true),
        ("f", true),
        ("g", true),
        ("h", false),
        ("i", false),
        ("j", false),
        ("k", false),
        ("l", false),
        ("m", false),
    ] {
        let expected = match pins {
            true => format!("t({column}=?1;)"),
            false => format!("t(; {column})"),
        };
        check_on(
            Dialect::Postgres,
            DDL,
            &format!("SELECT 1 FROM t WHERE {column} = $1"),
            &expected,
        );
    }
    check_on(
        Dialect::Postgres,
        DDL,
        "SELECT A FROM T WHERE c = TRUE",
        "t(c=true; a)",
    );
    check_on(
        Dialect::Postgres,
        DDL,
        r#"SELECT a FROM t WHERE "N" = 1"#,
        "t(N=1; a)",
    );
    check_on(
        Dialect::Postgres,
        DDL,
        "SELECT a FROM t WHERE b = $2 AND a = $1",
        "t(a=?1, b=?2;)",
    );
    check_on(
        Dialect::Postgres,
        DDL,
        "SELECT 1 FROM t WHERE a = '5'::int",
        "t(; a)",
    );
}

#[test]
fn mysql_pins_neither_its_default_text_nor_loose_operators() {
    const DDL: &str = "CREATE TABLE t (a INT, b VARCHAR(10), c VARBINARY(10),
        d VARCHAR(9) COLLATE utf8mb4_0900_bin, KEY k (a))";
    check_on(
        Dialect::MySql,
        DDL,
        "SELECT 1 FROM t WHERE a = 1",
        "t(a=1;)",
    );
    check_on(
        Dialect::MySql,
        DDL,
        "SELECT 1 FROM t WHERE b = \"x\"",
        "t(; b)",
    );
    check_on(
        Dialect::MySql,
        DDL,
        "SELECT 1 FROM t WHERE c = 'x'",
        "t(c='x';)",
    );
    check_on(
        Dialect::MySql,
        DDL,
        "SELECT 1 FROM t WHERE d = 'x'",
        "t(d='x';)",
    );
    // These bind less tightly in MySQL than the parser believes.
    check_on(
        Dialect::MySql,
        DDL,
        "SELECT 1 FROM t WHERE a = 1 XOR b = 2 AND a = 3",
        "t(; a, b)",
    );
    check_on(
        Dialect::MySql,
        DDL,
        "SELECT 1 FROM t WHERE a = 1 || b = 2 AND a = 3",
        "t(; a, b)",
    );
}

#[test]
fn parameters_are_numbered_as_the_database_numbers_them() {
    let binds = |sql: &str| shop(sql).slots.to_vec();
    assert_eq!(
        binds("SELECT ? FROM track WHERE genre_id = ? AND album_id = ?"),
        [Slot::Bind(0), Slot::Bind(1), Slot::Bind(2)]
    );
    assert_eq!(
        binds("SELECT ?3 FROM track WHERE genre_id = ?2 AND album_id = ?2"),
        [Slot::Bind(2), Slot::Bind(1), Slot::Bind(1)]
    );
    // What SQLite calls the fourth is bound to the first value by sqlx: a pin of either was wrong, and
    // the answer stayed when its rows changed.
    assert_eq!(
        binds("SELECT ?3 FROM track WHERE album_id = ? AND id = ?1"),
        [Slot::Bind(2), Slot::Bind(0)]
    );
    check(
        "SELECT name FROM track WHERE id = ?1 AND genre_id IN (?, ?)",
        "Track(Id=?1; genre_id, name)",
    );
    check(
        "SELECT name FROM track WHERE genre_id = ? AND id = ?1",
        "Track(Id=?1, genre_id=?1; name)",
    );
    assert_eq!(
        binds("SELECT name FROM track WHERE genre_id = :a AND album_id = @b AND id = :a"),
        [Slot::Bind(0), Slot::Bind(1), Slot::Bind(0)]
    );
}

#[test]
fn the_same_condition_on_two_aliases_is_two_reads() {
    check(
        "SELECT a.name, b.code FROM track a, track b WHERE a.genre_id = 1 AND b.album_id = 2",
        "Track(genre_id=1; name) | Track(album_id=2; code)",
    );
    assert_eq!(
        read_of(&shop("SELECT 1 FROM track a, track b"))
            .tables
            .len(),
        2
    );
    assert!(SHOP.contains("playlist_track"));
}
