//! What happens in a [`Cache`], as OpenTelemetry instruments: `larder.hits`, `larder.load_seconds`, and
//! the others of [`INSTRUMENTS`].
//!
//! Hits are not told one by one: the cache counts them anyway, and is asked when the reader collects.
//! A hit costs the same with this crate as without.
//!
//! Spans come from larder's feature `tracing`, by way of `tracing-opentelemetry`.
//!
//! ```
//! use larder::Cache;
//! use larder_opentelemetry::Instruments;
//!
//! # fn main() -> larder::Result<()> {
//! let meter = opentelemetry::global::meter("larder");
//! let instruments = Instruments::new(&meter, "shop");
//! let cache = Cache::builder().observer(instruments.clone()).build()?;
//! instruments.watch(&meter, &cache);
//! # Ok(())
//! # }
//! ```

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use larder::signal::{INSTRUMENTS, Instrument, Signal, SignalKind};
use larder::{Cache, Event, Observer};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter, Histogram, Meter};

/// Bounds of the histograms of loads, in seconds: a load is a database statement, as a rule.
const BOUNDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
];

/// The instruments of one cache. Cheap to clone.
///
/// Every measurement has the attribute `cache`, and `group` where it is of one group of keys; there is
/// no attribute with a key or a value in it.
#[derive(Clone)]
pub struct Instruments(Arc<Inner>);

struct Inner {
    cache: Arc<str>,
    counters: HashMap<&'static str, Counter<u64>>,
    histograms: HashMap<&'static str, Histogram<f64>>,
}

impl Instruments {
    /// Instruments of this meter for what events tell of the cache of this name.
    pub fn new(meter: &Meter, cache: &str) -> Instruments {
        let told = || INSTRUMENTS.iter().filter(|instrument| !instrument.asked);
        let of = |kind| told().filter(move |instrument| instrument.kind == kind);
        let counters = of(SignalKind::Counter).map(|instrument| {
            let counter = meter
                .u64_counter(name(instrument))
                .with_description(instrument.help)
                .build();
            (instrument.name, counter)
        });
        let histograms = of(SignalKind::Histogram).map(|instrument| {
            let histogram = meter
                .f64_histogram(name(instrument))
                .with_description(instrument.help)
                .with_unit(instrument.unit)
                .with_boundaries(BOUNDS.to_vec())
                .build();
            (instrument.name, histogram)
        });
        Instruments(Arc::new(Inner {
            cache: cache.into(),
            counters: counters.collect(),
            histograms: histograms.collect(),
        }))
    }

    /// From now on the cache is asked for its counts whenever they are collected, for as long as the
    /// meter lives.
    pub fn watch(&self, meter: &Meter, cache: &Cache) {
        for instrument in INSTRUMENTS.iter().filter(|instrument| instrument.asked) {
            let (cache, inner) = (cache.clone(), self.0.clone());
            let observe = move |to: &dyn AsyncInstrument<u64>| {
                cache.signals(|signal| {
                    if signal.of == *instrument {
                        to.observe(signal.amount as u64, &inner.attributes(&signal));
                    }
                });
            };
            match instrument.kind {
                SignalKind::Counter => drop(
                    meter
                        .u64_observable_counter(name(instrument))
                        .with_description(instrument.help)
                        .with_callback(observe)
                        .build(),
                ),
                SignalKind::Gauge | SignalKind::Histogram => drop(
                    meter
                        .u64_observable_gauge(name(instrument))
                        .with_description(instrument.help)
                        .with_callback(observe)
                        .build(),
                ),
            }
        }
    }
}

impl Inner {
    fn attributes(&self, signal: &Signal<'_>) -> Vec<KeyValue> {
        let mut attributes = vec![KeyValue::new("cache", self.cache.clone())];
        if let Some(group) = signal.group {
            attributes.push(KeyValue::new("group", group.to_owned()));
        }
        if let Some((name, value)) = signal.label {
            attributes.push(KeyValue::new(name, value));
        }
        attributes
    }
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments")
            .field("cache", &self.0.cache)
            .finish_non_exhaustive()
    }
}

impl Observer for Instruments {
    fn event(&self, event: &Event<'_>) {
        let Some(signal) = event.signal() else {
            return;
        };
        let attributes = self.0.attributes(&signal);
        if let Some(counter) = self.0.counters.get(signal.of.name) {
            counter.add(signal.amount as u64, &attributes);
        }
        if let Some(histogram) = self.0.histograms.get(signal.of.name) {
            histogram.record(signal.amount, &attributes);
        }
    }

    fn hears_hits(&self) -> bool {
        false
    }
}

/// The name of an instrument in OpenTelemetry.
pub fn name(instrument: &Instrument) -> String {
    format!("larder.{}", instrument.name)
}
