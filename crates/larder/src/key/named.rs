//! Parts with names, in any order.

use smallvec::SmallVec;

use super::{KeyBuilder, KeyPart};
use crate::encoding;

/// A [`Key`](crate::Key) of parts: those without a name first, in their order, then those with a
/// name, whose order does not matter.
///
/// Named parts together are one part of the key, the last one: below `"ship"` are all keys with
/// names, and none of these is below another. A name that stands twice is refused by the compiler.
///
/// # Example: names in any order
///
/// ```
/// use larder::{Key, key};
///
/// let (weight, country) = (20, "ch");
/// let ship = key!("ship", weight = weight, country = country);
/// assert_eq!(ship, key!("ship", country = "ch", weight = 20));
///
/// assert_ne!(ship, key!("ship", country = "ch"));
/// assert_ne!(ship, key!("ship", weight = "20", country = "ch"));
/// assert_ne!(key!("ship", weight = 20), Key::new(("ship", ("weight", 20))));
/// assert_eq!(key!("product", 123), Key::new(("product", 123)));
/// assert_eq!(ship.readable(), "('ship', (country='ch', weight=20))");
/// ```
///
/// # Example: a name twice
///
/// ```compile_fail
/// larder::key!("ship", weight = 1, weight = 2);
/// ```
#[macro_export]
macro_rules! key {
    (@parts $key:ident) => {};
    (@parts $key:ident $($name:ident = $value:expr),+ $(,)?) => {
        const { $crate::KeyBuilder::assert_names_differ(&[$(::core::stringify!($name)),+]) };
        $key = $key.named([$((::core::stringify!($name), &$value as &dyn $crate::KeyPart)),+]);
    };
    (@parts $key:ident $name:ident = $value:expr, $($rest:tt)*) => {
        ::core::compile_error!("in a key, parts without a name come before those with one")
    };
    (@parts $key:ident $part:expr $(, $($rest:tt)*)?) => {
        $key = $key.part(&$part);
        $crate::key!(@parts $key $($($rest)*)?);
    };
    ($($parts:tt)*) => {{
        #[allow(unused_mut)]
        let mut key = $crate::Key::builder();
        $crate::key!(@parts key $($parts)*);
        key.build()
    }};
}

impl KeyBuilder {
    /// Appends parts with names as one part. Their order does not matter; of a name that stands
    /// more than once each part counts, in their order.
    #[must_use]
    pub fn named<'a>(
        mut self,
        parts: impl IntoIterator<Item = (&'a str, &'a dyn KeyPart)>,
    ) -> Self {
        let mut parts: SmallVec<[(&str, &dyn KeyPart); 8]> = parts.into_iter().collect();
        for (name, _) in &mut parts {
            *name = name.strip_prefix("r#").unwrap_or(name);
        }
        // Stable: equal names keep their order.
        parts.sort_by_key(|(name, _)| *name);
        encoding::named(&mut self.bytes, parts.len());
        for (name, part) in parts {
            encoding::text(&mut self.bytes, name);
            part.append_one(&mut self);
        }
        self
    }

    /// For [`key!`](crate::key!).
    #[doc(hidden)]
    pub const fn assert_names_differ(names: &[&str]) {
        let mut left = 0;
        while left < names.len() {
            let mut right = left + 1;
            while right < names.len() {
                assert!(
                    !same(names[left].as_bytes(), names[right].as_bytes()),
                    "a name stands in this key twice"
                );
                right += 1;
            }
            left += 1;
        }
    }
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}
