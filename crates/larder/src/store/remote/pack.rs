//! Entries as bytes and back.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use super::link::{Found, Incarnation};
use crate::clock::Moment;
use crate::entry::envelope::{self, Envelope};
use crate::entry::seal::Seal;
use crate::entry::{Entry, NewEntry, Origin, Stamp};
use crate::error::{Error, Result};
use crate::key::Key;
use crate::store::Versions;
use crate::tag::Tag;
use crate::value::{Encoded, Value};

/// The beginning of a lease record: what stands under a key while its entry is being loaded.
const LEASE_MAGIC: [u8; 5] = *b"lrdl\x01";

/// So many bytes behind an envelope tell in which life of the server it was written.
pub(crate) const LIFE_BYTES: usize = 16;

/// What stands under an entry's name.
pub(crate) enum Unpacked {
    /// This entry.
    Entry(Entry),
    /// Somebody loads it.
    Leased,
    /// Bytes that are neither, or another key's.
    Foreign,
}

/// The bytes of an entry; nothing if it passes a limit of the format.
pub(crate) fn pack(seal: &Seal, key: &Key, entry: &Entry) -> Result<Option<Vec<u8>>> {
    let mut stamp: Stamp = [0; 16];
    getrandom::fill(&mut stamp)
        .map_err(|error| Error::store(format!("no random bytes for an entry: {error}")))?;
    let Some(stamps) = entry.versions().stamps() else {
        return Err(Error::codec("the entry was made for another store"));
    };
    let value = entry.value().encoded()?;
    let envelope = Envelope {
        stamp,
        codec: value.codec(),
        fingerprint: value.fingerprint(),
        structure: value.structure(),
        written_at_millis: entry.written_at().as_nanos() / 1_000_000,
        ttl: entry.ttl(),
        key: key.as_bytes(),
        tags: stamps
            .iter()
            .map(|(tag, version)| (tag.as_bytes(), *version))
            .collect(),
        value: value.bytes().into(),
    };
    Ok(envelope.encode(seal))
}

/// What these bytes under the name of `key` are, on a server in this life. Of the tags that the
/// entry carries, those `at_hand` need not be made.
pub(crate) fn unpack(
    seal: &Seal,
    key: &Key,
    found: &Found,
    incarnation: Incarnation,
    at_hand: &[Tag],
) -> Unpacked {
    if found.bytes.starts_with(&LEASE_MAGIC) {
        return Unpacked::Leased;
    }
    entry(seal, key, found, incarnation, at_hand).map_or(Unpacked::Foreign, Unpacked::Entry)
}

fn entry(
    seal: &Seal,
    key: &Key,
    found: &Found,
    incarnation: Incarnation,
    at_hand: &[Tag],
) -> Option<Entry> {
    // Of another life: a removal that the server acknowledged then may be forgotten.
    let (envelope, life) = found.bytes.split_last_chunk::<LIFE_BYTES>()?;
    if *life != incarnation.0 {
        return None;
    }
    let envelope = Envelope::decode(envelope, seal)?;
    if envelope.key != key.as_bytes() {
        return None;
    }
    let tag = |bytes: &[u8]| {
        let same = at_hand.iter().find(|tag| tag.as_bytes() == bytes);
        same.cloned().or_else(|| Tag::decode(bytes))
    };
    let stamps: Option<Vec<_>> = envelope
        .tags
        .iter()
        .map(|(bytes, version)| Some((tag(bytes)?, *version)))
        .collect();
    let millis = Duration::from_millis(envelope.written_at_millis);
    // Not copied: the value keeps the whole reply alive.
    let (bytes, beside) = match envelope.value {
        Cow::Borrowed(value) => (
            found.bytes.slice_ref(value),
            found.bytes.len() - value.len(),
        ),
        Cow::Owned(value) => (value.into(), 0),
    };
    let value = Encoded::new(
        envelope.codec,
        envelope.fingerprint,
        envelope.structure,
        bytes,
    );
    let weight = value.weight() + beside;
    Some(Entry::new(NewEntry {
        value: Value::Encoded(Arc::new(value)),
        versions: Versions::recorded(stamps?, false),
        written_at: Moment::from_nanos(0).after(millis),
        ttl: envelope.ttl,
        weight,
        group: None,
        origin: Some(Origin {
            stamp: envelope.stamp,
            incarnation: incarnation.0,
            cas: found.cas,
        }),
    }))
}

/// The beginning of the bytes of the entry with this stamp, and of no others.
pub(crate) fn head_of(stamp: &Stamp) -> Found {
    Found {
        bytes: envelope::head(stamp).into(),
        cas: 0,
    }
}

/// Whether what was found, on a server in this life, is still this entry.
pub(crate) fn is_still(entry: &Entry, found: &Found, incarnation: Incarnation) -> bool {
    let Some(origin) = entry.origin() else {
        return false;
    };
    if origin.incarnation != incarnation.0 {
        return false;
    }
    if found.bytes.is_empty() {
        return found.cas != 0 && found.cas == origin.cas;
    }
    found.bytes.starts_with(&envelope::head(&origin.stamp))
}

/// A lease record with this token.
pub(crate) fn lease(token: &Stamp) -> Vec<u8> {
    let mut record = LEASE_MAGIC.to_vec();
    record.extend_from_slice(token);
    record
}
