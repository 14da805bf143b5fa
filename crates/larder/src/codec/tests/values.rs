//! Every value comes back as it was, or is not stored.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{Blob, Colour, Gap, Real, Skipping, gap, plain, skipping, strange};
use super::*;

const ALL: [Codec; 3] = [Codec::Postcard, Codec::MessagePack, Codec::Json];

#[track_caller]
fn check<T>(value: T, chosen: Codec, expected: Codec)
where
    T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug + 'static,
{
    let (codec, read) = back(&value, chosen);
    assert_eq!((codec, read), (expected, value));
}

proptest! {
    #[test]
    fn plain_values_come_back(value in plain()) {
        for codec in ALL {
            let (carried, read) = back(&value, codec);
            if codec == Codec::Postcard {
                prop_assert_eq!(carried, Codec::Postcard);
            }
            prop_assert_eq!(&read, &value);
        }
    }

    #[test]
    fn strange_values_come_back(value in strange()) {
        for codec in ALL {
            let (carried, read) = back(&value, codec);
            prop_assert_ne!(carried, Codec::Postcard);
            prop_assert_eq!(&read, &value);
        }
    }

    #[test]
    fn values_with_gaps_come_back(skipping in prop::collection::vec(skipping(), 0..6), gap in gap()) {
        for codec in ALL {
            prop_assert_eq!(&back(&skipping, codec).1, &skipping);
            prop_assert_eq!(&back(&gap, codec).1, &gap);
        }
    }

    #[test]
    fn json_carries_every_number_exactly(bits: u64, single: u32) {
        let number = f64::from_bits(bits);
        let single = f32::from_bits(single);
        if number.is_finite() {
            check(Real(number), Codec::Json, Codec::Json);
        }
        if single.is_finite() {
            check(single, Codec::Json, Codec::Json);
        }
    }
}

#[test]
fn postcard_is_taken_unless_it_cannot() {
    check((1u8, String::from("two")), Codec::Postcard, Codec::Postcard);
    check(i128::MIN, Codec::Postcard, Codec::Postcard);
    check(Some(None::<u8>), Codec::Postcard, Codec::Postcard);
    check(Real(f64::NAN), Codec::Postcard, Codec::Postcard);
    check(
        serde_json::json!({"a": [1, null]}),
        Codec::Postcard,
        Codec::MessagePack,
    );
}

#[test]
fn json_is_taken_if_asked_for_unless_it_cannot() {
    let encoded = encode(&vec![Colour::Grey(7)], Codec::Json).expect("it can");
    assert_eq!(encoded.bytes(), br#"[{"Grey":7}]"#);
    // JSON has no such number, and would give `None`.
    check(Some(Real(f64::NAN)), Codec::Json, Codec::MessagePack);
    check(Some(Real(f64::INFINITY)), Codec::Json, Codec::MessagePack);
    // Neither JSON nor MessagePack tells `Some(None)` from `None`.
    check(Some(None::<u8>), Codec::Json, Codec::Postcard);
    let by_pair = BTreeMap::from([((1u8, 2u8), 3u8)]);
    check(by_pair, Codec::Json, Codec::MessagePack);
    check(Blob(vec![0, 255]), Codec::Json, Codec::Json);
}

/// Postcard writes `second` where `first` is expected. With a list of them the bytes even add up.
#[test]
fn a_skipped_field_never_shifts_the_others() {
    let gone = Skipping {
        first: None,
        second: 1,
        third: vec![9],
    };
    let mut bytes = postcard_bytes(&gone);
    bytes.push(0);
    assert!(
        ::postcard::from_bytes::<Skipping>(&bytes).is_ok_and(|read| read != gone),
        "the trap is there"
    );
    check(gone, Codec::Postcard, Codec::MessagePack);
}

#[test]
fn a_field_that_is_never_written_shifts_no_others() {
    let gap = Gap {
        never: 0,
        text: String::from("\u{1}x"),
    };
    let read = ::postcard::from_bytes::<Gap>(&postcard_bytes(&gap)).expect("the trap is there");
    assert_eq!(read.text, "x");
    check(gap, Codec::Postcard, Codec::MessagePack);
}

fn postcard_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    ::postcard::to_stdvec(value).expect("it can be written")
}

#[test]
fn a_type_that_was_refused_once_is_not_tried_again() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sometimes {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u8>,
    }
    check(
        Sometimes { note: Some(1) },
        Codec::Postcard,
        Codec::Postcard,
    );
    check(
        Sometimes { note: None },
        Codec::Postcard,
        Codec::MessagePack,
    );
    check(
        Sometimes { note: Some(1) },
        Codec::Postcard,
        Codec::MessagePack,
    );
}

