//! Whose turn it is to load a key, and under which versions.
//!
//! ```text
//!            ┌─ versions recorded ─┐
//! a miss ────┤                     ├── Led ─────── load
//!            └─ lease asked for ───┘   Busy ────── wait a little, ask again
//!                                      Changed ─── look: served, or ask again
//! ```
//!
//! Both are asked at once and take one round trip. Between its first look and the lease a caller
//! does not look again: the store itself compares what the caller has seen with what is there, and
//! says [`Taken::Changed`] if somebody has stored the key in between.

use std::sync::Arc;
use std::time::Duration;

use crate::cache::Core;
use crate::event::{Event, MissReason};
use crate::facts::Prepared;
use crate::flight::{Landed, Lead};
use crate::key::Key;
use crate::lease::{self, Lease, Pauses};
use crate::read::{Verdict, judge, refuse};
use crate::store::{Claim, Look, Lookup, Taken, Versions};

use super::{Job, Seen};

/// How long whoever comes during a load that a mark keeps from being shared waits for it before
/// the next load begins: marks are short, and most loads outlast them.
const MARKED_PATIENCE: Duration = Duration::from_millis(50);

/// What a load's task is to do.
pub(crate) enum Turn {
    /// Load.
    Load(Grant),
    /// Give this value: another process has loaded and stored it.
    Found(Landed),
    /// Nothing: nobody waits, or another process refreshes the entry.
    Over,
}

/// What a load runs under.
pub(crate) struct Grant {
    /// The versions before it. Without them nothing is stored, and whoever comes during the load
    /// waits for it for so long (to its end if nothing is said) and then shares the next one.
    pub(crate) versions: Result<Versions, Option<Duration>>,
    /// The lease, if one was to be had.
    pub(crate) lease: Option<Lease>,
    /// A lease was wanted, and the store did not say whose turn it is: nothing is stored.
    pub(crate) unleased: bool,
}

impl Grant {
    pub(crate) fn new(prepared: Prepared, lease: Option<Lease>) -> Grant {
        let versions = match prepared {
            Prepared::Usable(versions) => Ok(versions),
            Prepared::Marked => Err(Some(MARKED_PATIENCE)),
            Prepared::Undelivered | Prepared::Failed(_) => Err(None),
        };
        Grant {
            // What cannot be stored needs no lease: others may do better.
            lease: lease.filter(|_| versions.is_ok()),
            versions,
            unleased: false,
        }
    }

    /// The lease, if there is one, and what makes it worth keeping.
    pub(crate) fn held(&self) -> Option<(&Lease, &Versions)> {
        self.lease.as_ref().zip(self.versions.as_ref().ok())
    }
}

/// Waits until it is this process's turn to load the key, or another has done it.
///
/// While it waits the flight is *preparing*: whoever comes may join, because the load, or the look
/// that finds another's value, comes after.
pub(crate) async fn turn<T: Send + Sync + 'static>(
    core: &Arc<Core>,
    lead: &mut Lead,
    job: &Job<T>,
) -> Turn {
    if lease::of(core, &job.policy).is_none() {
        if job.refresh && is_replaced(core, lead.key(), job).await {
            return Turn::Over;
        }
        let prepared = core.prepare(&job.wants).await;
        return Turn::Load(Grant::new(prepared, None));
    }
    let mut turns = Turns::new(job);
    let prepare = core.prepare(&job.wants);
    let (prepared, mut taken) = if job.seen.as_ref().is_some_and(|seen| seen.marked) {
        // The lease would take the entry away, which may be right again when the mark has gone.
        match prepare.await {
            Prepared::Usable(versions) => {
                let taken = turns.take(core, lead.key(), job).await;
                (Prepared::Usable(versions), taken)
            }
            prepared => return Turn::Load(Grant::new(prepared, None)),
        }
    } else {
        futures_util::future::join(prepare, turns.take(core, lead.key(), job)).await
    };
    if !matches!(prepared, Prepared::Usable(_)) {
        // Nothing can be stored, so there is nothing to wait for. A lease that was taken goes back.
        if let Some(Taken::Led(permit)) = taken {
            drop(Lease::new(core, permit, job.policy.lease));
        }
        return Turn::Load(Grant::new(prepared, None));
    }
    // Versions that were read before a wait are old by now: their entry might be invalid at once.
    let mut prepared = Some(prepared);
    let mut changes = 0;
    loop {
        let waits = turns.pauses.waited() < job.policy.lease.saturating_mul(lease::WAIT_HOLDS_MAX);
        if !waits || changes > lease::CHANGES_MAX {
            taken = taken.filter(|taken| matches!(taken, Taken::Led(_)));
        }
        match taken {
            // The store does not say whose turn it is, or it takes too long.
            None | Some(Taken::Failed(_)) => {
                let mut grant = Grant::new(or_prepare(core, prepared, job).await, None);
                grant.unleased = true;
                return Turn::Load(grant);
            }
            Some(Taken::Led(permit)) => {
                let lease = Lease::new(core, permit, job.policy.lease);
                // The lease of an entry that stays does not tell whether it is still the same.
                if turns.keeps() {
                    match turns.found_instead(core, lead, job).await {
                        Some(_) if job.refresh => return Turn::Over,
                        Some(landed) => return Turn::Found(landed),
                        None => {}
                    }
                }
                let prepared = or_prepare(core, prepared, job).await;
                return Turn::Load(Grant::new(prepared, Some(lease)));
            }
            Some(_) if job.refresh => return Turn::Over,
            Some(Taken::Busy) => {
                if lead.flight.is_unwatched() {
                    return Turn::Over;
                }
                turns.busy();
            }
            Some(Taken::Changed) => {
                changes += 1;
                // Strike the flight off, then look: whoever has joined did so before the look, so
                // what it finds is new enough for all of them.
                lead.leave();
                if let Some(landed) = turns.look(core, lead.key(), job).await {
                    return Turn::Found(landed);
                }
            }
        }
        prepared = None;
        turns.pauses.pause(core).await;
        taken = turns.take(core, lead.key(), job).await;
    }
}

