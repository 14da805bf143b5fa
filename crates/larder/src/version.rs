//! Stamps of tags.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// The stamp of a tag or of a list of shapes: equal to another or not, never ordered.
///
/// In a store that processes share a version is 128 random bits ([`Version::random`]), so that it
/// cannot come back after an eviction or a restart. Inside one process a counter that is never
/// reused does the same ([`Version::unique`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(u128);

impl Version {
    /// A version that no process has ever used, from the operating system's entropy.
    ///
    /// # Errors
    ///
    /// The operating system could not give random bytes.
    pub fn random() -> Result<Version, crate::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|error| {
            crate::Error::store(format!("no random bytes for a version: {error}"))
        })?;
        Ok(Version(u128::from_le_bytes(bytes)))
    }

    /// A version that this process has not used before. Means nothing to another process.
    pub fn unique() -> Version {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Version(NEXT.fetch_add(1, Ordering::Relaxed).into())
    }

    /// The sixteen bytes of the stored form.
    pub fn to_bytes(self) -> [u8; 16] {
        self.0.to_le_bytes()
    }

    /// The version of these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Version {
        Version(u128::from_le_bytes(bytes))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({:x})", self.0)
    }
}
