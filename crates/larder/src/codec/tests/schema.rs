//! H32 once more, for any type: a random schema, a random value of it, and a reader whose schema
//! differs a little.

use proptest::prelude::*;
use serde::de::{self, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess};
use serde::ser::{SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple};
use serde::{Serialize, Serializer};

use super::*;

const NAMES: [&str; 4] = ["id", "name", "price", "note"];
const VARIANTS: [&str; 4] = ["Open", "Closed", "Draft", "Gone"];

/// What a type is.
#[derive(Clone, Debug, PartialEq)]
enum Schema {
    Bool,
    Small,
    Signed,
    Number,
    Real,
    Text,
    Unit,
    Optional(Box<Schema>),
    List(Box<Schema>),
    Map(Box<Schema>, Box<Schema>),
    Tuple(Vec<Schema>),
    Struct(Vec<(&'static str, Schema)>),
    Enum(Vec<(&'static str, Schema)>),
}

/// A value with everything that its type says of it.
#[derive(Clone, Debug, PartialEq)]
enum Dynamic {
    Bool(bool),
    Small(u8),
    Signed(i32),
    Number(u64),
    Real(u32),
    Text(String),
    Unit,
    Optional(Option<Box<Dynamic>>),
    List(Vec<Dynamic>),
    Map(Vec<(Dynamic, Dynamic)>),
    Tuple(Vec<Dynamic>),
    Struct(Vec<(&'static str, Dynamic)>),
    Enum(u32, &'static str, Box<Dynamic>),
}

impl Serialize for Dynamic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Dynamic::Bool(value) => serializer.serialize_bool(*value),
            Dynamic::Small(value) => serializer.serialize_u8(*value),
            Dynamic::Signed(value) => serializer.serialize_i32(*value),
            Dynamic::Number(value) => serializer.serialize_u64(*value),
            Dynamic::Real(bits) => serializer.serialize_f32(f32::from_bits(*bits)),
            Dynamic::Text(value) => serializer.serialize_str(value),
            Dynamic::Unit => serializer.serialize_unit(),
            Dynamic::Optional(None) => serializer.serialize_none(),
            Dynamic::Optional(Some(value)) => serializer.serialize_some(value),
            Dynamic::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Dynamic::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Dynamic::Tuple(values) => {
                let mut tuple = serializer.serialize_tuple(values.len())?;
                for value in values {
                    tuple.serialize_element(value)?;
                }
                tuple.end()
            }
            Dynamic::Struct(fields) => {
                let mut whole = serializer.serialize_struct("It", fields.len())?;
                for (name, value) in fields {
                    whole.serialize_field(name, value)?;
                }
                whole.end()
            }
            Dynamic::Enum(index, name, value) => {
                serializer.serialize_newtype_variant("It", *index, name, value)
            }
        }
    }
}

/// Reads a value of this schema, as a derived `Deserialize` does.
struct Reader<'s>(&'s Schema);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Dynamic;

    fn deserialize<D: serde::Deserializer<'de>>(self, inner: D) -> Result<Dynamic, D::Error> {
        match self.0 {
            Schema::Bool => inner.deserialize_bool(self),
            Schema::Small => inner.deserialize_u8(self),
            Schema::Signed => inner.deserialize_i32(self),
            Schema::Number => inner.deserialize_u64(self),
            Schema::Real => inner.deserialize_f32(self),
            Schema::Text => inner.deserialize_string(self),
            Schema::Unit => inner.deserialize_unit(self),
            Schema::Optional(_) => inner.deserialize_option(self),
            Schema::List(_) => inner.deserialize_seq(self),
            Schema::Map(..) => inner.deserialize_map(self),
            Schema::Tuple(parts) => inner.deserialize_tuple(parts.len(), self),
            Schema::Struct(fields) => inner.deserialize_tuple(fields.len(), self),
            Schema::Enum(_) => inner.deserialize_enum("It", &[], self),
        }
    }
}

impl<'de> de::Visitor<'de> for Reader<'_> {
    type Value = Dynamic;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Dynamic, E> {
        Ok(Dynamic::Bool(value))
    }

    fn visit_u8<E>(self, value: u8) -> Result<Dynamic, E> {
        Ok(Dynamic::Small(value))
    }

