//! One operation as the commands that carry it out. Pure: no connection.
//!
//! Most operations are one command. What depends on what is there (`Swap`, `Splice`, `Take`,
//! `Renew`) is a cas: the state's number is known from an earlier look, or a look comes first; if
//! somebody else was faster, there is another look, and the operation goes on or ends by what it
//! shows.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::super::remote::link::{Answer, Bytes, Found, Op};
use super::super::remote::name::Name;
use super::wire::{Batch, Command, Mode, Reply};
use crate::error::Error;

/// How long memcached keeps a value at most: a longer time would be taken for a date.
pub const MEMCACHED_KEEP_MAX: Duration = Duration::from_secs(60 * 60 * 24 * 30);

/// So often an operation that others are faster than is tried again; then it is refused.
pub(super) const CONFLICTS_MAX: u32 = 32;

/// One operation, and how far it is.
pub(super) struct Job {
    op: Op,
    stage: Stage,
    conflicts: u32,
}

enum Stage {
    /// What is there must be looked at first.
    Look,
    /// To be carried out.
    Act(Act),
    Done(Answer),
}

/// What carrying out needs to know besides the operation.
enum Act {
    /// Nothing.
    Plain,
    /// The number of the state that may be changed.
    Cas(u64),
    /// And the bytes to be written.
    Rewrite(u64, Bytes),
}

/// What is common to the operations of a link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// How many bytes a value may have.
    pub(super) value_bytes_max: usize,
    /// Mixed into every number of a state that callers see, so that a number from an earlier life
    /// of the server is worth nothing in this one.
    pub(super) salt: u64,
}

impl Job {
    pub(super) fn new(op: Op, terms: &Terms) -> Job {
        let stage = match &op {
            Op::Set { value, .. }
            | Op::Add { value, .. }
            | Op::Replace { value, .. }
            | Op::Swap { value, .. }
                if value.len() > terms.value_bytes_max =>
            {
                Stage::Done(Answer::TooLarge)
            }
            Op::Swap { seen, .. } | Op::Take { seen, .. } if seen.cas != 0 => {
                Stage::Act(Act::Cas(seen.cas ^ terms.salt))
            }
            Op::Swap { .. } | Op::Take { .. } | Op::Renew { .. } | Op::Splice { .. } => Stage::Look,
            _ => Stage::Act(Act::Plain),
        };
        Job {
            op,
            stage,
            conflicts: 0,
        }
    }

