//! What stands around every page: head, navigation, and the foot that lists the page's queries.

use askama::Template;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    error::Error,
    format::{Microseconds, plural},
    kept::basket::Basket,
    pages::Shop,
    trace::{self, Outcome, PageTrace},
    visitor,
};

/// Part of the shop that a page belongs to, as the navigation shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// The front page, and pages that belong nowhere.
    Home,
    /// Tracks.
    Tracks,
    /// Artists and their albums.
    Artists,
    /// Genres.
    Genres,
    /// Playlists.
    Playlists,
    /// Customers and invoices.
    Customers,
    /// The back office.
    Office,
    /// The basket.
    Basket,
}

impl Section {
    const NAVIGATION: [(Section, &'static str, &'static str); 6] = [
        (Section::Tracks, "/tracks", "Tracks"),
        (Section::Artists, "/artists", "Artists"),
        (Section::Genres, "/genres", "Genres"),
        (Section::Playlists, "/playlists", "Playlists"),
        (Section::Customers, "/customers", "Customers"),
        (Section::Office, "/office", "Office"),
    ];
}

/// A page without its frame: what a handler gives.
#[derive(Clone, Debug)]
pub struct View {
    status: StatusCode,
    section: Section,
    title: String,
    html: String,
}

impl View {
    /// A page of this template.
    ///
    /// # Errors
    ///
    /// When the template fails.
    pub fn new(
        section: Section,
        title: impl Into<String>,
        template: &impl Template,
    ) -> Result<View, Error> {
        Ok(View {
            status: StatusCode::OK,
            section,
            title: title.into(),
            html: template.render()?,
        })
    }

    /// The same page with another status.
    pub fn status(self, status: StatusCode) -> View {
        View { status, ..self }
    }

    /// A page that says what went wrong.
    pub fn error(status: StatusCode, sentence: String) -> View {
        #[derive(Template)]
        #[template(path = "error.html")]
        struct ErrorPage<'a> {
            code: u16,
            title: &'a str,
            sentence: &'a str,
        }

        let title = match status {
            StatusCode::NOT_FOUND => "Not in this shop",
            StatusCode::FORBIDDEN => "Not allowed",
            StatusCode::INTERNAL_SERVER_ERROR => "Out of order",
            _ => "That does not work",
        };
        let page = ErrorPage {
            code: status.as_u16(),
            title,
            sentence: &sentence,
        };
        // If even this template fails there are still the sentence and the status.
        let html = page
            .render()
            .unwrap_or_else(|_| String::from("<h1>Out of order</h1>"));
        View {
            status,
            section: Section::Home,
            title: title.to_owned(),
            html,
        }
    }

    /// The page for an answer that axum gave by itself: no such route, a wrong method, a broken form.
    fn of_status(status: StatusCode) -> View {
        let sentence = match status {
            StatusCode::NOT_FOUND => "There is no such page here.",
            StatusCode::METHOD_NOT_ALLOWED => "This page does not take that kind of request.",
            StatusCode::PAYLOAD_TOO_LARGE => "That form is too long.",
            _ => "The shop does not understand this request.",
        };
        View::error(status, sentence.to_owned())
    }
}

impl IntoResponse for View {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "layout.html")]
struct Layout<'a> {
    view: &'a View,
    navigation: &'a [(Section, &'static str, &'static str)],
    in_basket: i64,
    style: &'a str,
    store: &'a str,
    trace: &'a PageTrace,
}

impl Layout<'_> {
    fn summary(&self) -> String {
        let hits = self.trace.count(Outcome::Hit);
        format!(
            "{}, {} from the cache, {} to the database, {}",
            match self.trace.queries.len() {
                1 => "1 query".to_owned(),
                count => format!("{count} queries"),
            },
            hits,
            plural(self.trace.statements(), "statement"),
            Microseconds(self.trace.elapsed()),
        )
    }
}

/// Answers a request: runs it with a trace, and puts the frame around what it gives.
pub async fn frame(State(shop): State<Shop>, request: Request, next: Next) -> Response {
    let store = shop.store.clone();
    trace::page(async move {
        let basket = visitor::basket(request.headers());
        let mut response = next.run(request).await;
        let failed = response.status().is_client_error() || response.status().is_server_error();
        let view = match response.extensions_mut().remove::<View>() {
            Some(view) => Some(view),
            None if failed => Some(View::of_status(response.status())),
            None => None,
        };
        if let Some(view) = view {
            let html = render(&shop, view, basket).await;
            *response.body_mut() = Body::from(html);
            let headers = response.headers_mut();
            headers.remove(header::CONTENT_LENGTH);
            headers.insert(
                header::CONTENT_TYPE,
                HeaderValue::from_static("text/html; charset=utf-8"),
            );
            // The browser asks again each time: the shop's own cache is the one on show.
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        let headers = response.headers_mut();
        for (name, value) in SECURITY {
            headers.insert(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        if let Ok(timing) = HeaderValue::from_str(&trace::so_far().server_timing(&store)) {
            headers.insert(HeaderName::from_static("server-timing"), timing);
        }
        response
    })
    .await
}

/// No scripts at all, nothing from elsewhere, no framing.
const SECURITY: [(&str, &str); 3] = [
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "same-origin"),
];

async fn render(shop: &Shop, view: View, basket: Option<String>) -> String {
    let in_basket = match basket {
        // A page is worth more than the number in its corner.
        Some(visitor) => Basket::of(&shop.db, &visitor)
            .await
            .map_or(0, |basket| basket.count()),
        None => 0,
    };
    let trace = trace::so_far();
    let layout = Layout {
        view: &view,
        navigation: &Section::NAVIGATION,
        in_basket,
        style: &shop.style,
        store: &shop.store,
        trace: &trace,
    };
    layout.render().unwrap_or_else(|error| {
        eprintln!("shop: {error}");
        String::from("<h1>Out of order</h1>")
    })
}
