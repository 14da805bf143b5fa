//! Leases: one load for a key among all processes that share a store.
//!
//! A lease is taken while the versions of the tags are recorded, and ends with the insertion of
//! what was loaded. While it lasts, the other processes wait. A process that dies leaves a lease
//! that runs out; one that only seemed dead finds its lease gone, and the store refuses its value.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::runtime::Handle;

use crate::cache::Core;
use crate::flight::Running;
use crate::freshness::TagState;
use crate::policy::Policy;
use crate::store::{Leases, Permit, Versions};

/// The first pause of a process that waits for another's load. Each further one is twice as long.
const POLL_PAUSE_MIN: Duration = Duration::from_millis(1);

/// The longest pause: so long, at most, a value that was loaded elsewhere is waited for in vain.
const POLL_PAUSE_MAX: Duration = Duration::from_millis(50);

/// So many times a lease's time a process waits for another's load. Then it loads by itself, and
/// stores nothing: the load takes too long to wait for, or its lease is one that never ends.
pub(crate) const WAIT_HOLDS_MAX: u32 = 12;

/// So often a process that waited finds another entry than it has seen, and that it cannot serve.
/// Then it loads by itself, and stores nothing: the key is invalidated faster than it is loaded,
/// and who waits for one load of another process after the other waits for all of them.
pub(crate) const CHANGES_MAX: u32 = 3;

/// A lease is renewed this often in its time: one renewal may be lost, and it still lasts.
const RENEWALS: u32 = 3;

/// The leases of the cache's store, if it has some and the policy wants one.
pub(crate) fn of<'a>(core: &'a Core, policy: &Policy) -> Option<&'a dyn Leases> {
    if policy.lease.is_zero() {
        return None;
    }
    core.store.leases()
}

/// A lease that this process holds. Dropped before it was spent, it is given back.
pub(crate) struct Lease {
    core: Arc<Core>,
    permit: Option<Permit>,
    hold: Duration,
}

impl Lease {
    pub(crate) fn new(core: &Arc<Core>, permit: Permit, hold: Duration) -> Lease {
        Lease {
            core: core.clone(),
            permit: Some(permit),
            hold,
        }
    }

    pub(crate) fn permit(&self) -> Option<&Permit> {
        self.permit.as_ref()
    }

    /// What others need to ask whether it still lasts.
    pub(crate) fn part(&self) -> Option<(Permit, Duration)> {
        Some((self.permit.clone()?, self.hold))
    }

    /// It has ended in the store: with the insertion of its entry, or before.
    pub(crate) fn spend(mut self) {
        self.permit = None;
    }

    /// Renews it for ever, or until it is lost; gives it back when these versions are old, so that
    /// whoever waits for it need not wait for a value that they cannot have. The load goes on all
    /// the same, for those who came before, and the store refuses its value.
    async fn renew(&self, versions: &Versions) {
        let core = &self.core;
        let (Some(leases), Some(permit)) = (core.store.leases(), &self.permit) else {
            return;
        };
        loop {
            tokio::time::sleep((self.hold / RENEWALS).max(POLL_PAUSE_MIN)).await;
            let renewed = leases.renew(&core.namespace, permit, self.hold);
            let (renewed, state) =
                futures_util::future::join(renewed, core.state_of(versions)).await;
            // A store that does not answer may answer the next time.
            if let Ok(false) = renewed {
                return;
            }
            if let Ok(TagState::Changed | TagState::Missing) = state {
                return give_back(core, permit).await;
            }
        }
    }
}

/// Does the work, and renews leases meanwhile, each as long as its versions are current.
pub(crate) async fn while_renewed<'a, F: Future>(
    leases: impl IntoIterator<Item = (&'a Lease, &'a Versions)>,
    work: F,
) -> F::Output {
    let renewals: Vec<_> = leases
        .into_iter()
        .map(|(lease, versions)| lease.renew(versions))
        .collect();
    if renewals.is_empty() {
        return work.await;
    }
    let renewals = futures_util::future::join_all(renewals);
    match select(std::pin::pin!(work), std::pin::pin!(renewals)).await {
        Either::Left((done, _)) => done,
        // All are lost.
        Either::Right((_, work)) => work.await,
    }
}

/// Ends a lease before its time. It runs out if it cannot be given back.
pub(crate) async fn give_back(core: &Core, permit: &Permit) {
    if let Some(leases) = core.store.leases() {
        let permits = std::slice::from_ref(permit);
        let _ = leases.release(&core.namespace, permits).await;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(permit) = self.permit.take() else {
            return;
        };
        // Without a runtime it runs out by itself.
        if let Ok(runtime) = Handle::try_current() {
            let core = self.core.clone();
            let running = Running::new(&core);
            runtime.spawn(async move {
                give_back(&core, &permit).await;
                drop(running);
            });
        }
    }
}

/// The pauses of a process that waits for another's load.
pub(crate) struct Pauses {
    next: Duration,
    waited: Duration,
}

impl Pauses {
    pub(crate) fn new() -> Pauses {
        Pauses {
            next: POLL_PAUSE_MIN,
            waited: Duration::ZERO,
        }
    }

    /// Waits. Half of the time at least, and the rest by chance: those who wait for one load do
    /// not ask in step.
    pub(crate) async fn pause(&mut self, core: &Core) {
        let pause = self.next.mul_f64(0.5 + core.chance() / 2.0);
        self.next = (self.next * 2).min(POLL_PAUSE_MAX);
        self.waited += pause;
        tokio::time::sleep(pause).await;
    }

    /// How long all pauses have taken.
    pub(crate) fn waited(&self) -> Duration {
        self.waited
    }
}
