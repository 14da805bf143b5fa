//! What replies mean.

use std::vec;

use redis::Value;

use super::refusal::Refusal;
use super::spell::Ability;
use crate::error::Error;
use crate::store::remote::link::{Answer, Fault, Found, Op};

/// What the reply to an operation is like.
pub(super) enum Expect {
    /// None: it was not sent.
    TooLarge,
    /// One array, with an answer for each of so many operations.
    Many(usize),
    /// A value or nothing.
    Value,
    /// The beginning of a value, which is empty if there is none.
    Head,
    /// Whatever it is, the operation is done.
    Written,
    /// What was there before; nothing if it was written.
    Added,
    /// Whether it was written, and what is there.
    AddedAndRead,
    /// Whether something was there.
    Replaced,
    /// A length, and whether something was there.
    Spliced,
    /// What a script says. The operation, if the server may not know the script.
    Changed(Option<Op>),
}

/// What came of a batch.
pub(super) struct Outcome {
    pub(super) answers: Vec<Answer>,
    /// Operations that were not done because the server did not know the script, with the place of
    /// their answers.
    pub(super) unknown: Vec<(usize, Op)>,
}

/// Reads the replies to operations of which these were expected.
///
/// # Errors
///
/// The server is not the one for this, or the replies are not what was asked for.
pub(super) fn read(
    expects: Vec<Expect>,
    replies: Vec<Value>,
    ability: &Ability,
) -> Result<Outcome, Fault> {
    let mut replies = Replies {
        rest: replies.into_iter(),
        ability,
    };
    let mut outcome = Outcome {
        answers: Vec::with_capacity(expects.len()),
        unknown: Vec::new(),
    };
    for expect in expects {
        let answer = match expect {
            Expect::TooLarge => Answer::TooLarge,
            Expect::Many(count) => {
                replies.many(count, &mut outcome.answers)?;
                continue;
            }
            Expect::Value => match replies.next()? {
                Ok(reply) => replies.found(reply)?,
                Err(refusal) => replies.no_read(refusal)?,
            },
            Expect::Head => match replies.next()? {
                Ok(Value::BulkString(head)) if head.is_empty() => Answer::Missing,
                Ok(reply) => replies.found(reply)?,
                Err(refusal) => replies.no_read(refusal)?,
            },
            Expect::Written => match replies.next()? {
                Ok(_) => Answer::Done,
                Err(refusal) => replies.no_write(refusal)?,
            },
            Expect::Added => match replies.next()? {
                Ok(Value::Nil) => Answer::Done,
                Ok(reply) => replies.found(reply)?,
                Err(refusal) => replies.no_write(refusal)?,
            },
            Expect::AddedAndRead => match (replies.next()?, replies.next()?) {
                (Ok(Value::Okay), _) => Answer::Done,
                (Ok(_), Ok(there)) => replies.found(there)?,
                (Err(refusal), _) | (_, Err(refusal)) => replies.no_write(refusal)?,
            },
            Expect::Replaced => match replies.next()? {
                Ok(Value::Okay) => Answer::Done,
                Ok(Value::Nil) => Answer::Missing,
                Ok(_) => return Err(replies.strange()),
                Err(refusal) => replies.no_write(refusal)?,
            },
            Expect::Spliced => match (replies.next()?, replies.next()?) {
                (Ok(_), Ok(Value::Int(0))) => Answer::Missing,
                (Ok(_), Ok(_)) => Answer::Done,
                // A value of another kind is no tag, and needs no new version.
                (Err(Refusal::Foreign), _) => Answer::Missing,
                (Err(refusal), _) | (_, Err(refusal)) => replies.no_write(refusal)?,
            },
            Expect::Changed(op) => match (replies.next()?, op) {
                (Ok(Value::Int(1)), _) => Answer::Done,
                (Ok(reply), _) => replies.found(reply)?,
                (Err(Refusal::UnknownScript), Some(op)) => {
                    outcome.unknown.push((outcome.answers.len(), op));
                    Answer::Missing
                }
                (Err(refusal), _) => replies.no_read(refusal)?,
            },
        };
        outcome.answers.push(answer);
    }
    Ok(outcome)
}

/// Replies that are yet to be read.
struct Replies<'a> {
    rest: vec::IntoIter<Value>,
    ability: &'a Ability,
}

impl Replies<'_> {
    /// The next one, or why it was refused.
    fn next(&mut self) -> Result<Result<Value, Refusal>, Fault> {
        let ability = self.ability;
        match self.rest.next() {
            None => Err(self.strange()),
            Some(Value::ServerError(error)) => {
                match Refusal::read(&ability.address, &error, ability.member) {
                    Refusal::Batch(fault) => Err(fault),
                    refusal => Ok(Err(refusal)),
                }
            }
            Some(reply) => Ok(Ok(reply)),
        }
    }

    fn many(&mut self, count: usize, answers: &mut Vec<Answer>) -> Result<(), Fault> {
        match self.next()? {
            Ok(Value::Array(values)) if values.len() == count => {
                answers.reserve(count);
                for value in values {
                    answers.push(self.found(value)?);
                }
            }
            Ok(_) => return Err(self.strange()),
            Err(refusal) => {
                let answer = self.no_read(refusal)?;
                answers.extend(std::iter::repeat_n(answer, count));
            }
        }
        Ok(())
    }

    fn found(&self, reply: Value) -> Result<Answer, Fault> {
        found(reply).ok_or_else(|| self.strange())
    }

    /// The answer to a refused look. What is of another kind is none of ours.
    fn no_read(&self, refusal: Refusal) -> Result<Answer, Fault> {
        match refusal {
            Refusal::Foreign => Ok(Answer::Missing),
            refusal => self.no_write(refusal),
        }
    }

    /// The answer to a refused write.
    fn no_write(&self, refusal: Refusal) -> Result<Answer, Fault> {
        match refusal {
            Refusal::Batch(fault) => Err(fault),
            Refusal::Operation(refused) => Ok(Answer::Refused(refused)),
            Refusal::Foreign => Ok(Answer::Refused(Error::store(format!(
                "{} keeps a value of another kind where a tag or a lease belongs: delete it, or \
                 use another namespace",
                self.ability.address
            )))),
            Refusal::UnknownScript => Err(self.strange()),
        }
    }

    fn strange(&self) -> Fault {
        Fault::Broken(Error::store(format!(
            "{} gave a reply that does not fit what it was asked",
            self.ability.address
        )))
    }
}

/// A stored value, or none; nothing for a reply that is neither.
pub(super) fn found(value: Value) -> Option<Answer> {
    match value {
        Value::Nil => Some(Answer::Missing),
        Value::BulkString(bytes) => Some(Answer::Found(Found {
            bytes: bytes.into(),
            cas: 0,
        })),
        _ => None,
    }
}
