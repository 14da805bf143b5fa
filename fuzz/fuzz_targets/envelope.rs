//! Any bytes are an envelope or none, without a panic; an envelope is read as it was written, and
//! one that was damaged is none. With a checksum and with a secret.
//!
//! The bytes are tried as they are, and also as the parts of an envelope with damage to do to it.

#![no_main]

use std::borrow::Cow;
use std::sync::LazyLock;
use std::time::Duration;

use larder::entry::envelope::Envelope;
use larder::entry::seal::Seal;
use larder::{Namespace, Secret, Version};
use libfuzzer_sys::fuzz_target;

static SEALS: LazyLock<[Seal; 2]> = LazyLock::new(|| {
    let namespace = Namespace::new("fuzz");
    let secret = Secret::new(1, [1; 32]).expect("long enough");
    [
        Seal::new(&namespace, None),
        Seal::new(&namespace, Some(&secret.into())),
    ]
});

fuzz_target!(|data: &[u8]| {
    for seal in SEALS.iter() {
        if let Some(envelope) = Envelope::decode(data, seal) {
            // Another way to compress may write other bytes, and never another envelope.
            let again = envelope.encode(seal).expect("within limits");
            assert_eq!(Envelope::decode(&again, seal), Some(envelope));
        }
        write_read_and_damage(data, seal);
    }
});

fn write_read_and_damage(data: &[u8], seal: &Seal) {
    let mut rest = data;
    let damage = u32::from_le_bytes(fixed(&mut rest)) as usize;
    let envelope = Envelope {
        stamp: fixed(&mut rest),
        codec: fixed::<1>(&mut rest)[0],
        fingerprint: u64::from_le_bytes(fixed(&mut rest)),
        structure: u64::from_le_bytes(fixed(&mut rest)),
        written_at_millis: u64::from_le_bytes(fixed(&mut rest)),
        ttl: Duration::from_millis(u64::from_le_bytes(fixed(&mut rest))),
        key: sized(&mut rest),
        tags: {
            let [count] = fixed(&mut rest);
            let tag = |_| (sized(&mut rest), Version::from_bytes(fixed(&mut rest)));
            (0..count).map(tag).collect()
        },
        value: {
            // Repeated, so that large values are tried and compressed ones too.
            let [times] = fixed(&mut rest);
            Cow::Owned(rest.repeat(times.into()))
        },
    };
    let Some(mut bytes) = envelope.encode(seal) else {
        return;
    };
    assert_eq!(Envelope::decode(&bytes, seal), Some(envelope));

    let bit = damage % (bytes.len() * 8);
    assert_eq!(Envelope::decode(&bytes[..bit / 8], seal), None, "cut short");
    bytes[bit / 8] ^= 1 << (bit % 8);
    assert_eq!(Envelope::decode(&bytes, seal), None, "one bit flipped");
}

/// As many bytes as the next two say, or as there are.
fn sized<'a>(data: &mut &'a [u8]) -> &'a [u8] {
    let length = u16::from_le_bytes(fixed(data));
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
