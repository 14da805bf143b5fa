use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;

use super::*;
use crate::key;

/// One part of any type, with the order in which values of the type may be told apart.
#[derive(Clone, Debug, PartialEq)]
enum Any {
    Null,
    Bool(bool),
    Int(i128),
    Real(u64),
    Text(String),
    Bytes(Vec<u8>),
    Char(char),
    Some(Box<Any>),
    Key(Vec<Any>),
    List(Vec<Any>),
    Named(BTreeMap<String, Any>),
    Duration(Duration),
    Time(i64),
    Address(IpAddr),
    /// What a type of a user's own appends, one after the other.
    Own(Vec<Any>),
}

impl Any {
    /// The same without types of a user's own: they are what their parts say.
    fn plain(&self) -> Any {
        let all = |parts: &[Any]| parts.iter().map(Any::plain).collect::<Vec<Any>>();
        match self {
            Any::Own(parts) => match &parts[..] {
                [part] => part.plain(),
                parts => Any::List(all(parts)),
            },
            Any::Some(inner) => Any::Some(Box::new(inner.plain())),
            Any::Key(parts) => Any::Key(all(parts)),
            Any::List(parts) => Any::List(all(parts)),
            Any::Named(parts) => {
                let parts = parts
                    .iter()
                    .map(|(name, part)| (name.clone(), part.plain()));
                Any::Named(parts.collect())
            }
            plain => plain.clone(),
        }
    }
}

impl KeyPart for Any {
    fn append(&self, key: &mut KeyBuilder) {
        match self {
            Any::Null => key.push(None::<bool>),
            Any::Bool(value) => key.push(*value),
            Any::Int(value) => key.push(*value),
            Any::Real(bits) => encoding::real(&mut key.bytes, *bits),
            Any::Text(value) => key.push(value.as_str()),
            Any::Bytes(value) => key.push(value.as_slice()),
            Any::Char(value) => key.push(*value),
            Any::Some(inner) => key.push(Some(&**inner)),
            Any::Key(parts) => key.push(of(parts)),
            Any::List(parts) => key.push(parts),
            Any::Named(parts) => {
                // In whatever order: backwards.
                let parts = parts.iter().rev();
                let parts = parts.map(|(name, part)| (&**name, part as &dyn KeyPart));
                *key = std::mem::take(key).named(parts);
            }
            Any::Duration(value) => key.push(*value),
            Any::Time(seconds) => key.push(match u64::try_from(*seconds) {
                Ok(after) => UNIX_EPOCH + Duration::from_secs(after),
                Err(_) => UNIX_EPOCH - Duration::from_secs(seconds.unsigned_abs()),
            }),
            Any::Address(value) => key.push(*value),
            Any::Own(parts) => parts.iter().for_each(|part| key.push(part)),
        }
    }
}

fn of(parts: &[Any]) -> Key {
    let mut key = Key::builder();
    for part in parts {
        key.push(part);
    }
    key.build()
}

fn plain(parts: &[Any]) -> Vec<Any> {
    parts.iter().map(Any::plain).collect()
}

fn any() -> impl Strategy<Value = Any> {
    // Small alphabets, so that near misses are common.
    let leaf = prop_oneof![
        Just(Any::Null),
        proptest::bool::ANY.prop_map(Any::Bool),
        (-3i128..300).prop_map(Any::Int),
        proptest::num::i128::ANY.prop_map(Any::Int),
        (0u64..3).prop_map(Any::Real),
        "[ab'\u{0}\u{7}]{0,3}".prop_map(Any::Text),
        proptest::collection::vec(0u8..12, 0..3).prop_map(Any::Bytes),
        proptest::char::range('a', 'c').prop_map(Any::Char),
        (0u64..3).prop_map(|nanos| Any::Duration(Duration::from_nanos(nanos))),
        (-2i64..3).prop_map(Any::Time),
        (0u32..2).prop_map(|bits| Any::Address(Ipv4Addr::from_bits(bits).into())),
        (0u128..2).prop_map(|bits| Any::Address(Ipv6Addr::from_bits(bits).into())),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Any::Some(Box::new(part))),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Any::Key),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Any::List),
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Any::Own),
            proptest::collection::btree_map("[ab]{0,2}", inner, 0..3).prop_map(Any::Named),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn equal_parts_and_only_they_give_equal_keys(
        left in proptest::collection::vec(any(), 0..4),
        right in proptest::collection::vec(any(), 0..4),
    ) {
        let equal = plain(&left) == plain(&right);
        prop_assert_eq!(equal, of(&left) == of(&right));
        prop_assert_eq!(equal, of(&left).as_bytes() == of(&right).as_bytes());
    }

    #[test]
    fn kc4_what_begins_with_the_same_parts_is_below_and_nothing_else(
        left in proptest::collection::vec(any(), 0..4),
        right in proptest::collection::vec(any(), 0..4),
    ) {
        let (above, below) = (of(&left), of(&right));
        let (left, right) = (plain(&left), plain(&right));
        let is_above = left.len() < right.len() && right.starts_with(&left);
        // The key without parts is above everything, and stands in no entry.
        let found = below.above().any(|parts| parts == above.as_bytes());
        prop_assert_eq!(is_above && !left.is_empty(), found);
        prop_assert_eq!(below.above().count(), right.len().saturating_sub(1));
        prop_assert_eq!(right.starts_with(&left), below.as_bytes().starts_with(above.as_bytes()));
    }

    #[test]
    fn the_ends_of_any_bytes_can_be_looked_for(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64),
    ) {
        let mut last = 0;
        for end in encoding::ends(&bytes) {
            prop_assert!(last < end && end <= bytes.len());
            last = end;
        }
    }

    #[test]
    fn any_bytes_can_be_shown(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
        let mut text = String::new();
        encoding::write_parts(&mut text, &bytes, 0).expect("writing to a string cannot fail");
        prop_assert!(text.starts_with('('));
    }
}

