//! Keys and tags as text that a link or a form can carry.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Key;
use crate::error::{Error, Result};
use crate::tag::Tag;

/// A longer text is refused before it is decoded: no link is that long.
pub const OPAQUE_BYTES_MAX: usize = 48 * 1024;

impl Key {
    /// The key as text made of letters, digits, `-` and `_`, which a link or a form carries as it is.
    /// It hides nothing: whoever has it can read the key.
    ///
    /// ```
    /// use larder::Key;
    ///
    /// # fn main() -> larder::Result<()> {
    /// let key = Key::new(("product", 123));
    /// assert_eq!(Key::from_opaque(&key.to_opaque())?, key);
    /// assert!(Key::from_opaque("no key").is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_opaque(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.as_bytes())
    }

    /// The key that [`to_opaque`](Key::to_opaque) gave this text for.
    ///
    /// # Errors
    ///
    /// The text is none of these, or longer than [`OPAQUE_BYTES_MAX`].
    pub fn from_opaque(text: &str) -> Result<Key> {
        bytes_of(text)
            .and_then(|bytes| Key::decode(&bytes))
            .ok_or_else(|| Error::config("the text stands for no key"))
    }
}

impl Tag {
    /// The tag as text made of letters, digits, `-` and `_`, which a link or a form carries as it is.
    pub fn to_opaque(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.as_bytes())
    }

    /// The tag that [`to_opaque`](Tag::to_opaque) gave this text for. A text that somebody has made up
    /// may be taken for a tag that nothing carries.
    ///
    /// # Errors
    ///
    /// The text is none of these, or longer than [`OPAQUE_BYTES_MAX`].
    pub fn from_opaque(text: &str) -> Result<Tag> {
        bytes_of(text)
            .and_then(|bytes| Tag::decode(&bytes))
            .ok_or_else(|| Error::config("the text stands for no tag"))
    }
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    if text.len() > OPAQUE_BYTES_MAX {
        return None;
    }
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn every_key_comes_back_from_its_text() {
        let keys = [
            Key::new(()),
            Key::new("a"),
            Key::new(("<script>", -1, 1.5, true, "\u{202e}")),
            Key::new((vec![0_u8, 255], (1, "deep"), Some(7))),
            Key::new("x".repeat(9_000)),
        ];
        for key in keys {
            let text = key.to_opaque();
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            assert!(text.bytes().all(plain), "{text}");
            assert_eq!(Key::from_opaque(&text).unwrap(), key);
        }
    }

    #[test]
    fn every_tag_comes_back_from_its_text() {
        let track = Tag::table("shop", "track");
        let rows = Tag::shape(&track, &Shape::any_row(), &[]);
        for tag in [Tag::namespace(), Tag::root(""), track, rows, Tag::tree("a")] {
            assert_eq!(Tag::from_opaque(&tag.to_opaque()).unwrap(), tag);
        }
    }

    #[test]
    fn what_is_no_key_is_a_clear_error() {
        // No part begins with 0xff; a text of three bytes that announces nine; not of the alphabet.
        let bad = [
            "_w",
            "BwlhYmM",
            "!",
            "ä",
            "a b",
            &"A".repeat(OPAQUE_BYTES_MAX + 1),
        ];
        for text in bad {
            let error = Key::from_opaque(text).unwrap_err();
            assert!(error.is_config() && error.to_string().contains("stands for no key"));
        }
        for text in ["", "_w", "!"] {
            assert!(Tag::from_opaque(text).is_err(), "{text}");
        }
    }
}