/// serde counts the skipped variant where it writes, and not where it reads.
#[test]
fn a_skipped_variant_never_becomes_its_neighbour() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Step {
        First,
        #[serde(skip)]
        #[allow(dead_code)]
        Hidden,
        Third,
        Fourth,
    }
    for step in [Step::First, Step::Third, Step::Fourth] {
        let (_, read) = back(&step, Codec::Postcard);
        assert_eq!(read, step);
    }
}

#[test]
fn what_no_codec_gives_back_is_not_stored() {
    #[derive(Serialize, Deserialize)]
    struct Both {
        // Postcard cannot carry it, ...
        json: serde_json::Value,
        // ... and the others cannot carry this.
        nested: Option<Option<u8>>,
    }
    let both = |nested| Both {
        json: serde_json::Value::Null,
        nested,
    };
    assert!(encode(&both(Some(Some(1))), Codec::Postcard).is_ok());
    for codec in ALL {
        let refused = encode(&both(Some(None)), codec).expect_err("it would become `None`");
        assert!(refused.is_codec(), "{refused}");
        assert!(refused.to_string().contains(".local()"), "{refused}");
    }
}

#[test]
fn a_value_that_gives_up_is_not_stored() {
    #[derive(Deserialize)]
    struct Shy;
    impl Serialize for Shy {
        fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("the secret value is 7"))
        }
    }
    let refused = encode(&Shy, Codec::Postcard).expect_err("it gives up");
    assert!(refused.is_codec());
    assert!(!refused.to_string().contains('7'), "{refused}");
}

#[test]
fn content_does_not_depend_on_the_order_of_a_set() {
    let numbers: Vec<Option<u32>> = (0..100).map(|n| (n % 3 != 0).then_some(n)).collect();
    let one: HashSet<_> = numbers.iter().copied().collect();
    for _ in 0..10 {
        // Each has a seed of its own, and so another order.
        let other: HashSet<_> = numbers.iter().rev().copied().collect();
        assert_eq!(content(&one).unwrap(), content(&other).unwrap());
    }
    let map: HashMap<_, _> = numbers.iter().map(|n| (*n, n.is_some())).collect();
    let again: HashMap<_, _> = numbers.iter().rev().map(|n| (*n, n.is_some())).collect();
    assert_eq!(content(&map).unwrap(), content(&again).unwrap());
}

/// Builds that differ in nothing but time understand each other.
#[test]
fn content_stays_what_it_was() {
    #[derive(Serialize)]
    struct Record {
        id: u64,
        title: &'static str,
        sides: Vec<Option<Colour>>,
        by_year: BTreeMap<u16, (f64, bool)>,
    }
    let record = Record {
        id: 7,
        title: "records and tapes, and what belongs to them",
        sides: vec![None, Some(Colour::Grey(3)), Some(Colour::Red)],
        by_year: BTreeMap::from([(1970, (0.5, true)), (1971, (-0.0, false))]),
    };
    assert_eq!(content(&record).unwrap().hash, 0x3566_8c0d_d5ba_a564);
}

#[test]
fn content_tells_what_differs() {
    fn hash<T: Serialize>(value: T) -> u64 {
        content(&value).expect("it can be walked").hash
    }
    assert_eq!(hash("text"), hash(String::from("text")));
    assert_eq!(hash(format_args!("te{}t", 'x')), hash("text"));
    let different = [
        hash(1u8),
        hash(1i8),
        hash(1u16),
        hash(1u32),
        hash(1u64),
        hash(1u128),
        hash(1f32),
        hash(1f64),
        hash('1'),
        hash("1"),
        hash(Some(1u8)),
        hash(None::<u8>),
        hash(()),
        hash((1u8,)),
        hash([1u8; 2]),
        hash(vec![1u8]),
        hash(vec![1u8, 1]),
        hash(vec![vec![1u8]]),
        hash(vec![vec![1u8], vec![]]),
        hash(vec![vec![1u8, 1]]),
        hash(Vec::<u8>::new()),
        hash(BTreeMap::from([(1u8, 1u8)])),
        hash(BTreeMap::from([(1u8, 2u8)])),
        hash(BTreeMap::from([(2u8, 1u8)])),
        hash(Colour::Red),
        hash(Colour::Green),
        hash(Colour::Grey(1)),
        hash(Blob(vec![1])),
        hash(Real(1.0)),
        hash((1u8, 2u8)),
        hash((2u8, 1u8)),
    ];
    // `Real` is transparent, so it is the number itself.
    let all: HashSet<u64> = different.into_iter().collect();
    assert_eq!(all.len(), different.len() - 1);
}
