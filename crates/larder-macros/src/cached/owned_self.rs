//! A body without `self`: a load owns a copy of it, under a name of ours.

use proc_macro2::{Group, TokenStream, TokenTree};
use syn::visit_mut::{self, VisitMut};
use syn::{Block, ExprPath, Ident, Item, Macro};

/// The body with `name` in place of `self`.
pub(crate) fn replace(block: &Block, name: &Ident) -> Block {
    let mut block = block.clone();
    Replace(name).visit_block_mut(&mut block);
    block
}

struct Replace<'a>(&'a Ident);

impl Replace<'_> {
    fn named(&self, at: &Ident) -> Ident {
        let mut name = self.0.clone();
        // Errors point at the user's `self`; the name stays ours.
        name.set_span(self.0.span().located_at(at.span()));
        name
    }

    fn in_tokens(&self, tokens: TokenStream) -> TokenStream {
        let mut tokens = tokens.into_iter().peekable();
        let mut replaced = Vec::new();
        while let Some(token) = tokens.next() {
            replaced.push(match token {
                // `self::name` is a path.
                TokenTree::Ident(ident)
                    if ident == "self"
                        && !matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':') =>
                {
                    TokenTree::Ident(self.named(&ident))
                }
                TokenTree::Group(group) => {
                    let mut inside = Group::new(group.delimiter(), self.in_tokens(group.stream()));
                    inside.set_span(group.span());
                    TokenTree::Group(inside)
                }
                token => token,
            });
        }
        replaced.into_iter().collect()
    }
}

impl VisitMut for Replace<'_> {
    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        if path.qself.is_none() && path.path.is_ident("self") {
            for segment in &mut path.path.segments {
                segment.ident = self.named(&segment.ident);
            }
        }
        visit_mut::visit_expr_path_mut(self, path);
    }

    fn visit_macro_mut(&mut self, called: &mut Macro) {
        called.tokens = self.in_tokens(std::mem::take(&mut called.tokens));
    }

    /// Items inside a body have a `self` of their own, or none.
    fn visit_item_mut(&mut self, _: &mut Item) {}
}
