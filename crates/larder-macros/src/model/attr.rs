//! What is written in `#[cache(…)]`, `#[key]`, `#[binary]`.

use std::time::Duration;

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, LitInt, LitStr, Meta, Path, Result};

use crate::cached::ttl;

/// What `#[cache(…)]` on a struct says.
#[derive(Default)]
pub(crate) struct CacheAttr {
    pub(crate) name: Option<LitStr>,
    pub(crate) ttl: Option<(Duration, Span)>,
    pub(crate) version: Option<u32>,
    pub(crate) from_miss: Option<Span>,
    pub(crate) krate: Option<Path>,
}

/// What the attributes of a field say.
#[derive(Default)]
pub(crate) struct FieldAttr {
    pub(crate) key: Option<Span>,
    pub(crate) default: Option<Expr>,
    pub(crate) binary: Option<Span>,
}

impl CacheAttr {
    pub(crate) fn of(attrs: &[Attribute]) -> Result<CacheAttr> {
        let mut cache = CacheAttr::default();
        for attr in attrs {
            if attr.path().is_ident("cache") {
                attr.parse_nested_meta(|meta| cache.one(&meta))?;
            } else if attr.path().is_ident("key") || attr.path().is_ident("binary") {
                let message = "this belongs on a field of the struct";
                return Err(Error::new(attr.path().span(), message));
            }
        }
        Ok(cache)
    }

    fn one(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let given = |known: bool| {
            if known {
                return Err(meta.error("this is said twice"));
            }
            Ok(())
        };
        if meta.path.is_ident("name") {
            given(self.name.is_some())?;
            self.name = Some(meta.value()?.parse()?);
        } else if meta.path.is_ident("ttl") {
            given(self.ttl.is_some())?;
            let text: LitStr = meta.value()?.parse()?;
            let millis = ttl::parse("ttl", &text.value(), text.span())?;
            self.ttl = Some((Duration::from_millis(millis), text.span()));
        } else if meta.path.is_ident("version") {
            given(self.version.is_some())?;
            let number: LitInt = meta.value()?.parse()?;
            self.version = Some(number.base10_parse()?);
        } else if meta.path.is_ident("from_miss") {
            given(self.from_miss.is_some())?;
            self.from_miss = Some(meta.path.span());
        } else if meta.path.is_ident("crate") {
            given(self.krate.is_some())?;
            self.krate = Some(meta.value()?.call(Path::parse_mod_style)?);
        } else {
            return Err(meta.error(
                "a cache model knows `name = \"…\"`, `ttl = \"15m\"`, `version = 2`, `from_miss` and `crate = path`",
            ));
        }
        Ok(())
    }
}

impl FieldAttr {
    pub(crate) fn of(attrs: &[Attribute]) -> Result<FieldAttr> {
        let mut field = FieldAttr::default();
        for attr in attrs {
            if attr.path().is_ident("key") {
                if field.key.is_some() {
                    return Err(Error::new(attr.path().span(), "this is said twice"));
                }
                field.key = Some(attr.path().span());
                if !matches!(attr.meta, Meta::Path(_)) {
                    attr.parse_nested_meta(|meta| field.key_part(&meta))?;
                }
            } else if attr.path().is_ident("binary") {
                attr.meta.require_path_only()?;
                field.binary = Some(attr.path().span());
            } else if attr.path().is_ident("cache") {
                return Err(Error::new(
                    attr.path().span(),
                    "`#[cache(…)]` belongs on the struct; fields know `#[key]` and `#[binary]`",
                ));
            }
        }
        Ok(field)
    }

    fn key_part(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if !meta.path.is_ident("default") {
            return Err(meta.error("a key field knows `default = \"expression\"`"));
        }
        if self.default.is_some() {
            return Err(meta.error("this is said twice"));
        }
        let text: LitStr = meta.value()?.parse()?;
        let default = text.parse().map_err(|error| {
            let message = format!("the default is a Rust expression in quotes: {error}");
            Error::new(text.span(), message)
        })?;
        self.default = Some(default);
        Ok(())
    }
}
