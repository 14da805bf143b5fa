//! Errors of the cache in the words of SeaORM.

use std::sync::Arc;

use larder::Error;
use sea_orm::{DbErr, RuntimeErr};

/// The error of the cache inside an error of a cached connection, if it is one: a level that its
/// store cannot give, a strict table that does not exist, a strict write that could not be marked.
///
/// ```
/// # use larder_sea_orm::sea_orm;
/// use larder::Cache;
/// use larder_sea_orm::{CachedConnection, cache_error};
/// use sea_orm::Database;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), sea_orm::DbErr> {
/// let connection = Database::connect("sqlite::memory:").await?;
/// let refused = CachedConnection::builder(Cache::memory())
///     .strict_tables(["tarck"])
///     .wrap(connection)
///     .await
///     .unwrap_err();
/// assert!(cache_error(&refused).is_some_and(larder::Error::is_config));
/// # Ok(())
/// # }
/// ```
pub fn cache_error(error: &DbErr) -> Option<&Error> {
    let DbErr::Conn(RuntimeErr::SqlxError(error)) = error else {
        return None;
    };
    match &**error {
        sqlx::Error::Configuration(cause) => cause.downcast_ref(),
        _ => None,
    }
}

/// Carries an error of the cache where SeaORM's are given.
pub(crate) fn carried(error: Error) -> DbErr {
    let error = sqlx::Error::Configuration(Box::new(error));
    DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))
}
