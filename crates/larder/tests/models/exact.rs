//! What is loaded is what was saved, whatever the codec.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use larder::{CacheModel, Codec};
use proptest::collection::{btree_map, btree_set, hash_map, hash_set, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde::{Deserialize, Serialize};

use crate::world::{World, on_every_store};

const CODECS: [Codec; 3] = [Codec::Postcard, Codec::MessagePack, Codec::Json];

/// A number that equals itself alone, bit for bit: also a NaN, also `-0.0`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Real(f64);

impl PartialEq for Real {
    fn eq(&self, other: &Real) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Unit;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Newtype(u16);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u8, String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Circle(Real),
    Line(Point, Point),
    Polygon { corners: Vec<Point>, filled: bool },
}

type Numbers = (i8, i64, i128, u64, u128, f32, Real);
type Texts = (String, char, Cow<'static, str>, Box<str>, Vec<u8>);
type Maps = (
    BTreeMap<i32, String>,
    BTreeMap<Point, u8>,
    HashMap<bool, Newtype>,
    BTreeMap<char, Vec<u8>>,
    HashMap<(u8, i16), Option<u32>>,
);

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    #[key]
    id: u64,
    numbers: Numbers,
    texts: Texts,
    maps: Maps,
    sets: (HashSet<u32>, BTreeSet<String>),
    shapes: Vec<Shape>,
    units: ((), Unit, Option<()>, [u16; 3]),
    pair: Pair,
    optional: Option<Vec<Option<Real>>>,
    result: Result<u8, String>,
}

/// The same in binary form.
#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Packed {
    #[key]
    id: u64,
    #[binary]
    some_numbers: Numbers,
    #[binary]
    some_texts: Texts,
    #[binary]
    some_maps: Maps,
    #[binary]
    some_sets: (HashSet<u32>, BTreeSet<String>),
    #[binary]
    shapes: Vec<Shape>,
    plain: Vec<Shape>,
    #[binary]
    nested: Option<Option<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    may_be_left_out: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    height: u32,
    colour: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(i64),
    Text(String),
    List(Vec<bool>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "of")]
enum Tagged {
    Empty,
    Full { litres: u32 },
}

/// Types that serde builds out of others.
#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Flattened {
    #[key]
    id: u64,
    #[serde(flatten)]
    inner: Inner,
    loose: Vec<Loose>,
    tagged: Tagged,
    #[serde(flatten)]
    rest: BTreeMap<String, Loose>,
    #[binary]
    raw: Vec<u8>,
}

/// No codec carries it: what is flattened has no numbers of 128 bits.
#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Impossible {
    #[key]
    id: u64,
    #[serde(flatten)]
    wide: Wide,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wide {
    wide: i128,
}

fn real() -> impl Strategy<Value = Real> {
    let special = [
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        -0.0,
        f64::MIN_POSITIVE / 3.0,
        0.1,
    ];
    prop_oneof![
        any::<f64>().prop_map(Real),
        any::<u64>().prop_map(|bits| Real(f64::from_bits(bits))),
        proptest::sample::select(special.to_vec()).prop_map(Real),
    ]
}

fn point() -> impl Strategy<Value = Point> {
    any::<(i32, i64)>().prop_map(|(x, y)| Point { x, y })
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Nothing),
        real().prop_map(Shape::Circle),
        (point(), point()).prop_map(|(from, to)| Shape::Line(from, to)),
        (vec(point(), 0..3), any::<bool>())
            .prop_map(|(corners, filled)| Shape::Polygon { corners, filled }),
    ]
}

fn numbers() -> impl Strategy<Value = Numbers> {
    let wide = prop_oneof![Just(i128::MIN), Just(i128::MAX), any::<i128>()];
    // The `f32` of this tuple is compared by value: no NaN here.
    let short = any::<f32>().prop_filter("equals itself", |real| !real.is_nan());
    (
        any::<i8>(),
        any::<i64>(),
        wide,
        any::<u64>(),
        any::<u128>(),
        short,
        real(),
    )
}

fn texts() -> impl Strategy<Value = Texts> {
    (
        any::<String>(),
        any::<char>(),
        any::<String>(),
        any::<String>(),
        any::<Vec<u8>>(),
    )
        .prop_map(|(text, char, cow, boxed, bytes)| (text, char, cow.into(), boxed.into(), bytes))
}

fn maps() -> impl Strategy<Value = Maps> {
    (
        btree_map(any::<i32>(), any::<String>(), 0..4),
        btree_map(point(), any::<u8>(), 0..4),
        hash_map(any::<bool>(), any::<u16>().prop_map(Newtype), 0..3),
        btree_map(any::<char>(), any::<Vec<u8>>(), 0..4),
        hash_map(any::<(u8, i16)>(), any::<Option<u32>>(), 0..4),
    )
}

fn sets() -> impl Strategy<Value = (HashSet<u32>, BTreeSet<String>)> {
    (
        hash_set(any::<u32>(), 0..20),
        btree_set(any::<String>(), 0..4),
    )
}

