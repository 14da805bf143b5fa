//! How operations are spelled as commands.

use std::time::Duration;

use redis::{Cmd, Value};

use super::condition::{Condition, by_digest, by_text};
use super::reply::{Expect, Outcome, read};
use super::slot::slot;
use crate::store::remote::link::{Fault, HEAD_BYTES, Op};
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

/// Commands, with what is expected of them.
pub(super) struct Batch {
    pub(super) commands: Vec<Cmd>,
    expects: Vec<Expect>,
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
        let mut gets: Vec<Name> = Vec::with_capacity(ops.len());
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
        read(self.expects, replies, ability)
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

/// A command with room for so many arguments and bytes.
pub(super) fn command(word: &str, arguments: usize, bytes: usize) -> Cmd {
    let mut command = Cmd::with_capacity(arguments + 1, word.len() + bytes);
    command.arg(word);
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
