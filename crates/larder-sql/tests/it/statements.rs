//! Statements that are neither read nor write, and those that are not understood.

use larder_sql::{
    BeginMode, DdlKind, Dialect, FirstKeyword, Footprint, TransactionKind, first_keyword,
};

use crate::support::{SHOP, plan, read_of, shop};

#[track_caller]
fn check_transaction(sql: &str, expected: TransactionKind) {
    assert_eq!(
        shop(sql).plan.footprint,
        Footprint::Transaction(expected),
        "{sql}"
    );
}

#[track_caller]
fn check_unknown(dialect: Dialect, sql: &str) {
    let footprint = &plan(dialect, "", sql).plan.footprint;
    assert!(
        matches!(footprint, Footprint::Unknown(_)),
        "{sql}: {footprint:?}"
    );
}

/// MariaDB's block outside of any function: what looks like its first word's end is its first write.
#[test]
fn h28_a_block_of_statements_begins_no_transaction() {
    for sql in [
        "BEGIN NOT ATOMIC UPDATE t SET a = 1",
        "BEGIN NOT ATOMIC DELETE FROM t",
        "BEGIN UPDATE t SET a = 1",
    ] {
        check_unknown(Dialect::MySql, sql);
    }
}

#[test]
fn transactions_are_told_apart() {
    let begin = |mode| TransactionKind::Begin { mode };
    check_transaction("BEGIN", begin(BeginMode::Plain));
    check_transaction("begin transaction;", begin(BeginMode::Plain));
    check_transaction("BEGIN IMMEDIATE", begin(BeginMode::Immediate));
    check_transaction("BEGIN EXCLUSIVE TRANSACTION", begin(BeginMode::Exclusive));
    check_transaction("BEGIN DEFERRED", begin(BeginMode::Deferred));
    check_transaction("START TRANSACTION READ ONLY", begin(BeginMode::ReadOnly));
    check_transaction(
        "START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY",
        begin(BeginMode::Other),
    );
    check_transaction("COMMIT", TransactionKind::Commit);
    check_transaction("END TRANSACTION", TransactionKind::Commit);
    check_transaction("ROLLBACK", TransactionKind::Rollback);
    check_transaction("ROLLBACK TRANSACTION", TransactionKind::Rollback);
    check_transaction("SAVEPOINT Here", TransactionKind::Savepoint("here".into()));
    check_transaction("RELEASE here", TransactionKind::Release("here".into()));
    check_transaction(
        "RELEASE SAVEPOINT here",
        TransactionKind::Release("here".into()),
    );
    check_transaction(
        "ROLLBACK TO here",
        TransactionKind::RollbackTo("here".into()),
    );
    check_transaction(
        "ROLLBACK TRANSACTION TO SAVEPOINT \"here\" -- back",
        TransactionKind::RollbackTo("here".into()),
    );
}

#[test]
fn ends_of_transactions_that_do_more_are_unknown() {
    check_unknown(Dialect::Postgres, "COMMIT AND CHAIN");
    check_unknown(Dialect::Postgres, "ROLLBACK PREPARED 'x'");
}

#[test]
fn ddl_names_its_tables() {
    for (sql, table) in [
        ("CREATE TABLE t (a INTEGER)", "t"),
        ("CREATE TABLE IF NOT EXISTS t (a INTEGER)", "t"),
        ("CREATE TEMP TABLE t AS SELECT 1", "t"),
        ("DROP TABLE IF EXISTS t", "t"),
        ("ALTER TABLE track ADD COLUMN x", "Track"),
        ("CREATE UNIQUE INDEX i ON t (a)", "t"),
        ("CREATE VIEW t AS SELECT 1", "t"),
        (
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
            "t",
        ),
    ] {
        let Footprint::Ddl(ddl) = &shop(sql).plan.footprint.clone() else {
            panic!("{sql}")
        };
        assert_eq!(ddl.kind, DdlKind::Schema, "{sql}");
        assert!(ddl.everything, "{sql}");
        assert_eq!(ddl.tables, [table.into()], "{sql}");
    }
}

#[test]
fn maintenance_changes_no_row_but_vacuum_may_renumber_them() {
    for (sql, tables) in [
        ("ANALYZE", &[][..]),
        ("REINDEX", &[]),
        ("VACUUM", &["log".into(), "note".into()]),
        ("PRAGMA journal_mode = WAL", &[]),
    ] {
        let Footprint::Ddl(ddl) = &shop(sql).plan.footprint.clone() else {
            panic!("{sql}")
        };
        assert_eq!(
            (ddl.kind, ddl.everything),
            (DdlKind::Maintenance, false),
            "{sql}"
        );
        assert_eq!(ddl.tables, tables, "{sql}");
    }
    let Footprint::Ddl(ddl) = &plan(Dialect::Sqlite, "", "VACUUM").plan.footprint.clone() else {
        panic!("VACUUM")
    };
    assert!(
        ddl.everything,
        "without a schema any table may be renumbered"
    );
}

