//! What happens in a [`Cache`], as counters, gauges and histograms of the [`metrics`] facade:
//! `larder_hits_total`, `larder_load_seconds`, and the others of [`INSTRUMENTS`].
//!
//! Hits are not told one by one: the cache counts them anyway, and [`collect`](Metrics::collect)
//! copies its counts. A hit costs the same with this crate as without.
//!
//! ```
//! use larder::Cache;
//! use larder_metrics::Metrics;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> larder::Result<()> {
//! let metrics = Metrics::new("shop");
//! let cache = Cache::builder().observer(metrics.clone()).build()?;
//! cache.insert(("price", 7), 99).await?;
//! // Where metrics are scraped, before they are rendered; or every few seconds.
//! metrics.collect(&cache);
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use larder::signal::{INSTRUMENTS, Instrument, Signal, SignalKind};
use larder::{Cache, Event, Observer};
use metrics::{Label, SharedString, Unit};

/// Tells the recorder that is installed in the process what happens in one cache. Cheap to clone.
///
/// Every metric has the label `cache`, and `group` where it is of one group of keys; there is no label
/// with a key or a value in it.
#[derive(Clone, Debug)]
pub struct Metrics {
    cache: Arc<str>,
}

impl Metrics {
    /// For the cache of this name: the label `cache` of its metrics. Describes them to the recorder
    /// that is installed by now.
    pub fn new(cache: &str) -> Metrics {
        INSTRUMENTS.iter().copied().for_each(describe);
        Metrics {
            cache: cache.into(),
        }
    }

    /// Copies what the cache has counted. To be called before the metrics are read, or every few
    /// seconds.
    pub fn collect(&self, cache: &Cache) {
        cache.signals(|signal| {
            let labels = self.labels(&signal);
            let name = name(signal.of);
            match signal.of.kind {
                SignalKind::Counter => {
                    metrics::counter!(name, labels).absolute(signal.amount as u64);
                }
                SignalKind::Gauge => metrics::gauge!(name, labels).set(signal.amount),
                SignalKind::Histogram => metrics::histogram!(name, labels).record(signal.amount),
            }
        });
    }

    fn labels(&self, signal: &Signal<'_>) -> Vec<Label> {
        let mut labels = vec![Label::new("cache", SharedString::from(self.cache.clone()))];
        if let Some(group) = signal.group {
            labels.push(Label::new("group", group.to_owned()));
        }
        if let Some((name, value)) = signal.label {
            labels.push(Label::from_static_parts(name, value));
        }
        labels
    }
}

impl Observer for Metrics {
    fn event(&self, event: &Event<'_>) {
        let Some(signal) = event.signal() else {
            return;
        };
        let labels = self.labels(&signal);
        let name = name(signal.of);
        match signal.of.kind {
            SignalKind::Counter => metrics::counter!(name, labels).increment(signal.amount as u64),
            SignalKind::Gauge => metrics::gauge!(name, labels).set(signal.amount),
            SignalKind::Histogram => metrics::histogram!(name, labels).record(signal.amount),
        }
    }

    fn hears_hits(&self) -> bool {
        false
    }
}

/// The name of an instrument in this facade, by Prometheus' rules.
pub fn name(instrument: &Instrument) -> String {
    match instrument.kind {
        SignalKind::Counter => format!("larder_{}_total", instrument.name),
        SignalKind::Gauge | SignalKind::Histogram => format!("larder_{}", instrument.name),
    }
}

fn describe(instrument: &Instrument) {
    let (name, help) = (name(instrument), instrument.help);
    match instrument.kind {
        SignalKind::Counter => metrics::describe_counter!(name, Unit::Count, help),
        SignalKind::Gauge => metrics::describe_gauge!(name, Unit::Count, help),
        SignalKind::Histogram => metrics::describe_histogram!(name, Unit::Seconds, help),
    }
}
