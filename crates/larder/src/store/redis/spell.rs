//! How operations are spelled as commands, and what the replies mean.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::refusal::Refusal;
use super::script::{Change, Text, script};
use super::slot::slot;
use crate::error::Error;
use crate::store::remote::link::{Answer, Fault, Found, HEAD_BYTES, Op};
use crate::store::remote::name::Name;

/// No value is kept longer than this: a hundred years.
const KEEP_MAX: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// What the server at the other end can do, and what it is allowed to be sent.
#[derive(Clone, Debug)]
pub(super) struct Ability {
    /// Where it is, for people.
    pub(super) address: String,
    /// Whether it is one of a cluster: one command is about one slot.
    pub(super) member: bool,
    /// Whether `SET … NX GET` tells what is there.
    pub(super) add_tells: bool,
    /// Larger values are not sent.
    pub(super) value_bytes_max: usize,
}

/// What the reply to an operation is like.
enum Expect {
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

/// Commands, with what is expected of them.
pub(super) struct Batch {
    pub(super) commands: Vec<Cmd>,
    expects: Vec<Expect>,
}

/// What came of a batch.
pub(super) struct Outcome {
    pub(super) answers: Vec<Answer>,
    /// Operations that were not done because the server did not know the script, with the place of
    /// their answers.
    pub(super) unknown: Vec<(usize, Op)>,
}

/// An operation that depends on what is there.
pub(super) struct Condition<'a> {
    pub(super) change: Change,
    pub(super) name: &'a Name,
    pub(super) head: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) keep: Duration,
}

impl<'a> Condition<'a> {
    /// Reads an operation, if it is one of these.
    pub(super) fn of(op: &'a Op) -> Option<Condition<'a>> {
        let (change, name, seen, value, keep) = match op {
            Op::Swap {
                name,
                seen,
                value,
                keep,
            } => (Change::Swap, name, seen, &value[..], *keep),
            Op::Take { name, seen } => (Change::Take, name, seen, &[][..], Duration::ZERO),
            Op::Renew { name, seen, keep } => (Change::Renew, name, seen, &[][..], *keep),
            _ => return None,
        };
        Some(Condition {
            change,
            name,
            head: seen.head(),
            value,
            keep,
        })
    }
}

impl Batch {
    /// Spells operations. Scripts go by their digests, except where another operation follows
    /// that would be done too early if the server did not know the script.
    pub(super) fn spell(ops: Vec<Op>, ability: &Ability) -> Batch {
        let last_other = ops.iter().rposition(|op| Condition::of(op).is_none());
        let mut batch = Batch {
            commands: Vec::with_capacity(ops.len()),
            expects: Vec::with_capacity(ops.len()),
        };
        let mut gets: Vec<Name> = Vec::new();
        for (place, op) in ops.into_iter().enumerate() {
            if let Op::Get(name) = op {
                let apart = |first: &Name| ability.member && slot(first) != slot(&name);
                if gets.first().is_some_and(apart) {
                    batch.flush(&mut gets);
                }
                gets.push(name);
                continue;
            }
            batch.flush(&mut gets);
            batch.push(op, last_other.is_none_or(|last| last < place), ability);
        }
        batch.flush(&mut gets);
        batch
    }

    /// Spells conditional operations with the text of their scripts.
    pub(super) fn spell_out(ops: &[(usize, Op)]) -> Batch {
        let conditions = ops.iter().filter_map(|(_, op)| Condition::of(op));
        Batch {
            commands: conditions.map(|asked| by_text(&asked)).collect(),
            expects: ops.iter().map(|_| Expect::Changed(None)).collect(),
        }
    }

    fn flush(&mut self, gets: &mut Vec<Name>) {
        let bytes = |names: &[Name]| names.iter().map(|name| name.as_str().len()).sum::<usize>();
        match &gets[..] {
            [] => return,
            [name] => {
                let mut command = command("GET", 1, bytes(gets));
                command.arg(name.as_str());
                self.add(command, Expect::Value);
            }
            names => {
                let mut command = command("MGET", names.len(), bytes(names));
                for name in names {
                    command.arg(name.as_str());
                }
                self.add(command, Expect::Many(names.len()));
            }
        }
        gets.clear();
    }

    fn add(&mut self, command: Cmd, expect: Expect) {
        self.commands.push(command);
        self.expects.push(expect);
    }

