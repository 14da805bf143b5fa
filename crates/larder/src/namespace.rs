//! What keeps applications, environments and tenants apart in one store.

use std::fmt;
use std::sync::Arc;

use crate::encoding;

/// The name under which a cache keeps everything it puts into its store. Cheap to clone.
#[derive(Clone)]
pub struct Namespace(Arc<Named>);

struct Named {
    name: Box<str>,
    hash: u64,
}

impl Namespace {
    /// The namespace called `name`.
    pub fn new(name: &str) -> Namespace {
        Namespace(Arc::new(Named {
            name: name.into(),
            hash: encoding::hash(name.as_bytes()),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn hash_value(&self) -> u64 {
        self.0.hash
    }
}

impl PartialEq for Namespace {
    fn eq(&self, other: &Namespace) -> bool {
        // Handles of one cache share the allocation: the common case needs no text comparison.
        Arc::ptr_eq(&self.0, &other.0) || self.0.name == other.0.name
    }
}

impl Eq for Namespace {}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Namespace({:?})", self.0.name)
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}
