//! MySQL and MariaDB: names with a database and without, what is no comment, equality, keys of new
//! rows.

use std::sync::Arc;

use larder_sql::{
    Catalogue, Collation, Column, Dialect, Equality, Footprint, Planned, Planner, RowsNamed, Slot,
    Table, TableKind, Trigger, TriggerEvent, TriggerTiming, Value, WriteEvent, WriteSet,
};

use crate::support::{read_of, target_of, write_of};

/// A database called `Shop`.
fn shop() -> Catalogue {
    let mut catalogue = Catalogue::of(Dialect::MySql);
    catalogue.set_default_schema("Shop");
    for (name, columns) in [
        ("track", ["id", "genre_id", "name"]),
        ("Album", ["id", "artist_id", "title"]),
    ] {
        let mut table = Table::new(name);
        for column in columns {
            table
                .columns
                .push(Column::new(Dialect::MySql, column, "int(11)"));
        }
        table.primary_key = vec!["id".into()];
        catalogue.insert(table);
    }
    let mut view = Table::new("rock");
    view.kind = TableKind::View {
        sql: "select `shop`.`track`.`id` AS `id` from `shop`.`track` where `shop`.`track`.`genre_id` = 1"
            .to_owned(),
    };
    catalogue.insert(view);
    catalogue
}

fn plan(sql: &str) -> Planned {
    Planner::new(Dialect::MySql, Arc::new(shop())).plan(sql)
}

/// Names of what is read, with their pins.
fn reads(sql: &str) -> Vec<String> {
    let planned = plan(sql);
    let tables = read_of(&planned).tables.iter();
    let pins = |table: &larder_sql::TableRead| {
        let pins = table.alternatives.iter().flat_map(|all| &all.pins);
        let pins: Vec<_> = pins.map(|pin| pin.column.to_string()).collect();
        format!("{}({})", table.table, pins.join(", "))
    };
    tables.map(pins).collect()
}

fn targets(write: &WriteSet) -> Vec<&str> {
    write.targets.iter().map(|target| &*target.table).collect()
}

#[test]
fn the_default_schema_and_none_are_one() {
    for sql in [
        "SELECT id FROM track WHERE genre_id = 1",
        "SELECT id FROM shop.track WHERE genre_id = 1",
        "SELECT id FROM `SHOP`.`Track` t WHERE t.genre_id = 1",
        "SELECT shop.track.id FROM shop.track WHERE shop.track.genre_id = 1",
        "SELECT id FROM rock",
        "SELECT id FROM shop.rock",
    ] {
        assert_eq!(reads(sql), ["track(genre_id)"], "{sql}");
        assert_eq!(read_of(&plan(sql)).uncacheable, None, "{sql}");
    }
    assert_eq!(reads("SELECT * FROM shop.album"), ["Album()"]);
    for sql in [
        "UPDATE shop.track SET name = 1 WHERE id = 1",
        "DELETE FROM Shop.track WHERE id = 1",
        "INSERT INTO shop.track VALUES (1, 2, 3)",
        "REPLACE INTO `shop`.track VALUES (1, 2, 3)",
        "DELETE t FROM shop.track t WHERE t.id = 1",
        "TRUNCATE shop.track",
        "LOAD DATA INFILE 'x' INTO TABLE shop.track",
    ] {
        assert_eq!(targets(write_of(&plan(sql))), ["track"], "{sql}");
    }
    let update = plan("UPDATE shop.track SET name = 1 WHERE id = 1");
    assert!(matches!(target_of(&update).rows, RowsNamed::Where { .. }));
}

#[test]
fn another_database_is_not_followed() {
    for sql in [
        "SELECT * FROM other.track",
        "SELECT 1 FROM track WHERE id IN (SELECT id FROM other.log)",
    ] {
        assert!(read_of(&plan(sql)).uncacheable.is_some(), "{sql}");
    }
    let planned = plan("UPDATE other.track SET name = 1");
    assert!(targets(write_of(&planned)).contains(&"other.track"));
    let closure = shop().closure("other.track", &WriteEvent::all());
    assert!(closure.unknown);
    assert!(!shop().closure("track", &WriteEvent::all()).unknown);
}

#[test]
fn triggers_that_write_to_another_database_may_come_back() {
    let mut catalogue = shop();
    let mut table = Table::new("watched");
    table.triggers.push(Trigger {
        name: "t".into(),
        event: TriggerEvent::Insert,
        timing: TriggerTiming::After,
        body: "INSERT INTO other.log VALUES (1)".to_owned(),
    });
    catalogue.insert(table);
    assert!(catalogue.closure("watched", &WriteEvent::inserts()).unknown);
    assert!(!catalogue.closure("watched", &WriteEvent::deletes()).unknown);
}

/// Without a default schema nothing is known of names, as before.
#[test]
fn without_a_default_schema_both_names_are_meant() {
    let planner = Planner::new(Dialect::MySql, Arc::new(Catalogue::of(Dialect::MySql)));
    let planned = planner.plan("DELETE FROM shop.track");
    assert_eq!(targets(write_of(&planned)), ["track", "shop.track"]);
}

