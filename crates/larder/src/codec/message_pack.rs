//! MessagePack: values with names.

use serde::de::DeserializeOwned;
use serde::ser::Serialize;

use super::VALUE_DEPTH_MAX;
use super::bounded::{Budget, within};

pub(super) fn write<T: Serialize>(value: &T) -> Option<Vec<u8>> {
    rmp_serde::to_vec_named(value).ok()
}

pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(bytes);
    deserializer.set_max_depth(VALUE_DEPTH_MAX);
    let budget = Budget::new(bytes.len());
    T::deserialize(within(&mut deserializer, &budget)).ok()
}
