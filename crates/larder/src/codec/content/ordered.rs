//! Parts whose order says what they are: of tuples, structs and variants.

use serde::ser::{self, Serialize};

use super::Refused;
use super::walk::{Kind, Walk};

/// Parts on the way.
pub(super) struct Ordered<'a>(&'a mut Walk);

impl<'a> Ordered<'a> {
    pub(super) fn new(walk: &'a mut Walk) -> Ordered<'a> {
        Ordered(walk)
    }

    fn part<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(&mut *self.0)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), Refused> {
        self.0.name(name);
        self.part(value)
    }

    fn skip(&mut self, name: &str) -> Result<(), Refused> {
        self.0.skips = true;
        self.0.part(Kind::Skipped, 0);
        self.0.name(name);
        Ok(())
    }

    fn finish(self) -> Result<(), Refused> {
        self.0.leave();
        Ok(())
    }
}

macro_rules! unnamed {
    ($($trait:ident::$method:ident)*) => { $(
        impl ser::$trait for Ordered<'_> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
                self.part(value)
            }

            fn end(self) -> Result<(), Refused> {
                self.finish()
            }
        }
    )* };
}

unnamed! {
    SerializeTuple::serialize_element
    SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field
}

macro_rules! named {
    ($($trait:ident)*) => { $(
        impl ser::$trait for Ordered<'_> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Refused> {
                self.field(name, value)
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), Refused> {
                self.skip(name)
            }

            fn end(self) -> Result<(), Refused> {
                self.finish()
            }
        }
    )* };
}

named! { SerializeStruct SerializeStructVariant }
