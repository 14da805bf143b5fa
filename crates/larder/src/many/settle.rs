//! One key of a batch that somebody else is busy with.

use std::any::TypeId;
use std::sync::Arc;

use crate::cache::Core;
use crate::entry::Entry;
use crate::facts::Prepared;
use crate::flight::{self, Done, Join, Lead, Waiter};
use crate::load::{Grant, Turn, turn};
use crate::read::{Verdict, judge};
use crate::store::{Look, Lookup};

use super::Item;

/// What a key is waited for by.
#[expect(clippy::large_enum_variant, reason = "lives for one match, on a miss")]
pub(super) enum Wait {
    /// A load of this process runs.
    Follow(Waiter),
    /// Nobody in this process loads it, and it is not known whose turn it is.
    Lead(Lead),
    /// Nothing is known any more.
    Look,
}

/// What a key came to.
#[expect(clippy::large_enum_variant, reason = "lives for one match, on a miss")]
pub(super) enum Settled<T> {
    /// Somebody else has loaded this value, and stored it in this entry.
    Value(Arc<T>, Option<Entry>),
    /// Somebody else's load knows nothing of it.
    Nothing,
    /// It is to be loaded here: for all, or without a flight for this batch alone.
    Load(Option<Lead>, Grant),
    /// Somebody else's load has failed.
    Failed(Done),
}

/// A load for one caller alone, which stores nothing.
pub(super) fn alone() -> Grant {
    Grant::new(Prepared::Undelivered, None)
}

/// Waits for whoever is busy with the key, as a single read does.
pub(super) async fn settle<K, T: Send + Sync + 'static>(
    core: &Arc<Core>,
    item: &Item<K, T>,
    types: TypeId,
    mut wait: Wait,
) -> Settled<T> {
    loop {
        wait = match wait {
            Wait::Follow(waiter) => match waiter.done().await {
                Done::Again => Wait::Look,
                Done::Nothing => return Settled::Nothing,
                Done::Loaded(landed) | Done::Found(landed) => match landed.take() {
                    Some((value, entry)) => return Settled::Value(value, entry),
                    None => Wait::Look,
                },
                failed => return Settled::Failed(failed),
            },
            Wait::Lead(mut lead) => {
                // While it is there somebody waits.
                let waiter = lead.flight.waiter();
                lead.turn().await;
                let turn = turn(core, &mut lead, &item.job).await;
                drop(waiter);
                match turn {
                    Turn::Load(grant) => return Settled::Load(Some(lead), grant),
                    Turn::Found(landed) => {
                        lead.land(Done::Found(landed.clone()));
                        match landed.take() {
                            Some((value, entry)) => return Settled::Value(value, entry),
                            None => Wait::Look,
                        }
                    }
                    Turn::Over => Wait::Look,
                }
            }
            Wait::Look => {
                let wants = item.job.wants_to_look(core);
                let key = &item.encoded;
                let found = core.look(&[Look { key, wants }]).await.pop();
                let found = found.unwrap_or(Lookup::Absent);
                let (kind, policy) = (&item.job.kind, &item.job.policy);
                match judge(found, kind, policy, core.clock.now()) {
                    Verdict::Serve { value, entry, .. } => {
                        return Settled::Value(value, Some(entry));
                    }
                    Verdict::Load { .. } => match flight::join(core, key, types).await {
                        Join::Lead(lead) => Wait::Lead(lead),
                        Join::Follow(waiter) => Wait::Follow(waiter),
                        Join::Bypass(_) => return Settled::Load(None, alone()),
                    },
                }
            }
        };
    }
}
