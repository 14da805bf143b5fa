//! Parts whose order says nothing: of sequences and maps.

use serde::ser::{self, Serialize};

use super::Refused;
use super::walk::{Kind, Walk};
use crate::codec::mix::Mix;

/// Parts on the way: each is hashed alone, and the hashes are added up.
pub(super) struct Bag<'a> {
    kind: Kind,
    walk: &'a mut Walk,
    /// What came before the bag.
    outer: Mix,
    count: u64,
    /// Wide, so that many equal parts do not push each other's bits out.
    sum: u128,
}

impl<'a> Bag<'a> {
    pub(super) fn new(kind: Kind, walk: &'a mut Walk) -> Bag<'a> {
        Bag {
            kind,
            outer: walk.mix,
            walk,
            count: 0,
            sum: 0,
        }
    }

    fn begin<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.walk.mix = Mix::new();
        value.serialize(&mut *self.walk)
    }

    fn end_part(&mut self) {
        self.sum = self.sum.wrapping_add(self.walk.mix.finish().into());
        self.count += 1;
    }

    fn finish(self) -> Result<(), Refused> {
        self.walk.mix = self.outer;
        self.walk.wide(self.kind, self.sum);
        self.walk.mix.word(self.count);
        self.walk.leave();
        Ok(())
    }
}

impl ser::SerializeSeq for Bag<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.begin(value)?;
        self.end_part();
        Ok(())
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}

impl ser::SerializeMap for Bag<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        self.begin(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut *self.walk)?;
        self.end_part();
        Ok(())
    }

    fn end(self) -> Result<(), Refused> {
        self.finish()
    }
}