#[track_caller]
fn differ(left: impl IntoKey, right: impl IntoKey) {
    assert_ne!(Key::new(left), Key::new(right));
}

#[track_caller]
fn same(left: impl IntoKey, right: impl IntoKey) {
    assert_eq!(Key::new(left), Key::new(right));
}

/// A user's own type that appends two parts.
struct Two<A, B>(A, B);

impl<A: KeyPart, B: KeyPart> KeyPart for Two<A, B> {
    fn append(&self, key: &mut KeyBuilder) {
        key.push(&self.0);
        key.push(&self.1);
    }
}

#[test]
fn kc1_a_type_that_appends_several_parts_is_one_part() {
    differ((Two("a", "b"), "c"), ("a", Two("b", "c")));
    differ((Two("a", "b"), "c"), ("a", "b", "c"));
    differ((Two("a", Two("b", "c")),), (Two(Two("a", "b"), "c"),));
    differ((Some(Two("a", "b")), "c"), (Some("a"), Two("b", "c")));
    differ(([Two(1, 2), Two(3, 4)],), ([1, 2, 3, 4],));
    let two = Two("b", "c");
    differ(key!("a", x = two, y = 1), key!("a", x = "b", y = "c"));
    same((Two("a", "b"), "c"), (("a", "b"), "c"));
    let boxed: Box<dyn KeyPart> = Box::new(Two("a", "b"));
    same((boxed, "c"), (("a", "b"), "c"));
    // A tree ends where the part does.
    let above = |key: Key| key.above().count();
    assert_eq!(above(Key::new(("p", Two("a", "b"), "c"))), 2);
}

#[test]
fn a_number_is_not_its_text() {
    differ(2, "2");
    differ(42, "42");
}

#[test]
fn true_is_not_one() {
    differ(true, 1);
    differ(false, 0);
}

#[test]
fn borders_between_texts_count() {
    differ(("a", "bc"), ("ab", "c"));
    differ(("a_", "b"), ("a", "_b"));
    differ("a::b", ("a", "b"));
    differ("a _b", "a_ b");
}

#[test]
fn integers_of_every_width_are_one_type() {
    same((1i8, 2u64, 3usize), (1u128, 2i16, 3i64));
    same(u64::MAX, u128::from(u64::MAX));
    differ(u128::MAX, -1);
}

#[test]
fn a_borrowed_text_is_an_owned_text() {
    same("bob", String::from("bob"));
    same(("user", "bob"), ("user", &String::from("bob")));
}

#[test]
fn a_character_is_not_a_text() {
    differ('a', "a");
}

#[test]
fn absence_differs_from_every_value_at_every_depth() {
    differ((None::<u8>,), (Some(0),));
    differ((Some(None::<u8>),), (None::<Option<u8>>,));
    differ((Some(1),), (1,));
}

#[test]
fn a_tuple_inside_a_key_stays_one_part() {
    differ((("a", "b"), "c"), ("a", "b", "c"));
    differ((("a", "b"), "c"), ("a", ("b", "c")));
}

#[test]
fn sixteen_bytes_are_bytes_and_not_text() {
    same([7u8; 16], vec![7u8; 16]);
    differ([b'a'; 16], "aaaaaaaaaaaaaaaa");
}

#[test]
fn debug_shows_the_kind_and_hides_the_values() {
    let key = Key::new(("user", "bob@example.org"));
    let shown = format!("{key:?} {key}");
    assert!(shown.contains("user"), "{shown}");
    assert!(!shown.contains("bob"), "{shown}");
    assert_eq!(key.readable(), "('user', 'bob@example.org')");
}

