//! Under which names the pages are served, and which pages may send forms.

use axum::http::{HeaderMap, Uri, header};

/// The names of this machine to itself: good if the application names none.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// What a request calls the site: the `Host` header, or what HTTP/2 has in its place.
pub(crate) fn host_of<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let mut all = headers.get_all(header::HOST).iter();
    let host = match (all.next(), all.next()) {
        (Some(host), None) => Some(host.to_str().ok()?),
        // Two are one too many: whoever stands before us may have believed the other.
        (Some(_), Some(_)) => return None,
        (None, _) => None,
    };
    host.or_else(|| uri.authority().map(|authority| authority.as_str()))
}

/// Whether the site may be called this. Another site's name that leads to our address (DNS rebinding)
/// makes its pages "same origin" to a browser.
pub(crate) fn is_known(host: &str, known: &[String]) -> bool {
    let name = without_port(host);
    let is = |known: &str| known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(name);
    match known {
        [] => LOOPBACK.iter().any(|known| is(known)),
        known => known.iter().any(|known| is(known)),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a look is one that somebody has asked for: from one of our own pages, by typing the address, or by
/// following a link to a page in a window of its own. What another site makes a browser fetch beside its
/// own page (images, frames, prefetches) shows nobody anything, and costs us what a page costs. A client
/// that does not say where it comes from is no browser that another site could use.
pub(crate) fn is_asked_for(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    match text("sec-fetch-site") {
        None | Some("same-origin" | "none") => true,
        Some(_) => {
            text("sec-fetch-mode") == Some("navigate")
                && text("sec-fetch-dest") == Some("document")
                && !headers.contains_key("sec-purpose")
                && !headers.contains_key("purpose")
        }
    }
}

/// Whether a form was sent by one of our own pages. Browsers say where a form comes from, and no page
/// can make them say otherwise. A client that does not say is refused as well.
pub(crate) fn is_own(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if text("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return false;
    }
    text("origin")
        .and_then(|origin| origin.split_once("://"))
        .is_some_and(|(scheme, from)| {
            matches!(scheme, "http" | "https") && from.eq_ignore_ascii_case(host)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_names_of_its_own_it_is_known_to_its_own_machine_only() {
        for host in ["localhost", "LOCALHOST:3000", "127.0.0.1:80", "[::1]:3000"] {
            assert!(is_known(host, &[]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil",
            "::1",
        ] {
            assert!(!is_known(host, &[]), "{host}");
        }
    }

    #[test]
    fn a_name_is_good_at_every_port_and_with_a_port_at_that_one() {
        let known = ["admin.example".to_owned(), "other.example:8443".to_owned()];
        for host in ["admin.example", "Admin.Example:8080", "other.example:8443"] {
            assert!(is_known(host, &known), "{host}");
        }
        for host in [
            "localhost",
            "other.example",
            "other.example:1",
            "x.admin.example",
        ] {
            assert!(!is_known(host, &known), "{host}");
        }
    }

    #[track_caller]
    fn check(pairs: &[(&'static str, &'static str)], expected: bool) {
        let headers = pairs
            .iter()
            .map(|&(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        assert_eq!(is_own(&headers, "a.example:3000"), expected, "{pairs:?}");
    }

    #[test]
    fn only_our_own_pages_send_forms() {
        check(&[("origin", "https://a.example:3000")], true);
        check(
            &[
                ("origin", "http://A.example:3000"),
                ("sec-fetch-site", "same-origin"),
            ],
            true,
        );
        check(&[], false);
        check(&[("origin", "null")], false);
        check(&[("origin", "https://a.example")], false);
        check(&[("origin", "https://evil.example:3000")], false);
        check(&[("origin", "file://a.example:3000")], false);
        check(
            &[
                ("origin", "https://a.example:3000"),
                ("sec-fetch-site", "same-site"),
            ],
            false,
        );
    }
}
