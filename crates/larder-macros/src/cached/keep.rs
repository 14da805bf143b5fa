//! How an argument is kept for a load, which outlives the caller.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, GenericArgument, Ident, PathArguments, Result, Type};

use super::names;

/// How an argument comes into a load and what it is there.
#[derive(Clone, Copy)]
pub(crate) enum Keep {
    /// It is moved into it.
    Moved,
    /// A borrow: a copy is moved into it, and lent.
    Borrowed,
    /// An option of a borrow: the same for what is inside.
    MaybeBorrowed,
}

impl Keep {
    pub(crate) fn of(ty: &Type) -> Result<Keep> {
        if let Type::Reference(reference) = ty {
            if reference.mutability.is_some() {
                return Err(Error::new_spanned(
                    ty,
                    "a `&mut` argument is changed by the call, and a result that comes from the cache changes nothing: take `&` or a value",
                ));
            }
            Keep::refuse_borrows(&reference.elem)?;
            // What lives for ever needs no copy.
            let forever = reference.lifetime.as_ref();
            return Ok(match forever.is_some_and(|named| named.ident == "static") {
                true => Keep::Moved,
                false => Keep::Borrowed,
            });
        }
        if let Some(Type::Reference(reference)) = inside_option(ty)
            && reference.mutability.is_none()
        {
            Keep::refuse_borrows(&reference.elem)?;
            return Ok(Keep::MaybeBorrowed);
        }
        Keep::refuse_borrows(ty)?;
        Ok(Keep::Moved)
    }

    fn refuse_borrows(ty: &Type) -> Result<()> {
        match names::first_borrow(ty) {
            None => Ok(()),
            Some(borrow) => Err(Error::new(
                borrow,
                "this borrow cannot be kept for a load, which may outlive the caller: take a plain `&T` or `Option<&T>` whose `T` borrows nothing, or a value that owns what it holds",
            )),
        }
    }

    /// The copy of the argument that a load takes with it, if it is not moved itself.
    pub(crate) fn copy(self, value: &TokenStream, ty: &Type) -> Option<TokenStream> {
        let span = ty.span();
        match self {
            Keep::Moved => None,
            Keep::Borrowed => {
                Some(quote_spanned! {span=> ::larder::__private::v1::function::keep(#value) })
            }
            Keep::MaybeBorrowed => Some(quote_spanned! {span=>
                ::core::option::Option::map(#value, |value| ::larder::__private::v1::function::keep(value))
            }),
        }
    }

    /// The argument again, inside the load.
    pub(crate) fn lend(self, kept: &Ident) -> TokenStream {
        match self {
            Keep::Moved => quote! { #kept },
            Keep::Borrowed => quote! { ::core::borrow::Borrow::borrow(&#kept) },
            Keep::MaybeBorrowed => quote! {
                ::core::option::Option::map(
                    ::core::option::Option::as_ref(&#kept),
                    |value| ::core::borrow::Borrow::borrow(value),
                )
            },
        }
    }

    /// Its type inside the load: a borrow is shorter there.
    pub(crate) fn ty(self, ty: &Type) -> Type {
        match self {
            Keep::MaybeBorrowed => inside_option(ty)
                .map(|inside| {
                    let inside = names::without_outer_lifetime(inside);
                    syn::parse_quote! { ::core::option::Option<#inside> }
                })
                .unwrap_or_else(|| ty.clone()),
            _ => names::without_outer_lifetime(ty),
        }
    }
}

fn inside_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(args) = &segment.arguments else {
        return None;
    };
    match (segment.ident == "Option", args.args.first()) {
        (true, Some(GenericArgument::Type(inside))) => Some(inside),
        _ => None,
    }
}
