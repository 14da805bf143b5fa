//! CB-8: what cannot be cached on SQLite.

use larder_sea_orm::CachedExt;
use larder_sea_orm::trace::Outcome;
use sea_orm::{DbBackend, Statement};

use crate::shop::{Shop, read};

/// CB-8: what cannot be cached goes to the database each time, and says why.
#[tokio::test]
async fn cb8_volatile_statements_are_not_kept() {
    let Shop {
        db,
        folder: _folder,
    } = Shop::open().await;
    for sql in [
        "SELECT random()",
        "SELECT datetime('now')",
        "SELECT * FROM track ORDER BY random()",
        "PRAGMA table_list",
    ] {
        for _ in 0..2 {
            let statement = Statement::from_string(DbBackend::Sqlite, sql);
            let (_, outcome) = read(statement.cached().rows(&db)).await;
            assert!(
                matches!(&outcome, Outcome::Uncached(why) if !why.is_empty()),
                "{sql}: {outcome:?}"
            );
        }
    }
}
