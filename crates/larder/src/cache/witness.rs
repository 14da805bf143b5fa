//! The version of a tag at one moment, to be compared with later ones.

use std::fmt;
use std::sync::Arc;

use super::{Cache, Core};
use crate::error::Result;
use crate::freshness::TagState;
use crate::store::{Reply, Versions, Want};
use crate::tag::Tag;

/// Tells whether a tag has been bumped since it was made. For adapters that keep something beside
/// the cache, such as plans made for one state of a schema. Cheap to clone.
#[derive(Clone)]
pub struct Witness {
    core: Arc<Core>,
    versions: Versions,
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").finish_non_exhaustive()
    }
}

impl Witness {
    /// Whether the tag still has the version that it had. A store that cannot be asked, or not
    /// at once, says no: look for yourself.
    pub fn is_current(&self) -> bool {
        let core = &self.core;
        if core.is_undelivered(&self.versions) {
            return false;
        }
        match core.store.current(&core.namespace, &self.versions) {
            Reply::Ready(Ok(state)) => state == TagState::Current,
            _ => false,
        }
    }

    /// As [`is_current`](Witness::is_current), also where the store has to be asked over a network.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn look(&self) -> Result<bool> {
        let core = &self.core;
        Ok(core.state_of(&self.versions).await? == TagState::Current)
    }
}

impl Cache {
    /// For adapters: notes the present version of a tag. Read what depends on it afterwards.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn witness(&self, tag: Tag) -> Result<Witness> {
        let core = self.core().clone();
        let versions = core
            .store
            .prepare(&core.namespace, &[Want::Tag(tag)])
            .await?;
        Ok(Witness { core, versions })
    }
}
