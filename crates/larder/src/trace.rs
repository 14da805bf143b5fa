//! Spans of larder's own work, and its events as those of `tracing`.

use std::future::Future;

use tracing::Instrument as _;

use crate::event::{Event, Observer, Sampled};
use crate::signal;
use crate::tag::Tag;

/// So many tags are shown of one event.
const TAGS_SHOWN_MAX: usize = 16;

/// One load.
pub(crate) fn load<F: Future>(
    group: &str,
    keys: usize,
    load: F,
) -> impl Future<Output = F::Output> {
    load.instrument(tracing::debug_span!(target: "larder", "larder.load", group, keys))
}

/// What follows a commit.
pub(crate) fn publish<F: Future>(
    cause: impl FnOnce() -> String,
    publish: F,
) -> impl Future<Output = F::Output> {
    let span =
        tracing::debug_span!(target: "larder", "larder.publish", cause = tracing::field::Empty);
    if !span.is_disabled() {
        span.record("cause", cause());
    }
    publish.instrument(span)
}

/// A task of its own, in the span of whoever begins it.
pub(crate) fn carried<F: Future>(task: F) -> impl Future<Output = F::Output> {
    task.in_current_span()
}

/// Makes an event of `tracing` of each of a cache's, with the target `larder`. Values are not shown:
/// keys by their group and a hash, tags by their patterns. Feature `tracing`.
///
/// ```
/// use larder::{Cache, Tracing};
///
/// # fn main() -> larder::Result<()> {
/// let cache = Cache::builder().observer(Tracing::new()).build()?;
/// # let _ = cache;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Tracing {
    hits: bool,
}

impl Tracing {
    /// Everything but hits.
    pub fn new() -> Tracing {
        Tracing::default()
    }

    /// Hits and stale hits, too, at the level `trace`: then each of them costs a call.
    #[must_use]
    pub fn hits(mut self) -> Tracing {
        self.hits = true;
        self
    }
}

fn patterns(tags: &[Tag]) -> String {
    let shown = tags.iter().take(TAGS_SHOWN_MAX).map(Tag::pattern);
    let mut shown: Vec<String> = shown.collect();
    if tags.len() > TAGS_SHOWN_MAX {
        shown.push(format!("and {} more", tags.len() - TAGS_SHOWN_MAX));
    }
    shown.join(", ")
}

/// An event with its name, and a level that is a macro of `tracing`.
macro_rules! tell {
    ($level:ident, $name:literal $(, $($field:tt)+)?) => {
        tracing::$level!(target: "larder", event = $name $(, $($field)+)?)
    };
}

impl Observer for Tracing {
    fn event(&self, event: &Event<'_>) {
        match event {
            Event::Hit { group, key } => tell!(trace, "hit", group, %key),
            Event::StaleHit { group, key } => tell!(trace, "stale_hit", group, %key),
            Event::Miss {
                group,
                key,
                reason,
                gone,
            } => {
                let cause = gone.and_then(|gone| gone.cause());
                let reason = signal::miss(*reason);
                match cause {
                    Some(cause) => tell!(debug, "miss", group, %key, reason, %cause),
                    None => tell!(debug, "miss", group, %key, reason),
                }
            }
            Event::Loaded {
                group,
                key,
                elapsed,
            } => tell!(debug, "loaded", group, %key, ?elapsed),
            Event::LoadedMany {
                group,
                keys,
                elapsed,
            } => tell!(debug, "loaded_many", group, keys, ?elapsed),
            Event::LoadFailed { group, key, how } => match key {
                Some(key) => tell!(warn, "load_failed", group, %key, how),
                None => tell!(warn, "load_failed", group, how),
            },
            Event::Inserted { group, key, weight } => {
                tell!(debug, "inserted", group, %key, weight);
            }
            Event::NotStored { group, key, why } => {
                tell!(debug, "not_stored", group, %key, reason = why);
            }
            Event::TooLarge {
                group,
                key,
                weight,
                max,
            } => tell!(debug, "too_large", group, %key, weight, max),
            Event::Removed { key } => tell!(debug, "removed", %key),
            Event::Invalidated { tags, by, .. } => {
                tell!(debug, "invalidated", cause = %by, tags = patterns(tags));
            }
            Event::Widened { why, .. } => tell!(debug, "widened", reason = why),
            Event::Uncached { group, what, why } => {
                tell!(debug, "uncached", group, what, reason = why);
            }
            Event::BumpDelayed { tags, error } => {
                tell!(warn, "bump_delayed", tags = patterns(tags), %error);
            }
            Event::BumpDelivered { tags } => {
                tell!(debug, "bump_delivered", tags = patterns(tags));
            }
            Event::BumpLost { tags, error } => {
                tell!(error, "bump_lost", tags = patterns(tags), %error);
            }
            Event::StoreFailed { error } => tell!(warn, "store_failed", %error),
            Event::Evicted { count } => tell!(debug, "evicted", count),
            Event::Sampled { group, verdict } => match verdict {
                // It is told in full.
                Sampled::Stale => {}
                verdict => tell!(debug, "sampled", group, reason = signal::sampled(*verdict)),
            },
            Event::Stale(stale) => {
                let causes: Vec<String> = stale.history.iter().map(ToString::to_string).collect();
                tell!(
                    error,
                    "stale",
                    group = stale.group,
                    key = %stale.key,
                    what = stale.what,
                    age = ?stale.age,
                    wrong_for = ?stale.wrong_for,
                    tags = patterns(stale.tags),
                    cause = causes.join("; ")
                );
            }
        }
    }

    fn hears_hits(&self) -> bool {
        self.hits
    }
}

#[cfg(test)]
mod tests;
