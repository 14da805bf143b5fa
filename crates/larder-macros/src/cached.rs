//! `#[cached]`: options → model → what is refused → what it becomes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, Item, Result};

mod block;
pub(crate) mod call;
pub(crate) mod companion;
pub(crate) mod function;
mod keep;
pub(crate) mod model;
mod names;
pub(crate) mod options;
mod owned_self;
mod returned;
pub(crate) mod ttl;
pub(crate) mod valid;

use model::{Function, Place};
use options::Options;

/// The function as it was written, cached. What cannot work stays as it is, under an error.
pub(crate) fn expand(options: TokenStream, item: TokenStream) -> TokenStream {
    match try_expand(options, item.clone()) {
        Ok(expanded) => expanded,
        Err(error) => {
            let error = error.into_compile_error();
            quote! { #error #item }
        }
    }
}

fn try_expand(options: TokenStream, item: TokenStream) -> Result<TokenStream> {
    match syn::parse2(item)? {
        Item::Fn(item) => {
            let options: Options = syn::parse2(options)?;
            let function = Function::new(options, item, Place::Alone)?;
            valid::check(&function)?;
            let (cached, companion) = (function::expand(&function), companion::expand(&function));
            Ok(quote! { #cached #companion })
        }
        Item::Impl(item) => block::expand(options, item),
        item => Err(Error::new_spanned(
            item,
            "`cached` stands on a function, a method, or the `impl` block of methods",
        )),
    }
}
