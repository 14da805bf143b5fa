//! Rows of entities, from the cache: AC-1 to AC-13, CB-2, CB-9. Statements are counted.

mod by_hand;
mod get;
mod get_many;
mod policy;
mod races;
mod related;
mod scopes;
mod staff;
mod stores;
mod transactions;
mod writes;

use larder_sea_orm::trace::{self, Outcome};
use sea_orm::DbErr;

/// Runs one read; its value, the outcomes of the queries that it made, and their statements.
async fn counted<T>(read: impl Future<Output = Result<T, DbErr>>) -> (T, Vec<Outcome>, u64) {
    let (value, queries) = trace::scope(read).await;
    let statements = queries.iter().map(|query| query.statements).sum();
    let outcomes = queries.into_iter().map(|query| query.outcome);
    (
        value.expect("the read works"),
        outcomes.collect(),
        statements,
    )
}

/// Checks that a read asks the database by this many statements, and by none when it is made again;
/// over a store that processes share a load asks for the schema as well.
#[macro_export]
macro_rules! asks {
    ($statements:expr, $read:expr) => {{
        let (value, _, statements) = $crate::rows::counted($read).await;
        assert_eq!(statements, $statements, "{}", stringify!($read));
        value
    }};
}
