//! Any script is read as a schema without a panic, and any statement against that schema too.
//!
//! The first byte chooses the dialect. The script's own statements are analysed against it.

#![no_main]

use std::sync::Arc;

use larder_sql::{Catalogue, Dialect, Planner, split};
use libfuzzer_sys::fuzz_target;

/// More statements than this tell nothing new.
const STATEMENTS_MAX: usize = 16;

fuzz_target!(|data: &[u8]| {
    let Some((choice, script)) = data.split_first() else {
        return;
    };
    let Ok(script) = std::str::from_utf8(script) else {
        return;
    };
    let dialect = match choice % 3 {
        0 => Dialect::Sqlite,
        1 => Dialect::Postgres,
        _ => Dialect::MySql,
    };
    let Ok(catalogue) = Catalogue::from_ddl(dialect, script) else {
        return;
    };
    let planner = Planner::new(dialect, Arc::new(catalogue));
    for range in split(script, dialect).into_iter().take(STATEMENTS_MAX) {
        planner.plan(&script[range]);
    }
});
