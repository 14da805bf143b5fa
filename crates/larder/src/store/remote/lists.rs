//! What is remembered here of the lists of shapes that the server keeps.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::cell;
use super::name::Name;
use crate::shape::ShapeList;

/// So many tables' lists are remembered. Beyond, all are forgotten, and read again when needed.
pub(crate) const LISTS_MAX: usize = 10_000;

/// Lists of shapes by the name of their table's tag, as they were when they were last seen.
#[derive(Default)]
pub(crate) struct Lists {
    /// With the stored bytes that they were read from. Never held across an await.
    known: Mutex<HashMap<Name, (Vec<u8>, ShapeList), ahash::RandomState>>,
}

impl Lists {
    /// The list as it was last seen.
    pub(crate) fn get(&self, table: &Name) -> Option<ShapeList> {
        self.known.lock().get(table).map(|(_, list)| list.clone())
    }

    /// The list in a stored form that was just seen; nothing if it cannot be read.
    pub(crate) fn see(&self, table: &Name, stored: &[u8]) -> Option<ShapeList> {
        let mut known = self.known.lock();
        if let Some((bytes, list)) = known.get(table)
            && *bytes == stored
        {
            return Some(list.clone());
        }
        let list = ShapeList::of(cell::decode_list(stored)?);
        if known.len() >= LISTS_MAX {
            known.clear();
        }
        known.insert(table.clone(), (stored.to_vec(), list.clone()));
        Some(list)
    }
}
