//! Any bytes are an envelope or none, without a panic; an envelope is read as it was written, and
//! one that was damaged is none.
//!
//! The bytes are tried as they are, and also as the parts of an envelope with damage to do to it.

#![no_main]

use std::time::Duration;

use larder::Version;
use larder::entry::envelope::Envelope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Some(envelope) = Envelope::decode(data) {
        // There is one way to write an envelope, so what was read is what would be written.
        assert_eq!(envelope.encode().as_deref(), Some(data));
    }
    write_read_and_damage(data);
});

fn write_read_and_damage(data: &[u8]) {
    let mut rest = data;
    let damage = u32::from_le_bytes(fixed(&mut rest)) as usize;
    let envelope = Envelope {
        fingerprint: u64::from_le_bytes(fixed(&mut rest)),
        written_at_millis: u64::from_le_bytes(fixed(&mut rest)),
        ttl: Duration::from_millis(u64::from_le_bytes(fixed(&mut rest))),
        key: sized(&mut rest),
        tags: {
            let [count] = fixed(&mut rest);
            let tag = |_| (sized(&mut rest), Version::from_bytes(fixed(&mut rest)));
            (0..count).map(tag).collect()
        },
        value: rest,
    };
    let Some(mut bytes) = envelope.encode() else {
        return;
    };
    assert_eq!(Envelope::decode(&bytes), Some(envelope));

    let bit = damage % (bytes.len() * 8);
    assert_eq!(Envelope::decode(&bytes[..bit / 8]), None, "cut short");
    bytes[bit / 8] ^= 1 << (bit % 8);
    assert_eq!(Envelope::decode(&bytes), None, "one bit flipped");
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
