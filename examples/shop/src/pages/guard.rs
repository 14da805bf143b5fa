//! Only the shop's own pages may change anything.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::error::Error;

/// Refuses a form that another site sent.
///
/// Browsers say where a form comes from (`Origin`, `Sec-Fetch-Site`), and a page cannot forge either.
/// A client that says neither is no browser, so nobody's cookies are being abused.
pub(crate) async fn same_origin(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || is_same_origin(request.headers()) {
        next.run(request).await
    } else {
        Error::Foreign.into_response()
    }
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text(header::HeaderName::from_static("sec-fetch-site"))
        .is_some_and(|site| !matches!(site, "same-origin" | "none"))
    {
        return false;
    }
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => true,
        (Some(origin), Some(host)) => origin
            .split_once("://")
            .is_some_and(|(_, from)| from.eq_ignore_ascii_case(host)),
        (Some(_), None) => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn check(pairs: &[(&'static str, &'static str)], expected: bool) {
        let headers = pairs
            .iter()
            .map(|&(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        assert_eq!(is_same_origin(&headers), expected, "{pairs:?}");
    }

    #[test]
    fn the_shops_own_forms_pass() {
        check(
            &[
                ("host", "127.0.0.1:3000"),
                ("origin", "http://127.0.0.1:3000"),
            ],
            true,
        );
        check(
            &[
                ("host", "shop.example"),
                ("origin", "https://shop.example"),
                ("sec-fetch-site", "same-origin"),
            ],
            true,
        );
        check(&[("host", "127.0.0.1:3000")], true);
    }

    #[test]
    fn forms_of_other_sites_do_not() {
        check(
            &[
                ("host", "127.0.0.1:3000"),
                ("origin", "http://evil.example"),
            ],
            false,
        );
        check(
            &[
                ("host", "127.0.0.1:3000"),
                ("origin", "http://127.0.0.1:4000"),
            ],
            false,
        );
        check(&[("host", "127.0.0.1:3000"), ("origin", "null")], false);
        check(&[("origin", "http://127.0.0.1:3000")], false);
        check(
            &[("host", "127.0.0.1:3000"), ("sec-fetch-site", "cross-site")],
            false,
        );
    }
}
