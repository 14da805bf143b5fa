//! What it costs to understand a statement.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use larder_sql::{Catalogue, Dialect, Planner};
use sqlparser::dialect::SQLiteDialect;
use sqlparser::parser::Parser;

use crate::measure::{alone, pair};
use crate::row::Report;

const SCHEMA: &str = "
    CREATE TABLE artist (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE album (id INTEGER PRIMARY KEY, title TEXT, artist_id INTEGER REFERENCES artist (id));
    CREATE TABLE track (id INTEGER PRIMARY KEY, name TEXT, album_id INTEGER REFERENCES album (id),
                        genre_id INTEGER, unit_price INTEGER, milliseconds INTEGER);";

const SHORT: &str =
    "SELECT \"track\".\"id\", \"track\".\"name\" FROM \"track\" WHERE \"track\".\"id\" = ? LIMIT ?";

const JOINED: &str = "SELECT \"track\".\"id\", \"track\".\"name\", \"album\".\"title\", \"artist\".\"name\" \
     FROM \"track\" INNER JOIN \"album\" ON \"album\".\"id\" = \"track\".\"album_id\" \
     INNER JOIN \"artist\" ON \"artist\".\"id\" = \"album\".\"artist_id\" \
     WHERE \"track\".\"genre_id\" = ? AND \"track\".\"unit_price\" IN (?, ?) \
     AND (\"artist\".\"name\" LIKE ? OR \"album\".\"title\" LIKE ?) ORDER BY \"track\".\"name\" ASC LIMIT ?";

pub(crate) fn rows(report: &Report) -> Result<(), Box<dyn Error>> {
    let catalogue = Arc::new(Catalogue::from_ddl(Dialect::Sqlite, SCHEMA)?);
    for (name, sql) in [("short", SHORT), ("joined", JOINED)] {
        let cold = alone(|| {
            // A planner that has seen nothing.
            let planner = Planner::new(Dialect::Sqlite, catalogue.clone());
            black_box(planner.plan(sql));
        });
        let kilobytes = sql.len() as f64 / 1024.0;
        let per_kilobyte = cold / kilobytes / 1000.0;
        let row = format!("statement analysis, first time, {name} ({} B)", sql.len());
        report.row(
            &row,
            (per_kilobyte, "us/KB"),
            ("100 us per KB", 100.0),
            per_kilobyte / 100.0,
            1.0,
        );
    }
    let parsed = pair(
        || {
            let planner = Planner::new(Dialect::Sqlite, catalogue.clone());
            black_box(planner.plan(JOINED));
        },
        || {
            black_box(Parser::parse_sql(&SQLiteDialect {}, JOINED).is_ok());
        },
    );
    // A part of the budget above that no analysis can save: what the parser alone takes.
    report.row(
        "statement analysis, first time, joined",
        (parsed.value / 1000.0, "us"),
        ("sqlparser alone", parsed.floor / 1000.0),
        parsed.ratio,
        2.0,
    );
    let planner = Planner::new(Dialect::Sqlite, catalogue.clone());
    let known = pair(
        || {
            black_box(planner.plan(black_box(JOINED)));
        },
        || {
            black_box(ahash::RandomState::with_seed(7).hash_one(black_box(JOINED)));
        },
    );
    let row = format!("statement analysis, again ({} B)", JOINED.len());
    report.row(
        &row,
        (known.value, "ns"),
        ("100 ns", 100.0),
        known.value / 100.0,
        1.0,
    );
    report.row(
        &row,
        (known.value, "ns"),
        ("ahash of the text", known.floor),
        known.ratio,
        4.0,
    );
    Ok(())
}
