//! What a load has cost, and from which hit ratio on the cache is worth it.

use crate::orm::query::Form;
use crate::orm::turn::Times;

const FORMS: usize = Form::ALL.len();

/// The times of all steps of one load.
#[derive(Default)]
pub(crate) struct Costs {
    /// By form of the question.
    uncached: [Times; FORMS],
    miss: [Times; FORMS],
    hit: [Times; FORMS],
    write_uncached: Times,
    write_cached: Times,
    /// Hits of one who drops only the answers that have really changed.
    perfect: usize,
    statements: (u64, u64),
}

impl Costs {
    pub(crate) fn read(
        &mut self,
        form: Form,
        uncached: f64,
        cached: f64,
        hit: bool,
        perfect: bool,
    ) {
        let form = form as usize;
        self.uncached[form].add(uncached);
        match hit {
            true => self.hit[form].add(cached),
            false => self.miss[form].add(cached),
        }
        self.perfect += usize::from(perfect);
    }

    pub(crate) fn write(&mut self, uncached: f64, cached: f64) {
        self.write_uncached.add(uncached);
        self.write_cached.add(cached);
    }

    pub(crate) fn statements(&mut self, uncached: u64, cached: u64) {
        self.statements = (uncached, cached);
    }

    /// What stands behind the share of writes, in the order of the table's columns.
    pub(crate) fn cells(&self) -> [Option<f64>; 10] {
        let reads = count(&self.uncached);
        let steps = (reads + self.write_uncached.count()) as f64;
        let uncached = sum(&self.uncached) + self.write_uncached.sum();
        let cached = sum(&self.hit) + sum(&self.miss) + self.write_cached.sum();
        let ratio = |hits: usize| 100.0 * hits as f64 / reads as f64;
        let hits = count(&self.hit);
        let percent = |ratio: f64| 100.0 * ratio;
        [
            Some(steps * 1e6 / uncached),
            Some(steps * 1e6 / cached),
            Some(uncached / cached),
            Some(self.statements.0 as f64),
            Some(self.statements.1 as f64),
            Some(ratio(hits)),
            Some(ratio(self.perfect)),
            (self.perfect > 0).then(|| hits as f64 / self.perfect as f64),
            self.break_even(0.0).map(percent),
            self.writes_cost_more()
                .and_then(|more| self.break_even(more))
                .map(percent),
        ]
    }

    /// The hit ratio from which on reads are cheaper with the cache, if each of them has to pay this
    /// much beside. A miss costs `m`, a hit `h`, the read without a cache `u`, and `m + r (h - m)` is
    /// `u` at the ratio `r`. Each is weighted by how often the forms were asked.
    fn break_even(&self, beside: f64) -> Option<f64> {
        let reads = count(&self.uncached) as f64;
        let weighted = |times: &[Times; FORMS]| -> Option<f64> {
            let asked = self.uncached.iter().zip(times);
            let asked = asked.filter(|(asked, _)| asked.count() > 0);
            asked
                .map(|(asked, times)| Some(times.mean()? * asked.count() as f64 / reads))
                .sum()
        };
        let (u, m, h) = (
            weighted(&self.uncached)?,
            weighted(&self.miss)?,
            weighted(&self.hit)?,
        );
        Some((m + beside - u) / (m - h))
    }

    /// What the writes cost more than without a cache, for each read.
    fn writes_cost_more(&self) -> Option<f64> {
        let more = self.write_cached.mean()? - self.write_uncached.mean()?;
        let writes_per_read = self.write_cached.count() as f64 / count(&self.uncached) as f64;
        Some(more * writes_per_read)
    }
}

fn count(times: &[Times; FORMS]) -> usize {
    times.iter().map(Times::count).sum()
}

fn sum(times: &[Times; FORMS]) -> f64 {
    times.iter().map(Times::sum).sum()
}
