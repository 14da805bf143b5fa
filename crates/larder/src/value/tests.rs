use serde::Deserialize;

use super::*;

fn encoded<T: CacheValue>(value: T) -> Arc<Encoded> {
    let wrapped = ValueKind::serde().wrap(Arc::new(value), Codec::default());
    wrapped.encoded().expect("it can be encoded")
}

#[test]
fn a_value_from_a_store_is_decoded_once() {
    let value = Value::Encoded(encoded(vec![1u8, 2, 3]));
    let kind = ValueKind::<Vec<u8>>::serde();
    let first = kind.unwrap(&value).expect("it is one");
    let second = kind.unwrap(&value.clone()).expect("it is one");
    assert_eq!(*first, [1, 2, 3]);
    assert!(Arc::ptr_eq(&first, &second));
}

#[test]
fn damaged_bytes_are_no_value() {
    let good = encoded(String::from("text"));
    for end in 0..good.bytes().len() {
        let cut = Encoded::new(
            good.codec(),
            good.fingerprint(),
            good.structure(),
            good.bytes()[..end].to_vec(),
        );
        let value = Value::Encoded(Arc::new(cut));
        assert_eq!(ValueKind::<String>::serde().unwrap(&value), None);
    }
}

/// Two types may have one name: here two of one function, as of two versions of one crate.
#[test]
fn types_of_one_name_do_not_meet() {
    mod one {
        #[derive(Debug, super::Deserialize, serde::Serialize)]
        pub(super) struct It {
            pub(super) left: u8,
        }
    }
    mod other {
        #[derive(Debug, super::Deserialize, serde::Serialize)]
        pub(super) struct It {
            pub(super) right: u8,
        }
    }
    let written = encoded(one::It { left: 7 });
    let renamed = Encoded::new(
        written.codec(),
        codec::fingerprint::<other::It>(),
        written.structure(),
        written.bytes().to_vec(),
    );
    let value = Value::Encoded(Arc::new(renamed));
    assert!(ValueKind::<other::It>::serde().unwrap(&value).is_none());
    let value = Value::Encoded(written);
    assert_eq!(
        ValueKind::<one::It>::serde()
            .unwrap(&value)
            .map(|it| it.left),
        Some(7)
    );
    let _ = other::It { right: 7 }.right;
}

#[test]
fn a_local_value_has_no_bytes() {
    let local = ValueKind::local().wrap(Arc::new(7u32), Codec::default());
    let refused = local.encoded().expect_err("it is local");
    assert!(refused.is_codec(), "{refused}");
    let typed = ValueKind::<u32>::local();
    assert_eq!(typed.unwrap(&local).as_deref(), Some(&7));
    assert_eq!(typed.unwrap(&Value::Encoded(encoded(7u32))), None);
}
