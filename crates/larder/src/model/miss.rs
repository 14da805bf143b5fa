//! Building what is missing.

use std::fmt;
use std::future::Future;

use super::CacheModel;
use crate::cache::Cache;

/// Builds an object that a `get` has missed: for models marked `#[cache(from_miss)]`.
///
/// The result is saved and returned by the `get` that missed. Concurrent misses build it once, in
/// all processes that share the store.
///
/// # Example: read from a database on a miss
///
/// ```
/// use larder::{Cache, CacheModel, FromMiss, Miss};
/// use serde::{Deserialize, Serialize};
///
/// # struct Database;
/// # impl Database {
/// #     async fn email_of(&self, name: &str) -> std::io::Result<Option<String>> {
/// #         Ok((name == "bob").then(|| "bob@example.org".to_owned()))
/// #     }
/// # }
/// #[derive(CacheModel, Serialize, Deserialize)]
/// #[cache(ttl = "15m", from_miss)]
/// struct User {
///     #[key]
///     username: String,
///     email: String,
/// }
///
/// impl FromMiss for User {
///     type Error = std::io::Error;
///
///     async fn from_miss(miss: Miss<User>) -> Result<Option<User>, std::io::Error> {
///         let username = miss.keys().username.clone();
///         let database: &Database = miss.resource();
///         let email = database.email_of(&username).await?;
///         Ok(email.map(|email| User { username, email }))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::builder().resource(Database).build()?;
/// assert_eq!(User::get(&cache, "bob").await?.email, "bob@example.org");
/// assert!(User::get(&cache, "eve").await.is_err_and(|error| error.is_missing()));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "the cache model `{Self}` says `from_miss` and does not implement `FromMiss`",
    note = "implement `larder::FromMiss` for it, or leave `from_miss` out of `#[cache(…)]`"
)]
pub trait FromMiss: CacheModel {
    /// Why it cannot be built: any error, or a type that becomes one.
    type Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send;

    /// Builds the object with the keys of `miss`; nothing if there is no such object, which is
    /// [`Missing`](super::Missing) and is not remembered.
    ///
    /// It runs on a task of its own. What it gives has the keys that were asked for, or is not
    /// believed ([`ModelError::OtherKeys`](super::ModelError::OtherKeys)).
    fn from_miss(
        miss: Miss<Self>,
    ) -> impl Future<Output = Result<Option<Self>, Self::Error>> + Send;
}

/// A miss: the keys that were asked for, and the cache.
pub struct Miss<M: CacheModel> {
    keys: M::Keys,
    cache: Cache,
}

impl<M: CacheModel> Miss<M> {
    pub(super) fn new(cache: &Cache, keys: M::Keys) -> Miss<M> {
        Miss {
            keys,
            cache: cache.clone(),
        }
    }

    /// The keys that were asked for, defaults filled in.
    pub fn keys(&self) -> &M::Keys {
        &self.keys
    }

    /// The cache that was asked.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// What the cache was built with for its loads, such as a pool of connections: see
    /// [`CacheBuilder::resource`](crate::CacheBuilder::resource).
    ///
    /// # Panics
    ///
    /// If the cache was built without a resource of this type; whoever waits for the load panics
    /// with a message that names the type. [`Cache::resource`] asks without panicking.
    pub fn resource<R: Send + Sync + 'static>(&self) -> &R {
        self.cache.resource().unwrap_or_else(|| {
            panic!(
                "the cache has no resource of type {}: give it one by `Cache::builder().resource(…)`",
                std::any::type_name::<R>()
            )
        })
    }
}

impl<M: CacheModel> fmt::Debug for Miss<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Miss")
            .field("model", &M::NAME)
            .field("key", &M::key_of(&self.keys))
            .finish_non_exhaustive()
    }
}
