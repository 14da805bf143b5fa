//! When the writers of a database have ended: what the answers of all engines have in common.

use std::sync::{Arc, Weak};
use std::time::Duration;

use sea_orm::DbErr;

use crate::shared::Shared;

/// So long a read waits for the writers at most. If they take longer its answer is not stored, and
/// one of the next reads asks again.
pub(crate) const WAIT_MAX: Duration = Duration::from_millis(500);

/// The connection that a horizon asks. The cache that holds the horizon does not keep it open.
///
/// # Errors
/// It was dropped.
pub(crate) fn open(shared: &Weak<Shared>) -> Result<Arc<Shared>, DbErr> {
    let gone = || DbErr::Custom("the connection was dropped".to_owned());
    shared.upgrade().ok_or_else(gone)
}