async fn or_prepare<T>(core: &Core, prepared: Option<Prepared>, job: &Job<T>) -> Prepared {
    match prepared {
        Some(prepared) => prepared,
        None => core.prepare(&job.wants).await,
    }
}

/// Whether another entry is there than the one that is to be refreshed.
async fn is_replaced<T>(core: &Core, key: &Key, job: &Job<T>) -> bool {
    let wants = job.wants_to_look(core);
    let found = core.look(&[Look { key, wants }]).await.pop();
    match (found, &job.seen) {
        (Some(Lookup::Found { entry, .. }), Some(seen)) => !entry.is(&seen.entry),
        _ => false,
    }
}

/// The attempts to take a lease.
pub(crate) struct Turns {
    seen: Option<Seen>,
    pub(crate) pauses: Pauses,
}

impl Turns {
    pub(crate) fn new<T>(job: &Job<T>) -> Turns {
        Turns {
            seen: job.seen.clone(),
            pauses: Pauses::new(),
        }
    }

    /// Whether the entry that was seen stays during the load.
    fn keeps(&self) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.serves)
    }

    pub(crate) fn claim<'a, T>(&'a self, key: &'a Key, job: &Job<T>) -> Claim<'a> {
        Claim {
            key,
            seen: self.seen.as_ref().map(|seen| &seen.entry),
            keep_seen: self.keeps(),
            hold: job.policy.lease,
        }
    }

    /// Asks for the lease. Nothing if the store has failed.
    async fn take<T>(&self, core: &Core, key: &Key, job: &Job<T>) -> Option<Taken> {
        let leases = lease::of(core, &job.policy)?;
        let claims = [self.claim(key, job)];
        match leases.take(&core.namespace, &claims).await {
            Ok(mut taken) => match taken.pop() {
                Some(Taken::Failed(error)) => {
                    core.emit(|| Event::StoreFailed { error: &error });
                    None
                }
                taken => taken,
            },
            Err(error) => {
                core.emit(|| Event::StoreFailed { error: &error });
                None
            }
        }
    }

    /// Another process loads the key. If it does not keep the entry that we saw, that is gone.
    fn busy(&mut self) {
        if !self.keeps() {
            self.seen = None;
        }
    }

    /// Looks: a value to serve, or nothing; then what was found is what we have seen.
    async fn look<T: Send + Sync + 'static>(
        &mut self,
        core: &Core,
        key: &Key,
        job: &Job<T>,
    ) -> Option<Landed> {
        let wants = job.wants_to_look(core);
        let mut found = core.look(&[Look { key, wants }]).await.pop()?;
        refuse(&mut found, job.refused.as_ref());
        match judge(found, &job.kind, &job.policy, core.clock.now()) {
            Verdict::Serve { value, entry, .. } => Some(Landed::new(value, Some(entry))),
            Verdict::Load {
                reason,
                seen,
                stale,
            } => {
                self.seen = seen.map(|entry| Seen {
                    entry,
                    serves: stale.is_some(),
                    marked: reason == MissReason::Marked,
                });
                None
            }
        }
    }

    /// Under the lease of an entry that stays: a value that was stored in its place before.
    async fn found_instead<T: Send + Sync + 'static>(
        &mut self,
        core: &Core,
        lead: &mut Lead,
        job: &Job<T>,
    ) -> Option<Landed> {
        if !is_replaced(core, lead.key(), job).await {
            return None;
        }
        // As above: first strike the flight off, then look for all who have joined.
        lead.leave();
        self.look(core, lead.key(), job).await
    }
}
