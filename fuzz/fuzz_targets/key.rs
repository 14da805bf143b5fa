//! Different parts never make equal keys, and equal parts always do.
//!
//! The bytes are read as two lists of parts, one after the other; often they differ in little.

#![no_main]

use larder::{Key, KeyBuilder, KeyPart};
use libfuzzer_sys::fuzz_target;

/// More parts than this tell nothing new.
const PARTS_MAX: usize = 8;

/// One part, as the test's own idea of what tells parts apart.
#[derive(Clone, Debug, PartialEq)]
enum Part {
    Null,
    Bool(bool),
    Int(i128),
    /// By its bits.
    Real(u64),
    Text(String),
    Bytes(Vec<u8>),
}

fuzz_target!(|data: &[u8]| {
    let mut rest = data;
    let first = parts(&mut rest);
    let second = parts(&mut rest);
    let (first_key, second_key) = (key(&first), key(&second));
    let equal = first == second;
    assert_eq!(first_key == second_key, equal);
    assert_eq!(first_key.as_bytes() == second_key.as_bytes(), equal);

    assert_eq!(key(&first), first_key, "the same parts, the same key");
    // A key as a part, and the parts themselves, are two things.
    let nested = Key::builder().part(first_key.clone()).build();
    assert_ne!(nested, first_key);
    // Of parts that belong together it is one, and so are parts with names, in any order.
    let list = Key::builder().part(&first).build();
    let pairs: [(&str, &dyn KeyPart); 2] = [("a", &first), ("b", &second)];
    let named = Key::builder().named(pairs).build();
    let turned = Key::builder().named(pairs.into_iter().rev()).build();
    assert_eq!(named, turned);
    assert!(list != named && list != nested && named != nested && named != first_key);
    // Showing a key withstands any parts.
    let _ = (first_key.readable(), first_key.to_string());
});

impl KeyPart for Part {
    fn append(&self, key: &mut KeyBuilder) {
        let builder = std::mem::take(key);
        *key = match self {
            Part::Null => builder.null(),
            Part::Bool(value) => builder.bool(*value),
            Part::Int(value) => builder.int(*value),
            Part::Real(bits) => builder.real(f64::from_bits(*bits)),
            Part::Text(value) => builder.text(value),
            Part::Bytes(value) => builder.bytes(value),
        };
    }
}

fn key(parts: &[Part]) -> Key {
    let mut builder = Key::builder();
    parts.iter().for_each(|part| builder.push(part));
    builder.build()
}

/// Reads a list of parts off the front of `data`.
fn parts(data: &mut &[u8]) -> Vec<Part> {
    let count = usize::from(take(data, 1).first().copied().unwrap_or(0)) % (PARTS_MAX + 1);
    (0..count).map(|_| part(data)).collect()
}

fn part(data: &mut &[u8]) -> Part {
    match take(data, 1).first().copied().unwrap_or(0) % 7 {
        0 => Part::Null,
        1 => Part::Bool(take(data, 1).first().is_some_and(|byte| byte & 1 == 1)),
        2 => Part::Int(i64::from_le_bytes(fixed(data)).into()),
        3 => Part::Int(i128::from_le_bytes(fixed(data))),
        4 => Part::Real(u64::from_le_bytes(fixed(data))),
        5 => Part::Text(String::from_utf8_lossy(sized(data)).into_owned()),
        _ => Part::Bytes(sized(data).to_vec()),
    }
}

/// As many bytes as the next byte says, or as there are.
fn sized<'a>(data: &mut &'a [u8]) -> &'a [u8] {
    let length = take(data, 1).first().copied().unwrap_or(0);
    take(data, length.into())
}

/// A number's bytes; those that are missing are zero.
fn fixed<const N: usize>(data: &mut &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    let taken = take(data, N);
    bytes[..taken.len()].copy_from_slice(taken);
    bytes
}

fn take<'a>(data: &mut &'a [u8], count: usize) -> &'a [u8] {
    let (head, rest) = data.split_at(count.min(data.len()));
    *data = rest;
    head
}
