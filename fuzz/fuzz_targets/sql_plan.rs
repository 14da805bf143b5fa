//! Any text is analysed without a panic, alike each time, and its parts lie within it.
//!
//! The first byte chooses the dialect and whether the tables are known.

#![no_main]

use std::sync::{Arc, LazyLock};

use larder_sql::{Catalogue, Dialect, Planner, split};
use libfuzzer_sys::fuzz_target;

const DIALECTS: [Dialect; 3] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql];

/// Tables that the seeds speak of.
const SCHEMA: &str = "
    CREATE TABLE genre (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
    CREATE TABLE track (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL,
        genre_id INTEGER REFERENCES genre (id) ON DELETE CASCADE,
        unit_price INTEGER
    );
    CREATE VIEW rock AS SELECT * FROM track WHERE genre_id = 1;
";

static CATALOGUES: LazyLock<[Arc<Catalogue>; 3]> = LazyLock::new(|| {
    DIALECTS.map(|dialect| {
        let catalogue = Catalogue::from_ddl(dialect, SCHEMA);
        Arc::new(catalogue.expect("the schema is plain SQL"))
    })
});

fuzz_target!(|data: &[u8]| {
    let Some((choice, text)) = data.split_first() else {
        return;
    };
    let Ok(text) = std::str::from_utf8(text) else {
        return;
    };
    let index = usize::from(choice % 3);
    let dialect = DIALECTS[index];
    let catalogue = if choice & 0x80 == 0 {
        CATALOGUES[index].clone()
    } else {
        Arc::new(Catalogue::of(dialect))
    };

    let mut end = 0;
    for range in split(text, dialect) {
        assert!(end <= range.start && range.start <= range.end);
        assert!(text.get(range.clone()).is_some(), "a part of the text");
        end = range.end;
    }

    let planner = Planner::new(dialect, catalogue.clone());
    let first = planner.plan(text);
    let remembered = planner.plan(text);
    let anew = Planner::new(dialect, catalogue).plan(text);
    for other in [remembered, anew] {
        let (first, other) = (format!("{first:?}"), format!("{other:?}"));
        assert_eq!(first, other, "the same text is analysed alike");
    }
});
