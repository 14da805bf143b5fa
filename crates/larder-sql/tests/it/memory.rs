//! Texts that share a plan.

use std::sync::Arc;

use larder_sql::{Dialect, Planner, Slot, Value};

use crate::support::{SHOP, catalogue};

#[track_caller]
fn check(one: &str, other: &str, shared: bool) {
    let planner = Planner::new(Dialect::Sqlite, catalogue(Dialect::Sqlite, SHOP));
    let (one_plan, other_plan) = (planner.plan(one), planner.plan(other));
    assert_eq!(
        Arc::ptr_eq(&one_plan.plan, &other_plan.plan),
        shared,
        "{one} / {other}"
    );
    assert!(Arc::ptr_eq(&planner.plan(one).plan, &one_plan.plan));
}

#[test]
fn literals_and_lengths_of_lists_do_not_matter() {
    check(
        "SELECT 1 FROM track WHERE id = 1",
        "SELECT 2 FROM track WHERE id = ?",
        true,
    );
    check(
        "SELECT id FROM track WHERE id IN (1, 2)",
        "select id from track where id in (?)",
        false,
    );
    check(
        "SELECT id FROM track WHERE id IN (1, 2)",
        "SELECT id FROM track  WHERE id IN (?) -- x",
        true,
    );
    check(
        "SELECT id FROM track WHERE code = 'a' LIMIT 1",
        "SELECT id FROM track WHERE code = 'b' LIMIT 2",
        true,
    );
    check(
        "SELECT id FROM track WHERE id = -1",
        "SELECT id FROM track WHERE id = 1",
        true,
    );
}

#[test]
fn what_is_no_value_matters() {
    check(
        "SELECT id, code FROM track ORDER BY 1",
        "SELECT id, code FROM track ORDER BY 2",
        false,
    );
    check(
        "SELECT id, code FROM track GROUP BY 1, 2",
        "SELECT id, code FROM track GROUP BY 2, 1",
        false,
    );
    check("SELECT date('now')", "SELECT date('2024-01-01')", false);
    check(
        "SELECT id FROM track WHERE id = 1",
        "SELECT id FROM track WHERE id IN (1)",
        false,
    );
    check(
        "SELECT id FROM track WHERE id = 1",
        "SELECT id FROM track WHERE id = NULL",
        false,
    );
    check("SELECT \"a\" FROM log", "SELECT a FROM log", false);
    check("SELECT max('a', 'b')", "SELECT max('a'', ''b')", false);
    // A write's plan says where its parts stand.
    check(
        "DELETE FROM log WHERE at = 1",
        "DELETE FROM log WHERE at = 22",
        false,
    );
}

#[test]
fn each_text_has_slots_of_its_own() {
    let planner = Planner::new(Dialect::Sqlite, catalogue(Dialect::Sqlite, SHOP));
    let slots = |sql| planner.plan(sql).slots.to_vec();
    assert_eq!(
        slots(
            "SELECT id FROM track WHERE code = 'a' AND price = 1.5 AND id = 12345678901234567890"
        ),
        [
            Slot::Literal(Value::Text("a".into())),
            Slot::Literal(Value::Number("1.5".into())),
            Slot::Literal(Value::Number("12345678901234567890".into())),
        ]
    );
    assert_eq!(
        slots("SELECT id FROM track WHERE code = ? AND price = 2 AND id = ?"),
        [
            Slot::Bind(0),
            Slot::Literal(Value::Integer(2)),
            Slot::Bind(1)
        ]
    );
    // A view's own literals come after those of the text.
    assert_eq!(
        slots("SELECT id FROM rock WHERE id = 9"),
        [
            Slot::Literal(Value::Integer(9)),
            Slot::Literal(Value::Integer(1))
        ]
    );
}

#[test]
fn a_memory_that_is_full_forgets_and_goes_on() {
    let planner = Planner::new(Dialect::Sqlite, catalogue(Dialect::Sqlite, SHOP));
    let first = planner.plan("SELECT id FROM track WHERE id = 1");
    for n in 0..3 * larder_sql::PLANS_MAX {
        planner.plan(&format!("COMMIT -- {n}"));
    }
    let again = planner.plan("SELECT id FROM track WHERE id = 1");
    assert_eq!(first.plan, again.plan);
}

#[test]
fn a_catalogue_of_another_kind_of_database_is_not_used() {
    let planner = Planner::new(Dialect::Postgres, catalogue(Dialect::Sqlite, SHOP));
    assert!(planner.catalogue().is_empty());
}
