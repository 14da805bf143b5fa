//! Loads: slow ones, spared ones, and what is asked for most.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::overview::{LatencyChart, latency_chart};
use super::{KeyLink, fleet};
use crate::guard::Visitor;
use crate::page::{Frame, SharedSite, render};
use larder_report::shown::{ago, micros, number, short};

/// So many rows are shown of each list.
const ROWS_MAX: usize = 50;

#[derive(Template)]
#[template(path = "loads.html")]
struct Loads {
    frame: Frame,
    latencies: LatencyChart,
    slow: Vec<SlowRow>,
    spared: Vec<SparedRow>,
    hot: Vec<(KeyLink, String)>,
}

struct SlowRow {
    when: String,
    process: String,
    group: String,
    key: KeyLink,
    took: String,
}

struct SparedRow {
    group: String,
    loads: String,
    joins: String,
}

pub(crate) async fn show(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
) -> Response {
    let fleet = fleet(&site).await;
    let now = site.now_millis();
    let slow = fleet.slow().into_iter().take(ROWS_MAX);
    let mut spared = fleet.groups();
    spared.retain(|(_, counts)| counts.joins > 0);
    spared.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.joins));
    let page = Loads {
        frame: Frame::new(&site, &visitor, "Loads").unanswered(fleet.unanswered()),
        latencies: latency_chart(&fleet.latencies()),
        slow: slow
            .map(|(process, slow)| SlowRow {
                when: ago(slow.at, now),
                process: short(process, 60),
                group: short(&slow.group, 60),
                key: KeyLink::new(&slow.key),
                took: micros(slow.micros),
            })
            .collect(),
        spared: spared
            .into_iter()
            .take(ROWS_MAX)
            .map(|(group, counts)| SparedRow {
                group: short(group, 60),
                loads: number(counts.loads),
                joins: number(counts.joins),
            })
            .collect(),
        hot: fleet
            .hot()
            .iter()
            .take(ROWS_MAX)
            .map(|hot| (KeyLink::new(&hot.key), format!("~{}", number(hot.hits))))
            .collect(),
    };
    render(StatusCode::OK, &page)
}
