//! Entries, searched and sorted.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use larder::{KeyInfo, Moment};

use super::{Fields, KeyLink, LISTED_MAX, field, fleet, list, notice};
use crate::guard::Visitor;
use crate::page::{Frame, SharedSite, render};
use crate::search;
use larder_report::shown::{bytes, number, short, time};

/// So many rows are shown.
pub const ENTRIES_SHOWN_MAX: usize = 200;

/// Orders, by what stands in the address, with what people read.
const ORDERS: [(&str, &str); 4] = [
    ("key", "key"),
    ("size", "size, largest first"),
    ("age", "age, oldest first"),
    ("hits", "sampled hits, most first"),
];

#[derive(Template)]
#[template(path = "entries.html")]
struct Entries {
    frame: Frame,
    notice: Option<&'static str>,
    /// As it was typed.
    prefix: String,
    contains: String,
    /// What stands in the address, what people read, whether it is chosen.
    orders: Vec<(&'static str, &'static str, bool)>,
    problem: Option<String>,
    /// Where exactly this key's page is, if the typed parts are a key.
    exact: Option<String>,
    sentence: String,
    rows: Vec<Row>,
}

struct Row {
    key: KeyLink,
    size: String,
    age: String,
    left: String,
    hits: String,
    tags: usize,
}

pub(crate) async fn show(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Response {
    let (typed, contains) = (field(&fields, "prefix"), field(&fields, "contains"));
    let order = field(&fields, "order");
    let mut page = Entries {
        frame: Frame::new(&site, &visitor, "Entries"),
        notice: notice(&fields),
        prefix: short(&typed, search::SEARCH_BYTES_MAX),
        contains: short(&contains, search::SEARCH_BYTES_MAX),
        orders: ORDERS
            .map(|(name, says)| (name, says, name == order))
            .into(),
        problem: None,
        exact: None,
        sentence: String::new(),
        rows: Vec::new(),
    };
    let prefix = match search::prefix(&typed) {
        Ok(prefix) => prefix,
        Err(problem) => {
            page.problem = Some(problem);
            return render(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    if !prefix.as_bytes().is_empty() {
        page.exact = Some(format!("entry?key={}", prefix.to_opaque()));
    }
    let found = match list(&site, &prefix).await {
        Ok(found) => found,
        Err(error) if error.is_unsupported() => {
            page.problem = Some(
                "This store cannot list its keys. Type a whole key to look at its entry."
                    .to_owned(),
            );
            return render(StatusCode::OK, &page);
        }
        Err(error) => {
            page.frame = page.frame.unanswered(Some(&error.to_string()));
            return render(StatusCode::BAD_GATEWAY, &page);
        }
    };
    let hot: HashMap<String, u64> = fleet(&site)
        .await
        .hot()
        .into_iter()
        .filter_map(|hot| Some((hot.key.opaque?, hot.hits)))
        .collect();
    let listed = found.keys.len();
    let mut keys = found.keys;
    let wanted = contains.to_lowercase();
    if !wanted.is_empty() {
        keys.retain(|info| info.key.readable().to_lowercase().contains(&wanted));
    }
    let hits = |info: &KeyInfo| hot.get(&info.key.to_opaque()).copied().unwrap_or(0);
    // Each order is that of the keys where it says nothing: the list came in it.
    match order.as_str() {
        "size" => keys.sort_by_key(|info| std::cmp::Reverse(info.weight)),
        "age" => keys.sort_by_key(|info| info.written_at),
        "hits" => keys.sort_by_cached_key(|info| std::cmp::Reverse(hits(info))),
        _ => {}
    }
    page.sentence = sentence(keys.len(), listed, found.complete);
    let now = Moment::from_nanos(u64::try_from(site.now().as_nanos()).unwrap_or(u64::MAX));
    page.rows = keys
        .iter()
        .take(ENTRIES_SHOWN_MAX)
        .map(|info| row(info, hits(info), now))
        .collect();
    render(StatusCode::OK, &page)
}

/// What is shown, of how many, and whether there are more.
fn sentence(shown: usize, listed: usize, complete: bool) -> String {
    let all = match complete {
        true => format!("{} found", entries(listed)),
        false => format!(
            "This list is not complete: it is made of the first {} that the store told of",
            entries(listed.min(LISTED_MAX))
        ),
    };
    let kept = match shown == listed {
        true => String::new(),
        false => format!("; {} of them contain the text", number(shown as u64)),
    };
    let cut = match shown > ENTRIES_SHOWN_MAX {
        true => format!("; the first {ENTRIES_SHOWN_MAX} are shown"),
        false => String::new(),
    };
    format!("{all}{kept}{cut}.")
}

fn entries(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        count => format!("{} entries", number(count as u64)),
    }
}

fn row(info: &KeyInfo, hits: u64, now: Moment) -> Row {
    let age = now.since(info.written_at);
    Row {
        key: KeyLink::of(&info.key),
        size: bytes(info.weight as u64),
        age: time(Duration::from_secs(age.as_secs())),
        left: time(info.ttl.saturating_sub(age)),
        hits: match hits {
            0 => "–".to_owned(),
            hits => format!("~{}", number(hits)),
        },
        tags: info.tags.len(),
    }
}
