//! What cannot be cached, with what to do instead.

use quote::ToTokens;
use syn::{Error, Result, Safety, Type};

use super::model::{Arg, Function, Role};
use super::names;

/// Refuses what cannot work.
pub(crate) fn check(function: &Function) -> Result<()> {
    check_modifiers(function)?;
    check_place(function)?;
    check_returned(function)?;
    check_receiver(function)?;
    check_key(function)?;
    for arg in &function.args {
        check_argument(arg)?;
    }
    check_generics(function)?;
    check_wait(function)
}

fn check_modifiers(function: &Function) -> Result<()> {
    let sig = &function.sig;
    if let Some(token) = &sig.constness {
        return Err(Error::new_spanned(
            token,
            "a `const fn` cannot be cached: what runs at compile time has no cache",
        ));
    }
    if let Safety::Unsafe(token) = &sig.safety {
        return Err(Error::new_spanned(
            token,
            "an `unsafe fn` cannot be cached: its caller's promises say nothing of the calls that get its result later. Cache a safe function that calls it",
        ));
    }
    if let Some(abi) = &sig.abi {
        return Err(Error::new_spanned(
            abi,
            "an `extern` function cannot be cached: cache a function of Rust's that it calls",
        ));
    }
    if let Some(variadic) = &sig.variadic {
        return Err(Error::new_spanned(
            variadic,
            "a cached function cannot take any number of arguments: take a slice",
        ));
    }
    Ok(())
}

/// A function without `self` in a block looks like any other, unless it says `Self`.
fn check_place(function: &Function) -> Result<()> {
    if function.is_member() {
        return Ok(());
    }
    let own = syn::Ident::new("Self", proc_macro2::Span::call_site());
    let sig = function.sig.to_token_stream();
    let said =
        names::mentions(sig, &own) || names::mentions(function.block.to_token_stream(), &own);
    if said {
        return Err(Error::new_spanned(
            &function.sig.ident,
            "this function belongs to an `impl` block and takes no `self`: put `#[cached]` on the block as well, so that it is known whose it is",
        ));
    }
    Ok(())
}

fn check_returned(function: &Function) -> Result<()> {
    let ty = &function.returned.ty;
    let is_future = ["Pin", "BoxFuture", "LocalBoxFuture"]
        .iter()
        .any(|name| names::last_is(ty, name));
    if is_future && function.sig.asyncness.is_none() {
        return Err(Error::new_spanned(
            ty,
            "this function returns a future, which cannot be kept: write an `async fn`, or put `#[cached]` above `#[async_trait]`, so that it comes first",
        ));
    }
    Ok(())
}

fn check_receiver(function: &Function) -> Result<()> {
    let Some((span, parts)) = &function.options.on else {
        return Ok(());
    };
    if function.receiver.is_none() {
        return Err(Error::new(
            *span,
            "`on` says what counts of `self`, and this function takes no `self`: its arguments count by themselves",
        ));
    }
    for part in parts {
        let own = syn::Ident::new("self", proc_macro2::Span::call_site());
        if !names::mentions(part.to_token_stream(), &own) {
            let text = part.to_token_stream();
            return Err(Error::new_spanned(
                part,
                format!(
                    "`on` says what counts of `self`: write `self.{text}`, or use `key` for anything else"
                ),
            ));
        }
    }
    Ok(())
}

fn check_key(function: &Function) -> Result<()> {
    let options = &function.options;
    let Some(key) = &options.key else {
        return Ok(());
    };
    let mapped = function
        .args
        .iter()
        .any(|arg| matches!(arg.role, Role::Mapped(_)));
    if options.on.is_some() || mapped {
        return Err(Error::new_spanned(
            key,
            "`key` says all that counts: put what `on` and `map` say into it, and leave them out",
        ));
    }
    Ok(())
}

fn check_argument(arg: &Arg) -> Result<()> {
    if let (Type::ImplTrait(ty), Role::Counts) = (&arg.ty, &arg.role) {
        let is_part = ty.bounds.iter().any(|bound| {
            let text = bound.to_token_stream().to_string();
            text == "KeyPart" || text.ends_with(":: KeyPart")
        });
        if !is_part {
            let name = &arg.ident;
            return Err(Error::new_spanned(
                ty,
                format!(
                    "nobody knows what of this `impl Trait` tells two calls apart: take a type, or say `map({name} = …)` or `skip({name})`"
                ),
            ));
        }
    }
    Ok(())
}

fn check_generics(function: &Function) -> Result<()> {
    if function.options.key.is_some() {
        return Ok(());
    }
    for param in function.type_params() {
        let used = |arg: &Arg| names::mentions(arg.ty.to_token_stream(), param);
        if !function.args.iter().any(used) {
            return Err(Error::new(
                param.span(),
                format!(
                    "no argument tells what `{param}` is, so results of different types would share an entry: say with `key = …` what tells them apart, or write one cached function for each type"
                ),
            ));
        }
    }
    Ok(())
}

fn check_wait(function: &Function) -> Result<()> {
    match &function.options.wait {
        Some((span, _)) if !function.returned.fallible => Err(Error::new(
            *span,
            "a call that has waited too long ends with an error: return a `Result` whose error is `From<larder::Error>`, or leave `wait` out",
        )),
        _ => Ok(()),
    }
}
