//! The pages.

pub(crate) mod causes;
pub(crate) mod entries;
pub(crate) mod entry;
pub(crate) mod loads;
pub(crate) mod overview;
pub(crate) mod tables;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{OriginalUri, Query};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use larder::store::ListPlace;
use larder::{Error, Key, KeyList};
use larder_report::{Fleet, KeyText};
use tokio::time::timeout;

use crate::dashboard::{STORE_ANSWERS_WITHIN, Site};
use crate::page::{Refusal, render};
use larder_report::shown::short;

/// What other processes have told is kept so long: ten live lists that are open ask the store once.
pub const FLEET_KEPT: Duration = Duration::from_secs(1);

/// When so many entries are found, a list ends with the page of the store's in which they were.
pub const LISTED_ENOUGH: usize = 1_000;

/// No page of a store's is that long, and no list is longer.
const LISTED_MAX: usize = 16 * LISTED_ENOUGH;

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

/// What all processes tell, as of a moment ago; this one alone if the store does not answer in time.
pub(crate) async fn fleet(site: &Site) -> Fleet {
    let fleet = site.reporting.fleet_as_of(FLEET_KEPT);
    match timeout(STORE_ANSWERS_WITHIN, fleet).await {
        Ok(fleet) => fleet,
        Err(_) => site.reporting.alone("it did not answer in time"),
    }
}

/// Entries below a prefix, without those in which reports lie.
pub(crate) struct List {
    pub(crate) found: KeyList,
    pub(crate) took: Duration,
    /// Whether it ended because enough was found.
    pub(crate) had_enough: bool,
}

/// Why there is no list.
pub(crate) enum NoList {
    /// As many are made already as may be made at once.
    Busy,
    /// The store cannot list its keys.
    Unsupported,
    /// The store failed, or does not answer.
    Failed(Error),
}

impl NoList {
    /// What people are told who are to come again.
    pub(crate) const BUSY: &'static str = "Other lists of keys are being made, and each keeps the store \
                                           busy. Load the page again in a few seconds.";
}

/// The entries below `prefix`, from a place on: all of them, or a part that ends with a page of the store's.
pub(crate) async fn list(
    site: &Site,
    prefix: &Key,
    from: Option<ListPlace>,
) -> Result<List, NoList> {
    let _permit = site.lists.try_acquire().map_err(|_| NoList::Busy)?;
    let begun = Instant::now();
    let keys = site.cache().keys(prefix).limit(LISTED_MAX);
    let mut keys = keys.enough(LISTED_ENOUGH).within(site.listed_within);
    if let Some(from) = from {
        keys = keys.from(from);
    }
    // It ends by itself with the first page after its time: a page that takes longer than that is none.
    let patience = site.listed_within.saturating_add(STORE_ANSWERS_WITHIN);
    let mut found = match timeout(patience, keys.into_future()).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) if error.is_unsupported() => return Err(NoList::Unsupported),
        Ok(Err(error)) => return Err(NoList::Failed(error)),
        Err(_) => return Err(NoList::Failed(Error::store("it did not answer in time"))),
    };
    // Before the reports are left out: they were found, too.
    let had_enough = !found.complete && found.keys.len() >= LISTED_ENOUGH;
    larder_report::leave_reports_out(&mut found);
    Ok(List {
        found,
        took: begun.elapsed(),
        had_enough,
    })
}

/// A page that says to come again.
pub(crate) fn later(site: &Site, page: &impl Template) -> Response {
    let mut response = render(StatusCode::SERVICE_UNAVAILABLE, page);
    let seconds = site.listed_within.as_secs().max(1);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
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
        let is_short = key.as_bytes().len() <= LINK_BYTES_MAX;
        let opaque = is_short.then(|| key.to_opaque());
        let opaque = opaque.filter(|text| text.len() <= LINK_BYTES_MAX);
        KeyLink {
            // As many bytes as the longest text of so many characters has.
            text: short(&key.readable_start(160 * 4), 160),
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
