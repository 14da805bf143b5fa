//! Cells: a tag's version as it is stored, with the marks on it and the shapes of its table.
//!
//! ```text
//! kind 1 · incarnation 16 · version 16 · revision 8 · [marks · list]
//! ```
//!
//! The first 41 bytes are the head. Whoever writes a cell changes its head: a bump changes version
//! and revision, every other change the revision. So two changes that both began from the same
//! state cannot both succeed by comparing heads. A bump leaves the incarnation: a cell of another
//! life of the server stays one, because its marks may have been lost between the two.

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::link::{HEAD_BYTES, Incarnation};
use crate::error::{Error, Result};
use crate::shape::{Columns, Name as Column, Shape};
use crate::version::Version;

/// Where version and revision begin: behind the kind and the incarnation.
pub(crate) const SPLICE_AT: usize = 17;

/// So many writers may have marked a tag at once. One more is refused.
pub(crate) const MARKS_MAX: usize = 1024;

/// What a cell is good for. A zero byte is a void: a bump of a tag that was not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Entries may depend on it.
    Live = 1,
    /// Only there for its marks, or a guard that is not confirmed: nothing may depend on it.
    Held = 2,
}

/// A mark's identity.
pub(crate) type MarkId = [u8; 16];

/// A tag as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell {
    pub(crate) kind: Kind,
    pub(crate) version: Version,
    pub(crate) incarnation: Incarnation,
    revision: [u8; 8],
    pub(crate) marks: SmallVec<[MarkId; 1]>,
    /// The encoded list of shapes; empty where there is none.
    pub(crate) list: Vec<u8>,
}

/// Random bytes for one operation on the store: its new cells share the version.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fresh([u8; 24]);

impl Fresh {
    pub(crate) fn new() -> Result<Fresh> {
        let mut bytes = [0; 24];
        getrandom::fill(&mut bytes)
            .map_err(|error| Error::store(format!("no random bytes for a version: {error}")))?;
        Ok(Fresh(bytes))
    }

    pub(crate) fn version(&self) -> Version {
        let (version, _) = self.0.split_first_chunk().expect("24 bytes");
        Version::from_bytes(*version)
    }

    /// True one time in so many, by chance.
    pub(crate) fn one_in(&self, many: u8) -> bool {
        self.0[0].is_multiple_of(many)
    }

    fn revision(&self) -> [u8; 8] {
        *self.0.last_chunk().expect("24 bytes")
    }

    /// What a bump writes over a cell, at [`SPLICE_AT`].
    pub(crate) fn splice(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES - SPLICE_AT);
        out.extend_from_slice(&self.version().to_bytes());
        out.extend_from_slice(&self.revision());
        out
    }
}

impl Cell {
    /// A new cell without marks or shapes.
    pub(crate) fn new(kind: Kind, fresh: &Fresh, incarnation: Incarnation) -> Cell {
        Cell {
            kind,
            version: fresh.version(),
            incarnation,
            revision: fresh.revision(),
            marks: SmallVec::new(),
            list: Vec::new(),
        }
    }

    pub(crate) fn of_kind(mut self, kind: Kind) -> Cell {
        self.kind = kind;
        self
    }

    /// Whether entries may depend on it, but for its marks.
    pub(crate) fn is_live(&self) -> bool {
        self.kind != Kind::Held
    }

    /// Gives the cell another head, so that what it was cannot be taken for what it is.
    pub(crate) fn revise(&mut self, fresh: &Fresh) {
        self.revision = fresh.revision();
    }

    /// Gives the cell a new version: no entry that depends on it is current any more.
    pub(crate) fn bump(&mut self, fresh: &Fresh) {
        self.version = fresh.version();
        self.revision = fresh.revision();
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEAD_BYTES + self.list.len() + 16 * self.marks.len() + 2);
        out.push(self.kind as u8);
        out.extend_from_slice(&self.incarnation.0);
        out.extend_from_slice(&self.version.to_bytes());
        out.extend_from_slice(&self.revision);
        if !self.marks.is_empty() || !self.list.is_empty() {
            out.extend_from_slice(&(self.marks.len() as u16).to_le_bytes());
            for mark in &self.marks {
                out.extend_from_slice(mark);
            }
            out.extend_from_slice(&self.list);
        }
        out
    }

    /// The cell in these bytes; nothing if they are none, or a void.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Cell> {
        let (head, rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
        let kind = match head[0] {
            1 => Kind::Live,
            2 => Kind::Held,
            _ => return None,
        };
        let mut cell = Cell {
            kind,
            version: Version::from_bytes(head[17..33].try_into().ok()?),
            incarnation: Incarnation(head[1..17].try_into().ok()?),
            revision: head[33..41].try_into().ok()?,
            marks: SmallVec::new(),
            list: Vec::new(),
        };
        if !rest.is_empty() {
            let (count, rest) = rest.split_first_chunk::<2>()?;
            let count = usize::from(u16::from_le_bytes(*count));
            let (marks, list) = rest.split_at_checked(count.checked_mul(16)?)?;
            if count > MARKS_MAX {
                return None;
            }
            cell.marks = marks
                .chunks_exact(16)
                .map(|mark| mark.try_into().expect("16 bytes"))
                .collect();
            cell.list = list.to_vec();
        }
        Some(cell)
    }
}

