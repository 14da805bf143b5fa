//! Times of things that are done in turn, in microseconds.

use std::time::{Duration, Instant};

use crate::fleet::turns::median;

/// A value, and how long it took to be there.
pub(crate) async fn timed<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<(T, f64), E> {
    let begin = Instant::now();
    let value = work.await?;
    Ok((value, microseconds(begin.elapsed())))
}

fn microseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What one thing took, call by call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn add(&mut self, time: f64) {
        self.0.push(time);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn sum(&self) -> f64 {
        self.0.iter().sum()
    }

    /// Nothing if it was never called.
    pub(crate) fn p50(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| median(&self.0))
    }

    /// The mean without the tenth that took longest, which is the machine's: nothing if it was never
    /// called.
    pub(crate) fn mean(&self) -> Option<f64> {
        let mut times = self.0.clone();
        times.sort_by(f64::total_cmp);
        times.truncate((times.len() * 9).div_ceil(10));
        (!times.is_empty()).then(|| times.iter().sum::<f64>() / times.len() as f64)
    }

    /// The median of the ratios of calls that stood beside each other.
    pub(crate) fn over(&self, floor: &Times) -> Option<f64> {
        let pairs = self.0.iter().zip(&floor.0);
        let ratios: Vec<f64> = pairs.map(|(value, floor)| value / floor).collect();
        (!ratios.is_empty()).then(|| median(&ratios))
    }
}
