//! Leases: see [`Leases`](crate::store::Leases).
//!
//! While a key is loaded that has no entry worth keeping, a *lease record* stands in the entry's
//! own place. Storing the loaded entry swaps the record for it. So whoever removes the key, stores
//! something under it, or leads after the record has run out, makes that swap fail: the record's
//! token is the fencing token, and no second place has to agree with the first.
//!
//! An entry that is only past its ttl may still be served during the load, and stays where it is.
//! Its lease stands beside it, and the loaded entry is swapped for the one that was there.

use std::time::Duration;

use super::Inner;
use super::batch::{self, Act};
use super::link::{Answer, Found, Incarnation, Op};
use super::name::{Name, Names};
use super::pack::{self, Unpacked, unpack};
use crate::entry::Stamp;
use crate::error::{Error, Result};
use crate::namespace::Namespace;
use crate::store::{Claim, Permit, Taken};

/// A lease that was taken.
#[derive(Clone, Debug)]
pub(super) enum Held {
    /// Its record stands in the entry's place.
    OnEntry {
        entry: Name,
        record: Found,
        /// The life of the server in which it was taken.
        life: Incarnation,
    },
    /// Its record stands beside the entry that was `seen`.
    Beside {
        lease: Name,
        record: Found,
        seen: Found,
        /// The life of the server in which the entry was seen.
        life: Incarnation,
    },
}

impl Held {
    /// The life of the server that an entry stored under this lease belongs to.
    pub(super) fn life(&self) -> Incarnation {
        match self {
            Held::OnEntry { life, .. } | Held::Beside { life, .. } => *life,
        }
    }

    fn taken_in(mut self, incarnation: Incarnation) -> Held {
        if let Held::OnEntry { life, .. } = &mut self {
            *life = incarnation;
        }
        self
    }

    fn place(&self) -> (&Name, &Found) {
        match self {
            Held::OnEntry { entry, record, .. } => (entry, record),
            Held::Beside { lease, record, .. } => (lease, record),
        }
    }
}

/// How often a lease is tried to be taken while others write in its place.
const ATTEMPTS_MAX: usize = 4;

