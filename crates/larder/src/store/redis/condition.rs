//! Operations that depend on what is there, and how scripts do them.

use std::time::Duration;

use redis::Cmd;

use super::script::{Change, Text, script};
use super::spell::{command, millis};
use crate::store::remote::link::Op;
use crate::store::remote::name::Name;

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

/// The script for it, by its digest.
pub(super) fn by_digest(asked: &Condition<'_>) -> Cmd {
    let Text { digest, .. } = script(asked.change);
    conditional("EVALSHA", digest, asked)
}

/// The script for it, in full.
pub(super) fn by_text(asked: &Condition<'_>) -> Cmd {
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
