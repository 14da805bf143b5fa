//! Tokens in forms: a form is good for one person, one act, one time, and not for long.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use parking_lot::Mutex;

/// How long a form is good.
pub const FORM_LIFE: Duration = Duration::from_secs(30 * 60);

/// So many used forms are remembered for as long as they would be good. When more are used, forms are
/// refused until the oldest have ended.
const USED_MAX: usize = 10_000;

type Nonce = [u8; 16];

/// Makes and checks tokens.
pub(crate) struct Tokens {
    key: [u8; 32],
    /// The nonces of forms that were used, with when they would have ended.
    used: Mutex<HashMap<Nonce, u64>>,
}

/// What a form is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose<'a> {
    pub(crate) who: &'a str,
    pub(crate) act: &'a str,
    pub(crate) target: &'a str,
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Missing,
    Wrong,
    Ended,
    Used,
    TooMany,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::Missing => "the form has no token",
            Fault::Wrong => "the form's token is none of this process's for this act and person",
            Fault::Ended => "the form is too old",
            Fault::Used => "the form was sent before",
            Fault::TooMany => "too many forms were sent of late",
        })
    }
}

impl Tokens {
    /// With a key that all processes have which may be sent each other's forms.
    pub(crate) fn new(secret: &[u8]) -> Tokens {
        Tokens {
            key: blake3::derive_key("larder dashboard 1 forms", secret),
            used: Mutex::default(),
        }
    }

    /// A token; nothing where the operating system gives no random bytes: then there are no forms.
    pub(crate) fn issue(&self, purpose: Purpose<'_>, now: Duration) -> Option<String> {
        let mut nonce = Nonce::default();
        getrandom::fill(&mut nonce).ok()?;
        let ends = (now + FORM_LIFE).as_secs();
        let mac = self.mac(purpose, ends, nonce).to_hex();
        Some(format!("{ends:x}.{}.{mac}", hex(&nonce)))
    }

    /// Takes a token: whoever sends it again is refused, in this process. In another process that has
    /// the same key it is good once more, which does the same act to the same target again.
    pub(crate) fn take(
        &self,
        token: &str,
        purpose: Purpose<'_>,
        now: Duration,
    ) -> Result<(), Fault> {
        if token.is_empty() {
            return Err(Fault::Missing);
        }
        let (ends, nonce) = self.check(token, purpose).ok_or(Fault::Wrong)?;
        let now = now.as_secs();
        if now > ends {
            return Err(Fault::Ended);
        }
        let mut used = self.used.lock();
        if used.contains_key(&nonce) {
            return Err(Fault::Used);
        }
        if used.len() >= USED_MAX {
            used.retain(|_, ends| now <= *ends);
        }
        if used.len() >= USED_MAX {
            return Err(Fault::TooMany);
        }
        used.insert(nonce, ends);
        Ok(())
    }

    fn check(&self, token: &str, purpose: Purpose<'_>) -> Option<(u64, Nonce)> {
        let mut parts = token.split('.');
        let (ends, nonce, mac) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let ends = u64::from_str_radix(ends, 16).ok()?;
        let nonce = unhex(nonce)?;
        // Hashes compare in the same time whatever they are.
        let mac = blake3::Hash::from_hex(mac).ok()?;
        (mac == self.mac(purpose, ends, nonce)).then_some((ends, nonce))
    }

    fn mac(&self, purpose: Purpose<'_>, ends: u64, nonce: Nonce) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in [purpose.who, purpose.act, purpose.target] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&ends.to_le_bytes());
        hasher.update(&nonce);
        hasher.finalize()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Nonce> {
    let plain = text.len() == 2 * size_of::<Nonce>() && text.bytes().all(|b| b.is_ascii_hexdigit());
    let number = u128::from_str_radix(text, 16).ok().filter(|_| plain)?;
    Some(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Purpose<'_> = Purpose {
        who: "ada",
        act: "delete",
        target: "k",
    };
    const NOW: Duration = Duration::from_secs(1_000);

    fn issued() -> (Tokens, String) {
        let tokens = Tokens::new(b"a secret");
        let token = tokens.issue(ADA, NOW).unwrap();
        (tokens, token)
    }

    #[test]
    fn a_token_is_good_once() {
        let (tokens, token) = issued();
        assert_eq!(tokens.take(&token, ADA, NOW), Ok(()));
        assert_eq!(tokens.take(&token, ADA, NOW), Err(Fault::Used));
    }

    #[test]
    fn a_token_is_good_for_its_person_act_and_target_only() {
        let (tokens, token) = issued();
        let others = [
            Purpose { who: "bob", ..ADA },
            Purpose {
                act: "clear",
                ..ADA
            },
            Purpose { target: "l", ..ADA },
            // The same bytes in a row.
            Purpose {
                who: "adad",
                act: "elete",
                ..ADA
            },
        ];
        for other in others {
            assert_eq!(
                tokens.take(&token, other, NOW),
                Err(Fault::Wrong),
                "{other:?}"
            );
        }
        assert_eq!(tokens.take(&token, ADA, NOW), Ok(()));
    }

    #[test]
    fn a_token_ends() {
        let (tokens, token) = issued();
        let later = NOW + FORM_LIFE + Duration::from_secs(1);
        assert_eq!(tokens.take(&token, ADA, later), Err(Fault::Ended));
    }

    #[test]
    fn what_was_made_up_or_changed_is_none() {
        let (tokens, token) = issued();
        assert_eq!(tokens.take("", ADA, NOW), Err(Fault::Missing));
        let (ends, rest) = token.split_once('.').unwrap();
        let longer = format!("f{ends}.{rest}");
        let other = Tokens::new(b"another secret").issue(ADA, NOW).unwrap();
        let upper = format!("{token}.");
        for token in [
            "x",
            "..",
            "1.2.3",
            longer.as_str(),
            &other,
            &upper,
            &token[..9],
        ] {
            assert_eq!(tokens.take(token, ADA, NOW), Err(Fault::Wrong), "{token}");
        }
    }

    #[test]
    fn when_too_many_were_used_further_ones_are_refused_until_those_end() {
        let tokens = Tokens::new(b"a secret");
        for n in 0..USED_MAX {
            let nonce = (n as u128).to_be_bytes();
            tokens.used.lock().insert(nonce, 2_000);
        }
        let token = tokens.issue(ADA, NOW).unwrap();
        assert_eq!(tokens.take(&token, ADA, NOW), Err(Fault::TooMany));
        let later = Duration::from_secs(2_001);
        assert_eq!(tokens.take(&token, ADA, later), Ok(()));
    }
}
