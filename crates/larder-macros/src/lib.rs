//! The attributes and derives of larder. Use them through the crate `larder`, which they name in
//! what they expand to, and which describes them: examples here would need a larder that is built for
//! the compiler's machine.

use proc_macro::TokenStream;

mod cached;
mod form;
mod model;

/// (The attribute is used as `larder::cached`.)
#[proc_macro_attribute]
pub fn cached(options: TokenStream, item: TokenStream) -> TokenStream {
    cached::expand(options.into(), item.into()).into()
}

/// (The attribute is used as `larder::cached_form`.)
#[proc_macro_attribute]
pub fn cached_form(options: TokenStream, item: TokenStream) -> TokenStream {
    form::expand(options.into(), item.into()).into()
}

/// Makes a struct a cache model: see the trait `larder::CacheModel` for all that may be said on the
/// struct and on its fields.
#[proc_macro_derive(CacheModel, attributes(cache, key, binary))]
pub fn cache_model(input: TokenStream) -> TokenStream {
    model::derive(input.into()).into()
}
