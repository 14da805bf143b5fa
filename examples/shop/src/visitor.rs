//! Who is looking: a random name in a cookie, which is all that the shop knows of a visitor.

use axum::http::{HeaderMap, HeaderValue, header};

const COOKIE: &str = "basket";

/// Bytes of chance in a visitor's name: nobody guesses another one's basket.
const NAME_BYTES: usize = 16;

/// How long a browser keeps the cookie: thirty days.
const COOKIE_SECONDS: u32 = 30 * 24 * 3600;

/// The basket of the visitor who sent these headers, if they have one.
pub fn basket(headers: &HeaderMap) -> Option<String> {
    named(headers, COOKIE)
}

/// The random name in the cookie that is called so, if there is one.
pub(crate) fn named(headers: &HeaderMap, cookie: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|&(name, value)| name == cookie && is_name(value))
        .map(|(_, value)| value.to_owned())
}

fn is_name(text: &str) -> bool {
    text.len() == NAME_BYTES * 2
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A name for a new basket.
///
/// # Errors
///
/// When the operating system gives no random bytes.
pub fn new_basket() -> Result<String, getrandom::Error> {
    new_name()
}

/// A name that nobody guesses.
pub(crate) fn new_name() -> Result<String, getrandom::Error> {
    let mut bytes = [0; NAME_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The header that gives a visitor their basket.
pub fn cookie(basket: &str) -> Option<HeaderValue> {
    let text =
        format!("{COOKIE}={basket}; Path=/; HttpOnly; SameSite=Lax; Max-Age={COOKIE_SECONDS}");
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cookie: &'static str, expected: Option<&str>) {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static(cookie))]);
        assert_eq!(basket(&headers).as_deref(), expected, "{cookie}");
    }

    #[test]
    fn the_basket_is_found_among_other_cookies() {
        let name = "0123456789abcdef0123456789abcdef";
        check("basket=0123456789abcdef0123456789abcdef", Some(name));
        check(
            "a=b; basket=0123456789abcdef0123456789abcdef; c=d",
            Some(name),
        );
    }

    #[test]
    fn a_made_up_basket_is_none() {
        check("basket=", None);
        check("basket=1", None);
        check("basket=0123456789ABCDEF0123456789ABCDEF", None);
        check("other=0123456789abcdef0123456789abcdef", None);
    }

    #[test]
    fn new_baskets_are_valid_and_differ() {
        let (one, other) = (new_basket().unwrap(), new_basket().unwrap());
        assert!(is_name(&one) && one != other);
    }
}
