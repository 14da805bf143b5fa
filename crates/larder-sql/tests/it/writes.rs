//! What statements write, and whether their rows can be named.

use larder_sql::{ColumnSet, Dialect, Footprint, RowsNamed, WriteKind};

use crate::support::{SHOP, plan, shop, target_of, write_of};

fn columns(names: &[&str]) -> ColumnSet {
    ColumnSet::Set(names.iter().map(|name| (*name).into()).collect())
}

/// The parts of the text that name the rows, and which parameters they take.
#[track_caller]
fn check_rows(sql: &str, target: &str, condition: &str, first_bind: usize, binds: usize) {
    let planned = shop(sql);
    let write = target_of(&planned);
    let RowsNamed::Where {
        target: t,
        condition: c,
        first_bind: f,
        binds: b,
        ..
    } = &write.rows
    else {
        panic!("{sql}: {:?}", write.rows)
    };
    let condition_text = c.clone().map_or("", |range| &sql[range]);
    assert_eq!(
        (&sql[t.clone()], condition_text, *f, *b),
        (target, condition, first_bind, binds)
    );
}

#[track_caller]
fn check_unnamed(dialect: Dialect, ddl: &str, sql: &str) {
    let planned = plan(dialect, ddl, sql);
    for target in &write_of(&planned).targets {
        assert!(
            matches!(target.rows, RowsNamed::Unknown(_)),
            "{sql}: {:?}",
            target.rows
        );
    }
}

#[test]
fn every_kind_is_told_apart() {
    for (sql, kind) in [
        ("INSERT INTO genre VALUES (1, 'x')", WriteKind::Insert),
        (
            "INSERT OR IGNORE INTO genre VALUES (1, 'x')",
            WriteKind::Insert,
        ),
        ("INSERT INTO genre DEFAULT VALUES", WriteKind::Insert),
        (
            "INSERT INTO genre (name) SELECT name FROM artist",
            WriteKind::Insert,
        ),
        (
            "INSERT INTO genre AS g (name) VALUES ('x')",
            WriteKind::Insert,
        ),
        (
            "INSERT INTO genre (name) VALUES ('x') ON CONFLICT DO NOTHING",
            WriteKind::Insert,
        ),
        (
            "INSERT OR REPLACE INTO genre VALUES (1, 'x')",
            WriteKind::Replace,
        ),
        ("REPLACE INTO genre VALUES (1, 'x')", WriteKind::Replace),
        ("UPDATE OR REPLACE genre SET name = 'x'", WriteKind::Replace),
        (
            "INSERT INTO genre (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            WriteKind::Upsert,
        ),
        (
            "INSERT INTO genre (id) VALUES (1) ON CONFLICT (name) DO NOTHING ON CONFLICT (id) DO UPDATE SET name = 'x'",
            WriteKind::Upsert,
        ),
        (
            "INSERT INTO genre (id) VALUES (1) ON CONFLICT (id) WHERE id > 1 DO UPDATE SET name = 'x' WHERE id < 9",
            WriteKind::Upsert,
        ),
        ("UPDATE genre SET name = 'x'", WriteKind::Update),
        ("UPDATE OR IGNORE genre SET name = 'x'", WriteKind::Update),
        ("DELETE FROM genre", WriteKind::Delete),
        (
            "WITH x AS (SELECT 1) DELETE FROM genre WHERE id IN (SELECT * FROM x)",
            WriteKind::Delete,
        ),
        (
            "WITH x AS (SELECT 1) INSERT INTO genre (id) SELECT * FROM x",
            WriteKind::Insert,
        ),
    ] {
        let planned = shop(sql);
        let write = target_of(&planned);
        assert_eq!((&*write.table, write.kind), ("genre", kind), "{sql}");
        if kind != WriteKind::Update {
            assert_eq!(write.columns, ColumnSet::All, "{sql}");
        }
    }
}

