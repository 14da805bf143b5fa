//! Entries, searched and sorted.

use std::collections::HashMap;
use std::time::Duration;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use larder::store::ListPlace;
use larder::{KeyInfo, KeyList, Moment};
use larder_report::HOT_KEY_BYTES_MAX;

use super::{Fields, KeyLink, List, NoList, field, fleet, later, list, notice};
use crate::guard::Visitor;
use crate::page::{Frame, SharedSite, render};
use crate::search;
use larder_report::shown::{bytes, micros, number, short, time};

/// So many rows are shown.
pub const ENTRIES_SHOWN_MAX: usize = 200;

/// A text is looked for in so many bytes of a key's readable form.
const CONTAINS_BYTES_MAX: usize = 16 * 1024;

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
    /// Where the list goes on, if it does.
    next: Option<Next>,
    rows: Vec<Row>,
}

/// A list from here on: the search as it was typed, and the place.
struct Next {
    prefix: String,
    contains: String,
    order: String,
    place: ListPlace,
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
        next: None,
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
    let from = match field(&fields, "from").as_str() {
        "" => None,
        place => match place.parse::<ListPlace>() {
            Ok(place) => Some(place),
            Err(_) => {
                page.problem = Some("This address names no place in a list.".to_owned());
                return render(StatusCode::UNPROCESSABLE_ENTITY, &page);
            }
        },
    };
    let list = match list(&site, &prefix, from).await {
        Ok(list) => list,
        Err(NoList::Busy) => {
            page.problem = Some(NoList::BUSY.to_owned());
            return later(&site, &page);
        }
        Err(NoList::Unsupported) => {
            page.problem = Some(
                "This store cannot list its keys. Type a whole key to look at its entry."
                    .to_owned(),
            );
            return render(StatusCode::OK, &page);
        }
        Err(NoList::Failed(error)) => {
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
    let listed = list.found.keys.len();
    let is_whole = list.found.complete && from.is_none();
    let cut = match list.found.complete {
        true => String::new(),
        false => cut_short(&list),
    };
    let KeyList { mut keys, next, .. } = list.found;
    let wanted = contains.to_lowercase();
    if !wanted.is_empty() {
        let text = |info: &KeyInfo| info.key.readable_start(CONTAINS_BYTES_MAX);
        keys.retain(|info| text(info).to_lowercase().contains(&wanted));
    }
    let hits = |info: &KeyInfo| {
        let is_counted = info.key.as_bytes().len() <= HOT_KEY_BYTES_MAX;
        let hits = is_counted.then(|| hot.get(&info.key.to_opaque()).copied());
        hits.flatten().unwrap_or(0)
    };
    // Each order is that of the keys where it says nothing: the list came in it.
    match order.as_str() {
        "size" => keys.sort_by_key(|info| std::cmp::Reverse(info.weight)),
        "age" => keys.sort_by_key(|info| info.written_at),
        "hits" => keys.sort_by_cached_key(|info| std::cmp::Reverse(hits(info))),
        _ => {}
    }
    page.sentence = sentence(keys.len(), listed, is_whole, from.is_some()) + &cut;
    page.next = next.map(|place| Next {
        prefix: typed,
        contains,
        order,
        place,
    });
    let now = Moment::from_nanos(u64::try_from(site.now().as_nanos()).unwrap_or(u64::MAX));
    page.rows = keys
        .iter()
        .take(ENTRIES_SHOWN_MAX)
        .map(|info| row(info, hits(info), now))
        .collect();
    render(StatusCode::OK, &page)
}

/// What is shown, and of how many.
fn sentence(shown: usize, listed: usize, is_whole: bool, goes_on: bool) -> String {
    let all = match (is_whole, goes_on) {
        (true, _) => format!("{} found", entries(listed)),
        (false, true) => format!("{} found from there on", entries(listed)),
        (false, false) => format!("{} found so far", entries(listed)),
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

/// Why a list ended before the store did, and what may be done about it.
fn cut_short(list: &List) -> String {
    let advice = match (list.had_enough, list.found.next.is_some()) {
        (true, true) => "Narrow the prefix, or go on.",
        (true, false) => "Narrow the prefix.",
        (false, true) => "Go on, or type a whole key, which is found at once.",
        (false, false) => "Type a whole key, which is found at once.",
    };
    let looked = match list.found.looked {
        1 => "1 key".to_owned(),
        looked => format!("{} keys", number(looked as u64)),
    };
    let took = micros(u64::try_from(list.took.as_micros()).unwrap_or(u64::MAX));
    format!(" This is not complete: {looked} were looked at in {took}. {advice}")
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
