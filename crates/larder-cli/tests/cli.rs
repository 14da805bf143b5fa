//! The commands as a user runs them: what they print, and how they exit.

#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/entries.rs"]
mod entries;
#[path = "cli/fleet.rs"]
mod fleet;
#[path = "cli/generated.rs"]
mod generated;
#[path = "cli/invalidate.rs"]
mod invalidate;
#[path = "cli/servers.rs"]
mod servers;
#[path = "cli/service.rs"]
mod service;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn larder(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_larder"))
        .args(arguments)
        .env_remove("LARDER_STORE")
        .env_remove("LARDER_NAMESPACE")
        .output()
        .expect("larder runs")
}

/// Runs a script; its lines as JSON, and the exit status.
fn attempt(script: &str, more: &[&str]) -> (Vec<Value>, Option<i32>) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script.sql");
    std::fs::write(&file, script).expect("a script");
    let mut arguments = vec!["try", file.to_str().expect("a path"), "--json"];
    arguments.extend(more);
    let output = larder(&arguments);
    let text = String::from_utf8(output.stdout).expect("text");
    let lines = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    (lines, output.status.code())
}

/// Standard error of a command that could not be carried out: one sentence, status 2.
#[track_caller]
fn refused(arguments: &[&str]) -> String {
    let output = larder(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}

const SHOP: &str = "
CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT, genre_id INTEGER REFERENCES genre (id), price INTEGER);
INSERT INTO genre VALUES (1, 'Rock'), (2, 'Jazz');
INSERT INTO track VALUES (1, 'Fast', 1, 99), (2, 'Blue', 2, 99);
";

#[test]
fn a_line_says_everything_about_its_statement() {
    let script = format!(
        "{SHOP}\n-- @expect miss\nSELECT id, name FROM track WHERE genre_id = 1;\n-- @conn b\n-- @expect hit\nSELECT id, name FROM track WHERE genre_id = 1;\nUPDATE track SET name = 'Faster' WHERE id = 1;\n-- @expect hit\nSELECT 1;"
    );
    let (lines, status) = attempt(&script, &[]);
    assert_eq!(status, Some(1), "the last expectation is not met");
    let miss = &lines[4];
    assert_eq!(
        *miss,
        serde_json::json!({
            "n": 5, "line": 8, "conn": "a", "sql": "SELECT id, name FROM track WHERE genre_id = 1",
            "kind": "read", "outcome": "miss", "why": null, "rows": 1, "statements": 1, "stale": false,
            "bumped": [], "expected": "miss", "ok": true
        })
    );
    let hit = &lines[5];
    assert_eq!(
        (&hit["conn"], &hit["outcome"], &hit["statements"]),
        (&"b".into(), &"hit".into(), &0.into())
    );
    let write = &lines[6];
    assert_eq!(
        (&write["kind"], &write["outcome"], &write["rows"]),
        (&"write".into(), &Value::Null, &1.into())
    );
    let bumped = write["bumped"].as_array().expect("a list");
    assert!(
        bumped.contains(&"track(genre_id=1; id, name)".into()),
        "{bumped:?}"
    );
    assert_eq!(
        (&lines[7]["ok"], &lines[7]["expected"]),
        (&false.into(), &"hit".into())
    );
}

#[test]
fn transactions_interleave_on_named_connections() {
    let script = format!(
        "{SHOP}
        SELECT name FROM genre WHERE id = 1;
        -- @conn b
        BEGIN IMMEDIATE;
        -- @conn b
        UPDATE genre SET name = 'Pop' WHERE id = 1;
        -- @expect hit
        SELECT name FROM genre WHERE id = 1;
        -- @conn b
        -- @expect uncached
        SELECT name FROM genre WHERE id = 1;
        -- @expect error
        UPDATE genre SET name = 'x' WHERE id = 2;
        -- @conn b
        SAVEPOINT s;
        -- @conn b
        UPDATE genre SET name = 'Polka' WHERE id = 1;
        -- @conn b
        ROLLBACK TO s;
        -- @conn b
        COMMIT;
        -- @expect miss
        SELECT name FROM genre WHERE id = 1;
        BEGIN;
        DELETE FROM track;
        ROLLBACK;
        -- @expect hit
        SELECT name FROM genre WHERE id = 1;"
    );
    let (lines, status) = attempt(&script, &["--summary"]);
    assert_eq!(status, Some(0), "{lines:#?}");
    let begin = lines.iter().find(|line| line["sql"] == "BEGIN IMMEDIATE");
    assert_eq!(begin.expect("it is there")["statements"], 1);
    let summary = lines.last().expect("a summary");
    assert_eq!(
        *summary,
        serde_json::json!({"reads": 5, "hits": 2, "perfect_hits": 2, "stale": 0, "writes": 8, "bumps": summary["bumps"], "unmet": 0})
    );
}

#[test]
fn a_statement_that_fails_is_reported_and_the_script_goes_on() {
    let script = format!("{SHOP} SELECT * FROM nowhere; SELECT count(*) FROM genre;");
    let (lines, status) = attempt(&script, &["--summary"]);
    assert_eq!(status, Some(1));
    assert!(
        lines[4]["error"]
            .as_str()
            .expect("an error")
            .contains("nowhere")
    );
    assert_eq!(lines[5]["rows"], 1);
}

#[test]
fn a_database_that_is_given_keeps_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}?mode=rwc", folder.path().join("a.db").display());
    assert_eq!(attempt(SHOP, &["--database", &url]).1, Some(0));
    let (lines, _) = attempt("SELECT * FROM genre", &["--database", &url]);
    assert_eq!(lines[0]["rows"], 2);
}

