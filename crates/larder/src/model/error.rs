//! Why a get has no object.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::CacheModel;
use crate::error::{Error, LoadError};
use crate::key::Key;

/// Why a `get` of a model gives no object. Cheap to clone.
///
/// No message shows the values of keys, which may be personal data: [`Key::readable`] does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ModelError {
    /// The object, or one that it refers to, is not there, and nothing builds it.
    Missing(Missing),
    /// [`FromMiss`](super::FromMiss) failed.
    Failed(NotBuilt),
    /// What was built for the keys that were asked for has others. It is not saved.
    OtherKeys(NotBuilt),
    /// More references than one get follows.
    TooMany(GraphLimit),
    /// The cache itself: a store that failed, a load that took too long, no tokio runtime, another
    /// model of the same name.
    Cache(Error),
}

impl ModelError {
    /// What is missing, if something is.
    pub fn missing(&self) -> Option<&Missing> {
        match self {
            ModelError::Missing(missing) => Some(missing),
            _ => None,
        }
    }

    /// Whether an object is missing.
    pub fn is_missing(&self) -> bool {
        self.missing().is_some()
    }

    /// Whether the store failed.
    pub fn is_store(&self) -> bool {
        matches!(self, ModelError::Cache(error) if error.is_store())
    }

    /// The error of [`FromMiss`](super::FromMiss), if it was of this type.
    pub fn failed<E: StdError + 'static>(&self) -> Option<&E> {
        match self {
            ModelError::Failed(failed) => failed.0.source.as_ref()?.downcast_ref(),
            _ => None,
        }
    }

    pub(super) fn other_keys<M: CacheModel>(asked: &Key) -> ModelError {
        ModelError::OtherKeys(NotBuilt::new::<M>(asked, None))
    }
}

impl From<LoadError<ModelError>> for ModelError {
    fn from(error: LoadError<ModelError>) -> ModelError {
        let said = error.to_string();
        ModelError::Cache(match error {
            LoadError::Failed(error) => return (*error).clone(),
            LoadError::TimedOut => Error::timeout(said),
            LoadError::NoRuntime => Error::runtime(said),
            LoadError::Closed => Error::closed(said),
        })
    }
}

impl From<Error> for ModelError {
    fn from(error: Error) -> ModelError {
        ModelError::Cache(error)
    }
}

impl fmt::Display for ModelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModelError::Missing(missing) => missing.fmt(f),
            ModelError::Failed(NotBuilt(parts)) => {
                write!(
                    f,
                    "the {} for {} could not be built",
                    parts.model, parts.key
                )?;
                match &parts.source {
                    Some(source) => write!(f, ": {source}"),
                    None => Ok(()),
                }
            }
            ModelError::OtherKeys(NotBuilt(parts)) => write!(
                f,
                "the {} that was built for {} has other key fields than were asked for",
                parts.model, parts.key
            ),
            ModelError::TooMany(limit) => limit.fmt(f),
            ModelError::Cache(error) => error.fmt(f),
        }
    }
}

impl StdError for ModelError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            ModelError::Failed(failed) => failed.0.source.as_deref().map(|source| source as _),
            ModelError::Cache(error) => Some(error),
            _ => None,
        }
    }
}

/// An object that is not there: its model, its key, and what refers to it. Cheap to clone.
#[derive(Clone)]
pub struct Missing(Arc<Lacking>);

struct Lacking {
    model: &'static str,
    key_fields: &'static [&'static str],
    key: Key,
    referrer: Option<Referrer>,
}

/// The field that refers to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Referrer {
    pub(super) model: &'static str,
    pub(super) field: &'static str,
}

impl Missing {
    pub(super) fn new<M: CacheModel>(key: &Key, referrer: Option<Referrer>) -> Missing {
        Missing(Arc::new(Lacking {
            model: M::NAME,
            key_fields: M::KEY_FIELDS,
            key: key.clone(),
            referrer,
        }))
    }

    /// The model's name.
    pub fn model(&self) -> &'static str {
        self.0.model
    }

    /// The names of its key fields.
    pub fn key_fields(&self) -> &'static [&'static str] {
        self.0.key_fields
    }

    /// The key that nothing is under. [`Key::readable`] shows its values.
    pub fn key(&self) -> &Key {
        &self.0.key
    }

    /// The model and the field that refer to it; nothing if it was itself asked for.
    pub fn reference(&self) -> Option<(&'static str, &'static str)> {
        let referrer = self.0.referrer?;
        Some((referrer.model, referrer.field))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lacking { model, key, .. } = &*self.0;
        let fields = self.0.key_fields.join(", ");
        write!(f, "no {model} is cached for this {fields} ({key})")?;
        match self.0.referrer {
            Some(Referrer { model, field }) => write!(f, ", to which {model}.{field} refers"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Missing({self})")
    }
}

impl StdError for Missing {}

/// An object that could not be built, or not as it should: its model, its key, and why.
#[derive(Clone)]
pub struct NotBuilt(Arc<Attempt>);

struct Attempt {
    model: &'static str,
    key: Key,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl NotBuilt {
    pub(super) fn new<M: CacheModel>(
        key: &Key,
        source: Option<Box<dyn StdError + Send + Sync>>,
    ) -> NotBuilt {
        NotBuilt(Arc::new(Attempt {
            model: M::NAME,
            key: key.clone(),
            source,
        }))
    }

    /// The model's name.
    pub fn model(&self) -> &'static str {
        self.0.model
    }

    /// The key that was asked for. [`Key::readable`] shows its values.
    pub fn key(&self) -> &Key {
        &self.0.key
    }
}

impl fmt::Debug for NotBuilt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotBuilt")
            .field("model", &self.0.model)
            .field("key", &self.0.key)
            .field("source", &self.0.source)
            .finish()
    }
}

/// Which limit of a get was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphLimit {
    /// References stand deeper than [`REFERENCES_DEPTH_MAX`](super::REFERENCES_DEPTH_MAX) levels.
    Depth,
    /// More than [`OBJECTS_MAX`](super::OBJECTS_MAX) objects are referred to.
    Objects,
    /// Circles of references are put together for more than
    /// [`COPIES_MAX`](super::COPIES_MAX) of their objects anew.
    Copies,
}

impl fmt::Display for GraphLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GraphLimit::Depth => write!(
                f,
                "references stand deeper than {} levels",
                super::REFERENCES_DEPTH_MAX
            ),
            GraphLimit::Objects => {
                write!(
                    f,
                    "one get refers to more than {} objects",
                    super::OBJECTS_MAX
                )
            }
            GraphLimit::Copies => {
                write!(
                    f,
                    "one get puts together more than {} objects of circles",
                    super::COPIES_MAX
                )
            }
        }
    }
}
