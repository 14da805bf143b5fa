//! The overview: how the fleet's cache does.

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use larder_report::{Act, ActOutcome, Counts, Fleet, Latencies};

use super::{Fields, fleet, notice};
use crate::chart;
use crate::guard::Visitor;
use crate::page::{Frame, SharedSite, render};
use larder_report::shown::{ago, hit_ratio, latency, micros, number, short, time};

/// So many groups, troubles and acts are shown.
const ROWS_MAX: usize = 20;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    notice: Option<&'static str>,
    cards: Vec<Card>,
    reads: String,
    bumps: String,
    latencies: LatencyChart,
    groups: Vec<GroupRow>,
    groups_left_out: usize,
    processes: Vec<ProcessRow>,
    troubles: Vec<TroubleRow>,
    acts: Vec<ActRow>,
    refused: Vec<ActRow>,
    /// The token and the namespace of the form that drops everything.
    clear: Option<(String, String)>,
}

pub(crate) struct Card {
    label: &'static str,
    value: String,
    note: String,
}

pub(crate) struct LatencyChart {
    pub(crate) svg: String,
    /// The classes, with how many loads were in each.
    pub(crate) classes: Vec<(String, String)>,
    pub(crate) is_empty: bool,
}

struct GroupRow {
    name: String,
    ratio: String,
    hits: String,
    stale_hits: String,
    misses: String,
    loads: String,
    joins: String,
    errors: String,
    invalidations: String,
}

struct ProcessRow {
    name: String,
    started: String,
    heard: String,
    reads: String,
}

struct TroubleRow {
    when: String,
    process: String,
    what: String,
    times: u64,
}

struct ActRow {
    when: String,
    who: String,
    what: String,
    outcome: &'static str,
    why: String,
}

pub(crate) async fn show(
    State(site): SharedSite,
    Extension(visitor): Extension<Visitor>,
    fields: Fields,
) -> Response {
    let fleet = fleet(&site).await;
    let now = site.now_millis();
    let frame = Frame::new(&site, &visitor, "Overview").unanswered(fleet.unanswered());
    let groups = fleet.groups();
    let namespace = site.cache().namespace().name();
    let may_clear = site.everything && visitor.access.may_act();
    let page = Overview {
        frame,
        notice: notice(&fields),
        cards: cards(&fleet),
        reads: reads_chart(&fleet, now),
        bumps: bumps_chart(&fleet, now),
        latencies: latency_chart(&fleet.latencies()),
        groups_left_out: groups.len().saturating_sub(ROWS_MAX),
        groups: groups.iter().take(ROWS_MAX).map(group_row).collect(),
        processes: processes(&fleet, now),
        troubles: troubles(&fleet, now),
        acts: acts(fleet.acts(), now),
        refused: acts(fleet.refused(), now),
        clear: may_clear.then(|| {
            let token = site.token(&visitor.who, "drop everything", namespace);
            (token, short(namespace, 64))
        }),
    };
    render(StatusCode::OK, &page)
}

fn cards(fleet: &Fleet) -> Vec<Card> {
    let total = fleet.total();
    let latencies = fleet.latencies();
    let below = |part| latency(&latencies, part);
    let bumps = fleet.bumps();
    let card = |label, value, note| Card { label, value, note };
    vec![
        card(
            "Hit ratio",
            hit_ratio(&total),
            format!("of {} reads", number(total.reads())),
        ),
        card(
            "Loads",
            number(total.loads),
            match total.load_errors {
                0 => "none failed".to_owned(),
                errors => format!("{} failed", number(errors)),
            },
        ),
        card(
            "Loads spared",
            number(total.joins),
            "reads that waited for a load that ran already".to_owned(),
        ),
        card(
            "Load time, 95 in 100",
            below(0.95),
            format!("half of them {}", below(0.5)),
        ),
        card(
            "Invalidations",
            number(bumps),
            format!(
                "tags; {} reads met what they dropped",
                number(total.invalidations)
            ),
        ),
        card(
            "Evicted",
            number(total.evictions),
            "entries, for lack of room".to_owned(),
        ),
    ]
}

fn reads_chart(fleet: &Fleet, now: u64) -> String {
    let bars: Vec<_> = fleet
        .timeline()
        .into_iter()
        .map(|(at, counts, _)| (at, vec![counts.hits + counts.stale_hits, counts.misses]))
        .collect();
    chart::over_time(
        "Reads over time: hits below, misses above",
        &["hit", "miss"],
        &bars,
        now,
    )
}

fn bumps_chart(fleet: &Fleet, now: u64) -> String {
    let bars: Vec<_> = fleet
        .timeline()
        .into_iter()
        .map(|(at, _, bumps)| (at, vec![bumps]))
        .collect();
    chart::over_time("Invalidated tags over time", &["bump"], &bars, now)
}

pub(crate) fn latency_chart(latencies: &Latencies) -> LatencyChart {
    let numbers: Vec<u64> = latencies.classes().map(|(_, count)| count).collect();
    let label = |bound: Option<u64>| match bound {
        Some(bound) => format!("≤ {}", micros(bound)),
        None => "longer".to_owned(),
    };
    LatencyChart {
        svg: chart::bars(
            "Loads by how long they took, short ones first",
            "load",
            &numbers,
        ),
        classes: latencies
            .classes()
            .map(|(bound, count)| (label(bound), number(count)))
            .collect(),
        is_empty: latencies.is_empty(),
    }
}

fn group_row((name, counts): &(&str, Counts)) -> GroupRow {
    GroupRow {
        name: short(name, 60),
        ratio: hit_ratio(counts),
        hits: number(counts.hits),
        stale_hits: number(counts.stale_hits),
        misses: number(counts.misses),
        loads: number(counts.loads),
        joins: number(counts.joins),
        errors: number(counts.load_errors),
        invalidations: number(counts.invalidations),
    }
}

fn processes(fleet: &Fleet, now: u64) -> Vec<ProcessRow> {
    let row = |report: &std::sync::Arc<larder_report::Report>| {
        let counts = report.slices.iter().flat_map(|slice| &slice.counts);
        let total: Counts = counts.map(|(_, counts)| *counts).sum();
        let since = now.saturating_sub(report.started_at);
        ProcessRow {
            name: short(&report.name, 60),
            started: time(std::time::Duration::from_secs(since / 1_000)),
            heard: ago(report.written_at, now),
            reads: number(total.reads()),
        }
    };
    fleet.reports().iter().map(row).collect()
}

fn troubles(fleet: &Fleet, now: u64) -> Vec<TroubleRow> {
    let troubles = fleet.troubles().into_iter().take(ROWS_MAX);
    troubles
        .map(|(process, trouble)| TroubleRow {
            when: ago(trouble.at, now),
            process: short(process, 60),
            what: short(&trouble.what, 200),
            times: trouble.times,
        })
        .collect()
}

fn acts(acts: Vec<(&str, &Act)>, now: u64) -> Vec<ActRow> {
    let acts = acts.into_iter().take(ROWS_MAX);
    acts.map(|(_, act)| {
        let (outcome, why) = match &act.outcome {
            ActOutcome::Done => ("done", ""),
            ActOutcome::Refused(why) => ("refused", why.as_str()),
            ActOutcome::Failed(why) => ("failed", why.as_str()),
            _ => ("?", ""),
        };
        ActRow {
            when: ago(act.at, now),
            who: short(&act.who, 60),
            what: short(&act.what, 80),
            outcome,
            why: short(why, 200),
        }
    })
    .collect()
}