#[test]
fn an_update_changes_what_it_sets_and_what_is_computed() {
    let set = |sql| target_of(&shop(sql)).columns.clone();
    assert_eq!(set("UPDATE album SET title = 'x'"), columns(&["title"]));
    assert_eq!(
        set("UPDATE album SET (title, artist_id) = (1, 2)"),
        columns(&["artist_id", "title"])
    );
    assert_eq!(
        set("UPDATE Track SET NAME = 'x'"),
        columns(&["cents", "name"])
    );
    assert_eq!(set("UPDATE album SET rowid = 1"), columns(&["id"]));
    assert_eq!(set("UPDATE album SET no_such_column = 1"), ColumnSet::All);
    let unknown = plan(Dialect::Sqlite, "", "UPDATE t SET rowid = 1");
    assert_eq!(target_of(&unknown).columns, ColumnSet::All);
}

#[test]
fn a_where_names_the_rows() {
    check_rows(
        "UPDATE genre SET name = ? WHERE id = ?",
        "genre",
        "WHERE id = ?",
        1,
        1,
    );
    check_rows(
        "UPDATE genre AS g SET name = ? WHERE g.id IN (?, ?) ;",
        "genre AS g",
        "WHERE g.id IN (?, ?)",
        1,
        2,
    );
    check_rows(
        "UPDATE \"genre\" SET name = 'where' WHERE id = 1 RETURNING id",
        "\"genre\"",
        "WHERE id = 1",
        0,
        0,
    );
    check_rows("update main.genre set name = 1", "main.genre", "", 0, 0);
    check_rows(
        "DELETE FROM genre WHERE id = ? -- all",
        "genre",
        "WHERE id = ?",
        0,
        1,
    );
    check_rows(
        "DELETE FROM genre AS g WHERE id IN (SELECT id FROM genre WHERE id = ?)",
        "genre AS g",
        "WHERE id IN (SELECT id FROM genre WHERE id = ?)",
        0,
        1,
    );
    check_rows("DELETE FROM genre", "genre", "", 0, 0);
    check_rows(
        "UPDATE OR IGNORE genre SET name = 'ü' WHERE id = 1",
        "genre",
        "WHERE id = 1",
        0,
        0,
    );
    check_rows(
        "UPDATE genre SET name = datetime('now') WHERE id = 1",
        "genre",
        "WHERE id = 1",
        0,
        0,
    );
}

#[test]
fn a_with_clause_goes_along() {
    let sql = "WITH x AS (SELECT 1) UPDATE genre SET name = 'x' WHERE id IN (SELECT * FROM x)";
    let planned = shop(sql);
    let RowsNamed::Where {
        with: Some(with), ..
    } = &target_of(&planned).rows
    else {
        panic!("{:?}", target_of(&planned).rows)
    };
    assert_eq!(&sql[with.clone()], "WITH x AS (SELECT 1)");
}

#[test]
fn numbered_parameters_are_said_to_be() {
    let planned = plan(Dialect::Postgres, "", "UPDATE t SET a = $1 WHERE b = $2");
    assert!(matches!(
        target_of(&planned).rows,
        RowsNamed::Where {
            numbered: true,
            binds: 0,
            ..
        }
    ));
    let planned = plan(Dialect::Postgres, "", "UPDATE t SET a = $1 WHERE b = 2");
    assert!(matches!(
        target_of(&planned).rows,
        RowsNamed::Where {
            numbered: false,
            ..
        }
    ));
}

