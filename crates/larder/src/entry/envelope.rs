//! The bytes around a value in a store that keeps bytes. The format is described in `docs/format.md`.
//!
//! Whoever reads it trusts nothing: every length is checked against what is there, and limits hold
//! before anything is allocated. Bad bytes are no envelope, which a store reports as a miss.

use std::time::Duration;

use crate::version::Version;

/// The first bytes of every envelope.
pub const MAGIC: [u8; 4] = *b"lrdr";

/// The format that this code writes, and the only one that it reads.
pub const FORMAT: u8 = 1;

/// So many tags an envelope may record. Beyond, it is no envelope.
pub const TAGS_MAX: usize = 64;

/// So many bytes a key or a tag may take.
pub const NAME_BYTES_MAX: usize = 1 << 16;

/// So many bytes a value may take.
pub const VALUE_BYTES_MAX: usize = 8 << 20;

/// A decoded envelope. Borrows the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The stable mark of the value's type.
    pub fingerprint: u64,
    /// Milliseconds since 1970 by the writer's clock: for people and for age, never for validity.
    pub written_at_millis: u64,
    /// How long the entry is fresh.
    pub ttl: Duration,
    /// The whole key, so that a store that shortens keys cannot give one entry for another.
    pub key: &'a [u8],
    /// The recorded tags with their versions.
    pub tags: Vec<(&'a [u8], Version)>,
    /// The encoded value.
    pub value: &'a [u8],
}

impl<'a> Envelope<'a> {
    /// The bytes of the envelope; nothing if a limit is passed.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let names = std::iter::once(self.key).chain(self.tags.iter().map(|(tag, _)| *tag));
        if self.tags.len() > TAGS_MAX
            || self.value.len() > VALUE_BYTES_MAX
            || names.clone().any(|name| name.len() > NAME_BYTES_MAX)
        {
            return None;
        }
        let mut out =
            Vec::with_capacity(64 + self.key.len() + self.value.len() + self.tags.len() * 64);
        out.extend_from_slice(&MAGIC);
        out.push(FORMAT);
        out.extend_from_slice(&self.fingerprint.to_le_bytes());
        out.extend_from_slice(&self.written_at_millis.to_le_bytes());
        let ttl_millis = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        out.extend_from_slice(&ttl_millis.to_le_bytes());
        put(&mut out, self.key);
        out.push(self.tags.len() as u8);
        for (tag, version) in &self.tags {
            put(&mut out, tag);
            out.extend_from_slice(&version.to_bytes());
        }
        put(&mut out, self.value);
        let sum = checksum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        Some(out)
    }

    /// The envelope in `bytes`; nothing if they are not exactly one. Never panics.
    pub fn decode(bytes: &'a [u8]) -> Option<Envelope<'a>> {
        let (body, sum) = bytes.split_last_chunk::<8>()?;
        let mut reader = Reader(body);
        if reader.array()? != MAGIC || reader.array()? != [FORMAT] {
            return None;
        }
        if checksum(body) != u64::from_le_bytes(*sum) {
            return None;
        }
        let fingerprint = reader.u64()?;
        let written_at_millis = reader.u64()?;
        let ttl = Duration::from_millis(reader.u64()?);
        let key = reader.sized(NAME_BYTES_MAX)?;
        let [count] = reader.array()?;
        if usize::from(count) > TAGS_MAX {
            return None;
        }
        let mut tags = Vec::with_capacity(count.into());
        for _ in 0..count {
            let tag = reader.sized(NAME_BYTES_MAX)?;
            tags.push((tag, Version::from_bytes(reader.array()?)));
        }
        let value = reader.sized(VALUE_BYTES_MAX)?;
        reader.0.is_empty().then_some(Envelope {
            fingerprint,
            written_at_millis,
            ttl,
            key,
            tags,
            value,
        })
    }
}

/// The mark of a type that tells its encoded values from another type's. It is made of the type's
/// name, so it stays the same between builds and does not notice changed fields by itself.
pub fn fingerprint<T: ?Sized>() -> u64 {
    checksum(std::any::type_name::<T>().as_bytes())
}

/// Lengths are four bytes: the limits are checked before.
fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn sized(&mut self, max: usize) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.array()?) as usize;
        if length > max {
            return None;
        }
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
}

/// A sum that notices flipped bits, cut ends and mixed-up parts. No protection against forgery.
fn checksum(bytes: &[u8]) -> u64 {
    const SEED: u64 = 0x9e37_79b9_7f4a_7c15;
    const MULTIPLIER: u64 = 0xff51_afd7_ed55_8ccd;
    let mut sum = SEED ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    let mut mix = |word: u64| sum = (sum ^ word).wrapping_mul(MULTIPLIER).rotate_left(29);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        mix(u64::from_le_bytes(word));
    }
    let mut last = [0; 8];
    last[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(u64::from_le_bytes(last));
    (sum ^ (sum >> 32)).wrapping_mul(MULTIPLIER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn example() -> Envelope<'static> {
        Envelope {
            fingerprint: fingerprint::<String>(),
            written_at_millis: 1_700_000_000_000,
            ttl: Duration::from_secs(60),
            key: b"key",
            tags: vec![
                (b"tag one".as_slice(), Version::unique()),
                (b"".as_slice(), Version::unique()),
            ],
            value: b"value",
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let envelope = example();
        let bytes = envelope.encode().expect("within limits");
        assert_eq!(Envelope::decode(&bytes), Some(envelope));
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let bytes = example().encode().expect("within limits");
        for end in 0..bytes.len() {
            assert_eq!(Envelope::decode(&bytes[..end]), None, "cut at {end}");
        }
        for at in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[at / 8] ^= 1 << (at % 8);
            assert_eq!(Envelope::decode(&flipped), None, "bit {at}");
        }
    }

    #[test]
    fn what_passes_a_limit_is_not_written() {
        let mut envelope = example();
        envelope.tags = vec![(b"tag".as_slice(), Version::unique()); TAGS_MAX + 1];
        assert_eq!(envelope.encode(), None);
    }

    #[test]
    fn a_length_beyond_the_end_allocates_nothing() {
        let mut bytes = example().encode().expect("within limits");
        // The key's length, with a checksum that fits.
        bytes[29..33].copy_from_slice(&u32::MAX.to_le_bytes());
        let body = bytes.len() - 8;
        let sum = checksum(&bytes[..body]).to_le_bytes();
        bytes[body..].copy_from_slice(&sum);
        assert_eq!(Envelope::decode(&bytes), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_envelope_or_nothing(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(Envelope::decode(&bytes), None);
        }

        /// With the right beginning and a fitting sum, so that the parts behind them are reached.
        #[test]
        fn any_body_behind_a_right_beginning_is_read_without_panic(
            body in proptest::collection::vec(prop_oneof![Just(0u8), 0u8..9, any::<u8>()], 0..200),
        ) {
            let mut bytes = MAGIC.to_vec();
            bytes.push(FORMAT);
            bytes.extend(body);
            let sum = checksum(&bytes);
            bytes.extend(sum.to_le_bytes());
            if let Some(envelope) = Envelope::decode(&bytes) {
                prop_assert_eq!(envelope.encode(), Some(bytes));
            }
        }
    }
}
