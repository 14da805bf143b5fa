//! Keys: identities of entries, made of typed parts.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::encoding::{self, Bytes, Part, Parts};

mod named;
mod opaque;
mod part;
mod typed;

pub use opaque::OPAQUE_BYTES_MAX;
pub use part::KeyPart;
pub use typed::TYPED_BYTES_MAX;

/// A text that takes so many bytes, and says no to the rest.
struct Start {
    text: String,
    bytes_max: usize,
}

impl fmt::Write for Start {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let room = self.bytes_max - self.text.len();
        let end = more.floor_char_boundary(room);
        self.text.push_str(&more[..end]);
        match end == more.len() {
            true => Ok(()),
            false => Err(fmt::Error),
        }
    }
}

/// The identity of an entry: a sequence of typed parts.
///
/// Parts are encoded with their type and length, so different sequences never give equal
/// keys. Integers of every width are one type; so are `&str` and `String`. Parts with names, whose
/// order does not matter, are made by [`key!`](crate::key!).
///
/// # Example: what is equal and what is not
///
/// ```
/// use larder::Key;
///
/// assert_eq!(Key::new(("product", 2u8)), Key::new((String::from("product"), 2i64)));
/// assert_ne!(Key::new(("product", 2)), Key::new(("product", "2")));
/// assert_ne!(Key::new(("a", "bc")), Key::new(("ab", "c")));
/// assert_ne!(Key::new(true), Key::new(1));
/// ```
#[derive(Clone)]
pub struct Key {
    hash: u64,
    bytes: Bytes,
}

impl Key {
    /// Builds a key once, to be used many times.
    pub fn new(parts: impl IntoKey) -> Key {
        parts.into_key().into_owned()
    }

    /// Starts a key that is built part by part.
    pub fn builder() -> KeyBuilder {
        KeyBuilder::default()
    }

    /// The encoded parts. Equal keys have equal bytes, different keys different ones.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// All parts with their values, for `explain` and for debugging: values may be personal data.
    pub fn readable(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encoding::write_parts(&mut text, &self.bytes, 0);
        text
    }

    /// The first so many bytes of the [readable](Key::readable) form, with an ellipsis where there is more.
    /// However long the key is, it costs no more than what is shown.
    ///
    /// ```
    /// use larder::Key;
    ///
    /// let key = Key::new(("product", "x".repeat(1 << 20)));
    /// assert_eq!(key.readable_start(16), "('product', 'xxx…");
    /// assert_eq!(Key::new("a").readable_start(16), "('a')");
    /// ```
    pub fn readable_start(&self, bytes_max: usize) -> String {
        let mut start = Start {
            text: String::new(),
            bytes_max,
        };
        if encoding::write_parts(&mut start, &self.bytes, 0).is_err() {
            start.text.push('…');
        }
        start.text
    }

