//! What all processes tell together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use larder::{Cache, Clock as _, Result, SystemClock};

use crate::cause::{Cause, millis};
use crate::counts::Counts;
use crate::counts::believed;
use crate::latencies::Latencies;
use crate::report::{Act, Hot, KeyText, Report, Slow, Trouble};
use crate::slots;

/// A miss is traced to no cause that is older, in milliseconds: ten minutes.
const TRACED_MAX: u64 = 600_000;

/// The reports of all processes that share a store.
#[derive(Clone, Debug)]
pub struct Fleet {
    reports: Vec<Arc<Report>>,
    unanswered: Option<String>,
}

/// A cause, with who did it and what it dropped.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FleetCause<'a> {
    /// The cause.
    pub cause: &'a Cause,
    /// What people call the process.
    pub process: &'a str,
    /// Keys that were found invalidated after it, and depend on one of its tags. It is the last such cause
    /// before they were asked for. What nobody has asked for since is not among them.
    pub dropped: Vec<&'a KeyText>,
}

/// What all processes tell that share a cache's store, for somebody who tells nothing: a tool beside them.
/// [`Reporting::fleet`](crate::Reporting::fleet) is for one of them.
///
/// ```
/// use larder::{Cache, Memory};
/// use larder_report::Reporter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> larder::Result<()> {
/// let store = Memory::new();
/// let reporter = Reporter::named("web 3");
/// let cache = Cache::builder().store(store.clone()).observer(reporter.clone()).build()?;
/// let reporting = reporter.start(&cache);
/// cache.get::<i32>("price").await?;
/// reporting.publish().await?;
///
/// let beside = Cache::builder().store(store).build()?;
/// assert_eq!(larder_report::fleet(&beside).await?.total().misses, 1);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The store failed. That nobody tells anything is none: [`Fleet::reports`] is empty then.
pub async fn fleet(cache: &Cache) -> Result<Fleet> {
    let now = millis(SystemClock.now());
    let reports = slots::read(cache, now).await?;
    Ok(Fleet::new(
        reports.into_iter().map(Arc::new).collect(),
        None,
    ))
}

impl Fleet {
    pub(crate) fn new(mut reports: Vec<Arc<Report>>, unanswered: Option<String>) -> Fleet {
        reports
            .sort_by(|left, right| (&left.name, &left.process).cmp(&(&right.name, &right.process)));
        Fleet {
            reports,
            unanswered,
        }
    }

    /// The reports, in the order of the processes' names.
    pub fn reports(&self) -> &[Arc<Report>] {
        &self.reports
    }

    /// Why only this process's report is known: the store did not answer.
    pub fn unanswered(&self) -> Option<&str> {
        self.unanswered.as_deref()
    }

    /// Everything that happened in the last minutes.
    pub fn total(&self) -> Counts {
        self.groups().into_iter().map(|(_, counts)| counts).sum()
    }

    /// What happened in the last minutes by group, what is read most first.
    pub fn groups(&self) -> Vec<(&str, Counts)> {
        let mut groups: HashMap<&str, Counts> = HashMap::new();
        for report in &self.reports {
            for slice in &report.slices {
                for (place, counts) in &slice.counts {
                    let name = report.groups.get(*place).map_or("?", String::as_str);
                    *groups.entry(name).or_default() += *counts;
                }
            }
        }
        let mut groups: Vec<(&str, Counts)> = groups.into_iter().collect();
        groups.sort_by(|left, right| {
            let order = right.1.reads().cmp(&left.1.reads());
            order.then_with(|| left.0.cmp(right.0))
        });
        groups
    }

    /// What happened over time: when each slice began, in milliseconds since 1970, its counts, and how
    /// many tags were bumped in it.
    pub fn timeline(&self) -> Vec<(u64, Counts, u64)> {
        let mut slices: BTreeMap<u64, (Counts, u64)> = BTreeMap::new();
        for slice in self.reports.iter().flat_map(|report| &report.slices) {
            let all = slices.entry(slice.at).or_default();
            all.0 += slice.counts.iter().map(|(_, counts)| *counts).sum();
            all.1 += believed(slice.bumps);
        }
        let slices = slices.into_iter();
        slices
            .map(|(at, (counts, bumps))| (at, counts, bumps))
            .collect()
    }

    /// How many tags were bumped in the last minutes.
    pub fn bumps(&self) -> u64 {
        self.timeline().iter().map(|(_, _, bumps)| bumps).sum()
    }