    fn push(&mut self, op: Op, last: bool, ability: &Ability) {
        if value_of(&op).is_some_and(|value| value.len() > ability.value_bytes_max) {
            self.expects.push(Expect::TooLarge);
            return;
        }
        if let Some(asked) = Condition::of(&op) {
            let (command, op) = match last {
                true => (by_digest(&asked), Some(op)),
                false => (by_text(&asked), None),
            };
            return self.add(command, Expect::Changed(op));
        }
        match &op {
            Op::Touch { name, keep } => {
                let mut command = command("GETEX", 3, name.as_str().len() + 16);
                command.arg(name.as_str()).arg("PX").arg(millis(*keep));
                self.add(command, Expect::Value);
            }
            Op::Head(name) => {
                let mut command = about("GETRANGE", name);
                command.arg(0).arg(HEAD_BYTES - 1);
                self.add(command, Expect::Head);
            }
            Op::Set { name, value, keep } => self.add(set(name, value, *keep), Expect::Written),
            Op::Replace { name, value, keep } => {
                let mut command = set(name, value, *keep);
                command.arg("XX");
                self.add(command, Expect::Replaced);
            }
            Op::Add { name, value, keep } => {
                let mut command = set(name, value, *keep);
                command.arg("NX");
                if ability.add_tells {
                    command.arg("GET");
                    return self.add(command, Expect::Added);
                }
                self.add(command, Expect::AddedAndRead);
                self.commands.push(about("GET", name));
            }
            Op::Splice {
                name,
                at,
                value,
                keep,
            } => {
                let mut command = command("SETRANGE", 3, name.as_str().len() + value.len() + 8);
                command.arg(name.as_str()).arg(*at).arg(&value[..]);
                self.add(command, Expect::Spliced);
                let mut command = about("PEXPIRE", name);
                command.arg(millis(*keep));
                self.commands.push(command);
            }
            Op::Delete(name) => self.add(about("DEL", name), Expect::Written),
            Op::Get(_) | Op::Swap { .. } | Op::Take { .. } | Op::Renew { .. } => {
                unreachable!("spelled above")
            }
        }
    }

