//! What every request passes before a page sees it, and what every answer carries.
//!
//! In this order: the name under which the site was asked for, for a plain look whether somebody has asked
//! for it, who asks, and for everything else where the form comes from. Each refusal is told. What a form's
//! token says is looked at where its act is known: see `actions.rs`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use larder_report::ActOutcome;

use crate::access::Access;
use crate::dashboard::Site;
use crate::origin;
use crate::page::Refusal;

/// Nothing but what the router serves itself; no frame around it, no form to elsewhere.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Whoever was let in.
#[derive(Clone, Debug)]
pub(crate) struct Visitor {
    pub(crate) who: Arc<str>,
    pub(crate) access: Access,
}

pub(crate) async fn guard(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let response = match admit(&site, request).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    with_headers(response)
}

async fn admit(site: &Site, mut request: Request) -> Result<Request, Refusal> {
    let act = format!("{} {}", request.method(), request.uri().path());
    let host = origin::host_of(request.headers(), request.uri()).map(str::to_owned);
    let host = host.filter(|host| origin::is_known(host, &site.hosts));
    let Some(host) = host else {
        site.note_stranger(&act, "asked for under another name");
        return Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            "This is not the name of a site with these pages.",
        ));
    };
    // They show nothing, and a refusal is to be read, too: at the address of a page, from which its style is found.
    let looks = matches!(*request.method(), Method::GET | Method::HEAD);
    if looks && matches!(request.uri().path(), "/" | "/style.css" | "/icon.svg") {
        return Ok(request);
    }
    if looks && !origin::is_asked_for(request.headers()) {
        // Told as of a stranger: it was another site's doing, not that of whoever its page was shown to.
        site.note_stranger(&act, "another site's page has asked for it");
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "Another site's page has asked for this, and is shown nothing.",
        ));
    }
    let (parts, body) = request.into_parts();
    let access = site.authorise.access(parts.clone()).await;
    request = Request::from_parts(parts, body);
    let Some(who) = access.who().map(Arc::from) else {
        site.note_stranger(&act, "no access");
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "You may not see these pages.");
        return Err(refusal.sign_in(site.sign_in.clone()));
    };
    if !looks && !origin::is_own(request.headers(), &host) {
        let why = "the form was not sent by one of the dashboard's own pages";
        site.note(&who, &act, ActOutcome::Refused(why.to_owned()));
        return Err(Refusal::new(
            StatusCode::FORBIDDEN,
            "This form was not sent by one of these pages, so nothing was done.",
        ));
    }
    request.extensions_mut().insert(Visitor { who, access });
    Ok(request)
}

/// A look at the address of an act, or a form to that of a page.
pub(crate) async fn wrong_method(
    State(site): State<Arc<Site>>,
    Extension(visitor): Extension<Visitor>,
    request: Request,
) -> Refusal {
    let act = format!("{} {}", request.method(), request.uri().path());
    let why = ActOutcome::Refused("not in this way".to_owned());
    site.note(&visitor.who, &act, why);
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "What changes something is done by the buttons on these pages. Nothing was done.",
    )
}

fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not "no-referrer": browsers would then not say where our own forms come from.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), geolocation=(), microphone=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
