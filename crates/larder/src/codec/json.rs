//! JSON: values that people can read.

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use super::bounded::{Budget, within};

pub(super) fn write<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    serde_json::to_vec(value).ok()
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let budget = Budget::new(bytes.len());
    let value = T::deserialize(within(&mut deserializer, &budget)).ok()?;
    deserializer.end().ok()?;
    Some(value)
}
