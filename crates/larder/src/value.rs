//! Values: what can be cached, and how a store holds it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::weigh;

/// What can be cached on every store: serde's traits, and safe to share between threads.
///
/// Nothing needs to implement it by hand. A value without serde can be cached in memory by
/// `.local()` on the call.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached on every store",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or add `.local()` to the call to keep it in this process's memory"
)]
pub trait CacheValue: Serialize + DeserializeOwned + Send + Sync + 'static {}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> CacheValue for T {}

type Decode<T> = fn(&[u8]) -> Result<T>;
type Encode = fn(&(dyn Any + Send + Sync)) -> Result<Vec<u8>>;

/// How values of one type are weighed, and turned into bytes and back where a store needs that.
pub struct ValueKind<T> {
    encode: Option<Encode>,
    decode: Option<Decode<T>>,
    weigh: fn(&T) -> usize,
}

impl<T> Clone for ValueKind<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ValueKind<T> {}

impl<T> fmt::Debug for ValueKind<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueKind")
            .field("local", &self.encode.is_none())
            .finish_non_exhaustive()
    }
}

impl<T: CacheValue> ValueKind<T> {
    /// Values that any store can hold.
    pub fn serde() -> ValueKind<T> {
        ValueKind {
            encode: Some(encode::<T>),
            decode: Some(decode::<T>),
            weigh: weigh::weight::<T>,
        }
    }
}

impl<T: Send + Sync + 'static> ValueKind<T> {
    /// Values without serde: they stay in this process's memory. Their weight is the type's own
    /// size; say better with [`ValueKind::weigh`] if they own more.
    pub fn local() -> ValueKind<T> {
        ValueKind {
            encode: None,
            decode: None,
            weigh: |_| size_of::<T>(),
        }
    }

    /// Weighs values by this function: their bytes, with what they own.
    #[must_use]
    pub fn weigh(mut self, weigh: fn(&T) -> usize) -> ValueKind<T> {
        self.weigh = weigh;
        self
    }

    pub(crate) fn weight(&self, value: &T) -> usize {
        (self.weigh)(value)
    }

    pub(crate) fn wrap(&self, value: Arc<T>) -> Value {
        Value::Typed {
            value,
            encode: self.encode,
        }
    }

    /// The value as this type; nothing if it is of another, or bytes that are none.
    pub(crate) fn unwrap(&self, value: &Value) -> Option<Arc<T>> {
        match value {
            Value::Typed { value, .. } => {
                if !(**value).is::<T>() {
                    return None;
                }
                value.clone().downcast().ok()
            }
            Value::Bytes(bytes) => (self.decode?)(bytes).ok().map(Arc::new),
        }
    }
}

fn encode<T: CacheValue>(value: &(dyn Any + Send + Sync)) -> Result<Vec<u8>> {
    let value: &T = value
        .downcast_ref()
        .ok_or_else(|| Error::codec("the value is of another type than its kind"))?;
    postcard::to_stdvec(value).map_err(|error| Error::codec(format!("value not encoded: {error}")))
}

fn decode<T: CacheValue>(bytes: &[u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(|error| Error::codec(format!("value not decoded: {error}")))
}

/// A value as a store holds it.
#[derive(Clone)]
pub enum Value {
    /// The value itself, shared; `encode` is absent for local values.
    Typed {
        /// The value.
        value: Arc<dyn Any + Send + Sync>,
        /// Turns it into bytes.
        encode: Option<Encode>,
    },
    /// Its encoded form.
    Bytes(Arc<[u8]>),
}

impl Value {
    /// The encoded form.
    ///
    /// # Errors
    ///
    /// The value is local to this process, or its type refuses to be encoded.
    pub fn to_bytes(&self) -> Result<Arc<[u8]>> {
        match self {
            Value::Bytes(bytes) => Ok(bytes.clone()),
            Value::Typed { encode: None, .. } => {
                Err(Error::codec("the value is local: it has no form in bytes"))
            }
            Value::Typed {
                value,
                encode: Some(encode),
            } => Ok(encode(&**value)?.into()),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::Typed { .. } => "Value::Typed",
            Value::Bytes(_) => "Value::Bytes",
        })
    }
}
