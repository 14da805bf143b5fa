//! One entry.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use larder::{Error, Inspected, Key, TagKind};
use tokio::time::timeout;

use super::{Fields, field};
use crate::dashboard::{STORE_ANSWERS_WITHIN, Site};
use crate::guard::Visitor;
use crate::page::{Frame, Refusal, SharedSite, render};
use larder_report::shown::{
    Shown, bytes, entry_state, lines, short, shown, tag_state, time, value_form,
};

/// So many bytes of a value are shown.
pub const VALUE_BYTES_MAX: usize = 16 * 1024;

/// So many characters of a key are shown.
const KEY_CHARS_MAX: usize = 2_000;

/// A longer tag has no button: its form would be longer than those that are read.
const TAG_BYTES_MAX: usize = 32 * 1024;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryPage {
    frame: Frame,
    opaque: String,
    key: Shown,
    /// What the store does not say.
    problem: Option<String>,
    entry: Option<Entry>,
    may_act: bool,
    /// Tokens of the forms: to delete, and to delete with children.
    delete: Option<String>,
    delete_tree: Option<String>,
}

struct Entry {
    state: &'static str,
    is_good: bool,
    age: String,
    left: String,
    ttl: String,
    size: String,
    form: String,
    tags: Vec<TagRow>,
    value: ValueShown,
}

struct TagRow {
    text: String,
    recorded: String,
    state: &'static str,
    is_current: bool,
    /// What a form says, and its token.
    invalidate: Option<(String, String)>,
}

enum ValueShown {
    /// The application does not let this person see values.
    Hidden,
    /// It is shown on request.
    Folded,
    /// Its form has no text.
    None,
    Text {
        text: String,
        note: Option<String>,
    },
}

pub(crate) async fn show(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Response {
    let opaque = field(&fields, "key");
    let Ok(key) = Key::from_opaque(&opaque) else {
        return Refusal::new(StatusCode::BAD_REQUEST, "This address names no key.").into_response();
    };
    let wants_value = visitor.access.may_see_values() && !field(&fields, "value").is_empty();
    let looked = look(&site, &key, wants_value).await;
    let (entry, problem, status) = match looked {
        Ok(Some(entry)) => (Some(entry), None, StatusCode::OK),
        Ok(None) => (None, None, StatusCode::NOT_FOUND),
        Err(error) => (None, Some(error.to_string()), StatusCode::BAD_GATEWAY),
    };
    let may_act = visitor.access.may_act();
    let token = |act: &str| site.token(&visitor.who, act, &opaque);
    let page = EntryPage {
        frame: Frame::new(&site, &visitor, "Entry").unanswered(problem.as_deref()),
        key: shown(&key.readable(), KEY_CHARS_MAX),
        problem,
        delete: (may_act && entry.is_some()).then(|| token("delete")),
        may_act,
        delete_tree: (may_act && site.trees).then(|| token("delete with children")),
        entry: entry.map(|entry| tell(&site, &visitor, entry, wants_value)),
        opaque,
    };
    render(status, &page)
}

async fn look(site: &Site, key: &Key, value: bool) -> Result<Option<Inspected>, Error> {
    let mut look = site.cache().inspect(key);
    if value {
        look = look.value(VALUE_BYTES_MAX);
    }
    match timeout(STORE_ANSWERS_WITHIN, look.into_future()).await {
        Ok(looked) => looked,
        Err(_) => Err(Error::store("it did not answer in time")),
    }
}

fn tell(site: &Site, visitor: &Visitor, entry: Inspected, wants_value: bool) -> Entry {
    let (state, is_good) = entry_state(&entry);
    let value = match (&entry.value, wants_value) {
        (Some(value), _) => ValueShown::Text {
            text: lines(&value.text),
            note: value
                .is_cut()
                .then(|| format!("cut: {} in all", bytes(value.len as u64))),
        },
        (None, true) => ValueShown::None,
        (None, false) if visitor.access.may_see_values() => ValueShown::Folded,
        (None, false) => ValueShown::Hidden,
    };
    Entry {
        state,
        is_good,
        age: time(entry.age),
        left: time(entry.ttl.saturating_sub(entry.age)),
        ttl: time(entry.ttl),
        size: bytes(entry.weight as u64),
        form: value_form(&entry.form),
        tags: entry
            .tags
            .iter()
            .map(|tag| tag_row(site, visitor, tag))
            .collect(),
        value,
    }
}

fn tag_row(site: &Site, visitor: &Visitor, tag: &larder::InspectedTag) -> TagRow {
    let is_one = matches!(
        tag.tag.kind(),
        TagKind::Table | TagKind::Shape | TagKind::Named | TagKind::Tree
    );
    let one_can = is_one && tag.tag.as_bytes().len() <= TAG_BYTES_MAX;
    let invalidate = (one_can && visitor.access.may_act()).then(|| {
        let opaque = tag.tag.to_opaque();
        let token = site.token(&visitor.who, "invalidate", &opaque);
        (opaque, token)
    });
    let (state, is_current) = tag_state(tag.state);
    TagRow {
        text: short(&tag.tag.to_string(), 300),
        recorded: short(&tag.recorded, 40),
        state,
        is_current,
        invalidate,
    }
}
