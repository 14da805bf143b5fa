//! The commands on databases of servers: real ones, private to this process.

use larder_servers::{MariaDb, Postgres};
use serde_json::{Value, json};

use crate::{attempt, larder, refused};

const POSTGRES: &str = "
    CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE track (
        id INTEGER PRIMARY KEY, name TEXT NOT NULL, price INTEGER NOT NULL,
        genre_id INTEGER NOT NULL REFERENCES genre (id) ON DELETE CASCADE);
    INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz');
    INSERT INTO track VALUES (1, 'Fast', 99, 1), (2, 'Blue', 99, 2);";

const MARIADB: &str = "
    CREATE TABLE genre (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL);
    CREATE TABLE track (
        id INT PRIMARY KEY, name VARCHAR(40) NOT NULL, price INT NOT NULL, genre_id INT NOT NULL,
        FOREIGN KEY (genre_id) REFERENCES genre (id) ON DELETE CASCADE);
    INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz');
    INSERT INTO track VALUES (1, 'Fast', 99, 1), (2, 'Blue', 99, 2);";

/// Statements of one script for all: `@params` alone differs, by the database's own placeholders.
fn script(placeholder: &str) -> String {
    format!(
        "-- @expect miss
        SELECT id, name FROM track WHERE genre_id = 1;
        -- @conn b
        -- @expect hit
        SELECT id, name FROM track WHERE genre_id = 1;
        /* Nobody reads a price here. */
        UPDATE track SET price = 129 WHERE genre_id = 1;
        -- @expect hit
        SELECT id, name FROM track WHERE genre_id = 1;
        -- @conn b
        BEGIN;
        -- @conn b
        -- @params 'Faster'
        UPDATE track SET name = {placeholder} WHERE id = 1;
        -- @expect hit
        SELECT id, name FROM track WHERE genre_id = 1;
        -- @conn b
        -- @expect uncached
        SELECT id, name FROM track WHERE genre_id = 1;
        -- A lock that another connection of the script holds is not waited for for ever.
        -- @expect error
        UPDATE track SET name = 'Slow' WHERE id = 1;
        -- @conn b
        SAVEPOINT s;
        -- @conn b
        DELETE FROM track WHERE id = 2;
        -- @conn b
        ROLLBACK TO s;
        -- @conn b
        COMMIT;
        -- @expect miss
        SELECT id, name FROM track WHERE genre_id = 1;
        -- @expect miss
        SELECT count(*) FROM track;
        -- Takes its tracks with it, which no statement names.
        DELETE FROM genre WHERE id = 2;
        -- @expect miss
        SELECT count(*) FROM track;
        -- @expect error
        SAVEPOINT nowhere;
        -- @expect error
        SELECT * FROM nowhere;
        ALTER TABLE track ADD COLUMN composer VARCHAR(40);
        -- @expect miss
        SELECT id, composer FROM track WHERE id = 1;"
    )
}

#[track_caller]
fn check_try(url: &str, placeholder: &str) {
    let (lines, status) = attempt(&script(placeholder), &["--database", url, "--summary"]);
    assert_eq!(status, Some(0), "{lines:#?}");
    let summary = lines.last().expect("a summary");
    assert_eq!(
        (&summary["hits"], &summary["stale"], &summary["unmet"]),
        (&json!(3), &json!(0), &json!(0)),
        "{summary}"
    );
    // What was written is there when the script has ended.
    let (lines, _) = attempt("SELECT name FROM track", &["--database", url]);
    assert_eq!(lines[0]["rows"], 1, "{lines:#?}");
}

#[track_caller]
fn check_explain(url: &str) {
    let explain = |sql: &str, against: &str| -> Value {
        let output = larder(&[
            "explain",
            sql,
            "--database",
            url,
            "--against",
            against,
            "--json",
        ]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let read = "SELECT id, name FROM track WHERE genre_id = 1";
    let repriced = explain(read, "UPDATE track SET price = 1");
    assert_eq!(repriced["tags"], json!(["track(genre_id=1; id, name)"]));
    assert_eq!(repriced["against"]["can_change"], false);
    // Only the database's own catalogue knows that a genre takes its tracks with it.
    let deleted = explain(read, "DELETE FROM genre WHERE id = 1");
    assert_eq!(deleted["against"]["can_change"], true, "{deleted:#}");
    let other = explain(read, "UPDATE genre SET name = 'Pop' WHERE id = 1");
    assert_eq!(other["against"]["can_change"], false, "{other:#}");
}

#[test]
fn commands_read_and_run_on_postgresql() {
    let url = Postgres::shared().database("commands");
    Postgres::shared().run_sql("commands", POSTGRES);
    check_explain(&url);
    check_try(&url, "$1");
}

#[test]
fn commands_read_and_run_on_mariadb() {
    let url = MariaDb::shared().database("commands");
    MariaDb::shared().run_sql("commands", MARIADB);
    check_explain(&url.replace("mysql://", "mariadb://"));
    check_try(&url, "?");
}

/// The password of a URL is in no answer, whether the URL is wrong, the server or the password.
#[test]
fn a_password_is_never_repeated() {
    let nobody = larder_servers::free_port();
    let mariadb = MariaDb::shared().url("mysql");
    let wrong = mariadb.replace("root@", "nobody:hunter2@");
    let absent = format!("postgres://me:hunter2@127.0.0.1:{nobody}/db");
    let said = refused(&["explain", "SELECT 1", "--database", &absent]);
    assert!(said.contains("nobody answers there"), "{said}");
    for url in [
        "oracle://me:hunter2@host/db",
        "me:hunter2@host/db",
        "postgres://me:hunter2@host:many/db",
        "mysql://me:hunter2@[/db",
        &absent,
        &wrong,
    ] {
        for said in [
            refused(&["explain", "SELECT 1", "--database", url]),
            refused_script(url),
        ] {
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

/// What `try` says of a database that it cannot open.
#[track_caller]
fn refused_script(url: &str) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "SELECT 1").expect("a script");
    let path = file.path().to_str().expect("a path");
    refused(&["try", path, "--database", url])
}

#[test]
fn a_dialect_that_is_not_the_databases_is_refused() {
    let url = Postgres::shared().database("dialects");
    let explain = |dialect| {
        larder(&[
            "explain",
            "SELECT 1",
            "--database",
            &url,
            "--dialect",
            dialect,
        ])
    };
    assert_eq!(explain("postgres").status.code(), Some(0));
    let said = refused(&[
        "explain",
        "SELECT 1",
        "--database",
        &url,
        "--dialect",
        "mysql",
    ]);
    assert!(said.contains("PostgreSQL"), "{said}");
}
