//! What stands in the parentheses of `#[cached(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitStr, Result, Token, parenthesized};

use super::ttl;

/// All options, for the message that names them.
const ALL: &str = "ttl, policy, wait, key, map, skip, on, cache, name, group, tags, local";

/// The options as they were written. Each stands at most once.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) ttl: Option<TokenStream>,
    pub(crate) policy: Option<Expr>,
    pub(crate) wait: Option<(Span, TokenStream)>,
    pub(crate) key: Option<Expr>,
    pub(crate) map: Vec<(Ident, Expr)>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) on: Option<(Span, Vec<Expr>)>,
    pub(crate) cache: Option<Expr>,
    pub(crate) name: Option<LitStr>,
    pub(crate) group: Option<LitStr>,
    pub(crate) tags: Vec<Expr>,
    pub(crate) local: bool,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Options> {
        let mut options = Options::default();
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            let option = Ident::parse_any(input)?;
            if seen.contains(&option) {
                return Err(Error::new(
                    option.span(),
                    format!("`{option}` is said twice: an option stands once"),
                ));
            }
            options.read(&option, input)?;
            seen.push(option);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(options)
    }
}

impl Options {
    fn read(&mut self, option: &Ident, input: ParseStream<'_>) -> Result<()> {
        match option.to_string().as_str() {
            "ttl" => self.ttl = Some(ttl::duration("ttl", &value(option, input, "\"60s\"")?)?),
            "wait" => {
                let wait = ttl::duration("wait", &value(option, input, "\"2s\"")?)?;
                self.wait = Some((option.span(), wait));
            }
            "policy" => self.policy = Some(value(option, input, "Policy::new()")?),
            "key" => self.key = Some(value(option, input, "(id, language)")?),
            "cache" => self.cache = Some(value(option, input, "self.cache")?),
            "name" => self.name = Some(text(option, input)?),
            "group" => self.group = Some(text(option, input)?),
            "map" => {
                let pairs = list(option, input, "id = id.0", Mapped::parse)?;
                self.map = pairs
                    .into_iter()
                    .map(|Mapped(arg, expr)| (arg, expr))
                    .collect();
                let mut args = self.map.iter().map(|(arg, _)| arg);
                once(&mut args, "map")?;
            }
            "skip" => {
                self.skip = list(option, input, "db", Ident::parse)?;
                once(&mut self.skip.iter(), "skip")?;
            }
            "on" => {
                let parts = list(option, input, "self.id", Expr::parse)?;
                self.on = Some((option.span(), parts));
            }
            "tags" => self.tags = list(option, input, "Tag::named(\"prices\")", Expr::parse)?,
            "local" => self.local = true,
            _ => {
                return Err(Error::new(
                    option.span(),
                    format!("`{option}` is no option of `cached`; there are: {ALL}"),
                ));
            }
        }
        Ok(())
    }
}

fn once(names: &mut dyn Iterator<Item = &Ident>, option: &str) -> Result<()> {
    let mut seen: Vec<&Ident> = Vec::new();
    for name in names {
        if seen.contains(&name) {
            return Err(Error::new(
                name.span(),
                format!("`{option}` names `{name}` twice"),
            ));
        }
        seen.push(name);
    }
    Ok(())
}

/// `arg = expr`, in `map`.
struct Mapped(Ident, Expr);

impl Mapped {
    fn parse(input: ParseStream<'_>) -> Result<Mapped> {
        let arg: Ident = input.parse()?;
        if !input.peek(Token![=]) {
            return Err(Error::new(
                arg.span(),
                format!("say what counts of `{arg}`: `map({arg} = …)`"),
            ));
        }
        input.parse::<Token![=]>()?;
        Ok(Mapped(arg, input.parse()?))
    }
}

fn value(option: &Ident, input: ParseStream<'_>, example: &str) -> Result<Expr> {
    if !input.peek(Token![=]) {
        return Err(Error::new(
            option.span(),
            format!("`{option}` needs a value: `{option} = {example}`"),
        ));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

fn text(option: &Ident, input: ParseStream<'_>) -> Result<LitStr> {
    let value = value(option, input, "\"nearest restaurant\"")?;
    let text: LitStr = syn::parse2(quote::quote! { #value }).map_err(|_| {
        Error::new_spanned(
            &value,
            format!("`{option}` is a text that stays the same for ever: write it in quotes"),
        )
    })?;
    if text.value().is_empty() {
        return Err(Error::new(
            text.span(),
            format!("`{option}` is empty: leave it out, or give it a text"),
        ));
    }
    Ok(text)
}

fn list<T>(
    option: &Ident,
    input: ParseStream<'_>,
    example: &str,
    item: fn(ParseStream<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    if !input.peek(syn::token::Paren) {
        return Err(Error::new(
            option.span(),
            format!("`{option}` needs a list in parentheses: `{option}({example})`"),
        ));
    }
    let content;
    parenthesized!(content in input);
    let items = Punctuated::<T, Token![,]>::parse_terminated_with(&content, item)?;
    Ok(items.into_iter().collect())
}
