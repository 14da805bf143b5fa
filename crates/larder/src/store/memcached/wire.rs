//! The meta protocol's commands as bytes, and replies out of bytes. Pure: no socket.
//!
//! ```text
//! mg <key> v c [T<s>] k O<n>            VA <length> c<cas> k<key> O<n> … | EN k<key> O<n>
//! mg <key> c k O<n>                     HD c<cas> k<key> O<n> | EN k<key> O<n>
//! ms <key> <length> T<s> … k O<n>       HD | NS | EX | NF, each with k<key> O<n>
//! md <key> [C<cas>] k O<n>              HD | EX | NF, each with k<key> O<n>
//! ```
//!
//! Nothing is sent quietly: every command has one reply, in the commands' order. A reply tells the
//! command's number (`O`) and its whole key (`k`), and both are compared. Only `SERVER_ERROR` tells
//! neither, so that it is believed by its place.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::remote::link::{Bytes, Found};
use super::super::remote::name::Name;

/// So many bytes the line of a reply has at most: a code, a length, a cas, a number and a name.
pub(super) const LINE_BYTES_MAX: usize = 1024;

/// One command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command<'a> {
    /// Reads; with seconds, it also sets how long the value lives.
    Get { touch: Option<u32> },
    /// Reads the number of the value's state only.
    Peek,
    /// Writes.
    Store {
        mode: Mode,
        value: &'a [u8],
        seconds: u32,
    },
    /// Deletes; with a cas, only that state of the value.
    Delete { cas: Option<u64> },
}

/// When a value is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    Always,
    IfMissing,
    IfPresent,
    /// If the state has this number.
    IfCas(u64),
}

/// What a command is answered.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    /// `HD`: it is done.
    Done,
    /// `VA`: the value, with the server's own number for its state.
    Value(Found),
    /// `EN` or `NF`: nothing is there.
    Missing,
    /// `NS`: something is there, or nothing is, and it should be the other way round.
    Unmet,
    /// `EX`: another state of the value is there.
    Conflict,
    /// The value passes the server's limit.
    TooLarge,
    /// No room is left.
    Full,
    /// The server refuses for a reason of its own.
    Refused,
}

/// What the reply to a command must tell.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    number: u64,
    name: Name,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Get,
    Peek,
    Store,
    Delete,
}

/// Commands as bytes, with what their replies must tell.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) expected: Vec<Expected>,
}

