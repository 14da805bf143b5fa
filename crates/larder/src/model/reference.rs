//! References: fields that hold the key of another object.

use std::any::Any;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::slice;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, VariantAccess};
use serde::{Deserialize, Serialize, Serializer};

use super::node::Visitor;
use super::{CacheModel, IntoKeys, ModelError};
use crate::cache::Cache;
use crate::key::Key;

/// A field that refers to another object: it holds that object's key, and, when it was loaded by a
/// `get`, the object in its state at that time.
///
/// # Example: loaded with what refers to it
///
/// ```
/// use larder::{Cache, CacheModel, Reference};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(CacheModel, Clone, Serialize, Deserialize)]
/// struct Workplace {
///     #[key]
///     name: String,
///     city: String,
/// }
///
/// #[derive(CacheModel, Serialize, Deserialize)]
/// struct User {
///     #[key]
///     username: String,
///     workplace: Reference<Workplace>,
///     mother: Option<Reference<Self>>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache = Cache::memory();
/// let mut acme = Workplace { name: "acme".into(), city: "Riga".into() };
/// acme.save(&cache).await?;
/// let bob = User { username: "bob".into(), workplace: Reference::to(&acme), mother: None };
/// bob.save(&cache).await?;
///
/// acme.city = "Oslo".into();
/// acme.save(&cache).await?;
/// let bob = User::get(&cache, "bob").await?;
/// assert_eq!(bob.workplace.get().map(|acme| acme.city.as_str()), Some("Oslo"));
/// # Ok(())
/// # }
/// ```
///
/// # In a circle
///
/// References may lead in a circle. Then every object of it is there, and one that is met again on
/// its own way stands there with its own references not loaded: nothing is endless, and nothing holds
/// itself. [`load`](Reference::load) goes on from there. What an object holds is the same whatever else
/// was asked for together with it, in whichever order.
///
/// Two references are equal if they refer to the same object, loaded or not.
pub struct Reference<T: CacheModel> {
    keys: T::Keys,
    object: Option<Arc<T>>,
}

impl<T: CacheModel> Reference<T> {
    /// Refers to this object.
    pub fn to(object: &T) -> Reference<T> {
        Reference {
            keys: object.keys(),
            object: None,
        }
    }

    /// Refers to the object with these keys, whether it is there or not.
    pub fn to_key(keys: impl IntoKeys<T::Keys>) -> Reference<T> {
        Reference {
            keys: keys.into_keys(),
            object: None,
        }
    }

    /// The object, if it was loaded: by the `get` of what refers to it.
    pub fn get(&self) -> Option<&T> {
        self.object.as_deref()
    }

    /// The object, shared, if it was loaded.
    pub fn shared(&self) -> Option<&Arc<T>> {
        self.object.as_ref()
    }

    /// The key fields of the object.
    pub fn keys(&self) -> &T::Keys {
        &self.keys
    }

    /// The key of the object in the cache.
    pub fn key(&self) -> Key {
        T::key_of(&self.keys)
    }

    /// Gets the object in its present state, whether it was loaded or not.
    ///
    /// # Errors
    ///
    /// As [`CacheModel::get`].
    pub async fn load(&self, cache: &Cache) -> Result<Arc<T>, ModelError> {
        T::get(cache, self.keys.clone()).await
    }
}

/// Refers to the object, and holds it: as if it had been loaded.
impl<T: CacheModel> From<Arc<T>> for Reference<T> {
    fn from(object: Arc<T>) -> Reference<T> {
        Reference {
            keys: object.keys(),
            object: Some(object),
        }
    }
}

impl<T: CacheModel> Clone for Reference<T> {
    fn clone(&self) -> Self {
        Reference {
            keys: self.keys.clone(),
            object: self.object.clone(),
        }
    }
}

impl<T: CacheModel> PartialEq for Reference<T> {
    fn eq(&self, other: &Reference<T>) -> bool {
        self.key() == other.key()
    }
}

impl<T: CacheModel> Eq for Reference<T> {}

impl<T: CacheModel> Hash for Reference<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// Shows the key by its own rule, without values, and not the object: circles have no end.
impl<T: CacheModel> fmt::Debug for Reference<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let loaded = if self.object.is_some() {
            ", loaded"
        } else {
            ""
        };
        write!(f, "Reference({}{loaded})", self.key())
    }
}

/// By the name of the model and the keys: `{"Workplace": {"name": "acme"}}`. So a reference that
/// was changed to refer to another model is not read as one to that.
impl<T: CacheModel> Serialize for Reference<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_variant("Reference", 0, T::NAME, &self.keys)
    }
}

impl<'de, T: CacheModel> Deserialize<'de> for Reference<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What serde wants is a list that lives for ever; a name alone is one.
        let variants = slice::from_ref(&T::NAME);
        deserializer.deserialize_enum("Reference", variants, Reader(PhantomData))
    }
}

