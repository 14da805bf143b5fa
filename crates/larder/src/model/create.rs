//! Getting an object, or creating it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::graph::Graph;
use super::object::{Object, checked};
use super::{CacheModel, ModelError};
use crate::cache::Cache;

pub(super) async fn get_or_create<M, C>(
    cache: &Cache,
    keys: M::Keys,
    create: C,
) -> Result<(Arc<M>, bool), ModelError>
where
    M: CacheModel,
    C: FnOnce() -> M + Send + 'static,
{
    let object = Object::<M>::new(keys.clone());
    if let Some(hit) = object.hit_now(cache) {
        return Ok((hit, false));
    }
    let key = object.key().clone();
    match Graph::one(cache, object).await {
        // The object itself: if it is one that it refers to, creating it anew would lose it.
        Err(ModelError::Missing(missing)) if missing.reference().is_none() => {}
        got => return got.map(|object| (object, false)),
    }
    let created = Arc::new(AtomicBool::new(false));
    let told = created.clone();
    let mut object = Object::<M>::new(keys);
    let make = move || -> super::object::Building<M> {
        Box::pin(async move {
            let made = checked(create(), &key)?;
            told.store(true, Ordering::Release);
            Ok(made)
        })
    };
    object.get_or_make(cache, make).await?;
    let created = created.load(Ordering::Acquire);
    let object = Graph::around(cache, object).await?;
    Ok((object, created))
}
