//! The times and rules of an entry.

use std::time::Duration;

use crate::error::Error;

/// How long an entry is fresh if nobody says otherwise.
pub const TTL_DEFAULT: Duration = Duration::from_secs(60 * 60);

/// The ttl of an entry that never gets too old: it lives until it is evicted, removed or invalidated.
///
/// Stores that processes share forget it earlier: Redis and memcached forget a tag that nobody has
/// written under for [`TAG_KEEP`](crate::TAG_KEEP), and with it what carries it; memcached keeps
/// nothing for longer than thirty days.
pub const TTL_FOREVER: Duration = Duration::MAX;

/// How long a failed load is not repeated under stale-if-error, if nobody says otherwise.
pub const STALE_IF_ERROR_THROTTLE_DEFAULT: Duration = Duration::from_secs(1);

/// How long a lease outlives the process that took it, if nobody says otherwise.
pub const LEASE_DEFAULT: Duration = Duration::from_secs(5);

/// The times and rules of one entry.
///
/// The defaults are: fresh for an hour, nothing stale, no timeouts, one load at a time for all
/// processes that share the store. Stale windows concern age
/// only: what an invalidation killed is never served.
///
/// # Example: a page that stays up while its database is down
///
/// ```
/// use std::time::Duration;
/// use larder::Policy;
///
/// let policy = Policy::new()
///     .ttl(Duration::from_secs(60))
///     .stale_while_revalidate(Duration::from_secs(30))
///     .stale_if_error(Duration::from_secs(600));
/// assert_eq!(policy.keep(), Duration::from_secs(660));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Policy {
    pub(crate) ttl: Duration,
    pub(crate) jitter: f64,
    pub(crate) stale_while_revalidate: Duration,
    pub(crate) stale_if_error: Duration,
    pub(crate) stale_if_error_throttle: Duration,
    pub(crate) refresh_ahead: Option<f64>,
    pub(crate) negative_ttl: Option<Duration>,
    pub(crate) soft_load_timeout: Option<Duration>,
    pub(crate) hard_load_timeout: Option<Duration>,
    pub(crate) wait_timeout: Option<Duration>,
    pub(crate) lease: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            ttl: TTL_DEFAULT,
            jitter: 0.0,
            stale_while_revalidate: Duration::ZERO,
            stale_if_error: Duration::ZERO,
            stale_if_error_throttle: STALE_IF_ERROR_THROTTLE_DEFAULT,
            refresh_ahead: None,
            negative_ttl: None,
            soft_load_timeout: None,
            hard_load_timeout: None,
            wait_timeout: None,
            lease: LEASE_DEFAULT,
        }
    }
}

macro_rules! knobs {
    ($($(#[$doc:meta])* $name:ident: $type:ty => $wrap:expr;)*) => {
        impl Policy {
            $($(#[$doc])* pub fn $name(mut self, $name: $type) -> Self {
                self.$name = ($wrap)($name);
                self
            })*
        }
    };
}

knobs! {
    /// How long an entry is fresh after it was written.
    ttl: Duration => |value| value;
    /// By which fraction of the ttl, at most, an entry's life is shortened at random, so that
    /// entries written together do not expire together. Between 0 and 1.
    jitter: f64 => |value| value;
    /// For how long after its ttl an entry is still served once while one load runs behind it.
    stale_while_revalidate: Duration => |value| value;
    /// For how long after its ttl an entry is served if the load fails.
    stale_if_error: Duration => |value| value;
    /// How long a failed load is not tried again while a stale entry can be served.
    stale_if_error_throttle: Duration => |value| value;
    /// After which fraction of its ttl a fresh entry that is asked for is loaded again in the
    /// background. Between 0 and 1.
    refresh_ahead: f64 => Some;
    /// How long an entry that says "there is nothing" is fresh; the ttl if not set. Zero stores none.
    negative_ttl: Duration => Some;
    /// How long a caller waits for a load before it takes a stale entry, where there is one.
    soft_load_timeout: Duration => Some;
    /// After which time a load is given up.
    hard_load_timeout: Duration => Some;
    /// How long a caller waits for loads, its own or another's, all in all. The load goes on.
    wait_timeout: Duration => Some;
    /// How long a load's lease outlives the process that took it, in a store that several share:
    /// while it lasts, the other processes wait for that load. The load itself may take longer, it
    /// renews its lease; who has waited twelve times as long loads for itself. Zero takes none: then every process loads for itself, and a removal by
    /// one does not end the loads of the others.
    lease: Duration => |value| value;
}

impl Policy {
    /// The defaults.
    pub fn new() -> Policy {
        Policy::default()
    }

    /// How long a store keeps the entry: its ttl and the longest stale window.
    pub fn keep(&self) -> Duration {
        self.keep_of(self.ttl)
    }

    pub(crate) fn keep_of(&self, ttl: Duration) -> Duration {
        ttl.saturating_add(self.stale_while_revalidate.max(self.stale_if_error))
    }

    /// The ttl of one entry: shortened by the jitter, where `chance` is a random number between 0 and 1.
    pub(crate) fn ttl_of(&self, negative: bool, chance: f64) -> Duration {
        let ttl = if negative {
            self.negative_ttl.unwrap_or(self.ttl)
        } else {
            self.ttl
        };
        if self.jitter == 0.0 {
            ttl
        } else {
            part_of(ttl, 1.0 - self.jitter * chance)
        }
    }

    /// Whether the fractions are fractions.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let fraction = |name: &str, value: f64| {
            if (0.0..=1.0).contains(&value) {
                Ok(())
            } else {
                Err(Error::config(format!(
                    "{name} is {value}, which is not between 0 and 1"
                )))
            }
        };
        fraction("jitter", self.jitter)?;
        fraction("refresh_ahead", self.refresh_ahead.unwrap_or(0.0))
    }
}

/// A part of a time: all of it where the fraction is more than 1, or none at all. Never panics:
/// a call's own policy is not checked.
pub(crate) fn part_of(time: Duration, fraction: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * fraction.clamp(0.0, 1.0))
        .map_or(time, |part| part.min(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_that_is_none_takes_no_part_and_never_panics() {
        let minute = Duration::from_secs(60);
        assert_eq!(part_of(minute, 0.5), Duration::from_secs(30));
        assert_eq!(part_of(minute, -0.0), Duration::ZERO);
        assert_eq!(part_of(minute, -7.0), Duration::ZERO);
        for fraction in [1.0, 7.0, f64::INFINITY, f64::NAN] {
            assert_eq!(part_of(minute, fraction), minute, "{fraction}");
            assert_eq!(
                part_of(Duration::MAX, fraction),
                Duration::MAX,
                "{fraction}"
            );
        }
        assert!(part_of(Duration::MAX, 0.5) < Duration::MAX);
    }
}
