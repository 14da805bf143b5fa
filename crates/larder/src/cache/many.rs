//! Many keys at once.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use super::Cache;
use crate::error::{LoadError, Result};
use crate::key::{IntoKey, Key};
use crate::many;
use crate::value::{CacheValue, ValueKind};
use crate::write::{self, NewItem};

impl Cache {
    /// Deletes the entries under all these keys.
    ///
    /// # Errors
    ///
    /// The store failed.
    pub async fn remove_many<K: IntoKey>(&self, keys: impl IntoIterator<Item = K>) -> Result<()> {
        let keys: Vec<Key> = keys.into_iter().map(Key::new).collect();
        write::remove(&self.core, &keys).await
    }

    /// Looks for the values under many keys at once; the answers stand in the order of the keys.
    ///
    /// # Errors
    ///
    /// None from the memory store. A store that cannot be reached is a miss, with an event.
    pub async fn get_many<T: CacheValue>(
        &self,
        keys: impl IntoIterator<Item: IntoKey>,
    ) -> Result<Vec<Option<Arc<T>>>> {
        let keys: Vec<Key> = keys.into_iter().map(Key::new).collect();
        Ok(many::get(&self.core, &keys, ValueKind::serde()).await)
    }

    /// Puts many values under their keys in one batch, by the cache's own policy. They win over
    /// loads of the keys that are running.
    ///
    /// # Errors
    ///
    /// The store failed; some values may be stored.
    pub async fn insert_many<K: IntoKey, T: CacheValue>(
        &self,
        values: impl IntoIterator<Item = (K, T)>,
    ) -> Result<()> {
        // Of values under one key the last one counts.
        let values: HashMap<Key, T> = values
            .into_iter()
            .map(|(key, value)| (Key::new(key), value))
            .collect();
        let items = values.into_iter().map(|(key, value)| NewItem {
            group: self.core.groups.of(&key),
            value: Arc::new(value),
            key,
        });
        let (items, kind) = (items.collect(), ValueKind::serde());
        write::insert_all(&self.core, items, Vec::new(), &self.core.policy, kind).await
    }

    /// Looks for many values and loads all that are missing by one call of `load`.
    ///
    /// Keys for which `load` returns nothing are not in the answer, and are not remembered.
    ///
    /// Beside [`get_or_load`](Cache::get_or_load), with the cache's own policy and no tags:
    ///
    /// - What is being loaded already, in this process or in another that shares the store, is
    ///   waited for, while the rest is loaded. Should such a load end without a value, because it
    ///   failed elsewhere or its process died, its keys are loaded here by a further call: therefore
    ///   `load` is `Clone`.
    /// - Entries that are to be loaded anew behind their readers are, by one call in the background,
    ///   if nothing is missing; else the next reader sees to it.
    /// - If the load fails and older entries may be served instead of all that it was to load, they
    ///   are. `soft_load_timeout` has no effect.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = larder::Cache::memory();
    /// cache.insert(1, 10).await?;
    /// let found = cache
    ///     .get_or_load_many([1, 2, 3], async |missing: Vec<i32>| {
    ///         assert_eq!(missing, [2, 3]);
    ///         Ok::<_, std::io::Error>(vec![(2, 20)])
    ///     })
    ///     .await?;
    /// assert_eq!(*found[&1], 10);
    /// assert_eq!(*found[&2], 20);
    /// assert!(!found.contains_key(&3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_or_load`](Cache::get_or_load).
    ///
    /// # Panics
    ///
    /// If the load panics.
    pub async fn get_or_load_many<K, T, E, L, F, V>(
        &self,
        keys: impl IntoIterator<Item = K>,
        load: L,
    ) -> Result<HashMap<K, Arc<T>>, LoadError<E>>
    where
        K: IntoKey + Clone + Hash + Eq + Send + Sync + 'static,
        T: CacheValue,
        E: Send + Sync + 'static,
        L: FnOnce(Vec<K>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: IntoIterator<Item = (K, T)> + Send + 'static,
    {
        let keys: Vec<K> = keys.into_iter().collect();
        many::get_or_load(&self.core, keys, ValueKind::serde(), load).await
    }
}
