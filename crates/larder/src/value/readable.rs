//! Values for people: as JSON, where their form allows it.

use super::{Encoded, Value};
use crate::codec::{Codec, VALUE_DEPTH_MAX};

impl Value {
    /// The value as JSON. Nothing if it has no form in bytes, or if its bytes have no names in them.
    pub(crate) fn json(&self) -> Option<String> {
        match self {
            Value::Encoded(encoded) => encoded.json(),
            Value::Typed { encode: None, .. } => None,
            Value::Typed {
                value,
                encode: Some(encode),
            } => (encode.run)(&**value, Codec::Json).ok()?.json(),
        }
    }
}

impl Encoded {
    /// The name of the codec that wrote the bytes; nothing if this build does not know it.
    pub fn codec_name(&self) -> Option<&'static str> {
        Codec::from_id(self.codec).map(Codec::name)
    }

    fn json(&self) -> Option<String> {
        match Codec::from_id(self.codec)? {
            Codec::Json => String::from_utf8(self.bytes.to_vec()).ok(),
            Codec::MessagePack => {
                let mut reader = rmp_serde::Deserializer::from_read_ref(&self.bytes);
                reader.set_max_depth(VALUE_DEPTH_MAX);
                let value: serde_json::Value = serde::Deserialize::deserialize(&mut reader).ok()?;
                Some(value.to_string())
            }
            Codec::Postcard => None,
        }
    }
}
