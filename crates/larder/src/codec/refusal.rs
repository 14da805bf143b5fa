//! Types with values that Postcard could not carry: they are not tried again.

use std::any::TypeId;
use std::collections::BTreeSet;

use parking_lot::RwLock;

/// So many types are remembered. The values of further ones are tried each time, which takes time
/// and nothing else.
const TYPES_MAX: usize = 1024;

static REFUSED: RwLock<BTreeSet<TypeId>> = RwLock::new(BTreeSet::new());

pub(super) fn is_known<T: 'static>() -> bool {
    REFUSED.read().contains(&TypeId::of::<T>())
}

pub(super) fn remember<T: 'static>() {
    let mut refused = REFUSED.write();
    if refused.len() < TYPES_MAX {
        refused.insert(TypeId::of::<T>());
    }
}
