//! Times two things in turn, so that a machine that changes its speed changes both.

use std::time::{Duration, Instant};

/// Rounds of each; an odd number, so that the median is one of them.
const ROUNDS: usize = 15;
/// How long one round of one thing takes, about.
const ROUND: Duration = Duration::from_millis(30);

/// Nanoseconds per call, and the median ratio of neighbouring rounds.
pub(crate) struct Pair {
    pub(crate) value: f64,
    pub(crate) floor: f64,
    pub(crate) ratio: f64,
}

/// Calls `value` and `floor` in turn, many times each.
pub(crate) fn pair(mut value: impl FnMut(), mut floor: impl FnMut()) -> Pair {
    let (value_calls, floor_calls) = (calls(&mut value), calls(&mut floor));
    let mut rounds: Vec<(f64, f64)> = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        rounds.push((
            round(&mut value, value_calls),
            round(&mut floor, floor_calls),
        ));
    }
    Pair {
        value: median(rounds.iter().map(|round| round.0)),
        floor: median(rounds.iter().map(|round| round.1)),
        ratio: median(rounds.iter().map(|round| round.0 / round.1)),
    }
}

/// Nanoseconds per call of one thing alone.
pub(crate) fn alone(mut value: impl FnMut()) -> f64 {
    let calls = calls(&mut value);
    median((0..ROUNDS).map(|_| round(&mut value, calls)))
}

/// How many calls make a round.
fn calls(value: &mut impl FnMut()) -> u32 {
    let mut calls = 1;
    loop {
        let time = round(value, calls) * f64::from(calls);
        if time > ROUND.as_nanos() as f64 / 4.0 || calls >= 1 << 24 {
            let wanted = ROUND.as_nanos() as f64 / (time / f64::from(calls));
            return (wanted as u32).max(1);
        }
        calls *= 4;
    }
}

fn round(value: &mut impl FnMut(), calls: u32) -> f64 {
    let begin = Instant::now();
    for _ in 0..calls {
        value();
    }
    begin.elapsed().as_nanos() as f64 / f64::from(calls)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
