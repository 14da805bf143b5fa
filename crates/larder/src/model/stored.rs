//! The form in which a model is stored where bytes are stored.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::CacheModel;
use crate::codec::{Codec, Form, Mix};

/// The mark of the model's entries: it stays the same wherever the struct is moved to, and changes
/// with what the key is made of. Of equal keys with other fields, no entry is read.
pub(crate) fn fingerprint<M: CacheModel>() -> u64 {
    let mut mix = Mix::new();
    mix.bytes(b"model");
    mix.bytes(M::KEYED.as_bytes());
    for field in M::KEY_FIELDS {
        mix.bytes(field.as_bytes());
    }
    mix.finish()
}

/// The form of a model, for the codecs.
pub(crate) struct ModelForm;

impl<M: CacheModel> Form<M> for ModelForm {
    fn write(codec: Codec, object: &M) -> Option<Vec<u8>> {
        codec.write(&Writing::<M>(object))
    }

    fn read(codec: Codec, bytes: &[u8]) -> Option<M> {
        codec.read::<Reading<M>>(bytes).map(|read| read.0)
    }
}

struct Writing<'a, M>(&'a M);

impl<M: CacheModel> Serialize for Writing<'_, M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write_stored(serializer)
    }
}

struct Reading<M>(M);

impl<'de, M: CacheModel> Deserialize<'de> for Reading<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        M::read_stored(deserializer).map(Reading)
    }
}