    /// How long loads took in the last minutes.
    pub fn latencies(&self) -> Latencies {
        let mut all = Latencies::default();
        for slice in self.reports.iter().flat_map(|report| &report.slices) {
            all.add(&slice.latencies);
        }
        all
    }

    /// How long loads took in the last minutes, by group.
    pub fn latencies_by_group(&self) -> HashMap<&str, Latencies> {
        let mut groups: HashMap<&str, Latencies> = HashMap::new();
        for report in &self.reports {
            let slices = report.slices.iter();
            for (place, latencies) in slices.flat_map(|slice| &slice.group_latencies) {
                let name = report.groups.get(*place).map_or("?", String::as_str);
                groups.entry(name).or_default().add(latencies);
            }
        }
        groups
    }

    /// The last causes, newest first.
    pub fn causes(&self) -> Vec<FleetCause<'_>> {
        let causes = self.each(|report| &report.causes);
        let mut causes: Vec<FleetCause<'_>> = causes
            .map(|(process, cause)| FleetCause {
                cause,
                process,
                dropped: Vec::new(),
            })
            .collect();
        // Each process told them oldest first: of two in one millisecond the later one comes first, too.
        causes.reverse();
        causes.sort_by_key(|cause| std::cmp::Reverse(cause.cause.at));
        // The places of the causes that bumped each tag, newest first.
        let mut bumped: HashMap<u64, Vec<usize>> = HashMap::new();
        for (place, told) in causes.iter().enumerate() {
            for mark in &told.cause.marks {
                bumped.entry(*mark).or_default().push(place);
            }
        }
        for (_, missed) in self.each(|report| &report.missed) {
            let last = |places: &Vec<usize>| {
                let later = places.partition_point(|place| causes[*place].cause.at > missed.at);
                places.get(later).copied()
            };
            let marks = missed.marks.iter().filter_map(|mark| bumped.get(mark));
            let Some(last) = marks.filter_map(last).min() else {
                continue;
            };
            let told = &mut causes[last];
            if missed.at - told.cause.at <= TRACED_MAX && !told.dropped.contains(&&missed.key) {
                told.dropped.push(&missed.key);
            }
        }
        causes
    }

    /// The last slow loads, newest first, each with its process.
    pub fn slow(&self) -> Vec<(&str, &Slow)> {
        newest(self.each(|report| &report.slow), |slow| slow.at)
    }

    /// What people have done by hand, newest first, each with its process.
    pub fn acts(&self) -> Vec<(&str, &Act)> {
        let acts = self.each(|report| &report.acts);
        newest(acts.filter(|(_, act)| !act.is_refused()), |act| act.at)
    }

    /// What people were refused, newest first, each with its process.
    pub fn refused(&self) -> Vec<(&str, &Act)> {
        let refused = self.each(|report| &report.refused);
        // Builds of before told of both in one list.
        let acts = self.each(|report| &report.acts);
        let all = acts.chain(refused);
        newest(all.filter(|(_, act)| act.is_refused()), |act| act.at)
    }

    /// What went wrong, newest first, each with its process.
    pub fn troubles(&self) -> Vec<(&str, &Trouble)> {
        newest(self.each(|report| &report.troubles), |trouble| trouble.at)
    }

    /// What is asked for most, first what is asked for most of all.
    pub fn hot(&self) -> Vec<Hot> {
        let mut hits: HashMap<&KeyText, u64> = HashMap::new();
        for hot in self.reports.iter().flat_map(|report| &report.hot) {
            *hits.entry(&hot.key).or_default() += believed(hot.hits);
        }
        let mut all: Vec<Hot> = hits
            .into_iter()
            .map(|(key, hits)| Hot {
                key: key.clone(),
                hits,
            })
            .collect();
        all.sort_by(|left, right| {
            let order = right.hits.cmp(&left.hits);
            order.then_with(|| left.key.readable.cmp(&right.key.readable))
        });
        all
    }

    fn each<'a, T: 'a>(
        &'a self,
        of: impl Fn(&'a Report) -> &'a Vec<T> + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a T)> + 'a {
        self.reports.iter().flat_map(move |report| {
            let items = of(report).iter();
            items.map(|item| (report.name.as_str(), item))
        })
    }
}

fn newest<'a, T>(
    items: impl Iterator<Item = (&'a str, &'a T)>,
    at: impl Fn(&T) -> u64,
) -> Vec<(&'a str, &'a T)> {
    let mut items: Vec<_> = items.collect();
    items.reverse();
    items.sort_by_key(|(_, item)| std::cmp::Reverse(at(item)));
    items
}
