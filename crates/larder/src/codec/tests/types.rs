//! Types of every form that serde knows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A number that is compared by its bits: a NaN is itself.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Real(pub(super) f64);

impl PartialEq for Real {
    fn eq(&self, other: &Real) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

/// Bytes that are bytes to serde, not a list of numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Blob(pub(super) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Blob, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Blob;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut access: A,
            ) -> Result<Blob, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = access.next_element()? {
                    bytes.push(byte);
                }
                Ok(Blob(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Visitor)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(super) enum Colour {
    Red,
    Green,
    Grey(u8),
    Mixed { red: u8, green: u8 },
    Both(bool, char),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Tree {
    Leaf(i16),
    Node(Vec<Tree>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Unit;

/// What Postcard carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Plain {
    pub(super) small: (u8, i8, u16, i16, bool, char),
    pub(super) large: (u32, i32, u64, i64),
    pub(super) huge: (u128, i128),
    pub(super) single: f32,
    pub(super) real: Real,
    pub(super) text: String,
    pub(super) blob: Blob,
    pub(super) nested: Option<Option<Option<u8>>>,
    pub(super) nothing: Option<()>,
    pub(super) units: (Unit, ()),
    pub(super) colours: Vec<Colour>,
    pub(super) by_tuple: BTreeMap<(u8, String), i64>,
    pub(super) by_colour: HashMap<Colour, Option<bool>>,
    pub(super) set: HashSet<Option<u16>>,
    pub(super) sorted: BTreeSet<String>,
    pub(super) array: [Option<u8>; 3],
    pub(super) tree: Tree,
    pub(super) outcome: Result<u8, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Untagged {
    Number(i64),
    Text(String),
    Pair { left: u32, right: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
pub(super) enum Tagged {
    Empty,
    Full { count: u32, names: Vec<String> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "held")]
pub(super) enum Adjacent {
    Empty,
    One(u32),
    Many(Vec<String>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Inner {
    pub(super) depth: u32,
    pub(super) label: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Flat {
    pub(super) id: u64,
    #[serde(flatten)]
    pub(super) inner: Inner,
    #[serde(flatten)]
    pub(super) rest: BTreeMap<String, i32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Skipping {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) first: Option<u8>,
    pub(super) second: u8,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) third: Vec<u8>,
}

/// Never written, but looked for: Postcard takes the next field for it without an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Gap {
    #[serde(default, skip_serializing)]
    pub(super) never: u8,
    pub(super) text: String,
}

/// What Postcard does not carry, or carries wrongly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Strange {
    pub(super) untagged: Vec<Untagged>,
    pub(super) tagged: Tagged,
    pub(super) adjacent: Adjacent,
    pub(super) flat: Flat,
    pub(super) skipping: Vec<Skipping>,
    pub(super) json: serde_json::Value,
    pub(super) huge: i128,
    pub(super) real: Real,
    pub(super) blob: Blob,
    pub(super) numbered: BTreeMap<u16, String>,
    pub(super) by_number: BTreeMap<Option<u8>, u8>,
}

fn real() -> impl Strategy<Value = Real> {
    any::<u64>().prop_map(|bits| Real(f64::from_bits(bits)))
}

fn blob() -> impl Strategy<Value = Blob> {
    prop::collection::vec(any::<u8>(), 0..20).prop_map(Blob)
}

fn colour() -> impl Strategy<Value = Colour> {
    prop_oneof![
        Just(Colour::Red),
        Just(Colour::Green),
        any::<u8>().prop_map(Colour::Grey),
        any::<(u8, u8)>().prop_map(|(red, green)| Colour::Mixed { red, green }),
        any::<(bool, char)>().prop_map(|(yes, sign)| Colour::Both(yes, sign)),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    any::<i16>()
        .prop_map(Tree::Leaf)
        .prop_recursive(4, 20, 4, |inner| {
            prop::collection::vec(inner, 0..4).prop_map(Tree::Node)
        })
}

pub(super) fn plain() -> impl Strategy<Value = Plain> {
    let numbers = (
        any::<(u8, i8, u16, i16, bool, char)>(),
        any::<(u32, i32, u64, i64)>(),
        any::<(u128, i128)>(),
        prop::num::f32::ANY.prop_filter("compared as a number", |number| !number.is_nan()),
        real(),
        ".{0,12}",
        blob(),
        any::<Option<Option<Option<u8>>>>(),
        any::<Option<()>>(),
    );
    let groups = (
        prop::collection::vec(colour(), 0..5),
        prop::collection::btree_map(any::<(u8, String)>(), any::<i64>(), 0..4),
        prop::collection::hash_map(colour(), any::<Option<bool>>(), 0..4),
        prop::collection::hash_set(any::<Option<u16>>(), 0..6),
        prop::collection::btree_set(".{0,6}", 0..4),
        any::<[Option<u8>; 3]>(),
        tree(),
        any::<Result<u8, String>>(),
    );
    (numbers, groups).prop_map(|(numbers, groups)| {
        let (small, large, huge, single, real, text, blob, nested, nothing) = numbers;
        let (colours, by_tuple, by_colour, set, sorted, array, tree, outcome) = groups;
        Plain {
            small,
            large,
            huge,
            single,
            real,
            text,
            blob,
            nested,
            nothing,
            units: (Unit, ()),
            colours,
            by_tuple,
            by_colour,
            set,
            sorted,
            array,
            tree,
            outcome,
        }
    })
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<u64>().prop_map(Into::into),
        prop::num::f64::NORMAL.prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(".{0,5}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn untagged() -> impl Strategy<Value = Untagged> {
    prop_oneof![
        any::<i64>().prop_map(Untagged::Number),
        ".{0,8}".prop_map(Untagged::Text),
        (any::<u32>(), any::<Option<String>>())
            .prop_map(|(left, right)| Untagged::Pair { left, right }),
    ]
}

fn tagged() -> impl Strategy<Value = Tagged> {
    prop_oneof![
        Just(Tagged::Empty),
        (any::<u32>(), prop::collection::vec(".{0,4}", 0..3))
            .prop_map(|(count, names)| Tagged::Full { count, names }),
    ]
}

fn adjacent() -> impl Strategy<Value = Adjacent> {
    prop_oneof![
        Just(Adjacent::Empty),
        any::<u32>().prop_map(Adjacent::One),
        prop::collection::vec(".{0,4}", 0..3).prop_map(Adjacent::Many),
    ]
}

pub(super) fn skipping() -> impl Strategy<Value = Skipping> {
    any::<(Option<u8>, u8, Vec<u8>)>().prop_map(|(first, second, third)| Skipping {
        first,
        second,
        third,
    })
}

pub(super) fn gap() -> impl Strategy<Value = Gap> {
    "[\\x00-\\x04]{0,6}".prop_map(|text| Gap { never: 0, text })
}

fn flat() -> impl Strategy<Value = Flat> {
    (
        any::<(u64, u32)>(),
        ".{0,6}",
        prop::collection::btree_map("[x-z]{1,3}", any::<i32>(), 0..4),
    )
        .prop_map(|((id, depth), label, rest)| Flat {
            id,
            inner: Inner { depth, label },
            rest,
        })
}

pub(super) fn strange() -> impl Strategy<Value = Strange> {
    let first = (
        prop::collection::vec(untagged(), 0..4),
        tagged(),
        adjacent(),
        flat(),
        prop::collection::vec(skipping(), 0..4),
        json(),
    );
    let second = (
        any::<i128>(),
        real(),
        blob(),
        prop::collection::btree_map(any::<u16>(), ".{0,5}", 0..4),
        prop::collection::btree_map(any::<Option<u8>>(), any::<u8>(), 0..4),
    );
    (first, second).prop_map(|(first, second)| {
        let (untagged, tagged, adjacent, flat, skipping, json) = first;
        let (huge, real, blob, numbered, by_number) = second;
        Strange {
            untagged,
            tagged,
            adjacent,
            flat,
            skipping,
            json,
            huge,
            real,
            blob,
            numbered,
            by_number,
        }
    })
}
