//! Stands in for PostgreSQL in a build without the feature `postgres`.

use std::sync::Arc;

use sea_orm::{DbBackend, DbErr};

use super::{Engine, not_supported};

pub(super) fn engine() -> Result<Arc<dyn Engine>, DbErr> {
    Err(not_supported(
        DbBackend::Postgres,
        "this build of larder-sea-orm is without PostgreSQL: enable its feature \"postgres\"",
    ))
}
