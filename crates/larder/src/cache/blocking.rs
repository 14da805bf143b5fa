//! The cache for threads without a runtime.

use std::collections::HashMap;
use std::future::{Future, IntoFuture};
use std::hash::Hash;
use std::sync::Arc;

use super::{Cache, Get, GetOrLoad, Insert};
use crate::blocking::{OffThread, off_thread, wait};
use crate::error::{LoadError, Result};
use crate::key::IntoKey;
use crate::mode::Mode;
use crate::tag::Tag;
use crate::value::CacheValue;

/// A cache for threads without a runtime: see [`Cache::blocking`]. Cheap to clone.
///
/// What has options ends with `wait()` where async callers write `.await`; the rest answers at
/// once. For anything else there is [`wait`](Blocking::wait).
#[derive(Clone, Debug)]
pub struct Blocking {
    cache: Cache,
}

impl Cache {
    /// This cache, for threads without a runtime. It is the same cache: entries, loads that are
    /// running and invalidations are shared with async callers.
    ///
    /// # Example: a loader that blocks
    ///
    /// ```
    /// use std::time::Duration;
    /// use larder::Cache;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Cache::memory().blocking();
    /// let price = cache
    ///     .get_or_load(("price", 7), || "99".parse::<i32>())
    ///     .ttl(Duration::from_secs(60))
    ///     .wait()?;
    /// assert_eq!(*price, 99);
    /// cache.remove(("price", 7))?;
    /// assert_eq!(cache.get::<i32>(("price", 7)).wait()?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Which thread does what
    ///
    /// A hit in memory is served by the calling thread. All else begins on it too, while loads,
    /// connections and timers run on a runtime of larder's own: one thread, called
    /// `larder-blocking`, started once per process by the first call that needs it. Loaders that
    /// block run on that runtime's blocking threads. Async callers of the same key share the load.
    ///
    /// # Within a runtime
    ///
    /// The calling thread is blocked, and nothing panics.
    ///
    /// - Where blocking is expected (`spawn_blocking`), all is well.
    /// - A worker of a multi-thread runtime hands its other tasks to another thread first, as
    ///   tokio's `block_in_place` does. The task that calls stands still.
    /// - The thread of a current-thread runtime, or of a `LocalSet`, takes all tasks of it along: if
    ///   the call waits for one of them (a load of the same key that an async caller began there,
    ///   or a store's connection that was dialled there) it never ends, or after the policy's
    ///   `wait_timeout` if that is set and the wait is for a load. Use the async calls there.
    pub fn blocking(&self) -> Blocking {
        Blocking {
            cache: self.clone(),
        }
    }
}

impl Blocking {
    /// The cache for async callers.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Waits on this thread for anything that the cache does: the calls of [`Cache`] itself, an
    /// adapter's reads, a function's companion.
    ///
    /// ```
    /// # fn main() -> larder::Result<()> {
    /// let cache = larder::Cache::memory();
    /// cache.blocking().wait(cache.insert(("answer", 1), 42))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait<F: IntoFuture>(&self, future: F) -> F::Output {
        wait(future)
    }

    /// As [`Cache::get`].
    pub fn get<'a, T>(&'a self, key: impl IntoKey + 'a) -> Get<'a, T> {
        self.cache.get(key)
    }

    /// As [`Cache::get_or_load`], with a loader that blocks.
    ///
    /// A `hard_load_timeout` ends the wait and not the loader, which cannot be stopped: its value
    /// is dropped.
    pub fn get_or_load<'a, T, E, L>(
        &'a self,
        key: impl IntoKey + 'a,
        load: L,
    ) -> GetOrLoad<'a, T, E, impl FnOnce() -> OffThread<T, E> + Send + 'static, OffThread<T, E>>
    where
        T: Send + 'static,
        E: Send + 'static,
        L: FnOnce() -> Result<T, E> + Send + 'static,
    {
        self.cache.get_or_load(key, off_thread(load))
    }

    /// As [`Cache::insert`].
    pub fn insert<'a, T>(&'a self, key: impl IntoKey + 'a, value: T) -> Insert<'a, T> {
        self.cache.insert(key, value)
    }

    /// As [`Cache::remove`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn remove(&self, key: impl IntoKey) -> Result<()> {
        wait(self.cache.remove(key))
    }

    /// As [`Cache::remove_many`].
    ///
    /// # Errors
    ///
    /// The store failed.
    pub fn remove_many<K: IntoKey>(&self, keys: impl IntoIterator<Item = K>) -> Result<()> {
        wait(self.cache.remove_many(keys))
    }

    /// As [`Cache::remove_tree`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn remove_tree(&self, key: impl IntoKey) -> Result<()> {
        wait(self.cache.remove_tree(key))
    }

    /// As [`Cache::get_many`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_many<T: CacheValue>(
        &self,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<Vec<Option<Arc<T>>>> {
        wait(self.cache.get_many(keys))
    }

    /// As [`Cache::insert_many`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn insert_many<K: IntoKey, T: CacheValue>(
        &self,
        values: impl IntoIterator<Item = (K, T)>,
    ) -> Result<()> {
        wait(self.cache.insert_many(values))
    }

    /// As [`Cache::get_or_load_many`], with a loader that blocks.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn get_or_load_many<K, T, E, L, V>(
        &self,
        keys: impl IntoIterator<Item = K>,
        load: L,
    ) -> Result<HashMap<K, Arc<T>>, LoadError<E>>
    where
        K: IntoKey + Clone + Hash + Eq + Send + Sync + 'static,
        T: CacheValue,
        E: Send + Sync + 'static,
        L: FnOnce(Vec<K>) -> Result<V, E> + Clone + Send + 'static,
        V: IntoIterator<Item = (K, T)> + Send + 'static,
    {
        let load = |missing| OffThread::run(move || load(missing));
        wait(self.cache.get_or_load_many(keys, load))
    }

    /// As [`Cache::invalidate`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn invalidate(&self, tags: impl IntoIterator<Item = Tag>) -> Result<()> {
        wait(self.cache.invalidate(tags))
    }

    /// As [`Cache::clear`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn clear(&self) -> Result<()> {
        wait(self.cache.clear())
    }

    /// As [`Cache::close`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn close(&self) -> Result<()> {
        wait(self.cache.close())
    }
}

impl<T: Send + Sync + 'static, M: Mode<T>> Get<'_, T, M> {
    /// Looks, and waits on this thread: see [`Cache::blocking`].
    ///
    /// # Errors
    ///
    /// As the async call.
    pub fn wait(self) -> Result<Option<Arc<T>>> {
        let mut getting = self.into_future();
        match getting.hit_now() {
            Some(value) => Ok(Some(value)),
            None => wait(getting),
        }
    }
}

impl<T, E, L, F, M> GetOrLoad<'_, T, E, L, F, M>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    L: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
    M: Mode<T>,
{
    /// Reads, and waits on this thread: see [`Cache::blocking`].
    ///
    /// # Errors
    ///
    /// As the async call.
    ///
    /// # Panics
    ///
    /// If the load panics, with the same message.
    pub fn wait(self) -> Result<Arc<T>, LoadError<E>> {
        let mut loading = self.into_future();
        match loading.hit_now() {
            Some(value) => Ok(value),
            None => wait(loading),
        }
    }
}

impl<T: Send + Sync + 'static, M: Mode<T>> Insert<'_, T, M> {
    /// Inserts, and waits on this thread: see [`Cache::blocking`].
    ///
    /// # Errors
    ///
    /// As the async call.
    pub fn wait(self) -> Result<()> {
        wait(self)
    }
}
