//! H32: a value that another version of its type has written is read right, or is a miss.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::*;

/// A type in two builds with an old value: the new build must not take it for one of its own,
/// though Postcard, left alone, reads something.
macro_rules! changed {
    ($($promise:ident: $old:item => $new:item = $value:expr;)*) => { $(
        #[test]
        fn $promise() {
            #[allow(unreachable_pub)]
            mod old {
                #[allow(unused_imports)]
                use super::*;
                #[derive(Debug, PartialEq, Serialize, Deserialize)]
                $old
            }
            #[allow(unreachable_pub)]
            mod new {
                #[allow(unused_imports)]
                use super::*;
                #[derive(Debug, PartialEq, Serialize, Deserialize)]
                $new
            }
            use old::*;
            let written: old::It = $value;
            let bytes = ::postcard::to_stdvec(&written).expect("it can be written");
            let alone = ::postcard::from_bytes::<new::It>(&bytes);
            assert!(alone.is_ok(), "no trap to be caught: {alone:?}");
            assert_eq!(across::<old::It, new::It>(&written), None);
            assert_eq!(across::<old::It, old::It>(&written), Some(written));
        }
    )* };
}

changed! {
    a_renamed_field_is_noticed:
        pub struct It { pub price: u32, pub tax: u32 } =>
        pub struct It { pub price: u32, pub discount: u32 } =
        It { price: 7, tax: 1 };
    exchanged_fields_are_noticed:
        pub struct It { pub net: u32, pub gross: u32 } =>
        pub struct It { pub gross: u32, pub net: u32 } =
        It { net: 7, gross: 8 };
    exchanged_fields_of_equal_content_are_noticed:
        pub struct It { pub net: u32, pub gross: u32 } =>
        pub struct It { pub gross: u32, pub net: u32 } =
        It { net: 7, gross: 7 };
    a_removed_last_field_is_noticed:
        pub struct It { pub id: u32, pub nothing: () } =>
        pub struct It { pub id: u32 } =
        It { id: 7, nothing: () };
    an_added_field_without_bytes_is_noticed:
        pub struct It { pub id: u32 } =>
        pub struct It { pub id: u32, pub nothing: () } =
        It { id: 7 };
    a_field_that_became_unsigned_is_noticed:
        pub struct It { pub balance: i32 } =>
        pub struct It { pub balance: u32 } =
        It { balance: -1 };
    a_field_that_became_wider_is_noticed:
        pub struct It { pub count: u32 } =>
        pub struct It { pub count: u64 } =
        It { count: 7 };
    a_field_that_became_a_flag_is_noticed:
        pub struct It { pub count: u8 } =>
        pub struct It { pub count: bool } =
        It { count: 1 };
    a_flag_that_became_optional_is_noticed:
        pub struct It { pub yes: bool, pub id: u8 } =>
        pub struct It { pub yes: Option<u8>, } =
        It { yes: true, id: 9 };
    text_that_became_bytes_is_noticed:
        pub struct It { pub name: String } =>
        pub struct It { pub name: Vec<u8> } =
        It { name: String::from("larder") };
    bytes_that_became_text_are_noticed:
        pub struct It { pub name: Vec<u8> } =>
        pub struct It { pub name: String } =
        It { name: b"larder".to_vec() };
    an_option_that_became_a_list_is_noticed:
        pub struct It { pub name: Option<u8> } =>
        pub struct It { pub name: Vec<u8> } =
        It { name: Some(7) };
    nothing_that_became_an_empty_list_is_noticed:
        pub struct It { pub name: Option<u8> } =>
        pub struct It { pub name: Vec<u8> } =
        It { name: None };
    a_map_that_became_a_list_is_noticed:
        pub struct It { pub all: BTreeMap<u8, u8> } =>
        pub struct It { pub all: Vec<(u8, u8)> } =
        It { all: BTreeMap::from([(1, 2)]) };
    // Once the difference in one pair made up for that in the other.
    flags_of_a_map_that_became_optional_are_noticed:
        pub struct It { pub all: BTreeMap<i32, bool> } =>
        pub struct It { pub all: BTreeMap<i32, Option<bool>> } =
        It { all: BTreeMap::from([(-1, false), (-2, false)]) };
    a_number_that_became_real_is_noticed:
        pub struct It { pub bits: [u8; 8] } =>
        pub struct It { pub bits: f64 } =
        It { bits: [0; 8] };
    exchanged_variants_are_noticed:
        pub enum It { Open, Closed } =>
        pub enum It { Closed, Open } =
        It::Open;
    a_variant_put_before_others_is_noticed:
        pub enum It { Open(u8), Closed(u8) } =>
        pub enum It { Draft(u8), Open(u8), Closed(u8) } =
        It::Closed(7);
    a_removed_variant_is_noticed:
        pub enum It { Draft, Open, Closed } =>
        pub enum It { Open, Closed } =
        It::Open;
    a_renamed_variant_is_noticed:
        pub enum It { Open { at: u32 } } =>
        pub enum It { Opened { at: u32 } } =
        It::Open { at: 7 };
    exchanged_fields_of_a_variant_are_noticed:
        pub enum It { Open { at: u32, by: u32 } } =>
        pub enum It { Open { by: u32, at: u32 } } =
        It::Open { at: 7, by: 8 };
    a_field_that_got_a_unit_is_noticed:
        pub struct It { pub length: u32 } =>
        pub struct It { pub length: Metres } =
        It { length: 7 };
    a_field_that_is_not_written_any_more_is_noticed:
        pub struct It { pub text: String } =>
        pub struct It { #[serde(skip_serializing)] pub never: u8, pub text: String } =
        It { text: String::from("\u{1}x") };
    a_list_whose_variants_were_exchanged_is_noticed:
        pub struct It { pub all: Vec<Side> } =>
        pub struct It { pub all: Vec<OtherSide> } =
        It { all: vec![Side::Left, Side::Right] };
    a_list_whose_fields_were_exchanged_is_noticed:
        pub struct It { pub all: Vec<(Option<u8>, bool)> } =>
        pub struct It { pub all: Vec<(bool, Option<u8>)> } =
        It { all: vec![(None, false), (None, false)] };
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Metres(u32);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Side {
    Left,
    Right,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Side")]
pub(super) enum OtherSide {
    Right,
    Left,
}

#[test]
fn a_value_of_another_type_is_none() {
    let encoded = encode(&7u32, Codec::Postcard).expect("it can");
    let kind = crate::ValueKind::<i32>::serde();
    let value = crate::Value::Encoded(std::sync::Arc::new(encoded));
    assert_eq!(kind.unwrap(&value), None);
    assert_eq!(
        crate::ValueKind::<u32>::serde().unwrap(&value).as_deref(),
        Some(&7)
    );
}

/// What names itself is read by serde's own rules: an older version's value may be a hit.
#[test]
fn a_value_with_names_is_read_by_the_rules_of_serde() {
    #[derive(Serialize, Deserialize)]
    struct Old {
        id: u32,
        name: String,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New {
        #[serde(alias = "name")]
        title: String,
        #[serde(default)]
        price: u32,
        id: u64,
    }
    for codec in [Codec::MessagePack, Codec::Json] {
        let old = Old {
            id: 7,
            name: String::from("x"),
        };
        let encoded = encode(&old, codec).expect("it can");
        assert_eq!(Codec::from_id(encoded.codec()), Some(codec));
        let new = New {
            title: String::from("x"),
            price: 0,
            id: 7,
        };
        assert_eq!(decode::<New>(&encoded), Some(new));
        assert_eq!(decode::<BTreeSet<u8>>(&encoded), None);
    }
}

#[test]
fn an_unknown_codec_is_none() {
    for codec in [0, 4, 255] {
        let unknown = Encoded::new(codec, fingerprint::<u8>(), 0, vec![7]);
        assert_eq!(decode::<u8>(&unknown), None);
    }
}
