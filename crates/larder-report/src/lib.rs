//! What a process tells of its cache, and what the whole fleet tells of the one that it shares.
//!
//! A [`Reporter`] listens to a cache and counts: hits and misses by group over the last minutes, how long
//! loads took, what was invalidated by which statement, which keys were found invalidated after it, which
//! loads were slow, which keys are asked for most. Every few seconds it puts its [`Report`] into the
//! cache's own store, as an ordinary entry. [`Reporting::fleet`] reads those of all processes.
//!
//! ```
//! use larder::{Cache, Tag};
//! use larder_report::Reporter;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let reporter = Reporter::new();
//! let cache = Cache::builder().observer(reporter.clone()).build()?;
//! let reporting = reporter.start(&cache);
//!
//! cache.insert("price", 99).tags([Tag::named("prices")]).await?;
//! cache.get::<i32>("price").await?;
//! cache.invalidate([Tag::named("prices")]).await?;
//!
//! let fleet = reporting.fleet().await;
//! assert_eq!(fleet.total().hits, 1);
//! assert_eq!(fleet.causes()[0].cause.tags[0].text, "prices");
//! # Ok(())
//! # }
//! ```
//!
//! # What it costs
//!
//! Hits are counted by the cache itself, and the reporter takes the difference every few seconds. It is
//! told of each hit, and looks at one of [`HITS_SAMPLED_ONE_IN`] only. No hit reads a clock for it.
//!
//! # What it shows
//!
//! Keys in their readable form, and statements without their values, as the cache remembers them
//! ([`Cache::causes`](larder::Cache::causes); a cache that is told to remember none has none to show). No parameters, no
//! values. Whoever can read the store can read the reports, as they can read the keys of entries.

mod cause;
mod counts;
mod fleet;
mod hot;
mod keys;
mod latencies;
mod recorder;
mod report;
mod reporter;
pub mod shown;
mod slots;

pub use cause::{CAUSE_CHARS_MAX, CAUSE_TAGS_MAX, Cause, CauseTag};
pub use counts::Counts;
pub use fleet::{Fleet, FleetCause, fleet};
pub use hot::HOT_KEY_BYTES_MAX;
pub use keys::{keys, leave_reports_out};
pub use latencies::{LATENCY_BOUNDS, Latencies};
pub use report::{
    Act, ActOutcome, Hot, KEY_CHARS_MAX, KeyText, Missed, Report, SLICE, SLICES_MAX, Slice, Slow,
    Trouble,
};
pub use reporter::{
    HITS_SAMPLED_ONE_IN, PUBLISHED_EVERY, REPORT_BYTES_MAX, REPORT_TTL, Reporter, Reporting,
    SLOW_AFTER_DEFAULT,
};
pub use slots::{GROUP, PROCESSES_SHOWN_MAX};
