//! Schemas read from their text.

use larder_sql::{
    Action, Affinity, Catalogue, Collation, Column, Dialect, Equality, Table, TableKind,
    TriggerEvent, TriggerTiming,
};

use crate::support::{SHOP, catalogue};

#[track_caller]
fn table(dialect: Dialect, ddl: &str) -> Table {
    let catalogue = Catalogue::from_ddl(dialect, ddl).expect("the schema is valid");
    let mut tables = catalogue.tables();
    tables.next().cloned().expect("there is a table")
}

#[test]
fn columns_are_read_with_their_types() {
    let table = table(
        Dialect::Sqlite,
        "CREATE TABLE \"My T\" ( -- a comment
            a INTEGER NOT NULL, [b c] UNSIGNED BIG INT DEFAULT (1 + 2), `d` VARCHAR(160),
            e, f DOUBLE PRECISION, g BLOB, h NUMERIC(10, 2) CHECK (h > 0),
            i \"TEXT\" COLLATE NOCASE, j TEXT COLLATE rtrim, k TEXT COLLATE mine,
            l GENERATED ALWAYS AS (a + 1) VIRTUAL, m INT AS (a) STORED, key TEXT)",
    );
    assert_eq!(&*table.name, "My T");
    let expected = [
        ("a", Affinity::Integer, false),
        ("b c", Affinity::Integer, false),
        ("d", Affinity::Text, false),
        ("e", Affinity::Blob, false),
        ("f", Affinity::Real, false),
        ("g", Affinity::Blob, false),
        ("h", Affinity::Numeric, false),
        ("i", Affinity::Text, false),
        ("j", Affinity::Text, false),
        ("k", Affinity::Text, false),
        ("l", Affinity::Blob, true),
        ("m", Affinity::Integer, true),
        ("key", Affinity::Text, false),
    ];
    let found: Vec<_> = table
        .columns
        .iter()
        .map(|column| (&*column.name, column.affinity, column.generated))
        .collect();
    assert_eq!(found, expected);
    assert!(table.columns[0].not_null && !table.columns[1].not_null);
    assert_eq!(
        table.column("I").map(|c| &c.collation),
        Some(&Collation::NoCase)
    );
    assert_eq!(
        table.column("j").map(|c| &c.collation),
        Some(&Collation::RTrim)
    );
    assert_eq!(
        table.column("k").map(|c| c.equality),
        Some(Equality::Unknown)
    );
}

#[test]
fn the_rowid_has_a_name_only_if_the_key_is_one_integer() {
    let alias = |ddl: &str| {
        table(Dialect::Sqlite, ddl)
            .rowid_alias
            .map(|name| name.to_string())
    };
    assert_eq!(
        alias("CREATE TABLE t (Id INTEGER PRIMARY KEY)").as_deref(),
        Some("Id")
    );
    assert_eq!(
        alias("CREATE TABLE t (id integer, PRIMARY KEY (ID))").as_deref(),
        Some("id")
    );
    assert_eq!(
        alias("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT)").as_deref(),
        Some("id")
    );
    assert_eq!(alias("CREATE TABLE t (id INT PRIMARY KEY)"), None);
    assert_eq!(
        alias("CREATE TABLE t (id INTEGER PRIMARY KEY) WITHOUT ROWID"),
        None
    );
    assert_eq!(
        alias("CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (a, b))"),
        None
    );
    assert_eq!(alias("CREATE TABLE t (a INTEGER)"), None);
    // An old slip of SQLite's, kept for its files.
    assert_eq!(alias("CREATE TABLE t (id INTEGER PRIMARY KEY DESC)"), None);
    assert_eq!(
        alias("CREATE TABLE t (id INTEGER PRIMARY KEY DESC); ALTER TABLE t ADD COLUMN b"),
        None
    );
}

#[test]
fn options_and_conflict_clauses_are_seen() {
    let t = table(
        Dialect::Sqlite,
        "CREATE TABLE t (a ANY, b TEXT UNIQUE ON CONFLICT REPLACE) STRICT",
    );
    assert!(t.strict && t.replaces_on_conflict && !t.without_rowid);
    assert_eq!(t.columns[0].affinity, Affinity::Blob);
    let t = table(
        Dialect::Sqlite,
        "CREATE TABLE t (a PRIMARY KEY) STRICT, WITHOUT ROWID",
    );
    assert!(t.strict && t.without_rowid && !t.replaces_on_conflict);
    assert!(t.columns[0].not_null);
}

#[test]
fn foreign_keys_are_read_from_columns_and_constraints() {
    let t = table(
        Dialect::Sqlite,
        "CREATE TABLE t (
            a INTEGER REFERENCES p (x) ON UPDATE CASCADE ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
            b, c, CONSTRAINT k FOREIGN KEY (b, c) REFERENCES q ON DELETE SET DEFAULT ON UPDATE RESTRICT)",
    );
    let [first, second] = t.foreign_keys.as_slice() else {
        panic!("{:?}", t.foreign_keys)
    };
    assert_eq!(
        (&*first.parent, first.on_delete, first.on_update),
        ("p", Action::SetNull, Action::Cascade)
    );
    assert_eq!(first.parent_columns, ["x".into()]);
    assert_eq!(
        (&*second.parent, second.on_delete, second.on_update),
        ("q", Action::SetDefault, Action::None)
    );
    assert_eq!(second.columns, ["b".into(), "c".into()]);
    assert!(second.parent_columns.is_empty());
}

