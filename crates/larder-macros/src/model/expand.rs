//! What a cache model becomes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Path, Type, parse_quote};

use super::input::{Field, Model, says};

pub(crate) fn expand(model: &Model) -> TokenStream {
    let krate = match &model.cache.krate {
        Some(path) => path.clone(),
        None => parse_quote!(::larder),
    };
    let names = Names {
        keys: format_ident!("{}Keys", model.ident),
        stored: format_ident!("__Stored{}", model.ident),
        krate,
    };
    let keys = keys(model, &names);
    let arguments = arguments(model, &names);
    let stored = stored(model, &names);
    let implementation = implementation(model, &names);
    quote! {
        #keys
        const _: () = {
            #arguments
            #stored
            #implementation
        };
    }
}

/// The names that the expansion uses.
struct Names {
    keys: Ident,
    stored: Ident,
    krate: Path,
}

impl Names {
    /// For serde's own derive: where it finds serde.
    fn serde(&self) -> String {
        let krate = &self.krate;
        let path = quote!(#krate::__private::v1::serde).to_string();
        path.replace(' ', "")
    }
}

/// The struct of the key fields.
fn keys(model: &Model, names: &Names) -> TokenStream {
    let Model { ident, vis, .. } = model;
    let Names { keys, krate, .. } = names;
    let serde = names.serde();
    let fields = model.keys().map(|field| {
        let Field {
            ident, ty, serde, ..
        } = field;
        let doc = format!("The key field `{}`.", field.name());
        quote! {
            #[doc = #doc]
            #(#serde)*
            #vis #ident: #ty
        }
    });
    let doc = format!("The key fields of [`{ident}`].");
    let key = key(model, names, &quote!(self));
    quote! {
        #[doc = #doc]
        #[allow(private_interfaces)]
        #[derive(
            ::core::clone::Clone,
            #krate::__private::v1::serde::Serialize,
            #krate::__private::v1::serde::Deserialize,
        )]
        #[serde(crate = #serde)]
        #vis struct #keys {
            #(#fields,)*
        }

        #[automatically_derived]
        impl ::core::fmt::Debug for #keys {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                ::core::fmt::Display::fmt(&#key, f)
            }
        }
    }
}

