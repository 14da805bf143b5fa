//! Which types the names of models stand for, where nobody has chosen them.

use std::any::{TypeId, type_name};
use std::collections::HashMap;

use ahash::RandomState;
use parking_lot::RwLock;

use super::CacheModel;
use crate::error::{Error, Result};

/// The models that one cache has met, by the name in their keys.
#[derive(Default)]
pub(crate) struct Named(RwLock<HashMap<&'static str, Owner, RandomState>>);

/// The first type of a name.
#[derive(Clone, Copy)]
struct Owner {
    id: TypeId,
    shown: &'static str,
}

impl Named {
    /// Checks that no other type has the model's name. A name that was chosen is its chooser's
    /// affair: two types may stand for one model in two states.
    ///
    /// # Errors
    ///
    /// One has.
    pub(crate) fn check<M: CacheModel>(&self) -> Result<()> {
        if M::NAME_GIVEN {
            return Ok(());
        }
        let this = Owner {
            id: TypeId::of::<M>(),
            shown: type_name::<M>(),
        };
        let known = self.0.read().get(M::KEYED).copied();
        let owner = known.unwrap_or_else(|| *self.0.write().entry(M::KEYED).or_insert(this));
        if owner.id == this.id {
            return Ok(());
        }
        Err(Error::config(format!(
            "the models `{}` and `{}` have one name in keys and would share their entries: \
             give one of them another by `#[cache(name = \"…\")]`",
            owner.shown, this.shown
        )))
    }
}
