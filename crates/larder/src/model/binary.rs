//! Fields in binary form: what `#[binary]` stands for.
//!
//! The value is written by a binary codec whatever codec the cache has, with what tells that it was
//! read back as it was written: for bytes, for values that JSON cannot hold (NaN, maps with structs
//! for keys) or holds badly. In JSON it stands as base64. Reading it trusts no length, and what
//! was written by another version of its type is no value.
//!
//! ```
//! use std::collections::HashMap;
//! use larder::{Cache, CacheModel, Codec};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(CacheModel, Serialize, Deserialize)]
//! struct User {
//!     #[key]
//!     username: String,
//!     #[binary]
//!     avatar: Vec<u8>,
//!     #[binary]
//!     visits: HashMap<(u16, u8), f64>,
//! }
//! ```
//!
//! It is usable by itself, in other types, as `#[serde(with = "larder::model::binary")]`.
//!
//! # Within another
//!
//! A field in binary form inside of a value in binary form is in it already: it is written as it
//! is, and compared with what is read back together with the whole. So however deep such fields are
//! nested, writing costs by what there is to write. All of it together is at most
//! [`VALUE_DEPTH_MAX`](crate::VALUE_DEPTH_MAX) levels deep.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as TEXT;
use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::ser::{self, Serialize, Serializer};

use crate::codec::{self, Codec};
use crate::value::Encoded;

/// What stands before the value: the number of its codec, and the hash of what it holds.
const HEAD: usize = 1 + 8;

/// Writes a value in binary form.
///
/// # Errors
///
/// No codec gives the value back as it is; or the serializer's own.
pub fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
where
    T: Serialize + DeserializeOwned + 'static,
    S: Serializer,
{
    let Some(_within) = Within::enter() else {
        return value.serialize(serializer);
    };
    let encoded = codec::encode(value, Codec::Postcard).map_err(ser::Error::custom)?;
    let mut bytes = Vec::with_capacity(HEAD + encoded.bytes().len());
    bytes.push(encoded.codec());
    bytes.extend_from_slice(&encoded.structure().to_le_bytes());
    bytes.extend_from_slice(encoded.bytes());
    if serializer.is_human_readable() {
        serializer.serialize_str(&TEXT.encode(&bytes))
    } else {
        serializer.serialize_bytes(&bytes)
    }
}

/// Reads a value in binary form.
///
/// # Errors
///
/// It is none, or was written by another version of the type; or the deserializer's own.
pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Serialize + DeserializeOwned,
    D: Deserializer<'de>,
{
    if Within::is_entered() {
        return T::deserialize(deserializer);
    }
    if deserializer.is_human_readable() {
        deserializer.deserialize_str(Reader(PhantomData))
    } else {
        deserializer.deserialize_bytes(Reader(PhantomData))
    }
}

struct Reader<T>(PhantomData<fn() -> T>);

impl<T: Serialize + DeserializeOwned> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value in binary form")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<T, E> {
        read(bytes).ok_or_else(|| E::custom("no value of this type in binary form"))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        let bytes = TEXT.decode(text).map_err(E::custom)?;
        self.visit_bytes(&bytes)
    }
}

fn read<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let (codec, rest) = bytes.split_first()?;
    let (structure, value) = rest.split_first_chunk()?;
    let structure = u64::from_le_bytes(*structure);
    let encoded = Encoded::new(*codec, 0, structure, value.to_vec());
    let _within = Within::enter();
    codec::decode(&encoded)
}

