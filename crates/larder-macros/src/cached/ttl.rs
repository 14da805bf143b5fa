//! Times as they are written in options: `"60s"`.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Error, Expr, ExprLit, Lit, Result};

/// Units, with their milliseconds. A longer one comes before one that it ends with.
const UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// An option's time as an expression of type `Duration`: a text is read here, anything else but a
/// number is an expression of the user's.
pub(crate) fn duration(option: &str, value: &Expr) -> Result<TokenStream> {
    let Expr::Lit(ExprLit { lit, .. }) = value else {
        return Ok(quote! { #value });
    };
    let Lit::Str(text) = lit else {
        return Err(Error::new_spanned(
            lit,
            format!("`{option}` has no unit: write it as a text such as `\"60s\"`"),
        ));
    };
    let millis = parse(option, &text.value(), text.span())?;
    Ok(quote! { ::core::time::Duration::from_millis(#millis) })
}

/// The milliseconds that a text stands for.
pub(crate) fn parse(option: &str, text: &str, span: Span) -> Result<u64> {
    let refuse = |why: &str| {
        Err(Error::new(
            span,
            format!(
                "`{option} = {text:?}` {why}: write a whole number and one of ms, s, m, h, d, such as `\"60s\"`"
            ),
        ))
    };
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return match (number, unit) {
            ("", _) => refuse("does not begin with a number"),
            (_, "") => refuse("has no unit"),
            _ => refuse("has a unit that is none"),
        };
    };
    if number.is_empty() {
        return refuse("does not begin with a number");
    }
    let whole = number.parse::<u64>().ok();
    match whole.and_then(|whole| whole.checked_mul(*factor)) {
        Some(millis) => Ok(millis),
        None => refuse("is longer than five hundred million years"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<u64>) {
        assert_eq!(parse("ttl", text, Span::call_site()).ok(), expected);
    }

    #[test]
    fn a_time_is_a_whole_number_and_a_unit() {
        check("0s", Some(0));
        check("250ms", Some(250));
        check("60s", Some(60_000));
        check("15m", Some(900_000));
        check("1h", Some(3_600_000));
        check("365000d", Some(31_536_000_000_000));
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "s",
            "60",
            "1.5h",
            "-1s",
            "60 s",
            "60S",
            "1w",
            "1h30m",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            check(text, None);
        }
    }
}
