//! The question every test asks: from where did the answer come?

use larder_sea_orm::trace::{self, Outcome};
use sea_orm::DbErr;

/// Runs one cached read; its value and from where it came.
pub async fn read<T>(query: impl Future<Output = Result<T, DbErr>>) -> (T, Outcome) {
    let (value, queries) = trace::scope(query).await;
    let value = value.expect("the read works");
    assert_eq!(queries.len(), 1, "one query: {queries:?}");
    let query = &queries[0];
    match query.outcome {
        Outcome::Hit => assert_eq!(query.statements, 0, "{query:?}"),
        // Over a shared store a load asks first whether the schema is the one of its plan.
        _ => assert!((1..=2).contains(&query.statements), "{query:?}"),
    }
    (value, query.outcome.clone())
}

/// Runs one read; its value, the outcomes of the queries that it made, and their statements.
pub async fn counted<T>(read: impl Future<Output = Result<T, DbErr>>) -> (T, Vec<Outcome>, u64) {
    let (value, queries) = trace::scope(read).await;
    let statements = queries.iter().map(|query| query.statements).sum();
    let outcomes = queries.into_iter().map(|query| query.outcome);
    (
        value.expect("the read works"),
        outcomes.collect(),
        statements,
    )
}

/// Checks that a read asks the database by this many statements; in a fleet, that it loads so many
/// times.
#[macro_export]
macro_rules! asks {
    ($fleet:expr, $loads:expr, $read:expr) => {{
        let (value, _, statements) = $crate::asked::counted($read).await;
        let loads = $fleet.server.loads($loads);
        assert!(
            loads.contains(&statements),
            "{statements} in {}",
            stringify!($read)
        );
        value
    }};
    ($statements:expr, $read:expr) => {{
        let (value, _, statements) = $crate::asked::counted($read).await;
        assert_eq!(statements, $statements, "{}", stringify!($read));
        value
    }};
}

/// Checks that a read is a hit now.
#[macro_export]
macro_rules! hit {
    ($query:expr) => {{
        let (value, outcome) = $crate::asked::read($query).await;
        assert_eq!(
            outcome,
            larder_sea_orm::trace::Outcome::Hit,
            "{}",
            stringify!($query)
        );
        value
    }};
}

/// Checks that a read asks the database now, and is a hit afterwards.
#[macro_export]
macro_rules! miss {
    ($query:expr) => {{
        let (value, outcome) = $crate::asked::read($query).await;
        assert_eq!(
            outcome,
            larder_sea_orm::trace::Outcome::Miss,
            "{}",
            stringify!($query)
        );
        let (again, outcome) = $crate::asked::read($query).await;
        assert_eq!(
            outcome,
            larder_sea_orm::trace::Outcome::Hit,
            "{}",
            stringify!($query)
        );
        assert_eq!(value, again);
        value
    }};
}
