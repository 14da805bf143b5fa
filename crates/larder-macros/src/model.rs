//! `#[derive(CacheModel)]`: what is written on the struct (`attr.rs`), what it says (`input.rs`),
//! whether that can work (`valid.rs`), what it becomes (`expand.rs`).

use proc_macro2::TokenStream;

mod attr;
mod expand;
mod input;
mod valid;

use input::Model;

pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let derived = syn::parse2(input)
        .and_then(|input| Model::of(&input))
        .and_then(|model| {
            valid::check(&model)?;
            Ok(expand::expand(&model))
        });
    derived.unwrap_or_else(|error| error.to_compile_error())
}
