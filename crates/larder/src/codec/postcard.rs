//! Postcard: values without names.

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use super::bounded::{Budget, within};

pub(super) fn write<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    postcard::to_stdvec(value).ok()
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut deserializer = postcard::Deserializer::from_bytes(bytes);
    let budget = Budget::new(bytes.len());
    let value = T::deserialize(within(&mut deserializer, &budget)).ok()?;
    let rest = deserializer.finalize().ok()?;
    rest.is_empty().then_some(value)
}
