//! What is noted between two reports.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use larder::{Cache, Key};

use crate::counts::Counts;
use crate::hot::HotKeys;
use crate::latencies::Latencies;
use crate::report::{Act, KeyText, Report, SLICE, SLICES_MAX, Slice, Slow, Trouble, cut};
use crate::slots::GROUP;

/// So many groups are told by name; the others count as one.
const GROUPS_MAX: usize = 32;

/// The group of all further groups.
const OTHER: &str = "other";

const SLOW_MAX: usize = 32;
const TROUBLES_MAX: usize = 16;

/// So many acts are told, and so many refusals, each in a ring of its own: whoever is refused again and again
/// hides nothing of what was done.
const ACTS_MAX: usize = 32;

/// So many times slices go by until what was hot counts half.
const AGED_EVERY: u64 = 12;

/// What a process has noted.
#[derive(Default)]
pub(crate) struct Recorder {
    groups: Vec<String>,
    slices: VecDeque<Slice>,
    /// What each group had counted when we looked last.
    counted: HashMap<Arc<str>, Counts>,
    bumps: u64,
    /// By group.
    latencies: HashMap<String, Latencies>,
    slow: VecDeque<Slow>,
    acts: VecDeque<Act>,
    refused: VecDeque<Act>,
    troubles: VecDeque<Trouble>,
    pub(crate) hot: HotKeys,
    aged_at: u64,
}

impl Recorder {
    pub(crate) fn loaded(&mut self, group: &str, elapsed: Duration) {
        match self.latencies.get_mut(group) {
            Some(latencies) => latencies.count(elapsed),
            None => self
                .latencies
                .entry(group.to_owned())
                .or_default()
                .count(elapsed),
        }
    }

    pub(crate) fn slow(&mut self, at: u64, group: &str, key: &Key, elapsed: Duration) {
        let slow = Slow {
            at,
            group: cut(group, 80),
            key: KeyText::new(key),
            micros: u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        };
        push(&mut self.slow, slow, SLOW_MAX);
    }

    pub(crate) fn act(&mut self, at: u64, mut act: Act) {
        act.at = at;
        let ring = match act.is_refused() {
            true => &mut self.refused,
            false => &mut self.acts,
        };
        push(ring, act, ACTS_MAX);
    }

    pub(crate) fn trouble(&mut self, at: u64, what: &str) {
        let what = cut(what, 200);
        if let Some(last) = self.troubles.back_mut()
            && last.what == what
        {
            (last.at, last.times) = (at, last.times + 1);
            return;
        }
        let trouble = Trouble { at, what, times: 1 };
        push(&mut self.troubles, trouble, TROUBLES_MAX);
    }

    /// Takes the difference to what the cache had counted when it was asked last.
    pub(crate) fn count(&mut self, cache: &Cache, now: u64) {
        let width = u64::try_from(SLICE.as_millis()).unwrap_or(u64::MAX);
        let at = now - now % width;
        let mut counts: Vec<(usize, Counts)> = Vec::new();
        for stats in cache.stats() {
            if &*stats.name == GROUP {
                continue;
            }
            let all = Counts::of(&stats);
            let name = cut(&stats.name, 80);
            let before = self.counted.insert(stats.name.clone(), all);
            let new = all.since(&before.unwrap_or_default());
            if !new.is_zero() {
                counts.push((self.group(name), new));
            }
        }
        let bumps = cache.bumps();
        let bumped = bumps.saturating_sub(self.bumps);
        self.bumps = bumps;
        let latencies: Vec<(usize, Latencies)> = std::mem::take(&mut self.latencies)
            .into_iter()
            .map(|(group, latencies)| (self.group(cut(&group, 80)), latencies))
            .collect();
        if self.slices.back().is_none_or(|slice| slice.at < at) {
            let slice = Slice {
                at,
                ..Slice::default()
            };
            push(&mut self.slices, slice, SLICES_MAX);
        }
        if let Some(slice) = self.slices.back_mut() {
            slice.bumps += bumped;
            for (group, new) in latencies {
                slice.latencies.add(&new);
                let mut known = slice.group_latencies.iter_mut();
                match known.find(|(known, _)| *known == group) {
                    Some((_, latencies)) => latencies.add(&new),
                    None => slice.group_latencies.push((group, new)),
                }
            }
            for (group, new) in counts {
                match slice.counts.iter_mut().find(|(known, _)| *known == group) {
                    Some((_, counts)) => *counts += new,
                    None => slice.counts.push((group, new)),
                }
            }
        }
        if at >= self.aged_at + width * AGED_EVERY {
            self.aged_at = at;
            self.hot.age();
        }
        // By time, not only by number: a process may have slept.
        let oldest = at.saturating_sub(width * SLICES_MAX as u64);
        self.slices.retain(|slice| slice.at > oldest);
    }

    fn group(&mut self, name: String) -> usize {
        let place = |groups: &[String], name: &str| groups.iter().position(|group| group == name);
        if let Some(place) = place(&self.groups, &name) {
            return place;
        }
        let name = match self.groups.len() < GROUPS_MAX {
            true => name,
            false => OTHER.to_owned(),
        };
        place(&self.groups, &name).unwrap_or_else(|| {
            self.groups.push(name);
            self.groups.len() - 1
        })
    }

    /// Fills in what was noted.
    pub(crate) fn tell(&self, report: &mut Report) {
        report.groups.clone_from(&self.groups);
        report.slices = self.slices.iter().cloned().collect();
        report.slow = self.slow.iter().cloned().collect();
        report.acts = self.acts.iter().cloned().collect();
        report.refused = self.refused.iter().cloned().collect();
        report.troubles = self.troubles.iter().cloned().collect();
        report.hot = self.hot.told();
    }
}

fn push<T>(ring: &mut VecDeque<T>, item: T, max: usize) {
    if ring.len() >= max {
        ring.pop_front();
    }
    ring.push_back(item);
}