#[test]
fn triggers_views_and_virtual_tables_are_read() {
    let catalogue = catalogue(
        Dialect::Sqlite,
        "CREATE TRIGGER g BEFORE UPDATE OF a, \"b\" ON T WHEN new.a > 1 BEGIN DELETE FROM u; END;
         CREATE TABLE t (a, b); CREATE VIEW v AS SELECT 1;
         CREATE TRIGGER h INSTEAD OF INSERT ON v FOR EACH ROW BEGIN SELECT 1; END;
         CREATE VIRTUAL TABLE f USING fts5(x, content=\"t\")",
    );
    let trigger = &catalogue.table("t").expect("a table").triggers[0];
    assert_eq!(
        trigger.event,
        TriggerEvent::Update(Some(vec!["a".into(), "b".into()]))
    );
    assert_eq!(trigger.timing, TriggerTiming::Before);
    let view = catalogue.table("v").expect("a view");
    assert!(matches!(view.kind, TableKind::View { .. }));
    assert_eq!(view.triggers[0].timing, TriggerTiming::InsteadOf);
    let full_text = catalogue.table("f").expect("a virtual table");
    assert_eq!(full_text.kind, TableKind::Virtual);
    assert_eq!(full_text.reads_through, ["t".into()]);
    assert!(!catalogue.is_unreadable());
}

#[test]
fn later_statements_change_earlier_ones() {
    let catalogue = catalogue(
        Dialect::Sqlite,
        "CREATE TABLE t (a); CREATE TABLE u (a); DROP TABLE u;
         ALTER TABLE t ADD COLUMN b INTEGER REFERENCES p ON DELETE CASCADE;
         INSERT INTO t VALUES (1, 2);",
    );
    assert!(catalogue.table("u").is_none());
    let t = catalogue.table("t").expect("a table");
    assert!(t.column("b").is_some() && t.foreign_keys.len() == 1);
    assert!(!catalogue.is_unreadable());
}

#[test]
fn what_cannot_be_read_makes_the_rest_unknown() {
    for ddl in [
        "CREATE TABLE t (a); ALTER TABLE t RENAME TO u",
        "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON missing BEGIN SELECT 1; END",
        "CREATE TABLE t (a); CREATE TABLE 'open (b)",
    ] {
        assert!(catalogue(Dialect::Sqlite, ddl).is_unreadable(), "{ddl}");
    }
    assert!(Catalogue::from_ddl(Dialect::Sqlite, "CREATE TABLE (").is_err());
    assert!(Catalogue::from_ddl(Dialect::Sqlite, "").is_ok());
}

#[test]
fn names_are_found_in_any_case() {
    let catalogue = catalogue(Dialect::Sqlite, SHOP);
    assert_eq!(
        catalogue.table("TRACK").map(|table| &*table.name),
        Some("Track")
    );
    let track = catalogue.table("track").expect("a table");
    assert_eq!(
        track.canonical(Dialect::Sqlite, "OID").as_deref(),
        Some("Id")
    );
    assert_eq!(track.canonical(Dialect::Sqlite, "nothing"), None);
}

#[test]
fn a_table_can_be_built_by_hand() {
    let mut table = Table::new("t");
    table
        .columns
        .push(Column::new(Dialect::Sqlite, "a", "TEXT"));
    let mut catalogue = Catalogue::new();
    catalogue.insert(table);
    assert_eq!(
        catalogue.table("T").map(|table| table.columns.len()),
        Some(1)
    );
}

#[test]
fn other_databases_schemas_are_read_too() {
    let t = table(
        Dialect::Postgres,
        "CREATE TABLE public.\"T\" (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name character varying(10) NOT NULL DEFAULT 'x'::text, at timestamp with time zone)",
    );
    assert_eq!(&*t.name, "T");
    assert_eq!(t.column("name").map(|c| c.equality), Some(Equality::Exact));
    assert!(t.columns.iter().all(|column| !column.generated));
    let t = table(
        Dialect::MySql,
        "CREATE TABLE `t` (`id` int unsigned NOT NULL AUTO_INCREMENT, `n` varchar(9) CHARACTER SET utf8,
            PRIMARY KEY (`id`), KEY `k` (`n`), CONSTRAINT `f` FOREIGN KEY (`id`) REFERENCES `p` (`id`) ON DELETE CASCADE) ENGINE=InnoDB",
    );
    assert_eq!(t.columns.len(), 2);
    assert_eq!(t.columns[0].equality, Equality::Exact);
    assert_eq!(t.primary_key, ["id".into()]);
    assert_eq!(t.foreign_keys[0].on_delete, Action::Cascade);
}