impl Batch {
    /// Adds a command; `numbers` gives its number.
    pub(super) fn push(&mut self, numbers: &AtomicU64, name: &Name, command: Command<'_>) {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let out = &mut self.bytes;
        let kind = match command {
            Command::Get { touch } => {
                word(out, b"mg ", name);
                out.extend_from_slice(b" v c");
                if let Some(seconds) = touch {
                    flag(out, b'T', seconds.into());
                }
                Kind::Get
            }
            Command::Peek => {
                word(out, b"mg ", name);
                out.extend_from_slice(b" c");
                Kind::Peek
            }
            Command::Store {
                mode,
                value,
                seconds,
            } => {
                word(out, b"ms ", name);
                out.push(b' ');
                digits(out, value.len() as u64);
                flag(out, b'T', seconds.into());
                match mode {
                    Mode::Always => out.extend_from_slice(b" MS"),
                    Mode::IfMissing => out.extend_from_slice(b" ME"),
                    Mode::IfPresent => out.extend_from_slice(b" MR"),
                    Mode::IfCas(cas) => flag(out, b'C', cas),
                }
                Kind::Store
            }
            Command::Delete { cas } => {
                word(out, b"md ", name);
                if let Some(cas) = cas {
                    flag(out, b'C', cas);
                }
                Kind::Delete
            }
        };
        out.extend_from_slice(b" k");
        flag(out, b'O', number);
        out.extend_from_slice(b"\r\n");
        if let Command::Store { value, .. } = command {
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        self.expected.push(Expected {
            number,
            name: name.clone(),
            kind,
        });
    }
}

fn word(out: &mut Vec<u8>, command: &[u8], name: &Name) {
    out.extend_from_slice(command);
    out.extend_from_slice(name.as_str().as_bytes());
}

fn flag(out: &mut Vec<u8>, flag: u8, number: u64) {
    out.extend_from_slice(&[b' ', flag]);
    digits(out, number);
}

fn digits(out: &mut Vec<u8>, mut number: u64) {
    let mut text = [0; 20];
    let mut at = text.len();
    loop {
        at -= 1;
        text[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&text[at..]);
}

/// How far a reply has arrived.
#[derive(Debug)]
pub(super) enum Arrival {
    /// So many bytes more are known to come.
    Partly { more: usize },
    /// All of it: so many bytes.
    Wholly { reply: Reply, bytes: usize },
}

/// Why bytes are no reply to the command that they should answer. The connection is of no use any
/// more: nobody can say whose the next reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Astray {
    /// It is the reply to another command.
    Crossed,
    /// It is no reply at all.
    Garbled,
    /// The server did not understand the command.
    NotUnderstood,
}

impl Expected {
    /// Reads the reply that `bytes` begin with. A value of more than `value_bytes_max` bytes is
    /// none of ours. Where nobody waits for it (`wanted` is false), the value is left out.
    pub(super) fn read(
        &self,
        bytes: &[u8],
        value_bytes_max: usize,
        wanted: bool,
    ) -> Result<Arrival, Astray> {
        let window = &bytes[..bytes.len().min(LINE_BYTES_MAX)];
        let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
            return match bytes.len() < LINE_BYTES_MAX {
                true => Ok(Arrival::Partly { more: 1 }),
                false => Err(Astray::Garbled),
            };
        };
        let line = window[..end].strip_suffix(b"\r").ok_or(Astray::Garbled)?;
        let line_bytes = end + 1;
        let mut words = line.split(|byte| *byte == b' ').filter(|w| !w.is_empty());
        let code = words.next().ok_or(Astray::Garbled)?;
        let reply = match (code, self.kind) {
            (b"VA", Kind::Get) => {
                let length = words.next().and_then(number).ok_or(Astray::Garbled)?;
                let cas = self.check(words)?.ok_or(Astray::Garbled)?;
                let length = usize::try_from(length).map_err(|_| Astray::Garbled)?;
                if length > value_bytes_max {
                    return Err(Astray::Garbled);
                }
                let whole = line_bytes + length + 2;
                if bytes.len() < whole {
                    let more = whole - bytes.len();
                    return Ok(Arrival::Partly { more });
                }
                let value = &bytes[line_bytes..line_bytes + length];
                if &bytes[whole - 2..whole] != b"\r\n" {
                    return Err(Astray::Garbled);
                }
                let value = if wanted { value } else { &[] };
                let reply = Reply::Value(Found {
                    bytes: Bytes::copy_from_slice(value),
                    cas,
                });
                return Ok(Arrival::Wholly {
                    reply,
                    bytes: whole,
                });
            }
            (b"HD", Kind::Peek) => {
                let cas = self.check(words)?.ok_or(Astray::Garbled)?;
                Reply::Value(Found {
                    cas,
                    ..Found::default()
                })
            }
            (b"EN", Kind::Get | Kind::Peek) => self.told(words, Reply::Missing)?,
            (b"HD", Kind::Store | Kind::Delete) => self.told(words, Reply::Done)?,
            (b"NF", Kind::Store | Kind::Delete) => self.told(words, Reply::Missing)?,
            (b"EX", Kind::Store | Kind::Delete) => self.told(words, Reply::Conflict)?,
            (b"NS", Kind::Store) => self.told(words, Reply::Unmet)?,
            (b"SERVER_ERROR", _) => refusal(line),
            (b"ERROR" | b"CLIENT_ERROR", _) => return Err(Astray::NotUnderstood),
            (b"VA" | b"EN" | b"HD" | b"NF" | b"EX" | b"NS", _) => return Err(Astray::Crossed),
            _ => return Err(Astray::Garbled),
        };
        Ok(Arrival::Wholly {
            reply,
            bytes: line_bytes,
        })
    }

    fn told<'a>(
        &self,
        words: impl Iterator<Item = &'a [u8]>,
        reply: Reply,
    ) -> Result<Reply, Astray> {
        self.check(words).map(|_| reply)
    }

    /// Compares number and key, and gives the cas if one is told.
    fn check<'a>(&self, words: impl Iterator<Item = &'a [u8]>) -> Result<Option<u64>, Astray> {
        let (mut same_number, mut same_key, mut cas) = (false, false, None);
        for word in words {
            let (flag, token) = word.split_first().ok_or(Astray::Garbled)?;
            match flag {
                b'O' if number(token) != Some(self.number) => return Err(Astray::Crossed),
                b'k' if token != self.name.as_str().as_bytes() => return Err(Astray::Crossed),
                b'O' => same_number = true,
                b'k' => same_key = true,
                b'c' => cas = Some(number(token).ok_or(Astray::Garbled)?),
                _ => {}
            }
        }
        match same_number && same_key {
            true => Ok(cas),
            false => Err(Astray::Crossed),
        }
    }
}

fn refusal(line: &[u8]) -> Reply {
    let says = |text: &[u8]| line.windows(text.len()).any(|window| window == text);
    if says(b"too large") {
        Reply::TooLarge
    } else if says(b"out of memory") {
        Reply::Full
    } else {
        Reply::Refused
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
