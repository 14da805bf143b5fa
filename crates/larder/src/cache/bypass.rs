//! A cache that is switched off for one task.

use std::future::Future;
use std::sync::Arc;

use super::{Cache, Core};

tokio::task_local! {
    static BYPASSED: Arc<Bypassed>;
}

/// A cache that the running task does without, and those around it.
struct Bypassed {
    core: Arc<Core>,
    outer: Option<Arc<Bypassed>>,
}

/// Whether the running task does without this cache. Asked only while some task does.
pub(super) fn is_bypassed(core: &Core) -> bool {
    let found = BYPASSED.try_with(|innermost| {
        let mut next = Some(innermost);
        while let Some(bypassed) = next {
            if std::ptr::eq(&*bypassed.core, core) {
                return true;
            }
            next = bypassed.outer.as_ref();
        }
        false
    });
    found.unwrap_or(false)
}

/// Counts a task that does without the cache, as long as it does.
struct Doing(Arc<Core>);

impl Doing {
    fn without(core: &Arc<Core>) -> Doing {
        core.state.open_bypass();
        Doing(core.clone())
    }
}

impl Drop for Doing {
    fn drop(&mut self) {
        self.0.state.close_bypass();
    }
}

impl Cache {
    /// Runs `future` without this cache: in it, look-ups miss, loads run uncached and for their
    /// caller alone, inserts only remove, and removals and invalidations go on. Other tasks are not
    /// concerned, and neither are other caches.
    ///
    /// Tasks that the future spawns use the cache, unless they are bypassed themselves.
    ///
    /// # Example: one request that wants everything fresh
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = larder::Cache::memory();
    /// cache.insert("greeting", String::from("hello")).await?;
    ///
    /// let found = cache.bypass(async { cache.get::<String>("greeting").await }).await?;
    /// assert_eq!(found, None);
    /// assert!(cache.get::<String>("greeting").await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bypass<F: Future>(&self, future: F) -> F::Output {
        let doing = Doing::without(&self.core);
        let bypassed = Bypassed {
            core: self.core.clone(),
            outer: BYPASSED.try_with(Arc::clone).ok(),
        };
        let output = BYPASSED.scope(Arc::new(bypassed), future).await;
        drop(doing);
        output
    }
}
