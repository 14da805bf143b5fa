//! What all processes tell, as lines and as JSON: for `stats` and `top`.

use larder::{Cache, Clock as _, SystemClock};
use larder_report::shown::{ago, hit_ratio, latency, micros, number, short, time};
use larder_report::{ActOutcome, Counts, Fleet, Latencies, Report};
use serde_json::{Value, json};

use crate::table::{self, Align};

/// So many groups, troubles and acts are shown as lines. JSON has all.
const ROWS_MAX: usize = 20;

/// Now, in milliseconds since 1970.
pub(crate) fn now() -> u64 {
    SystemClock.now().as_nanos() / 1_000_000
}

/// What one process has counted.
fn total_of(report: &Report) -> Counts {
    let counts = report.slices.iter().flat_map(|slice| &slice.counts);
    counts.map(|(_, counts)| *counts).sum()
}

/// For people.
pub(crate) fn lines(cache: &Cache, fleet: &Fleet, now: u64) -> Vec<String> {
    let (total, latencies) = (fleet.total(), fleet.latencies());
    let mut lines = vec![
        format!(
            "{}: {}, the last ten minutes",
            short(cache.namespace().name(), 64),
            processes(fleet)
        ),
        String::new(),
        format!(
            "hit ratio      {} of {} reads",
            hit_ratio(&total),
            number(total.reads())
        ),
        format!(
            "loads          {}, {} failed; {} reads waited for one that ran already",
            number(total.loads),
            number(total.load_errors),
            number(total.joins)
        ),
        format!(
            "load time      half {}, 95 in 100 {}, 99 in 100 {}",
            latency(&latencies, 0.5),
            latency(&latencies, 0.95),
            latency(&latencies, 0.99)
        ),
        format!(
            "invalidations  {} tags; {} reads met what they dropped",
            number(fleet.bumps()),
            number(total.invalidations)
        ),
        format!(
            "evicted        {} entries, for lack of room",
            number(total.evictions)
        ),
        String::new(),
    ];
    lines.extend(groups(fleet));
    lines.push(String::new());
    lines.extend(table::lines(
        &[
            ("PROCESS", Align::Left),
            ("READS", Align::Right),
            ("UP", Align::Right),
            ("HEARD", Align::Right),
        ],
        fleet.reports().iter().map(|report| {
            let up = now.saturating_sub(report.started_at) / 1_000;
            vec![
                short(&report.name, 40),
                number(total_of(report).reads()),
                time(std::time::Duration::from_secs(up)),
                ago(report.written_at, now),
            ]
        }),
    ));
    lines.extend(by_hand(fleet, now));
    lines
}

/// "2 processes report".
pub(crate) fn processes(fleet: &Fleet) -> String {
    match fleet.reports().len() {
        1 => "1 process reports".to_owned(),
        count => format!("{count} processes report"),
    }
}

/// What happened by group.
pub(crate) fn groups(fleet: &Fleet) -> Vec<String> {
    let groups = fleet.groups();
    let latencies = fleet.latencies_by_group();
    let none = Latencies::default();
    let right = [
        "HIT RATIO",
        "HITS",
        "STALE",
        "MISSES",
        "LOADS",
        "FAILED",
        "SPARED",
        "DROPPED",
        "LOAD p50",
        "p95",
    ];
    let head = [("GROUP", Align::Left)].into_iter();
    let head: Vec<_> = head.chain(right.map(|name| (name, Align::Right))).collect();
    let mut lines = table::lines(
        &head,
        groups.iter().take(ROWS_MAX).map(|(name, counts)| {
            let took = latencies.get(name).unwrap_or(&none);
            let counted = [
                counts.hits,
                counts.stale_hits,
                counts.misses,
                counts.loads,
                counts.load_errors,
                counts.joins,
                counts.invalidations,
            ];
            let mut row = vec![short(name, 40), hit_ratio(counts)];
            row.extend(counted.map(number));
            row.extend([latency(took, 0.5), latency(took, 0.95)]);
            row
        }),
    );
    if groups.len() > ROWS_MAX {
        lines.push(format!("and {} groups more", groups.len() - ROWS_MAX));
    }
    lines
}

/// What went wrong, and what somebody did by hand.
fn by_hand(fleet: &Fleet, now: u64) -> Vec<String> {
    let mut lines = Vec::new();
    for (process, trouble) in fleet.troubles().into_iter().take(ROWS_MAX) {
        lines.push(format!(
            "wrong, {}, on {}: {} ({} times)",
            ago(trouble.at, now),
            short(process, 40),
            short(&trouble.what, 200),
            trouble.times
        ));
    }
    for (process, act) in fleet.acts().into_iter().take(ROWS_MAX) {
        lines.push(format!(
            "by hand, {}, on {}: {} by {}: {}",
            ago(act.at, now),
            short(process, 40),
            short(&act.what, 80),
            short(&act.who, 60),
            outcome(&act.outcome)
        ));
    }
    for (process, slow) in fleet.slow().into_iter().take(3) {
        lines.push(format!(
            "slow, {}, on {}: a load of {} took {}",
            ago(slow.at, now),
            short(process, 40),
            short(&slow.key.readable, 100),
            micros(slow.micros)
        ));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

fn outcome(outcome: &ActOutcome) -> String {
    match outcome {
        ActOutcome::Done => "done".to_owned(),
        ActOutcome::Refused(why) => format!("refused, {}", short(why, 200)),
        ActOutcome::Failed(why) => format!("failed, {}", short(why, 200)),
        _ => "?".to_owned(),
    }
}

/// For programs.
pub(crate) fn as_json(cache: &Cache, fleet: &Fleet, now: u64) -> Value {
    let latencies = fleet.latencies_by_group();
    let none = Latencies::default();
    let groups = fleet.groups().into_iter().map(|(name, counts)| {
        let took = latencies.get(name).unwrap_or(&none);
        json!({ "group": name, "counts": counted(&counts), "load_micros": took_json(took) })
    });
    let processes = fleet.reports().iter().map(|report| {
        json!({
            "process": report.name,
            "started_at": report.started_at,
            "written_at": report.written_at,
            "counts": counted(&total_of(report)),
        })
    });
    let troubles = fleet.troubles().into_iter().map(|(process, trouble)| {
        json!({ "at": trouble.at, "process": process, "what": trouble.what, "times": trouble.times })
    });
    json!({
        "namespace": cache.namespace().name(),
        "at": now,
        "total": counted(&fleet.total()),
        "invalidated_tags": fleet.bumps(),
        "load_micros": took_json(&fleet.latencies()),
        "groups": groups.collect::<Vec<_>>(),
        "processes": processes.collect::<Vec<_>>(),
        "troubles": troubles.collect::<Vec<_>>(),
    })
}

fn counted(counts: &Counts) -> Value {
    json!({
        "hit_ratio": counts.hit_ratio(),
        "reads": counts.reads(),
        "hits": counts.hits,
        "stale_hits": counts.stale_hits,
        "misses": counts.misses,
        "loads": counts.loads,
        "load_errors": counts.load_errors,
        "joins": counts.joins,
        "inserts": counts.inserts,
        "invalidations": counts.invalidations,
        "evictions": counts.evictions,
    })
}

/// Upper bounds; null where there is none.
fn took_json(latencies: &Latencies) -> Value {
    json!({
        "count": latencies.len(),
        "p50_max": latencies.below(0.5),
        "p95_max": latencies.below(0.95),
        "p99_max": latencies.below(0.99),
    })
}
