//! What a key can be made of.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZero;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{IntoKey, Key, KeyBuilder};
use crate::encoding;

/// One part of a [`Key`].
///
/// Parts are equal if their types are of one kind and their values are equal:
///
/// | kind | types |
/// |---|---|
/// | integer | all widths, `NonZero` |
/// | text | `str`, `String` |
/// | bytes | `[u8]`, `Vec<u8>`, `[u8; N]`: of a UUID give `as_bytes()` |
/// | number with a fraction | `f64` and `f32`, by their bits: `0.0` is not `-0.0`, a NaN is itself, `1.0` is not `1` |
/// | several parts as one | tuples, `()`, and slices, vectors and arrays of anything but bytes |
/// | one of its own each | `bool`, `char`, `Option`, [`Key`], `Duration`, `SystemTime`, addresses |
///
/// What points to a part, such as `&T`, `Box`, `Arc` and `Cow`, is that part.
///
/// Implement it for a type of your own by appending parts that tell its values apart. A type that
/// appends one is that part; one that appends several, or none, is a tuple of them: one part all
/// the same, which no tuple that spells them separately equals.
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
///
/// # Example: several parts are one
///
/// ```
/// use larder::{Key, KeyBuilder, KeyPart};
///
/// struct Range(u64, u64);
/// impl KeyPart for Range {
///     fn append(&self, key: &mut KeyBuilder) {
///         key.push(self.0);
///         key.push(self.1);
///     }
/// }
/// assert_eq!(Key::new(("page", Range(1, 9))), Key::new(("page", (1, 9))));
/// assert_ne!(Key::new(("page", Range(1, 9))), Key::new(("page", 1, 9)));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a part of a key",
    note = "implement `larder::KeyPart` for it, by appending parts that tell its values apart"
)]
pub trait KeyPart {
    /// Appends the part, or what it is made of, by [`KeyBuilder::push`]: called directly, `append`
    /// of a part that is made of several gives them one by one.
    fn append(&self, key: &mut KeyBuilder);

    /// Appends it as one part, whatever it is made of.
    #[doc(hidden)]
    fn append_one(&self, key: &mut KeyBuilder) {
        let start = key.bytes.len();
        self.append(key);
        encoding::close(&mut key.bytes, start);
    }

    /// Appends many of the type as one part.
    #[doc(hidden)]
    fn append_slice(slice: &[Self], key: &mut KeyBuilder)
    where
        Self: Sized,
    {
        encoding::list(&mut key.bytes, slice.len());
        for part in slice {
            part.append_one(key);
        }
    }
}

/// Of a type that appends one part by itself.
macro_rules! one {
    () => {
        fn append_one(&self, key: &mut KeyBuilder) {
            self.append(key);
        }
    };
}

/// What points to a part is that part.
macro_rules! pointers {
    ($($type:ty)*) => { $(
        impl<T: KeyPart + ?Sized> KeyPart for $type {
            fn append(&self, key: &mut KeyBuilder) {
                (**self).append(key);
            }

            fn append_one(&self, key: &mut KeyBuilder) {
                (**self).append_one(key);
            }
        }
    )* };
}

pointers!(&T &mut T Box<T> Rc<T> Arc<T>);

impl<T: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, T> {
    fn append(&self, key: &mut KeyBuilder) {
        (**self).append(key);
    }

    fn append_one(&self, key: &mut KeyBuilder) {
        (**self).append_one(key);
    }
}

impl<T: KeyPart> KeyPart for [T] {
    fn append(&self, key: &mut KeyBuilder) {
        T::append_slice(self, key);
    }

    one!();
}

impl<T: KeyPart, const N: usize> KeyPart for [T; N] {
    fn append(&self, key: &mut KeyBuilder) {
        T::append_slice(self, key);
    }

    one!();
}

impl<T: KeyPart> KeyPart for Vec<T> {
    fn append(&self, key: &mut KeyBuilder) {
        T::append_slice(self, key);
    }

    one!();
}

impl KeyPart for Key {
    fn append(&self, key: &mut KeyBuilder) {
        encoding::key(&mut key.bytes, self.as_bytes());
    }

    one!();
}

impl<T: KeyPart> KeyPart for Option<T> {
    fn append(&self, key: &mut KeyBuilder) {
        match self {
            None => encoding::null(&mut key.bytes),
            Some(inner) => {
                encoding::some(&mut key.bytes);
                inner.append_one(key);
            }
        }
    }

    one!();
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

            one!();
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

ints!(i8 i16 i32 i64 i128 isize u16 u32 u64 usize);
part!(u128, |value, out| encoding::unsigned(out, *value));

impl KeyPart for u8 {
    fn append(&self, key: &mut KeyBuilder) {
        encoding::int(&mut key.bytes, i128::from(*self));
    }

    one!();

    fn append_slice(slice: &[u8], key: &mut KeyBuilder) {
        encoding::bytes(&mut key.bytes, slice);
    }
}

macro_rules! nonzero {
    ($($type:ty)*) => { $(part!(NonZero<$type>, |value, out| encoding::int(out, value.get() as i128));)* };
}

nonzero!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);
part!(NonZero<u128>, |value, out| encoding::unsigned(
    out,
    value.get()
));
part!(f64, |value, out| encoding::real(out, value.to_bits()));
part!(f32, |value, out| encoding::real(out, widened(*value)));
part!(Duration, |value, out| encoding::duration(out, *value));
part!(SystemTime, |value, out| encoding::time(out, nanos(*value)));
part!(IpAddr, |value, out| encoding::address(out, *value));
part!(Ipv4Addr, |value, out| encoding::address(
    out,
    (*value).into()
));
part!(Ipv6Addr, |value, out| encoding::address(
    out,
    (*value).into()
));
part!(bool, |value, out| encoding::bool(out, *value));
part!(char, |value, out| encoding::char(out, *value));
part!(String, |value, out| encoding::text(out, value));

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

    one!();
}

/// No part.
impl KeyPart for () {
    fn append(&self, key: &mut KeyBuilder) {
        encoding::list(&mut key.bytes, 0);
    }

    one!();
}

/// The key without parts, above all others.
impl IntoKey for () {
    fn into_key<'a>(self) -> Cow<'a, Key>
    where
        Self: 'a,
    {
        Cow::Owned(KeyBuilder::default().build())
    }
}

key!(u8);
key!(&str);
key!(&String);
key!(Box<str>);
key!(Rc<str>);
key!(Arc<str>);
key!(Cow<'_, str>);
key!(Vec<u8>);
key!(&[u8]);

/// The bits of the `f64` with the same value, and of a NaN with the same bits: what a conversion
/// makes of a NaN is up to the machine.
fn widened(value: f32) -> u64 {
    if !value.is_nan() {
        return f64::from(value).to_bits();
    }
    let bits = u64::from(value.to_bits());
    let sign = (bits >> 31) << 63;
    let fraction = (bits & 0x007f_ffff) << 29;
    sign | 0x7ff0_0000_0000_0000 | fraction
}

fn nanos(time: SystemTime) -> i128 {
    // No platform's time has more than 96 bits of nanoseconds.
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

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
                $(self.$index.append_one(key);)+
            }

            one!();
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
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
