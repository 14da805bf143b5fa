//! What stands beside a cached function: to look at its results, drop them, put them.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::{FnArg, Visibility};

use super::call::ours;
use super::model::{Function, Place};

/// For a function of its own, a type with its name; for a method, more methods, with its name in
/// front.
pub(crate) fn expand(function: &Function) -> TokenStream {
    let ident = &function.sig.ident;
    let members = members(function);
    if function.is_member() {
        let hint = hint(function);
        return quote! { #hint #members };
    }
    let vis = &function.vis;
    let doc = format!(
        "The results of [`{ident}`](fn@{ident}) that are kept: to be looked at, dropped, put."
    );
    quote! {
        #[doc = #doc]
        #[allow(non_camel_case_types, dead_code)]
        #vis enum #ident {}

        #[allow(dead_code)]
        impl #ident { #members }
    }
}

/// In a trait's block there is no place for a companion, and from inside nobody can tell that it is
/// one. The compiler then names each member that is too much, beginning with this one.
fn hint(function: &Function) -> Option<TokenStream> {
    let Place::Alone = function.place else {
        return None;
    };
    let ident = &function.sig.ident;
    let hint = format_ident!(
        "in_the_impl_of_a_trait_put_cached_on_the_impl_block_as_well_as_on_{}",
        ident,
        span = ident.span()
    );
    Some(quote! {
        #[doc(hidden)]
        #[allow(dead_code, non_upper_case_globals)]
        const #hint: () = ();
    })
}

/// How a companion's functions are called and seen.
struct Naming<'a> {
    function: &'a Function,
}

impl Naming<'_> {
    fn name(&self, act: &str) -> Ident {
        let ident = &self.function.sig.ident;
        match self.function.is_member() {
            false => Ident::new(act, ident.span()),
            true => format_ident!("{}_{}", ident, act, span = ident.span()),
        }
    }

    fn vis(&self) -> Visibility {
        match (&self.function.place, self.function.is_member()) {
            (_, false) => syn::parse_quote! { pub },
            // As visible as the trait and the type are together: both limit it by themselves.
            (
                Place::Block {
                    of_trait: Some(_), ..
                },
                _,
            ) => syn::parse_quote! { pub },
            (_, true) => self.function.vis.clone(),
        }
    }
}

