//! Whether a struct can be a cache model; if not, what to do.

use syn::spanned::Spanned;
use syn::{Error, Result};

use super::input::{Field, Model};

pub(crate) fn check(model: &Model) -> Result<()> {
    let mut errors: Option<Error> = None;
    let mut add = |error: Error| match &mut errors {
        Some(errors) => errors.combine(error),
        None => errors = Some(error),
    };
    if let Some(parameter) = model.generics.params.first() {
        add(Error::new(
            parameter.span(),
            "a cache model has no generic parameters: all its types would share one name. Write a struct for each type that is cached",
        ));
    }
    if model.keys().next().is_none() {
        add(Error::new(
            model.ident.span(),
            "a cache model has at least one key field: mark what tells its objects apart with `#[key]`",
        ));
    }
    if let Some(name) = &model.cache.name
        && (name.value().is_empty() || name.value().contains('@'))
    {
        add(Error::new(
            name.span(),
            "a model's name is not empty and has no `@` in it, which stands before the version",
        ));
    }
    if let Some((ttl, span)) = model.cache.ttl
        && ttl.is_zero()
    {
        add(Error::new(
            span,
            "with a ttl of zero nothing is ever found: leave it out for objects that stay until they are evicted",
        ));
    }
    let mut defaulted = false;
    for field in model.keys() {
        if let Some(error) = key(field) {
            add(error);
        }
        if field.attr.default.is_none() && defaulted {
            add(Error::new(
                field.ident.span(),
                "key fields with a default come last: whoever leaves one out leaves out what stands behind it",
            ));
        }
        defaulted |= field.attr.default.is_some();
    }
    for field in &model.fields {
        if let (Some(span), true) = (field.attr.binary, field.refers()) {
            add(Error::new(
                span,
                "a reference is a key already, and is not kept in binary form: leave `#[binary]` out",
            ));
        }
        if let Some(span) = field.attr.binary
            && [
                "with",
                "serialize_with",
                "deserialize_with",
                "flatten",
                "skip",
            ]
            .iter()
            .any(|word| field.serde_says(word))
        {
            add(Error::new(
                span,
                "serde is told already how this field is written: choose between that and `#[binary]`",
            ));
        }
    }
    errors.map_or(Ok(()), Err)
}

fn key(field: &Field) -> Option<Error> {
    if field.refers() {
        return Some(Error::new(
            field.ident.span(),
            "a reference cannot be a key: use the key fields of what it refers to",
        ));
    }
    let left_out = ["skip", "skip_serializing", "skip_deserializing", "flatten"];
    if left_out.iter().any(|word| field.serde_says(word)) {
        return Some(Error::new(
            field.ident.span(),
            "a key field is saved with the object: serde must neither skip nor flatten it",
        ));
    }
    None
}
