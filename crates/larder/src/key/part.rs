//! What a key can be made of.

use std::borrow::Cow;

use super::{IntoKey, Key, KeyBuilder};
use crate::encoding;

/// One part of a [`Key`].
///
/// Implement it for a type of your own by appending parts that tell its values apart.
///
/// # Example: a newtype in a key
///
/// ```
/// use larder::{Key, KeyBuilder, KeyPart};
///
/// struct UserId(u64);
/// impl KeyPart for UserId {
///     fn append(&self, key: &mut KeyBuilder) {
///         key.push(self.0);
///     }
/// }
/// assert_eq!(Key::new(("user", UserId(7))), Key::new(("user", 7)));
/// ```
pub trait KeyPart {
    /// Appends the part.
    fn append(&self, key: &mut KeyBuilder);
}

impl<T: KeyPart + ?Sized> KeyPart for &T {
    fn append(&self, key: &mut KeyBuilder) {
        (**self).append(key);
    }
}

impl KeyPart for Key {
    fn append(&self, key: &mut KeyBuilder) {
        encoding::key(&mut key.bytes, self.as_bytes());
    }
}

impl<T: KeyPart> KeyPart for Option<T> {
    fn append(&self, key: &mut KeyBuilder) {
        match self {
            None => encoding::null(&mut key.bytes),
            Some(inner) => {
                encoding::some(&mut key.bytes);
                inner.append(key);
            }
        }
    }
}

/// A part that is a key of its own as well.
macro_rules! part {
    ($type:ty, |$value:ident, $out:ident| $body:expr) => {
        impl KeyPart for $type {
            fn append(&self, key: &mut KeyBuilder) {
                let $value = self;
                let $out = &mut key.bytes;
                $body;
            }
        }
        key!($type);
    };
}

macro_rules! key {
    ($type:ty) => {
        impl IntoKey for $type {
            fn into_key<'a>(self) -> Cow<'a, Key>
            where
                Self: 'a,
            {
                Cow::Owned(KeyBuilder::default().part(self).build())
            }
        }
    };
}

macro_rules! ints {
    ($($type:ty)*) => { $(part!($type, |value, out| encoding::int(out, *value as i128));)* };
}

ints!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);
part!(u128, |value, out| encoding::unsigned(out, *value));
part!(bool, |value, out| encoding::bool(out, *value));
part!(char, |value, out| encoding::char(out, *value));
part!(String, |value, out| encoding::text(out, value));
part!(Vec<u8>, |value, out| encoding::bytes(out, value));

impl<const N: usize> KeyPart for [u8; N] {
    fn append(&self, key: &mut KeyBuilder) {
        encoding::bytes(&mut key.bytes, self);
    }
}

impl<const N: usize> IntoKey for [u8; N] {
    fn into_key<'a>(self) -> Cow<'a, Key>
    where
        Self: 'a,
    {
        Cow::Owned(KeyBuilder::default().part(self).build())
    }
}

impl KeyPart for str {
    fn append(&self, key: &mut KeyBuilder) {
        encoding::text(&mut key.bytes, self);
    }
}

impl KeyPart for [u8] {
    fn append(&self, key: &mut KeyBuilder) {
        encoding::bytes(&mut key.bytes, self);
    }
}

key!(&str);
key!(&String);
key!(&[u8]);

macro_rules! tuples {
    ($($count:literal: $($name:ident $index:tt),+;)*) => { $(
        impl<$($name: KeyPart),+> IntoKey for ($($name,)+) {
            fn into_key<'a>(self) -> Cow<'a, Key> where Self: 'a {
                Cow::Owned(KeyBuilder::default()$(.part(self.$index))+.build())
            }
        }

        /// Inside another key a tuple stays one part: `(("a", "b"), "c")` is not `("a", "b", "c")`.
        impl<$($name: KeyPart),+> KeyPart for ($($name,)+) {
            fn append(&self, key: &mut KeyBuilder) {
                encoding::list(&mut key.bytes, $count);
                $(self.$index.append(key);)+
            }
        }
    )* };
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}
