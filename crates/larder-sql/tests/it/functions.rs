//! What differs from call to call is never kept.

use larder_sql::Dialect;

use crate::support::{SHOP, check_cacheable_on, plan, read_of};

#[track_caller]
fn check(dialect: Dialect, expression: &str, cacheable: bool) {
    let ddl = if dialect == Dialect::Sqlite { SHOP } else { "" };
    for sql in [
        format!("SELECT {expression} FROM track"),
        format!("SELECT 1 FROM track WHERE name = {expression}"),
        format!("SELECT 1 FROM track ORDER BY coalesce(({expression}), 1)"),
    ] {
        check_cacheable_on(dialect, ddl, &sql, cacheable);
    }
}

#[test]
fn sqlite_functions_that_always_answer_alike() {
    for expression in [
        "lower(name)",
        "abs(price)",
        "count(*)",
        "json_extract(name, '$.a')",
        "date(name)",
        "date('2024-01-01')",
        "date('2024-01-01', '+1 day')",
        "strftime('%Y', name)",
        "datetime(price, 'unixepoch')",
        "julianday('2024-01-01')",
        "iif(price, 1, 2)",
        "name LIKE 'x'",
        "cast(price AS TEXT)",
        "printf('%d', price)",
    ] {
        check(Dialect::Sqlite, expression, true);
    }
}

#[test]
fn sqlite_functions_that_do_not() {
    for expression in [
        "random()",
        "randomblob(4)",
        "last_insert_rowid()",
        "changes()",
        "total_changes()",
        "current_timestamp",
        "CURRENT_DATE",
        "current_time",
        "date()",
        "date('now')",
        "datetime('now', '-1 day')",
        "date(?)",
        "datetime(name, ?)",
        "strftime('%Y')",
        "strftime('%Y', 'now')",
        "strftime('%Y', ?)",
        "julianday('NOW')",
        "unixepoch()",
        "unixepoch('subsec')",
        "time(lower('NOW'))",
        "timediff('2024-01-01', 'now')",
        "date(\"now\")",
        "my_own(name)",
        "sqlite_version()",
        "load_extension('x')",
        "name REGEXP 'x'",
        "DATE ( 'now' )",
    ] {
        check(Dialect::Sqlite, expression, false);
    }
}

#[test]
fn postgres_functions_that_do_not_always_answer_alike_may_also_write() {
    for expression in [
        "now()",
        "current_timestamp",
        "current_user",
        "nextval('s')",
        "random()",
        "gen_random_uuid()",
        "current_setting('x')",
        "clock_timestamp()",
        "'now'::timestamp",
        "date 'today'",
        "$1::date",
    ] {
        check(Dialect::Postgres, expression, false);
    }
    for expression in [
        "lower(name)",
        "coalesce(name, 'x')",
        "jsonb_agg(name)",
        "'2020-01-01'::date",
    ] {
        check(Dialect::Postgres, expression, true);
    }
    check(Dialect::Postgres, "app.charge(name)", false);
    // What tells of the server or of a type is not kept, and is no write that drops everything.
    for look in ["pg_typeof(name)", "pg_catalog.to_regclass('track')"] {
        check(Dialect::Postgres, look, false);
        let sql = format!("SELECT {look} FROM track");
        assert!(
            !read_of(&plan(Dialect::Postgres, "", &sql)).may_write,
            "{look}"
        );
    }
    assert!(read_of(&plan(Dialect::Postgres, "", "SELECT app.pg_typeof(1)")).may_write);
    assert!(read_of(&plan(Dialect::MySql, "", "SELECT pg_typeof(1)")).may_write);
    assert!(read_of(&plan(Dialect::Postgres, "", "SELECT charge(1)")).may_write);
    assert!(!read_of(&plan(Dialect::Postgres, "", "SELECT now()")).may_write);
    assert!(!read_of(&plan(Dialect::Postgres, "", "SELECT nextval('s')")).may_write);
    assert!(read_of(&plan(Dialect::Postgres, "", "SELECT app.nextval('s')")).may_write);
    assert!(read_of(&plan(Dialect::MySql, "", "SELECT nextval('s')")).may_write);
    assert!(!read_of(&plan(Dialect::Sqlite, "", "SELECT charge(1)")).may_write);
}

