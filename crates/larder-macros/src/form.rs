//! `#[cached_form]`: a method that cleans its form, and then is one that is cached.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Ident, ItemFn, ReceiverKind, Result, Visibility};

use crate::cached::call::ours;
use crate::cached::model::{Function, Place};
use crate::cached::options::Options;
use crate::cached::{companion, function, valid};

/// The method as it was written, with its form cleaned and its results cached. What cannot work
/// stays as it is, under an error.
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
    let options: Options = syn::parse2(options)?;
    let written: ItemFn = syn::parse2(item.clone())
        .map_err(|_| Error::new_spanned(item, "`cached_form` stands on a method of a form"))?;
    // What is cached is a method of its own, on a form that is clean.
    let mut inner = written.clone();
    inner.attrs = Vec::new();
    inner.vis = Visibility::Inherited;
    inner.sig.ident = format_ident!("__clean_{}", written.sig.ident);
    let mut inner = Function::new(options, inner, Place::Alone)?;
    inner.shown = written.sig.ident.to_string();
    check(&inner, &written)?;
    valid::check(&inner)?;
    let (cached, companion) = (function::expand(&inner), companion::members(&inner));
    let outer = outer(&written, &inner);
    let beside = beside(&written, &inner);
    Ok(quote! {
        #outer
        #[doc(hidden)]
        #cached
        #companion
        #beside
    })
}

fn check(inner: &Function, written: &ItemFn) -> Result<()> {
    let by_itself = |own: &crate::cached::model::Own| {
        matches!(
            own.receiver.kind,
            ReceiverKind::Value | ReceiverKind::Reference(..)
        )
    };
    match &inner.receiver {
        None => Err(Error::new_spanned(
            &written.sig.ident,
            "`cached_form` stands on a method, which takes the form as `&self` or `self`",
        )),
        Some(own) if !by_itself(own) => Err(Error::new_spanned(
            &own.receiver,
            "a form is taken as `&self` or `self`",
        )),
        Some(_) if !inner.returned.fallible => Err(Error::new_spanned(
            &inner.returned.ty,
            "a form that is not valid has no result: return `Result<…, larder::FormError<…>>`, or a `Result` whose error is `larder::FromInvalid`",
        )),
        Some(_) => Ok(()),
    }
}

