//! Cache models: structs that say what is cached and under which key.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::de::{DeserializeOwned, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::cache::Cache;
use crate::encoding;
use crate::error::Result;
use crate::key::{Key, KeyBuilder, KeyPart};
use crate::policy::{Policy, TTL_FOREVER};
use crate::tag::Tag;
use crate::value::{CacheValue, ValueKind};
use crate::write;

pub mod binary;
mod build;
mod circles;
mod create;
mod error;
mod find;
mod graph;
mod keys;
mod miss;
mod named;
mod node;
mod object;
mod reference;
mod save;
mod stored;

pub use build::COPIES_MAX;
pub use error::{GraphLimit, Missing, ModelError, NotBuilt};
pub use find::Find;
pub use graph::{OBJECTS_MAX, REFERENCES_DEPTH_MAX};
pub use keys::{IntoKeys, KeyArgument};
pub use miss::{FromMiss, Miss};
pub(crate) use named::Named;
pub use node::Visitor;
pub use object::{Unmade, from_miss};
pub use reference::{Reference, References, Slots};
pub use save::Save;
pub(crate) use stored::{ModelForm, fingerprint};

use graph::Graph;
use object::Object;

/// A struct that is cached as a whole, found by its key fields: `#[derive(CacheModel)]` makes it one.
///
/// The struct also derives serde's `Serialize` and `Deserialize`. Fields marked `#[key]` make the
/// key, in the order of their declaration; before them stands the model's name: the one that was
/// given, or else the struct's with the path of its module, as `shop::accounts::User`.
///
/// | on the struct, in `#[cache(…)]` | |
/// |---|---|
/// | `name = "…"` | the model's name in keys, which stays when the struct moves to another module. Two models that are given one name share their entries |
/// | `ttl = "15m"` | how long what is saved is fresh; until it is evicted if not given ([`TTL_FOREVER`]) |
/// | `version = 2` | stands in the key: another version never meets the entries of this one |
/// | `from_miss` | the struct implements [`FromMiss`], which builds what is missing |
/// | `crate = path` | where the crate `larder` is found |
///
/// | on a field | |
/// |---|---|
/// | `#[key]`, `#[key(default = "…")]` | part of the key; with a default (a Rust expression) it may be left out when the object is asked for |
/// | `#[binary]` | kept in a compact binary form, whatever the cache's codec: see [`binary`] |
///
/// A field with a [`Reference`] in it (alone, in an `Option`, a `Vec`, a map) holds the key of another
/// object, which is loaded together with this one.
///
/// # Example: saved, found, missing
///
/// ```
/// use larder::{Cache, CacheModel, ModelError};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(CacheModel, Serialize, Deserialize)]
/// #[cache(ttl = "15m")]
/// struct User {
///     #[key]
///     username: String,
///     email: String,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::memory();
/// let bob = User { username: "bob".into(), email: "bob@example.org".into() };
/// bob.save(&cache).await?;
/// assert_eq!(User::get(&cache, "bob").await?.email, "bob@example.org");
///
/// match User::get(&cache, "eve").await {
///     Err(ModelError::Missing(missing)) => assert_eq!(missing.model(), "User"),
///     other => panic!("{:?}", other.map(|_| ())),
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Example: several keys, one with a default
///
/// ```
/// # use larder::{Cache, CacheModel};
/// # use serde::{Deserialize, Serialize};
/// #[derive(CacheModel, Serialize, Deserialize)]
/// struct Score {
///     #[key]
///     player: String,
///     #[key(default = "1")]
///     level: u32,
///     points: u64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = Cache::memory();
/// Score { player: "bob".into(), level: 1, points: 70 }.save(&cache).await?;
/// Score { player: "bob".into(), level: 2, points: 99 }.save(&cache).await?;
/// assert_eq!(Score::get(&cache, ("bob", 2)).await?.points, 99);
/// assert_eq!(Score::get(&cache, "bob").await?.points, 70);
/// # Ok(())
/// # }
/// ```
///
/// A key that is forgotten does not compile:
///
/// ```compile_fail,E0277
/// # use larder::{Cache, CacheModel};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(CacheModel, Serialize, Deserialize)]
/// # struct Score { #[key] player: String, #[key] level: u32 }
/// # async fn forgotten(cache: &Cache) {
/// let _ = Score::get(cache, "bob").await;
/// # }
/// ```
///
/// # Two structs of one name
///
/// The module in the name tells them apart, and what two services save in one namespace. A struct
/// that moves to another module finds nothing of what it has saved before, unless its name is given.
///
/// Structs inside of functions may have the same path. The second one that a cache meets is refused by
/// an error ([`is_config`](crate::Error::is_config)) that names both types: give one of them a `name`.
///
/// # When the struct changes
///
/// What an earlier build has saved is a miss, or a hit that serde's own rules can read
/// (`#[serde(default)]` with [`Codec::Json`](crate::Codec::Json) or
/// [`Codec::MessagePack`](crate::Codec::MessagePack)). It is never an error and never a wrong value.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache model",
    note = "derive it: `#[derive(larder::CacheModel, serde::Serialize, serde::Deserialize)]`, with `#[key]` on its key fields"
)]
pub trait CacheModel: CacheValue {
    /// The model's name: the one that was given, or else the struct's, without its module.
    const NAME: &'static str;