    /// Reads the replies, one for each command.
    ///
    /// # Errors
    ///
    /// The server is not the one for this, or the replies are not what was asked for.
    pub(super) fn read(self, replies: Vec<Value>, ability: &Ability) -> Result<Outcome, Fault> {
        let strange = || {
            Fault::Broken(Error::store(format!(
                "{} gave a reply that does not fit what it was asked",
                ability.address
            )))
        };
        let mut replies = replies.into_iter();
        let mut outcome = Outcome {
            answers: Vec::with_capacity(self.expects.len()),
            unknown: Vec::new(),
        };
        for expect in self.expects {
            if let Expect::TooLarge = expect {
                outcome.answers.push(Answer::TooLarge);
                continue;
            }
            let mut next = || replies.next().ok_or_else(strange);
            let reply = match next()? {
                Value::ServerError(error) => {
                    let refusal = Refusal::read(&ability.address, &error, ability.member);
                    if matches!(expect, Expect::AddedAndRead | Expect::Spliced) {
                        next()?;
                    }
                    let answer = match (refusal, expect) {
                        (Refusal::Batch(fault), _) => return Err(fault),
                        (Refusal::Operation(refused), Expect::Many(count)) => {
                            let all = std::iter::repeat_n(Answer::Refused(refused), count);
                            outcome.answers.extend(all);
                            continue;
                        }
                        (Refusal::Operation(refused), _) => Answer::Refused(refused),
                        (Refusal::Foreign, Expect::Added) => {
                            Answer::Refused(Error::store(format!(
                                "{} keeps a value of another kind where a tag or a lease belongs: \
                             delete it, or use another namespace",
                                ability.address
                            )))
                        }
                        (Refusal::Foreign, _) => Answer::Missing,
                        (Refusal::UnknownScript, Expect::Changed(Some(op))) => {
                            outcome.unknown.push((outcome.answers.len(), op));
                            Answer::Missing
                        }
                        (Refusal::UnknownScript, _) => return Err(strange()),
                    };
                    outcome.answers.push(answer);
                    continue;
                }
                reply => reply,
            };
            let answer = match (expect, reply) {
                (Expect::Many(count), Value::Array(values)) if values.len() == count => {
                    for value in values {
                        outcome.answers.push(found(value).ok_or_else(strange)?);
                    }
                    continue;
                }
                (Expect::Value, reply) => found(reply).ok_or_else(strange)?,
                (Expect::Head, Value::BulkString(head)) if head.is_empty() => Answer::Missing,
                (Expect::Head, reply) => found(reply).ok_or_else(strange)?,
                (Expect::Written, _) => Answer::Done,
                (Expect::Added, Value::Nil) => Answer::Done,
                (Expect::Added, reply) => found(reply).ok_or_else(strange)?,
                (Expect::AddedAndRead, written) => match (written, next()?) {
                    (Value::Okay, _) => Answer::Done,
                    (_, Value::ServerError(error)) => {
                        let refusal = Refusal::read(&ability.address, &error, ability.member);
                        refused_write(refusal, ability)?.ok_or_else(strange)?
                    }
                    (_, there) => found(there).ok_or_else(strange)?,
                },
                (Expect::Replaced, Value::Okay) => Answer::Done,
                (Expect::Replaced, Value::Nil) => Answer::Missing,
                (Expect::Spliced, _) => match next()? {
                    Value::Int(0) => Answer::Missing,
                    Value::ServerError(error) => {
                        let refusal = Refusal::read(&ability.address, &error, ability.member);
                        refused_write(refusal, ability)?.ok_or_else(strange)?
                    }
                    _ => Answer::Done,
                },
                (Expect::Changed(_), Value::Int(1)) => Answer::Done,
                (Expect::Changed(_), reply) => found(reply).ok_or_else(strange)?,
                _ => return Err(strange()),
            };
            outcome.answers.push(answer);
        }
        Ok(outcome)
    }
}

/// The answer to a write that a server refuses; nothing for a refusal that no write meets.
fn refused_write(refusal: Refusal, ability: &Ability) -> Result<Option<Answer>, Fault> {
    match refusal {
        Refusal::Batch(fault) => Err(fault),
        Refusal::Operation(refused) => Ok(Some(Answer::Refused(refused))),
        Refusal::Foreign => Ok(Some(Answer::Refused(Error::store(format!(
            "{} keeps a value of another kind where a tag or a lease belongs: delete it, or use \
             another namespace",
            ability.address
        ))))),
        Refusal::UnknownScript => Ok(None),
    }
}

/// A stored value, or none; nothing for a reply that is neither.
pub(super) fn found(value: Value) -> Option<Answer> {
    match value {
        Value::Nil => Some(Answer::Missing),
        Value::BulkString(bytes) => Some(Answer::Found(Found {
            bytes: Arc::from(bytes),
            cas: 0,
        })),
        _ => None,
    }
}

/// A time to live as the server counts it: at least one millisecond, else it would be refused.
pub(super) fn millis(keep: Duration) -> u64 {
    keep.min(KEEP_MAX).as_millis().max(1) as u64
}

/// `SET name value PX keep`.
pub(super) fn set(name: &Name, value: &[u8], keep: Duration) -> Cmd {
    let mut command = command("SET", 6, name.as_str().len() + value.len() + 24);
    command
        .arg(name.as_str())
        .arg(value)
        .arg("PX")
        .arg(millis(keep));
    command
}

/// A command about one name.
pub(super) fn about(word: &str, name: &Name) -> Cmd {
    let mut command = command(word, 2, name.as_str().len() + 16);
    command.arg(name.as_str());
    command
}

fn command(word: &str, arguments: usize, bytes: usize) -> Cmd {
    let mut command = Cmd::with_capacity(arguments + 1, word.len() + bytes);
    command.arg(word);
    command
}

fn by_digest(asked: &Condition<'_>) -> Cmd {
    let Text { digest, .. } = script(asked.change);
    conditional("EVALSHA", digest, asked)
}

fn by_text(asked: &Condition<'_>) -> Cmd {
    let Text { text, .. } = script(asked.change);
    conditional("EVAL", text, asked)
}

fn conditional(word: &str, script: &str, asked: &Condition<'_>) -> Cmd {
    let bytes = script.len() + asked.name.as_str().len() + asked.head.len() + asked.value.len();
    let mut command = command(word, 6, bytes + 16);
    command
        .arg(script)
        .arg(1)
        .arg(asked.name.as_str())
        .arg(asked.head);
    if asked.change != Change::Take {
        command.arg(millis(asked.keep));
    }
    if asked.change == Change::Swap {
        command.arg(asked.value);
    }
    command
}

fn value_of(op: &Op) -> Option<&[u8]> {
    match op {
        Op::Set { value, .. }
        | Op::Add { value, .. }
        | Op::Replace { value, .. }
        | Op::Swap { value, .. } => Some(value),
        _ => None,
    }
}