#[test]
fn rows_that_the_text_does_not_name() {
    for sql in [
        "UPDATE track SET name = 'x' FROM album WHERE album.id = track.album_id",
        "UPDATE genre SET name = 'x' ORDER BY id LIMIT 1",
        "UPDATE genre SET name = 'x' WHERE id > 1 LIMIT 1",
        "DELETE FROM genre WHERE id > 1 ORDER BY id LIMIT 1",
        "DELETE FROM genre WHERE random() > 0",
        "UPDATE genre SET name = 'x' WHERE name < datetime('now')",
        "UPDATE OR REPLACE genre SET name = 'x' WHERE id = 1",
        "WITH x AS (SELECT ?) UPDATE genre SET name = 'x' WHERE id IN (SELECT * FROM x)",
        "UPDATE genre SET name = ?1 WHERE id = ?",
        "UPDATE rock SET name = 'x' WHERE id = 1",
        "DELETE FROM search WHERE name = 'x'",
    ] {
        check_unnamed(Dialect::Sqlite, SHOP, sql);
    }
    check_unnamed(
        Dialect::Postgres,
        "",
        "DELETE FROM a USING b WHERE a.x = b.x",
    );
    check_unnamed(
        Dialect::MySql,
        "",
        "UPDATE a JOIN b ON a.x = b.x SET a.y = 1",
    );
    check_unnamed(Dialect::MySql, "", "DELETE a FROM a JOIN b ON a.x = b.x");
    check_unnamed(
        Dialect::MySql,
        "",
        "UPDATE a SET x = 1 WHERE y = 2 ORDER BY z LIMIT 1",
    );
    check_unnamed(
        Dialect::Sqlite,
        "CREATE TABLE t (a INTEGER, b TEXT UNIQUE ON CONFLICT REPLACE)",
        "UPDATE t SET b = 'x' WHERE a = 1",
    );
}

#[test]
fn a_schema_that_replaces_makes_every_insert_a_replace() {
    const DDL: &str =
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT, UNIQUE (b) ON CONFLICT REPLACE)";
    let planned = plan(Dialect::Sqlite, DDL, "INSERT INTO t VALUES (1, 'x')");
    assert_eq!(target_of(&planned).kind, WriteKind::Replace);
    assert!(target_of(&planned).event.delete);
    let planned = plan(Dialect::Sqlite, DDL, "UPDATE t SET b = 'x'");
    assert_eq!(target_of(&planned).columns, ColumnSet::All);
}

#[test]
fn returning_says_what_it_returns_and_where() {
    let sql = "INSERT INTO genre (name) VALUES ('returning') RETURNING id, \"name\", 1 + 1";
    let planned = shop(sql);
    let info = target_of(&planned).returning.clone().expect("it has one");
    assert!(!info.all_columns);
    assert_eq!(info.columns, ["id".into(), "name".into()]);
    assert_eq!(&sql[info.range], "RETURNING id, \"name\", 1 + 1");
    assert!(write_of(&planned).returning);
    let planned = shop("DELETE FROM genre RETURNING *");
    assert!(
        target_of(&planned)
            .returning
            .as_ref()
            .is_some_and(|info| info.all_columns)
    );
}

#[test]
fn the_end_is_where_returning_could_be_added() {
    for sql in [
        "INSERT INTO genre (name) VALUES ('x')",
        "INSERT INTO genre (name) VALUES ('x');",
        "INSERT INTO genre (name) VALUES ('x') -- said",
        "INSERT INTO genre (name) VALUES ('x') /* said */ ; ",
    ] {
        let planned = shop(sql);
        let end = target_of(&planned).end;
        assert_eq!(
            &sql[..end],
            "INSERT INTO genre (name) VALUES ('x')",
            "{sql}"
        );
    }
}

#[test]
fn writes_in_ctes_are_found() {
    let sql = "WITH gone AS (DELETE FROM a WHERE x = 1 RETURNING y), \
               more AS (INSERT INTO b SELECT y FROM gone RETURNING z) \
               UPDATE c SET d = 1 WHERE e IN (SELECT z FROM more)";
    let planned = plan(Dialect::Postgres, "", sql);
    let mut tables: Vec<_> = write_of(&planned)
        .targets
        .iter()
        .map(|target| target.table.to_string())
        .collect();
    tables.sort();
    assert_eq!(tables, ["a", "b", "c"]);
    let sql = "WITH gone AS (DELETE FROM a RETURNING y) SELECT * FROM gone";
    assert_eq!(
        write_of(&plan(Dialect::Postgres, "", sql)).targets[0].kind,
        WriteKind::Delete
    );
}

