//! Many keys at once.

use std::future::Future;

use super::Cache;
use crate::error::Result;
use crate::key::{IntoKey, Key};
use crate::write;

mod get;
mod insert;
mod load;

pub use get::GetMany;
pub use insert::InsertMany;
pub use load::GetOrLoadMany;

impl Cache {
    /// Deletes the entries under all these keys in one batch. Absent ones are fine. It wins over loads
    /// of the keys that are running.
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
    pub fn get_many<T>(&self, keys: impl IntoIterator<Item: IntoKey>) -> GetMany<'_, T> {
        GetMany::new(self, keys.into_iter().map(Key::new).collect())
    }

    /// Puts many values under their keys in one batch. They win over loads of the keys that are
    /// running. Of values under one key the last one counts.
    ///
    /// # Example: values with tags of their own
    ///
    /// ```
    /// use std::time::Duration;
    /// use larder::{Cache, Tag};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// let cache = Cache::memory();
    /// cache
    ///     .insert_many([(("price", 1), 10), (("price", 2), 20)])
    ///     .ttl(Duration::from_secs(60))
    ///     .tags([Tag::named("prices")])
    ///     .tags_of(|(_, product), _| [Tag::named_parts(("product", *product))])
    ///     .await?;
    /// cache.invalidate([Tag::named_parts(("product", 1))]).await?;
    /// let found = cache.get_many::<i32>([("price", 1), ("price", 2)]).await?;
    /// assert_eq!(found[0], None);
    /// assert_eq!(found[1].as_deref(), Some(&20));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The store failed; some values may be stored.
    pub fn insert_many<K: IntoKey, T>(
        &self,
        values: impl IntoIterator<Item = (K, T)>,
    ) -> InsertMany<'_, K, T> {
        InsertMany::new(self, values.into_iter().collect())
    }

    /// Looks for many values and loads all that are missing by one call of `load`.
    ///
    /// Keys for which `load` returns nothing are not in the answer, and are not remembered.
    ///
    /// Beside [`get_or_load`](Cache::get_or_load):
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
    /// # Example: tags of their own
    ///
    /// ```
    /// use larder::{Cache, Tag};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Cache::memory();
    /// let load = async |missing: Vec<u32>| {
    ///     Ok::<_, std::io::Error>(missing.into_iter().map(|id| (id, id * 10)).collect::<Vec<_>>())
    /// };
    /// cache
    ///     .get_or_load_many([1, 2, 3], load)
    ///     .tags_of(|id| [Tag::named_parts(("product", *id))])
    ///     .await?;
    /// cache.invalidate([Tag::named_parts(("product", 2))]).await?;
    /// assert_eq!(cache.get::<u32>(2).await?, None);
    /// assert_eq!(cache.get::<u32>(3).await?.as_deref(), Some(&30));
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
    pub fn get_or_load_many<'a, K, T, E, L, F, V>(
        &'a self,
        keys: impl IntoIterator<Item = K>,
        load: L,
    ) -> GetOrLoadMany<'a, K, T, E, L, F, V>
    where
        L: FnOnce(Vec<K>) -> F + Clone + Send + 'static,
        F: Future<Output = Result<V, E>> + Send + 'static,
        V: IntoIterator<Item = (K, T)> + Send + 'static,
    {
        GetOrLoadMany::new(self, keys.into_iter().collect(), load)
    }
}
