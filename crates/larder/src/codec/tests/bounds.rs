//! Bytes that claim too much are no value, and cost little.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{Plain, Strange};
use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Chain {
    End,
    Next(Box<Chain>),
}

impl Chain {
    fn of(length: usize) -> Chain {
        (0..length).fold(Chain::End, |chain, _| Chain::Next(Box::new(chain)))
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Link(Option<Box<Link>>);

const ALL: [Codec; 3] = [Codec::Postcard, Codec::MessagePack, Codec::Json];

#[test]
fn deep_values_come_back_and_deeper_ones_are_not_stored() {
    for codec in ALL {
        let deep = Chain::of(VALUE_DEPTH_MAX - 1);
        let (carried, read) = back(&deep, codec);
        assert_eq!(read, deep);
        if codec == Codec::Postcard {
            assert_eq!(carried, Codec::Postcard);
        }
        let deeper = encode(&Chain::of(VALUE_DEPTH_MAX + 1), codec).expect_err("it is too deep");
        assert!(
            deeper.is_codec() && deeper.to_string().contains("128"),
            "{deeper}"
        );
    }
}

/// Without a limit each of them ends the process: its stack is used up.
#[test]
fn bytes_that_claim_endless_depth_are_no_value() {
    const MANY: usize = 1_000_000;
    assert!(postcard::read::<Chain>(&vec![1; MANY]).is_none());
    assert!(postcard::read::<Link>(&vec![1; MANY]).is_none());
    // A map of one pair, again and again.
    let chain = b"\x81\xa4Next".repeat(MANY);
    assert!(message_pack::read::<Chain>(&chain).is_none());
    assert!(message_pack::read::<serde_json::Value>(&vec![0x91; MANY]).is_none());
    let chain = b"{\"Next\":".repeat(MANY);
    assert!(json::read::<Chain>(&chain).is_none());
    assert!(json::read::<serde_json::Value>(&vec![b'['; MANY]).is_none());
    // `Some` takes no bytes in these two, so that a number is endless links.
    assert!(message_pack::read::<Link>(&[1]).is_none());
    assert!(json::read::<Link>(b"1").is_none());
}

#[test]
fn lists_that_claim_endless_elements_are_no_value() {
    // 2^63 elements.
    let claim = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01];
    assert!(postcard::read::<Vec<u8>>(&claim).is_none());
    assert!(postcard::read::<Vec<[u64; 16]>>(&claim).is_none());
    assert!(postcard::read::<Vec<()>>(&claim).is_none());
    assert!(postcard::read::<HashSet<()>>(&claim).is_none());
    assert!(postcard::read::<BTreeMap<(), ()>>(&claim).is_none());
    assert!(postcard::read::<String>(&claim).is_none());
    // 2^32 - 1 elements, pairs, bytes.
    for head in [0xdd, 0xdf, 0xc6, 0xdb, 0xc9] {
        let claim = [head, 0xff, 0xff, 0xff, 0xff, 0x00];
        assert!(message_pack::read::<Vec<()>>(&claim).is_none());
        assert!(message_pack::read::<Vec<[u64; 16]>>(&claim).is_none());
        assert!(message_pack::read::<serde_json::Value>(&claim).is_none());
        assert!(message_pack::read::<String>(&claim).is_none());
    }
}

/// Makes room for as many elements as it is told, as collections beside those of `std` do.
#[derive(Debug)]
struct Trusting(usize);

impl<'de> Deserialize<'de> for Trusting {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Trusting, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Trusting;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list or a map")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                access: A,
            ) -> Result<Trusting, A::Error> {
                Ok(Trusting(access.size_hint().unwrap_or(0)))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                access: A,
            ) -> Result<Trusting, A::Error> {
                Ok(Trusting(access.size_hint().unwrap_or(0)))
            }
        }
        match deserializer.is_human_readable() {
            true => deserializer.deserialize_seq(Visitor),
            false => deserializer.deserialize_map(Visitor),
        }
    }
}

#[test]
fn no_claim_of_a_length_is_passed_on() {
    let claim = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let Trusting(hint) = postcard::read(&claim).expect("it reads no element");
    assert!(hint <= 4096, "{hint}");
    // The outer one fails because of what is left; what it was told counts.
    let claim = [0xdf, 0xff, 0xff, 0xff, 0xff];
    if let Some(Trusting(hint)) = message_pack::read(&claim) {
        assert!(hint <= 4096, "{hint}");
    }
}

#[test]
fn elements_without_bytes_are_carried_where_they_take_some() {
    let few = vec![(); 300];
    assert_eq!(back(&few, Codec::Postcard), (Codec::Postcard, few));
    let many = vec![(); 100_000];
    let (carried, read) = back(&many, Codec::Postcard);
    assert_eq!((carried, read.len()), (Codec::MessagePack, many.len()));
}

#[test]
fn what_follows_a_value_makes_it_none() {
    assert_eq!(postcard::read::<u8>(&[7]), Some(7));
    assert_eq!(postcard::read::<u8>(&[7, 0]), None);
    assert_eq!(json::read::<u8>(b"7"), Some(7));
    assert_eq!(json::read::<u8>(b"7 7"), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in prop::collection::vec(prop_oneof![0u8..8, any::<u8>()], 0..200),
    ) {
        for codec in ALL {
            let _ = codec.read::<Plain>(&bytes);
            let _ = codec.read::<Strange>(&bytes);
            let _ = codec.read::<Chain>(&bytes);
        }
    }
}
