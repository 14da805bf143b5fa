//! Times things in turn, call by call and round by round, so that a machine that changes its speed
//! changes all of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::task::JoinSet;

/// Something to be called again and again; the number tells the calls apart.
pub(crate) type Call = Arc<dyn Fn(usize) -> BoxFuture<'static, ()> + Send + Sync>;

/// Wraps a call.
pub(crate) fn call<F>(call: impl Fn(usize) -> F + Send + Sync + 'static) -> Call
where
    F: Future<Output = ()> + Send + 'static,
{
    Arc::new(move |n| Box::pin(call(n)))
}

/// What one thing took, by round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// Microseconds.
    p50: Vec<f64>,
    /// Calls a second, of all tasks together.
    rate: Vec<f64>,
}

impl Times {
    fn add(&mut self, mut samples: Vec<Duration>, elapsed: Duration) {
        self.rate.push(samples.len() as f64 / elapsed.as_secs_f64());
        samples.sort();
        let middle = samples[samples.len() / 2];
        self.p50.push(middle.as_secs_f64() * 1e6);
    }

    pub(crate) fn p50(&self) -> f64 {
        median(&self.p50)
    }

    pub(crate) fn rate(&self) -> f64 {
        median(&self.rate)
    }

    /// The median ratio of rounds that stood beside each other.
    pub(crate) fn p50_over(&self, floor: &Times) -> f64 {
        over(&self.p50, &floor.p50)
    }

    pub(crate) fn rate_over(&self, floor: &Times) -> f64 {
        over(&self.rate, &floor.rate)
    }
}

fn over(values: &[f64], floors: &[f64]) -> f64 {
    let ratios = values
        .iter()
        .zip(floors)
        .map(|(value, floor)| value / floor);
    median(&ratios.collect::<Vec<f64>>())
}

pub(crate) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// One task makes each call once, then each once more, and so on: for how long a call takes.
pub(crate) async fn one_task(calls: &[Call], rounds: usize, per_round: usize) -> Vec<Times> {
    let calls = calls.to_vec();
    // On a task of its own: what is measured runs where a service's tasks run.
    let task = tokio::spawn(async move {
        let mut times = vec![Times::default(); calls.len()];
        for round in 0..rounds {
            let mut samples = vec![Vec::with_capacity(per_round); calls.len()];
            for n in 0..per_round {
                for turn in 0..calls.len() {
                    // Nobody is always behind the same neighbour.
                    let which = (turn + n) % calls.len();
                    let begin = Instant::now();
                    calls[which](round * per_round + n).await;
                    samples[which].push(begin.elapsed());
                }
            }
            for (times, samples) in times.iter_mut().zip(samples) {
                let busy = samples.iter().sum();
                times.add(samples, busy);
            }
        }
        times
    });
    task.await.expect("no call panics")
}

/// So many tasks at once make the first call, then the second, and so on, then all again: for how
/// many calls fit in a second.
pub(crate) async fn many_tasks(
    calls: &[Call],
    tasks: usize,
    rounds: usize,
    per_task: usize,
) -> Vec<Times> {
    let mut times = vec![Times::default(); calls.len()];
    for round in 0..rounds {
        for turn in 0..calls.len() {
            let which = (turn + round) % calls.len();
            let begin = Instant::now();
            let mut running = JoinSet::new();
            for task in 0..tasks {
                let call = calls[which].clone();
                running.spawn(async move {
                    let mut samples = Vec::with_capacity(per_task);
                    for n in 0..per_task {
                        let begin = Instant::now();
                        call(n * tasks + task).await;
                        samples.push(begin.elapsed());
                    }
                    samples
                });
            }
            let samples: Vec<Duration> = running.join_all().await.into_iter().flatten().collect();
            times[which].add(samples, begin.elapsed());
        }
    }
    times
}
