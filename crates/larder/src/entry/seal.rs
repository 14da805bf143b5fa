//! The end of an envelope: what tells that everything before it is as it was written.

use crate::codec::Mix;
use crate::namespace::Namespace;
use crate::secret::{Secret, Secrets};

/// The bytes of a code that only holders of the secret can make.
const CODE_BYTES: usize = 16;

/// Closes envelopes, and tells whether one is as it was closed.
///
/// Without secrets it is a checksum, which notices damage. With secrets it is a keyed hash
/// (BLAKE3), which notices forgery as well, and an entry that was moved to another namespace.
#[derive(Clone)]
pub struct Seal(Kind);

#[derive(Clone)]
enum Kind {
    Sum,
    Keyed { signs: Key, also: Option<Key> },
}

#[derive(Clone)]
struct Key {
    id: u8,
    key: [u8; 32],
}

impl Key {
    fn new(secret: &Secret, namespace: &Namespace) -> Key {
        Key {
            id: secret.id(),
            key: secret.key(namespace.name()),
        }
    }

    /// Over everything before it: the secret's number too.
    fn code(&self, bytes: &[u8]) -> [u8; CODE_BYTES] {
        let hash = blake3::keyed_hash(&self.key, bytes);
        *hash.as_bytes().first_chunk().expect("32 bytes")
    }
}

impl Seal {
    /// The seal of a namespace's entries.
    pub fn new(namespace: &Namespace, secrets: Option<&Secrets>) -> Seal {
        Seal(secrets.map_or(Kind::Sum, |secrets| {
            Kind::Keyed {
                signs: Key::new(secrets.signs(), namespace),
                also: secrets
                    .also_verifies()
                    .map(|secret| Key::new(secret, namespace)),
            }
        }))
    }

    /// Whether secrets are part of it.
    pub fn is_keyed(&self) -> bool {
        matches!(self.0, Kind::Keyed { .. })
    }

    /// How many bytes it adds.
    pub(super) fn bytes(&self) -> usize {
        if self.is_keyed() { 1 + CODE_BYTES } else { 8 }
    }

    /// Puts the seal behind everything that is there.
    pub(super) fn close(&self, bytes: &mut Vec<u8>) {
        match &self.0 {
            Kind::Sum => {
                let sum = Mix::of(bytes);
                bytes.extend_from_slice(&sum.to_le_bytes());
            }
            Kind::Keyed { signs, .. } => {
                bytes.push(signs.id);
                let code = signs.code(bytes);
                bytes.extend_from_slice(&code);
            }
        }
    }

    /// What stands before the seal, if it is unbroken.
    pub(super) fn open<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        match &self.0 {
            Kind::Sum => {
                let (body, sum) = bytes.split_last_chunk()?;
                (Mix::of(body) == u64::from_le_bytes(*sum)).then_some(body)
            }
            Kind::Keyed { signs, also } => {
                let (signed, code) = bytes.split_last_chunk::<CODE_BYTES>()?;
                let (id, body) = signed.split_last()?;
                let key = std::iter::once(signs)
                    .chain(also)
                    .find(|key| key.id == *id)?;
                equal(key.code(signed), *code).then_some(body)
            }
        }
    }
}

/// In one comparison, whichever byte differs: how long it takes tells nothing of how much of a
/// guess was right.
fn equal(left: [u8; CODE_BYTES], right: [u8; CODE_BYTES]) -> bool {
    u128::from_le_bytes(left) ^ u128::from_le_bytes(right) == 0
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal")
            .field("is_keyed", &self.is_keyed())
            .finish_non_exhaustive()
    }
}
