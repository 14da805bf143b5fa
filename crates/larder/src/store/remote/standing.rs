//! Which guards stand: what a writer who was not told to be strict has to know before it commits.
//!
//! A guard is there because somebody reads strictly. Whoever writes what it guards must mark it, and
//! may never have heard of it. To ask before each commit would cost every writer a round trip, so
//! an answer is believed for a while, and renewed on the way of bumps:
//!
//! ```text
//!   writer                       reader
//!   asks: no guard
//!                                makes the guard, not yet good for anything
//!   BEGIN, writes
//!   believes its answer          waits until no answer from before can be believed,
//!   COMMIT, bumps                then until the writers that are at work have ended
//!                                confirms the guard
//! ```
//! A writer that looks at its answer is inside its transaction. So whoever did that in time is
//! among the writers that the reader waits for, and whoever does it later asks again and marks.
//! No two clocks are compared: both measure how long ago, each by its own.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, timeout};

use super::Inner;
use super::batch::{self, Act, Told};
use super::link::Answer;
use super::name::Name;
use super::settle::live;
use crate::error::Error;
use crate::namespace::Namespace;
use crate::store::Versions;
use crate::tag::{Tag, TagKind};

/// For how long a writer believes that a guard does not stand. Who has not written for as long asks
/// before its commit: one round trip.
pub const GUARD_BELIEVED_FOR: Duration = Duration::from_millis(200);

/// How long a writer waits for an answer: it may hold its database's write lock. A server that takes
/// longer has said nothing.
const ANSWERED_WITHIN: Duration = Duration::from_millis(100);

/// An answer that is older is renewed together with a bump.
const RENEWED_AFTER: Duration = Duration::from_millis(100);

/// How long a new guard is left alone before it is confirmed: longer than writers believe that there
/// is none, with room for clocks that run at different speeds.
pub const GUARD_RIPE_AFTER: Duration = Duration::from_millis(500);

/// So many answers are remembered. Beyond, those that say "no" are forgotten, and asked for again.
const ANSWERS_MAX: usize = 10_000;

/// What this process knows of guards, by their names.
#[derive(Default)]
pub(crate) struct Standing {
    /// Never held across an await.
    known: Mutex<HashMap<Name, Known, ahash::RandomState>>,
}

#[derive(Clone, Copy)]
struct Known {
    stands: bool,
    /// When it was asked, before the answer.
    asked: Instant,
}

impl Standing {
    /// What is known of a guard and is no older than this.
    fn known(&self, guard: &Name, age_max: Duration, now: Instant) -> Option<bool> {
        let known = self.known.lock().get(guard).copied()?;
        (now.duration_since(known.asked) < age_max).then_some(known.stands)
    }

    /// What was last known, however long ago.
    fn last(&self, guard: &Name) -> bool {
        self.known
            .lock()
            .get(guard)
            .is_some_and(|known| known.stands)
    }

    fn note(&self, guard: &Name, stands: bool, asked: Instant) {
        let mut known = self.known.lock();
        if known.get(guard).is_some_and(|later| later.asked > asked) {
            return;
        }
        if known.len() >= ANSWERS_MAX && !known.contains_key(guard) {
            known.retain(|_, known| known.stands);
        }
        known.insert(guard.clone(), Known { stands, asked });
    }
}

impl Inner {
    /// Which of these guards stand. A round trip, if an answer is too old to be believed.
    pub(super) async fn standing(&self, namespace: &Namespace, guards: &[Tag]) -> Vec<Tag> {
        let names = self.names(namespace);
        let asked = Instant::now();
        let mut stand: Vec<Tag> = Vec::new();
        let mut unknown: Vec<(&Tag, Name)> = Vec::new();
        for guard in guards {
            let name = names.tag(guard);
            match self.standing.known(&name, GUARD_BELIEVED_FOR, asked) {
                Some(true) => stand.push(guard.clone()),
                Some(false) => {}
                None => unknown.push((guard, name)),
            }
        }
        let acts: Vec<(Name, Act)> = unknown
            .iter()
            .map(|(_, name)| (name.clone(), Act::Get))
            .collect();
        let told = timeout(ANSWERED_WITHIN, batch::run(&*self.topology, &acts)).await;
        let told = told.unwrap_or_else(|_| {
            let silent = || {
                Err(Error::store(
                    "the server has not said in time who reads strictly",
                ))
            };
            acts.iter().map(|_| silent()).collect()
        });
        for ((guard, name), told) in unknown.iter().zip(told) {
            if self.note_guard(name, told, asked) {
                stand.push((*guard).clone());
            }
        }
        stand
    }

    /// The guards that a bump of these tables may ask for on its way: each is on its table's server.
    pub(super) fn guards_to_renew(&self, namespace: &Namespace, tables: &[Tag]) -> Vec<Name> {
        let names = self.names(namespace);
        let now = Instant::now();
        let mut renewed: Vec<Name> = Vec::new();
        for table in tables {
            let name = names.tag(&Tag::guard(table));
            let known = self.standing.known(&name, RENEWED_AFTER, now);
            if known.is_none() && !renewed.contains(&name) {
                renewed.push(name);
            }
        }
        renewed
    }

    /// Notes what was told of a guard; whether it stands.
    pub(super) fn note_guard(&self, name: &Name, told: Told, asked: Instant) -> bool {
        let stands = match told {
            Ok((Answer::Found(found), incarnation)) => live(&found, incarnation).is_some(),
            Ok((Answer::Refused(_), _)) | Err(_) => return self.standing.last(name),
            Ok(_) => false,
        };
        self.standing.note(name, stands, asked);
        stands
    }

    /// Whether no writer believes any more that one of the guards among these versions is not there.
    pub(super) fn are_ripe(&self, versions: &Versions) -> bool {
        let stamps = versions.stamps().unwrap_or_default();
        let mut guards = stamps
            .iter()
            .filter(|(tag, _)| tag.kind() == TagKind::Guard);
        guards.all(|(_, version)| self.sightings.seen_for(&version.to_bytes()) >= GUARD_RIPE_AFTER)
    }
}
