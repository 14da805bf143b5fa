//! Batches: operations on many names, sent to the servers that keep them, all at once.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::cell::{Cell, Fresh, Kind, SPLICE_AT};
use super::link::{Answer, Incarnation, Op};
use super::name::Name;
use super::node::{Failure, Node};
use super::topology::Topology;
use crate::error::{Error, Result};

/// What to do with a name. Unlike an [`Op`] it does not know yet which life of a server it meets.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Get,
    Head,
    /// Reads a tag, which somebody is about to depend on.
    Touch(Duration),
    /// Gives a tag of rows a new version, if it is there.
    BumpFine(Duration),
    /// Gives a tag a new version and leaves its marks and its list, if it is there.
    BumpCoarse(Duration),
    /// Stores an entry: a `Set` or a `Swap`, whose value ends with this life of its server, or
    /// with the one that it meets.
    ///
    /// Under a lease it is the life in which the lease was taken. The lease record may be on a
    /// promoted replica, while a removal that came after it is not: what was loaded before the
    /// removal must not be stored as if it had been loaded in the new life.
    Store(Op, Option<Incarnation>),
    Do(Op),
}

impl Act {
    /// `fresh` is drawn when a bump is met. It must be new for every attempt: a bump that is repeated,
    /// because nobody knows whether it was done, could otherwise bring back a version that was
    /// replaced meanwhile:
    ///
    ///   W1: bump to F (done, its answer is lost)   R: note F, load, fill
    ///   W2: bump to G   W1: bump to F again: R's entry would be current for good.
    fn op(&self, name: &Name, incarnation: Incarnation, fresh: &mut Option<Fresh>) -> Result<Op> {
        let name = name.clone();
        Ok(match self {
            Act::Get => Op::Get(name),
            Act::Head => Op::Head(name),
            Act::Touch(keep) => Op::Touch { name, keep: *keep },
            Act::BumpFine(keep) => Op::Replace {
                name,
                value: Cell::new(Kind::Live, &drawn(fresh)?, incarnation).encode(),
                keep: *keep,
            },
            Act::BumpCoarse(keep) => Op::Splice {
                name,
                at: SPLICE_AT,
                value: drawn(fresh)?.splice(),
                keep: *keep,
            },
            Act::Store(op, life) => {
                let incarnation = life.unwrap_or(incarnation);
                let mut op = op.clone();
                if let Op::Set { value, .. } | Op::Swap { value, .. } = &mut op {
                    value.extend_from_slice(&incarnation.0);
                }
                op
            }
            Act::Do(op) => op.clone(),
        })
    }

    /// Whether doing it twice is the same as doing it once, also for whoever asked.
    fn repeats(&self) -> bool {
        match self {
            Act::Get | Act::Head | Act::Touch(_) | Act::BumpFine(_) | Act::BumpCoarse(_) => true,
            Act::Store(op, _) | Act::Do(op) => {
                matches!(op, Op::Get(_) | Op::Set { .. } | Op::Delete(_))
            }
        }
    }
}

/// Random bytes for one attempt: reads need none, and drawing them is a call of the system.
fn drawn(fresh: &mut Option<Fresh>) -> Result<Fresh> {
    match fresh {
        Some(fresh) => Ok(*fresh),
        None => Ok(*fresh.insert(Fresh::new()?)),
    }
}

/// What one act met, and which life of its server answered.
pub(crate) type Told = Result<(Answer, Incarnation)>;

/// The acts for one server, with their places in the whole batch.
struct Part {
    node: Arc<Node>,
    places: Vec<usize>,
}

/// Does all acts: one round trip for each server, all servers at once, in order on each of them.
pub(crate) async fn run(topology: &dyn Topology, acts: &[(Name, Act)]) -> Vec<Told> {
    let mut told: Vec<Option<Told>> = acts.iter().map(|_| None).collect();
    let mut parts: Vec<Part> = Vec::with_capacity(1);
    for (place, (name, _)) in acts.iter().enumerate() {
        match topology.node(name) {
            Ok(node) => match parts.iter_mut().find(|part| Arc::ptr_eq(&part.node, &node)) {
                Some(part) => part.places.push(place),
                None => {
                    let mut places = Vec::with_capacity(acts.len() - place);
                    places.push(place);
                    parts.push(Part { node, places });
                }
            },
            Err(error) => told[place] = Some(Err(error)),
        }
    }
    if let [part] = &parts[..] {
        let answers = part.run(topology, acts).await;
        part.tell(answers, &mut told);
    } else {
        let all = join_all(parts.iter().map(|part| part.run(topology, acts))).await;
        for (part, answers) in parts.iter().zip(all) {
            part.tell(answers, &mut told);
        }
    }
    told.into_iter()
        .map(|told| told.unwrap_or_else(|| Err(Error::store("a server gave no answer"))))
        .collect()
}

impl Part {
    /// A link that broke may have been broken for long: what can be repeated is, once.
    async fn run(
        &self,
        topology: &dyn Topology,
        acts: &[(Name, Act)],
    ) -> Result<(Vec<Answer>, Incarnation)> {
        let mut repeat = self.places.iter().all(|place| acts[*place].1.repeats());
        loop {
            let failure = match self.once(acts).await {
                Ok(answers) => return Ok(answers),
                Err(failure) => failure,
            };
            if let Failure::Moved(_) = failure {
                topology.moved();
            }
            if !repeat || matches!(failure, Failure::Down(_)) {
                return Err(failure.into_error());
            }
            repeat = false;
        }
    }

    async fn once(&self, acts: &[(Name, Act)]) -> Result<(Vec<Answer>, Incarnation), Failure> {
        let lane = self.node.lane().await?;
        let incarnation = lane.incarnation();
        let mut fresh = None;
        let ops = self.places.iter().map(|place| {
            let (name, act) = &acts[*place];
            act.op(name, incarnation, &mut fresh)
        });
        let ops: Vec<Op> = ops.collect::<Result<_>>().map_err(Failure::Down)?;
        let answers = lane.run(ops).await?;
        Ok((answers, incarnation))
    }

    fn tell(&self, answers: Result<(Vec<Answer>, Incarnation)>, told: &mut [Option<Told>]) {
        match answers {
            Ok((answers, incarnation)) => {
                for (place, answer) in self.places.iter().zip(answers) {
                    told[*place] = Some(Ok((answer, incarnation)));
                }
            }
            Err(error) => {
                for place in &self.places {
                    told[*place] = Some(Err(error.clone()));
                }
            }
        }
    }
}
