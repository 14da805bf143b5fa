//! What a function is, as far as caching it goes.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Block, Error, Expr, ExprPath, FnArg, GenericParam, Ident, ItemFn, Pat, PatIdent,
    Path, Receiver, ReceiverKind, Result, Signature, Type, Visibility,
};

use super::keep::Keep;
use super::names;
use super::options::Options;
use super::returned::Returned;

/// Where the attribute stands, as far as it can know.
pub(crate) enum Place {
    /// On a function of its own, or on a method whose block has no attribute.
    Alone,
    /// On a function in a block that has the attribute, too.
    Block {
        /// The trait that the block implements.
        of_trait: Option<Path>,
        /// The block's type parameters that the trait has.
        params: Vec<Ident>,
        /// The constants of the block that the trait mentions.
        consts: Vec<Ident>,
    },
}

/// A function to be cached.
pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) block: Block,
    pub(crate) place: Place,
    pub(crate) receiver: Option<Own>,
    pub(crate) args: Vec<Arg>,
    pub(crate) returned: Returned,
    pub(crate) cache: Source,
    pub(crate) options: Options,
    /// Its name as people know it.
    pub(crate) shown: String,
}

/// `self`, as it is taken.
pub(crate) struct Own {
    pub(crate) receiver: Receiver,
    pub(crate) keep: Keep,
}

/// One argument.
pub(crate) struct Arg {
    pub(crate) ident: Ident,
    pub(crate) mutable: bool,
    pub(crate) ty: Type,
    pub(crate) keep: Keep,
    pub(crate) role: Role,
    /// Whether a companion's functions take it: what a call is found by follows from it.
    pub(crate) found_by: bool,
}

/// What an argument does for the key.
pub(crate) enum Role {
    /// It counts as it is.
    Counts,
    /// This of it counts.
    Mapped(Expr),
    /// It does not count, or an own key says how.
    Skipped,
    /// It is the cache.
    Cache,
}

/// Where the cache comes from.
pub(crate) enum Source {
    /// An expression of the user's.
    Said(TokenStream),
    /// The argument whose type says so.
    Argument(Ident),
    /// What the application has installed.
    Installed,
}

impl Function {
    pub(crate) fn new(options: Options, item: ItemFn, place: Place) -> Result<Function> {
        let ItemFn {
            attrs,
            vis,
            sig,
            block,
            ..
        } = item;
        let mut receiver = None;
        let mut args = Vec::new();
        for input in &sig.inputs {
            match input {
                FnArg::Receiver(taken) => receiver = Some(Own::new(taken)?),
                FnArg::Typed(typed) => args.push(Arg::new(&typed.pat, &typed.ty)?),
            }
        }
        let returned = Returned::new(&sig.output)?;
        let shown = sig.ident.to_string().trim_start_matches("r#").to_owned();
        let mut function = Function {
            attrs,
            vis,
            sig,
            block: *block,
            place,
            receiver,
            args,
            returned,
            cache: Source::Installed,
            options,
            shown,
        };
        function.find_cache();
        function.assign_roles()?;
        Ok(function)
    }

    /// The cache is what `cache = …` says, else the first argument of type `Cache`.
    fn find_cache(&mut self) {
        if let Some(expr) = &self.options.cache {
            let named = match expr {
                Expr::Path(ExprPath { path, .. }) => path.get_ident(),
                _ => None,
            };
            for arg in &mut self.args {
                if named.is_some_and(|named| *named == arg.ident) {
                    arg.role = Role::Cache;
                }
            }
            self.cache = Source::Said(expr.to_token_stream());
        } else if let Some(arg) = self.args.iter_mut().find(|arg| names::is_cache(&arg.ty)) {
            arg.role = Role::Cache;
            self.cache = Source::Argument(arg.ident.clone());
        }
    }

    fn assign_roles(&mut self) -> Result<()> {
        for (named, expr) in std::mem::take(&mut self.options.map) {
            self.arg(&named, "map")?.role = Role::Mapped(expr);
        }
        for named in std::mem::take(&mut self.options.skip) {
            let arg = self.arg(&named, "skip")?;
            if matches!(arg.role, Role::Mapped(_)) {
                return Err(Error::new(
                    named.span(),
                    format!("`{named}` is skipped and mapped: only one of both can be meant"),
                ));
            }
            if !matches!(arg.role, Role::Cache) {
                arg.role = Role::Skipped;
            }
        }
        let mut said = TokenStream::new();
        said.extend(self.options.key.iter().map(ToTokens::to_token_stream));
        said.extend(self.options.policy.iter().map(ToTokens::to_token_stream));
        said.extend(self.options.tags.iter().map(ToTokens::to_token_stream));
        for arg in &mut self.args {
            if self.options.key.is_some() && matches!(arg.role, Role::Counts) {
                arg.role = Role::Skipped;
            }
            let counts = matches!(arg.role, Role::Counts | Role::Mapped(_));
            arg.found_by = counts || names::mentions(said.clone(), &arg.ident);
            if matches!(arg.role, Role::Cache) {
                arg.found_by = false;
            }
        }
        Ok(())
    }

