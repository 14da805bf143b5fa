//! What is measured, under names that do not change: once for all systems that collect it.
//!
//! A bridge to such a system asks [`Cache::signals`](crate::Cache::signals) for what is counted
//! anyway, when it is about to collect, and [`Event::signal`](crate::Event::signal) of each event for
//! the rest. Hits are among the first: they cost nothing beside.

use crate::cache::Cache;
use crate::event::{Event, MissReason, Sampled};

/// How amounts of an instrument add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalKind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Each amount is one observation.
    Histogram,
}

/// Something that is measured.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Instrument {
    /// Its name, without a system's prefix and suffix.
    pub name: &'static str,
    /// How its amounts add up.
    pub kind: SignalKind,
    /// What it counts, in words, or `s` for seconds.
    pub unit: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Whether it is found by asking the cache, rather than told by events.
    pub asked: bool,
}

/// One amount.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Signal<'a> {
    /// What was measured.
    pub of: &'static Instrument,
    /// The group of keys, if it is of one.
    pub group: Option<&'a str>,
    /// What tells it from others of the instrument: a name and a value, of which there are few.
    pub label: Option<(&'static str, &'static str)>,
    /// How much: whole numbers but for seconds.
    pub amount: f64,
}

macro_rules! instruments {
    ($($constant:ident $name:literal $kind:ident $unit:literal $asked:literal $help:literal)*) => {
        $(const $constant: &Instrument = &Instrument {
            name: $name,
            kind: SignalKind::$kind,
            unit: $unit,
            help: $help,
            asked: $asked,
        };)*

        /// Everything that is measured.
        pub const INSTRUMENTS: &[&Instrument] = &[$($constant),*];
    };
}

instruments! {
    HITS "hits" Counter "reads" true "fresh entries served"
    STALE_HITS "stale_hits" Counter "reads" true "entries past their ttl served"
    MISSES "misses" Counter "reads" true "look-ups that found nothing to serve"
    LOADS "loads" Counter "loads" true "loads begun"
    LOAD_ERRORS "load_errors" Counter "loads" true "loads that failed, panicked or were given up"
    INSERTS "inserts" Counter "entries" true "entries stored"
    TOO_LARGE "too_large" Counter "values" true "values not stored because they are too large"
    INVALIDATIONS "invalidations" Counter "reads" true "look-ups that found an entry invalidated"
    BUMPS "bumps" Counter "tags" true "tags bumped"
    LOADS_RUNNING "loads_running" Gauge "keys" true "keys being loaded or written now"
    MISS_REASONS "miss_reasons" Counter "reads" false "misses, by `reason`"
    LOAD_SECONDS "load_seconds" Histogram "s" false "how long a load ran that ended well"
    WRITES "writes" Counter "writes" false "writes and acts that invalidated something"
    UNCACHED "uncached" Counter "reads" false "reads that were not cached"
    NOT_STORED "not_stored" Counter "values" false "values loaded and not stored, because something changed meanwhile"
    REMOVED "removed" Counter "entries" false "entries removed by their keys"
    EVICTED "evicted" Counter "entries" false "entries dropped for lack of room"
    WIDENED "widened" Counter "statements" false "reads and writes that depend on more, or bump more, than strictly needed"
    STORE_FAILURES "store_failures" Counter "failures" false "failures of the store; the answer was served all the same"
    BUMPS_DELAYED "bumps_delayed" Counter "tags" false "tags that could not be bumped at once"
    BUMPS_DELIVERED "bumps_delivered" Counter "tags" false "delayed bumps that have reached the store"
    BUMPS_LOST "bumps_lost" Counter "tags" false "bumps that never reached the store: others may serve what carries the tags until its ttl ends"
    SAMPLED "sampled" Counter "reads" false "hits compared with the database, by `verdict`; `stale` is a broken promise"
}

impl Cache {
    /// What is counted of this cache anyway: to be asked when it is collected. See
    /// [`INSTRUMENTS`].
    pub fn signals(&self, mut take: impl FnMut(Signal<'_>)) {
        for group in self.stats() {
            let counted = [
                (HITS, group.hits),
                (STALE_HITS, group.stale_hits),
                (MISSES, group.misses),
                (LOADS, group.loads),
                (LOAD_ERRORS, group.load_errors),
                (INSERTS, group.inserts),
                (TOO_LARGE, group.too_large),
                (INVALIDATIONS, group.invalidations),
            ];
            for (of, amount) in counted {
                take(Signal {
                    group: Some(&group.name),
                    ..plain(of, amount)
                });
            }
        }
        take(plain(BUMPS, self.bumps()));
        take(plain(LOADS_RUNNING, self.loads_running() as u64));
    }
}

fn plain(of: &'static Instrument, amount: u64) -> Signal<'static> {
    Signal {
        of,
        group: None,
        label: None,
        amount: amount as f64,
    }
}

impl<'a> Event<'a> {
    /// What an event adds to what is measured, beside what the cache counts itself.
    pub fn signal(&self) -> Option<Signal<'a>> {
        let of = |of, group: &'a str, amount| Signal {
            group: Some(group),
            amount,
            ..plain(of, 0)
        };
        let signal = match self {
            Event::Miss { group, reason, .. } => Signal {
                label: Some(("reason", miss(*reason))),
                ..of(MISS_REASONS, group, 1.0)
            },
            Event::Sampled { group, verdict } => Signal {
                label: Some(("verdict", sampled(*verdict))),
                ..of(SAMPLED, group, 1.0)
            },
            Event::Loaded { group, elapsed, .. } | Event::LoadedMany { group, elapsed, .. } => {
                of(LOAD_SECONDS, group, elapsed.as_secs_f64())
            }
            Event::Uncached { group, .. } => of(UNCACHED, group, 1.0),
            Event::NotStored { group, .. } => of(NOT_STORED, group, 1.0),
            Event::Invalidated { .. } => plain(WRITES, 1),
            Event::Removed { .. } => plain(REMOVED, 1),
            Event::Evicted { count } => plain(EVICTED, *count as u64),
            Event::Widened { .. } => plain(WIDENED, 1),
            Event::StoreFailed { .. } => plain(STORE_FAILURES, 1),
            Event::BumpDelayed { tags, .. } => plain(BUMPS_DELAYED, tags.len() as u64),
            Event::BumpDelivered { tags } => plain(BUMPS_DELIVERED, tags.len() as u64),
            Event::BumpLost { tags, .. } => plain(BUMPS_LOST, tags.len() as u64),
            _ => return None,
        };
        Some(signal)
    }
}

/// A reason as a label.
pub(crate) fn miss(reason: MissReason) -> &'static str {
    match reason {
        MissReason::Absent => "absent",
        MissReason::Expired => "expired",
        MissReason::Invalidated => "invalidated",
        MissReason::Marked => "marked",
        MissReason::OtherType => "other_type",
        MissReason::Unanswered => "unanswered",
    }
}

/// A verdict as a label.
pub(crate) fn sampled(verdict: Sampled) -> &'static str {
    match verdict {
        Sampled::Fresh => "fresh",
        Sampled::Overtaken => "overtaken",
        Sampled::Unclear => "unclear",
        Sampled::Stale => "stale",
        Sampled::Unanswered => "unanswered",
    }
}

#[cfg(test)]
mod tests {
    use super::INSTRUMENTS;

    #[test]
    fn what_is_measured_stands_in_the_documents() {
        let page = include_str!("../../../docs/observability.md");
        for instrument in INSTRUMENTS {
            let row = format!("| `{}` |", instrument.name);
            assert!(page.contains(&row), "docs/observability.md lacks {row}");
        }
    }
}
