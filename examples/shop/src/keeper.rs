//! Who keeps the shop: whoever knows its word. The back office's pages about the cache ask for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::{collections::VecDeque, fmt, sync::Mutex};

use axum::http::{HeaderMap, HeaderValue};
use larder_dashboard::Access;

use crate::visitor;

/// The variable that holds the word, for shops that are opened again and again.
pub const WORD_VARIABLE: &str = "SHOP_OFFICE_WORD";

/// Shorter words are refused: they could be guessed.
const WORD_CHARS_MIN: usize = 12;

/// So many are signed in at once; one more, and who came first signs in again.
const SESSIONS_MAX: usize = 64;

const COOKIE: &str = "office";

/// Knows the word, and who has said it.
pub struct Keeper {
    word: String,
    /// Nobody knows it yet.
    is_drawn: bool,
    sessions: Mutex<VecDeque<Session>>,
    /// How many there have been.
    count: AtomicU64,
}

/// Somebody who is signed in.
struct Session {
    /// What the cookie says. Whoever knows it is taken for them.
    secret: String,
    /// What they are called where others read it.
    number: u64,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").finish_non_exhaustive()
    }
}

impl Keeper {
    /// With the word in the environment, or one that is drawn.
    ///
    /// # Errors
    ///
    /// A sentence: the word is too short, or there are no random bytes to draw one.
    pub fn hired() -> Result<Keeper, String> {
        match std::env::var(WORD_VARIABLE) {
            Ok(word) if word.chars().count() < WORD_CHARS_MIN => Err(format!(
                "{WORD_VARIABLE} is too short: at least {WORD_CHARS_MIN} letters"
            )),
            Ok(word) => Ok(Keeper::with(word)),
            Err(_) => visitor::new_name()
                .map(|word| Keeper {
                    is_drawn: true,
                    ..Keeper::with(word)
                })
                .map_err(|error| format!("no random word for the back office: {error}")),
        }
    }

    /// With this word.
    pub fn with(word: String) -> Keeper {
        Keeper {
            word,
            is_drawn: false,
            sessions: Mutex::default(),
            count: AtomicU64::default(),
        }
    }

    /// Where the word is to be had, as a sentence's end.
    pub fn hint(&self) -> String {
        match self.is_drawn {
            true => format!("the word is {}", self.word),
            false => format!("the word is in {WORD_VARIABLE}"),
        }
    }

    /// The cookie for whoever says the word; nothing for others.
    pub(crate) fn sign_in(&self, said: &str) -> Option<HeaderValue> {
        // In the same time, wherever the first wrong letter is.
        let differ = |(a, b): (u8, u8)| u8::from(a != b);
        let wrong: u32 = said
            .bytes()
            .zip(self.word.bytes())
            .map(differ)
            .map(u32::from)
            .sum();
        if wrong > 0 || said.len() != self.word.len() {
            return None;
        }
        let secret = visitor::new_name().ok()?;
        let text = format!("{COOKIE}={secret}; Path=/; HttpOnly; SameSite=Strict");
        let mut sessions = self.sessions();
        if sessions.len() >= SESSIONS_MAX {
            sessions.pop_front();
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        sessions.push_back(Session { secret, number });
        HeaderValue::from_str(&text).ok()
    }

    /// What whoever sent these headers may do with the cache.
    pub fn access(&self, headers: &HeaderMap) -> Access {
        let known = visitor::named(headers, COOKIE);
        let number = known.and_then(|secret| {
            let sessions = self.sessions();
            let session = sessions.iter().find(|session| session.secret == secret);
            session.map(|session| session.number)
        });
        match number {
            // Forms made for one session are good for no other. Its name says nothing of what the cookie is.
            Some(number) => Access::read(format!("keeper {number}")).actions().values(),
            None => Access::none(),
        }
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, VecDeque<Session>> {
        self.sessions
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    #[test]
    fn only_the_word_signs_in() {
        let keeper = Keeper::with("open sesame!".to_owned());
        for said in ["", "open", "open sesame?", "open sesame!!", "OPEN SESAME!"] {
            assert!(keeper.sign_in(said).is_none(), "{said}");
        }
        let cookie = keeper.sign_in("open sesame!").unwrap();
        let (pair, rest) = cookie.to_str().unwrap().split_once(';').unwrap();
        assert!(rest.contains("HttpOnly") && rest.contains("SameSite=Strict"));
        let headers = |text: &str| {
            HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(text).unwrap())])
        };
        assert_ne!(keeper.access(&headers(pair)), Access::none());
        assert_eq!(keeper.access(&HeaderMap::new()), Access::none());
        // Its name is a number, and each session has another one.
        let name = |pair: &str| format!("{:?}", keeper.access(&headers(pair)));
        let again = keeper.sign_in("open sesame!").unwrap();
        let (other, _) = again.to_str().unwrap().split_once(';').unwrap();
        assert!(name(pair).contains("keeper 1") && name(other).contains("keeper 2"));
        let secret = pair.strip_prefix("office=").unwrap();
        let parts = secret.as_bytes().windows(4);
        for part in parts.map(|part| std::str::from_utf8(part).unwrap()) {
            assert!(!name(pair).contains(part), "{part}");
        }
        let made_up = "office=0123456789abcdef0123456789abcdef";
        assert_eq!(keeper.access(&headers(made_up)), Access::none());
    }
}