impl Inner {
    /// One round trip for all claims where nobody is in the way.
    pub(super) async fn take(
        &self,
        namespace: &Namespace,
        claims: &[Claim<'_>],
    ) -> Result<Vec<Taken>> {
        let mut taken: Vec<Option<Taken>> = claims.iter().map(|_| None).collect();
        let (names, seal) = (self.names(namespace), self.seal(namespace));
        let mut open: Vec<(usize, Op, Held)> = Vec::with_capacity(claims.len());
        for (place, claim) in claims.iter().enumerate() {
            let (op, held) = first(&names, claim)?;
            open.push((place, op, held));
        }
        for _ in 0..ATTEMPTS_MAX {
            let acts: Vec<(Name, Act)> = open
                .iter()
                .map(|(_, op, held)| (held.place().0.clone(), Act::Do(op.clone())))
                .collect();
            let told = batch::run(&*self.topology, &acts).await;
            let mut again = Vec::new();
            for ((place, _, held), told) in open.into_iter().zip(told) {
                let claim = &claims[place];
                let (answer, incarnation) = match told {
                    Ok(told) => told,
                    Err(error) => {
                        taken[place] = Some(Taken::Failed(error));
                        continue;
                    }
                };
                match (answer, &held) {
                    (Answer::Done, _) => {
                        let held = held.taken_in(incarnation);
                        taken[place] = Some(Taken::Led(Permit::new(held)));
                    }
                    (Answer::Found(_), Held::Beside { .. }) => taken[place] = Some(Taken::Busy),
                    (Answer::Found(found), Held::OnEntry { entry, record, .. }) => {
                        match unpack(&seal, claim.key, &found, incarnation, &[]) {
                            Unpacked::Leased => taken[place] = Some(Taken::Busy),
                            Unpacked::Entry(_) => taken[place] = Some(Taken::Changed),
                            // Nobody can read it: it is in the way.
                            Unpacked::Foreign => {
                                let op = swap(entry, found, record, claim.hold);
                                again.push((place, op, held));
                            }
                        }
                    }
                    (Answer::Missing, Held::OnEntry { entry, record, .. }) => {
                        let op = add(entry, record, claim.hold);
                        again.push((place, op, held));
                    }
                    (Answer::Missing, Held::Beside { .. }) => taken[place] = Some(Taken::Changed),
                    (Answer::Refused(error), _) => taken[place] = Some(Taken::Failed(error)),
                    (Answer::TooLarge, _) => {
                        let error = Error::store("a lease is too large for the server");
                        taken[place] = Some(Taken::Failed(error));
                    }
                }
            }
            if again.is_empty() {
                break;
            }
            open = again;
        }
        Ok(taken
            .into_iter()
            .map(|taken| taken.unwrap_or(Taken::Changed))
            .collect())
    }

    pub(super) async fn renew(&self, permit: &Permit, hold: Duration) -> Result<bool> {
        let Some(held) = permit.held::<Held>() else {
            return Ok(false);
        };
        let (name, record) = held.place();
        let renew = Op::Renew {
            name: name.clone(),
            seen: record.clone(),
            keep: hold,
        };
        let acts = [(name.clone(), Act::Do(renew))];
        match batch::run(&*self.topology, &acts).await.pop() {
            Some(told) => Ok(matches!(told?.0, Answer::Done)),
            None => Ok(false),
        }
    }

    pub(super) async fn release(&self, permits: &[Permit]) -> Result<()> {
        let acts: Vec<(Name, Act)> = permits
            .iter()
            .filter_map(|permit| permit.held::<Held>())
            .map(|held| {
                let (name, record) = held.place();
                let take = Op::Take {
                    name: name.clone(),
                    seen: record.clone(),
                };
                (name.clone(), Act::Do(take))
            })
            .collect();
        for told in batch::run(&*self.topology, &acts).await {
            told?;
        }
        Ok(())
    }
}

/// How a lease is tried to be taken first.
fn first(names: &Names, claim: &Claim<'_>) -> Result<(Op, Held)> {
    let mut token: Stamp = [0; 16];
    getrandom::fill(&mut token)
        .map_err(|error| Error::store(format!("no random bytes for a lease: {error}")))?;
    let record = Found {
        bytes: pack::lease(&token).into(),
        cas: 0,
    };
    let entry = names.entry(claim.key);
    // Known when it is taken.
    let life = Incarnation([0; 16]);
    let origin = claim.seen.and_then(|entry| entry.origin());
    Ok(
        match origin.map(|origin| (origin.stamp, origin.incarnation)) {
            None => {
                let op = add(&entry, &record, claim.hold);
                let held = Held::OnEntry {
                    entry,
                    record,
                    life,
                };
                (op, held)
            }
            Some((stamp, life)) if claim.keep_seen => {
                let lease = names.lease(claim.key);
                let op = add(&lease, &record, claim.hold);
                let seen = pack::head_of(&stamp);
                let held = Held::Beside {
                    lease,
                    record,
                    seen,
                    life: Incarnation(life),
                };
                (op, held)
            }
            Some((stamp, _)) => {
                let op = swap(&entry, pack::head_of(&stamp), &record, claim.hold);
                let held = Held::OnEntry {
                    entry,
                    record,
                    life,
                };
                (op, held)
            }
        },
    )
}

fn add(name: &Name, record: &Found, hold: Duration) -> Op {
    Op::Add {
        name: name.clone(),
        value: record.bytes.to_vec(),
        keep: hold,
    }
}

fn swap(name: &Name, seen: Found, record: &Found, hold: Duration) -> Op {
    Op::Swap {
        name: name.clone(),
        seen,
        value: record.bytes.to_vec(),
        keep: hold,
    }
}
