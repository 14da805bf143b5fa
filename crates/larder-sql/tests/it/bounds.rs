//! Statements too large to follow are unknown, and nothing overflows.

use larder_sql::{Dialect, Footprint, OPERATORS_MAX, SQL_BYTES_MAX};

use crate::support::plan;

fn is_unknown(sql: &str) -> bool {
    matches!(
        plan(Dialect::Sqlite, "", sql).plan.footprint,
        Footprint::Unknown(_)
    )
}

#[test]
fn deep_nesting_is_unknown() {
    for (open, close) in [
        ("(", ")"),
        ("NOT ", ""),
        ("- ", ""),
        ("(SELECT ", ")"),
        ("abs(", ")"),
        ("CASE WHEN ", " THEN 1 END"),
        ("EXISTS (SELECT 1 WHERE ", ")"),
        ("1 IN (", ")"),
    ] {
        for depth in [10, 100, 5_000] {
            let sql = format!("SELECT {}1{}", open.repeat(depth), close.repeat(depth));
            let unknown = is_unknown(&sql);
            assert!(unknown || depth < 5_000, "{open} {depth}");
        }
    }
    let derived = format!(
        "{}SELECT 1{}",
        "SELECT * FROM (".repeat(3_000),
        ")".repeat(3_000)
    );
    assert!(is_unknown(&derived));
    assert!(is_unknown(&"(".repeat(100_000)));
}

#[test]
fn long_chains_are_unknown_and_do_not_exhaust_the_stack() {
    // A worker's stack, not a main thread's.
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(|| {
        for link in [
            "1 + ",
            "a OR ",
            "a AND ",
            "a = 1 OR ",
            "a || ",
            "1 UNION SELECT ",
            "a IS NULL AND ",
            "a COLLATE x = ",
        ] {
            let chain = |length: usize| format!("SELECT {}1 FROM t", link.repeat(length));
            assert!(is_unknown(&chain(OPERATORS_MAX + 1)), "{link}");
            // The longest chain that is still followed.
            let fits = OPERATORS_MAX / link.split_whitespace().count();
            assert!(!is_unknown(&chain(fits)), "{link}");
        }
        for postfix in [" IS NULL", " ISNULL", " COLLATE x", " NOTNULL", " -> 1"] {
            is_unknown(&format!("SELECT 1{}", postfix.repeat(OPERATORS_MAX / 3)));
            assert!(is_unknown(&format!(
                "SELECT 1{}",
                postfix.repeat(OPERATORS_MAX + 1)
            )));
        }
    });
    small
        .expect("a thread starts")
        .join()
        .expect("it does not overflow");
}

#[test]
fn long_lists_are_not_deep() {
    let list = vec!["1"; 50_000].join(", ");
    assert!(!is_unknown(&format!(
        "SELECT a FROM t WHERE t.b IN ({list})"
    )));
    let rows = vec!["(1, -2, 'x')"; 5_000].join(", ");
    assert!(!is_unknown(&format!("INSERT INTO t VALUES {rows}")));
}

#[test]
fn a_text_too_long_is_unknown() {
    let sql = format!("SELECT '{}'", "x".repeat(SQL_BYTES_MAX));
    assert!(is_unknown(&sql));
}

#[test]
fn views_that_show_each_other_end() {
    let mut ddl = String::from("CREATE TABLE t (a);");
    for n in 0..40 {
        ddl += &format!("CREATE VIEW v{n} AS SELECT * FROM v{};", n + 1);
    }
    ddl += "CREATE VIEW v40 AS SELECT * FROM v0;";
    let planned = plan(Dialect::Sqlite, &ddl, "SELECT * FROM v0");
    assert!(matches!(
        planned.plan.footprint,
        Footprint::Unknown(_) | Footprint::Read(_)
    ));
}
