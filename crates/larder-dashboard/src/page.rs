//! The frame around every page, and pages that say no.

use std::sync::Arc;

use askama::Template;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::assets;
use crate::dashboard::Site;
use crate::guard::Visitor;
use larder_report::shown::short;

/// What the frame shows.
pub(crate) struct Frame {
    pub(crate) title: &'static str,
    pub(crate) namespace: String,
    pub(crate) who: String,
    pub(crate) style: String,
    /// Name, address, and whether it is the page itself.
    pub(crate) links: Vec<(&'static str, &'static str, bool)>,
    /// Why only what this process knows is shown.
    pub(crate) alone: Option<String>,
}

impl Frame {
    pub(crate) fn new(site: &Site, visitor: &Visitor, title: &'static str) -> Frame {
        let links = [
            ("Overview", "overview"),
            ("Entries", "entries"),
            ("Tables", "tables"),
            ("Causes", "causes"),
            ("Loads", "loads"),
        ];
        Frame {
            title,
            namespace: short(site.cache().namespace().name(), 64),
            who: short(&visitor.who, 64),
            style: assets::style_address(),
            links: links
                .map(|(name, address)| (name, address, name == title))
                .into(),
            alone: None,
        }
    }

    /// With what the store said, or did not.
    pub(crate) fn unanswered(mut self, error: Option<&str>) -> Frame {
        self.alone = error.map(|error| short(error, 300));
        self
    }
}

/// A page as it is sent.
pub(crate) fn render(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(text) => (
            status,
            [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
            text,
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// A no, with its reason as a sentence.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    sentence: String,
    sign_in: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Refusal {
        Refusal {
            status,
            sentence: sentence.into(),
            sign_in: None,
        }
    }

    pub(crate) fn sign_in(mut self, address: Option<String>) -> Refusal {
        self.sign_in = address;
        self
    }
}

#[derive(Template)]
#[template(path = "refusal.html")]
struct RefusalPage<'a> {
    style: String,
    sentence: &'a str,
    sign_in: Option<&'a str>,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let page = RefusalPage {
            style: assets::style_address(),
            sentence: &self.sentence,
            sign_in: self.sign_in.as_deref(),
        };
        render(self.status, &page)
    }
}

/// What handlers are given.
pub(crate) type SharedSite = axum::extract::State<Arc<Site>>;
