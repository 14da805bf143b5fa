//! No input makes the analysis panic, and plans do not depend on what was planned before.

use std::sync::Arc;

use larder_sql::{
    Catalogue, Dialect, Footprint, PinValue, Planner, Slot, explain, first_keyword, meets, split,
};
use proptest::prelude::*;

use crate::support::SHOP;

const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];

/// Words that statements are made of, and some that break them.
const WORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "track",
    "t",
    "genre",
    "rock",
    "name",
    "genre_id",
    "id",
    "*",
    ",",
    "(",
    ")",
    "=",
    "?",
    "?2",
    ":x",
    "@y",
    "$1",
    "1",
    "-",
    "2.5",
    "'x'",
    "\"n\"",
    "`q`",
    "[b]",
    "AND",
    "OR",
    "NOT",
    "IN",
    "IS",
    "NULL",
    "LEFT",
    "RIGHT",
    "FULL",
    "JOIN",
    "ON",
    "USING",
    "AS",
    "WITH",
    "RECURSIVE",
    "UNION",
    "ALL",
    "EXCEPT",
    "ORDER",
    "GROUP",
    "BY",
    "LIMIT",
    "OFFSET",
    "HAVING",
    "EXISTS",
    "VALUES",
    "INSERT",
    "INTO",
    "UPDATE",
    "SET",
    "DELETE",
    "REPLACE",
    "CONFLICT",
    "DO",
    "NOTHING",
    "RETURNING",
    "CREATE",
    "TABLE",
    "TRIGGER",
    "VIEW",
    "BEGIN",
    "END",
    ";",
    ".",
    "::",
    "int",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "date",
    "'now'",
    "LIKE",
    "BETWEEN",
    "COLLATE",
    "INDEXED",
    "NATURAL",
    "x'ab'",
    "0x1",
    "||",
    "->>",
    "--",
    "/*",
    "*/",
    "\n",
    "\u{0}",
    "é",
    "$$",
    "E'",
    "MATERIALIZED",
    "PRAGMA",
    "SAVEPOINT",
    "ROLLBACK",
    "TO",
    "MERGE",
    "DISTINCT",
];

fn soup() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(WORDS), 0..40).prop_map(|words| words.join(" "))
}

/// Everything that takes text, on this text.
fn swallow(text: &str) {
    for dialect in DIALECTS {
        let catalogues = [
            Catalogue::of(dialect),
            Catalogue::from_ddl(dialect, SHOP).expect("the schema is valid"),
            Catalogue::from_ddl(dialect, text).unwrap_or_else(|_| Catalogue::of(dialect)),
        ];
        first_keyword(text, dialect);
        let mut end = 0;
        for range in split(text, dialect) {
            assert!(end <= range.start && range.start < range.end, "{text}");
            end = range.end;
            assert!(text.get(range).is_some(), "{text}");
        }
        for catalogue in catalogues {
            let catalogue = Arc::new(catalogue);
            let planner = Planner::new(dialect, catalogue.clone());
            let planned = planner.plan(text);
            explain(&planned, &catalogue).to_string();
            meets(&planned, &planned, &catalogue);
            if let Footprint::Read(read) = &planned.plan.footprint {
                for table in &read.tables {
                    assert!(!table.alternatives.is_empty(), "{text}");
                    let pins = table.alternatives.iter().flat_map(|c| &c.pins);
                    for pin in pins {
                        assert!(table.columns.contains(&pin.column), "{text}");
                        if let PinValue::Slot(slot) = pin.value {
                            assert!(planned.slots.get(slot).is_some(), "{text}");
                        }
                    }
                }
            }
            assert!(
                planned
                    .slots
                    .iter()
                    .all(|slot| !matches!(slot, Slot::List(items) if items.is_empty()))
            );
            assert_eq!(planner.plan(text).plan, planned.plan);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_swallowed(text in any::<String>()) {
        swallow(&text);
    }

    #[test]
    fn any_soup_of_words_is_swallowed(text in soup()) {
        swallow(&text);
    }

    #[test]
    fn any_soup_after_a_sound_start_is_swallowed(
        start in prop::sample::select(&[
            "SELECT name FROM track t WHERE genre_id = 1 AND ",
            "SELECT * FROM track LEFT JOIN genre ON ",
            "UPDATE track SET name = 'x' WHERE ",
            "INSERT INTO track VALUES (1) ",
            "WITH x AS (SELECT 1) ",
            "DELETE FROM track ",
            "CREATE TABLE t (a ",
            "CREATE TRIGGER g AFTER INSERT ON t BEGIN ",
        ][..]),
        rest in soup(),
    ) {
        swallow(&format!("{start}{rest}"));
    }

    #[test]
    fn a_value_never_changes_the_plan(value in "[ -~]{0,12}", number in any::<i32>()) {
        let planner = Planner::new(
            Dialect::Sqlite,
            Arc::new(Catalogue::from_ddl(Dialect::Sqlite, SHOP).expect("the schema is valid")),
        );
        let quoted = value.replace('\'', "''");
        let text = |value: &str, number: i32| {
            format!("SELECT name FROM track WHERE code = '{value}' AND id IN ({number}) ORDER BY 1")
        };
        let one = planner.plan(&text(&quoted, number));
        let other = planner.plan(&text("x", 1));
        prop_assert!(Arc::ptr_eq(&one.plan, &other.plan));
        prop_assert_eq!(&one.slots[0], &Slot::Literal(larder_sql::Value::Text(value)));
    }
}