#[test]
fn mysql_variables_and_clocks_are_not_kept() {
    for expression in [
        "now()",
        "@x",
        "rand()",
        "uuid()",
        "last_insert_id()",
        "current_date",
    ] {
        check(Dialect::MySql, expression, false);
    }
    check(Dialect::MySql, "date_format(name, '%Y')", true);
}

/// An update that changes no value moves the row all the same.
#[test]
fn where_postgres_keeps_a_row_is_not_kept() {
    for column in [
        "ctid",
        "t.ctid",
        "\"xmin\"",
        "t.XMAX",
        "tableoid",
        "public.t.ctid",
    ] {
        check_cacheable_on(
            Dialect::Postgres,
            "CREATE TABLE t (a int)",
            &format!("SELECT {column}::text FROM t"),
            false,
        );
    }
    check_cacheable_on(
        Dialect::Sqlite,
        "CREATE TABLE t (ctid)",
        "SELECT ctid FROM t",
        true,
    );
}

#[test]
fn locks_samples_and_the_database_s_own_tables_are_not_kept() {
    let check = |dialect, sql| check_cacheable_on(dialect, "", sql, false);
    check(Dialect::Postgres, "SELECT * FROM t FOR UPDATE");
    check(Dialect::Postgres, "SELECT * FROM t FOR SHARE SKIP LOCKED");
    check(Dialect::MySql, "SELECT * FROM t FOR UPDATE");
    check(Dialect::Postgres, "SELECT * FROM t TABLESAMPLE SYSTEM (10)");
    check(Dialect::Postgres, "SELECT * FROM pg_catalog.pg_class");
    check(Dialect::Postgres, "SELECT * FROM information_schema.tables");
    check(Dialect::Sqlite, "SELECT * FROM sqlite_master");
    check(Dialect::Sqlite, "SELECT * FROM sqlite_sequence");
    check(Dialect::Sqlite, "SELECT * FROM pragma_table_info('t')");
    check(Dialect::Sqlite, "SELECT * FROM other.t");
    check(Dialect::Postgres, "SELECT * FROM charge_everyone()");
    check_cacheable_on(Dialect::Sqlite, "", "SELECT * FROM t, json_each(t.a)", true);
    check_cacheable_on(
        Dialect::Postgres,
        "",
        "SELECT * FROM generate_series(1, 3)",
        true,
    );
}

#[test]
fn a_view_that_asks_for_the_time_is_not_kept() {
    const DDL: &str =
        "CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a FROM t WHERE a < date('now');";
    check_cacheable_on(Dialect::Sqlite, DDL, "SELECT * FROM v", false);
}

/// A column that a query computes may hold the text 'now'.
#[test]
fn times_of_computed_columns_are_not_kept() {
    for sql in [
        "SELECT julianday(x) FROM (SELECT 'now' AS x)",
        "WITH c (x) AS (VALUES ('now')) SELECT date(x) FROM c",
    ] {
        crate::support::check_cacheable_on(Dialect::Sqlite, crate::support::SHOP, sql, false);
    }
}

/// Beside a time PostgreSQL reads these texts as the time of the statement, also where nobody says
/// that they are times.
#[test]
fn texts_that_beside_a_time_are_the_time_are_not_kept_on_postgres() {
    let postgres = Dialect::Postgres;
    for text in [
        "at < 'now'",
        "at = 'Today 12:00'",
        "at IN ('2026-01-01', 'yesterday')",
        "'tomorrow' > at",
    ] {
        check(postgres, text, false);
    }
    for text in [
        "name = 'nowhere'",
        "name LIKE '%know%'",
        "at < '2026-01-01'",
    ] {
        check(postgres, text, true);
    }
    check(Dialect::Sqlite, "name = 'now'", true);
}