fn everything() -> impl Strategy<Value = Everything> {
    let rest = (
        any::<(Option<()>, [u16; 3])>(),
        any::<(u8, String)>(),
        proptest::option::of(vec(proptest::option::of(real()), 0..4)),
        any::<Result<u8, String>>(),
    );
    (numbers(), texts(), maps(), sets(), vec(shape(), 0..4), rest).prop_map(
        |(numbers, texts, maps, sets, shapes, ((unit, array), (byte, text), optional, result))| {
            Everything {
                id: 1,
                numbers,
                texts,
                maps,
                sets,
                shapes,
                units: ((), Unit, unit, array),
                pair: Pair(byte, text),
                optional,
                result,
            }
        },
    )
}

fn packed() -> impl Strategy<Value = Packed> {
    let shapes = (vec(shape(), 0..4), vec(shape(), 0..4));
    let rest = any::<(Option<Option<u8>>, Option<String>)>();
    (numbers(), texts(), maps(), sets(), shapes, rest).prop_map(
        |(some_numbers, some_texts, some_maps, some_sets, (shapes, plain), (nested, left_out))| {
            Packed {
                id: 2,
                some_numbers,
                some_texts,
                some_maps,
                some_sets,
                shapes,
                plain,
                nested,
                may_be_left_out: left_out,
            }
        },
    )
}

fn flattened() -> impl Strategy<Value = Flattened> {
    let loose = prop_oneof![
        any::<i64>().prop_map(Loose::Number),
        any::<String>().prop_map(Loose::Text),
        any::<Vec<bool>>().prop_map(Loose::List),
    ]
    .boxed();
    let tagged = prop_oneof![
        Just(Tagged::Empty),
        any::<u32>().prop_map(|litres| Tagged::Full { litres }),
    ];
    // Not one of the names of the fields.
    let rest = btree_map("x[a-z]{0,3}", loose.clone(), 0..3);
    let inner = any::<(u32, Option<String>)>();
    (inner, vec(loose, 0..3), tagged, rest, any::<Vec<u8>>()).prop_map(
        |((height, colour), loose, tagged, rest, raw)| Flattened {
            id: 3,
            inner: Inner { height, colour },
            loose,
            tagged,
            rest,
            raw,
        },
    )
}

/// Saves many values by every codec and compares what another process gets.
async fn check<M>(world: &World, values: impl Strategy<Value = M>)
where
    M: CacheModel + Clone + PartialEq + std::fmt::Debug,
{
    const CASES: usize = 100;
    let mut runner = TestRunner::deterministic();
    for codec in CODECS {
        let here = world.another(|builder| builder.codec(codec));
        let there = world.another(|builder| builder);
        for _ in 0..CASES {
            let value = values
                .new_tree(&mut runner)
                .expect("there are values")
                .current();
            value
                .save(&here)
                .await
                .unwrap_or_else(|error| panic!("{codec:?}: {error}: {value:?}"));
            let got = M::get(&there, value.keys()).await;
            let got = got.unwrap_or_else(|error| panic!("{codec:?}: {error}: {value:?}"));
            assert_eq!(*got, value, "{codec:?}");
        }
    }
}

on_every_store! {
    async fn bc9_any_value_comes_back_as_it_was(world) {
        check(world, everything()).await;
    }

    async fn bc9_flattened_untagged_and_tagged_types_come_back_as_they_were(world) {
        check(world, flattened()).await;
    }

    async fn bc10_fields_in_binary_form_come_back_as_they_were(world) {
        check(world, packed()).await;
    }

    async fn bc9_what_no_codec_gives_back_is_refused_and_not_half_stored(world) {
        let value = Impossible { id: 1, wide: Wide { wide: i128::MAX } };
        let saved = value.save(&world.cache).await;
        if world.is_shared() {
            assert!(saved.is_err_and(|error| error.is_codec()));
            assert!(Impossible::get(&world.cache, 1).await.is_err_and(|error| error.is_missing()));
        } else {
            assert_eq!(*Impossible::get(&world.cache, 1).await.expect("it is there"), value);
        }
    }

    async fn bc10_binary_fields_are_compact_whatever_the_codec(world) {
        let mut random = fastrand::Rng::with_seed(10);
        let raw: Vec<u8> = (0..100_000).map(|_| random.u8(..)).collect();
        let picture = Picture { id: 1, raw };
        for codec in CODECS {
            let cache = world.another(|builder| builder.codec(codec));
            picture.save(&cache).await.expect("the store answers");
            assert_eq!(*Picture::get(&cache, 1).await.expect("it is there"), picture);
            if let Some(stored) = world.largest_value() {
                // Base64 takes a third more; numbers in JSON would take more than three times as much.
                assert!(stored < 135_000, "{codec:?}: {stored} bytes");
                let form = if codec == Codec::Json { 133_000 } else { 100_000 };
                assert!(stored > form, "{codec:?}: {stored} bytes");
            }
        }
    }
}

#[derive(CacheModel, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Picture {
    #[key]
    id: u8,
    #[binary]
    raw: Vec<u8>,
}
