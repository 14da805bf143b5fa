//! What a function returns, as far as caching it goes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Error, GenericArgument, PathArguments, Result, ReturnType, Type};

use super::names;

/// What a function returns.
pub(crate) struct Returned {
    /// All of it.
    pub(crate) ty: Type,
    /// What is cached of it: the inside of a `Result`'s `Ok`, else all.
    pub(crate) value: TokenStream,
    /// Whether it is a `Result`, whose errors are not cached.
    pub(crate) fallible: bool,
    /// Whether the value is an `Option`, whose `None` says that there is nothing.
    pub(crate) optional: bool,
    /// Whether the value is an `Arc`, which is not cloned in depth.
    pub(crate) shared: bool,
}

impl Returned {
    pub(crate) fn new(output: &ReturnType) -> Result<Returned> {
        let ty: Type = match output {
            ReturnType::Default => syn::parse_quote! { () },
            ReturnType::Type(_, ty) => (**ty).clone(),
        };
        if let Type::ImplTrait(_) = ty {
            return Err(Error::new_spanned(
                ty,
                "a cached function cannot return `impl Trait`: what is kept needs a type with a name",
            ));
        }
        if let Some(borrow) = names::first_borrow(&ty) {
            return Err(Error::new(
                borrow,
                "a cached function cannot return a borrow, because what is kept outlives the call: return a value that owns what it holds, or an `Arc`",
            ));
        }
        let fallible = names::last_is(&ty, "Result");
        let inside = first_argument(&ty).filter(|_| fallible);
        let optional = names::last_is(inside.unwrap_or(&ty), "Option");
        let shared = names::last_is(inside.unwrap_or(&ty), "Arc");
        let value = match (fallible, inside, arguments(&ty)) {
            (false, ..) => ty.to_token_stream(),
            // The standard library's own: its value is the first argument.
            (true, Some(value), 2) => value.to_token_stream(),
            (true, ..) => quote! { <#ty as ::larder::__private::v1::function::Fallible>::Value },
        };
        Ok(Returned {
            ty,
            value,
            fallible,
            optional,
            shared,
        })
    }
}

fn arguments(ty: &Type) -> usize {
    match ty {
        Type::Path(path) => match path.path.segments.last().map(|last| &last.arguments) {
            Some(PathArguments::AngleBracketed(args)) => args.args.len(),
            _ => 0,
        },
        _ => 0,
    }
}

fn first_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let PathArguments::AngleBracketed(args) = &path.path.segments.last()?.arguments else {
        return None;
    };
    args.args.iter().find_map(|arg| match arg {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}
