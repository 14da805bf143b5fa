//! The keys of the application.

use larder::{Cache, Key, KeyList, Result};

use crate::slots::{GROUP, PROCESSES_SHOWN_MAX};

/// The entries below `prefix`, at most `limit`, without those in which reports lie.
///
/// # Errors
///
/// The store failed, or cannot list what it keeps ([`is_unsupported`](larder::Error::is_unsupported)).
pub async fn keys(cache: &Cache, prefix: &Key, limit: usize) -> Result<KeyList> {
    let asked = limit.saturating_add(PROCESSES_SHOWN_MAX);
    let mut list = cache.keys(prefix).limit(asked).await?;
    leave_reports_out(&mut list);
    if list.keys.len() > limit {
        list.keys.truncate(limit);
        list.complete = false;
    }
    Ok(list)
}

/// Takes those of reports out of a list of keys.
pub fn leave_reports_out(list: &mut KeyList) {
    list.keys
        .retain(|info| info.key.first_text() != Some(GROUP));
}
