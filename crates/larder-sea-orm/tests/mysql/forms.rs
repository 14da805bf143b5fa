//! CB-8: what cannot be cached goes to the database each time, and says why.

use larder_sea_orm::trace::Outcome;

use crate::shop::{Shop, read, text};

#[tokio::test]
async fn cb8_volatile_statements_are_not_kept() {
    let Shop { db, .. } = Shop::open().await;
    for sql in [
        "SELECT RAND()",
        "SELECT NOW()",
        "SELECT @@autocommit",
        "SELECT LAST_INSERT_ID()",
        "SELECT * FROM track ORDER BY RAND()",
        "SELECT * FROM track FOR UPDATE",
        "SHOW TABLES",
        "SELECT TABLE_NAME FROM information_schema.TABLES",
    ] {
        for _ in 0..2 {
            let (_, outcome) = read(text(sql).rows(&db)).await;
            assert!(
                matches!(&outcome, Outcome::Uncached(why) if !why.is_empty()),
                "{sql}: {outcome:?}"
            );
        }
    }
}
