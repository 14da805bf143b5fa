//! How long loads took.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::counts::believed;

/// The upper bounds of the classes in which latencies are counted, in microseconds. One class more counts
/// what took longer.
pub const LATENCY_BOUNDS: [u64; 13] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// Latencies, counted in classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// Counts one.
    pub fn count(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let class = LATENCY_BOUNDS.partition_point(|bound| micros > *bound);
        self.0.resize(LATENCY_BOUNDS.len() + 1, 0);
        self.0[class] += 1;
    }

    /// Counts those of another as well.
    pub fn add(&mut self, other: &Latencies) {
        // A build with other classes may have written it: what is beyond ours took longer than all.
        let classes = LATENCY_BOUNDS.len() + 1;
        if !other.0.is_empty() {
            self.0.resize(classes, 0);
        }
        for (class, count) in other.0.iter().enumerate() {
            let counted = &mut self.0[class.min(classes - 1)];
            *counted = counted.saturating_add(believed(*count));
        }
    }

    /// The classes: the upper bound of each in microseconds, none for the last, and its count.
    pub fn classes(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = LATENCY_BOUNDS.into_iter().map(Some).chain([None]);
        let counts = self.0.iter().copied().chain(std::iter::repeat(0));
        bounds.zip(counts)
    }

    /// How many were counted.
    pub fn len(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether none was counted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bound below which this part of them lies, in microseconds: "95 in 100 took at most so long".
    /// Nothing if none was counted, or if it lies beyond the last bound.
    pub fn below(&self, part: f64) -> Option<u64> {
        let all = self.len();
        if all == 0 {
            return None;
        }
        let wanted = (all as f64 * part).ceil().max(1.0) as u64;
        let mut sum = 0;
        for (bound, count) in self.classes() {
            sum = u64::saturating_add(sum, count);
            if sum >= wanted {
                return bound;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_lies_below_the_bound_of_its_class() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.below(0.5), None);
        for _ in 0..99 {
            latencies.count(Duration::from_micros(250));
        }
        latencies.count(Duration::from_secs(60));
        assert_eq!(latencies.len(), 100);
        assert_eq!(latencies.below(0.5), Some(250));
        assert_eq!(latencies.below(0.99), Some(250));
        assert_eq!(latencies.below(1.0), None);
    }

    #[test]
    fn what_another_build_has_counted_is_taken_in() {
        let mut latencies = Latencies::default();
        latencies.add(&Latencies(vec![1; 40]));
        latencies.add(&Latencies(vec![2]));
        assert_eq!(latencies.len(), 42);
    }
}