    /// The names of the key fields, in the order of the key.
    const KEY_FIELDS: &'static [&'static str];

    /// The key fields' values, by name.
    type Keys: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The name as it stands in keys, with the version.
    #[doc(hidden)]
    const KEYED: &'static str;

    /// Whether the name is one that was chosen for it.
    #[doc(hidden)]
    const NAME_GIVEN: bool;

    #[doc(hidden)]
    const TTL: Option<Duration>;

    #[doc(hidden)]
    const HAS_REFERENCES: bool;

    #[doc(hidden)]
    const HAS_FROM_MISS: bool;

    #[doc(hidden)]
    fn key_of(keys: &Self::Keys) -> Key;

    /// Tells of the references, in one order.
    #[doc(hidden)]
    fn visit(&self, _visitor: &mut Visitor) {}

    /// The same object with what its references were loaded to, in the order of `visit`.
    #[doc(hidden)]
    fn with_references(&self, slots: &mut Slots) -> Self;

    /// Builds what is missing, if the model can.
    #[doc(hidden)]
    fn from_miss_erased(_miss: Miss<Self>) -> Unmade<Self> {
        None
    }

    /// Writes it in the form in which it is stored: its own, if no field says `#[binary]`.
    ///
    /// # Errors
    ///
    /// The serializer's.
    #[doc(hidden)]
    fn write_stored<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.serialize(serializer)
    }

    /// Reads it in the form in which it is stored.
    ///
    /// # Errors
    ///
    /// The deserializer's.
    #[doc(hidden)]
    fn read_stored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }

    /// The key fields' values, by name.
    fn keys(&self) -> Self::Keys;

    /// The key in the cache.
    fn key(&self) -> Key {
        Self::key_of(&self.keys())
    }

    /// Gets the object with these keys, with the present state of all that it refers to.
    ///
    /// References are loaded level by level: one round trip for the object, one for all that it
    /// refers to, one for all that those refer to, and so on. What was loaded by this call is not
    /// asked for again.
    ///
    /// # Errors
    ///
    /// [`ModelError::Missing`] if it, or something it refers to, is not there and nothing builds
    /// it; what [`FromMiss`] failed with; a store that failed where nothing builds the object; a
    /// limit ([`REFERENCES_DEPTH_MAX`], [`OBJECTS_MAX`], [`COPIES_MAX`]).
    fn get<'a>(cache: &'a Cache, keys: impl IntoKeys<Self::Keys>) -> Find<'a, Self> {
        Find::new(cache, keys.into_keys())
    }

    /// Gets many objects at once, in the order of their keys: one round trip for all of them, and
    /// one for each level of references. What is missing is told for each.
    ///
    /// ```
    /// # use larder::{Cache, CacheModel};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(CacheModel, Serialize, Deserialize)]
    /// # struct User { #[key] username: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = Cache::memory();
    /// User { username: "bob".into() }.save(&cache).await?;
    /// let users = User::get_many(&cache, ["bob", "eve"]).await;
    /// assert!(users[0].is_ok());
    /// assert!(users[1].as_ref().is_err_and(|error| error.is_missing()));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// For each object, as [`get`](CacheModel::get).
    fn get_many<'a, K: IntoKeys<Self::Keys>>(
        cache: &'a Cache,
        keys: impl IntoIterator<Item = K>,
    ) -> BoxFuture<'a, Vec<Result<Arc<Self>, ModelError>>> {
        let keys = keys.into_iter().map(IntoKeys::into_keys);
        Box::pin(Graph::many(cache, keys.map(Object::new).collect()))
    }

    /// Gets the object with these keys; if it is missing, creates it and saves it. Tells whether it
    /// was created by this call.
    ///
    /// # Concurrent calls
    ///
    /// One call creates, in all processes that share the store; the others get what it has created.
    ///
    /// # Errors
    ///
    /// As [`get`](CacheModel::get), also where the object is there and something that it refers to
    /// is missing; [`ModelError::OtherKeys`] if what was created has other keys.
    fn get_or_create<'a, C>(
        cache: &'a Cache,
        keys: impl IntoKeys<Self::Keys>,
        create: C,
    ) -> BoxFuture<'a, Result<(Arc<Self>, bool), ModelError>>
    where
        C: FnOnce() -> Self + Send + 'static,
    {
        Box::pin(create::get_or_create(cache, keys.into_keys(), create))
    }

    /// Saves the object under its key. Of what it refers to only the keys are saved.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use larder::{Cache, CacheModel};
    /// # use serde::{Deserialize, Serialize};
    /// # #[derive(CacheModel, Serialize, Deserialize)]
    /// # struct User { #[key] username: String }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> larder::Result<()> {
    /// # let cache = Cache::memory();
    /// let bob = User { username: "bob".into() };
    /// bob.save(&cache).ttl(Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The store failed, or no codec gives the value back as it is.
    fn save<'a>(&'a self, cache: &'a Cache) -> Save<'a, Self> {
        Save::new(cache, self)
    }

    /// Deletes the object with these keys. Absent is fine.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn delete<'a>(cache: &'a Cache, keys: impl IntoKeys<Self::Keys>) -> BoxFuture<'a, Result<()>> {
        let key = Self::key_of(&keys.into_keys());
        Box::pin(async move {
            cache.core().models.check::<Self>()?;
            write::remove(cache.core(), &[key]).await
        })
    }

    /// Whether the object with these keys is there. Nothing is built, no reference is looked for.
    ///
    /// # Errors
    ///
    /// The store failed.
    fn exists<'a>(
        cache: &'a Cache,
        keys: impl IntoKeys<Self::Keys>,
    ) -> BoxFuture<'a, Result<bool>> {
        let object = Object::<Self>::new(keys.into_keys());
        Box::pin(object.exists(cache))
    }

    /// Invalidates all objects of this model, in one round trip. Beside them only keys of your own
    /// whose first part is the text of the model's name in keys: they are in its tree.
    ///
    /// # Errors
    ///
    /// As [`Cache::invalidate`].
    fn invalidate_all(cache: &Cache) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            cache.core().models.check::<Self>()?;
            write::invalidate(cache.core(), &[tag::<Self>()], Some(Self::NAME)).await
        })
    }
}

/// What every object of a model carries.
fn tag<M: CacheModel>() -> Tag {
    Tag::tree(M::KEYED)
}

fn policy<M: CacheModel>(cache: &Cache) -> Policy {
    cache.policy().ttl(M::TTL.unwrap_or(TTL_FOREVER))
}

fn kind<M: CacheModel>() -> ValueKind<M> {
    ValueKind::model()
}

/// The model's name and one part with the values of all key fields.
#[doc(hidden)]
pub fn key(name: &str, fields: &[&dyn KeyPart]) -> Key {
    let mut key = KeyBuilder::default().text(name);
    encoding::list(&mut key.bytes, fields.len());
    for field in fields {
        key.push(*field);
    }
    key.build()
}

/// A key field, as a part of the key.
#[doc(hidden)]
pub fn key_part<T: KeyPart>(field: &T) -> &dyn KeyPart {
    field
}
