//! What is left of an entry's life. Pure: no clock, no store.

use std::time::Duration;

use crate::policy::{Policy, part_of};

/// What a store found out about an entry's tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagState {
    /// Every tag still has the version that was recorded.
    Current,
    /// A tag has another version.
    Changed,
    /// A tag is gone from the store: as good as changed.
    Missing,
    /// A writer has announced a commit on a tag: neither serve nor fill.
    Marked,
}

/// What is left of an entry's life at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Serve it.
    Fresh,
    /// Serve it, and load it anew in the background.
    Ageing,
    /// Past its ttl: serve it, and load it anew in the background.
    Stale,
    /// Past its ttl: load it anew, and serve the old one if that fails.
    IfError,
    /// Too old for any use.
    Expired,
    /// Wrong, or maybe wrong, because data changed.
    Invalidated,
    /// About to become wrong: go to the database and leave the cache alone.
    Marked,
}

/// What is left of the life of an entry with this `ttl`, which is `age` old and whose tags are in
/// this `state`, under the reader's `policy`.
pub fn freshness(policy: &Policy, ttl: Duration, age: Duration, state: TagState) -> Freshness {
    match state {
        TagState::Changed | TagState::Missing => return Freshness::Invalidated,
        TagState::Marked => return Freshness::Marked,
        TagState::Current => {}
    }
    if age < ttl {
        return match policy.refresh_ahead {
            Some(fraction) if age >= part_of(ttl, fraction) => Freshness::Ageing,
            _ => Freshness::Fresh,
        };
    }
    let over = age - ttl;
    if over < policy.stale_while_revalidate {
        Freshness::Stale
    } else if over < policy.stale_if_error {
        Freshness::IfError
    } else {
        Freshness::Expired
    }
}

#[cfg(test)]
mod tests {
    use super::Freshness::*;
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A ttl of 60 s, then 30 s of stale-while-revalidate and, from the ttl, 120 s of stale-if-error.
    #[track_caller]
    fn check(age: u64, state: TagState, expected: Freshness) {
        let policy = Policy::new()
            .stale_while_revalidate(seconds(30))
            .stale_if_error(seconds(120))
            .refresh_ahead(0.5);
        assert_eq!(
            freshness(&policy, seconds(60), seconds(age), state),
            expected
        );
    }

    #[test]
    fn fresh_until_refresh_ahead_begins() {
        check(0, TagState::Current, Fresh);
        check(29, TagState::Current, Fresh);
        check(30, TagState::Current, Ageing);
    }

    #[test]
    fn ageing_until_the_ttl_ends() {
        check(59, TagState::Current, Ageing);
        check(60, TagState::Current, Stale);
    }

    #[test]
    fn stale_windows_end() {
        check(89, TagState::Current, Stale);
        check(90, TagState::Current, IfError);
        check(179, TagState::Current, IfError);
        check(180, TagState::Current, Expired);
    }

    #[test]
    fn a_bumped_tag_beats_every_window() {
        for age in [0, 30, 60, 90, 180] {
            check(age, TagState::Changed, Invalidated);
            check(age, TagState::Missing, Invalidated);
        }
    }

    #[test]
    fn a_marked_tag_is_not_served_at_any_age() {
        for age in [0, 30, 60, 90, 180] {
            check(age, TagState::Marked, Marked);
        }
    }

    #[test]
    fn nothing_is_stale_unless_a_policy_says_so() {
        let policy = Policy::new();
        let at = |age| freshness(&policy, seconds(60), seconds(age), TagState::Current);
        assert_eq!(at(59), Fresh);
        assert_eq!(at(60), Expired);
    }
}
