//! The way through a value: one step for each part, its kind before its content.

use std::fmt;

use serde::ser::{self, Serialize};

use super::bag::Bag;
use super::ordered::Ordered;
use super::{Content, Refused};
use crate::codec::VALUE_DEPTH_MAX;
use crate::codec::mix::{Mix, Pieces};

/// What stands before each part, so that no part can be taken for another kind.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Kind {
    Bool = 1,
    I8,
    I16,
    I32,
    I64,
    I128,
    U8,
    U16,
    U32,
    U64,
    U128,
    F32,
    F64,
    Char,
    Text,
    Bytes,
    None,
    Some,
    Unit,
    UnitStruct,
    UnitVariant,
    NewtypeStruct,
    NewtypeVariant,
    Sequence,
    Tuple,
    TupleStruct,
    TupleVariant,
    Map,
    Struct,
    StructVariant,
    Skipped,
}

/// Odd, and without small factors.
const KINDS_APART: u64 = 0xd6e8_feb8_6659_fd93;

pub(super) struct Walk {
    pub(super) mix: Mix,
    depth: usize,
    pub(super) skips: bool,
}

impl Walk {
    pub(super) fn new() -> Walk {
        Walk {
            mix: Mix::new(),
            depth: 0,
            skips: false,
        }
    }

    pub(super) fn content(&self) -> Content {
        Content {
            hash: self.mix.finish(),
            skips: self.skips,
        }
    }

    /// A kind with what is there of it. In one step, and so that small numbers of all kinds stay
    /// apart.
    #[inline]
    pub(super) fn part(&mut self, kind: Kind, content: u64) {
        self.mix
            .word(content ^ u64::from(kind as u8).wrapping_mul(KINDS_APART));
    }

    #[inline]
    pub(super) fn wide(&mut self, kind: Kind, content: u128) {
        self.part(kind, content as u64);
        self.mix.word((content >> 64) as u64);
    }

    #[inline]
    pub(super) fn name(&mut self, name: &str) {
        self.mix.bytes(name.as_bytes());
    }

    fn enter(&mut self) -> Result<(), Refused> {
        self.depth += 1;
        if self.depth > VALUE_DEPTH_MAX {
            return Err(Refused);
        }
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    fn inside<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        self.enter()?;
        value.serialize(&mut *self)?;
        self.leave();
        Ok(())
    }

    fn ordered(&mut self, length: usize) -> Result<Ordered<'_>, Refused> {
        self.enter()?;
        self.mix.word(length as u64);
        Ok(Ordered::new(self))
    }

    fn bag(&mut self, kind: Kind) -> Result<Bag<'_>, Refused> {
        self.enter()?;
        Ok(Bag::new(kind, self))
    }
}

macro_rules! numbers {
    ($($name:ident($type:ty) $how:ident $kind:ident as $via:ty;)*) => { $(
        fn $name(self, value: $type) -> Result<(), Refused> {
            self.$how(Kind::$kind, value as $via);
            Ok(())
        }
    )* };
}

impl<'a> ser::Serializer for &'a mut Walk {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Bag<'a>;
    type SerializeMap = Bag<'a>;
    type SerializeTuple = Ordered<'a>;
    type SerializeTupleStruct = Ordered<'a>;
    type SerializeTupleVariant = Ordered<'a>;
    type SerializeStruct = Ordered<'a>;
    type SerializeStructVariant = Ordered<'a>;

    /// As for the codecs without names, whose traps are looked for here.
    fn is_human_readable(&self) -> bool {
        false
    }

    numbers! {
        serialize_bool(bool) part Bool as u64;
        serialize_i8(i8) part I8 as u64;
        serialize_i16(i16) part I16 as u64;
        serialize_i32(i32) part I32 as u64;
        serialize_i64(i64) part I64 as u64;
        serialize_i128(i128) wide I128 as u128;
        serialize_u8(u8) part U8 as u64;
        serialize_u16(u16) part U16 as u64;
        serialize_u32(u32) part U32 as u64;
        serialize_u64(u64) part U64 as u64;
        serialize_u128(u128) wide U128 as u128;
        serialize_char(char) part Char as u64;
    }

    fn serialize_f32(self, value: f32) -> Result<(), Refused> {
        self.part(Kind::F32, value.to_bits().into());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Refused> {
        self.part(Kind::F64, value.to_bits());
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), Refused> {
        self.part(Kind::Text, 0);
        self.mix.bytes(value.as_bytes());
        Ok(())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Refused> {
        // Reads the text without building it.
        self.part(Kind::Text, 0);
        let mut pieces = Pieces::new();
        fmt::write(&mut pieces, format_args!("{value}")).map_err(|_| Refused)?;
        pieces.end(&mut self.mix);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refused> {
        self.part(Kind::Bytes, 0);
        self.mix.bytes(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.part(Kind::None, 0);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        self.part(Kind::Some, 0);
        self.inside(value)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.part(Kind::Unit, 0);
        Ok(())
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<(), Refused> {
        self.part(Kind::UnitStruct, 0);
        self.name(name);
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Refused> {
        self.part(Kind::UnitVariant, index.into());
        self.name(name);
        self.name(variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.part(Kind::NewtypeStruct, 0);
        self.name(name);
        self.inside(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.part(Kind::NewtypeVariant, index.into());
        self.name(name);
        self.name(variant);
        self.inside(value)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Bag<'a>, Refused> {
        self.bag(Kind::Sequence)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Bag<'a>, Refused> {
        self.bag(Kind::Map)
    }

    fn serialize_tuple(self, length: usize) -> Result<Ordered<'a>, Refused> {
        self.part(Kind::Tuple, 0);
        self.ordered(length)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        length: usize,
    ) -> Result<Ordered<'a>, Refused> {
        self.part(Kind::TupleStruct, 0);
        self.name(name);
        self.ordered(length)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Ordered<'a>, Refused> {
        self.part(Kind::TupleVariant, index.into());
        self.name(name);
        self.name(variant);
        self.ordered(length)
    }

    fn serialize_struct(self, name: &'static str, length: usize) -> Result<Ordered<'a>, Refused> {
        self.part(Kind::Struct, 0);
        self.name(name);
        self.ordered(length)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Ordered<'a>, Refused> {
        self.part(Kind::StructVariant, index.into());
        self.name(name);
        self.name(variant);
        self.ordered(length)
    }
}
