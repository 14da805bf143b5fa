//! Things with an identity, cached under it.

use std::future::Future;
use std::sync::Arc;

use crate::cache::{Cache, Get, GetOrLoad};
use crate::error::Result;
use crate::key::{IntoKey, Key, KeyPart};
use crate::policy::Policy;
use crate::tag::Tag;
use crate::value::{CacheValue, ValueKind};
use crate::write::{self, NewItem};

/// A type whose values have an identity, under which they are cached.
///
/// An object's key is its [`KIND`](CachedObject::KIND) and its [`id`](CachedObject::id). What
/// belongs to it lies below that key, and goes with it.
///
/// # Example: a product and its reviews
///
/// ```
/// use larder::{Cache, CachedObject, KeyPart};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct Product {
///     id: u32,
///     slug: String,
/// }
///
/// impl CachedObject for Product {
///     const KIND: &'static str = "product";
///
///     fn id(&self) -> impl KeyPart {
///         self.id
///     }
/// }
///
/// async fn load(id: u32) -> Result<Product, std::io::Error> {
///     Ok(Product { id, slug: format!("record-{id}") })
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::memory();
/// let product = Product::find_by_id(&cache, 123, || load(123)).await?;
/// let same = Product::find_by(&cache, ("slug", "record-123"), || load(123)).await?;
/// assert_eq!(product, same);
///
/// cache.insert(("product", 123, "reviews"), 4).await?;
/// product.remove_from(&cache).await?;
/// assert!(!Product::is_cached(&cache, 123).await?);
/// assert_eq!(cache.get::<i32>(("product", 123, "reviews")).await?, None);
/// # Ok(())
/// # }
/// ```
///
/// # What is found by other keys
///
/// What [`find_by`](CachedObject::find_by) has found depends on all objects of the kind: inserting
/// or removing any of them drops it, since any of them may be the right answer from then on. That
/// costs one bump, however much was found.
pub trait CachedObject: CacheValue + Sized {
    /// What kind of thing it is: the first part of its key. No other kind has the same.
    const KIND: &'static str;

    /// What tells it from all others of its kind.
    fn id(&self) -> impl KeyPart;

    /// The times and rules of its entries; the cache's own if not said.
    fn policy(cache: &Cache) -> Policy {
        *cache.policy()
    }

    /// The key of the object with this id.
    fn key_of(id: impl KeyPart) -> Key {
        Key::new((Self::KIND, id))
    }

    /// Its key.
    fn key(&self) -> Key {
        Self::key_of(self.id())
    }

    /// Puts it under its key. It wins over loads of it that are running.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn insert_into(self, cache: &Cache) -> impl Future<Output = Result<()>> + Send {
        let (key, policy) = (self.key(), Self::policy(cache));
        async move {
            policy.check()?;
            let core = cache.core();
            let item = NewItem {
                group: core.groups.named(Self::KIND),
                key,
                value: Arc::new(self),
                tags: Vec::new(),
                negative: false,
            };
            let kind = ValueKind::serde();
            let inserted = write::insert_all(core, vec![item], &policy, kind).await;
            // Afterwards: what is found by another key from now on may be this object.
            let told = write::invalidate(core, &[found_by::<Self>()], Some("insert_into")).await;
            inserted.and(told)
        }
    }

    /// Looks for the object with this id; never loads.
    fn get_from(cache: &Cache, id: impl KeyPart) -> Get<'_, Self> {
        cache.get(Self::key_of(id))
    }

    /// Whether the object with this id is cached.
    ///
    /// # Errors
    ///
    /// As [`Cache::get`].
    fn is_cached(cache: &Cache, id: impl KeyPart) -> impl Future<Output = Result<bool>> + Send {
        let found = Self::get_from(cache, id);
        async move { Ok(found.await?.is_some()) }
    }

    /// Removes it with everything below its key, and what was found by other keys.
    ///
    /// # Errors
    ///
    /// As [`Cache::remove_tree`].
    fn remove_from(&self, cache: &Cache) -> impl Future<Output = Result<()>> + Send {
        Self::remove_by_id(cache, self.id())
    }

    /// Removes the object with this id: as [`remove_from`](CachedObject::remove_from), for what is
    /// not at hand.
    ///
    /// # Errors
    ///
    /// As [`Cache::remove_tree`].
    fn remove_by_id(cache: &Cache, id: impl KeyPart) -> impl Future<Output = Result<()>> + Send {
        let key = Self::key_of(id);
        async move { write::remove_tree(cache.core(), &key, &[found_by::<Self>()]).await }
    }

    /// Looks for the object with this id, else loads it once for all who ask at the same time, and
    /// stores it: as [`Cache::get_or_load`].
    fn find_by_id<E, L, F>(cache: &Cache, id: impl KeyPart, load: L) -> GetOrLoad<'_, Self, E, L, F>
    where
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Self, E>> + Send + 'static,
    {
        let found = cache.get_or_load(Self::key_of(id), load);
        found.policy(Self::policy(cache))
    }

    /// Looks for the object that is found by something else than its id, such as `("slug", text)`;
    /// else loads it.
    fn find_by<E, L, F>(cache: &Cache, key: impl IntoKey, load: L) -> GetOrLoad<'_, Self, E, L, F>
    where
        L: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Self, E>> + Send + 'static,
    {
        let key = key.into_key().into_owned();
        // Below a part that no kind's text equals, and in the kind's own tree as well.
        let found = cache.get_or_load(Key::new(((Self::KIND, "by"), key)), load);
        found
            .policy(Self::policy(cache))
            .group(Self::KIND)
            .tags([Tag::tree(Self::KIND)])
    }
}

/// What everything depends on that was found by another key than its id.
fn found_by<T: CachedObject>() -> Tag {
    Tag::tree(((T::KIND, "by"),))
}
