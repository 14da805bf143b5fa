//! Entries as bytes and back.

use std::time::Duration;

use super::link::Found;
use crate::clock::Moment;
use crate::entry::envelope::Envelope;
use crate::entry::{Entry, NewEntry, Stamp};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::store::Versions;
use crate::tag::Tag;
use crate::value::Value;

/// The beginning of a lease record: what stands under a key while its entry is being loaded.
const LEASE_MAGIC: [u8; 5] = *b"lrdl\x01";

/// What stands under an entry's name.
pub(crate) enum Unpacked {
    /// This entry.
    Entry(Entry),
    /// Somebody loads it.
    Leased,
    /// Bytes that are neither, or another key's.
    Foreign,
}

/// What comes before the envelope: five bytes, then the entry's stamp.
const PREFIX: [u8; 5] = *b"lrdp\x01";

/// How entries are signed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seal;

/// The bytes of an entry; nothing if it passes a limit of the format.
pub(crate) fn pack(_seal: &Seal, key: &Key, entry: &Entry) -> Result<Option<Vec<u8>>> {
    let mut stamp: Stamp = [0; 16];
    getrandom::fill(&mut stamp)
        .map_err(|error| Error::store(format!("no random bytes for an entry: {error}")))?;
    let Some(stamps) = entry.versions().stamps() else {
        return Err(Error::codec("the entry was made for another store"));
    };
    let value = entry.value().to_bytes()?;
    let envelope = Envelope {
        fingerprint: 0,
        written_at_millis: entry.written_at().as_nanos() / 1_000_000,
        ttl: entry.ttl(),
        key: key.as_bytes(),
        tags: stamps
            .iter()
            .map(|(tag, version)| (tag.as_bytes(), *version))
            .collect(),
        value: &value,
    };
    let Some(envelope) = envelope.encode() else {
        return Ok(None);
    };
    let mut out = PREFIX.to_vec();
    out.extend_from_slice(&stamp);
    out.extend_from_slice(&envelope);
    Ok(Some(out))
}

/// What these bytes under the name of `key` are.
pub(crate) fn unpack(_seal: &Seal, key: &Key, found: &Found) -> Unpacked {
    if found.bytes.starts_with(&LEASE_MAGIC) {
        return Unpacked::Leased;
    }
    entry(key, &found.bytes).map_or(Unpacked::Foreign, Unpacked::Entry)
}

fn entry(key: &Key, bytes: &[u8]) -> Option<Entry> {
    let bytes = bytes.strip_prefix(&PREFIX)?;
    let (stamp, envelope) = bytes.split_first_chunk()?;
    let envelope = Envelope::decode(envelope)?;
    if envelope.key != key.as_bytes() {
        return None;
    }
    let stamps: Option<Vec<_>> = envelope
        .tags
        .iter()
        .map(|(tag, version)| Some((Tag::decode(tag)?, *version)))
        .collect();
    let millis = Duration::from_millis(envelope.written_at_millis);
    Some(Entry::new(NewEntry {
        value: Value::Bytes(envelope.value.into()),
        versions: Versions::recorded(stamps?, false),
        written_at: Moment::from_nanos(0).after(millis),
        ttl: envelope.ttl,
        weight: envelope.value.len(),
        group: None,
        stamp: Some(*stamp),
    }))
}

/// The beginning of the bytes of the entry with this stamp, and of no others.
pub(crate) fn head_of(stamp: &Stamp) -> Found {
    let mut head = PREFIX.to_vec();
    head.extend_from_slice(stamp);
    Found {
        bytes: head.into(),
        cas: 0,
    }
}

/// A lease record with this token.
pub(crate) fn lease(token: &Stamp) -> Vec<u8> {
    let mut record = LEASE_MAGIC.to_vec();
    record.extend_from_slice(token);
    record
}