#[test]
fn what_the_database_runs_is_no_comment() {
    for sql in [
        "SELECT 1 /*! , (SELECT 2 FROM track) */",
        "SELECT 1 /*M! FROM track */",
        "/*!50003 DELETE FROM track */",
        "UPDATE track SET name = 1 /*!99999 WHERE id = 1 */",
        // The comment ends at the first end: what follows is run.
        "SELECT 1 /* /* */ FROM track -- */",
    ] {
        assert!(
            matches!(plan(sql).plan.footprint, Footprint::Unknown(_)),
            "{sql}"
        );
    }
    for sql in [
        "SELECT 1 /* all */ FROM track",
        "SELECT '/*! no */' FROM track",
        "SELECT 1 FROM track -- /*! no */",
        "SELECT 1 FROM track # /*! no */",
    ] {
        assert!(
            matches!(plan(sql).plan.footprint, Footprint::Read(_)),
            "{sql}"
        );
    }
}

#[test]
fn equality_is_that_of_bytes_or_unknown() {
    #[track_caller]
    fn check(declared: &str, collation: Option<&str>, expected: Equality) {
        let collation =
            collation.map_or(Collation::Binary, |name| Collation::Other(name.to_owned()));
        let found = Equality::of(Dialect::MySql, declared, &collation);
        assert_eq!(found, expected, "{declared} {collation:?}");
    }
    check("int(10) unsigned zerofill", None, Equality::Exact);
    check("bigint(20) unsigned", None, Equality::Exact);
    check("tinyint(1)", None, Equality::Exact);
    check("varbinary(16)", None, Equality::Exact);
    check("binary(16)", None, Equality::Affinity);
    check("varchar(9)", Some("utf8mb4_nopad_bin"), Equality::Exact);
    check("varchar(9)", Some("utf8mb4_0900_bin"), Equality::Exact);
    check("varchar(9)", Some("utf8mb4_bin"), Equality::Affinity);
    check("char(9)", Some("utf8mb4_nopad_bin"), Equality::Affinity);
    check("longtext", Some("utf8mb4_bin"), Equality::Affinity);
    for declared in ["varchar(9)", "char(9)", "text"] {
        for collation in [
            "utf8mb4_general_ci",
            "utf8mb4_0900_as_cs",
            "latin1_bin",
            "utf8mb3_bin",
        ] {
            check(declared, Some(collation), Equality::Unknown);
        }
    }
    for declared in [
        "decimal(6,2)",
        "double",
        "float",
        "year(4)",
        "bit(8)",
        "date",
        "datetime",
        "timestamp",
        "time",
        "enum('a')",
        "set('a')",
        "json",
        "point",
        "uuid",
        "inet6",
    ] {
        check(declared, None, Equality::Unknown);
    }
}

#[test]
fn new_rows_are_named_by_their_keys() {
    let keys = |sql: &str| {
        let planned = plan(sql);
        let RowsNamed::Keys { columns, rows } = &target_of(&planned).rows else {
            return None;
        };
        assert_eq!(columns[..], ["id".into()], "{sql}");
        let slots = rows
            .iter()
            .flatten()
            .map(|slot| planned.slots[*slot].clone());
        Some(slots.collect::<Vec<_>>())
    };
    let number = |number| Slot::Literal(Value::Integer(number));
    assert_eq!(
        keys("INSERT INTO track (name, id) VALUES (7, 1), (8, -2)"),
        Some(vec![number(1), number(-2)])
    );
    assert_eq!(
        keys("INSERT INTO track VALUES (?, NOW(), 3), (4, ?, ?)"),
        Some(vec![Slot::Bind(0), number(4)])
    );
    for sql in [
        "INSERT IGNORE INTO track (id) VALUES (1)",
        "INSERT INTO track (id) VALUES (1) ON DUPLICATE KEY UPDATE name = 1",
        "REPLACE INTO track (id) VALUES (1)",
    ] {
        assert_eq!(keys(sql), Some(vec![number(1)]), "{sql}");
    }
    for sql in [
        "INSERT INTO track (name) VALUES (7)",
        "INSERT INTO track (id) VALUES (DEFAULT)",
        "INSERT INTO track (id) VALUES (NULL)",
        "INSERT INTO track (id) VALUES (1 + 1)",
        "INSERT INTO track (id) SELECT 1",
        "INSERT IGNORE INTO track (id) VALUES (1) ON DUPLICATE KEY UPDATE name = 1",
        "INSERT INTO rock (id) VALUES (1)",
    ] {
        assert_eq!(keys(sql), None, "{sql}");
    }
}

/// MySQL folds all letters.
#[test]
fn columns_are_found_whatever_their_case() {
    let mut table = Table::new("t");
    table
        .columns
        .push(Column::new(Dialect::MySql, "Größe", "int"));
    assert!(table.column("gRÖSSE").is_none());
    assert!(table.column("GRÖßE").is_some());
}
