//! Codecs: how values become bytes, and bytes values again.
//!
//! Two rules hold for all of them. What is written was read back before, and found equal; what is
//! read is either what was written, or nothing. How each rule is kept stands in `docs/format.md`.

mod bounded;
mod content;
mod json;
mod message_pack;
mod mix;
mod postcard;
mod refusal;

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use self::content::{Content, content};
use crate::error::{Error, Result};
use crate::value::Encoded;

pub(crate) use self::mix::Mix;

/// A value that is nested deeper has no form in bytes, and bytes that claim it are no value.
pub const VALUE_DEPTH_MAX: usize = 128;

/// How the values of a cache become bytes, in stores that keep bytes.
///
/// Every stored value says how it was encoded, so readers with different settings understand each
/// other, and the setting can be changed at any time. A codec that cannot carry a value passes it
/// on: to MessagePack, and at last to any that can. A value that none can carry is not stored.
///
/// ```
/// # fn main() -> larder::Result<()> {
/// use larder::{Cache, Codec};
///
/// let cache = Cache::builder().codec(Codec::Json).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// Small and fast; without names in it. A value that was written by another version of its
    /// type is a miss.
    #[default]
    Postcard,
    /// MessagePack with the names of fields: carries what Postcard cannot, such as untagged and
    /// flattened types. An older version's value is read as serde's own rules have it
    /// (`#[serde(default)]`, aliases).
    MessagePack,
    /// JSON, for values that people or other programs look at in the store. Read by serde's own
    /// rules, as MessagePack.
    Json,
}

impl Codec {
    /// The byte that stands for it in stored values.
    pub(crate) fn id(self) -> u8 {
        match self {
            Codec::Postcard => 1,
            Codec::MessagePack => 2,
            Codec::Json => 3,
        }
    }

    /// What people call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Codec::Postcard => "Postcard",
            Codec::MessagePack => "MessagePack",
            Codec::Json => "JSON",
        }
    }

    pub(crate) fn from_id(id: u8) -> Option<Codec> {
        match id {
            1 => Some(Codec::Postcard),
            2 => Some(Codec::MessagePack),
            3 => Some(Codec::Json),
            _ => None,
        }
    }

    /// This one, and who takes over from it.
    fn chain(self) -> [Codec; 3] {
        use Codec::{Json, MessagePack, Postcard};
        match self {
            Postcard => [Postcard, MessagePack, Json],
            MessagePack => [MessagePack, Postcard, Json],
            Json => [Json, MessagePack, Postcard],
        }
    }

    /// Whether its bytes name what they hold. If they do not, nothing but the comparison of
    /// contents notices that a type has changed.
    fn is_self_describing(self) -> bool {
        self != Codec::Postcard
    }

    pub(crate) fn write<T: Serialize>(self, value: &T) -> Option<Vec<u8>> {
        match self {
            Codec::Postcard => postcard::write(value),
            Codec::MessagePack => message_pack::write(value),
            Codec::Json => json::write(value),
        }
    }

    pub(crate) fn read<T: DeserializeOwned>(self, bytes: &[u8]) -> Option<T> {
        match self {
            Codec::Postcard => postcard::read(bytes),
            Codec::MessagePack => message_pack::read(bytes),
            Codec::Json => json::read(bytes),
        }
    }
}

/// The mark of a type that tells its encoded values from another type's. It is made of the type's
/// name, so it stays the same between builds and does not notice changed fields by itself.
pub(crate) fn fingerprint<T: ?Sized>() -> u64 {
    Mix::of(std::any::type_name::<T>().as_bytes())
}

/// The form in which a codec writes values of type `T`: as a rule their own.
pub(crate) trait Form<T> {
    fn write(codec: Codec, value: &T) -> Option<Vec<u8>>;
    fn read(codec: Codec, bytes: &[u8]) -> Option<T>;
}

/// As the type's own serde traits have it.
pub(crate) struct Own;

impl<T: Serialize + DeserializeOwned> Form<T> for Own {
    fn write(codec: Codec, value: &T) -> Option<Vec<u8>> {
        codec.write(value)
    }

    fn read(codec: Codec, bytes: &[u8]) -> Option<T> {
        codec.read(bytes)
    }
}

/// The value as bytes: by `chosen`, or by the first after it that gives the value back.
///
/// # Errors
///
/// No codec does, or the value's own `Serialize` gives up.
pub(crate) fn encode<T>(value: &T, chosen: Codec) -> Result<Encoded>
where
    T: Serialize + DeserializeOwned + 'static,
{
    encode_in::<T, Own>(value, chosen, fingerprint::<T>())
}

/// As [`encode`], in another form. What the value holds is compared in its own.
///
/// # Errors
///
/// As [`encode`].
pub(crate) fn encode_in<T, F>(value: &T, chosen: Codec, fingerprint: u64) -> Result<Encoded>
where
    T: Serialize + 'static,
    F: Form<T>,
{
    let content = content(value).map_err(|_| {
        Error::codec(format!(
            "a value of this type refuses to be serialised, or is nested deeper than {VALUE_DEPTH_MAX} \
             levels: keep it in memory by `.local()`"
        ))
    })?;
    for codec in chosen.chain() {
        if let Some(bytes) = attempt::<T, F>(value, content, codec) {
            return Ok(Encoded::new(codec.id(), fingerprint, content.hash, bytes));
        }
    }
    Err(Error::codec(
        "a value of this type cannot be read back as it was written by any codec (nested `Option`s, \
         or 128-bit numbers in flattened types, for example): keep it in memory by `.local()`",
    ))
}

/// The bytes of one codec, if they can be read back as what was written.
fn attempt<T, F>(value: &T, written: Content, codec: Codec) -> Option<Vec<u8>>
where
    T: Serialize + 'static,
    F: Form<T>,
{
    if codec.is_self_describing() {
        let bytes = F::write(codec, value)?;
        return gives_back::<T, F>(codec, &bytes, written).then_some(bytes);
    }
    if refusal::is_known::<T>() {
        return None;
    }
    // A skipped field leaves a gap that the next one falls into.
    if !written.skips
        && let Some(bytes) = F::write(codec, value)
        && gives_back::<T, F>(codec, &bytes, written)
    {
        return Some(bytes);
    }
    refusal::remember::<T>();
    None
}

/// Reads back what was just written: the silent traps of a codec end here rather than in a reader.
fn gives_back<T: Serialize, F: Form<T>>(codec: Codec, bytes: &[u8], written: Content) -> bool {
    F::read(codec, bytes)
        .and_then(|read| content(&read).ok())
        .is_some_and(|read| read == written)
}

/// The value in `encoded`; nothing if it is another type's, of another version of the type, or
/// damaged.
pub(crate) fn decode<T: Serialize + DeserializeOwned>(encoded: &Encoded) -> Option<T> {
    decode_in::<T, Own>(encoded)
}

/// As [`decode`], from another form.
pub(crate) fn decode_in<T: Serialize, F: Form<T>>(encoded: &Encoded) -> Option<T> {
    let codec = Codec::from_id(encoded.codec())?;
    let value = F::read(codec, encoded.bytes())?;
    if !codec.is_self_describing() {
        // The bytes have no names. Those of another version of the type may be read without an
        // error, as other values; then the names, kinds or contents differ.
        let read = content(&value).ok()?;
        if read.skips || read.hash != encoded.structure() {
            return None;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests;
