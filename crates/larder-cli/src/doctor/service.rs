//! What is seen of the service itself: whether its namespace is in use, and its processes report.

use larder::Cache;
use larder_report::shown::short;

use super::finding::Finding;
use crate::failure::Failure;
use crate::place::Place;
use crate::summary;

/// Clocks of processes that differ by more are told of, in milliseconds. A report is on its way for a moment.
const CLOCKS_DIFFER_MAX: u64 = 2_000;

pub(super) async fn findings(place: &Place, cache: &Cache) -> Result<Vec<Finding>, Failure> {
    let name = short(cache.namespace().name(), 64);
    let mut all = vec![match place.stranger(cache).await? {
        None => Finding::good(
            "namespace",
            format!("{name}, in use"),
            "The service keeps its entries here.",
        ),
        Some(stranger) => Finding::advice(
            "namespace",
            format!("{name}, not in use"),
            format!("Is it the right one? {stranger}."),
        ),
    }];
    let fleet = place.fleet(cache).await?;
    all.push(match fleet.reports().len() {
        0 => Finding::advice(
            "reports",
            "none",
            "Nobody can see how the cache does, or why an entry is gone: start a larder_report::Reporter in each process.",
        ),
        _ => Finding::good("reports", summary::processes(&fleet), "`larder stats`, `top` and `watch` show what they tell."),
    });
    let now = summary::now();
    for report in fleet
        .reports()
        .iter()
        .filter(|report| report.written_at > now + CLOCKS_DIFFER_MAX)
    {
        all.push(Finding::advice(
            "clock",
            format!("{} is {} ms ahead of this machine", short(&report.name, 40), report.written_at - now),
            "Ages are told by clocks, and entries expire that much too early; set them by a time server.",
        ));
    }
    for (process, trouble) in fleet.troubles().into_iter().take(5) {
        all.push(Finding::advice(
            "trouble",
            format!(
                "{}: {} ({} times)",
                short(process, 40),
                short(&trouble.what, 200),
                trouble.times
            ),
            "A process has told of this in the last minutes.",
        ));
    }
    Ok(all)
}