#[test]
fn descriptions_are_reads_that_are_not_kept() {
    for sql in [
        "PRAGMA table_info(track)",
        "PRAGMA user_version",
        "PRAGMA main.data_version",
        "EXPLAIN QUERY PLAN SELECT 1",
        "EXPLAIN DELETE FROM track",
    ] {
        assert!(read_of(&shop(sql)).uncacheable.is_some(), "{sql}");
    }
    assert!(
        read_of(&plan(Dialect::MySql, "", "SHOW TABLES"))
            .uncacheable
            .is_some()
    );
    check_unknown(Dialect::Postgres, "EXPLAIN ANALYZE DELETE FROM t");
    check_unknown(Dialect::Sqlite, "PRAGMA writable_schema = 1");
    check_unknown(Dialect::Sqlite, "PRAGMA user_version = 3");
}

#[test]
fn what_is_not_understood_is_unknown() {
    for sql in [
        "",
        "  ",
        "-- nothing",
        ";",
        "SELECT",
        "SELECT 'open",
        "SELECT 1; SELECT 2",
        "DELETE FROM track; SELECT 1",
        "FROBNICATE",
        "1",
        "SELECT * FROM track WHERE",
        "UPDATE",
        "INSERT INTO",
        "SET x = 1",
        "CALL f()",
        "SELECT 'a'.'b' FROM t",
        "SELECT \u{0} FROM",
        "BEGIN; DELETE FROM track; COMMIT",
    ] {
        check_unknown(Dialect::Sqlite, sql);
    }
    check_unknown(Dialect::Postgres, "DO $$ BEGIN DELETE FROM t; END $$");
    check_unknown(Dialect::Postgres, "SELECT 1 INTO t");
    check_unknown(Dialect::Postgres, "EXECUTE x");
    // `ONLY` is no table with an alias: what was read as one depended on nothing.
    check_unknown(Dialect::Postgres, "SELECT a FROM ONLY t");
    check_unknown(Dialect::Postgres, "SELECT a FROM u JOIN ONLY t ON true");
    check_unknown(Dialect::Postgres, "UPDATE ONLY t SET a = 1");
    check_unknown(Dialect::Postgres, "DELETE FROM ONLY t");
    check_unknown(
        Dialect::Postgres,
        "COPY (DELETE FROM t RETURNING *) TO STDOUT",
    );
}

#[test]
fn a_trailing_semicolon_is_no_second_statement() {
    assert!(matches!(
        shop("SELECT 1 ; ;").plan.footprint,
        Footprint::Read(_)
    ));
}

#[test]
fn the_first_word_is_a_hint() {
    for (sql, expected) in [
        ("select 1", FirstKeyword::Read),
        (" -- x\n ( ( SELECT 1))", FirstKeyword::Read),
        ("PRAGMA x", FirstKeyword::Read),
        ("replace into t", FirstKeyword::Write),
        ("WITH x", FirstKeyword::With),
        ("END", FirstKeyword::Transaction),
        ("drop table t", FirstKeyword::Ddl),
        ("", FirstKeyword::Other),
        ("selection", FirstKeyword::Other),
    ] {
        assert_eq!(first_keyword(sql, Dialect::Sqlite), expected, "{sql}");
    }
    assert!(first_keyword("SELECT", Dialect::Sqlite).looks_like_read());
    assert!(SHOP.contains("genre"));
}

#[test]
fn sqlite_spellings_are_understood() {
    for sql in [
        "SELECT * FROM track INDEXED BY i WHERE genre_id = 1",
        "SELECT * FROM track NOT INDEXED WHERE genre_id = 1",
        "SELECT name ->> '$.x', name -> 'y' FROM track",
        "SELECT * FROM track WHERE name NOTNULL AND code NOT NULL",
        "SELECT * FROM track WHERE name IS NOT 'x' COLLATE NOCASE",
        "WITH c AS MATERIALIZED (SELECT 1) SELECT * FROM c",
        "WITH c AS NOT MATERIALIZED (SELECT 1) SELECT * FROM c",
        "SELECT * FROM track LIMIT 5, 10",
        "SELECT x'ab', 0x1F, .5, 1e5, 1_000",
        "SELECT * FROM track ORDER BY name COLLATE NOCASE DESC NULLS LAST",
        "SELECT * FROM (track JOIN album ON album.id = track.album_id)",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT name FROM track WHERE (id, name) IN (VALUES (1, 'x'))",
        "SELECT max(id) FILTER (WHERE id > 1) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM track",
    ] {
        let footprint = &shop(sql).plan.footprint;
        assert!(
            matches!(footprint, Footprint::Read(_)),
            "{sql}: {footprint:?}"
        );
    }
}