#[test]
fn what_cannot_be_run_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| {
        folder
            .path()
            .join(name)
            .to_str()
            .expect("a path")
            .to_owned()
    };
    assert!(refused(&["try", &path("none.sql")]).contains("none.sql"));
    std::fs::write(path("bad.sql"), "SELECT 1;\n-- @expect warm\nSELECT 2;").expect("a script");
    assert!(refused(&["try", &path("bad.sql")]).contains("line 3"));
    std::fs::write(path("good.sql"), "SELECT 1").expect("a script");
    let other = ["try", &path("good.sql"), "--database", "oracle://x"];
    assert!(refused(&other).contains("not oracle://"));
    let missing = format!("sqlite://{}", path("none.db"));
    assert!(refused(&["try", &path("good.sql"), "--database", &missing]).contains("none.db"));
    std::fs::write(
        path("text.db"),
        "this is no database, but long enough to be read as one".repeat(40),
    )
    .expect("a file");
    let text = format!("sqlite://{}", path("text.db"));
    assert!(refused(&["try", &path("good.sql"), "--database", &text]).contains("cannot open"));
    let memory = ["try", &path("good.sql"), "--database", "sqlite::memory:"];
    assert!(refused(&memory).contains("one connection"));
    assert!(
        refused(&["explain", "SELECT 1", "--schema", &path("text.db")])
            .contains("describes no database")
    );
    assert!(refused(&["explain", "SELECT 1; SELECT 2"]).contains("2 statements"));
    assert!(refused(&["explain", "SELECT 1", "--on", "x"]).contains("TABLE.COLUMN"));
    assert!(refused(&["explain", "  -- nothing"]).contains("no statement"));
    assert!(refused(&["explain", "SELECT 1", "--schema", &path("none.sql")]).contains("none.sql"));
}

#[test]
fn explain_tells_what_a_statement_depends_on_and_what_can_change_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let schema = folder.path().join("schema.sql");
    std::fs::write(&schema, SHOP).expect("a schema");
    let explain = |sql: &str, against: &str| -> Value {
        let schema = Path::new(&schema).to_str().expect("a path");
        let output = larder(&[
            "explain",
            sql,
            "--schema",
            schema,
            "--against",
            against,
            "--json",
        ]);
        assert_eq!(output.status.code(), Some(0));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let read = "SELECT id, name FROM track WHERE genre_id = 1";
    let priced = explain(read, "UPDATE track SET price = 1");
    assert_eq!(
        priced["tags"],
        serde_json::json!(["track(genre_id=1; id, name)"])
    );
    assert_eq!(
        (&priced["cacheable"], &priced["against"]["can_change"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        explain(read, "UPDATE track SET name = 'x'")["against"]["can_change"],
        true
    );
    assert_eq!(
        explain(read, "DELETE FROM genre")["against"]["can_change"],
        false
    );
    let now = explain("SELECT datetime('now')", "DELETE FROM genre");
    assert_eq!(now["cacheable"], false);
    assert!(now["why"].as_str().is_some_and(|why| !why.is_empty()));
    let path = schema.to_str().expect("a path");
    let heard = larder(&["explain", read, "--on", "track.genre_id", "--schema", path]);
    let heard = String::from_utf8_lossy(&heard.stdout).into_owned();
    assert!(heard.contains("track(genre_id=1; *)"), "{heard}");
    for dialect in ["sqlite", "postgres", "mysql"] {
        let output = larder(&["explain", read, "--dialect", dialect]);
        assert!(
            String::from_utf8_lossy(&output.stdout).contains("track"),
            "{dialect}"
        );
    }
}

/// The release of a savepoint that began a transaction commits it, as SQLite does.
#[test]
fn an_outermost_savepoint_is_a_transaction() {
    let script = format!(
        "{SHOP} SAVEPOINT s; INSERT INTO genre VALUES (3, 'Pop'); RELEASE s;
        -- @conn b
        -- @expect miss
        SELECT count(*) FROM genre;
        INSERT INTO genre VALUES (4, 'Polka');"
    );
    let (lines, status) = attempt(&script, &[]);
    assert_eq!(status, Some(0), "{lines:#?}");
}

/// A database whose file has a blank in its name.
#[test]
fn a_blank_in_a_name_is_a_blank() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("a b.db").display());
    assert_eq!(
        attempt(SHOP, &["--database", &format!("{url}?mode=rwc")]).1,
        Some(0)
    );
    assert_eq!(
        attempt("SELECT * FROM genre", &["--database", &url]).0[0]["rows"],
        2
    );
}

/// A reader that has seen enough changes nothing in what a script comes to.
#[test]
fn the_exit_status_is_the_commands_own_when_nobody_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("script.sql");
    for (expected, status) in [("miss", 0), ("hit", 1)] {
        let script = format!("{SHOP}\n-- @expect {expected}\nSELECT name FROM genre WHERE id = 1;");
        std::fs::write(&file, script).expect("a script");
        let mut child = Command::new(env!("CARGO_BIN_EXE_larder"))
            .arg("try")
            .arg(&file)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("larder runs");
        drop(child.stdout.take());
        assert_eq!(child.wait().expect("it ends").code(), Some(status));
    }
}

/// Where standard error is full, a failure is a failure still.
#[test]
fn the_exit_status_is_two_when_nobody_hears_why() {
    let full = std::fs::File::options().write(true).open("/dev/full");
    let status = Command::new(env!("CARGO_BIN_EXE_larder"))
        .args(["explain", "SELECT 1; SELECT 2"])
        .stderr(full.expect("a device"))
        .status()
        .expect("larder runs");
    assert_eq!(status.code(), Some(2));
}
