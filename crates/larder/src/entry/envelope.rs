//! The bytes around a value in a store that keeps bytes. The format is described in `docs/format.md`.
//!
//! Whoever reads it trusts nothing: the seal is looked at first, every length is checked against
//! what is there, and limits hold before anything is allocated. Bad bytes are no envelope, which a
//! store reports as a miss.

use std::borrow::Cow;
use std::time::Duration;

use super::Stamp;
use super::seal::Seal;
use crate::version::Version;

mod compress;

pub use compress::{COMPRESS_BYTES_MIN, EXPANSION_MAX};

/// The first bytes of every envelope.
pub const MAGIC: [u8; 4] = *b"lrdr";

/// The format that this code writes, and the only one that it reads.
pub const FORMAT: u8 = 2;

/// So many tags an envelope may record. Beyond, it is no envelope.
pub const TAGS_MAX: usize = 64;

/// So many bytes a key or a tag may take.
pub const NAME_BYTES_MAX: usize = 1 << 16;

/// So many bytes may stand before the value: the key, and each tag with its version.
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) const BEGINNING_BYTES_MAX: usize = 64 + (1 + TAGS_MAX) * (4 + NAME_BYTES_MAX + 16);

/// So many bytes a value may take, as its codec wrote it.
pub const VALUE_BYTES_MAX: usize = 8 << 20;

/// The value is compressed.
const COMPRESSED: u8 = 1;

/// The end is a keyed hash.
const KEYED: u8 = 2;

/// What an envelope takes beside its names, tags and value, at most.
const OVERHEAD: usize = 80;

/// A decoded envelope. Borrows the bytes it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Random bytes that tell this entry from every other under the key.
    pub stamp: Stamp,
    /// The number of the value's codec.
    pub codec: u8,
    /// The mark of the value's type.
    pub fingerprint: u64,
    /// The hash of the value's names, kinds and contents.
    pub structure: u64,
    /// Milliseconds since 1970 by the writer's clock: for people and for age, never for validity.
    pub written_at_millis: u64,
    /// How long the entry is fresh.
    pub ttl: Duration,
    /// The whole key, so that a store that shortens keys cannot give one entry for another.
    pub key: &'a [u8],
    /// The recorded tags with their versions.
    pub tags: Vec<(&'a [u8], Version)>,
    /// The value as its codec wrote it.
    pub value: Cow<'a, [u8]>,
}

impl<'a> Envelope<'a> {
    /// The bytes of the envelope; nothing if a limit is passed.
    pub fn encode(&self, seal: &Seal) -> Option<Vec<u8>> {
        let names = std::iter::once(self.key).chain(self.tags.iter().map(|(tag, _)| *tag));
        if self.tags.len() > TAGS_MAX
            || self.value.len() > VALUE_BYTES_MAX
            || names.clone().any(|name| name.len() > NAME_BYTES_MAX)
        {
            return None;
        }
        let compressed = compress::compress(&self.value);
        let stored = compressed.as_deref().unwrap_or(&self.value);
        let mut flags = 0;
        if compressed.is_some() {
            flags |= COMPRESSED;
        }
        if seal.is_keyed() {
            flags |= KEYED;
        }
        let names_bytes: usize = names.map(|name| name.len() + 20).sum();
        let mut out = Vec::with_capacity(OVERHEAD + names_bytes + stored.len() + seal.bytes());
        out.extend_from_slice(&MAGIC);
        out.push(FORMAT);
        out.extend_from_slice(&self.stamp);
        out.push(self.codec);
        out.push(flags);
        out.extend_from_slice(&self.fingerprint.to_le_bytes());
        out.extend_from_slice(&self.structure.to_le_bytes());
        out.extend_from_slice(&self.written_at_millis.to_le_bytes());
        let ttl_millis = u64::try_from(self.ttl.as_millis()).unwrap_or(u64::MAX);
        out.extend_from_slice(&ttl_millis.to_le_bytes());
        put(&mut out, self.key);
        out.push(self.tags.len() as u8);
        for (tag, version) in &self.tags {
            put(&mut out, tag);
            out.extend_from_slice(&version.to_bytes());
        }
        out.extend_from_slice(&(self.value.len() as u32).to_le_bytes());
        put(&mut out, stored);
        seal.close(&mut out);
        Some(out)
    }

    /// The envelope in `bytes`; nothing if they are not exactly one, closed by this seal. Never
    /// panics.
    ///
    /// Whose entry it is stands in it: compare the key.
    pub fn decode(bytes: &'a [u8], seal: &Seal) -> Option<Envelope<'a>> {
        if !bytes.starts_with(&MAGIC) || bytes.get(MAGIC.len()) != Some(&FORMAT) {
            return None;
        }
        let mut reader = Reader(seal.open(bytes)?);
        let Beginning {
            stamp,
            codec,
            flags,
            fingerprint,
            structure,
            written_at_millis,
            ttl,
            key,
            tags,
            length,
        } = Beginning::read(&mut reader)?;
        if (flags & KEYED != 0) != seal.is_keyed() {
            return None;
        }
        let stored = reader.sized(VALUE_BYTES_MAX)?;
        if !reader.0.is_empty() {
            return None;
        }
        let value = if flags & COMPRESSED == 0 {
            (stored.len() == length).then_some(Cow::Borrowed(stored))?
        } else {
            Cow::Owned(compress::expand(stored, length)?)
        };
        Some(Envelope {
            stamp,
            codec,
            fingerprint,
            structure,
            written_at_millis,
            ttl,
            key,
            tags,
            value,
        })
    }
}

/// What stands before the value. Nobody has looked at the seal: it may be forged.
pub(crate) struct Beginning<'a> {
    stamp: Stamp,
    codec: u8,
    flags: u8,
    fingerprint: u64,
    structure: u64,
    pub(crate) written_at_millis: u64,
    pub(crate) ttl: Duration,
    pub(crate) key: &'a [u8],
    pub(crate) tags: Vec<(&'a [u8], Version)>,
    /// How many bytes the value has, when it is not compressed.
    pub(crate) length: usize,
}

impl<'a> Beginning<'a> {
    /// The beginning of an envelope, of which more may follow; nothing if it is none or is not all
    /// there.
    #[cfg(any(feature = "redis", feature = "memcached"))]
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Beginning<'a>> {
        if !bytes.starts_with(&MAGIC) || bytes.get(MAGIC.len()) != Some(&FORMAT) {
            return None;
        }
        Beginning::read(&mut Reader(bytes))
    }

    fn read(reader: &mut Reader<'a>) -> Option<Beginning<'a>> {
        let _beginning: [u8; MAGIC.len() + 1] = reader.array()?;
        let stamp = reader.array()?;
        let [codec, flags] = reader.array()?;
        if flags & !(COMPRESSED | KEYED) != 0 {
            return None;
        }
        let fingerprint = reader.u64()?;
        let structure = reader.u64()?;
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
        let length = reader.u32()?;
        Some(Beginning {
            stamp,
            codec,
            flags,
            fingerprint,
            structure,
            written_at_millis,
            ttl,
            key,
            tags,
            length,
        })
    }
}

/// The bytes that every envelope with this stamp begins with, and no other.
#[cfg(any(feature = "redis", feature = "memcached"))]
pub(crate) fn head(stamp: &Stamp) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.push(FORMAT);
    head.extend_from_slice(stamp);
    head
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

    fn u32(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.array()?) as usize)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn sized(&mut self, max: usize) -> Option<&'a [u8]> {
        let length = self.u32()?;
        if length > max {
            return None;
        }
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }
}

#[cfg(test)]
mod tests;
