//! Looking for names in types and expressions.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Ident, Path, Type};

/// Whether an argument of this type is the cache.
pub(crate) fn is_cache(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) if reference.mutability.is_none() => is_cache(&reference.elem),
        Type::Path(path) => last_is(ty, "Cache") && path.qself.is_none(),
        _ => false,
    }
}

/// Whether the type's path ends in this name.
pub(crate) fn last_is(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .is_some_and(|segment| segment.ident == name),
        Type::Paren(inside) => last_is(&inside.elem, name),
        Type::Group(inside) => last_is(&inside.elem, name),
        _ => false,
    }
}

/// Whether the tokens mention the name, also as `{name}` inside a text that a macro formats.
pub(crate) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Literal(literal) => {
            let text = literal.to_string();
            text.match_indices(&format!("{{{name}")).any(|(at, found)| {
                matches!(text.as_bytes().get(at + found.len()), Some(b'}' | b':'))
            })
        }
        TokenTree::Punct(_) => false,
    })
}

/// Where the type borrows for less than `'static`, as far as it says so.
pub(crate) fn first_borrow(ty: &Type) -> Option<Span> {
    borrow_in(ty.to_token_stream())
}

fn borrow_in(tokens: TokenStream) -> Option<Span> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == '&' => {
                // `&'static T` borrows nothing that could go away.
                let lifetime = tokens.next_if(is_tick);
                let named = lifetime.is_some().then(|| tokens.next()).flatten();
                let is_static =
                    matches!(&named, Some(TokenTree::Ident(ident)) if *ident == "static");
                if !is_static {
                    return Some(punct.span());
                }
            }
            tick if is_tick(tick) => match tokens.next() {
                Some(TokenTree::Ident(ident)) if ident == "static" => {}
                Some(ident) => return Some(ident.span()),
                None => return Some(tick.span()),
            },
            TokenTree::Group(group) => {
                if let Some(found) = borrow_in(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

fn is_tick(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '\'')
}

/// A path as people write it.
pub(crate) fn text(path: &Path) -> String {
    path.to_token_stream().to_string().replace(' ', "")
}

/// `&T` for `&'a T`; other types as they are.
pub(crate) fn without_outer_lifetime(ty: &Type) -> Type {
    let mut ty = ty.clone();
    if let Type::Reference(reference) = &mut ty {
        reference.lifetime = None;
    }
    ty
}
