//! The cache that an application installs for functions that name none.

use std::sync::OnceLock;

use crate::cache::Cache;
use crate::error::{Error, Result};

static INSTALLED: OnceLock<Cache> = OnceLock::new();

/// Makes `cache` the one that cached functions use if they name no other. An application does it
/// once, when it starts; a library never does.
///
/// Until it is done such functions run uncached: see [`cached`](macro@crate::cached).
///
/// ```
/// # fn main() -> larder::Result<()> {
/// larder::install(larder::Cache::memory())?;
/// assert!(larder::installed()?.is_enabled());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// One is installed already: it stays. [`Error::is_config`] tells.
pub fn install(cache: Cache) -> Result<()> {
    INSTALLED.set(cache).map_err(|_| {
        Error::config("a cache is installed already: an application installs one, once")
    })
}

/// The cache that the application has installed.
///
/// # Errors
///
/// None is. [`Error::is_config`] tells.
pub fn installed() -> Result<Cache> {
    get().cloned().ok_or_else(|| {
        Error::config("no cache is installed: call `larder::install` when the application starts")
    })
}

/// Without a copy.
pub(crate) fn get() -> Option<&'static Cache> {
    INSTALLED.get()
}
