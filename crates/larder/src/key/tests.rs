use proptest::prelude::*;

use super::*;

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
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Any::Some(Box::new(part))),
            proptest::collection::vec(inner, 0..3).prop_map(Any::Key),
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
        prop_assert_eq!(left == right, of(&left) == of(&right));
        prop_assert_eq!(left == right, of(&left).as_bytes() == of(&right).as_bytes());
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