/// The companion's functions.
pub(crate) fn members(function: &Function) -> TokenStream {
    let naming = Naming { function };
    let (vis, cfgs) = (naming.vis(), function.cfgs());
    let [key, get, invalidate, all, prime] =
        ["key", "get", "invalidate", "invalidate_all", "prime"].map(|act| naming.name(act));
    let (generics, _, bounds) = function.sig.generics.split_for_impl();
    let turbofish = {
        let params = function.type_params().chain(function.const_params());
        quote! { ::<#(#params),*> }
    };
    let own = function.receiver.as_ref().map(|own| {
        let mut receiver = own.receiver.clone();
        receiver.mutability = None;
        quote! { #receiver, }
    });
    let [cache, value] = ["cache", "value"].map(ours);
    let params: Vec<TokenStream> = function
        .args
        .iter()
        .filter(|arg| arg.found_by)
        .map(|arg| {
            let (ident, ty) = (&arg.ident, &arg.ty);
            quote! { #ident: #ty }
        })
        .collect();
    let args: Vec<&Ident> = function
        .args
        .iter()
        .filter(|arg| arg.found_by)
        .map(|arg| &arg.ident)
        .collect();
    let call_name = match function.is_member() {
        false => format_ident!("__call"),
        true => format_ident!("__{}_call", function.sig.ident),
    };
    let own_arg = own_arg(function);
    let call = quote! { Self::#call_name #turbofish(#own_arg #(#args),*) };
    let key_value = function.key();
    let call_value = function.call(key_value);
    let (kept, name) = (&function.returned.value, function.name());
    let (kept_name, kept_value) = (format_ident!("{}_kept", call_name), function.kept());
    let voucher = quote! { Self::#kept_name #turbofish() };
    let asyncness = &function.sig.asyncness;
    let get_value = function.waited(quote! { #call.get(#cache, #voucher) });
    let invalidate_value = function.waited(quote! { #call.invalidate(#cache) });
    let all_value = function
        .waited(quote! { ::larder::__private::v1::function::invalidate_all(#cache, #name) });
    let prime_value = function.waited(quote! { #call.prime(#cache, #voucher, #value) });
    let beside = beside(function);
    let refresh = refresh(function, &naming);
    let shown = &function.shown;
    let get_doc = format!("What is kept of this call of `{shown}`, if anything. Never runs it.");
    let invalidate_doc = format!("Drops what is kept of this call of `{shown}`.");
    let all_doc = format!(
        "Drops what is kept of all calls of `{shown}`; and with it what stands under keys of your own whose first part is the text of its name."
    );
    let prime_doc = format!("Keeps this as the result of this call of `{shown}`.");
    let key_doc = format!("The key under which this call of `{shown}` is kept.");
    quote! {
        #beside

        #[doc(hidden)]
        #(#cfgs)*
        #[allow(dead_code, deprecated, clippy::too_many_arguments)]
        fn #call_name #generics(#own #(#params),*) -> ::larder::__private::v1::function::Call #bounds {
            #call_value
        }

        #[doc(hidden)]
        #(#cfgs)*
        #[allow(dead_code, deprecated)]
        fn #kept_name #generics() -> ::larder::__private::v1::function::Kept<#kept> #bounds {
            #kept_value
        }

        #[doc = #key_doc]
        #(#cfgs)*
        #[allow(dead_code, deprecated, clippy::too_many_arguments)]
        #vis fn #key #generics(#own #(#params),*) -> ::larder::Key #bounds {
            #call.into_key()
        }

        #[doc = #get_doc]
        #(#cfgs)*
        #[allow(dead_code, deprecated, clippy::too_many_arguments)]
        #vis #asyncness fn #get #generics(#own #cache: &::larder::Cache, #(#params),*)
            -> ::larder::Result<::core::option::Option<#kept>> #bounds
        {
            #get_value
        }

        #[doc = #invalidate_doc]
        #(#cfgs)*
        #[allow(dead_code, deprecated, clippy::too_many_arguments)]
        #vis #asyncness fn #invalidate #generics(#own #cache: &::larder::Cache, #(#params),*)
            -> ::larder::Result<()> #bounds
        {
            #invalidate_value
        }

        #[doc = #all_doc]
        #(#cfgs)*
        #[allow(dead_code)]
        #vis #asyncness fn #all(#cache: &::larder::Cache) -> ::larder::Result<()> {
            #all_value
        }

        #[doc = #prime_doc]
        #(#cfgs)*
        #[allow(dead_code, deprecated, clippy::too_many_arguments)]
        #vis #asyncness fn #prime #generics(#own #cache: &::larder::Cache, #(#params,)* #value: #kept)
            -> ::larder::Result<()> #bounds
        {
            #prime_value
        }

        #refresh
    }
}

/// Whose path says whether a method belongs to its type or comes from a trait.
fn beside(function: &Function) -> Option<TokenStream> {
    let (Place::Alone, true, None) = (
        &function.place,
        function.is_member(),
        &function.options.name,
    ) else {
        return None;
    };
    let (beside, cfgs) = (function.beside(), function.cfgs());
    Some(quote! {
        #[doc(hidden)]
        #(#cfgs)*
        #[allow(dead_code, non_snake_case)]
        fn #beside() {}
    })
}

/// `self,` where there is one.
fn own_arg(function: &Function) -> Option<TokenStream> {
    function.receiver.as_ref().map(|own| {
        let token = &own.receiver.self_token;
        quote! { #token, }
    })
}

/// Called like the function itself.
fn refresh(function: &Function, naming: &Naming<'_>) -> TokenStream {
    let (vis, cfgs) = (naming.vis(), function.cfgs());
    let refresh = naming.name("refresh");
    let [key, cache] = ["__key", "__cache"].map(ours);
    let sig = &function.sig;
    let ident = &sig.ident;
    let (generics, _, bounds) = sig.generics.split_for_impl();
    let inputs = sig.inputs.iter().map(|input| match input {
        FnArg::Receiver(receiver) => {
            let mut receiver = receiver.clone();
            receiver.mutability = None;
            receiver.to_token_stream()
        }
        FnArg::Typed(typed) => match &*typed.pat {
            syn::Pat::Ident(pat) => {
                let (ident, ty) = (&pat.ident, &typed.ty);
                quote! { #ident: #ty }
            }
            _ => typed.to_token_stream(),
        },
    });
    let args = function.args.iter().map(|arg| &arg.ident);
    let turbofish = {
        let params = function.type_params().chain(function.const_params());
        quote! { ::<#(#params),*> }
    };
    let own_arg = own_arg(function);
    let run = match &function.place {
        Place::Block {
            of_trait: Some(of_trait),
            ..
        } => quote! { <Self as #of_trait>::#ident #turbofish(#own_arg #(#args),*) },
        _ if function.is_member() => quote! { Self::#ident #turbofish(#own_arg #(#args),*) },
        _ => quote! { #ident #turbofish(#(#args),*) },
    };
    let output = &sig.output;
    let key_value = function.key();
    let source = function.source(&cache);
    let (asyncness, awaited) = (&sig.asyncness, function.awaited());
    let forget = function.waited(quote! {
        ::larder::__private::v1::function::forget(::larder::__private::v1::function::handle(#cache), #key)
    });
    let cache_back = ours("__uncached");
    // What could not be dropped must not be found again.
    let bypassed = function.waited(quote! { #cache_back.bypass(async { #run #awaited }) });
    let doc = format!(
        "Drops what is kept of this call of `{ident}`, and makes the call: it is kept again. Takes what `{ident}` takes."
    );
    quote! {
        #[doc = #doc]
        #(#cfgs)*
        #[allow(dead_code, deprecated, clippy::too_many_arguments)]
        #vis #asyncness fn #refresh #generics(#(#inputs),*) #output #bounds {
            let #key = #key_value;
            #source
            match #forget {
                ::core::option::Option::None => #run #awaited,
                ::core::option::Option::Some(#cache_back) => #bypassed,
            }
        }
    }
}