#[test]
fn bulk_statements_are_writes() {
    let targets = |dialect, sql| -> Vec<(String, WriteKind)> {
        let planned = plan(dialect, "", sql);
        let targets = &write_of(&planned).targets;
        targets
            .iter()
            .map(|target| (target.table.to_string(), target.kind))
            .collect()
    };
    assert_eq!(
        targets(Dialect::Postgres, "TRUNCATE a, b"),
        [
            ("a".to_string(), WriteKind::Truncate),
            ("b".to_string(), WriteKind::Truncate)
        ]
    );
    assert_eq!(targets(Dialect::Postgres, "COPY a FROM STDIN")[0].0, "a");
    assert_eq!(
        targets(Dialect::MySql, "LOAD DATA INFILE 'x' INTO TABLE a")[0].0,
        "a"
    );
    assert_eq!(
        targets(
            Dialect::Postgres,
            "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE"
        ),
        [("a".to_string(), WriteKind::Merge)]
    );
    assert_eq!(
        targets(
            Dialect::MySql,
            "INSERT INTO a (x) VALUES (1) ON DUPLICATE KEY UPDATE x = 2"
        ),
        [("a".to_string(), WriteKind::Upsert)]
    );
    assert!(matches!(
        plan(Dialect::Postgres, "", "TRUNCATE a CASCADE")
            .plan
            .footprint,
        Footprint::Unknown(_)
    ));
}

#[test]
fn a_table_of_another_schema_may_also_be_the_bare_one() {
    let planned = plan(Dialect::Postgres, "", "DELETE FROM app.t WHERE x = 1");
    let mut tables: Vec<_> = write_of(&planned)
        .targets
        .iter()
        .map(|target| target.table.to_string())
        .collect();
    tables.sort();
    assert_eq!(tables, ["app.t", "t"]);
}

#[test]
fn the_tables_that_a_write_reads_are_listed() {
    let planned = shop("INSERT INTO log SELECT name, title FROM track JOIN album USING (id)");
    assert_eq!(write_of(&planned).reads, ["Track".into(), "album".into()]);
}

#[test]
fn a_write_that_calls_what_is_not_known_may_write_more() {
    assert!(write_of(&plan(Dialect::Postgres, "", "UPDATE t SET a = charge(1)")).may_write_more);
    assert!(!write_of(&plan(Dialect::Postgres, "", "UPDATE t SET a = now()")).may_write_more);
}

/// PostgreSQL tells what an upsert has written, and not what was there: that is found by the values of
/// the conflict target, where the text gives them.
#[test]
fn what_an_upsert_may_meet_is_named_by_its_conflict_target() {
    let ddl = "CREATE TABLE person (id integer PRIMARY KEY, mail text UNIQUE, name text);";
    let named = |sql: &str| {
        let planned = plan(Dialect::Postgres, ddl, sql);
        match &target_of(&planned).rows {
            RowsNamed::Keys { columns, rows } => {
                let columns: Vec<String> = columns.iter().map(|name| name.to_string()).collect();
                Some((columns.join(", "), rows.len()))
            }
            _ => None,
        }
    };
    let some = |columns: &str, rows| Some((columns.to_owned(), rows));
    for (sql, expected) in [
        (
            "INSERT INTO person AS p VALUES (1, 'a', 'b'), ($1, $2, 'c') \
             ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            some("id", 2),
        ),
        (
            "INSERT INTO person (mail, id) VALUES ($2, $1) \
             ON CONFLICT (mail, id) DO UPDATE SET name = 'x' WHERE p.name <> 'x' RETURNING id",
            some("mail, id", 1),
        ),
        (
            "INSERT INTO person (id) VALUES (1) ON CONFLICT DO NOTHING",
            None,
        ),
        (
            "INSERT INTO person (id) VALUES (1) \
             ON CONFLICT ON CONSTRAINT person_pkey DO UPDATE SET name = 'x'",
            None,
        ),
        (
            "INSERT INTO person (id) VALUES (1 + 1) ON CONFLICT (id) DO UPDATE SET name = 'x'",
            None,
        ),
        (
            "INSERT INTO person (id) SELECT 1 ON CONFLICT (id) DO UPDATE SET name = 'x'",
            None,
        ),
        (
            "INSERT INTO person (name) VALUES ('a') ON CONFLICT (id) DO UPDATE SET name = 'x'",
            None,
        ),
    ] {
        assert_eq!(named(sql), expected, "{sql}");
    }
}