    fn visit_i32<E>(self, value: i32) -> Result<Dynamic, E> {
        Ok(Dynamic::Signed(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Dynamic, E> {
        Ok(Dynamic::Number(value))
    }

    fn visit_f32<E>(self, value: f32) -> Result<Dynamic, E> {
        Ok(Dynamic::Real(value.to_bits()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Dynamic, E> {
        Ok(Dynamic::Text(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Dynamic, E> {
        Ok(Dynamic::Unit)
    }

    fn visit_none<E>(self) -> Result<Dynamic, E> {
        Ok(Dynamic::Optional(None))
    }

    fn visit_some<D: serde::Deserializer<'de>>(self, inner: D) -> Result<Dynamic, D::Error> {
        let Schema::Optional(schema) = self.0 else {
            return Err(de::Error::custom("not optional"));
        };
        let value = Reader(schema).deserialize(inner)?;
        Ok(Dynamic::Optional(Some(Box::new(value))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Dynamic, A::Error> {
        let mut part = |schema| {
            let part = access.next_element_seed(Reader(schema))?;
            part.ok_or_else(|| de::Error::custom("too short"))
        };
        match self.0 {
            Schema::Tuple(parts) => Ok(Dynamic::Tuple(
                parts.iter().map(part).collect::<Result<_, _>>()?,
            )),
            Schema::Struct(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, schema)| Ok((*name, part(schema)?)));
                Ok(Dynamic::Struct(fields.collect::<Result<_, _>>()?))
            }
            Schema::List(schema) => {
                let mut values = Vec::new();
                while let Some(value) = access.next_element_seed(Reader(schema))? {
                    values.push(value);
                }
                Ok(Dynamic::List(values))
            }
            _ => Err(de::Error::custom("no sequence")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Dynamic, A::Error> {
        let Schema::Map(key, value) = self.0 else {
            return Err(de::Error::custom("no map"));
        };
        let mut pairs = Vec::new();
        while let Some(pair) = access.next_entry_seed(Reader(key), Reader(value))? {
            pairs.push(pair);
        }
        Ok(Dynamic::Map(pairs))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, access: A) -> Result<Dynamic, A::Error> {
        let Schema::Enum(variants) = self.0 else {
            return Err(de::Error::custom("no enum"));
        };
        let (index, inner) = access.variant::<u32>()?;
        let variant = variants.get(index as usize);
        let (name, schema) = variant.ok_or_else(|| de::Error::custom("no such variant"))?;
        let value = inner.newtype_variant_seed(Reader(schema))?;
        Ok(Dynamic::Enum(index, name, Box::new(value)))
    }
}

fn schema() -> impl Strategy<Value = Schema> {
    let leaf = prop_oneof![
        Just(Schema::Bool),
        Just(Schema::Small),
        Just(Schema::Signed),
        Just(Schema::Number),
        Just(Schema::Real),
        Just(Schema::Text),
        Just(Schema::Unit),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let named = |names: [&'static str; 4]| {
            prop::collection::vec(inner.clone(), 1..=4)
                .prop_map(move |parts| names.into_iter().zip(parts).collect::<Vec<_>>())
        };
        prop_oneof![
            inner
                .clone()
                .prop_map(|inner| Schema::Optional(inner.into())),
            inner.clone().prop_map(|inner| Schema::List(inner.into())),
            (inner.clone(), inner.clone())
                .prop_map(|(key, value)| Schema::Map(key.into(), value.into())),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Schema::Tuple),
            named(NAMES).prop_map(Schema::Struct),
            named(VARIANTS).prop_map(Schema::Enum),
        ]
    })
}

/// A value of the schema, drawn from these numbers.
fn value(schema: &Schema, draw: &mut impl FnMut() -> u8) -> Dynamic {
    match schema {
        Schema::Bool => Dynamic::Bool(draw() % 2 == 1),
        // Small numbers, so that they pass for flags, lengths and variants too.
        Schema::Small => Dynamic::Small(draw() % 4),
        Schema::Signed => Dynamic::Signed(i32::from(draw() % 4) - 2),
        Schema::Number => Dynamic::Number(u64::from(draw() % 4)),
        Schema::Real => Dynamic::Real(u32::from_le_bytes([draw() % 2; 4])),
        Schema::Text => {
            let length = draw() % 3;
            Dynamic::Text((0..length).map(|_| char::from(draw() % 4)).collect())
        }
        Schema::Unit => Dynamic::Unit,
        Schema::Optional(inner) => {
            Dynamic::Optional((draw() % 2 == 1).then(|| value(inner, draw).into()))
        }
        Schema::List(inner) => {
            let length = draw() % 4;
            Dynamic::List((0..length).map(|_| value(inner, draw)).collect())
        }
        Schema::Map(key, held) => {
            let length = draw() % 3;
            Dynamic::Map(
                (0..length)
                    .map(|_| (value(key, draw), value(held, draw)))
                    .collect(),
            )
        }
        Schema::Tuple(parts) => {
            Dynamic::Tuple(parts.iter().map(|part| value(part, draw)).collect())
        }
        Schema::Struct(fields) => Dynamic::Struct(
            fields
                .iter()
                .map(|(name, part)| (*name, value(part, draw)))
                .collect(),
        ),
        Schema::Enum(variants) => {
            let index = usize::from(draw()) % variants.len();
            let (name, part) = &variants[index];
            Dynamic::Enum(index as u32, name, value(part, draw).into())
        }
    }
}

/// The schema after somebody has worked on it.
fn change(schema: &Schema, other: &Schema, draw: &mut impl FnMut() -> u8) -> Schema {
    // Somewhere inside, or here.
    if !draw().is_multiple_of(3) {
        match schema {
            Schema::Optional(inner) => {
                return Schema::Optional(change(inner, other, draw).into());
            }
            Schema::List(inner) => return Schema::List(change(inner, other, draw).into()),
            Schema::Map(key, held) => {
                return Schema::Map(key.clone(), change(held, other, draw).into());
            }
            Schema::Tuple(parts) => {
                let mut parts = parts.clone();
                match draw() % 3 {
                    0 => parts.rotate_left(1),
                    1 => parts.push(other.clone()),
                    _ => {
                        let at = usize::from(draw()) % parts.len();
                        parts[at] = change(&parts[at], other, draw);
                    }
                }
                return Schema::Tuple(parts);
            }
            Schema::Struct(fields) => {
                return Schema::Struct(change_named(fields, other, draw));
            }
            Schema::Enum(variants) => {
                return Schema::Enum(change_named(variants, other, draw));
            }
            _ => {}
        }
    }
    match draw() % 4 {
        0 => Schema::Optional(schema.clone().into()),
        1 => Schema::List(schema.clone().into()),
        _ => other.clone(),
    }
}

fn change_named(
    named: &[(&'static str, Schema)],
    other: &Schema,
    draw: &mut impl FnMut() -> u8,
) -> Vec<(&'static str, Schema)> {
    let mut named = named.to_vec();
    let at = usize::from(draw()) % named.len();
    match draw() % 6 {
        0 => named.rotate_left(1),
        1 => named.insert(at, ("added", other.clone())),
        2 if named.len() > 1 => {
            named.remove(at);
        }
        3 => named[at].0 = "renamed",
        4 => {
            let last = named.len() - 1;
            named.swap(at, last);
        }
        _ => named[at].1 = change(&named[at].1, other, draw),
    }
    named
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn h32_no_changed_type_reads_a_wrong_value(
        old in schema(),
        other in schema(),
        drawn in prop::collection::vec(any::<u8>(), 64),
    ) {
        let mut drawn = drawn.into_iter().cycle();
        let mut draw = || drawn.next().unwrap_or_default();
        let written = value(&old, &mut draw);
        let new = change(&old, &other, &mut draw);
        let bytes = ::postcard::to_stdvec(&written).expect("it can be written");
        let mut reader = ::postcard::Deserializer::from_bytes(&bytes);
        let Ok(read) = Reader(&new).deserialize(&mut reader) else {
            return Ok(());
        };
        if content(&written).unwrap() == content(&read).unwrap() {
            // What is the same for serde in every name and kind is the same value.
            prop_assert_eq!(read, written, "{:?} as {:?}", old, new);
        }
    }
}

/// The test above would pass if nothing could be read by a changed schema.
#[test]
fn changed_types_do_read_wrong_values_when_nobody_looks() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut read_wrong, mut read_right) = (0, 0);
    for _ in 0..4_000 {
        let drawn = (schema(), schema(), prop::collection::vec(any::<u8>(), 64));
        let tree = drawn.new_tree(&mut runner).expect("a case");
        let (old, other, drawn) = proptest::strategy::ValueTree::current(&tree);
        let mut drawn = drawn.into_iter().cycle();
        let mut draw = || drawn.next().unwrap_or_default();
        let written = value(&old, &mut draw);
        let new = change(&old, &other, &mut draw);
        let bytes = ::postcard::to_stdvec(&written).expect("it can be written");
        let mut reader = ::postcard::Deserializer::from_bytes(&bytes);
        if let Ok(read) = Reader(&new).deserialize(&mut reader) {
            *if read == written {
                &mut read_right
            } else {
                &mut read_wrong
            } += 1;
        }
    }
    assert!(read_wrong > 200, "{read_wrong} wrong");
    assert!(read_right > 200, "{read_right} right");
}