/// Reads a reference.
struct Reader<T>(PhantomData<fn() -> T>);

impl<'de, T: CacheModel> de::Visitor<'de> for Reader<T> {
    type Value = Reference<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a reference to a {}", T::NAME)
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Reference<T>, A::Error> {
        let ((), keys) = access.variant_seed(Model(T::NAME))?;
        Ok(Reference {
            keys: keys.newtype_variant()?,
            object: None,
        })
    }
}

/// Reads the name of a model: no other than this.
struct Model(&'static str);

impl<'de> DeserializeSeed<'de> for Model {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl de::Visitor<'_> for Model {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the model {}", self.0)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        if number == 0 {
            return Ok(());
        }
        Err(E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<(), E> {
        if name == self.0 {
            return Ok(());
        }
        Err(E::invalid_value(de::Unexpected::Str(name), &self))
    }

    fn visit_bytes<E: de::Error>(self, name: &[u8]) -> Result<(), E> {
        match std::str::from_utf8(name) {
            Ok(name) => self.visit_str(name),
            Err(_) => Err(E::invalid_value(de::Unexpected::Bytes(name), &self)),
        }
    }
}

/// A field type with references in it.
#[diagnostic::on_unimplemented(
    message = "references in a `{Self}` cannot be loaded",
    note = "a field may be a `Reference<T>`, or an `Option`, a `Vec`, a `Box` or the values of a `BTreeMap` or `HashMap` of them"
)]
pub trait References: Sized {
    /// Tells of each, in one order.
    #[doc(hidden)]
    fn visit(&self, visitor: &mut Visitor);

    /// The same, with what each was loaded to, in the order of `visit`.
    #[doc(hidden)]
    fn loaded(&self, slots: &mut Slots) -> Self;
}

impl<T: CacheModel> References for Reference<T> {
    fn visit(&self, visitor: &mut Visitor) {
        visitor.reference::<T>(&self.keys);
    }

    fn loaded(&self, slots: &mut Slots) -> Self {
        Reference {
            keys: self.keys.clone(),
            object: slots.next(),
        }
    }
}

impl<R: References> References for Box<R> {
    fn visit(&self, visitor: &mut Visitor) {
        (**self).visit(visitor);
    }

    fn loaded(&self, slots: &mut Slots) -> Self {
        Box::new((**self).loaded(slots))
    }
}

macro_rules! several {
    ($([$($bounds:tt)*] $type:ty;)*) => { $(
        impl<R: References, $($bounds)*> References for $type {
            fn visit(&self, visitor: &mut Visitor) {
                self.iter().for_each(|reference| reference.visit(visitor));
            }

            fn loaded(&self, slots: &mut Slots) -> Self {
                self.iter().map(|reference| reference.loaded(slots)).collect()
            }
        }
    )* };
}

macro_rules! mapped {
    ($([$($bounds:tt)*] $type:ty;)*) => { $(
        impl<R: References, $($bounds)*> References for $type {
            fn visit(&self, visitor: &mut Visitor) {
                self.values().for_each(|reference| reference.visit(visitor));
            }

            fn loaded(&self, slots: &mut Slots) -> Self {
                let loaded = |(key, reference): (&K, &R)| (key.clone(), reference.loaded(slots));
                self.iter().map(loaded).collect()
            }
        }
    )* };
}

several! {
    [] Vec<R>;
}

mapped! {
    [K: Ord + Clone] BTreeMap<K, R>;
    [K: Eq + Hash + Clone, S: BuildHasher + Default] HashMap<K, R, S>;
}

impl<R: References> References for Option<R> {
    fn visit(&self, visitor: &mut Visitor) {
        if let Some(reference) = self {
            reference.visit(visitor);
        }
    }

    fn loaded(&self, slots: &mut Slots) -> Self {
        self.as_ref().map(|reference| reference.loaded(slots))
    }
}

/// An object of any model.
pub(super) type Shared = Arc<dyn Any + Send + Sync>;

/// What the references of one object were loaded to, in their order.
#[doc(hidden)]
pub struct Slots<'a>(slice::Iter<'a, Option<Shared>>);

impl<'a> Slots<'a> {
    pub(super) fn new(loaded: &'a [Option<Shared>]) -> Slots<'a> {
        Slots(loaded.iter())
    }

    /// Of references that are not loaded.
    pub(super) fn empty() -> Slots<'static> {
        Slots([].iter())
    }

    fn next<T: CacheModel>(&mut self) -> Option<Arc<T>> {
        self.0.next()?.clone()?.downcast().ok()
    }
}

impl fmt::Debug for Slots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slots").finish_non_exhaustive()
    }
}
