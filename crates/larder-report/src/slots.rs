//! Where reports lie in a store: in numbered slots, so that nobody needs to list keys to find them.

use std::time::Duration;

use larder::{Cache, Error, Key, Policy, Result};

use crate::report::Report;
use crate::reporter::{REPORT_BYTES_MAX, REPORT_TTL};

/// So many processes are shown. One that finds every slot taken is not.
pub const PROCESSES_SHOWN_MAX: usize = 64;

/// The group of reports, and the first part of their keys: what is read and written there is no traffic of
/// the application's.
pub const GROUP: &str = "larder report";

/// Clocks of a fleet may differ by so much. What is told of a later time is not believed.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(60);

/// A report as it lies in the store: whose it is, and JSON. In this form every build reads it, whatever
/// the cache's codec is.
type Stored = (String, String);

pub(crate) fn key(slot: usize) -> Key {
    Key::new((GROUP, slot))
}

fn all() -> Vec<Key> {
    (0..PROCESSES_SHOWN_MAX).map(key).collect()
}

/// Puts a report into the slot that carries the process's name, or into a free one. Which one; nothing if
/// all are taken.
///
/// Two processes that take one slot at the same moment overwrite each other once: who finds another
/// name there the next time looks for another slot.
pub(crate) async fn publish(
    cache: &Cache,
    report: &Report,
    held: Option<usize>,
    first: usize,
) -> Result<Option<usize>> {
    let slot = match held {
        Some(slot) if is_ours_or_free(cache, slot, &report.process).await => Some(slot),
        _ => find(cache, report, first).await,
    };
    let Some(slot) = slot else {
        return Ok(None);
    };
    let text = text(report)?;
    let stored: Stored = (report.process.clone(), text);
    // Not by the cache's own policy: what is stale is of no use here.
    let policy = Policy::new().ttl(REPORT_TTL);
    cache.insert(key(slot), stored).policy(policy).await?;
    Ok(Some(slot))
}

async fn is_ours_or_free(cache: &Cache, slot: usize, process: &str) -> bool {
    let stored = cache.get::<Stored>(key(slot)).await;
    stored.is_ok_and(|stored| stored.is_none_or(|stored| stored.0 == process))
}

async fn find(cache: &Cache, report: &Report, first: usize) -> Option<usize> {
    let stored = cache.get_many::<Stored>(all()).await.ok()?;
    let is_ours = |stored: &Option<std::sync::Arc<Stored>>| {
        stored.as_ref().is_some_and(|s| s.0 == report.process)
    };
    let ours = stored.iter().position(is_ours);
    let mut others = (first..PROCESSES_SHOWN_MAX).chain(0..first);
    ours.or_else(|| others.find(|slot| stored.get(*slot).is_some_and(Option::is_none)))
}

/// The report as JSON; with fewer of its causes and slices, if it would be too long.
fn text(report: &Report) -> Result<String> {
    let encode = |report: &Report| {
        serde_json::to_string(report)
            .map_err(|error| Error::codec(format!("the report cannot be written: {error}")))
    };
    let mut text = encode(report)?;
    let mut shorter = report.clone();
    while text.len() > REPORT_BYTES_MAX && !shorter.is_short() {
        shorter.shorten();
        text = encode(&shorter)?;
    }
    Ok(text)
}

impl Report {
    fn is_short(&self) -> bool {
        let lists = [
            self.causes.len(),
            self.missed.len(),
            self.slow.len(),
            self.hot.len(),
        ];
        lists.iter().all(|len| *len == 0) && self.slices.len() <= 1
    }

    /// Leaves out what is said to happen after this time: it would hide what has happened.
    fn forget_after(&mut self, last: u64) {
        self.causes.retain(|cause| cause.at <= last);
        self.missed.retain(|missed| missed.at <= last);
        self.slow.retain(|slow| slow.at <= last);
        self.acts.retain(|act| act.at <= last);
        self.refused.retain(|act| act.at <= last);
        self.troubles.retain(|trouble| trouble.at <= last);
    }

    fn shorten(&mut self) {
        let half = |len: usize| len.div_ceil(2).max(1).min(len);
        self.causes.drain(..half(self.causes.len()));
        self.missed.drain(..half(self.missed.len()));
        self.slow.drain(..half(self.slow.len()));
        self.slices.drain(..self.slices.len() / 2);
        self.hot.truncate(self.hot.len() / 2);
    }
}

/// The reports that are there.
///
/// # Errors
///
/// The store failed.
pub(crate) async fn read(cache: &Cache, now: u64) -> Result<Vec<Report>> {
    let stored = cache.get_many::<Stored>(all()).await?;
    let found = stored.into_iter().flatten();
    // A text that is none is another build's, or somebody's: left out.
    let mut reports: Vec<Report> = found
        // Nor is one that nobody here would have written, whoever can write to the store.
        .filter(|stored| stored.1.len() <= REPORT_BYTES_MAX)
        .filter_map(|stored| serde_json::from_str(&stored.1).ok())
        .collect();
    // A cache whose policy serves stale entries serves stale reports.
    let ttl = u64::try_from(REPORT_TTL.as_millis()).unwrap_or(u64::MAX);
    let answered = !reports.is_empty();
    let clocks_differ = u64::try_from(CLOCKS_DIFFER_MAX.as_millis()).unwrap_or(u64::MAX);
    reports.retain(|report| {
        let from_the_future = report.written_at > now.saturating_add(clocks_differ);
        !from_the_future && now.saturating_sub(report.written_at) <= ttl
    });
    for report in &mut reports {
        report.forget_after(now.saturating_add(clocks_differ));
    }
    if !answered {
        // Nothing there, or nothing said? A read takes both for a miss; this look does not.
        cache.inspect(key(0)).await?;
    }
    Ok(reports)
}

/// Takes a report away.
pub(crate) async fn withdraw(cache: &Cache, slot: usize) -> Result<()> {
    cache.remove(key(slot)).await
}