#[test]
fn kc1_names_come_in_any_order() {
    let (w, c) = (20, "ch");
    let key = key!("ship", weight = w, country = c);
    assert_eq!(key, key!("ship", country = c, weight = w));
    assert_eq!(
        key,
        key!("ship", country = String::from("ch"), weight = 20u8,)
    );
    differ(&key, key!("ship", weight = "ch", country = 20));
    differ(&key, key!("ship", weight = w));
    differ(
        &key,
        key!("ship", weight = w, country = c, express = None::<bool>),
    );
    differ(&key, key!("ship", w, c));
    differ(&key, ("ship", ("country", "ch"), ("weight", 20)));
    differ(&key, ("ship", (("country", "ch"), ("weight", 20))));
    differ(key!(a = 1, b = 2), key!(a = 2, b = 1));
}

#[test]
fn kc1_parts_without_names_are_a_tuple() {
    same(key!("product", 123), ("product", 123));
    same(
        key!("product", (1, 2), Some("x")),
        ("product", (1, 2), Some("x")),
    );
    same(key!(), ());
    let text = String::from("kept");
    same(key!("used", text), ("used", "kept"));
    assert_eq!(text, "kept", "a part is borrowed");
    same(key!("sum", 1 + 1, text.len() == 4), ("sum", 2, true));
}

#[test]
fn kc1_a_raw_name_is_its_name() {
    let r#type = 1;
    let parts: [(&str, &dyn KeyPart); 1] = [("type", &1)];
    same(
        key!("x", r#type = r#type),
        Key::builder().text("x").named(parts).build(),
    );
}

#[test]
fn kc1_what_points_to_a_part_is_that_part() {
    same((Box::new(1),), (1,));
    same((Arc::new("a"), Rc::new(2)), ("a", 2));
    same(
        (Cow::Borrowed("a"), Cow::<str>::Owned("b".into())),
        ("a", "b"),
    );
    same(Arc::<str>::from("a"), "a");
    same(Box::<str>::from("a"), "a");
    same(Cow::Borrowed("a"), "a");
    same((Box::new(Key::new("a")),), (Key::new("a"),));
    same(Cow::Borrowed(&Key::new("a")), "a");
    same((Box::new("a") as Box<dyn KeyPart>,), ("a",));
}

#[test]
fn kc1_many_parts_are_one_and_bytes_are_bytes() {
    same((vec!["a", "b"],), (["a", "b"],));
    same((&["a", "b"][..],), (("a", "b"),));
    differ((["a", "b"], "c"), ("a", "b", "c"));
    differ((["a", "b"],), (["ab"],));
    differ((Vec::<i32>::new(),), (Vec::<u8>::new(),));
    same((Vec::<i32>::new(),), ((),));
    same(([1u8, 2],), (vec![1u8, 2],));
    differ(([1u8, 2],), ([1u16, 2],));
    differ(([[1u8], [2]],), ([1u8, 2],));
}

#[test]
fn kc1_a_number_with_a_fraction_is_its_bits() {
    same(1.5f32, 1.5f64);
    same(f32::MAX, f64::from(f32::MAX));
    differ(0.0, -0.0);
    differ(1.0, 1);
    same(f64::NAN, f64::NAN);
    same(f32::NAN, f64::NAN);
    same(f32::NEG_INFINITY, f64::NEG_INFINITY);
    differ(f32::from_bits(0x7fc0_0001), f32::NAN);
    differ(0.1f32, 0.1f64);
    same(1.5, Key::builder().real(1.5).build());
}

#[test]
fn kc1_times_and_addresses_are_kinds_of_their_own() {
    differ(Duration::from_secs(1), 1_000_000_000);
    differ(Duration::ZERO, UNIX_EPOCH);
    differ(Duration::MAX, Duration::MAX - Duration::from_nanos(1));
    differ(UNIX_EPOCH + Duration::from_nanos(1), UNIX_EPOCH);
    differ(
        UNIX_EPOCH - Duration::from_secs(1),
        UNIX_EPOCH + Duration::from_secs(1),
    );
    same(SystemTime::UNIX_EPOCH, UNIX_EPOCH);
    same(Ipv4Addr::LOCALHOST, IpAddr::from([127, 0, 0, 1]));
    differ(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    differ(Ipv4Addr::LOCALHOST, [127u8, 0, 0, 1]);
    same(NonZero::new(7u32).expect("not zero"), 7);
    same(NonZero::new(u128::MAX).expect("not zero"), u128::MAX);
}

#[test]
fn kc3_a_key_is_built_once_and_used_often() {
    let key = Key::new(("product", 123));
    assert_eq!(key, Key::new(&key));
    assert!(matches!((&key).into_key(), Cow::Borrowed(_)));
}
