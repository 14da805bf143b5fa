//! An estimate of the memory that a value takes, read off its serde form.
//!
//! Leaves count their size, texts, bytes and sequences 24 bytes for their handle and what they
//! hold, maps 48. Allocator slack, unused capacity, padding, tree nodes and empty enum space are
//! not seen: for structs of numbers and texts the estimate is usually within a quarter of the
//! truth, for maps and for values with much spare capacity it may be half of it. A value is never
//! weighed below the size of its own type. Fields that serde skips are not counted.

use std::fmt;

use serde::ser::{self, Serialize};

/// The estimated bytes of a value, with what it owns.
pub fn weight<T: Serialize>(value: &T) -> usize {
    let mut scale = Scale(0);
    // A value that refuses to be serialised is weighed by what was seen of it.
    let _ = value.serialize(&mut scale);
    scale.0.max(size_of::<T>())
}

/// What a text, a sequence or a byte string takes beside what it holds.
const HANDLE: usize = 24;

/// What a map takes beside its entries.
const MAP: usize = 48;

struct Scale(usize);

impl Scale {
    fn add(&mut self, bytes: usize) -> Result<(), Refused> {
        self.0 = self.0.saturating_add(bytes);
        Ok(())
    }
}

/// The value's own `Serialize` gave up.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Refused
    }
}

macro_rules! leaves {
    ($($name:ident $type:ty;)*) => {
        $(fn $name(self, _: $type) -> Result<(), Refused> { self.add(size_of::<$type>()) })*
    };
}

impl ser::Serializer for &mut Scale {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    /// A number in sixteen bytes is not its text.
    fn is_human_readable(&self) -> bool {
        false
    }

    leaves! {
        serialize_bool bool;
        serialize_i8 i8;
        serialize_i16 i16;
        serialize_i32 i32;
        serialize_i64 i64;
        serialize_i128 i128;
        serialize_u8 u8;
        serialize_u16 u16;
        serialize_u32 u32;
        serialize_u64 u64;
        serialize_u128 u128;
        serialize_f32 f32;
        serialize_f64 f64;
        serialize_char char;
    }

    fn serialize_str(self, value: &str) -> Result<(), Refused> {
        self.add(HANDLE + value.len())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refused> {
        self.add(HANDLE + value.len())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.add(size_of::<usize>())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
    ) -> Result<(), Refused> {
        self.add(1)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        self.add(size_of::<usize>())?;
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Refused> {
        self.add(HANDLE)?;
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        self.add(size_of::<usize>())?;
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Refused> {
        self.add(MAP)?;
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Refused> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Refused> {
        self.add(size_of::<usize>())?;
        Ok(self)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Refused> {
        // Counts the text without building it.
        struct Count<'a>(&'a mut Scale);
        impl fmt::Write for Count<'_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.add(text.len()).map_err(|_| fmt::Error)
            }
        }
        self.add(HANDLE)?;
        fmt::write(&mut Count(self), format_args!("{value}")).map_err(|_| Refused)
    }
}

macro_rules! compounds {
    ($($trait:ident: $($method:ident($($ignored:ty),*)),+;)*) => { $(
        impl ser::$trait for &mut Scale {
            type Ok = ();
            type Error = Refused;

            $(fn $method<T: Serialize + ?Sized>(&mut self, $(_: $ignored,)* value: &T) -> Result<(), Refused> {
                value.serialize(&mut **self)
            })+

            fn end(self) -> Result<(), Refused> {
                Ok(())
            }
        }
    )* };
}

compounds! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeMap: serialize_key(), serialize_value();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_number_weighs_its_size() {
        assert_eq!(weight(&7u64), 8);
        assert_eq!(weight(&7u8), 1);
    }

    #[test]
    fn a_text_weighs_its_handle_and_its_bytes() {
        assert_eq!(weight(&"x".repeat(1000)), 1024);
    }

    #[test]
    fn a_list_weighs_all_it_holds() {
        let names: Vec<String> = (0..100).map(|_| "x".repeat(76)).collect();
        assert_eq!(weight(&names), 24 + 100 * 100);
        assert_eq!(weight(&vec![0u32; 1000]), 24 + 4000);
    }

    #[test]
    fn a_map_weighs_keys_and_values() {
        let map: BTreeMap<u32, u64> = (0..10).map(|n| (n, 0)).collect();
        assert_eq!(weight(&map), 48 + 10 * 12);
    }

    #[test]
    fn a_value_never_weighs_less_than_its_type() {
        assert!(weight(&None::<[u64; 8]>) >= size_of::<Option<[u64; 8]>>());
    }
}