/// `&form` or `form`, as the method takes it.
fn lent(inner: &Function, form: &Ident) -> TokenStream {
    match inner.receiver.as_ref().map(|own| &own.receiver.kind) {
        Some(ReceiverKind::Value) => quote! { #form },
        _ => quote! { &#form },
    }
}

fn args(inner: &Function) -> Vec<&Ident> {
    inner.args.iter().map(|arg| &arg.ident).collect()
}

/// The method itself.
fn outer(written: &ItemFn, inner: &Function) -> TokenStream {
    let (attrs, vis) = (&written.attrs, &written.vis);
    let sig = function::plain_signature(&written.sig);
    let body = after_cleaning(inner, &inner.sig.ident);
    quote! {
        #(#attrs)*
        #vis #sig { #body }
    }
}

/// Cleans the form and makes a call on it, or says why not.
fn after_cleaning(inner: &Function, callee: &Ident) -> TokenStream {
    let [form, errors] = ["__form", "__errors"].map(ours);
    let (lent, args, awaited) = (lent(inner, &form), args(inner), inner.awaited());
    let span = inner.returned.ty.span();
    let own = match inner.receiver.as_ref().map(|own| &own.receiver.kind) {
        Some(ReceiverKind::Value) => quote! { &self },
        _ => quote! { self },
    };
    let failed = quote_spanned! {span=>
        ::core::result::Result::Err(::larder::FromInvalid::invalid(#errors))
    };
    quote! {
        let #form = match ::larder::__private::v1::function::clean(#own) {
            ::core::result::Result::Ok(#form) => #form,
            ::core::result::Result::Err(#errors) => return #failed,
        };
        Self::#callee(#lent, #(#args),*) #awaited
    }
}

/// The companion: for the form that is clean, and for one that is not valid nothing.
fn beside(written: &ItemFn, inner: &Function) -> TokenStream {
    let (vis, sig) = (&written.vis, &written.sig);
    let (generics, _, bounds) = sig.generics.split_for_impl();
    let asyncness = &sig.asyncness;
    let awaited = inner.awaited();
    let [form, cache, value] = ["__form", "cache", "value"].map(ours);
    let lent = lent(inner, &form);
    let kept = &inner.returned.value;
    let found = inner.args.iter().filter(|arg| arg.found_by);
    let params: Vec<TokenStream> = found
        .clone()
        .map(|arg| {
            let (ident, ty) = (&arg.ident, &arg.ty);
            quote! { #ident: #ty }
        })
        .collect();
    let args: Vec<&Ident> = found.map(|arg| &arg.ident).collect();
    let name = |act: &str| format_ident!("{}_{}", sig.ident, act, span = sig.ident.span());
    let of_clean = |act: &str| format_ident!("{}_{}", inner.sig.ident, act);
    let [get, invalidate, all, prime, refresh] =
        ["get", "invalidate", "invalidate_all", "prime", "refresh"].map(name);
    let [
        clean_get,
        clean_invalidate,
        clean_all,
        clean_prime,
        clean_refresh,
    ] = ["get", "invalidate", "invalidate_all", "prime", "refresh"].map(of_clean);
    let refreshed = after_cleaning(inner, &clean_refresh);
    let refresh_sig = {
        let mut sig = function::plain_signature(sig);
        sig.ident = refresh;
        sig
    };
    let cleaned = |act: TokenStream, otherwise: TokenStream| {
        quote! {
            match ::larder::__private::v1::function::clean(self) {
                ::core::result::Result::Ok(#form) => { #act #awaited }
                ::core::result::Result::Err(_) => #otherwise,
            }
        }
    };
    let nothing = quote! { ::core::result::Result::Ok(::core::option::Option::None) };
    let done = quote! { ::core::result::Result::Ok(()) };
    let got = cleaned(
        quote! { Self::#clean_get(#lent, #cache, #(#args),*) },
        nothing,
    );
    let invalidated = cleaned(
        quote! { Self::#clean_invalidate(#lent, #cache, #(#args),*) },
        done.clone(),
    );
    let primed = cleaned(
        quote! { Self::#clean_prime(#lent, #cache, #(#args,)* #value) },
        done,
    );
    let shown = &inner.shown;
    let get_doc = format!("What is kept of `{shown}` on this form, cleaned. Never runs it.");
    let invalidate_doc = format!("Drops what is kept of `{shown}` on this form, cleaned.");
    let all_doc = format!("Drops what is kept of `{shown}` on all forms.");
    let prime_doc =
        format!("Keeps this as the result of `{shown}` on this form, cleaned, if it is valid.");
    let refresh_doc =
        format!("Drops what is kept of `{shown}` on this form, cleaned, and makes the call.");
    quote! {
        #[doc = #get_doc]
        #[allow(dead_code, clippy::too_many_arguments)]
        #vis #asyncness fn #get #generics(&self, #cache: &::larder::Cache, #(#params),*)
            -> ::larder::Result<::core::option::Option<#kept>> #bounds
        {
            #got
        }

        #[doc = #invalidate_doc]
        #[allow(dead_code, clippy::too_many_arguments)]
        #vis #asyncness fn #invalidate #generics(&self, #cache: &::larder::Cache, #(#params),*)
            -> ::larder::Result<()> #bounds
        {
            #invalidated
        }

        #[doc = #all_doc]
        #[allow(dead_code)]
        #vis #asyncness fn #all(#cache: &::larder::Cache) -> ::larder::Result<()> {
            Self::#clean_all(#cache) #awaited
        }

        #[doc = #prime_doc]
        #[allow(dead_code, clippy::too_many_arguments)]
        #vis #asyncness fn #prime #generics(&self, #cache: &::larder::Cache, #(#params,)* #value: #kept)
            -> ::larder::Result<()> #bounds
        {
            #primed
        }

        #[doc = #refresh_doc]
        #[allow(dead_code, clippy::too_many_arguments)]
        #vis #refresh_sig { #refreshed }
    }
}
