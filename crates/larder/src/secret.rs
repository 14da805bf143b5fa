//! Secrets that stored entries are authenticated with.

use std::fmt;

use crate::error::{Error, Result};

/// Shorter secrets are refused: they could be guessed.
pub const SECRET_BYTES_MIN: usize = 16;

/// A secret with its number. Whoever has it can write entries that its holders believe.
#[derive(Clone)]
pub struct Secret {
    id: u8,
    key: [u8; 32],
}

impl Secret {
    /// The secret made of these bytes. The number stands in every entry that is written with it,
    /// so that readers with two secrets know which to use.
    ///
    /// # Errors
    ///
    /// Fewer than [`SECRET_BYTES_MIN`] bytes. Take 32 from a source of randomness
    /// (`openssl rand -hex 32`); a password that people can remember is no secret.
    pub fn new(id: u8, bytes: impl AsRef<[u8]>) -> Result<Secret> {
        let bytes = bytes.as_ref();
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(Error::config(format!(
                "a secret has at least {SECRET_BYTES_MIN} bytes, not {}: take 32 random ones",
                bytes.len()
            )));
        }
        Ok(Secret {
            id,
            key: blake3::derive_key("larder 2 envelope", bytes),
        })
    }

    /// Its number.
    pub fn id(&self) -> u8 {
        self.id
    }

    /// The key of a namespace's entries: those of one tenant mean nothing to another.
    pub(crate) fn key(&self, namespace: &str) -> [u8; 32] {
        *blake3::keyed_hash(&self.key, namespace.as_bytes()).as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The secrets of a cache: one that entries are written with, and during a rotation a second one
/// that is believed too.
///
/// To change a secret without losing the entries: give every process `rotating(old, new)`; when all
/// have it, `rotating(new, old)`; when the old entries have expired, `new` alone.
///
/// ```
/// # fn main() -> larder::Result<()> {
/// use larder::{Cache, Secret, Secrets};
///
/// # let (last_years, this_years) = ([1; 32], [2; 32]);
/// let old = Secret::new(1, last_years)?;
/// let new = Secret::new(2, this_years)?;
/// let secrets = Secrets::rotating(new, old)?;
/// let cache = Cache::builder().authenticate(secrets).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Secrets {
    signs: Secret,
    also_verifies: Option<Secret>,
}

impl Secrets {
    /// `signs` is written with and believed; `also_verifies` is believed.
    ///
    /// # Errors
    ///
    /// Both have one number.
    pub fn rotating(signs: Secret, also_verifies: Secret) -> Result<Secrets> {
        if signs.id == also_verifies.id {
            return Err(Error::config(format!(
                "two secrets have the number {}: give the newer one another",
                signs.id
            )));
        }
        Ok(Secrets {
            signs,
            also_verifies: Some(also_verifies),
        })
    }

    pub(crate) fn signs(&self) -> &Secret {
        &self.signs
    }

    pub(crate) fn also_verifies(&self) -> Option<&Secret> {
        self.also_verifies.as_ref()
    }
}

impl From<Secret> for Secrets {
    fn from(secret: Secret) -> Secrets {
        Secrets {
            signs: secret,
            also_verifies: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_never_printed() {
        let secret = Secret::new(7, b"an open secret, in hex 616e").expect("long enough");
        let printed = format!("{secret:?} {:?}", Secrets::from(secret.clone()));
        assert_eq!(
            printed,
            "Secret { id: 7, .. } Secrets { signs: Secret { id: 7, .. }, also_verifies: None }"
        );
    }

    #[test]
    fn short_secrets_and_equal_numbers_are_refused() {
        let short = Secret::new(1, [0; SECRET_BYTES_MIN - 1]).expect_err("too short");
        assert!(short.is_config(), "{short}");
        let secret = |id, byte| Secret::new(id, [byte; 32]).expect("long enough");
        let equal = Secrets::rotating(secret(1, 1), secret(1, 2)).expect_err("equal numbers");
        assert!(equal.is_config(), "{equal}");
        assert!(Secrets::rotating(secret(1, 1), secret(2, 2)).is_ok());
    }
}
