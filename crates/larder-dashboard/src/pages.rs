//! The pages.

pub(crate) mod causes;
pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod loads;
pub(crate) mod overview;
pub(crate) mod tables;

use std::collections::HashMap;

use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use larder::{Error, Key, KeyList};
use larder_report::{Fleet, KeyText};
use tokio::time::timeout;

use crate::dashboard::{STORE_ANSWERS_WITHIN, Site};
use crate::page::Refusal;
use larder_report::shown::short;

/// So many entries are looked at for a page, in the order in which the store tells of them.
pub(crate) const LISTED_MAX: usize = 1_000;

/// The fields of a query.
pub(crate) type Fields = Result<Query<HashMap<String, String>>, QueryRejection>;

/// A field of a query; empty if it is not there.
pub(crate) fn field(fields: &Fields, name: &str) -> String {
    let fields = fields.as_ref().ok();
    let value = fields.and_then(|fields| fields.get(name));
    value.cloned().unwrap_or_default()
}

/// What was done before the browser was sent here.
pub(crate) fn notice(fields: &Fields) -> Option<&'static str> {
    match field(fields, "done").as_str() {
        "deleted" => Some("The entry is deleted."),
        "deleted-tree" => Some("The entry and everything below it are deleted."),
        "invalidated" => Some("What depended on it is invalidated."),
        "cleared" => Some("Everything is dropped."),
        _ => None,
    }
}

/// The first page. All addresses are relative to a page, so there must be a slash before it.
pub(crate) async fn home(OriginalUri(asked): OriginalUri) -> Response {
    let last = asked.path().rsplit('/').next().unwrap_or_default();
    let slash = if last.is_empty() { "" } else { "/" };
    // The dot: a name with a colon in it is no scheme.
    let place = format!("./{last}{slash}overview");
    (StatusCode::SEE_OTHER, [(header::LOCATION, place)]).into_response()
}

pub(crate) async fn missing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "There is no such page.")
}

/// What all processes tell; this one alone if the store does not answer in time.
pub(crate) async fn fleet(site: &Site) -> Fleet {
    match timeout(STORE_ANSWERS_WITHIN, site.reporting.fleet()).await {
        Ok(fleet) => fleet,
        Err(_) => site.reporting.alone("it did not answer in time"),
    }
}

/// The entries below `prefix`, without those in which reports lie.
pub(crate) async fn list(site: &Site, prefix: &Key) -> Result<KeyList, Error> {
    let listed = larder_report::keys(site.cache(), prefix, LISTED_MAX);
    match timeout(STORE_ANSWERS_WITHIN, listed).await {
        Ok(list) => list,
        Err(_) => Err(Error::store("the list took too long")),
    }
}

/// A key in a list: its text, and where its page is.
pub(crate) struct KeyLink {
    pub(crate) text: String,
    pub(crate) link: Option<String>,
}

/// A key whose opaque text is longer gets no link: not every proxy lets it pass.
const LINK_BYTES_MAX: usize = 8 * 1024;

impl KeyLink {
    /// Of a key that is at hand.
    pub(crate) fn of(key: &Key) -> KeyLink {
        let opaque = Some(key.to_opaque()).filter(|text| text.len() <= LINK_BYTES_MAX);
        KeyLink {
            text: short(&key.readable(), 160),
            link: opaque.map(|key| format!("entry?key={key}")),
        }
    }

    /// Of a key that is told of.
    pub(crate) fn new(key: &KeyText) -> KeyLink {
        KeyLink {
            text: short(&key.readable, 160),
            link: key.opaque.as_ref().map(|key| format!("entry?key={key}")),
        }
    }
}