    /// The first part, if it is text: by convention what kind of thing the key names.
    pub fn first_text(&self) -> Option<&str> {
        match Parts::new(&self.bytes).next() {
            Some(Part::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// How many parts it has.
    ///
    /// ```
    /// assert_eq!(larder::Key::new(("product", 7)).depth(), 2);
    /// ```
    pub fn depth(&self) -> usize {
        encoding::ends(&self.bytes).count()
    }

    /// The encoded first parts: one, two, and so on, without all of them.
    pub(crate) fn above(&self) -> impl Iterator<Item = &[u8]> {
        encoding::ends(&self.bytes)
            .filter(|end| *end < self.bytes.len())
            .map(|end| &self.bytes[..end])
    }

    /// The key with these encoded parts; nothing if they are none.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Key> {
        let whole = encoding::ends(bytes).last().unwrap_or(0) == bytes.len();
        whole.then(|| {
            KeyBuilder {
                bytes: bytes.into(),
            }
            .build()
        })
    }

    pub(crate) fn hash_value(&self) -> u64 {
        self.hash
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.hash == other.hash && self.bytes == other.bytes
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Shows the first text and a hash; never the values, which may be personal data.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// Shows the first text and a hash; never the values, which may be personal data.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// Longer first texts are cut: they are data rather than the name of a kind.
        const SHOWN_CHARS_MAX: usize = 48;
        if let Some(text) = self.first_text() {
            for shown in text.chars().take(SHOWN_CHARS_MAX) {
                write!(f, "{}", shown.escape_debug())?;
            }
        }
        write!(f, "#{:08x}", self.hash as u32)
    }
}

/// Builds a [`Key`] part by part, without heap allocation for keys of ordinary length.
///
/// ```
/// use larder::Key;
///
/// let key = Key::builder().text("product").int(123).build();
/// assert_eq!(key, Key::new(("product", 123)));
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeyBuilder {
    pub(crate) bytes: Bytes,
}

impl KeyBuilder {
    /// Appends text.
    #[must_use]
    pub fn text(mut self, value: &str) -> Self {
        encoding::text(&mut self.bytes, value);
        self
    }

    /// Appends an integer.
    #[must_use]
    pub fn int(mut self, value: impl Into<i128>) -> Self {
        encoding::int(&mut self.bytes, value.into());
        self
    }

    /// Appends bytes.
    #[must_use]
    pub fn bytes(mut self, value: &[u8]) -> Self {
        encoding::bytes(&mut self.bytes, value);
        self
    }

    /// Appends the absence of a value.
    #[must_use]
    pub fn null(mut self) -> Self {
        encoding::null(&mut self.bytes);
        self
    }

    /// Appends a truth value.
    #[must_use]
    pub fn bool(mut self, value: bool) -> Self {
        encoding::bool(&mut self.bytes, value);
        self
    }

    /// Appends a floating-point number by its bits: `0.0` and `-0.0` differ, a NaN equals itself.
    #[must_use]
    pub fn real(mut self, value: f64) -> Self {
        encoding::real(&mut self.bytes, value.to_bits());
        self
    }

    /// Appends any part.
    #[must_use]
    pub fn part(mut self, part: impl KeyPart) -> Self {
        part.append_one(&mut self);
        self
    }

    /// Appends any part in place, for loops and for [`KeyPart`] implementations.
    pub fn push(&mut self, part: impl KeyPart) {
        part.append_one(self);
    }

    /// Appends one text, given in pieces.
    pub(crate) fn name(mut self, pieces: &[&str]) -> Self {
        encoding::joined(&mut self.bytes, pieces);
        self
    }

    /// Announces that the next `count` parts are one.
    pub(crate) fn list(mut self, count: usize) -> Self {
        encoding::list(&mut self.bytes, count);
        self
    }

    /// Ends the key and computes its hash.
    #[must_use]
    pub fn build(self) -> Key {
        Key {
            hash: encoding::hash(&self.bytes),
            bytes: self.bytes,
        }
    }
}

/// What can be a key: one part, a tuple of up to twelve parts, or a [`Key`] built before.
///
/// A type of your own becomes part of a key by [`KeyPart`]; alone, wrap it as `(mine,)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache key",
    note = "use a text, an integer, a tuple of such parts like `(\"product\", 123)`, or a `larder::Key`"
)]
pub trait IntoKey {
    /// The key; borrowed if it was built before.
    fn into_key<'a>(self) -> Cow<'a, Key>
    where
        Self: 'a;
}

impl IntoKey for Key {
    fn into_key<'a>(self) -> Cow<'a, Key>
    where
        Self: 'a,
    {
        Cow::Owned(self)
    }
}

impl IntoKey for &Key {
    fn into_key<'a>(self) -> Cow<'a, Key>
    where
        Self: 'a,
    {
        Cow::Borrowed(self)
    }
}

impl IntoKey for Cow<'_, Key> {
    fn into_key<'a>(self) -> Cow<'a, Key>
    where
        Self: 'a,
    {
        self
    }
}

#[cfg(test)]
mod tests;
