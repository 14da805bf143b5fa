//! Whether a cache works.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Whether a cache works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// Switched off: look-ups miss, nothing is stored, invalidations go on.
    Off,
    /// As switched off, for the running task.
    Bypassed,
    /// Closed for ever.
    Closed,
}

impl State {
    /// Why reads and writes go past the cache, if they do.
    pub(crate) fn passed_by(self) -> Option<&'static str> {
        match self {
            State::Open => None,
            State::Off => Some("the cache is switched off"),
            State::Bypassed => Some("the task does without the cache"),
            State::Closed => Some("the cache is closed"),
        }
    }
}

const OFF: usize = 1;
const CLOSED: usize = 2;
const SWITCH: usize = OFF | CLOSED;

/// What one task that does without the cache adds.
const BYPASS: usize = 4;

/// The switch, and how many tasks do without the cache, in one word: a hit looks at nothing else,
/// and as a rule it is zero.
#[derive(Debug, Default)]
pub(super) struct StateWord(AtomicUsize);

impl StateWord {
    /// `bypassed` says whether the running task is one of those that do without the cache.
    pub(super) fn get(&self, bypassed: impl FnOnce() -> bool) -> State {
        match self.0.load(Ordering::Acquire) {
            0 => State::Open,
            word if word & CLOSED != 0 => State::Closed,
            word if word & OFF != 0 => State::Off,
            _ if bypassed() => State::Bypassed,
            _ => State::Open,
        }
    }

    /// Whether the cache is neither switched off nor closed.
    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::Acquire) & SWITCH == 0
    }

    pub(super) fn switch(&self, on: bool) {
        // Of a closed cache it says nothing.
        match on {
            true => self.0.fetch_and(!OFF, Ordering::AcqRel),
            false => self.0.fetch_or(OFF, Ordering::AcqRel),
        };
    }

    pub(super) fn close(&self) {
        self.0.fetch_or(CLOSED, Ordering::AcqRel);
    }

    pub(super) fn open_bypass(&self) {
        self.0.fetch_add(BYPASS, Ordering::AcqRel);
    }

    pub(super) fn close_bypass(&self) {
        self.0.fetch_sub(BYPASS, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_and_bypasses_do_not_disturb_each_other() {
        let word = StateWord::default();
        let state = || word.get(|| false);
        assert_eq!(state(), State::Open);
        word.open_bypass();
        assert_eq!(state(), State::Open, "another task");
        assert_eq!(word.get(|| true), State::Bypassed);
        word.switch(false);
        assert_eq!(word.get(|| true), State::Off);
        word.switch(false);
        word.close_bypass();
        assert_eq!(state(), State::Off);
        word.switch(true);
        word.switch(true);
        assert_eq!(word.get(|| true), State::Open, "no bypass is open");
        word.close();
        word.switch(true);
        word.open_bypass();
        assert_eq!(word.get(|| true), State::Closed);
        assert!(!word.is_on());
    }
}