thread_local! {
    /// Whether a value in binary form is being written or read by this thread.
    static WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// The writing or reading of a value in binary form, as long as it lasts.
struct Within;

impl Within {
    fn is_entered() -> bool {
        WITHIN.get()
    }

    /// Nothing if there is one around it.
    fn enter() -> Option<Within> {
        (!WITHIN.replace(true)).then(|| Within)
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        WITHIN.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, PartialEq)]
    struct Holds<T>(T);

    impl<T: Serialize + DeserializeOwned + 'static> Serialize for Holds<T> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            super::serialize(&self.0, serializer)
        }
    }

    impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Holds<T> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            super::deserialize(deserializer).map(Holds)
        }
    }

    #[track_caller]
    fn comes_back<T>(value: T)
    where
        T: Serialize + DeserializeOwned + PartialEq + fmt::Debug + 'static,
    {
        let value = Holds(value);
        let json = serde_json::to_string(&value).expect("it can be written");
        assert_eq!(serde_json::from_str(&json).ok(), Some(value));
    }

    #[test]
    fn bc10_what_json_cannot_hold_comes_back() {
        comes_back(vec![0u8, 255]);
        comes_back(BTreeMap::from([((1u8, -1i64), f64::INFINITY)]));
        comes_back(i128::MIN);
        comes_back(Some(None::<u8>));
        let json = serde_json::to_string(&Holds(f64::NAN)).expect("it can be written");
        let read: Holds<f64> = serde_json::from_str(&json).expect("it can be read");
        assert!(read.0.is_nan());
    }

    /// These bytes in JSON, where a `T` is wanted.
    fn reads<T: Serialize + DeserializeOwned + 'static>(bytes: &[u8]) -> bool {
        let json = serde_json::to_string(&TEXT.encode(bytes)).expect("it is text");
        serde_json::from_str::<Holds<T>>(&json).is_ok()
    }

    #[test]
    fn bc10_no_length_is_believed() {
        // Postcard, no hash, and a list that says to be longer than any memory.
        let endless = [&[1u8][..], &[0; 8], &[255; 9], &[1]].concat();
        assert!(!reads::<Vec<u8>>(&endless));
        assert!(!reads::<Vec<()>>(&endless));
        assert!(!reads::<String>(&endless));
        for length in 0..endless.len() {
            assert!(!reads::<Vec<u8>>(&endless[..length]));
        }
        for codec in 0..=255 {
            assert!(
                !reads::<Vec<u64>>(&[&[codec][..], &[7; 40]].concat()),
                "{codec}"
            );
        }
        assert!(serde_json::from_str::<Holds<u8>>("\"no base64!\"").is_err());
        assert!(serde_json::from_str::<Holds<u8>>("7").is_err());
    }

    thread_local! {
        static WRITTEN: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts how often it is written.
    #[derive(Debug, Deserialize, PartialEq)]
    struct Leaf(u8);

    impl Serialize for Leaf {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            WRITTEN.set(WRITTEN.get() + 1);
            self.0.serialize(serializer)
        }
    }

    /// Fields in binary form in fields in binary form.
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Nested {
        leaf: Option<Leaf>,
        #[serde(with = "super")]
        inner: Option<Box<Nested>>,
    }

    fn nested(depth: usize) -> Nested {
        let leaf = Nested {
            leaf: Some(Leaf(7)),
            inner: None,
        };
        (0..depth).fold(leaf, |inner, _| Nested {
            leaf: None,
            inner: Some(Box::new(inner)),
        })
    }

    #[test]
    fn bc10_what_is_nested_costs_the_same_at_any_depth() {
        let written = |depth| {
            let holds = Holds(nested(depth));
            WRITTEN.set(0);
            let json = serde_json::to_string(&holds).expect("it can be written");
            let count = WRITTEN.get();
            assert_eq!(serde_json::from_str(&json).ok(), Some(holds));
            count
        };
        assert_eq!(written(1), written(30));
        assert!(
            written(1) <= 3,
            "written, and compared with what is read back"
        );
    }

    #[test]
    fn bc10_what_is_nested_too_deep_is_refused() {
        use crate::codec::VALUE_DEPTH_MAX;
        assert!(serde_json::to_string(&Holds(nested(VALUE_DEPTH_MAX))).is_err());
        // And the next one is none the worse for it.
        comes_back(nested(3));
    }

    #[test]
    fn bc11_what_another_type_wrote_is_no_value() {
        let json = serde_json::to_string(&Holds(7u32)).expect("it can be written");
        assert!(serde_json::from_str::<Holds<u64>>(&json).is_err());
        assert!(serde_json::from_str::<Holds<i32>>(&json).is_err());
        assert!(serde_json::from_str::<Holds<u32>>(&json).is_ok());
    }
}
