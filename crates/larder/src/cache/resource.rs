//! What loads need beside the cache.

use std::any::{Any, TypeId};
use std::collections::HashMap;

use super::Cache;

/// Values by their types.
#[derive(Default)]
pub(crate) struct Resources(HashMap<TypeId, Box<dyn Any + Send + Sync>>);

impl Resources {
    pub(super) fn set<R: Send + Sync + 'static>(&mut self, resource: R) {
        self.0.insert(TypeId::of::<R>(), Box::new(resource));
    }
}

impl Cache {
    /// What the cache was given for its loads: see [`CacheBuilder::resource`](crate::CacheBuilder::resource).
    ///
    /// ```
    /// # fn main() -> larder::Result<()> {
    /// struct Pool { size: usize }
    ///
    /// let cache = larder::Cache::builder().resource(Pool { size: 8 }).build()?;
    /// assert_eq!(cache.resource::<Pool>().map(|pool| pool.size), Some(8));
    /// assert!(cache.resource::<String>().is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn resource<R: Send + Sync + 'static>(&self) -> Option<&R> {
        let resource = self.core.resources.0.get(&TypeId::of::<R>())?;
        resource.downcast_ref()
    }
}
