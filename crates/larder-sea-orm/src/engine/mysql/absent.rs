//! Stands in for MySQL and MariaDB in a build without the feature `mysql`.

use std::sync::Arc;

use sea_orm::{DbBackend, DbErr};

use super::{Engine, not_supported};

pub(super) fn engine() -> Result<Arc<dyn Engine>, DbErr> {
    Err(not_supported(
        DbBackend::MySql,
        "this build of larder-sea-orm is without MySQL and MariaDB: enable its feature \"mysql\"",
    ))
}
