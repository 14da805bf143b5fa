//! Values: what can be cached, and how a store holds it.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{self, Codec};
use crate::error::{Error, Result};
use crate::model::{self, CacheModel, ModelForm};
use crate::weigh;

mod readable;

pub(crate) use readable::Beginning;

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

type Decode<T> = fn(&Encoded) -> Option<Arc<T>>;
type EncodeAny = fn(&(dyn Any + Send + Sync), Codec) -> Result<Encoded>;

/// How values of one type are weighed, and turned into bytes and back where a store needs that.
pub struct ValueKind<T> {
    encode: Option<EncodeAny>,
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

impl<T: CacheValue> ValueKind<Arc<T>> {
    /// Shared values, of which a store holds the inside: bytes are those of a `T`.
    pub(crate) fn shared() -> ValueKind<Arc<T>> {
        ValueKind {
            encode: Some(encode_shared::<T>),
            decode: Some(decode_shared::<T>),
            weigh: |value| weigh::weight::<T>(value),
        }
    }
}

impl<M: CacheModel> ValueKind<M> {
    /// Objects of a model, under the model's own name and in its own form.
    pub(crate) fn model() -> ValueKind<M> {
        ValueKind {
            encode: Some(encode_model::<M>),
            decode: Some(decode_model::<M>),
            weigh: weigh::weight::<M>,
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

    /// The value as a store takes it; encoded by `codec`, should the store want bytes.
    pub fn wrap(&self, value: Arc<T>, codec: Codec) -> Value {
        Value::Typed {
            value,
            encode: self.encode.map(|run| Encode { codec, run }),
        }
    }

    /// The value as this type; nothing if it is of another, or bytes that are none.
    pub fn unwrap(&self, value: &Value) -> Option<Arc<T>> {
        match value {
            Value::Typed { value, .. } => {
                if !(**value).is::<T>() {
                    return None;
                }
                value.clone().downcast().ok()
            }
            Value::Encoded(encoded) => (self.decode?)(encoded),
        }
    }
}

fn encode<T: CacheValue>(value: &(dyn Any + Send + Sync), codec: Codec) -> Result<Encoded> {
    let value: &T = value
        .downcast_ref()
        .ok_or_else(|| Error::codec("the value is of another type than its kind"))?;
    codec::encode(value, codec)
}

fn encode_shared<T: CacheValue>(value: &(dyn Any + Send + Sync), codec: Codec) -> Result<Encoded> {
    let value: &Arc<T> = value
        .downcast_ref()
        .ok_or_else(|| Error::codec("the value is of another type than its kind"))?;
    codec::encode(&**value, codec)
}

#[expect(
    clippy::redundant_allocation,
    reason = "the value is an `Arc` of the user's, and every value is shared by one of ours"
)]
fn decode_shared<T: CacheValue>(encoded: &Encoded) -> Option<Arc<Arc<T>>> {
    Some(Arc::new(decode::<T>(encoded)?))
}

/// Decodes once: whoever asks again for the same type gets the same value.
fn decode<T: CacheValue>(encoded: &Encoded) -> Option<Arc<T>> {
    decode_once(encoded, codec::fingerprint::<T>(), codec::decode::<T>)
}

fn encode_model<M: CacheModel>(value: &(dyn Any + Send + Sync), codec: Codec) -> Result<Encoded> {
    let value: &M = value
        .downcast_ref()
        .ok_or_else(|| Error::codec("the value is of another type than its kind"))?;
    codec::encode_in::<M, ModelForm>(value, codec, model::fingerprint::<M>())
}

fn decode_model<M: CacheModel>(encoded: &Encoded) -> Option<Arc<M>> {
    let decode = codec::decode_in::<M, ModelForm>;
    decode_once(encoded, model::fingerprint::<M>(), decode)
}

fn decode_once<T: Send + Sync + 'static>(
    encoded: &Encoded,
    fingerprint: u64,
    decode: fn(&Encoded) -> Option<T>,
) -> Option<Arc<T>> {
    if encoded.fingerprint != fingerprint {
        return None;
    }
    if let Some(decoded) = encoded.decoded::<T>() {
        return Some(decoded);
    }
    let value = Arc::new(decode(encoded)?);
    // Another thread may have been faster: then its value is the one. Two types of one name may
    // share the bytes: then the first has the place.
    let _ = encoded.decoded.set(value.clone());
    Some(encoded.decoded::<T>().unwrap_or(value))
}

/// A value as a store holds it.
#[derive(Clone)]
pub enum Value {
    /// The value itself, shared.
    Typed {
        /// The value.
        value: Arc<dyn Any + Send + Sync>,
        /// Turns it into bytes. Absent for local values.
        encode: Option<Encode>,
    },
    /// Its encoded form, as it came from a store that keeps bytes.
    Encoded(Arc<Encoded>),
}

impl Value {
    /// The encoded form.
    ///
    /// # Errors
    ///
    /// The value is local to this process, or no codec gives it back as it is.
    pub fn encoded(&self) -> Result<Arc<Encoded>> {
        match self {
            Value::Encoded(encoded) => Ok(encoded.clone()),
            Value::Typed { encode: None, .. } => Err(Error::codec(
                "the value is local: it has no form in bytes, and stays in this process's memory",
            )),
            Value::Typed {
                value,
                encode: Some(encode),
            } => Ok(Arc::new((encode.run)(&**value, encode.codec)?)),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Value::Typed { .. } => "Value::Typed",
            Value::Encoded(_) => "Value::Encoded",
        })
    }
}

/// How a value that is shared in memory becomes bytes, should a store want them.
#[derive(Clone, Copy)]
pub struct Encode {
    codec: Codec,
    run: EncodeAny,
}

impl fmt::Debug for Encode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encode").field(&self.codec).finish()
    }
}

/// How many times its bytes a decoded value is taken to be. Measured with rows of a shop: 2.4;
/// a text is 1.
const DECODED_TIMES: usize = 2;

/// A value as bytes, with what a reader checks before and after it decodes them.
pub struct Encoded {
    codec: u8,
    fingerprint: u64,
    structure: u64,
    bytes: Bytes,
    /// What the bytes were decoded to, once somebody did.
    decoded: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl Encoded {
    /// These bytes, as they were stored.
    pub fn new(codec: u8, fingerprint: u64, structure: u64, bytes: impl Into<Bytes>) -> Encoded {
        Encoded {
            codec,
            fingerprint,
            structure,
            bytes: bytes.into(),
            decoded: OnceLock::new(),
        }
    }

    /// The number of the codec that wrote the bytes.
    pub fn codec(&self) -> u8 {
        self.codec
    }

    /// The mark of the value's type.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The hash of the value's names, kinds and contents as it was written.
    pub fn structure(&self) -> u64 {
        self.structure
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The estimated bytes that it takes in memory: as it is, and decoded. Numbers, options and
    /// handles take more there than in any codec, texts the same.
    pub fn weight(&self) -> usize {
        size_of::<Encoded>() + self.bytes.len() * (1 + DECODED_TIMES)
    }

    fn decoded<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let decoded = self.decoded.get()?;
        if !(**decoded).is::<T>() {
            return None;
        }
        decoded.clone().downcast().ok()
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("codec", &self.codec)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
