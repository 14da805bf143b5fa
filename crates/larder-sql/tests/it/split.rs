//! Where statements end.

use larder_sql::{Dialect, split};

#[track_caller]
fn check(dialect: Dialect, script: &str, expected: &[&str]) {
    let texts: Vec<&str> = split(script, dialect)
        .into_iter()
        .map(|r| &script[r])
        .collect();
    assert_eq!(texts, expected, "{script}");
}

#[test]
fn semicolons_end_statements() {
    let check = |script, expected| check(Dialect::Sqlite, script, expected);
    check("", &[]);
    check(" ;; ; -- x", &[]);
    check("a; b", &["a", "b"]);
    check("a;b;", &["a", "b"]);
    check("/* ; */ a -- ;\n b ;c", &["a -- ;\n b", "c"]);
    check(
        "'a;''b' ; \"c;\"\"d\"; `e;`; [f;g]",
        &["'a;''b'", "\"c;\"\"d\"", "`e;`", "[f;g]"],
    );
    check("ü; 'ü;", &["ü", "'ü;"]);
    check("a /* open ;", &["a"]);
}

#[test]
fn triggers_keep_their_semicolons() {
    let trigger = "CREATE TRIGGER IF NOT EXISTS t AFTER INSERT ON a BEGIN UPDATE b SET c = CASE WHEN d THEN 1 END; DELETE FROM e; END";
    check(
        Dialect::Sqlite,
        &format!("{trigger}; SELECT 1"),
        &[trigger, "SELECT 1"],
    );
    let temp = "create temp trigger t delete on a begin select 1; end";
    check(Dialect::Sqlite, &format!("{temp} ;{temp}"), &[temp, temp]);
    // A trigger of MySQL may be one statement.
    check(
        Dialect::MySql,
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1; SELECT 1",
        &[
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.b = 1",
            "SELECT 1",
        ],
    );
    check(
        Dialect::Sqlite,
        "BEGIN; SELECT 1; END; SELECT 2",
        &["BEGIN", "SELECT 1", "END", "SELECT 2"],
    );
    check(
        Dialect::Sqlite,
        "CREATE TABLE \"trigger\" (a); SELECT 1",
        &["CREATE TABLE \"trigger\" (a)", "SELECT 1"],
    );
}

#[test]
fn each_dialect_quotes_in_its_way() {
    check(
        Dialect::Postgres,
        "DO $$ a; b $$; c",
        &["DO $$ a; b $$", "c"],
    );
    check(
        Dialect::Postgres,
        "SELECT $x$ ; $$ ; $x$; $1",
        &["SELECT $x$ ; $$ ; $x$", "$1"],
    );
    check(
        Dialect::Postgres,
        "E'a\\';b'; 'a\\'; c",
        &["E'a\\';b'", "'a\\'", "c"],
    );
    check(Dialect::Postgres, "/* /* ; */ ; */ a; b", &["a", "b"]);
    check(Dialect::MySql, "'a\\';b'; # ;\n c", &["'a\\';b'", "c"]);
    check(Dialect::Sqlite, "'a\\'; b", &["'a\\'", "b"]);
}

#[test]
fn a_table_with_a_column_called_trigger_ends_at_its_semicolon() {
    check(
        Dialect::Sqlite,
        "CREATE TABLE log (trigger TEXT, begin TEXT); SELECT 1",
        &["CREATE TABLE log (trigger TEXT, begin TEXT)", "SELECT 1"],
    );
    check(
        Dialect::Sqlite,
        "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END; SELECT 2",
        &[
            "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END",
            "SELECT 2",
        ],
    );
}

/// In MySQL two dashes need a blank after them, and some comments are run.
#[test]
fn what_mysql_runs_is_no_comment() {
    check(
        Dialect::MySql,
        "UPDATE a SET b = 5--1; DELETE FROM c",
        &["UPDATE a SET b = 5--1", "DELETE FROM c"],
    );
    check(
        Dialect::MySql,
        "SELECT 1 -- ; \n; SELECT 2 --",
        &["SELECT 1", "SELECT 2"],
    );
    check(
        Dialect::MySql,
        "SELECT 1; /*! DELETE FROM c */; /*M!100 DELETE FROM d */ /* e */",
        &[
            "SELECT 1",
            "/*! DELETE FROM c */",
            "/*M!100 DELETE FROM d */",
        ],
    );
    check(Dialect::Sqlite, "SELECT 5--1; SELECT 2", &["SELECT 5"]);
}
