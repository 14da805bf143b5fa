//! Causes: which write dropped what.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use larder_report::{Fleet, FleetCause};

use super::{KeyLink, fleet};
use crate::guard::Visitor;
use crate::page::{Frame, SharedSite, render};
use larder_report::shown::{ago, short};

/// So many causes are shown.
const CAUSES_SHOWN_MAX: usize = 100;

/// So many dropped keys are shown of each.
const DROPPED_SHOWN_MAX: usize = 8;

#[derive(Template)]
#[template(path = "causes.html")]
struct Causes {
    frame: Frame,
    rows: Vec<Row>,
}

/// The list alone, for the script.
#[derive(Template)]
#[template(path = "causes_list.html")]
struct List {
    rows: Vec<Row>,
}

struct Row {
    when: String,
    process: String,
    statement: String,
    tags: Vec<String>,
    tags_left_out: usize,
    dropped: Vec<KeyLink>,
    dropped_left_out: usize,
}

pub(crate) async fn show(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let fleet = fleet(&site).await;
    let page = Causes {
        frame: Frame::new(&site, &visitor, "Causes").unanswered(fleet.unanswered()),
        rows: rows(&fleet, site.now_millis()),
    };
    render(StatusCode::OK, &page)
}

pub(crate) async fn list(State(site): SharedSite) -> Response {
    let rows = rows(&fleet(&site).await, site.now_millis());
    render(StatusCode::OK, &List { rows })
}

fn rows(fleet: &Fleet, now: u64) -> Vec<Row> {
    let causes = fleet.causes().into_iter().take(CAUSES_SHOWN_MAX);
    causes.map(|cause| row(&cause, now)).collect()
}

fn row(told: &FleetCause<'_>, now: u64) -> Row {
    let cause = told.cause;
    Row {
        when: ago(cause.at, now),
        process: short(told.process, 60),
        statement: match cause.text.as_str() {
            "" => "not told".to_owned(),
            text => short(text, 500),
        },
        tags: cause.tags.iter().map(|tag| short(&tag.text, 160)).collect(),
        tags_left_out: cause.tags_count.saturating_sub(cause.tags.len()),
        dropped: told
            .dropped
            .iter()
            .take(DROPPED_SHOWN_MAX)
            .map(|key| KeyLink::new(key))
            .collect(),
        dropped_left_out: told.dropped.len().saturating_sub(DROPPED_SHOWN_MAX),
    }
}
