//! Counts of what happened to keys.

use std::ops::{Add, AddAssign};

use larder::GroupStats;
use serde::{Deserialize, Serialize};

/// More than this is nothing that a process can have counted in a slice: what a report says beyond is cut, so
/// that sums over a fleet cannot overflow.
const COUNT_MAX: u64 = 1 << 40;

/// A number as a report tells it, as far as it is believed.
pub(crate) fn believed(count: u64) -> u64 {
    count.min(COUNT_MAX)
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// What happened to some keys in some time. As text it is a list of numbers, in this order: one that
        /// is missing there is zero, and one too many is passed over, so that builds may differ.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(from = "Vec<u64>", into = "Vec<u64>")]
        #[non_exhaustive]
        pub struct Counts {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counts {
            /// What a group has counted so far.
            pub fn of(stats: &GroupStats) -> Counts {
                Counts { $($name: stats.$name,)* }
            }

            /// What came since `earlier`.
            #[must_use]
            pub fn since(&self, earlier: &Counts) -> Counts {
                Counts { $($name: self.$name.saturating_sub(earlier.$name),)* }
            }
        }

        impl From<Vec<u64>> for Counts {
            fn from(numbers: Vec<u64>) -> Counts {
                let mut numbers = numbers.into_iter();
                Counts { $($name: believed(numbers.next().unwrap_or(0)),)* }
            }
        }

        impl From<Counts> for Vec<u64> {
            fn from(counts: Counts) -> Vec<u64> {
                vec![$(counts.$name,)*]
            }
        }

        impl AddAssign for Counts {
            fn add_assign(&mut self, other: Counts) {
                $(self.$name = self.$name.saturating_add(other.$name);)*
            }
        }
    };
}

counts! {
    /// Fresh entries served.
    hits
    /// Entries past their ttl served.
    stale_hits
    /// Look-ups that found nothing to serve.
    misses
    /// Loads begun.
    loads
    /// Loads that failed, panicked or were given up.
    load_errors
    /// Reads that waited for a load that was running already: stampedes avoided.
    joins
    /// Entries stored.
    inserts
    /// Look-ups that found an entry invalidated.
    invalidations
    /// Entries dropped for lack of room.
    evictions
}

impl Add for Counts {
    type Output = Counts;

    fn add(mut self, other: Counts) -> Counts {
        self += other;
        self
    }
}

impl std::iter::Sum for Counts {
    fn sum<I: Iterator<Item = Counts>>(counts: I) -> Counts {
        counts.fold(Counts::default(), Counts::add)
    }
}

impl Counts {
    /// How many look-ups there were.
    pub fn reads(&self) -> u64 {
        [self.stale_hits, self.misses]
            .iter()
            .fold(self.hits, |sum, count| sum.saturating_add(*count))
    }

    /// Which part of the look-ups found something to serve; nothing if there was none.
    pub fn hit_ratio(&self) -> Option<f64> {
        let reads = self.reads();
        (reads > 0).then(|| (self.hits + self.stale_hits) as f64 / reads as f64)
    }

    /// Whether nothing has happened.
    pub fn is_zero(&self) -> bool {
        *self == Counts::default()
    }
}
