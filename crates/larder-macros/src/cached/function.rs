//! The function itself, cached.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Ident, Pat, Signature, Token};

use super::call::ours;
use super::keep::Keep;
use super::model::Function;
use super::{names, owned_self};

/// The function with a cache in front of its body.
pub(crate) fn expand(function: &Function) -> TokenStream {
    let Function { attrs, vis, .. } = function;
    let sig = plain_signature(&function.sig);
    let body = body(function);
    quote! {
        #(#attrs)*
        #vis #sig { #body }
    }
}

/// The signature without the `mut` of arguments, which is the body's own affair.
pub(crate) fn plain_signature(sig: &Signature) -> Signature {
    let mut sig = sig.clone();
    for input in &mut sig.inputs {
        match input {
            FnArg::Receiver(receiver) => receiver.mutability = None,
            FnArg::Typed(typed) => {
                if let Pat::Ident(pat) = &mut *typed.pat {
                    pat.mutability = None;
                }
            }
        }
    }
    sig
}

fn body(function: &Function) -> TokenStream {
    let [key, cache, found, call] = ["__key", "__cache", "__found", "__call"].map(ours);
    let kept = ours("__kept");
    let key_value = function.key();
    let source = function.source(&cache);
    let call_value = function.call(key.to_token_stream());
    let kept_value = function.kept();
    let policy = match &function.options.policy {
        Some(policy) => quote! { ::core::option::Option::Some(&#policy) },
        None => quote! { ::core::option::Option::None },
    };
    let answer = match function.returned.fallible {
        true => quote! { ::core::result::Result::Ok(#found) },
        false => quote! { #found },
    };
    // Errors about what is returned point at its declared type.
    let returned = function.returned.ty.span();
    let hit = quote_spanned! {returned=>
        ::larder::__private::v1::function::hit(#cache, &#key, #policy, #kept)
    };
    let (load_name, load) = (ours("__load"), load(function));
    let (runner, fails, awaited) = (runner(function), fails(function), function.awaited());
    let run = quote_spanned! {returned=>
        ::larder::__private::v1::function::#runner(#cache, #call, #kept, #fails #load_name) #awaited
    };
    let check = no_hidden_result(function);
    quote! {
        #check
        let #kept = #kept_value;
        let #key = #key_value;
        #source
        if let ::core::option::Option::Some(#found) = #hit {
            return #answer;
        }
        let #call = #call_value;
        let #cache = ::larder::__private::v1::function::handle(#cache);
        #load
        #run
    }
}

/// What runs the load.
fn runner(function: &Function) -> Ident {
    let runner = match (function.sig.asyncness.is_some(), function.returned.fallible) {
        (true, true) => "try_run",
        (true, false) => "run",
        (false, true) => "try_run_blocking",
        (false, false) => "run_blocking",
    };
    Ident::new(runner, function.returned.ty.span())
}

/// What vouches for the errors, where there are any.
fn fails(function: &Function) -> Option<TokenStream> {
    if !function.returned.fallible {
        return None;
    }
    let ty = &function.returned.ty;
    let (span, vouches) = match &function.options.wait {
        Some((span, _)) => (*span, "fails_or_is_late"),
        None => (ty.span(), "fails"),
    };
    let vouches = Ident::new(vouches, span);
    Some(quote_spanned! {span=>
        ::larder::__private::v1::function::#vouches::<<#ty as ::larder::__private::v1::function::Fallible>::Error>(),
    })
}

/// A plain value that turns out to be a `Result` under another name is refused: its errors would
/// be cached.
fn no_hidden_result(function: &Function) -> TokenStream {
    if function.returned.fallible {
        return TokenStream::new();
    }
    let ty = &function.returned.ty;
    quote_spanned! {ty.span()=>
        {
            #[allow(unused_imports)]
            use ::larder::__private::v1::function::{ReturnsResult as _, ReturnsValue as _};
            ::larder::__private::v1::function::plain((&::larder::__private::v1::function::Returns::<#ty>::new()).what());
        }
    }
}

/// Statements after which `__load` is the load, a future or a closure: it owns all that it needs.
fn load(function: &Function) -> TokenStream {
    let used = |name: &Ident| names::mentions(function.block.to_token_stream(), name);
    let mut keeps = Vec::new();
    let mut lends = Vec::new();
    let mut block = function.block.clone();
    if let Some(own) = &function.receiver {
        let token = Ident::new("self", own.receiver.self_token.span());
        if used(&token) {
            let (kept, name) = (ours("__kept_self"), ours("__self"));
            block = owned_self::replace(&block, &name);
            let (ty, owned, lent) = (own.ty(), own.owned(), own.keep.lend(&kept));
            let copy = match own.keep {
                Keep::Moved => quote! { self },
                _ => {
                    quote_spanned! {own.receiver.span()=> ::larder::__private::v1::function::keep_self::<#owned>(self) }
                }
            };
            let mutability = own.receiver.mutability;
            keeps.push(quote! { let #kept = #copy; });
            lends.push(quote! { let #mutability #name: #ty = #lent; });
        }
    }
    for arg in function.args.iter().filter(|arg| used(&arg.ident)) {
        let ident = &arg.ident;
        let ty = arg.keep.ty(&arg.ty);
        let mutability = arg.mutable.then(<Token![mut]>::default);
        match arg.keep.copy(&quote! { #ident }, &arg.ty) {
            Some(copy) => {
                let kept = format_ident!("__kept_{}", ident, span = ours("k").span());
                let lent = arg.keep.lend(&kept);
                keeps.push(quote! {
                    #[allow(clippy::redundant_closure)]
                    let #kept = #copy;
                });
                lends.push(quote! {
                    #[allow(clippy::redundant_closure)]
                    let #mutability #ident: #ty = #lent;
                });
            }
            None if arg.mutable => lends.push(quote! { let mut #ident = #ident; }),
            None => {}
        }
    }
    let ty = &function.returned.ty;
    let [load_name, returned] = ["__load", "__returned"].map(ours);
    let statements = &block.stmts;
    if function.sig.asyncness.is_none() {
        return quote! {
            #(#keeps)*
            let #load_name = move || -> #ty {
                #(#lends)*
                #(#statements)*
            };
        };
    }
    quote! {
        #(#keeps)*
        let #load_name = async move {
            #(#lends)*
            // What the body returns has this type, also where nothing else says so.
            if let ::core::option::Option::Some(#returned) = ::core::option::Option::None::<#ty> {
                return #returned;
            }
            #[allow(clippy::diverging_sub_expression, clippy::let_unit_value)]
            let #returned: #ty = { #(#statements)* };
            #[allow(unreachable_code)]
            #returned
        };
    }
}
