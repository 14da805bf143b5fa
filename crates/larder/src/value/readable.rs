//! Values for people: the beginning of their JSON, where their form allows it.
//!
//! Bytes from a store may be made to do harm. Of MessagePack no tree is built: it is read once, from front to back,
//! no deeper than values may be, and what is written beyond the beginning is counted and not kept.

use std::fmt;
use std::io;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::{Encoded, Value};
use crate::codec::{Codec, VALUE_DEPTH_MAX};

/// The beginning of a text, and how many bytes all of it has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Beginning {
    pub(crate) text: String,
    pub(crate) len: usize,
}

impl Value {
    /// The first so many bytes of the value as JSON. Nothing if it has no form in bytes, or if its bytes have
    /// no names in them.
    pub(crate) fn json(&self, bytes_max: usize) -> Option<Beginning> {
        match self {
            Value::Encoded(encoded) => encoded.json(bytes_max),
            Value::Typed { encode: None, .. } => None,
            Value::Typed {
                value,
                encode: Some(encode),
            } => {
                let encoded = (encode.run)(&**value, Codec::Json).ok()?;
                encoded.json(bytes_max)
            }
        }
    }
}

impl Encoded {
    /// The name of the codec that wrote the bytes; nothing if this build does not know it.
    pub fn codec_name(&self) -> Option<&'static str> {
        Codec::from_id(self.codec).map(Codec::name)
    }

    fn json(&self, bytes_max: usize) -> Option<Beginning> {
        match Codec::from_id(self.codec)? {
            Codec::Json => {
                let text = std::str::from_utf8(&self.bytes).ok()?;
                Some(Beginning {
                    text: text[..text.floor_char_boundary(bytes_max)].to_owned(),
                    len: text.len(),
                })
            }
            Codec::MessagePack => message_pack(&self.bytes, bytes_max),
            Codec::Postcard => None,
        }
    }
}

fn message_pack(bytes: &[u8], bytes_max: usize) -> Option<Beginning> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
    reader.set_max_depth(VALUE_DEPTH_MAX);
    let mut out = Out {
        kept: Vec::new(),
        bytes_max,
        len: 0,
    };
    Tell(&mut out).deserialize(&mut reader).ok()?;
    let end = out.kept.utf8_chunks().next();
    Some(Beginning {
        // The last letter may be cut.
        text: end.map_or("", |chunk| chunk.valid()).to_owned(),
        len: out.len,
    })
}

/// Keeps the beginning of what is written, and counts the rest.
struct Out {
    kept: Vec<u8>,
    bytes_max: usize,
    len: usize,
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.bytes_max - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.len = self.len.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Out {
    fn push<E: Error>(&mut self, value: impl serde::Serialize) -> Result<(), E> {
        serde_json::to_writer(self, &value).map_err(E::custom)
    }

    fn punctuate(&mut self, mark: &str) {
        // Writing to memory cannot fail.
        let _ = io::Write::write(self, mark.as_bytes());
    }
}

/// Writes what it is told of as JSON.
struct Tell<'o>(&'o mut Out);

impl<'de> DeserializeSeed<'de> for Tell<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! plain {
    ($($visit:ident($kind:ty))*) => {
        $(fn $visit<E: Error>(self, value: $kind) -> Result<(), E> {
            self.0.push(value)
        })*
    };
}

impl<'de> Visitor<'de> for Tell<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has")
    }

    plain! {
        visit_bool(bool)
        visit_i64(i64)
        visit_u64(u64)
        visit_f64(f64)
        visit_str(&str)
        visit_bytes(&[u8])
    }

    fn visit_f32<E: Error>(self, value: f32) -> Result<(), E> {
        self.0.push(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.push(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.0.push(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.punctuate("[");
        let mut separator = "";
        // The comma is written by the item that follows it.
        while items.next_element_seed(After(self.0, separator))?.is_some() {
            separator = ",";
        }
        self.0.punctuate("]");
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.punctuate("{");
        let mut separator = "";
        while items.next_key_seed(Name(self.0, separator))?.is_some() {
            items.next_value_seed(After(self.0, ":"))?;
            separator = ",";
        }
        self.0.punctuate("}");
        Ok(())
    }
}

/// A value behind a mark.
struct After<'o>(&'o mut Out, &'static str);

impl<'de> DeserializeSeed<'de> for After<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.punctuate(self.1);
        deserializer.deserialize_any(Tell(self.0))
    }
}

/// A name in a map, behind a mark. JSON's names are texts: what is none becomes one.
struct Name<'o>(&'o mut Out, &'static str);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.punctuate(self.1);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a truth value")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<(), E> {
        self.0.push(name)
    }

    fn visit_bool<E: Error>(self, name: bool) -> Result<(), E> {
        self.0.push(name.to_string())
    }

    fn visit_i64<E: Error>(self, name: i64) -> Result<(), E> {
        self.0.push(name.to_string())
    }

    fn visit_u64<E: Error>(self, name: u64) -> Result<(), E> {
        self.0.push(name.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &impl serde::Serialize, bytes_max: usize, text: &str, len: usize) {
        let bytes = rmp_serde::to_vec_named(value).expect("it can be written");
        let text = text.to_owned();
        let told = message_pack(&bytes, bytes_max);
        assert_eq!(told, Some(Beginning { text, len }));
    }

    #[test]
    fn message_pack_is_told_as_json() {
        check(
            &(1, -2, 1.5, "a\"b", true, None::<i32>),
            99,
            r#"[1,-2,1.5,"a\"b",true,null]"#,
            27,
        );
        let map = std::collections::BTreeMap::from([(1, ("x", [0_u8; 0])), (2, ("ü", []))]);
        check(&map, 99, r#"{"1":["x",[]],"2":["ü",[]]}"#, 28);
        check(&"äöü", 4, "\"ä", 8);
        check(&f64::NAN, 9, "null", 4);
    }

    #[test]
    fn a_hostile_value_is_counted_and_not_kept() {
        // Four million numbers of one byte each: a tree of them would take a hundred megabytes and more.
        let mut wide = vec![0xdd];
        wide.extend((4_000_000_u32).to_be_bytes());
        wide.resize(wide.len() + 4_000_000, 0x07);
        let told = message_pack(&wide, 100).expect("it is a value");
        assert_eq!((told.text.len(), told.len), (100, 8_000_001));
        // A list that says to be longer than any memory.
        assert_eq!(message_pack(&[0xdd, 0xff, 0xff, 0xff, 0xff], 100), None);
        // Lists in lists in lists: deeper than values may be, they are none.
        let mut deep = vec![0x91; 4_000_000];
        deep.push(0x07);
        assert_eq!(message_pack(&deep, 100), None);
        // Many such lists beside each other are no deeper.
        let mut bushy = vec![0xdd];
        bushy.extend((100_000_u32).to_be_bytes());
        for _ in 0..100_000 {
            bushy.extend([0x91; 20]);
            bushy.push(0xc0);
        }
        let told = message_pack(&bushy, 100).expect("it is a value");
        assert_eq!((told.text.len(), told.len), (100, 4_500_001));
    }
}
