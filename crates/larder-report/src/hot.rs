//! Which keys are asked for most.

use std::cell::Cell;
use std::collections::HashMap;

use larder::Key;

use crate::report::{Hot, KeyText};
use crate::reporter::HITS_SAMPLED_ONE_IN;

/// So many keys are counted at once. When one more comes, all counts are halved, and what had one sample
/// goes.
const COUNTED_MAX: usize = 512;

/// A longer key is not counted: so many of them would take more than the cache may.
pub const HOT_KEY_BYTES_MAX: usize = 4_096;

/// So many are told.
const TOLD_MAX: usize = 32;

/// Counts of sampled hits.
#[derive(Default)]
pub(crate) struct HotKeys {
    samples: HashMap<Key, u64>,
}

impl HotKeys {
    pub(crate) fn sample(&mut self, key: &Key) {
        if key.as_bytes().len() > HOT_KEY_BYTES_MAX {
            return;
        }
        if let Some(count) = self.samples.get_mut(key) {
            *count += 1;
            return;
        }
        if self.samples.len() >= COUNTED_MAX {
            self.age();
        }
        if self.samples.len() < COUNTED_MAX {
            self.samples.insert(key.clone(), 1);
        }
    }

    /// What was asked for long ago counts half.
    pub(crate) fn age(&mut self) {
        self.samples.retain(|_, count| {
            *count /= 2;
            *count > 0
        });
    }

    pub(crate) fn told(&self) -> Vec<Hot> {
        let mut told: Vec<(&Key, u64)> = self.samples.iter().map(|(k, c)| (k, *c)).collect();
        told.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        told.truncate(TOLD_MAX);
        let hot = |(key, count)| Hot {
            key: KeyText::new(key),
            hits: count * u64::from(HITS_SAMPLED_ONE_IN),
        };
        told.into_iter().map(hot).collect()
    }
}

/// Whether this hit is one to look at. Costs a thread's own number, and no clock.
pub(crate) fn is_sampled() -> bool {
    thread_local! {
        static CHANCE: Cell<u32> = const { Cell::new(0x9e37_79b9) };
    }
    CHANCE.with(|chance| {
        // Xorshift: a count would see the same key of every page that reads as many.
        let mut next = chance.get();
        next ^= next << 13;
        next ^= next >> 17;
        next ^= next << 5;
        chance.set(next);
        next.is_multiple_of(HITS_SAMPLED_ONE_IN)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_most_comes_first_however_many_others_there_are() {
        let mut hot = HotKeys::default();
        for n in 0..10_000 {
            hot.sample(&Key::new(("rare", n)));
            hot.sample(&Key::new("often"));
        }
        let told = hot.told();
        assert_eq!(told[0].key.readable, "('often')");
        assert!(told.len() <= TOLD_MAX && hot.samples.len() <= COUNTED_MAX);
    }

    #[test]
    fn a_key_of_megabytes_is_not_kept() {
        let mut hot = HotKeys::default();
        hot.sample(&Key::new(("long", "x".repeat(3 << 20))));
        hot.sample(&Key::new(("short", "x".repeat(HOT_KEY_BYTES_MAX / 2))));
        assert_eq!(hot.samples.len(), 1);
    }

    #[test]
    fn one_hit_in_so_many_is_sampled() {
        let sampled = (0..64_000).filter(|_| is_sampled()).count();
        assert!((500..2_000).contains(&sampled), "{sampled}");
    }
}
