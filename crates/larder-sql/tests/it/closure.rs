//! What a write changes beyond its own statement.

use larder_sql::{Closure, ColumnSet, Dialect, WriteEvent};

use crate::support::{SHOP, catalogue};

/// Checks the closure as `table(columns)` in order.
#[track_caller]
fn check(ddl: &str, table: &str, event: WriteEvent, expected: &str) {
    let closure = catalogue(Dialect::Sqlite, ddl).closure(table, &event);
    assert!(!closure.unknown, "{closure:?}");
    assert_eq!(written(&closure), expected);
}

fn written(closure: &Closure) -> String {
    let tables: Vec<String> = closure
        .tables
        .iter()
        .map(|(table, event)| format!("{table}({})", event.columns()))
        .collect();
    tables.join(" ")
}

fn updates(columns: &[&str]) -> WriteEvent {
    let columns = columns.iter().map(|column| (*column).into()).collect();
    WriteEvent::updates(ColumnSet::Set(columns))
}

#[test]
fn cascades_are_followed_to_the_end() {
    check(SHOP, "artist", WriteEvent::deletes(), "Track(*) album(*)");
    check(
        SHOP,
        "genre",
        WriteEvent::deletes(),
        "Track(cents, genre_id)",
    );
    check(SHOP, "album", updates(&["id"]), "Track(album_id, cents)");
    check(SHOP, "album", updates(&["title"]), "");
    check(SHOP, "artist", WriteEvent::inserts(), "");
    check(SHOP, "log", WriteEvent::all(), "");
}

#[test]
fn a_key_updated_through_its_row_id_counts() {
    check(
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p (ID) ON UPDATE SET NULL)",
        "P",
        updates(&["id"]),
        "c(p)",
    );
}

#[test]
fn a_table_may_cascade_to_itself() {
    check(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES t ON DELETE CASCADE)",
        "t",
        WriteEvent::deletes(),
        "t(*)",
    );
}

const TRIGGERS: &str = "
CREATE TABLE a (x, y); CREATE TABLE b (x, y); CREATE TABLE c (x); CREATE TABLE d (x);
CREATE TRIGGER one AFTER UPDATE OF x ON a BEGIN
    UPDATE b SET y = new.x WHERE x = old.x; SELECT raise(ABORT, 'no') WHERE new.x > 3;
END;
CREATE TRIGGER two AFTER UPDATE ON b BEGIN INSERT INTO c VALUES (CASE WHEN 1 THEN 2 END); END;
CREATE TRIGGER three AFTER DELETE ON a BEGIN DELETE FROM d WHERE x = old.x; END;
CREATE TRIGGER four BEFORE INSERT ON d BEGIN INSERT OR REPLACE INTO a VALUES (1, 2); END;
";

#[test]
fn triggers_are_followed_to_the_end() {
    check(TRIGGERS, "a", updates(&["x"]), "b(y) c(*)");
    check(TRIGGERS, "a", updates(&["y"]), "");
    check(TRIGGERS, "a", WriteEvent::deletes(), "d(*)");
    check(TRIGGERS, "b", updates(&["x"]), "c(*)");
    // REPLACE deletes too.
    check(TRIGGERS, "d", WriteEvent::inserts(), "a(*) d(*)");
}

#[test]
fn triggers_and_cascades_follow_each_other() {
    check(
        "CREATE TABLE p (id INTEGER PRIMARY KEY);
         CREATE TABLE c (id INTEGER PRIMARY KEY, p REFERENCES p ON DELETE CASCADE);
         CREATE TABLE log (x);
         CREATE TRIGGER t AFTER DELETE ON c BEGIN UPDATE log SET x = old.id; END",
        "p",
        WriteEvent::deletes(),
        "c(*) log(x)",
    );
}

#[test]
fn a_schema_that_replaces_deletes_rows_on_insert() {
    check(
        "CREATE TABLE p (id INTEGER PRIMARY KEY ON CONFLICT REPLACE);
         CREATE TABLE c (p REFERENCES p ON DELETE CASCADE)",
        "p",
        WriteEvent::inserts(),
        "c(*) p(*)",
    );
}

#[test]
fn a_view_passes_writes_on_to_its_trigger() {
    check(
        "CREATE TABLE t (a); CREATE TABLE u (b); CREATE VIEW v AS SELECT a FROM t;
         CREATE TRIGGER g INSTEAD OF UPDATE ON v BEGIN UPDATE u SET b = new.a; END",
        "v",
        updates(&["a"]),
        "u(b)",
    );
    check(
        "CREATE TABLE t (a); CREATE VIEW v AS SELECT a FROM t",
        "v",
        updates(&["a"]),
        "t(*)",
    );
}

/// The row in the way went, and what referred to it: nobody was told.
#[test]
fn replace_at_the_statement_replaces_in_triggers_too() {
    const DDL: &str =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a); CREATE TABLE u (id INTEGER PRIMARY KEY);
        CREATE TABLE child (u REFERENCES u ON DELETE SET NULL);
        CREATE TRIGGER g AFTER UPDATE OF a ON t BEGIN INSERT OR IGNORE INTO u VALUES (NEW.a); END;";
    check(DDL, "t", updates(&["a"]), "u(*)");
    let replacing = WriteEvent {
        delete: true,
        ..updates(&["a"])
    };
    check(DDL, "t", replacing, "child(*) u(*)");
}

#[test]
fn a_virtual_table_keeps_its_rows_elsewhere() {
    check(
        "CREATE VIRTUAL TABLE f USING fts5(x); CREATE TABLE 'f_data' (id INTEGER PRIMARY KEY, block BLOB)",
        "f",
        WriteEvent::inserts(),
        "f_data(*)",
    );
}

#[test]
fn triggers_that_are_not_understood_make_it_unknown() {
    let unknown = |dialect, ddl: &str| {
        catalogue(dialect, ddl)
            .closure("t", &WriteEvent::inserts())
            .unknown
    };
    assert!(unknown(
        Dialect::Postgres,
        "CREATE TABLE t (a int); CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()"
    ));
    assert!(unknown(
        Dialect::Sqlite,
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN FROBNICATE; END"
    ));
    assert!(!unknown(Dialect::Sqlite, "CREATE TABLE t (a)"));
}

#[test]
fn mysql_triggers_may_be_one_statement() {
    let closure = |body: &str| {
        let ddl = format!(
            "CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW {body}"
        );
        written(&catalogue(Dialect::MySql, &ddl).closure("t", &WriteEvent::inserts()))
    };
    assert_eq!(closure("UPDATE u SET a = NEW.a"), "u(a)");
    assert_eq!(closure("SET NEW.a = 1"), "t(*)");
    assert_eq!(
        closure("BEGIN UPDATE u SET a = 1; DELETE FROM u; END"),
        "u(*)"
    );
}