    /// Whether what is there must be looked at before it goes on.
    pub(super) fn must_look(&self) -> bool {
        matches!(self.stage, Stage::Look)
    }

    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done(_))
    }

    /// Whether it only reads.
    pub(super) fn reads(&self) -> bool {
        matches!(self.op, Op::Get(_) | Op::Head(_) | Op::Touch { .. })
    }

    /// The answer.
    ///
    /// # Panics
    ///
    /// If it is not done.
    pub(super) fn into_answer(self) -> Answer {
        match self.stage {
            Stage::Done(answer) => answer,
            _ => panic!("an operation is asked for its answer before it is done"),
        }
    }

    /// Adds its next commands to a batch, and tells how many.
    pub(super) fn send(&self, batch: &mut Batch, numbers: &AtomicU64) -> usize {
        let name = self.name();
        let look = Command::Get { touch: None };
        let act = match &self.stage {
            Stage::Done(_) => return 0,
            Stage::Look => {
                batch.push(numbers, name, look);
                return 1;
            }
            Stage::Act(act) => act,
        };
        let command = match (&self.op, act) {
            (Op::Get(_), _) => look,
            (Op::Head(_), _) => Command::Peek,
            (Op::Touch { keep, .. }, _) => Command::Get {
                touch: Some(seconds(*keep)),
            },
            (Op::Set { value, keep, .. }, _) => store(Mode::Always, value, *keep),
            (Op::Add { value, keep, .. }, _) => store(Mode::IfMissing, value, *keep),
            (Op::Replace { value, keep, .. }, _) => store(Mode::IfPresent, value, *keep),
            (Op::Swap { value, keep, .. }, Act::Cas(cas)) => store(Mode::IfCas(*cas), value, *keep),
            (Op::Splice { keep, .. } | Op::Renew { keep, .. }, Act::Rewrite(cas, bytes)) => {
                store(Mode::IfCas(*cas), bytes, *keep)
            }
            (Op::Take { .. }, Act::Cas(cas)) => Command::Delete { cas: Some(*cas) },
            (Op::Delete(_), _) => Command::Delete { cas: None },
            (Op::Swap { .. } | Op::Splice { .. } | Op::Renew { .. } | Op::Take { .. }, _) => {
                unreachable!("it is carried out by the number of a state")
            }
        };
        batch.push(numbers, name, command);
        // Who was faster is to be told: the look goes along, as it is needed only if the value was
        // not added.
        if matches!(self.op, Op::Add { .. }) {
            batch.push(numbers, name, look);
            return 2;
        }
        1
    }

    /// Goes on by the replies to the commands that it sent, which are as many.
    pub(super) fn take(&mut self, mut replies: impl Iterator<Item = Reply>, terms: &Terms) {
        let reply = replies.next().expect("there is a reply to each command");
        let reply = match reply {
            Reply::TooLarge => return self.done(Answer::TooLarge),
            Reply::Full => return self.refuse("has no room left"),
            Reply::Refused => return self.refuse("refuses a command"),
            reply => reply,
        };
        if self.must_look() {
            return match reply {
                Reply::Value(found) => self.looked(found, terms),
                _ => self.done(Answer::Missing),
            };
        }
        match (&self.op, reply) {
            (Op::Get(_) | Op::Head(_) | Op::Touch { .. }, Reply::Value(found)) => {
                self.found(found, terms)
            }
            (Op::Get(_) | Op::Head(_) | Op::Touch { .. }, _) => self.done(Answer::Missing),
            (Op::Delete(_), _) | (_, Reply::Done) => self.done(Answer::Done),
            (Op::Add { .. }, _) => match replies.next() {
                Some(Reply::Value(found)) => self.found(found, terms),
                Some(Reply::Missing) => self.conflict(false),
                _ => self.refuse("refuses a command"),
            },
            (_, Reply::Conflict) => self.conflict(true),
            _ => self.done(Answer::Missing),
        }
    }

    /// What is there, now that it was looked at.
    fn looked(&mut self, found: Found, terms: &Terms) {
        let act = match &self.op {
            Op::Splice { at, value, .. } => {
                let mut bytes = found.bytes.to_vec();
                bytes.resize(bytes.len().max(at + value.len()), 0);
                bytes[*at..at + value.len()].copy_from_slice(value);
                if bytes.len() > terms.value_bytes_max {
                    return self.done(Answer::TooLarge);
                }
                Act::Rewrite(found.cas, bytes.into())
            }
            Op::Swap { seen, .. } | Op::Take { seen, .. } | Op::Renew { seen, .. }
                if !found.begins_with(seen.head()) =>
            {
                return self.found(found, terms);
            }
            Op::Renew { .. } => Act::Rewrite(found.cas, found.bytes),
            _ => Act::Cas(found.cas),
        };
        self.stage = Stage::Act(act);
    }

    fn found(&mut self, found: Found, terms: &Terms) {
        self.done(Answer::Found(Found {
            bytes: found.bytes,
            cas: found.cas ^ terms.salt,
        }));
    }

    /// Somebody else was faster.
    fn conflict(&mut self, look: bool) {
        self.conflicts += 1;
        if self.conflicts > CONFLICTS_MAX {
            return self.refuse("is asked by too many to change one value at once");
        }
        if look {
            self.stage = Stage::Look;
        }
    }

    fn refuse(&mut self, what: &str) {
        self.done(Answer::Refused(Error::store(format!("memcached {what}"))));
    }

    fn done(&mut self, answer: Answer) {
        self.stage = Stage::Done(answer);
    }

    fn name(&self) -> &Name {
        match &self.op {
            Op::Get(name) | Op::Head(name) | Op::Delete(name) => name,
            Op::Touch { name, .. }
            | Op::Set { name, .. }
            | Op::Add { name, .. }
            | Op::Replace { name, .. }
            | Op::Splice { name, .. }
            | Op::Swap { name, .. }
            | Op::Take { name, .. }
            | Op::Renew { name, .. } => name,
        }
    }
}

fn store(mode: Mode, value: &[u8], keep: Duration) -> Command<'_> {
    Command::Store {
        mode,
        value,
        seconds: seconds(keep),
    }
}

/// A time as memcached counts it. Its clock ticks once a second, whatever the fraction at which a
/// value was written: a second more makes a value live for `keep` at least.
fn seconds(keep: Duration) -> u32 {
    let part = u64::from(keep.subsec_nanos() > 0);
    let rounded = keep.as_secs().saturating_add(part + 1);
    rounded.min(MEMCACHED_KEEP_MAX.as_secs()) as u32
}