/// A list of shapes as it is stored: every column's name once.
#[derive(Serialize, Deserialize)]
struct StoredList<'a> {
    #[serde(borrow)]
    names: Vec<&'a str>,
    shapes: Vec<StoredShape>,
}

#[derive(Serialize, Deserialize)]
struct StoredShape {
    pins: Vec<u16>,
    /// All columns, if nothing is said.
    columns: Option<Vec<u16>>,
}

/// The stored form of these shapes; empty for none.
pub(crate) fn encode_list(shapes: &[Shape]) -> Result<Vec<u8>> {
    if shapes.is_empty() {
        return Ok(Vec::new());
    }
    let mut names: Vec<&str> = Vec::new();
    let mut index = std::collections::HashMap::new();
    let mut stored = Vec::with_capacity(shapes.len());
    for shape in shapes {
        let mut place = |name| place(&mut names, &mut index, name);
        let pins = shape.pins().iter().map(&mut place).collect::<Result<_>>()?;
        let columns = match shape.columns() {
            Columns::All => None,
            Columns::Set(columns) => Some(columns.iter().map(&mut place).collect::<Result<_>>()?),
        };
        stored.push(StoredShape { pins, columns });
    }
    let list = StoredList {
        names,
        shapes: stored,
    };
    postcard::to_stdvec(&list)
        .map_err(|error| Error::codec(format!("list of shapes not encoded: {error}")))
}

/// Where a name stands in the list of names, which it enters if it is new.
fn place<'a>(
    names: &mut Vec<&'a str>,
    index: &mut std::collections::HashMap<&'a str, u16>,
    name: &'a Column,
) -> Result<u16> {
    if let Some(at) = index.get(&**name) {
        return Ok(*at);
    }
    let at = u16::try_from(names.len())
        .map_err(|_| Error::codec("a table's shapes name more than 65,535 columns"))?;
    names.push(name);
    index.insert(name, at);
    Ok(at)
}

/// The shapes in a stored list; nothing if the bytes are none.
pub(crate) fn decode_list(bytes: &[u8]) -> Option<Vec<Shape>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let list: StoredList<'_> = postcard::from_bytes(bytes).ok()?;
    let names: Vec<Column> = list.names.iter().map(|name| Column::from(*name)).collect();
    let columns = |places: &[u16]| -> Option<Vec<Column>> {
        places
            .iter()
            .map(|at| names.get(usize::from(*at)).cloned())
            .collect()
    };
    list.shapes
        .iter()
        .map(|stored| {
            let read = match &stored.columns {
                None => Columns::All,
                Some(places) => Columns::set(columns(places)?),
            };
            Some(Shape::new(columns(&stored.pins)?, read))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Cell {
        let fresh = Fresh::new().expect("entropy");
        let mut cell = Cell::new(Kind::Live, &fresh, Incarnation([7; 16]));
        cell.marks.push([1; 16]);
        cell.marks.push([2; 16]);
        cell.list = encode_list(&[
            Shape::new(["genre_id"], Columns::set(["id", "name"])),
            Shape::new(["id"], Columns::All),
        ])
        .expect("two shapes");
        cell
    }

    #[test]
    fn what_was_written_is_read() {
        let cell = example();
        assert_eq!(Cell::decode(&cell.encode()), Some(cell.clone()));
        let plain = Cell::new(
            Kind::Held,
            &Fresh::new().expect("entropy"),
            cell.incarnation,
        );
        assert_eq!(plain.encode().len(), HEAD_BYTES);
        assert_eq!(Cell::decode(&plain.encode()), Some(plain));
        let shapes = decode_list(&cell.list).expect("a list");
        assert_eq!(shapes[0].to_string(), "(genre_id; id, name)");
        assert_eq!(shapes[1].to_string(), "(id; *)");
    }

    #[test]
    fn a_cut_cell_or_list_is_none() {
        let bytes = example().encode();
        for end in 0..HEAD_BYTES + 2 + 32 {
            if end != HEAD_BYTES {
                assert_eq!(Cell::decode(&bytes[..end]), None, "cut at {end}");
            }
        }
        let list = example().list;
        for end in 1..list.len() {
            assert_eq!(decode_list(&list[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_bump_of_what_is_not_there_is_a_void() {
        let fresh = Fresh::new().expect("entropy");
        let mut bytes = vec![0; SPLICE_AT];
        bytes.extend(fresh.splice());
        assert_eq!(bytes.len(), HEAD_BYTES);
        assert_eq!(Cell::decode(&bytes), None);
    }

    #[test]
    fn a_bump_leaves_marks_and_shapes() {
        let cell = example();
        let mut bytes = cell.encode();
        let fresh = Fresh::new().expect("entropy");
        let splice = fresh.splice();
        bytes[SPLICE_AT..SPLICE_AT + splice.len()].copy_from_slice(&splice);
        let mut bumped = cell;
        bumped.bump(&fresh);
        assert_eq!(Cell::decode(&bytes), Some(bumped));
    }
}
