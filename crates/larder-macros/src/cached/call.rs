//! What a call is found by, and what its entry is to be: the same tokens for the function itself
//! and for its companion.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::model::{Function, Place, Role, Source};
use super::names;

/// A name of ours, that no name of the user's can meet.
pub(crate) fn ours(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

impl Function {
    /// The stable name, in pieces that are read as one text.
    pub(crate) fn name(&self) -> TokenStream {
        if let Some(name) = &self.options.name {
            return quote! { &[#name] };
        }
        let ident = &self.sig.ident;
        let name = &self.shown;
        match &self.place {
            // The companion is an item, whose path tells functions inside functions apart, but for
            // those of one name in one function.
            Place::Alone if self.receiver.is_none() => {
                let (name, mark) = (format!("::{ident}"), format!("#{:x}@", self.mark()));
                quote! {
                    &::larder::__private::v1::function::free_name(
                        ::core::any::type_name::<#ident>(),
                        ::core::concat!(::core::module_path!(), #name),
                        ::core::concat!(#mark, ::core::line!(), ":", ::core::column!()),
                    )
                }
            }
            // Of a type, or given by a trait: the path of something beside it tells.
            Place::Alone => {
                let beside = self.beside();
                let beside_name = beside.to_string();
                quote! {
                    &::larder::__private::v1::function::member_name(
                        ::core::any::type_name_of_val(&Self::#beside),
                        #beside_name,
                        ::core::any::type_name::<Self>(),
                        #name,
                    )
                }
            }
            Place::Block {
                of_trait: Some(of_trait),
                ..
            } => {
                // The path as it is written may be another trait's elsewhere.
                let of_trait = format!("::{}>::{name}", names::text(of_trait));
                quote! {
                    &[
                        "<",
                        ::core::any::type_name::<Self>(),
                        " as ",
                        ::core::module_path!(),
                        #of_trait,
                    ]
                }
            }
            _ => {
                let name = format!("::{name}");
                quote! { &[::core::any::type_name::<Self>(), #name] }
            }
        }
    }

    /// What stands beside a method whose attribute stands alone, for its path.
    pub(crate) fn beside(&self) -> Ident {
        format_ident!("__beside_{}", self.sig.ident, span = self.sig.ident.span())
    }

    /// What tells functions of one name in one function apart, between builds: what they say.
    fn mark(&self) -> u64 {
        let (sig, block) = (&self.sig, &self.block);
        let text = quote! { #sig #block }.to_string();
        // FNV-1a: the same with every compiler.
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    /// An expression of type `Key`. Arguments are used by reference.
    pub(crate) fn key(&self) -> TokenStream {
        let parts = ours("__parts");
        let name = self.name();
        let push = |span: Span, part: TokenStream| {
            quote_spanned! {span=> ::larder::__private::v1::function::push(#parts, &#part); }
        };
        let mut pushes = Vec::new();
        for part in self.own_parts() {
            pushes.push(push(part.span(), quote! { (#part) }));
        }
        let of_trait = match &self.place {
            Place::Block { params, .. } => params.as_slice(),
            Place::Alone => &[],
        };
        if let Place::Block { consts, .. } = &self.place {
            for param in consts {
                pushes.push(push(param.span(), quote! { #param }));
            }
        }
        for param in of_trait.iter().chain(self.type_params()) {
            pushes.push(push(
                param.span(),
                quote! { ::core::any::type_name::<#param>() },
            ));
        }
        for param in self.const_params() {
            pushes.push(push(param.span(), quote! { #param }));
        }
        if let Some(key) = &self.options.key {
            pushes.push(push(key.span(), quote! { (#key) }));
        }
        for arg in &self.args {
            let ident = &arg.ident;
            match &arg.role {
                Role::Counts => {
                    if let Type::ImplTrait(_) = arg.ty {
                        // Values of two types may be equal parts of a key.
                        let ty = quote! { ::core::any::type_name_of_val(&#ident) };
                        pushes.push(push(arg.span(), ty));
                    }
                    pushes.push(push(arg.span(), quote! { #ident }));
                }
                Role::Mapped(expr) => pushes.push(push(expr.span(), quote! { (#expr) })),
                Role::Skipped | Role::Cache => {}
            }
        }
        let count = pushes.len();
        quote! { ::larder::__private::v1::function::key(#name, #count, |#parts| { #(#pushes)* }) }
    }

    /// An expression of type `Call`, with `key` for its key.
    pub(crate) fn call(&self, key: TokenStream) -> TokenStream {
        let options = &self.options;
        let mut call = quote! { ::larder::__private::v1::function::Call::new(#key) };
        if let Some(policy) = &options.policy {
            call = quote! { #call.policy(#policy) };
        }
        if let Some(ttl) = &options.ttl {
            call = quote! { #call.ttl(#ttl) };
        }
        if let Some((_, wait)) = &options.wait {
            call = quote! { #call.wait(#wait) };
        }
        if let Some(group) = &options.group {
            call = quote! { #call.group(#group) };
        }
        if !options.tags.is_empty() {
            let tags = &options.tags;
            call = quote! { #call.tags(::std::vec![#(#tags),*]) };
        }
        call
    }

    /// Statements after which `cache`, an `Option<&Cache>`, is where the function's results are.
    pub(crate) fn source(&self, cache: &Ident) -> TokenStream {
        let source = ours("__source");
        let said = match &self.cache {
            Source::Installed => {
                return quote! { let #cache = ::larder::__private::v1::function::installed(); };
            }
            Source::Said(said) => said.clone(),
            Source::Argument(ident) => quote! { #ident },
        };
        quote_spanned! {said.span()=>
            let #source = &#said;
            let #cache = ::larder::__private::v1::function::cache_of(#source);
        }
    }

    /// `.await`, in functions that may.
    pub(crate) fn awaited(&self) -> Option<TokenStream> {
        self.sig.asyncness.is_some().then(|| quote! { .await })
    }

    /// The value of a future, in whatever way the function may wait for it.
    pub(crate) fn waited(&self, future: TokenStream) -> TokenStream {
        match self.sig.asyncness {
            Some(_) => quote_spanned! {future.span()=> #future.await },
            None => quote! { ::larder::__private::v1::function::wait(#future) },
        }
    }

    /// An expression that vouches for the values. Errors about them point at their declared type.
    pub(crate) fn kept(&self) -> TokenStream {
        let (value, mode) = (&self.returned.value, self.mode());
        let negative = self
            .returned
            .optional
            .then(|| quote! { .negative_if(<#value>::is_none) });
        quote_spanned! {self.returned.ty.span()=>
            ::larder::__private::v1::function::kept::<#mode, #value>() #negative
        }
    }

    /// The type that says where values may be kept.
    fn mode(&self) -> TokenStream {
        // The compiler points at these names, rather than at the call, where a bound is not met.
        let span = self.returned.ty.span();
        match (self.options.local, self.returned.shared) {
            (true, _) => quote_spanned! {span=> ::larder::Local },
            (false, true) => quote_spanned! {span=> ::larder::__private::v1::function::Shared },
            (false, false) => quote_spanned! {span=> ::larder::Serde },
        }
    }
}
