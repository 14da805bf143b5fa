//! The style sheet and the script, built into the program.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const STYLE: &str = include_str!("../static/style.css");
const ICON: &str = include_str!("../static/icon.svg");
const LIVE: &str = include_str!("../static/live.js");

/// Where the style sheet is. Like all addresses it is relative to the page, so that the router works under
/// any path, also behind a proxy that takes a part of it away.
pub(crate) fn style_address() -> String {
    "style.css".to_owned()
}

pub(crate) async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

pub(crate) async fn icon() -> Response {
    asset("image/svg+xml", ICON)
}

pub(crate) async fn live() -> Response {
    asset("text/javascript; charset=utf-8", LIVE)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
