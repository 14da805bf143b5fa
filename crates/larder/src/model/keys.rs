//! How an object is asked for: its key fields, all or those without a default.

/// What finds an object by its key fields `K`: the one key, a tuple of the keys in the order of their
/// declaration, or the `K` itself. `#[derive(CacheModel)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not make `{K}`: a key field is missing, or of another type",
    label = "not the key fields",
    note = "give the fields marked `#[key]` in the order of their declaration: one value, or a tuple like `(\"bob\", 3)`; those with a default may be left out at the end"
)]
pub trait IntoKeys<K> {
    /// All key fields, defaults filled in.
    fn into_keys(self) -> K;
}

impl<K> IntoKeys<K> for K {
    fn into_keys(self) -> K {
        self
    }
}

impl<K: Clone> IntoKeys<K> for &K {
    fn into_keys(self) -> K {
        self.clone()
    }
}

/// What can stand for a key field of type `T` in a call: the value, a reference to it, `&str` for a
/// `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key field of type `{T}`",
    label = "expected `{T}`, or a reference to it"
)]
pub trait KeyArgument<T> {
    /// The field's value.
    fn into_field(self) -> T;
}

impl<T> KeyArgument<T> for T {
    fn into_field(self) -> T {
        self
    }
}

impl<T: Clone> KeyArgument<T> for &T {
    fn into_field(self) -> T {
        self.clone()
    }
}

macro_rules! borrowed {
    ($($borrowed:ty => $($owned:ty)+;)*) => { $($(
        impl KeyArgument<$owned> for $borrowed {
            fn into_field(self) -> $owned {
                self.into()
            }
        }
    )+)* };
}

borrowed! {
    &str => String Box<str> std::sync::Arc<str>;
    &[u8] => Vec<u8> Box<[u8]> std::sync::Arc<[u8]>;
}