/// What finds an object: its keys by name, tuples of them, one alone.
fn arguments(model: &Model, names: &Names) -> TokenStream {
    let Names { keys, krate, .. } = names;
    let all: Vec<&Field> = model.keys().collect();
    let required = all
        .iter()
        .filter(|field| field.attr.default.is_none())
        .count();
    let field_names: Vec<&Ident> = all.iter().map(|field| &field.ident).collect();
    let into = quote!(#krate::IntoKeys<#keys>);
    let argument = quote!(#krate::__private::v1::KeyArgument);

    let tuples = (required..=all.len()).map(|given| {
        let (given, left) = all.split_at(given);
        let types: Vec<Ident> = (0..given.len()).map(|at| format_ident!("A{at}")).collect();
        let values: Vec<Ident> = (0..given.len()).map(|at| format_ident!("__{at}")).collect();
        let wanted = given.iter().map(|field| &field.ty);
        let defaults = defaults(left);
        let mut set: Vec<TokenStream> = Vec::new();
        for (field, value) in given.iter().zip(&values) {
            let (name, ty) = (&field.ident, &field.ty);
            set.push(quote!(let #name: #ty = #argument::<#ty>::into_field(#value);));
        }
        quote! {
            #[automatically_derived]
            impl<#(#types: #argument<#wanted>),*> #into for (#(#types,)*) {
                fn into_keys(self) -> #keys {
                    let (#(#values,)*) = self;
                    #(#set)*
                    #defaults
                    #keys { #(#field_names),* }
                }
            }
        }
    });

    let alone = alone(&all, required).map(|types| {
        let first = &all[0];
        let (name, ty) = (&first.ident, &first.ty);
        let defaults = defaults(&all[1..]);
        let each = types.into_iter().map(|argument_type| {
            quote! {
                #[automatically_derived]
                impl #into for #argument_type {
                    fn into_keys(self) -> #keys {
                        let #name: #ty = #argument::<#ty>::into_field(self);
                        #defaults
                        #keys { #(#field_names),* }
                    }
                }
            }
        });
        quote!(#(#each)*)
    });

    quote! {
        #(#tuples)*
        #alone
    }
}

/// The default values of key fields that were left out. One may use those that stand before it.
fn defaults(left: &[&Field]) -> TokenStream {
    let each = left.iter().filter_map(|field| {
        let default = field.attr.default.as_ref()?;
        let (name, ty) = (&field.ident, &field.ty);
        // A text is written as one, whatever owns it in the struct.
        let default = match default {
            syn::Expr::Lit(syn::ExprLit {
                lit: lit @ (syn::Lit::Str(_) | syn::Lit::ByteStr(_)),
                ..
            }) => quote!(::core::convert::Into::into(#lit)),
            other => quote!(#other),
        };
        Some(quote! {
            #[allow(clippy::unnecessary_literal_unwrap)]
            let #name: #ty = #default;
        })
    });
    quote!(#(#each)*)
}

/// The types of a first key field that may stand alone in a call; nothing if it needs others.
fn alone(all: &[&Field], required: usize) -> Option<Vec<TokenStream>> {
    let first = all.first()?;
    let ty = &first.ty;
    // A tuple alone would be taken for a tuple of keys.
    if required > 1 || matches!(ty, Type::Tuple(_)) {
        return None;
    }
    let mut types = vec![quote!(#ty), quote!(&#ty)];
    match last_segment(ty).as_deref() {
        Some("String") => types.push(quote!(&str)),
        Some("Vec")
            if quote!(#ty)
                .to_string()
                .replace(' ', "")
                .ends_with("Vec<u8>") =>
        {
            types.push(quote!(&[u8]));
        }
        _ => {}
    }
    Some(types)
}

fn last_segment(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    Some(path.path.segments.last()?.ident.to_string())
}

/// The form in which the struct is stored: the struct itself, with some fields in binary form.
fn stored(model: &Model, names: &Names) -> TokenStream {
    if !model.has_binary() {
        return TokenStream::new();
    }
    let Model {
        ident,
        serde: on_struct,
        ..
    } = model;
    let Names { stored, krate, .. } = names;
    let serde = names.serde();
    let binary = format!("{}binary", serde.strip_suffix("serde").unwrap_or_default());
    let remote = ident.to_string();
    let renamed = on_struct.iter().any(|attr| says(attr, "rename"));
    let rename = (!renamed).then(|| quote!(#[serde(rename = #remote)]));
    let fields = model.fields.iter().map(|field| {
        let Field {
            ident,
            ty,
            vis,
            serde,
            attr,
        } = field;
        let with = attr
            .binary
            .map(|span| quote_spanned!(span=> #[serde(with = #binary)]));
        quote! {
            #(#serde)*
            #with
            #vis #ident: #ty
        }
    });
    quote! {
        #[derive(#krate::__private::v1::serde::Serialize, #krate::__private::v1::serde::Deserialize)]
        #(#on_struct)*
        #[serde(crate = #serde, remote = #remote)]
        #rename
        #[allow(dead_code)]
        pub struct #stored {
            #(#fields,)*
        }
    }
}

/// The methods that say so.
fn stores(model: &Model, names: &Names) -> TokenStream {
    if !model.has_binary() {
        return TokenStream::new();
    }
    let Names { stored, krate, .. } = names;
    quote! {
        fn write_stored<S: #krate::__private::v1::serde::Serializer>(
            &self,
            serializer: S,
        ) -> ::core::result::Result<S::Ok, S::Error> {
            #stored::serialize(self, serializer)
        }

        fn read_stored<'de, D: #krate::__private::v1::serde::Deserializer<'de>>(
            deserializer: D,
        ) -> ::core::result::Result<Self, D::Error> {
            #stored::deserialize(deserializer)
        }
    }
}

/// The key in the cache, of what has the key fields.
fn key(model: &Model, names: &Names, of: &TokenStream) -> TokenStream {
    let krate = &names.krate;
    let keyed = model.keyed();
    let fields = model
        .keys()
        .map(|Field { ident, ty, .. }| quote!(#krate::__private::v1::key_part::<#ty>(&#of.#ident)));
    quote!(#krate::__private::v1::key(#keyed, &[#(#fields),*]))
}

fn implementation(model: &Model, names: &Names) -> TokenStream {
    let ident = &model.ident;
    let Names { keys, krate, .. } = names;
    let name = model.name();
    let keyed = model.keyed();
    let name_given = model.cache.name.is_some();
    let ttl = match model.cache.ttl {
        Some((ttl, _)) => {
            let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
            quote!(::core::option::Option::Some(::core::time::Duration::from_millis(#millis)))
        }
        None => quote!(::core::option::Option::None),
    };
    let key_names = model.keys().map(Field::name);
    let key_fields: Vec<&Ident> = model.keys().map(|field| &field.ident).collect();
    let has_references = model.has_references();
    let has_from_miss = model.cache.from_miss.is_some();
    let stores = stores(model, names);
    let of_keys = key(model, names, &quote!(keys));
    let of_self = key(model, names, &quote!(self));
    let references = model.fields.iter().filter(|field| field.refers());
    let visits = references.map(|field| {
        let (ident, name) = (&field.ident, field.name());
        quote_spanned! {field.ty.span()=>
            visitor.field(#name);
            #krate::__private::v1::References::visit(&self.#ident, visitor);
        }
    });
    let visit = has_references.then(|| {
        quote! {
            fn visit(&self, visitor: &mut #krate::__private::v1::Visitor) {
                #(#visits)*
            }
        }
    });
    let copies = model.fields.iter().map(|field| {
        let (ident, ty) = (&field.ident, &field.ty);
        if field.refers() {
            quote_spanned!(ty.span()=> #ident: #krate::__private::v1::References::loaded(&self.#ident, slots))
        } else {
            quote_spanned!(ty.span()=> #ident: <#ty as ::core::clone::Clone>::clone(&self.#ident))
        }
    });
    let from_miss = model.cache.from_miss.map(|span| {
        let built = quote_spanned!(span=> #krate::__private::v1::from_miss::<#ident>(miss));
        quote! {
            fn from_miss_erased(miss: #krate::Miss<Self>) -> #krate::__private::v1::Unmade<Self> {
                #built
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #krate::CacheModel for #ident {
            const NAME: &'static str = #name;
            const KEY_FIELDS: &'static [&'static str] = &[#(#key_names),*];
            type Keys = #keys;

            const KEYED: &'static str = #keyed;
            const NAME_GIVEN: bool = #name_given;
            const TTL: ::core::option::Option<::core::time::Duration> = #ttl;
            const HAS_REFERENCES: bool = #has_references;
            const HAS_FROM_MISS: bool = #has_from_miss;

            fn key_of(keys: &#keys) -> #krate::Key {
                #of_keys
            }

            #visit

            fn with_references(&self, slots: &mut #krate::__private::v1::Slots<'_>) -> Self {
                let _ = &slots;
                Self {
                    #(#copies,)*
                }
            }

            #from_miss
            #stores

            fn keys(&self) -> #keys {
                #keys {
                    #(#key_fields: ::core::clone::Clone::clone(&self.#key_fields),)*
                }
            }

            fn key(&self) -> #krate::Key {
                #of_self
            }
        }
    }
}