    fn arg(&mut self, named: &Ident, option: &str) -> Result<&mut Arg> {
        let function = self.shown.clone();
        self.args
            .iter_mut()
            .find(|arg| arg.ident == *named)
            .ok_or_else(|| {
                Error::new(
                    named.span(),
                    format!("`{option}` names `{named}`, which is no argument of `{function}`"),
                )
            })
    }

    /// On which conditions it is compiled at all: as are the functions beside it.
    pub(crate) fn cfgs(&self) -> Vec<&Attribute> {
        let cfg = |attr: &&Attribute| attr.path().is_ident("cfg");
        self.attrs.iter().filter(cfg).collect()
    }

    /// Whether it stands in a block, as far as anyone can know.
    pub(crate) fn is_member(&self) -> bool {
        self.receiver.is_some() || matches!(self.place, Place::Block { .. })
    }

    /// The type parameters that its arguments use, as the key tells them apart.
    pub(crate) fn type_params(&self) -> impl Iterator<Item = &Ident> {
        self.sig
            .generics
            .params
            .iter()
            .filter_map(|param| match param {
                GenericParam::Type(param) => Some(&param.ident),
                _ => None,
            })
    }

    /// Its constants among the parameters.
    pub(crate) fn const_params(&self) -> impl Iterator<Item = &Ident> {
        self.sig
            .generics
            .params
            .iter()
            .filter_map(|param| match param {
                GenericParam::Const(param) => Some(&param.ident),
                _ => None,
            })
    }

    /// The parts of `self` that count. All of it if nothing is said.
    pub(crate) fn own_parts(&self) -> Vec<TokenStream> {
        match (&self.receiver, &self.options.on, &self.options.key) {
            (_, Some((_, parts)), _) => parts.iter().map(ToTokens::to_token_stream).collect(),
            (Some(own), None, None) => {
                let token = &own.receiver.self_token;
                vec![quote! { #token }]
            }
            _ => Vec::new(),
        }
    }
}

impl Own {
    fn new(receiver: &Receiver) -> Result<Own> {
        let mutable = "`&mut self` is changed by the call, and a result that comes from the cache changes nothing: take `&self`";
        let keep = match &receiver.kind {
            ReceiverKind::Value => Keep::Moved,
            ReceiverKind::Reference(_, _, Some(_)) => {
                return Err(Error::new_spanned(receiver, mutable));
            }
            ReceiverKind::Reference(_, _, None) => Keep::Borrowed,
            ReceiverKind::Typed(_, ty) => match &**ty {
                Type::Reference(reference) if reference.mutability.is_some() => {
                    return Err(Error::new_spanned(receiver, mutable));
                }
                Type::Reference(_) => Keep::Borrowed,
                _ => Keep::Moved,
            },
            _ => Keep::Moved,
        };
        Ok(Own {
            receiver: receiver.clone(),
            keep,
        })
    }

    /// The type of its copy.
    pub(crate) fn owned(&self) -> TokenStream {
        match &self.receiver.kind {
            ReceiverKind::Typed(_, ty) => match &**ty {
                Type::Reference(reference) => reference.elem.to_token_stream(),
                ty => ty.to_token_stream(),
            },
            _ => quote_spanned! {self.receiver.span()=> Self },
        }
    }

    /// Its type inside a load: a borrow is shorter there.
    pub(crate) fn ty(&self) -> TokenStream {
        match &self.receiver.kind {
            ReceiverKind::Value => quote! { Self },
            ReceiverKind::Reference(..) => quote! { &Self },
            ReceiverKind::Typed(_, ty) => names::without_outer_lifetime(ty).to_token_stream(),
            _ => quote! { _ },
        }
    }
}

impl Arg {
    fn new(pat: &Pat, ty: &Type) -> Result<Arg> {
        let Pat::Ident(PatIdent {
            ident,
            mutability,
            by_ref: None,
            subpat: None,
            ..
        }) = pat
        else {
            return Err(Error::new_spanned(
                pat,
                "an argument of a cached function needs a plain name, by which its key finds it: name it here and take it apart in the body",
            ));
        };
        Ok(Arg {
            ident: ident.clone(),
            mutable: mutability.is_some(),
            keep: Keep::of(ty)?,
            ty: ty.clone(),
            role: Role::Counts,
            found_by: true,
        })
    }

    pub(crate) fn span(&self) -> Span {
        self.ty.span()
    }
}
