//! The typed, self-delimiting encoding shared by keys and tags.
//!
//! A part is one byte that says its type, then its payload: nothing, a fixed number of
//! bytes, or a length and that many bytes. No encoded part is a prefix of another, so a
//! sequence of parts can be read back in exactly one way: different sequences never
//! encode to equal bytes.

use std::fmt::{self, Write};
use std::net::IpAddr;
use std::sync::LazyLock;
use std::time::Duration;

use smallvec::SmallVec;

/// Keys up to this many bytes are built and looked up without heap allocation.
pub(crate) const INLINE_BYTES: usize = 256;

/// Bytes being encoded.
pub(crate) type Bytes = SmallVec<[u8; INLINE_BYTES]>;

const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const INT: u8 = 3;
const WIDE: u8 = 4;
const HUGE: u8 = 5;
const REAL: u8 = 6;
const TEXT: u8 = 7;
const BYTES: u8 = 8;
const CHAR: u8 = 9;
const LIST: u8 = 10;
const SOME: u8 = 11;
const KEY: u8 = 12;
/// Stands for parts that are too long to be repeated; no part of a key begins with it.
const DIGEST: u8 = 13;
const NAMED: u8 = 14;
const DURATION: u8 = 15;
const TIME: u8 = 16;
const IPV4: u8 = 17;
const IPV6: u8 = 18;

/// Seeded once per process, so that nobody outside can choose colliding keys.
static SEED: LazyLock<ahash::RandomState> = LazyLock::new(ahash::RandomState::new);

/// The process-seeded hash of encoded bytes.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    SEED.hash_one(bytes)
}

pub(crate) fn null(out: &mut Bytes) {
    out.push(NULL);
}

pub(crate) fn bool(out: &mut Bytes, value: bool) {
    out.push(if value { TRUE } else { FALSE });
}

/// Every integer has one encoding, the shortest class that holds it.
pub(crate) fn int(out: &mut Bytes, value: i128) {
    match i64::try_from(value) {
        Ok(small) => fixed(out, INT, &small.to_le_bytes()),
        Err(_) => fixed(out, WIDE, &value.to_le_bytes()),
    }
}

pub(crate) fn unsigned(out: &mut Bytes, value: u128) {
    match i128::try_from(value) {
        Ok(signed) => int(out, signed),
        Err(_) => fixed(out, HUGE, &value.to_le_bytes()),
    }
}

pub(crate) fn real(out: &mut Bytes, bits: u64) {
    fixed(out, REAL, &bits.to_le_bytes());
}

pub(crate) fn text(out: &mut Bytes, value: &str) {
    sized(out, TEXT, value.as_bytes());
}

