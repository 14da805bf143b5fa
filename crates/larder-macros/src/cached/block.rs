//! `#[cached]` on an `impl` block: its methods have options of their own, and the block says whose
//! they are.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{Attribute, Error, Ident, ImplItem, ImplItemFn, ItemFn, ItemImpl, Meta, Result};

use super::model::{Function, Place};
use super::options::Options;
use super::{companion, function, names, valid};

/// The block with its marked functions cached, and their companions: in the block itself, or in one
/// of its own if a trait says what may stand in it.
pub(crate) fn expand(options: TokenStream, mut block: ItemImpl) -> Result<TokenStream> {
    let companions = companions_wanted(options)?;
    let mut items = Vec::new();
    let mut members = Vec::new();
    let mut found = false;
    for item in std::mem::take(&mut block.items) {
        let (item, options) = match item {
            ImplItem::Fn(mut item) => match take_options(&mut item)? {
                Some(options) => (item, options),
                None => {
                    items.push(item.into_token_stream());
                    continue;
                }
            },
            item => {
                items.push(item.into_token_stream());
                continue;
            }
        };
        found = true;
        let function = Function::new(options, as_function(item), place(&block))?;
        valid::check(&function)?;
        items.push(function::expand(&function));
        if companions {
            members.push(companion::expand(&function));
        }
    }
    if !found {
        return Err(Error::new_spanned(
            block.impl_token,
            "no function of this block is to be cached: put `#[cached(…)]` on those that are",
        ));
    }
    let (generics, _, bounds) = block.generics.split_for_impl();
    let (own, attrs, unsafety) = (&block.self_ty, &block.attrs, &block.unsafety);
    Ok(match &block.trait_ {
        None => quote! {
            #(#attrs)*
            #unsafety impl #generics #own #bounds { #(#items)* #(#members)* }
        },
        Some((of_trait, _)) => {
            let beside = companions.then(|| {
                quote! { impl #generics #own #bounds { #(#members)* } }
            });
            quote! {
                #(#attrs)*
                #unsafety impl #generics #of_trait for #own #bounds { #(#items)* }
                #beside
            }
        }
    })
}

/// A block has one option.
fn companions_wanted(options: TokenStream) -> Result<bool> {
    if options.is_empty() {
        return Ok(true);
    }
    let option: Option<Ident> = syn::parse2(options.clone()).ok();
    match option {
        Some(option) if option == "no_companions" => Ok(false),
        _ => Err(Error::new_spanned(
            options,
            "options stand on the functions of a block; the block itself takes `no_companions` only",
        )),
    }
}

/// The options of a function's own attribute, which goes.
fn take_options(item: &mut ImplItemFn) -> Result<Option<Options>> {
    let is_ours = |attr: &Attribute| {
        attr.path()
            .segments
            .last()
            .is_some_and(|segment| segment.ident == "cached")
    };
    let Some(at) = item.attrs.iter().position(is_ours) else {
        return Ok(None);
    };
    let attr = item.attrs.remove(at);
    if let Some(twice) = item.attrs.iter().find(|attr| is_ours(attr)) {
        return Err(Error::new_spanned(twice, "a function is cached once"));
    }
    match attr.meta {
        Meta::Path(_) => Ok(Some(Options::default())),
        Meta::List(list) => syn::parse2(list.tokens).map(Some),
        Meta::NameValue(other) => Err(Error::new_spanned(
            other,
            "options of `cached` stand in parentheses",
        )),
    }
}

fn place(block: &ItemImpl) -> Place {
    let of_trait = block.trait_.as_ref().map(|(of_trait, _)| of_trait.clone());
    let in_trait = |param: &&Ident| {
        let tokens = of_trait.to_token_stream();
        names::mentions(tokens, param)
    };
    let generics = &block.generics;
    let params = generics.type_params().map(|param| &param.ident);
    let consts = generics.const_params().map(|param| &param.ident);
    let params = params.filter(in_trait).cloned().collect();
    let consts = consts.filter(in_trait).cloned().collect();
    Place::Block {
        of_trait,
        params,
        consts,
    }
}

fn as_function(item: ImplItemFn) -> ItemFn {
    ItemFn {
        attrs: item.attrs,
        vis: item.vis,
        modifiers: item.modifiers,
        sig: item.sig,
        block: Box::new(item.block),
    }
}