/// One text, given in pieces.
pub(crate) fn joined(out: &mut Bytes, pieces: &[&str]) {
    out.push(TEXT);
    length(out, pieces.iter().map(|piece| piece.len()).sum());
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

pub(crate) fn bytes(out: &mut Bytes, value: &[u8]) {
    sized(out, BYTES, value);
}

pub(crate) fn char(out: &mut Bytes, value: char) {
    fixed(out, CHAR, &u32::from(value).to_le_bytes());
}

/// Announces that the next `count` parts belong together.
pub(crate) fn list(out: &mut Bytes, count: usize) {
    out.push(LIST);
    length(out, count);
}

/// Makes one part of all that was appended since `start`, if it is not one already: a list.
pub(crate) fn close(out: &mut Bytes, start: usize) {
    let count = ends(&out[start..]).count();
    if count == 1 {
        return;
    }
    let mut head = Bytes::new();
    list(&mut head, count);
    out.insert_from_slice(start, &head);
}

/// Announces that the next part is the inside of a `Some`.
pub(crate) fn some(out: &mut Bytes) {
    out.push(SOME);
}

/// Announces that the next `count` pairs of a name and a part belong together.
pub(crate) fn named(out: &mut Bytes, count: usize) {
    out.push(NAMED);
    length(out, count);
}

pub(crate) fn duration(out: &mut Bytes, value: Duration) {
    fixed(out, DURATION, &value.as_nanos().to_le_bytes());
}

/// A point in time, in nanoseconds from 1970 on.
pub(crate) fn time(out: &mut Bytes, nanos: i128) {
    fixed(out, TIME, &nanos.to_le_bytes());
}

pub(crate) fn address(out: &mut Bytes, value: IpAddr) {
    match value {
        IpAddr::V4(value) => fixed(out, IPV4, &value.octets()),
        IpAddr::V6(value) => fixed(out, IPV6, &value.octets()),
    }
}

/// A whole key as one part.
pub(crate) fn key(out: &mut Bytes, encoded: &[u8]) {
    sized(out, KEY, encoded);
}

/// Parts that are too long to be repeated, told apart by a digest.
pub(crate) fn digest(out: &mut Bytes, parts: &[u8]) {
    fixed(out, DIGEST, blake3::hash(parts).as_bytes());
}

fn fixed(out: &mut Bytes, kind: u8, payload: &[u8]) {
    out.push(kind);
    out.extend_from_slice(payload);
}

fn sized(out: &mut Bytes, kind: u8, payload: &[u8]) {
    out.push(kind);
    length(out, payload.len());
    out.extend_from_slice(payload);
}

fn length(out: &mut Bytes, mut value: usize) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// One decoded part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Part<'a> {
    Null,
    Bool(bool),
    Int(i128),
    Huge(u128),
    Real(f64),
    Text(&'a str),
    Bytes(&'a [u8]),
    Char(char),
    List(usize),
    Some,
    Key(&'a [u8]),
    Digest([u8; 32]),
    Named(usize),
    Duration(u128),
    Time(i128),
    Address(IpAddr),
}

/// Reads parts back, for people. Ends at the first byte that is not a part; never panics.
#[derive(Clone)]
pub(crate) struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    pub(crate) fn new(rest: &'a [u8]) -> Self {
        Parts { rest }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.rest.split_at_checked(count)?;
        self.rest = tail;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn length(&mut self) -> Option<usize> {
        let mut value = 0usize;
        for shift in (0..usize::BITS).step_by(7) {
            let byte = self.take(1)?[0];
            value |= usize::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let count = self.length()?;
        self.take(count)
    }

    fn read(&mut self) -> Option<Part<'a>> {
        Some(match self.take(1)?[0] {
            NULL => Part::Null,
            FALSE => Part::Bool(false),
            TRUE => Part::Bool(true),
            INT => Part::Int(i64::from_le_bytes(self.array()?).into()),
            WIDE => Part::Int(i128::from_le_bytes(self.array()?)),
            HUGE => Part::Huge(u128::from_le_bytes(self.array()?)),
            REAL => Part::Real(f64::from_le_bytes(self.array()?)),
            TEXT => Part::Text(std::str::from_utf8(self.sized()?).ok()?),
            BYTES => Part::Bytes(self.sized()?),
            CHAR => Part::Char(char::from_u32(u32::from_le_bytes(self.array()?))?),
            LIST => Part::List(self.length()?),
            SOME => Part::Some,
            KEY => Part::Key(self.sized()?),
            DIGEST => Part::Digest(self.array()?),
            NAMED => Part::Named(self.length()?),
            DURATION => Part::Duration(u128::from_le_bytes(self.array()?)),
            TIME => Part::Time(i128::from_le_bytes(self.array()?)),
            IPV4 => Part::Address(IpAddr::from(self.array::<4>()?)),
            IPV6 => Part::Address(IpAddr::from(self.array::<16>()?)),
            _ => return None,
        })
    }
}

/// Where each whole part ends, with what belongs to it: after `("a", ("b", 2))` there are two
/// ends. Ends at the first byte that is not a part; neither recurses nor allocates.
pub(crate) fn ends(encoded: &[u8]) -> impl Iterator<Item = usize> + '_ {
    let mut parts = Parts::new(encoded);
    std::iter::from_fn(move || {
        let mut open = 1_usize;
        while open > 0 {
            open = match parts.next()? {
                Part::List(count) => (open - 1).checked_add(count)?,
                Part::Named(count) => (open - 1).checked_add(count.checked_mul(2)?)?,
                Part::Some => open,
                _ => open - 1,
            };
        }
        Some(encoded.len() - parts.rest().len())
    })
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        let part = self.read();
        if part.is_none() {
            self.rest = &[];
        }
        part
    }
}

/// Writes the next part, with what belongs to it, the way SQL would write the value.
pub(crate) fn write_part(f: &mut dyn Write, parts: &mut Parts<'_>, depth: usize) -> fmt::Result {
    /// Deeper nesting is shown as an ellipsis, so that no input can exhaust the stack.
    const DEPTH_MAX: usize = 16;
    let Some(part) = parts.next() else {
        return Ok(());
    };
    if depth > DEPTH_MAX {
        return f.write_char('…');
    }
    match part {
        Part::Null => f.write_str("NULL"),
        Part::Bool(value) => write!(f, "{value}"),
        Part::Int(value) => write!(f, "{value}"),
        Part::Huge(value) => write!(f, "{value}"),
        Part::Real(value) => write!(f, "{value:?}"),
        Part::Text(value) => {
            // Piece by piece: whoever shows only the beginning of a long text makes no copy of it.
            f.write_char('\'')?;
            for (index, piece) in value.split('\'').enumerate() {
                if index > 0 {
                    f.write_str("''")?;
                }
                f.write_str(piece)?;
            }
            f.write_char('\'')
        }
        Part::Bytes(value) => {
            f.write_str("x'")?;
            for byte in value {
                write!(f, "{byte:02x}")?;
            }
            f.write_char('\'')
        }
        Part::Char(value) => write!(f, "char {value:?}"),
        Part::Some => {
            f.write_str("some ")?;
            write_part(f, parts, depth + 1)
        }
        Part::List(count) => {
            f.write_char('(')?;
            for index in 0..count {
                if parts.rest().is_empty() {
                    break;
                }
                if index > 0 {
                    f.write_str(", ")?;
                }
                write_part(f, parts, depth + 1)?;
            }
            f.write_char(')')
        }
        Part::Key(inner) => {
            f.write_str("key ")?;
            write_parts(f, inner, depth + 1)
        }
        Part::Named(count) => {
            f.write_char('(')?;
            for index in 0..count {
                let Some(Part::Text(name)) = parts.next() else {
                    break;
                };
                let separator = if index == 0 { "" } else { ", " };
                write!(f, "{separator}{name}=")?;
                write_part(f, parts, depth + 1)?;
            }
            f.write_char(')')
        }
        Part::Duration(nanos) => write!(f, "duration {nanos}ns"),
        Part::Time(nanos) => write!(f, "time {nanos}ns"),
        Part::Address(address) => write!(f, "address {address}"),
        Part::Digest(digest) => {
            f.write_str("…")?;
            digest[..4]
                .iter()
                .try_for_each(|byte| write!(f, "{byte:02x}"))
        }
    }
}

/// Writes all parts in brackets.
pub(crate) fn write_parts(f: &mut dyn Write, encoded: &[u8], depth: usize) -> fmt::Result {
    let mut parts = Parts::new(encoded);
    f.write_char('(')?;
    let mut first = true;
    while !parts.rest().is_empty() {
        if !first {
            f.write_str(", ")?;
        }
        first = false;
        write_part(f, &mut parts, depth)?;
    }
    f.write_char(')')
}
